//! Statistics finished in double precision from released sufficient statistics.
//!
//! A study that opens counts, sums, tables or histograms has said all that the statistics here
//! say: they are functions of those numbers alone, and no secret enters. Every function
//! names the reference function that it agrees with; where its answer is not defined it says
//! why ([`Undefined`]) instead of giving a NaN.

use thiserror::Error;

pub mod clusters;
pub mod detector;
pub mod gamma_poisson;
pub mod linear;
pub mod log_rank;
pub mod meta;
pub mod moments;
pub mod multiple;
pub mod newton;
pub mod principal;
pub mod ranks;
pub mod rates;
pub mod recurrence;
pub mod regression;
pub mod signals;
mod solve;
pub mod strata;
pub mod survival;
pub mod table;
pub mod tails;
pub mod two_by_two;

/// Probability that an interval covers, strictly between 0 and 1.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Confidence(f64);

impl Confidence {
    /// The custom of most journals.
    pub const P95: Self = Self(0.95);

    /// A confidence, such as 0.95.
    ///
    /// # Errors
    /// Unless strictly between 0 and 1.
    pub fn new(probability: f64) -> Result<Self> {
        let inside = probability > 0.0 && probability < 1.0;
        inside.then_some(Self(probability)).ok_or(Undefined::Argument("confidence"))
    }

    /// The probability.
    #[must_use]
    pub fn probability(self) -> f64 {
        self.0
    }

    /// What is left on either side.
    #[must_use]
    pub fn tail(self) -> f64 {
        (1.0 - self.0) / 2.0
    }

    /// How many standard errors a normal interval extends.
    #[must_use]
    pub fn z(self) -> f64 {
        tails::normal_quantile(self.tail())
    }
}

/// A confidence interval.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Interval {
    /// Lower limit.
    pub lower: f64,
    /// Upper limit.
    pub upper: f64,
    /// Its confidence.
    pub confidence: Confidence,
}

impl Interval {
    /// `centre - half` to `centre + half`.
    #[must_use]
    pub fn around(centre: f64, half: f64, confidence: Confidence) -> Self {
        Self { lower: centre - half, upper: centre + half, confidence }
    }

    /// Both limits through an increasing function.
    #[must_use]
    pub fn map(self, f: impl Fn(f64) -> f64) -> Self {
        Self { lower: f(self.lower), upper: f(self.upper), ..self }
    }
}

/// Degrees of freedom of a statistic.
#[derive(Copy, Clone, Debug, PartialEq)]
pub enum Degrees {
    /// Of t or chi-squared; Welch's need not be whole.
    One(f64),
    /// Of F: numerator, denominator.
    Two(f64, f64),
}

/// What a test or an estimate has to say; what it has not is `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Finding {
    /// Of what, as the field calls it.
    pub name: String,
    /// Records behind it.
    pub n: Option<u64>,
    /// Point estimate.
    pub estimate: Option<f64>,
    /// Its standard error; of its logarithm if it is a ratio.
    pub standard_error: Option<f64>,
    /// Its confidence interval.
    pub interval: Option<Interval>,
    /// Test statistic.
    pub statistic: Option<f64>,
    /// Degrees of freedom of the statistic.
    pub degrees: Option<Degrees>,
    /// Probability of a statistic at least as extreme, two-sided unless its function says else.
    pub p: Option<f64>,
}

impl Finding {
    /// Nothing yet but a name.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Under another name.
    #[must_use]
    pub fn renamed(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }

    /// With the number of records.
    #[must_use]
    pub fn n(self, n: u64) -> Self {
        Self { n: Some(n), ..self }
    }

    /// With an estimate.
    #[must_use]
    pub fn estimate(self, estimate: f64) -> Self {
        Self { estimate: number(estimate), ..self }
    }

    /// With an interval, unless a limit is not a number.
    #[must_use]
    pub fn interval(self, interval: Interval) -> Self {
        let known = !interval.lower.is_nan() && !interval.upper.is_nan();
        Self { interval: known.then_some(interval), ..self }
    }

    /// With a statistic and its p-value.
    #[must_use]
    pub fn test(self, statistic: f64, p: f64) -> Self {
        Self { statistic: number(statistic), p: number(p), ..self }
    }

    /// With a chi-squared statistic.
    #[must_use]
    pub fn chi_squared(self, statistic: f64, degrees: f64) -> Self {
        Self { degrees: Some(Degrees::One(degrees)), ..self }
            .test(statistic, tails::chi_squared_upper(statistic, degrees))
    }

    /// With an estimate, its standard error, normal interval and Wald test against 0.
    #[must_use]
    pub fn wald(self, estimate: f64, standard_error: f64, confidence: Confidence) -> Self {
        let z = estimate / standard_error;
        Self { standard_error: number(standard_error), ..self }
            .estimate(estimate)
            .interval(Interval::around(estimate, confidence.z() * standard_error, confidence))
            .test(z, tails::normal_two_sided(z))
    }

    /// The estimate and its interval taken from logarithms back to ratios.
    #[must_use]
    pub fn exponential(self) -> Self {
        Self {
            estimate: self.estimate.map(f64::exp),
            interval: self.interval.map(|i| i.map(f64::exp)),
            ..self
        }
    }

    /// With an estimate, its standard error, and interval and test by Student's t.
    #[must_use]
    pub fn student(self, estimate: f64, error: f64, degrees: f64, confidence: Confidence) -> Self {
        let half = tails::student_quantile(confidence.tail(), degrees) * error;
        let t = estimate / error;
        Self {
            standard_error: number(error),
            degrees: Some(Degrees::One(degrees)),
            ..self.estimate(estimate)
        }
        .interval(Interval::around(estimate, half, confidence))
        .test(t, tails::student_two_sided(t, degrees))
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Undefined {
    /// Nothing to estimate from.
    #[error("{0}: none")]
    Empty(&'static str),
    /// Not enough to estimate from.
    #[error("{what}: {found}, at least {needed} are needed")]
    TooFew {
        /// Of what.
        what: &'static str,
        /// The least.
        needed: u64,
        /// What there is.
        found: u64,
    },
    /// No variance, so no standard error.
    #[error("{0} does not vary")]
    Constant(&'static str),
    /// A number outside the domain of the formula.
    #[error("{0} is outside the range that the statistic is defined for")]
    Argument(&'static str),
    /// Lists that belong together have different lengths.
    #[error("{0}: the lengths do not agree")]
    Shape(&'static str),
    /// A column is a combination of the others.
    #[error("column {column} is a linear combination of the columns before it; leave it out")]
    Singular {
        /// Counted from 0.
        column: usize,
    },
    /// A coefficient runs away: the outcome is separated by it.
    #[error("the coefficient of column {column} has no finite estimate: the outcome is separated")]
    Separated {
        /// Counted from 0.
        column: usize,
    },
    /// An iteration did not settle.
    #[error("no convergence in {steps} steps")]
    NotConverged {
        /// How many were allowed.
        steps: usize,
    },
}

/// The answer, or why there is none.
pub type Result<T> = core::result::Result<T, Undefined>;

fn number(x: f64) -> Option<f64> {
    (!x.is_nan()).then_some(x)
}

fn at_least(what: &'static str, needed: u64, found: u64) -> Result<()> {
    if found >= needed { Ok(()) } else { Err(Undefined::TooFew { what, needed, found }) }
}

fn positive(what: &'static str, x: f64) -> Result<f64> {
    if x > 0.0 && x.is_finite() { Ok(x) } else { Err(Undefined::Argument(what)) }
}

#[cfg(test)]
fn close(got: impl Into<Option<f64>>, want: f64, relative: f64) {
    let got = got.into().expect("a number");
    let error = if want == 0.0 { got.abs() } else { ((got - want) / want).abs() };
    assert!(got == want || error <= relative, "{got:e} is not {want:e}: {error:e}");
}

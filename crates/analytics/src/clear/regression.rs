//! Log-likelihoods of regressions over one provider's records: sums, which [`super::newton`]
//! climbs once all providers' are added up.
//!
//! Sources: McCullagh and Nelder, Generalized Linear Models, 2.2 (logistic, Poisson);
//! Kalbfleisch and Prentice, The Statistical Analysis of Failure Time Data, 2.3.2 (Weibull).
//! Cox's and the negative binomial one have files of their own.

mod after;
mod cox;
mod dispersed;

use statrs::function::gamma::ln_gamma;

use super::clusters::Centres;
use super::newton::{Maximum, Slope};
use super::{Confidence, Finding, Result, Undefined, solve::dot};
pub use after::{in_bins, predictions, predictions_len, sandwich, scores_len};

/// What is supposed of the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// 0 or 1, with log-odds x'b.
    Logistic,
    /// Counts, with rates exp(x'b) per exposure.
    Poisson,
    /// Counts whose variance is mu + alpha mu^2, with rates mu = exp(x'b) per exposure. The last
    /// coefficient is ln alpha, and the last of x is 0.
    NegativeBinomial,
    /// Whether a unit failed at its time t or was still running, with hazard k exp(x'b) / t. The
    /// last of x is ln t, so that the last coefficient is the shape k. As exp is convex and ln
    /// concave, the likelihood is concave in all coefficients together.
    Weibull,
    /// Whether an event came at the end of the observation, with hazard h(t) exp(x'b), whatever
    /// h is. Ties as Efron has them.
    Cox {
        /// Times of a public grid.
        times: usize,
        /// Records that there can be in all.
        most: u64,
    },
    /// Nothing: there is no response, and records are told apart by x alone ([`Centres`]).
    KMeans {
        /// How many groups there are.
        clusters: usize,
    },
}

/// A record: its response, what it says of time, and x.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// 0 or 1, or a count.
    pub response: f64,
    /// Of regressions of counts the exposure's logarithm; of Weibull regression the time's; of Cox
    /// regression the time's place in the grid.
    pub time: f64,
    /// What explains, after a one for the intercept where there is one.
    pub x: Vec<f64>,
}

/// Coefficients, and a level from which hazards are told, so that fixed point holds them: near
/// those of the records' mean. Only Cox regression has one that is not 0; it cancels.
#[derive(Clone, Debug, PartialEq)]
pub struct At {
    /// In the order of a record's values.
    pub coefficients: Vec<f64>,
    /// Of x'b.
    pub level: f64,
}

impl At {
    /// These coefficients, at level 0.
    #[must_use]
    pub fn new(coefficients: &[f64]) -> Self {
        Self { coefficients: coefficients.to_vec(), level: 0.0 }
    }
}

impl Family {
    /// The numbers that a party gives: [`Family::sums`].
    #[must_use]
    pub fn len(self, coefficients: usize) -> usize {
        match self {
            Self::Cox { times, .. } => cox::len(times, coefficients),
            Self::KMeans { clusters } => Centres::len(clusters, coefficients),
            _ => 2 + coefficients + coefficients * (coefficients + 1) / 2,
        }
    }

    /// What the log-likelihood and its derivatives at these coefficients are made of: sums over
    /// records, and so over parties. Not finite where the coefficients are far too large, and where
    /// a shape is not positive.
    ///
    /// # Panics
    /// If a record does not have as many values as there are coefficients, or its time is not in
    /// the grid.
    #[must_use]
    pub fn sums(self, records: &[Record], at: &At) -> Vec<f64> {
        if let Self::Cox { times, .. } = self {
            return cox::sums(records, at, times);
        }
        if let Self::KMeans { clusters } = self {
            let values = at.coefficients.len() / (1 + clusters);
            let centres = Centres::of(&at.coefficients, values);
            return centres.sums(records.iter().map(|record| &record.x[..]));
        }
        let at = &at.coefficients[..];
        let slope = match self {
            Self::NegativeBinomial => dispersed::slope(records, at),
            _ => self.slope_of(records, at),
        };
        let Slope { log_likelihood, gradient, information } = slope;
        let lower = (0..at.len()).flat_map(|j| information[j][..=j].to_vec());
        let first = [log_likelihood, self.saturated(records)];
        first.into_iter().chain(gradient).chain(lower).collect()
    }

    /// The log-likelihood of all records, whose sums these are, with its derivatives; and that of a
    /// model with a coefficient for each record, from which a deviance is counted, 0 where none is.
    ///
    /// # Panics
    /// Unless there are [`Family::len`] sums.
    #[must_use]
    pub fn slope(self, sums: &[f64], at: &At) -> (Slope, f64) {
        let p = at.coefficients.len();
        assert_eq!(sums.len(), self.len(p), "sums of a step");
        if let Self::Cox { most, .. } = self {
            return (cox::slope(sums, at, most), 0.0);
        }
        let row = |i| (0..p).map(|j| sums[2 + p + triangle(i, j)]).collect();
        let (gradient, information) = (sums[2..2 + p].to_vec(), (0..p).map(row).collect());
        let slope = Slope { log_likelihood: sums[0], gradient, information };
        match self {
            Self::NegativeBinomial => (dispersed::definite(slope), sums[1]),
            _ => (slope, sums[1]),
        }
    }

    /// Other coefficients, at a level that these sums show.
    #[must_use]
    pub fn next(self, sums: &[f64], coefficients: &[f64]) -> At {
        let level = match self {
            Self::Cox { .. } => dot(&cox::mean(sums, coefficients.len()), coefficients),
            _ => 0.0,
        };
        At { level, ..At::new(coefficients) }
    }

    fn slope_of(self, records: &[Record], at: &[f64]) -> Slope {
        let p = at.len();
        let mut sum = Slope::zero(p);
        for record in records {
            assert_eq!(record.x.len(), p, "values of a record");
            let [height, score, weight] = self.of_record(record, dot(&record.x, at));
            sum.log_likelihood += height;
            for (j, x) in record.x.iter().enumerate() {
                sum.gradient[j] += score * x;
                let row = sum.information[j].iter_mut().zip(&record.x).take(j + 1);
                row.for_each(|(sum, y)| *sum += weight * x * y);
            }
        }
        if let (Self::Weibull, Some(shape)) = (self, at.last()) {
            let events: f64 = records.iter().map(|record| record.response).sum();
            let height = if *shape > 0.0 { events * shape.ln() } else { f64::NEG_INFINITY };
            sum.log_likelihood += height;
            sum.gradient[p - 1] += events / shape;
            sum.information[p - 1][p - 1] += events / (shape * shape);
        }
        sum
    }

    /// Of x'b: the log-likelihood, its derivative, and minus its second derivative.
    fn of_record(self, record: &Record, eta: f64) -> [f64; 3] {
        let Record { response, time, .. } = *record;
        match self {
            Self::Logistic => {
                // exp of what is negative: never too large, and nothing cancels.
                let small = (-eta.abs()).exp();
                let (less, more) = (small / (1.0 + small), 1.0 / (1.0 + small));
                let p = if eta < 0.0 { less } else { more };
                let height = response * eta - eta.max(0.0) - small.ln_1p();
                [height, response - p, less * more]
            }
            Self::Poisson => {
                let mean = (eta + time).exp();
                let height = response * (eta + time) - mean - ln_gamma(response + 1.0);
                [height, response - mean, mean]
            }
            Self::Weibull => {
                let hazard = eta.exp();
                [response * (eta - time) - hazard, response - hazard, hazard]
            }
            Self::Cox { .. } | Self::NegativeBinomial | Self::KMeans { .. } => {
                unreachable!("its likelihood is taken elsewhere")
            }
        }
    }

    fn saturated(self, records: &[Record]) -> f64 {
        let of_count = |record: &Record| {
            let y = record.response;
            if y > 0.0 { y * y.ln() - y - ln_gamma(y + 1.0) } else { 0.0 }
        };
        match self {
            Self::Poisson => records.iter().map(of_count).sum(),
            _ => 0.0,
        }
    }

    /// Where to begin: the maximum among all coefficients whose records differ in nothing, of so
    /// many coefficients. `time` is the sum of exposures or times.
    ///
    /// The same at all who know these sums, even where a library's logarithm is not: it is
    /// rounded, by less than any standard error.
    ///
    /// # Errors
    /// [`Undefined::Empty`] without an event; [`Undefined::Constant`] if every record has one in
    /// logistic regression; [`Undefined::Argument`] unless `time` is positive.
    pub fn start(
        self,
        records: f64,
        events: f64,
        time: f64,
        coefficients: usize,
    ) -> Result<Vec<f64>> {
        if events <= 0.0 {
            return Err(Undefined::Empty("events"));
        }
        let mut start = vec![0.0; coefficients];
        if let Self::Cox { .. } = self {
            return Ok(start);
        }
        let rest = if self == Self::Logistic { records - events } else { time };
        if self == Self::Logistic && rest <= 0.0 {
            return Err(Undefined::Constant("the response"));
        }
        if rest <= 0.0 {
            return Err(Undefined::Argument("the time"));
        }
        const GRAIN: f64 = (1u64 << 30) as f64;
        start[0] = ((events / rest).ln() * GRAIN).round() / GRAIN;
        if let (Self::Weibull, Some(shape)) = (self, start.last_mut()) {
            *shape = 1.0;
        }
        Ok(start)
    }
}

/// A fit in which every value was `(value - centre) / unit`, told of the values themselves. Only
/// after an intercept, whose value is 1, do centres differ from 0.
///
/// # Panics
/// If there are not as many as coefficients.
#[must_use]
pub fn uncentred(fit: &Maximum, centres: &[f64], units: &[f64]) -> Maximum {
    let p = fit.coefficients.len();
    assert_eq!((centres.len(), units.len()), (p, p), "a centre and a unit for each coefficient");
    // Coefficients are `map` times those of the fit.
    let map = |i: usize, j: usize| match (i, j) {
        (i, j) if i == j => 1.0 / units[j],
        (0, j) => -centres[j] / units[j],
        _ => 0.0,
    };
    let times = |x: &[f64]| -> Vec<f64> {
        (0..p).map(|i| (0..p).map(|j| map(i, j) * x[j]).sum()).collect()
    };
    let half: Vec<Vec<f64>> = fit.covariance.iter().map(|row| times(row)).collect();
    let columns = (0..p).map(|i| times(&half.iter().map(|row| row[i]).collect::<Vec<_>>()));
    Maximum { coefficients: times(&fit.coefficients), covariance: columns.collect(), ..fit.clone() }
}

/// The place of an element of a symmetric matrix among those on and below the diagonal.
fn triangle(i: usize, j: usize) -> usize {
    let (i, j) = (i.max(j), i.min(j));
    i * (i + 1) / 2 + j
}

/// A Weibull life of units that do not differ, from a fit of `[intercept, .., shape]`: by the delta
/// method, with intervals that are symmetric for the logarithm.
///
/// Reference: lifelines `WeibullFitter`; R `survreg(dist = "weibull")`, whose scale is 1 / shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Life<'a> {
    covariance: &'a [Vec<f64>],
    confidence: Confidence,
    intercept: f64,
    shape: f64,
}

impl<'a> Life<'a> {
    /// Of a fit in [`Family::Weibull`].
    ///
    /// # Panics
    /// With fewer than two coefficients.
    #[must_use]
    pub fn of(fit: &'a Maximum, confidence: Confidence) -> Self {
        let [intercept, .., shape] = fit.coefficients[..] else {
            panic!("an intercept and a shape");
        };
        Self { covariance: &fit.covariance, confidence, intercept, shape }
    }

    /// The shape: below 1 failures become rarer with age, above 1 more frequent.
    #[must_use]
    pub fn shape(&self) -> Finding {
        self.of_log("shape", self.shape.ln(), [0.0, 1.0 / self.shape])
    }

    /// The time by which the share 1 - 1/e fails.
    #[must_use]
    pub fn scale(&self) -> Finding {
        self.time_of("scale", 1.0)
    }

    /// The time by which a share of units fails.
    ///
    /// # Errors
    /// Unless the share is strictly between 0 and 1.
    pub fn quantile(&self, name: &str, share: f64) -> Result<Finding> {
        let inside = share > 0.0 && share < 1.0;
        let hazard = inside.then(|| -(-share).ln_1p()).ok_or(Undefined::Argument("share"))?;
        Ok(self.time_of(name, hazard))
    }

    /// When the cumulative hazard, exp(intercept + shape ln t), comes to so much.
    fn time_of(&self, name: &str, hazard: f64) -> Finding {
        let log = (hazard.ln() - self.intercept) / self.shape;
        self.of_log(name, log, [-1.0 / self.shape, -log / self.shape])
    }

    /// Of a logarithm, with its derivatives by intercept and shape.
    fn of_log(&self, name: &str, log: f64, [by_intercept, by_shape]: [f64; 2]) -> Finding {
        let last = self.covariance.len() - 1;
        let variance = by_intercept * by_intercept * self.covariance[0][0]
            + 2.0 * by_intercept * by_shape * self.covariance[0][last]
            + by_shape * by_shape * self.covariance[last][last];
        let error = variance.sqrt();
        let found = Finding::named(name).wald(log, error, self.confidence).exponential();
        let standard_error = found.estimate.map(|estimate| estimate * error);
        Finding { standard_error, statistic: None, p: None, ..found }
    }
}

#[cfg(test)]
mod tests;

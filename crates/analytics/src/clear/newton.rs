//! Newton's method on a likelihood whose gradient and information come from elsewhere: summed
//! over the parties at coefficients that are opened in each step. Finishes logistic, Poisson and
//! Cox regression, whose log-likelihoods are concave.
//!
//! Source: McCullagh and Nelder, Generalized Linear Models, 2.5; separation: Albert and
//! Anderson 1984.

use super::{
    Confidence, Finding, Result, Undefined, at_least,
    solve::{Cholesky, dot},
};

/// The log-likelihood at some coefficients.
#[derive(Clone, Debug, PartialEq)]
pub struct Slope {
    /// Its value.
    pub log_likelihood: f64,
    /// Its derivative by each coefficient.
    pub gradient: Vec<f64>,
    /// Minus its second derivatives.
    pub information: Vec<Vec<f64>>,
}

impl Slope {
    /// Of nothing, by so many coefficients.
    #[must_use]
    pub fn zero(coefficients: usize) -> Self {
        Self {
            log_likelihood: 0.0,
            gradient: vec![0.0; coefficients],
            information: vec![vec![0.0; coefficients]; coefficients],
        }
    }
}

impl Slope {
    /// Less half the sum of the squares of the coefficients, each times its penalty; without
    /// penalties, what it was.
    #[must_use]
    pub fn penalised(mut self, at: &[f64], penalties: &[f64]) -> Self {
        for (j, (b, penalty)) in at.iter().zip(penalties).enumerate() {
            self.log_likelihood -= penalty * b * b / 2.0;
            self.gradient[j] -= penalty * b;
            self.information[j][j] += penalty;
        }
        self
    }
}

/// The maximum of a log-likelihood.
#[derive(Clone, Debug, PartialEq)]
pub struct Maximum {
    /// Where it is.
    pub coefficients: Vec<f64>,
    /// Inverse of the information there.
    pub covariance: Vec<Vec<f64>>,
    /// How high it is.
    pub log_likelihood: f64,
    /// How often the slope was asked for.
    pub steps: usize,
}

/// How often the slope may be asked for. Eight are usual; a separated outcome shows within 30.
pub const MOST_STEPS: usize = 60;

/// Settled when the expected gain of a step, in units of standard error squared, is below this.
const SETTLED: f64 = 1e-20;

/// Or below this where the gain falls no more: sums that were joined in fixed point are not better.
const NOISE: f64 = 1e-10;

/// With less than this to gain, steps towards a maximum shrink at each step to their squares.
const NEAR: f64 = 1e-4;

/// A step longer than this, squared and in units of the start's information, gets somewhere.
const FAR: f64 = 1e-2;

/// Climbs from `start`. Where a step would lower the likelihood it is halved. A coefficient that
/// walks on while there is nothing left to gain has no maximum: it separates the outcome.
///
/// # Errors
/// Those of `slope`; [`Undefined::Singular`] where columns depend on each other at the start,
/// [`Undefined::Separated`], [`Undefined::NotConverged`] after [`MOST_STEPS`], or
/// [`Undefined::Argument`] for a slope that is not finite.
pub fn maximise<E: From<Undefined>>(
    start: &[f64],
    mut slope: impl FnMut(&[f64]) -> core::result::Result<Slope, E>,
) -> core::result::Result<Maximum, E> {
    at_least("columns", 1, start.len() as u64)?;
    let mut climb = Climb {
        at: start.to_vec(),
        step: vec![0.0; start.len()],
        height: f64::NEG_INFINITY,
        gain: f64::INFINITY,
        units: Vec::new(),
        walking: 0,
    };
    for steps in 1..=MOST_STEPS {
        let here = slope(&climb.at)?;
        if let Some(covariance) = climb.onward(&here)? {
            return Ok(Maximum {
                coefficients: climb.at,
                covariance,
                log_likelihood: here.log_likelihood,
                steps,
            });
        }
    }
    Err(Undefined::NotConverged { steps: MOST_STEPS }.into())
}

struct Climb {
    at: Vec<f64>,
    /// The last step, which led here.
    step: Vec<f64>,
    height: f64,
    /// What the last step promised.
    gain: f64,
    /// Roots of the information's diagonal at the start: what a coefficient moves in.
    units: Vec<f64>,
    /// How many steps in a row did not shrink though there was little to gain.
    walking: usize,
}

impl Climb {
    /// Takes the next step, or gives the covariance if this is the maximum.
    fn onward(&mut self, here: &Slope) -> Result<Option<Vec<Vec<f64>>>> {
        self.check(here)?;
        // Close to the maximum a fall is rounding, and Newton's steps do not overshoot.
        if self.gain > NEAR && here.log_likelihood < self.height {
            self.step.iter_mut().for_each(|s| *s /= 2.0);
            self.at.iter_mut().zip(&self.step).for_each(|(b, s)| *b -= s);
            return Ok(None);
        }
        let first = self.units.is_empty();
        if first {
            self.units = (0..self.at.len()).map(|j| here.information[j][j].sqrt()).collect();
        }
        let factor = match Cholesky::of(&here.information) {
            Err(Undefined::Singular { .. }) if !first => return Err(self.separated(&self.step)),
            other => other?,
        };
        let step = factor.solve(&here.gradient);
        let gain = dot(&step, &here.gradient);
        let length =
            |s: &[f64]| s.iter().zip(&self.units).map(|(s, u)| (s * u).powi(2)).sum::<f64>();
        let shrinks = length(&step) < 0.25 * length(&self.step);
        let walks = gain < NEAR && length(&step) > FAR && !shrinks;
        self.walking = if walks { self.walking + 1 } else { 0 };
        if self.walking >= 3 {
            return Err(self.separated(&step));
        }
        self.at.iter_mut().zip(&step).for_each(|(b, s)| *b += s);
        if gain <= SETTLED || (gain <= NOISE && gain >= 0.25 * self.gain) {
            return Ok(Some(factor.inverse()));
        }
        self.gain = gain;
        self.step = step;
        self.height = here.log_likelihood;
        Ok(None)
    }

    fn check(&self, here: &Slope) -> Result<()> {
        let p = self.at.len();
        if here.gradient.len() != p || here.information.len() != p {
            return Err(Undefined::Shape("gradient and information"));
        }
        let finite = here.gradient.iter().chain(here.information.iter().flatten());
        if !here.log_likelihood.is_finite() || finite.clone().any(|x| !x.is_finite()) {
            return Err(Undefined::Argument("the slope of the log-likelihood"));
        }
        Ok(())
    }

    fn separated(&self, step: &[f64]) -> Undefined {
        let moved = |j: &usize| (step[*j] * self.units[*j]).abs();
        let column = (0..step.len()).max_by(|i, j| moved(i).total_cmp(&moved(j))).unwrap_or(0);
        Undefined::Separated { column }
    }
}

impl Maximum {
    /// Estimate, standard error, normal interval and Wald test of each coefficient;
    /// [`Finding::exponential`] gives odds, rate or hazard ratios.
    ///
    /// # Errors
    /// If there are not as many names as coefficients.
    pub fn wald(&self, names: &[String], n: u64, confidence: Confidence) -> Result<Vec<Finding>> {
        if names.len() != self.coefficients.len() {
            return Err(Undefined::Shape("names and coefficients"));
        }
        let named = names.iter().zip(&self.coefficients).enumerate();
        let finding = |(j, (name, b)): (usize, (&String, &f64))| {
            Finding::named(name).n(n).wald(*b, self.covariance[j][j].sqrt(), confidence)
        };
        Ok(named.map(finding).collect())
    }

    /// Of a maximum of a log-likelihood less penalties: with its log-likelihood and the covariance
    /// C I C of its information I, which says nothing of the bias; and the trace of C I, to how
    /// many coefficients without a penalty they come.
    ///
    /// Source: le Cessie and van Houwelingen 1992, Ridge Estimators in Logistic Regression.
    #[must_use]
    pub fn without_penalties(&self, penalties: &[f64]) -> (Self, f64) {
        let c = &self.covariance;
        let mut plain = self.clone();
        let mut effective = self.coefficients.len() as f64;
        for (k, (penalty, b)) in penalties.iter().zip(&self.coefficients).enumerate() {
            plain.log_likelihood += penalty * b * b / 2.0;
            effective -= c[k][k] * penalty;
            for (i, row) in plain.covariance.iter_mut().enumerate() {
                // C I C = C - C W C for the penalties W.
                row.iter_mut()
                    .zip(&c[k])
                    .for_each(|(sum, right)| *sum -= c[i][k] * penalty * right);
            }
        }
        (plain, effective)
    }

    /// -2 log-likelihood + 2 (coefficients).
    #[must_use]
    pub fn aic(&self) -> f64 {
        2.0 * (self.coefficients.len() as f64 - self.log_likelihood)
    }
}

/// Likelihood ratio test of a model within a larger one, both on the same records.
///
/// # Errors
/// If the smaller one does not have fewer coefficients, or is the likelier.
pub fn likelihood_ratio(smaller: &Maximum, larger: &Maximum) -> Result<Finding> {
    let degrees = larger.coefficients.len().saturating_sub(smaller.coefficients.len());
    at_least("coefficients more", 1, degrees as u64)?;
    let gain = 2.0 * (larger.log_likelihood - smaller.log_likelihood);
    if gain < -1e-9 * larger.log_likelihood.abs() {
        return Err(Undefined::Argument("the likelihood of the smaller model"));
    }
    Ok(Finding::named("likelihood ratio").chi_squared(gain.max(0.0), degrees as f64))
}

#[cfg(test)]
mod tests;

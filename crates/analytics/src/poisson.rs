//! Rates of rare events per exposure, with exact Poisson intervals. In the clear: the number
//! of events and the exposure are the released sufficient statistics.
//!
//! Source: Garwood 1936; for observation that ends with the last failure (failure-truncated
//! tests), the upper limit has `2 r` degrees of freedom instead of `2 r + 2`.

use statrs::distribution::{ChiSquared, ContinuousCDF, Gamma};

/// What ended the observation.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Truncation {
    /// A time fixed beforehand.
    Time,
    /// The last failure.
    Failure,
}

/// A rate and its two-sided interval, per unit of exposure.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Rate {
    /// Events over exposure.
    pub rate: f64,
    /// Lower limit.
    pub lower: f64,
    /// Upper limit; infinite for a failure-truncated observation without failure.
    pub upper: f64,
}

/// The rate of `events` in `exposure` and its exact interval at a confidence level; `None`
/// without exposure.
#[must_use]
pub fn rate(events: u64, exposure: f64, confidence: f64, truncation: Truncation) -> Option<Rate> {
    if exposure.is_nan() || exposure <= 0.0 {
        return None;
    }
    let r = events as f64;
    let tail = (1.0 - confidence) / 2.0;
    let upper_shape = match truncation {
        Truncation::Time => r + 1.0,
        Truncation::Failure => r,
    };
    let lower = if events == 0 { 0.0 } else { gamma_quantile(tail, r) };
    let upper =
        if upper_shape == 0.0 { f64::INFINITY } else { gamma_quantile(1.0 - tail, upper_shape) };
    Some(Rate { rate: r / exposure, lower: lower / exposure, upper: upper / exposure })
}

/// The quantile of a gamma variate of unit scale: half a chi-squared one of `2 shape` degrees.
fn gamma_quantile(probability: f64, shape: f64) -> f64 {
    let chi = ChiSquared::new(2.0 * shape).expect("a positive number of degrees of freedom");
    let gamma = Gamma::new(shape, 1.0).expect("a positive shape");
    let mut x = chi.inverse_cdf(probability) / 2.0;
    // The library's bisection stops early; Newton's steps settle the last digits.
    for _ in 0..8 {
        let density = statrs::distribution::Continuous::pdf(&gamma, x);
        if density > 0.0 {
            x -= (gamma.cdf(x) - probability) / density;
        }
    }
    x
}

#[cfg(test)]
mod tests {
    use super::{Rate, Truncation, rate};

    /// R: `poisson.test(r, T)$conf.int`; scipy `chi2.ppf`.
    #[test]
    fn intervals_are_those_of_the_reference_tools() {
        let cases = [
            (
                12,
                344_440.0,
                Truncation::Time,
                [34.83915921495761, 18.00190195308971, 60.856999907609335],
            ),
            (
                12,
                344_440.0,
                Truncation::Failure,
                [34.83915921495761, 18.00190195308971, 57.1421394533212],
            ),
            (
                5,
                118_210.0,
                Truncation::Time,
                [42.29760595550292, 13.733917520670172, 98.70850248982887],
            ),
            (
                2,
                111_420.0,
                Truncation::Time,
                [17.950098725542993, 2.1738402310533576, 64.841928448429],
            ),
        ];
        for (events, exposure, truncation, [point, lower, upper]) in cases {
            let Rate { rate, lower: l, upper: u } =
                rate(events, exposure, 0.95, truncation).expect("exposure");
            for (got, want) in [(rate, point), (l, lower), (u, upper)] {
                assert!((got * 1e6 - want).abs() < 1e-9 * want, "{events}: {} {want}", got * 1e6);
            }
        }
    }

    #[test]
    fn no_event_leaves_an_upper_limit_and_no_exposure_leaves_nothing() {
        let zero = rate(0, 1000.0, 0.95, Truncation::Time).expect("exposure");
        assert_eq!((zero.rate, zero.lower), (0.0, 0.0));
        assert!((zero.upper - 3.688_879_454_113_936e-3).abs() < 1e-12);
        assert_eq!(
            rate(0, 1000.0, 0.95, Truncation::Failure).expect("exposure").upper,
            f64::INFINITY
        );
        assert_eq!(rate(3, 0.0, 0.95, Truncation::Time), None);
        assert_eq!(rate(3, f64::NAN, 0.95, Truncation::Time), None);
    }
}

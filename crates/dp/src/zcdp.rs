//! Zero-concentrated differential privacy.
//!
//! Source: Bun, Steinke, TCC 2016 (arXiv 1605.02065); the conversion: Canonne, Kamath, Steinke,
//! NeurIPS 2020 (arXiv 2004.00010), Corollary 13.

/// Iterations of a bisection: the bits of a double and some.
const STEPS: u32 = 100;

/// The delta of `rho`-zCDP at an epsilon: the least over `alpha > 1` of
/// `exp((alpha - 1)(alpha rho - epsilon)) / (alpha - 1) (1 - 1 / alpha)^alpha`.
///
/// 1 at most; 0 for a rho of zero.
#[must_use]
pub fn delta_of(rho: f64, epsilon: f64) -> f64 {
    if rho <= 0.0 {
        return 0.0;
    }
    // The logarithm is convex in alpha: its slope has one zero.
    let slope = |alpha: f64| (2.0 * alpha - 1.0) * rho - epsilon + (-1.0 / alpha).ln_1p();
    let (mut low, mut high) = (1.0 + 1e-12, 2.0 + (epsilon + 1.0) / (2.0 * rho));
    while slope(high) < 0.0 {
        high *= 2.0;
    }
    for _ in 0..STEPS {
        let middle = 0.5 * (low + high);
        if slope(middle) < 0.0 { low = middle } else { high = middle }
    }
    let alpha = high;
    let log = (alpha - 1.0) * (alpha * rho - epsilon) + alpha * (-1.0 / alpha).ln_1p()
        - (alpha - 1.0).ln();
    log.exp().min(1.0)
}

/// The least epsilon that `rho`-zCDP has at this delta, rounded up.
///
/// Infinite for a delta of zero.
#[must_use]
pub fn epsilon_of_rho(rho: f64, delta: f64) -> f64 {
    if delta <= 0.0 {
        return if rho <= 0.0 { 0.0 } else { f64::INFINITY };
    }
    let (mut low, mut high) = (0.0, 1.0);
    while delta_of(rho, high) > delta {
        high *= 2.0;
    }
    for _ in 0..STEPS {
        let middle = 0.5 * (low + high);
        if delta_of(rho, middle) > delta { low = middle } else { high = middle }
    }
    high
}

/// The greatest rho that has this epsilon at this delta, rounded down to three digits: every
/// processor comes to the same.
///
/// Zero for an epsilon or a delta of zero.
#[must_use]
pub fn rho_for(epsilon: f64, delta: f64) -> f64 {
    if epsilon <= 0.0 || delta <= 0.0 {
        return 0.0;
    }
    let (mut low, mut high) = (0.0, 1.0);
    while delta_of(high, epsilon) < delta {
        high *= 2.0;
    }
    for _ in 0..STEPS {
        let middle = 0.5 * (low + high);
        if delta_of(middle, epsilon) <= delta { low = middle } else { high = middle }
    }
    if low <= 0.0 {
        return 0.0;
    }
    let unit = 10f64.powi(low.log10().floor() as i32 - 2);
    // A hair below, so that the last bits decide nothing where a figure is on the line.
    (low * (1.0 - 1e-9) / unit).floor() * unit
}

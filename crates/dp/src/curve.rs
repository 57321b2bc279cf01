//! Rényi divergences of mechanisms, and their sums.
//!
//! Source: Mironov, CSF 2017 (arXiv 1702.07476), Table II; the conversion: Canonne, Kamath, Steinke
//! 2020 (arXiv 2004.00010), Proposition 12, as Google's `dp-accounting` has it.

/// What is known of one release's, or of several releases' privacy: a bound of the Rényi divergence
/// at each order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    /// Of the Gaussians: they add up in this alone.
    rho: f64,
    /// Scales of Laplace noise over the sensitivity, one for each release.
    laplace: Vec<f64>,
    /// Pure epsilons of anything else.
    pure: Vec<f64>,
}

impl Curve {
    /// Gaussian noise that costs this much zCDP: `sensitivity^2 / (2 sigma^2)`.
    #[must_use]
    pub fn gaussian(rho: f64) -> Self {
        Self { rho, ..Self::default() }
    }

    /// Laplace noise for this epsilon: of scale `sensitivity / epsilon`.
    ///
    /// An epsilon of zero costs nothing.
    #[must_use]
    pub fn laplace(epsilon: f64) -> Self {
        let scales = if epsilon > 0.0 { vec![1.0 / epsilon] } else { vec![] };
        Self { laplace: scales, ..Self::default() }
    }

    /// Anything that is epsilon-differentially private.
    #[must_use]
    pub fn pure(epsilon: f64) -> Self {
        Self { pure: vec![epsilon], ..Self::default() }
    }

    /// Both releases.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        self.rho += other.rho;
        self.laplace.extend(&other.laplace);
        self.pure.extend(&other.pure);
        self
    }

    /// The divergence of order `alpha > 1`.
    #[must_use]
    pub fn at(&self, alpha: f64) -> f64 {
        let laplace = |scale: &f64| {
            // Table II, with the larger exponential taken out.
            let (rise, fall) = ((alpha - 1.0) / scale, -alpha / scale);
            let (a, b) = (alpha / (2.0 * alpha - 1.0), (alpha - 1.0) / (2.0 * alpha - 1.0));
            (rise + (a + b * (fall - rise).exp()).ln()) / (alpha - 1.0)
        };
        // Bun and Steinke, Proposition 3.3, and never more than epsilon itself.
        let pure = |epsilon: &f64| (0.5 * epsilon * epsilon * alpha).min(*epsilon);
        self.rho * alpha
            + self.laplace.iter().map(laplace).sum::<f64>()
            + self.pure.iter().map(pure).sum::<f64>()
    }

    /// The sum of all epsilons, if nothing here needs a delta.
    fn sum(&self) -> Option<f64> {
        let laplace: f64 = self.laplace.iter().map(|scale| 1.0 / scale).sum();
        (self.rho <= 0.0).then(|| laplace + self.pure.iter().sum::<f64>())
    }
}

/// The least epsilon that a curve is known to have at this delta: the least over orders of
/// `at(alpha) + ln(1 - 1 / alpha) - (ln delta + ln alpha) / (alpha - 1)`, or the plain sum of
/// epsilons where that is less.
#[must_use]
pub fn epsilon_of(curve: &Curve, delta: f64) -> f64 {
    const POINTS: u32 = 64;
    let sum = curve.sum().unwrap_or(f64::INFINITY);
    if delta <= 0.0 {
        return sum;
    }
    let of = |log: f64| {
        let alpha = 1.0 + log.exp();
        curve.at(alpha) + (-1.0 / alpha).ln_1p() - (delta.ln() + alpha.ln()) / (alpha - 1.0)
    };
    // Orders from 1.0001 to a million, ever more closely around the best one.
    let (mut low, mut high) = (1e-4_f64.ln(), 1e6_f64.ln());
    let mut best = f64::INFINITY;
    for _ in 0..8 {
        let step = (high - low) / f64::from(POINTS);
        let points = (0..=POINTS).map(|i| low + f64::from(i) * step);
        let (at, found) = points
            .map(|point| (point, of(point)))
            .min_by(|a, b| a.1.total_cmp(&b.1))
            .unwrap_or((low, f64::INFINITY));
        best = best.min(found);
        (low, high) = (at - step, at + step);
    }
    best.max(0.0).min(sum)
}

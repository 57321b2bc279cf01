//! Ranges of numbers, with their rounding errors.

/// Where a value lies, and how far it may be from the exact one.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Interval {
    /// Least value; `None` below what 128 bits can say.
    pub lo: Option<i128>,
    /// Greatest value; `None` above what 128 bits can say.
    pub hi: Option<i128>,
    /// Worst absolute error, in units of the last place.
    pub error: f64,
}

impl Interval {
    /// An exact value between two bounds.
    #[must_use]
    pub fn between(lo: i128, hi: i128) -> Self {
        Self { lo: Some(lo), hi: Some(hi), error: 0.0 }
    }

    pub(super) const UNBOUNDED: Self = Self { lo: None, hi: None, error: f64::INFINITY };

    fn magnitude(&self) -> f64 {
        match (self.lo, self.hi) {
            (Some(lo), Some(hi)) => (lo as f64).abs().max((hi as f64).abs()),
            _ => f64::INFINITY,
        }
    }

    pub(super) fn add(&self, y: &Self) -> Self {
        let sum = |a: Option<i128>, b: Option<i128>| a?.checked_add(b?);
        Self { lo: sum(self.lo, y.lo), hi: sum(self.hi, y.hi), error: self.error + y.error }
    }

    pub(super) fn negated(&self) -> Self {
        let flip = |x: Option<i128>| x?.checked_neg();
        Self { lo: flip(self.hi), hi: flip(self.lo), error: self.error }
    }

    pub(super) fn mul(&self, y: &Self) -> Self {
        let (Some(a), Some(b), Some(c), Some(d)) = (self.lo, self.hi, y.lo, y.hi) else {
            return Self::UNBOUNDED;
        };
        let corners = [a.checked_mul(c), a.checked_mul(d), b.checked_mul(c), b.checked_mul(d)];
        // No error is none, however large what it meets.
        let times = |a: f64, b: f64| if a == 0.0 || b == 0.0 { 0.0 } else { a * b };
        let error = times(self.error, y.magnitude())
            + times(y.error, self.magnitude())
            + times(self.error, y.error);
        let Some(corners) = corners.into_iter().collect::<Option<Vec<_>>>() else {
            return Self { error, ..Self::UNBOUNDED };
        };
        Self { lo: corners.iter().min().copied(), hi: corners.iter().max().copied(), error }
    }

    pub(super) fn times(&self, n: usize) -> Self {
        let times = |x: Option<i128>| x?.checked_mul(n as i128);
        Self { lo: times(self.lo), hi: times(self.hi), error: self.error * n as f64 }
    }

    pub(super) fn hull<'i>(all: impl IntoIterator<Item = &'i Self>) -> Self {
        let both = |x: Self, y: Self| Self {
            lo: x.lo.zip(y.lo).map(|(a, b)| a.min(b)),
            hi: x.hi.zip(y.hi).map(|(a, b)| a.max(b)),
            error: x.error.max(y.error),
        };
        all.into_iter().copied().reduce(both).unwrap_or(Self::between(0, 0))
    }

    /// Both bounds together; if they contradict each other, nothing is proven.
    pub(super) fn within(&self, lo: i128, hi: i128) -> Self {
        let (lo, hi) = (self.lo.map_or(lo, |l| l.max(lo)), self.hi.map_or(hi, |h| h.min(hi)));
        if lo <= hi { Self { error: self.error, ..Self::between(lo, hi) } } else { Self::UNBOUNDED }
    }

    pub(super) fn fits(&self, bits: u32) -> bool {
        let limit = 1i128.checked_shl(bits - 1).filter(|limit| *limit > 0);
        match (self.lo, self.hi, limit) {
            (Some(lo), Some(hi), Some(limit)) => lo >= -limit && hi < limit,
            (Some(_), Some(_), None) => true,
            _ => false,
        }
    }
}

impl std::fmt::Display for Interval {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.lo, self.hi) {
            (Some(lo), Some(hi)) => write!(f, "[{lo}, {hi}]"),
            _ => f.write_str("beyond 128 bits"),
        }
    }
}

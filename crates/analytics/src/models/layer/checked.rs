//! Norms that nothing proves small enough, and that are looked at instead.

/// An example's numbers are looked at where they could be so many times greater than they are
/// with fresh weights.
const SLACK: f64 = 16.0;
/// What passes can be so much beyond the limit: it was rounded before it was squared.
const MARGIN: f64 = 1.05;

/// Numbers whose sum of squares is compared with a limit.
#[derive(Copy, Clone, Debug, PartialEq)]
pub(crate) struct Checked {
    /// Their norm before anybody has looked.
    before: f64,
    limit: f64,
    /// How many they are.
    len: usize,
}

impl Checked {
    pub(crate) fn new(before: f64, limit: f64, len: usize) -> Self {
        Self { before, limit, len }
    }

    /// Numbers that have a norm of at most `most`, and of about `typical` with fresh weights: none
    /// if the first is not much greater than the second.
    pub(crate) fn of(most: f64, typical: f64, len: usize) -> Option<Self> {
        let limit = SLACK * typical;
        (most > MARGIN * limit).then_some(Self { before: most, limit, len })
    }

    /// The greatest norm that passes.
    pub(crate) fn most(&self) -> f64 {
        MARGIN * self.limit
    }

    /// Bits to be dropped of numbers of so many fractional bits before a ring holds the sum of
    /// their squares; none if too few would be left.
    pub(crate) fn dropped(&self, scale: u32, bits: u32) -> Option<u32> {
        let needed = 2.0 * (self.before.log2() + f64::from(scale)) + 3.0;
        let by = ((needed - f64::from(bits)) / 2.0).ceil().max(0.0) as u32;
        let left = scale.checked_sub(by)?;
        let rounding = (self.len as f64).sqrt() * (-f64::from(left)).exp2();
        (rounding <= (MARGIN - 1.01) * self.limit).then_some(by)
    }

    /// The greatest sum of squares, and the limit of it, at a scale.
    pub(crate) fn squares(&self, scale: u32) -> [i128; 2] {
        let unit = f64::from(2 * scale).exp2();
        [self.before * 1.01, self.limit].map(|norm| (norm * norm * unit).ceil() as i128)
    }
}

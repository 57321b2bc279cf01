//! Exact decimal constants.

/// The number digits / 10^scale, in lowest form: `scale` is the least that does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal {
    /// All digits, as one signed integer.
    pub digits: i128,
    /// How many of them stand after the point.
    pub scale: u8,
}

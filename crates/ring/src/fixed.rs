//! Fixed point: a real `v` is the integer `round(v * 2^f)` in two's complement.

use crate::Integer;

/// A value that fixed point cannot hold.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum Error {
    /// Not a finite number.
    #[error("not a finite number")]
    NotFinite,
    /// Outside `[-2^(bits-1-f), 2^(bits-1-f))`.
    #[error("outside the range of {bits}-bit fixed point with {frac_bits} fractional bits")]
    OutOfRange {
        /// Bits that the encoding may use, sign included.
        bits: u32,
        /// Fractional bits.
        frac_bits: u32,
    },
}

/// Encodes `v` with `frac_bits` fractional bits in `bits` bits, sign included; rounds to nearest.
///
/// # Errors
/// [`Error::NotFinite`], [`Error::OutOfRange`].
///
/// # Panics
/// If there are no fewer fractional bits than the ring has bits.
pub fn encode<R: Integer>(v: f64, frac_bits: u32, bits: u32) -> Result<R, Error> {
    assert!(frac_bits < R::BITS, "{frac_bits} fractional bits of {}", R::BITS);
    if !v.is_finite() {
        return Err(Error::NotFinite);
    }
    let scaled = (v * 2f64.powi(frac_bits as i32)).round_ties_even();
    let limit = 2f64.powi(bits.min(R::BITS) as i32 - 1);
    if scaled < -limit || scaled >= limit {
        return Err(Error::OutOfRange { bits, frac_bits });
    }
    Ok(R::from_i128(scaled as i128))
}

/// The real that an element encodes.
#[must_use]
pub fn decode<R: Integer>(x: R, frac_bits: u32) -> f64 {
    x.to_i128() as f64 / 2f64.powi(frac_bits as i32)
}

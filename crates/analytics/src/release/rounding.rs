//! Counts to the nearest multiple of a base.

use sharewell_mpc::{Protocol, Result, Share};
use sharewell_ring::Integer;

use super::times;

/// `x` to the nearest multiple of `base`, halves up, for 0 <= x <= most.
///
/// The quotient is that of a product with a rounded reciprocal, which is exact (Granlund and
/// Montgomery 1994, theorem 4.2). Cost: one [`Protocol::trunc_exact`].
///
/// # Errors
/// If a link fails; under an interpreter of bounds, what does not fit the ring.
pub fn rounded<P: Protocol>(p: &mut P, x: &P::AShare, base: u32, most: u64) -> Result<P::AShare> {
    let most = u128::from(most) + u128::from(base / 2);
    // 2^shift / base up to a multiple; its error times `most` stays below 2^shift / base.
    let shift = (128 - most.leading_zeros()) + (32 - base.leading_zeros());
    let reciprocal = (1_u128 << shift).div_ceil(base.into());
    let mut product = x.clone();
    product += &p.public(&vec![P::Ring::from_i128((base / 2).into()); x.len()]);
    let mut quotient = p.trunc_exact(&times::<P>(&product, reciprocal as i128), shift)?;
    p.note_bound(&mut quotient, 0, (most / u128::from(base)) as i128);
    Ok(times::<P>(&quotient, base.into()))
}

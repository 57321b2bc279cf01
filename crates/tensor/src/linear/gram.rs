//! Sums of squares and products.

use sharewell_mpc::{Protocol, Result, Share};
use sharewell_ring::Dims;

use super::symmetric;
use crate::Tensor;

/// `X^T X` of a matrix `X` [m, n], at the scale asked for, at most twice that of `X`; exactly
/// symmetric, no diagonal element below 0.
///
/// Domain: each element at full scale below `2^(BITS-2)`. Error: one unit in the last place, none
/// at full scale. Cost: one matrix product, and [`Protocol::trunc`] of its lower half, which is
/// less than [`Protocol::matmul_trunc`] of all and takes no more rounds.
///
/// # Errors
/// If a link fails.
///
/// # Panics
/// If this is no matrix, or if the scale is finer than the product's.
pub fn gram<P: Protocol>(p: &mut P, x: &Tensor<P>, frac_bits: u32) -> Result<Tensor<P>> {
    let [m, n] = x.matrix();
    let by = (2 * x.frac_bits()).checked_sub(frac_bits).expect("no finer scale than the square's");
    let wide = p.matmul(x.transpose().shares(), x.shares(), Dims { m: n, k: m, n })?;
    let half = wide.gather(&symmetric::half(n));
    let mut squares = half.gather(&symmetric::diagonal(n));
    p.note_bound(&mut squares, 0, i128::MAX);
    // The diagonal comes twice, and the second time it is known not to be negative.
    let behind: Vec<usize> = (0..n).map(|i| half.len() + i).collect();
    let mut place: Vec<usize> = (0..half.len()).collect();
    symmetric::diagonal(n).into_iter().zip(behind).for_each(|(at, behind)| place[at] = behind);
    let half = p.trunc(&P::AShare::concat(&[&half, &squares]).gather(&place), by)?;
    Ok(Tensor::new(half.gather(&symmetric::whole(n)), &[n, n], frac_bits))
}

//! Sums of squares and products.

use sharewell_mpc::{Protocol, Result, Share};
use sharewell_ring::Dims;

use crate::Tensor;

/// `X^T X` of a matrix `X` [m, n], at the scale asked for, at most twice that of `X`; exactly
/// symmetric, no diagonal element below 0.
///
/// Domain: each product at full scale below `2^(BITS-2)`. Error: one unit in the last place, none
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
    // The diagonal first, then what is below it, column after column.
    let below = (0..n).flat_map(|j| (j + 1..n).map(move |i| i * n + j));
    let half = wide.gather(&(0..n).map(|i| i * n + i).chain(below).collect::<Vec<_>>());
    let (mut diagonal, below) = half.split(n);
    p.note_bound(&mut diagonal, 0, i128::MAX);
    let half = p.trunc(&P::AShare::concat(&[&diagonal, &below]), by)?;
    // Of the columns before `j` there are `n - 1`, `n - 2` and so on elements.
    let lower = |i: usize, j: usize| n + j * (2 * n - j - 1) / 2 + i - j - 1;
    let place = |i: usize, j: usize| if i == j { i } else { lower(i.max(j), i.min(j)) };
    let all: Vec<usize> = (0..n).flat_map(|i| (0..n).map(move |j| place(i, j))).collect();
    Ok(Tensor::new(half.gather(&all), &[n, n], frac_bits))
}

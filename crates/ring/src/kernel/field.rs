//! Loops over elements of the field of 2^61 - 1 elements.
//!
//! Products are below 2^122, so that 63 of them and what is carried over fit in 128 bits.

#[cfg(target_arch = "x86_64")]
use super::field_avx512 as avx512;
use super::{Backend, Level, multiversion};
use crate::Fp61;

/// Products that are summed before a reduction.
const LAZY: usize = 32;
/// Columns that are worked on at once: with the values of one polynomial each, they stay in
/// the first-level cache.
const TILE: usize = 32;

/// The inner product of [`Fp61::dot`].
#[must_use]
pub fn field_dot(on: Backend, x: &[Fp61], y: &[Fp61]) -> Fp61 {
    match on.0 {
        // SAFETY: a `Backend` exists only where the processor has its features.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { avx512::dot(x, y) },
        _ => compiled_dot(on, x, y),
    }
}

/// The sums of [`Fp61::fold`].
pub fn field_fold(on: Backend, out: &mut [Fp61], x: &[Fp61], weights: &[Fp61]) {
    match on.0 {
        // SAFETY: a `Backend` exists only where the processor has its features.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { avx512::fold(out, x, weights) },
        _ => compiled_fold(on, out, x, weights),
    }
}

/// The values of [`Fp61::products`].
#[must_use]
pub fn field_products(on: Backend, x: &[Fp61], y: &[Fp61], nodes: usize) -> Vec<Fp61> {
    match on.0 {
        // SAFETY: a `Backend` exists only where the processor has its features.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { avx512::products(x, y, nodes) },
        _ => compiled_products(on, x, y, nodes),
    }
}

multiversion! {
    fn compiled_dot[](x: &[Fp61], y: &[Fp61]) -> Fp61 = dot;
    fn compiled_fold[](out: &mut [Fp61], x: &[Fp61], weights: &[Fp61]) = fold;
    fn compiled_products[](x: &[Fp61], y: &[Fp61], nodes: usize) -> Vec<Fp61> = products;
}

#[inline(always)]
fn wide(x: Fp61, y: Fp61) -> u128 {
    u128::from(x.get()) * u128::from(y.get())
}

#[inline(always)]
fn dot(x: &[Fp61], y: &[Fp61]) -> Fp61 {
    let lazy = |(x, y): (&[Fp61], &[Fp61])| {
        Fp61::from_u128(x.iter().zip(y).map(|(&x, &y)| wide(x, y)).sum())
    };
    x.chunks(LAZY).zip(y.chunks(LAZY)).map(lazy).sum()
}

#[inline(always)]
fn fold(out: &mut [Fp61], x: &[Fp61], weights: &[Fp61]) {
    let n = out.len().max(1);
    for (tile, out) in out.chunks_mut(TILE).enumerate() {
        let mut sums = [0; TILE];
        for (k, (&weight, plane)) in weights.iter().zip(x.chunks(n)).enumerate() {
            if k % LAZY == LAZY - 1 {
                sums.iter_mut().for_each(|sum| *sum = Fp61::from_u128(*sum).get().into());
            }
            let column = plane.get(tile * TILE..).unwrap_or_default();
            sums.iter_mut().zip(column).for_each(|(sum, &x)| *sum += wide(weight, x));
        }
        out.iter_mut().zip(sums).for_each(|(out, sum)| *out = Fp61::from_u128(sum));
    }
}

type Column = [Fp61; TILE];

#[inline(always)]
fn products(x: &[Fp61], y: &[Fp61], nodes: usize) -> Vec<Fp61> {
    let n = x.len().div_ceil(nodes).max(1);
    let mut sums = vec![Fp61::ZERO; 2 * nodes - 1];
    let mut p = vec![[Fp61::ZERO; TILE]; 2 * nodes - 1];
    let mut q = p.clone();
    let mut differences = vec![[Fp61::ZERO; TILE]; nodes];
    for at in (0..n).step_by(TILE) {
        let len = TILE.min(n - at);
        for (values, all) in [(&mut p, x), (&mut q, y)] {
            for (k, values) in values[..nodes].iter_mut().enumerate() {
                let here = all.get(k * n + at..).unwrap_or_default();
                let here = &here[..here.len().min(len)];
                values.fill(Fp61::ZERO);
                values[..here.len()].copy_from_slice(here);
            }
            extend(values, &mut differences);
        }
        for (sum, (p, q)) in sums.iter_mut().zip(p.iter().zip(&q)) {
            *sum += dot(p, q);
        }
    }
    sums
}

/// Continues polynomials from as many values as there are differences to all values, by
/// Newton's differences: additions alone.
#[inline(always)]
fn extend(values: &mut [Column], differences: &mut [Column]) {
    let nodes = differences.len();
    differences.copy_from_slice(&values[..nodes]);
    // The i-th difference that ends at the last node, at place nodes - 1 - i.
    for order in 1..nodes {
        for i in 0..nodes - order {
            let next = differences[i + 1];
            differences[i].iter_mut().zip(next).for_each(|(x, next)| *x = next - *x);
        }
    }
    for value in &mut values[nodes..] {
        for i in 1..nodes {
            let higher = differences[i - 1];
            differences[i].iter_mut().zip(higher).for_each(|(x, higher)| *x += higher);
        }
        *value = differences[nodes - 1];
    }
}

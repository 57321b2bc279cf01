//! What polynomials of secret arguments are made of.

use sharewell_mpc::{Protocol, Result, Share};
use sharewell_ring::{Integer, Ring};

use super::reciprocal::scaled;

/// `t, t^2 .. t^degree` at scale `scale`, for `|t| <= 1` at that scale.
///
/// Error: [`power_error`] units in the last place. Cost: `degree - 1` of
/// [`Protocol::mul_trunc`] in `ceil(log2 degree)` calls.
///
/// # Errors
/// If a link fails.
pub(crate) fn powers<P: Protocol>(
    p: &mut P,
    t: &P::AShare,
    degree: usize,
    scale: u32,
) -> Result<Vec<P::AShare>> {
    let mut powers = vec![t.clone()];
    while powers.len() < degree {
        let highest = &powers[powers.len() - 1];
        let factors: Vec<&P::AShare> = powers.iter().take(degree - powers.len()).collect();
        let left = P::AShare::concat(&vec![highest; factors.len()]);
        let products = p.mul_trunc(&left, &P::AShare::concat(&factors), scale)?;
        powers.extend(pieces::<P>(&products, factors.len()));
    }
    Ok(powers)
}

/// The worst error of `t^power` by [`powers`] in units in the last place, given that of `t`, for
/// `|t| <= reach`.
pub(crate) fn power_error(power: usize, reach: f64, of_t: f64) -> f64 {
    if power == 1 {
        return of_t;
    }
    let high = power.next_power_of_two() / 2;
    let part = |of, by: usize| power_error(of, reach, of_t) * reach.powi(by as i32);
    // The truncation's unit, of which the product of both errors is below a thousandth.
    part(high, power - high) + part(power - high, high) + 1.001
}

/// Coefficients of a block: of polynomials of higher degree than [`DIRECT_DEGREE_MAX`] only so
/// many powers are made, and each block but the first takes one product more.
const BLOCK: usize = 4;
/// Up to this degree all powers cost no more than blocks.
const DIRECT_DEGREE_MAX: usize = 5;

fn block_len(coefficients: &[f64]) -> usize {
    if coefficients.len() <= DIRECT_DEGREE_MAX + 1 { coefficients.len() } else { BLOCK }
}

/// A public polynomial of `t`, `|t| <= 1` at scale `scale`, at twice that scale.
///
/// Error: [`evaluation_error`]. Cost: [`powers`] of degree 5 at most, then for each block of 4
/// coefficients but the first [`Protocol::trunc`] and a product.
/// Source: Paterson and Stockmeyer 1973.
///
/// # Errors
/// If a link fails.
pub(crate) fn evaluate<P: Protocol>(
    p: &mut P,
    t: &P::AShare,
    coefficients: &[f64],
    scale: u32,
) -> Result<P::AShare> {
    let block = block_len(coefficients);
    let powers = powers(p, t, block.min(coefficients.len() - 1), scale)?;
    let mut sum: Option<P::AShare> = None;
    for chunk in coefficients.chunks(block).rev() {
        let mut next = constant(p, scaled(chunk[0], 2 * scale), t.len());
        for (c, power) in chunk[1..].iter().zip(&powers) {
            add_scaled(&mut next, power, scaled(*c, scale));
        }
        if let Some(sum) = sum {
            let above = p.trunc(&sum, scale)?;
            next += &p.mul(&above, &powers[block - 1])?;
        }
        sum = Some(next);
    }
    Ok(sum.unwrap_or_else(|| constant(p, P::Ring::ZERO, t.len())))
}

/// The worst error of [`evaluate`] in units in the last place of `scale`, for `|t| <= reach`.
pub(crate) fn evaluation_error(coefficients: &[f64], reach: f64) -> f64 {
    let block = block_len(coefficients);
    let (mut error, mut size) = (0.0, 0.0);
    for chunk in coefficients.chunks(block).rev() {
        if size > 0.0 {
            error =
                (error + 1.0) * reach.powi(block as i32) + size * power_error(block, reach, 0.0);
        }
        size *= reach.powi(block as i32);
        for (k, c) in chunk.iter().enumerate() {
            // Coefficients are off by half a unit each, the first one by none at twice the scale.
            let of_power = if k == 0 { 0.0 } else { power_error(k, reach, 0.0) };
            let rounded = if k == 0 { 0.0 } else { 0.5 };
            error += c.abs() * of_power + rounded * reach.powi(k as i32);
            size += c.abs() * reach.powi(k as i32);
        }
    }
    error
}

/// A vector cut into `count` vectors of equal lengths.
pub(crate) fn pieces<P: Protocol>(x: &P::AShare, count: usize) -> Vec<P::AShare> {
    let len = x.len().checked_div(count).unwrap_or(0);
    (0..count).map(|i| x.take(i * len..(i + 1) * len)).collect()
}

/// `x` times a public number, added to `sum`.
pub(crate) fn add_scaled<R: Integer, S: Share<R>>(sum: &mut S, x: &S, by: R) {
    if by != R::ZERO {
        let mut x = x.clone();
        x.scale(&[by]);
        *sum += &x;
    }
}

/// A public number in each of `len` places.
pub(crate) fn constant<P: Protocol>(p: &P, c: P::Ring, len: usize) -> P::AShare {
    p.public(&vec![c; len])
}

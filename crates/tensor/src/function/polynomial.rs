//! What polynomials of secret arguments are made of.

use sharewell_mpc::{Protocol, Result, Share};
use sharewell_ring::Integer;

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
        powers.extend(pieces::<P>(products, factors.len()));
    }
    Ok(powers)
}

/// The worst error of `t^power` by [`powers`] in units in the last place, given that of `t`.
pub(crate) fn power_error(power: usize, of_t: f64) -> f64 {
    // t^(i + j) = t^i t^j, each factor of magnitude 1 at most, plus the truncation's unit;
    // the errors' product is below a thousandth of it.
    power as f64 * of_t + (power as f64 - 1.0) * 1.001
}

/// A vector cut into `count` vectors of equal lengths.
pub(crate) fn pieces<P: Protocol>(x: P::AShare, count: usize) -> Vec<P::AShare> {
    let len = x.len().checked_div(count).unwrap_or(0);
    let mut rest = x;
    let mut out = Vec::with_capacity(count);
    for _ in 0..count {
        let (piece, others) = rest.split(len);
        out.push(piece);
        rest = others;
    }
    out
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

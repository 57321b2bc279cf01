//! The reciprocal of a normalised number.
//!
//! A parabola gives `1/d` to 6.63 bits, each step `y <- y (2 - d y)` doubles that.
//!
//! Source: Newton-Raphson division; the parabola is the minimax fit of `1/d` on `[1/2, 1)`.

use sharewell_mpc::{Protocol, Result, Share};
use sharewell_ring::Integer;

/// Bits to which the parabola knows `1/d`, times a hundred.
const START_BITS_X100: u32 = 663;
/// Largest precision: more than that a double cannot show.
pub(crate) const PRECISION_MAX: u32 = 57;

/// Steps after which the iteration adds no more to the error than roundings at scale
/// `precision` do.
pub(crate) fn steps(precision: u32) -> u32 {
    (0..).find(|s| START_BITS_X100 << s >= precision * 100).unwrap_or(4)
}

/// The worst relative error of [`reciprocal`], an error of one unit of `d` included.
pub(crate) fn relative_error(precision: u32, steps: u32) -> f64 {
    let start = f64::from(START_BITS_X100 << steps) / 100.0;
    // The last step's own roundings and the divisor's: below ten units.
    (-start).exp2() + 10.0 * (-f64::from(precision)).exp2()
}

/// `1 / d` for `d` in `[1/2, 1]`, both at scale `precision`.
///
/// Domain: `2 precision + 2` bits below the ring's. Error: [`relative_error`].
/// Cost: [`Protocol::trunc`] and `1 + 2 steps` of [`Protocol::mul_trunc`].
///
/// # Errors
/// If a link fails.
pub(crate) fn reciprocal<P: Protocol>(
    p: &mut P,
    d: &P::AShare,
    precision: u32,
    steps: u32,
) -> Result<P::AShare> {
    let n = d.len();
    let scaled = |c: f64| P::Ring::from_i128((c * f64::from(precision).exp2()) as i128);
    let constant = |p: &P, c: f64| p.public(&vec![scaled(c); n]);
    let limit = 1i128 << (precision + 1);
    // 4.2424 - 5.8182 d + 2.5859 d^2 = 4.2424 + d (2.5859 d - 5.8182)
    let mut inner = d.clone();
    inner.scale(&[scaled(2.585_858_586)]);
    inner = p.trunc(&inner, precision)?;
    inner -= &constant(p, 5.818_181_818);
    let mut y = p.mul_trunc(d, &inner, precision)?;
    y += &constant(p, 4.242_424_242);
    p.note_bound(&mut y, limit / 4, limit + limit / 32);
    for _ in 0..steps {
        let mut gap = constant(p, 2.0);
        gap -= &p.mul_trunc(d, &y, precision)?;
        p.note_bound(&mut gap, limit / 4, limit);
        y = p.mul_trunc(&y, &gap, precision)?;
        p.note_bound(&mut y, limit / 4, limit + limit / 32);
    }
    Ok(y)
}

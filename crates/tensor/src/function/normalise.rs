//! Where a secret number's leading one is: what division, roots and logarithms begin with.

use sharewell_mpc::{BitShare, Protocol, Result, Share, circuit};
use sharewell_ring::{Integer, Ring};

/// A positive number as `d 2^width / power`, with `d` in `[1/2, 1)`.
pub(crate) struct Normalised<P: Protocol> {
    /// The number itself, 1 in place of 0.
    pub(crate) value: P::AShare,
    /// The power of two that moves its leading one to bit `width - 1`.
    pub(crate) power: P::AShare,
    /// Whether it was not 0 to begin with, as 0 or 1.
    pub(crate) nonzero: P::AShare,
    width: u32,
}

impl<P: Protocol> Normalised<P> {
    /// `d` at scale `precision`. Error: one unit in the last place, none if `width <= precision`.
    ///
    /// Cost: a product, and [`Protocol::trunc`] if `width > precision`.
    ///
    /// # Errors
    /// If a link fails.
    pub(crate) fn fraction(&self, p: &mut P, precision: u32) -> Result<P::AShare> {
        let width = self.width;
        let mut d = p.mul(&self.value, &self.power)?;
        p.note_bound(&mut d, 1 << (width - 1), (1 << width) - 1);
        if width > precision {
            d = p.trunc(&d, width - precision)?;
        } else {
            d.scale(&[P::Ring::ONE.shl(precision - width)]);
        }
        p.note_bound(&mut d, 1 << (precision - 1), 1 << precision);
        Ok(d)
    }
}

/// Finds the leading one of each of `x`, all in `[0, 2^width)`.
///
/// Cost: [`Protocol::a2b`] of `width` bits, [`circuit::suffix_or`], [`Protocol::b2a`] of
/// `width` planes.
///
/// # Errors
/// If a link fails.
pub(crate) fn normalise<P: Protocol>(
    p: &mut P,
    x: &P::AShare,
    width: u32,
) -> Result<Normalised<P>> {
    let n = x.len();
    let planes = width as usize;
    let bits = p.a2b(x, width)?;
    let mut leading = circuit::suffix_or(p, &bits, planes)?;
    let above = leading.pick(&(1..planes).collect::<Vec<_>>());
    let top = leading.pick(&[planes - 1]);
    let mut none = top.clone();
    none ^= &top;
    leading ^= &P::BShare::stack(&[&above, &none]);

    let flags = p.b2a(&leading)?;
    let by_secret: Vec<usize> = (0..n).flat_map(|i| (0..planes).map(move |j| j * n + i)).collect();
    let flags = flags.gather(&by_secret);
    let mut nonzero = flags.sum(n);
    p.note_bound(&mut nonzero, 0, 1);
    let powers: Vec<P::Ring> =
        (0..n).flat_map(|_| (0..width).rev().map(|j| P::Ring::ONE.shl(j))).collect();
    let mut power = flags;
    power.scale(&powers);
    let mut power = power.sum(n);

    let mut zero = p.public(&vec![P::Ring::ONE; n]);
    zero -= &nonzero;
    let mut value = x.clone();
    value += &zero;
    p.note_bound(&mut value, 1, (1 << width) - 1);
    zero.scale(&[P::Ring::ONE.shl(width - 1)]);
    power += &zero;
    p.note_bound(&mut power, 1, 1 << (width - 1));
    Ok(Normalised { value, power, nonzero, width })
}

//! The discrete Laplace distribution.

use sharewell_ring::Ring;

use super::probability::Rate;
use super::{
    CHUNK, Probability, Ratio, assert_distance, bernoulli, log2_ceil, powers, require_room,
};
use crate::{BitShare, Protocol, Result, Share, in_chunks};

/// Independent integers with `Pr[x] = (1 - a) / (1 + a) a^|x|`, `a = exp(-1 / scale)`: with
/// `scale = sensitivity / epsilon` the noise that makes a count differentially private. A
/// scale of zero gives zeros.
///
/// `x = s b (1 + g)`, a uniform sign `s`, a coin `b` of probability `2 a / (1 + a)`, and `g`
/// geometric with `Pr[g] = (1 - a) a^g`: zero has the probability `1 - 2 a / (1 + a)`, and
/// `x` and `-x` each half of `2 a / (1 + a) (1 - a) a^(|x| - 1)`, as it must be. The bits of
/// `g` are independent coins: `a^g` is the product of `a^(2^i)` over its bits, so that bit
/// `i` is 1 with the probability `a^(2^i) / (1 + a^(2^i))`.
///
/// Distribution: `g` is taken below `2^L`, the least power of two not below
/// `scale ln(2) (s + 1)` for `s = distance_bits`, which leaves out a mass of
/// `a^(2^L) <= 2^-(s + 1)`; each of the `L + 1` coins is off by at most `2^-t`, with
/// `t = s + 1 + ceil(log2(L + 1))` digits. Together at most `2^-s` per number.
/// `|x| <= 2^L` always.
/// Cost: `L + 1` coins of `t` digits ([`super::bernoulli()`]), [`Protocol::b2a_dot`] of
/// `L + 2` bits and one product; about 4 rounds and those of the coins.
/// Source: Ghosh, Roughgarden, Sundararajan 2009 (the distribution); Dwork et al.,
/// Eurocrypt 2006 (the bits of a geometric number are independent).
///
/// # Errors
/// If a link fails; [`crate::Error::Overflow`] if the ring does not hold `2^L`.
///
/// # Panics
/// If the scale's denominator is zero or the distance out of range.
pub fn discrete_laplace<P: Protocol>(
    p: &mut P,
    scale: Ratio,
    len: usize,
    distance_bits: u32,
) -> Result<P::AShare> {
    assert!(scale.den > 0, "a denominator of zero");
    assert_distance(distance_bits);
    let bits = discrete_laplace_bits(scale, distance_bits);
    require_room::<P::Ring>("discrete Laplace", bits + 2)?;
    let rate = Rate { num: scale.den.into(), den: scale.num.into() };
    let bit = |i| Probability::logistic(i, rate);
    let chances: Vec<Probability> =
        std::iter::once(bit(0).twice()).chain((0..bits).map(bit)).collect();
    let digits = distance_bits + 1 + log2_ceil(bits + 1);
    let [out] =
        in_chunks(p, len, CHUNK, |p, range| Ok([from_coins(p, &chances, range.len(), digits)?]))?;
    Ok(out)
}

/// `L`: what [`discrete_laplace`] draws is at most `2^L` in magnitude.
#[must_use]
pub fn discrete_laplace_bits(scale: Ratio, distance_bits: u32) -> u32 {
    // 0.7 is above ln 2.
    let reach = u128::from(scale.num) * 7 * u128::from(distance_bits + 1);
    (0..).find(|&bits| (10 * u128::from(scale.den)) << bits >= reach).unwrap_or(127)
}

fn from_coins<P: Protocol>(
    p: &mut P,
    chances: &[Probability],
    len: usize,
    digits: u32,
) -> Result<P::AShare> {
    let bits = chances.len() as u32 - 1;
    let coins = bernoulli(p, chances, len, digits)?;
    let sign = p.random_bits(len, 1)?;
    let negative = p.and(&coins.pick(&[0]), &sign)?;

    let (one, two) = (P::Ring::ONE, P::Ring::ONE + P::Ring::ONE);
    let mut of_sign = vec![P::Ring::ZERO; chances.len() + 1];
    (of_sign[0], of_sign[1]) = (-two, one);
    let of_magnitude = [vec![P::Ring::ZERO; 2], powers(1, bits)].concat();
    let stacked = P::BShare::stack(&[&negative, &coins]);
    let (mut sign, mut magnitude) = p.b2a_dot(&stacked, &[of_sign, of_magnitude])?.split(len);
    p.note_bound(&mut sign, -1, 1);
    magnitude += &p.public(&vec![one; len]);
    p.mul(&sign, &magnitude)
}

//! The discrete Gaussian distribution.

use sharewell_ring::Ring;

use super::probability::Rate;
use super::rejection::{candidates, chosen};
use super::{
    CHUNK, Probability, Ratio, assert_distance, bernoulli, log2_ceil, powers, require_room,
};
use crate::circuit::{all_ones, not};
use crate::{BitShare, Protocol, Result, Share, in_chunks};

/// Independent integers with `Pr[x]` proportional to `exp(-x^2 / (2 variance))`, the discrete
/// Gaussian of Canonne, Kamath and Steinke. A variance of zero gives zeros.
///
/// A candidate has a uniform sign and a magnitude `m < 2^L` whose bits `m_i` are independent
/// coins of odds `exp(-4^i / (2 variance))`: `m` is proposed in proportion to
/// `exp(-sum_i 4^i m_i / (2 variance))`. It is accepted with the probability
/// `exp(-w / (2 variance))`, where `w = m^2 - sum_i 4^i m_i >= 0` collects the products of
/// different bits: what is accepted follows `exp(-m^2 / (2 variance))` exactly. The
/// acceptance coin is a product of one coin `exp(-2^b / (2 variance))` per bit `b` of `w`
/// that is 1. A negative zero is rejected, so that zero is not drawn twice as often.
///
/// Distribution, per number and with `s = distance_bits`: `L` leaves out a mass of
/// `2 exp(-4^L / (2 variance)) <= 2^-(s + 2)`; a candidate takes fewer than `3 L` coins, each
/// off by at most `2^-t` for `t = s + 6 + ceil(log2 L)` digits, and as at least half of the
/// candidates are accepted the accepted one is off by `12 L 2^-t <= 2^-(s + 2)`; too few are
/// accepted with a probability of at most `2^-(s + 1)` for each chunk, in which rejected
/// candidates stand in. Together at most `2^-s` per number. `|x| < 2^L` always, where `2^L`
/// is below 19 standard deviations for 60 bits of distance.
/// Opened: which candidates are accepted. For large variances that is about 0.745 of them, for
/// small ones 0.5; one number takes 32 to 63 candidates for 60 bits of distance, a thousand
/// numbers 1.6 each.
/// Cost per candidate: below `3 L` coins of `t` digits ([`super::bernoulli()`]),
/// [`Protocol::b2a_dot`] of `L + 1` bits, two products, [`Protocol::a2b`] of `2 L` bits, below
/// `5 L` AND gates.
/// Source: Canonne, Kamath, Steinke 2020 (arXiv 2004.00010) for the distribution, its
/// subgaussian tail and acceptance by coins of probability `exp(-x)`; differs: proposals by
/// bits instead of a discrete Laplace distribution, which are accepted more often and leave an
/// integer in the exponent.
///
/// # Errors
/// If a link fails; [`crate::Error::Overflow`] if the ring does not hold `4^L`.
///
/// # Panics
/// If the variance's denominator is zero or the distance out of range.
pub fn discrete_gaussian<P: Protocol>(
    p: &mut P,
    variance: Ratio,
    len: usize,
    distance_bits: u32,
) -> Result<P::AShare> {
    assert!(variance.den > 0, "a denominator of zero");
    assert_distance(distance_bits);
    let bits = discrete_gaussian_bits(variance, distance_bits);
    require_room::<P::Ring>("discrete Gaussian", 2 * bits + 1)?;
    if len == 0 {
        return Ok(p.public(&[]));
    }
    let [out] = in_chunks(p, len, CHUNK, |p, range| {
        Ok([gaussian_chunk(p, variance, range.len(), distance_bits)?])
    })?;
    Ok(out)
}

fn gaussian_chunk<P: Protocol>(
    p: &mut P,
    variance: Ratio,
    len: usize,
    distance_bits: u32,
) -> Result<P::AShare> {
    let bits = discrete_gaussian_bits(variance, distance_bits);
    let count = candidates(len, acceptance(variance, bits), distance_bits);
    let rate = rate(variance);
    let bit = |i| Probability::logistic(2 * i, rate);
    // The least product of two different bits is 2 * 1 * 2.
    let keep = |b| Probability::exp(b, rate);
    let chances: Vec<Probability> = (0..bits).map(bit).chain((2..2 * bits).map(keep)).collect();
    let digits = distance_bits + 6 + log2_ceil(bits);
    let coins = bernoulli(p, &chances, count, digits)?;
    let sign = p.random_bits(count, 1)?;

    let width = bits as usize;
    let magnitude = coins.pick(&(0..width).collect::<Vec<_>>());
    let kept = coins.pick(&(width..chances.len()).collect::<Vec<_>>());
    let (values, products) = values(p, &sign, &magnitude, bits)?;
    let products = p.a2b(&products, 2 * bits)?;
    let products = products.pick(&(2..2 * width).collect::<Vec<_>>());
    let accepted = accepted(p, &sign, magnitude, (&products, kept), bits)?;
    let (index, _) = chosen(&p.reveal_bits(&accepted)?, len);
    Ok(values.gather(&index))
}

/// `L`, the least positive one with `4^L >= 2 variance ln(2) (distance_bits + 3)`: what
/// [`discrete_gaussian`] draws is below `2^L` in magnitude.
#[must_use]
pub fn discrete_gaussian_bits(variance: Ratio, distance_bits: u32) -> u32 {
    // 1.4 is above 2 ln 2.
    let reach = u128::from(variance.num) * 14 * u128::from(distance_bits + 3);
    let suffices = |bits: &u32| (10 * u128::from(variance.den)) << (2 * bits) >= reach;
    (1..).find(suffices).unwrap_or(63)
}

/// `1 / (2 variance)`.
fn rate(variance: Ratio) -> Rate {
    Rate { num: variance.den.into(), den: 2 * u128::from(variance.num) }
}

/// A lower bound, but for rounding, of the probability that a candidate is accepted: the sum
/// of `exp(-x^2 / (2 variance))` over all integers, at least `sqrt(2 pi variance)` by Poisson's
/// summation formula, over twice the product of `1 + odds`.
fn acceptance(variance: Ratio, bits: u32) -> f64 {
    let odds = |i| Probability::exp(2 * i, rate(variance)).to_f64();
    let proposed = (0..bits).fold(2.0, |all, i| all * (1.0 + odds(i)));
    let wide = (std::f64::consts::TAU * variance.num as f64 / variance.den as f64).sqrt();
    wide.max(1.0 + 2.0 * odds(0)) / proposed
}

/// The candidates, and the sums of products of different bits of their magnitudes.
fn values<P: Protocol>(
    p: &mut P,
    sign: &P::BShare,
    magnitude: &P::BShare,
    bits: u32,
) -> Result<(P::AShare, P::AShare)> {
    let count = sign.len();
    let none = vec![P::Ring::ZERO; bits as usize];
    let rows = [
        [vec![P::Ring::ONE], none].concat(),
        [vec![P::Ring::ZERO], powers(1, bits)].concat(),
        [vec![P::Ring::ZERO], powers(2, bits)].concat(),
    ];
    let sums = p.b2a_dot(&P::BShare::stack(&[sign, magnitude]), &rows)?;
    let (sign, sums) = sums.split(count);
    let (mut value, squares) = sums.split(count);
    let factors = P::AShare::concat(&[&sign, &value]);
    let both = p.mul(&factors, &P::AShare::concat(&[&value, &value]))?;
    let (negative, mut products) = both.split(count);
    products -= &squares;
    p.note_bound(&mut products, 0, (1 << (2 * bits)) - 1);
    value -= &negative;
    value -= &negative;
    p.note_bound(&mut value, 1 - (1 << bits), (1 << bits) - 1);
    Ok((value, products))
}

/// Whether every bit of a candidate's products comes with a coin that keeps it, and the
/// candidate is no negative zero.
fn accepted<P: Protocol>(
    p: &mut P,
    sign: &P::BShare,
    mut magnitude: P::BShare,
    (products, mut keep): (&P::BShare, P::BShare),
    bits: u32,
) -> Result<P::BShare> {
    let width = bits as usize;
    not(p, &mut magnitude, width);
    let zero = all_ones(p, &magnitude, width)?;
    not(p, &mut keep, 2 * width - 2);
    let causes = P::BShare::stack(&[products, sign]);
    let mut refused = p.and(&causes, &P::BShare::stack(&[&keep, &zero]))?;
    not(p, &mut refused, 2 * width - 1);
    all_ones(p, &refused, 2 * width - 1)
}

#[cfg(test)]
mod tests {
    use super::{Ratio, acceptance, candidates, discrete_gaussian_bits};

    /// What the stated distance and the stated number of candidates rest on.
    #[test]
    fn at_least_half_of_the_candidates_are_accepted_whatever_the_variance() {
        let (mut fewest, mut most) = (usize::MAX, 0);
        for eighths in -100..160 {
            let variance = f64::from(eighths).exp2().powf(0.125);
            let ratio = Ratio { num: (variance * f64::from(1 << 20)) as u64, den: 1 << 20 };
            let bits = discrete_gaussian_bits(ratio, 60);
            let variance = ratio.num as f64 / f64::from(1 << 20);
            let weight = |x: f64| (-x * x / (2.0 * variance)).exp();
            let all: f64 = (-(1 << bits) + 1..1 << bits).map(|x| weight(f64::from(x))).sum();
            let proposed: f64 = (0..bits).map(|i| 1.0 + weight(f64::from(i).exp2())).product();
            let (exact, bound) = (all / (2.0 * proposed), acceptance(ratio, bits));
            assert!(exact >= bound * (1.0 - 1e-12), "{bound} of {exact} at {variance}");
            assert!((0.5 - 1e-12..0.7475).contains(&bound), "{bound} at {variance}");
            assert!(bits == 1 || f64::from(bits).exp2() < 19.0 * variance.sqrt());
            let count = candidates(1, bound, 60);
            (fewest, most) = (fewest.min(count), most.max(count));
        }
        assert_eq!((fewest, most), (32, 63));
    }
}

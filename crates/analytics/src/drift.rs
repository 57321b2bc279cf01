//! How far two samples are from each other, by their counts in public bins.
//!
//! Whose values they are is known, how many of them are where is not: indices are calculated on
//! shares, and compared there with a public limit if only the verdict is to be known.

use sharewell_mpc::{Protocol, Share};
use sharewell_ring::{Integer, Ring};
use sharewell_tensor::Tensor;
use sharewell_tensor::function::{Base, Logarithm, logarithm};

use crate::Value;
use crate::value::{Fallible, Overflow, bits_of, fits};

/// The counts of one sample.
pub struct Sample<P: Protocol> {
    /// How many values lie below each edge; edges ascend.
    pub below: P::AShare,
    /// How many values there are: one element.
    pub count: P::AShare,
    /// How many there can be.
    pub count_max: u64,
}

impl<P: Protocol> std::fmt::Debug for Sample<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sample(at most {} values, {} edges)", self.count_max, self.below.len())
    }
}

/// An index as a quotient that is not divided yet; the divisor is zero where a sample is empty.
#[derive(Debug)]
pub struct Index<P: Protocol> {
    /// One element, not negative.
    pub numerator: Value<P>,
    /// One element, not negative.
    pub denominator: Value<P>,
}

impl<P: Protocol> Index<P> {
    /// The index itself. Undefined where a sample is empty.
    ///
    /// Error: that of [`Value::div`], none beyond the numerator's if the divisor is one. Cost:
    /// that of the division.
    ///
    /// # Errors
    /// A link's failure outside, [`Overflow`] inside.
    pub fn value(self, p: &mut P) -> Fallible<Value<P>> {
        if (self.denominator.lo, self.denominator.hi) == (1, 1) {
            return Ok(Ok(self.numerator));
        }
        self.numerator.div(p, self.denominator)
    }

    /// 1 if the index is at most `digits / 10^decimals`, or a sample is empty; else 0.
    ///
    /// Exact but for the numerator's error. Cost: a product, [`Protocol::msb`] and
    /// [`Protocol::b2a`] of one element.
    ///
    /// # Errors
    /// A link's failure outside, [`Overflow`] inside.
    pub fn is_within(self, p: &mut P, digits: i128, decimals: i32) -> Fallible<Value<P>> {
        let limit = Value::public(p, digits, decimals, 1);
        let most = fits!(self.denominator.mul(p, limit)?);
        let margin = fits!(most.add(p, self.numerator.neg())?);
        let beyond = p.msb(margin.raw.shares(), margin.bits() + 1)?;
        let mut within = p.public(&[P::Ring::ONE]);
        within -= &p.b2a(&beyond)?;
        Ok(Ok(Value::exact(within, 0, 0, 1)))
    }
}

/// The greatest difference of the samples' cumulative shares at an edge: the statistic of
/// Kolmogorov and Smirnov for two samples, of values known by their bins.
///
/// Exact: `max |a_k n_b - b_k n_a|` over `n_a n_b`. Cost: a product of `2 m + 1` elements for `m`
/// edges and [`Value::extreme`] of `2 m`.
/// Source: Smirnov 1939; on bins it is at most that of the values.
///
/// # Errors
/// A link's failure outside, [`Overflow`] inside.
///
/// # Panics
/// If the samples have other numbers of edges, or none.
pub fn kolmogorov_smirnov<P: Protocol>(
    p: &mut P,
    a: &Sample<P>,
    b: &Sample<P>,
) -> Fallible<Index<P>> {
    let edges = a.below.len();
    assert_eq!(edges, b.below.len(), "edges of two samples");
    let most = i128::from(a.count_max) * i128::from(b.count_max);
    fits!(Overflow::unless("drift", bits_of(0, most) + 1, P::Ring::BITS - 3));
    let each = |count: &P::AShare| count.gather(&vec![0; edges]);
    let left = P::AShare::concat(&[&a.below, &b.below, &a.count]);
    let right = P::AShare::concat(&[&each(&b.count), &each(&a.count), &b.count]);
    let products = p.mul(&left, &right)?;
    let mut gaps = products.take(0..edges);
    gaps -= &products.take(edges..2 * edges);
    p.note_bound(&mut gaps, -most, most);
    let gap = |k: usize| Value::exact(gaps.take(k..k + 1), 0, -most, most);
    let both = (0..edges).flat_map(|k| [gap(k), gap(k).neg()]).collect();
    let greatest = fits!(Value::extreme(p, both, true)?);
    let numerator = bounded(p, greatest, 0, most);
    let denominator = Value::exact(products.take(2 * edges..2 * edges + 1), 0, 0, most);
    Ok(Ok(Index { numerator, denominator: bounded(p, denominator, 0, most) }))
}

/// Fractional bits of a logarithm, and least of a share: errors that no reader of an index sees.
const FRAC_BITS: u32 = 26;

/// The population stability index `sum (p - q) ln(p / q)` over bins, `p` and `q` the samples' shares
/// of a bin after half a value has been added to each.
///
/// Error: below `1e-5` for a hundred bins. Cost: [`logarithm`] and [`Value::div`] of the bins of
/// both samples, and a product.
/// Source: Siddiqi, Credit Risk Scorecards (2006); the symmetric divergence of Jeffreys 1946.
///
/// # Errors
/// A link's failure outside, [`Overflow`] inside.
///
/// # Panics
/// If the samples have other numbers of edges, or none.
pub fn population_stability<P: Protocol>(
    p: &mut P,
    a: &Sample<P>,
    b: &Sample<P>,
) -> Fallible<Index<P>> {
    let bins = a.below.len() + 1;
    assert_eq!(bins, b.below.len() + 1, "edges of two samples");
    let most = 2 * i128::from(a.count_max.max(b.count_max)) + 1;
    let [(x, x_total), (y, y_total)] = [a, b].map(|sample| doubled(p, sample));
    let counts = Value::exact(P::AShare::concat(&[&x, &y]), 0, 1, most);
    let logs = fits!(natural_logarithm(p, &counts)?);
    let total_max = most + bins as i128 - 1;
    let total = P::AShare::concat(&[&x_total, &y_total]);
    let each: Vec<usize> = (0..2 * bins).map(|i| i / bins).collect();
    let total = Value::exact(total.gather(&each), 0, bins as i128, total_max);
    let needs = counts.bits() + total.bits() + FRAC_BITS + 2;
    fits!(Overflow::unless("drift", needs, P::Ring::BITS - 3));
    let share = fits!(counts.div(p, total)?);
    let one = 1i128 << share.raw.frac_bits();
    let slack = (share.absolute / share.unit() + share.relative * one as f64).ceil() as i128 + 1;
    // No total is zero.
    let share = bounded(p, Value { defined: None, ..share }, -slack, one + slack);
    let share = fits!(difference(p, &share, bins)?);
    let log = fits!(difference(p, &logs, bins)?);
    let terms = fits!(share.mul(p, log)?);
    let frac_bits = terms.raw.frac_bits();
    let sum = Tensor::new(terms.raw.shares().sum(1), &[1], frac_bits);
    // Of two distributions, each at least 1 / most in every bin.
    let greatest = 2.0 * (most as f64).ln().ceil() + 1.0;
    let most = (greatest as i128) << frac_bits;
    let absolute = terms.absolute * bins as f64;
    let sum = Value { raw: sum, absolute, ..terms };
    let least = -((absolute / sum.unit()).ceil() as i128) - 1;
    let numerator = bounded(p, sum, least, most);
    Ok(Ok(Index { numerator, denominator: Value::public(p, 1, 0, 1) }))
}

/// Twice the counts of the bins, and one; and the total of these.
fn doubled<P: Protocol>(p: &mut P, sample: &Sample<P>) -> (P::AShare, P::AShare) {
    let edges = sample.below.len();
    let zero = p.public(&[P::Ring::ZERO]);
    let mut counts = P::AShare::concat(&[&sample.below, &sample.count]);
    counts -= &P::AShare::concat(&[&zero, &sample.below]);
    counts.scale(&[P::Ring::from_i128(2)]);
    counts += &p.public(&vec![P::Ring::ONE; edges + 1]);
    p.note_bound(&mut counts, 1, 2 * i128::from(sample.count_max) + 1);
    let mut total = sample.count.clone();
    total.scale(&[P::Ring::from_i128(2)]);
    total += &p.public(&[P::Ring::from_i128(edges as i128 + 1)]);
    (counts, total)
}

/// Of integers that are at least one.
fn natural_logarithm<P: Protocol>(p: &mut P, x: &Value<P>) -> Fallible<Value<P>> {
    let spec = Logarithm { bits: x.bits(), scale: 0, frac_bits: FRAC_BITS, base: Base::E };
    if !spec.fits(P::Ring::BITS) {
        let needs = (x.bits() + 4).max(2 * FRAC_BITS + 4);
        return Ok(Err(Overflow { step: "logarithm", needs, limit: P::Ring::BITS }));
    }
    let (raw, _) = logarithm(p, &x.raw, spec)?;
    let absolute = spec.accuracy(P::Ring::BITS).absolute;
    let slack = (absolute * f64::from(FRAC_BITS).exp2()).ceil() as i128 + 1;
    let hi = (((x.hi as f64).ln().ceil() as i128) << FRAC_BITS) + slack;
    let log = Value { raw, absolute, grain: 1.0 / x.hi as f64, ..x.clone() };
    Ok(Ok(bounded(p, log, -slack, hi)))
}

/// The first `n` cells minus the others.
fn difference<P: Protocol>(p: &mut P, x: &Value<P>, n: usize) -> Fallible<Value<P>> {
    let part = |range| {
        let raw = Tensor::new(x.raw.shares().take(range), &[n], x.raw.frac_bits());
        Value { raw, ..x.clone() }
    };
    let (first, second) = (part(0..n), part(n..2 * n));
    first.add(p, second.neg())
}

fn bounded<P: Protocol>(p: &mut P, x: Value<P>, lo: i128, hi: i128) -> Value<P> {
    let (shape, frac_bits) = (x.raw.shape().to_vec(), x.raw.frac_bits());
    let mut shares = x.raw.into_shares();
    p.note_bound(&mut shares, lo, hi);
    Value { raw: Tensor::new(shares, &shape, frac_bits), lo, hi, ..x }
}

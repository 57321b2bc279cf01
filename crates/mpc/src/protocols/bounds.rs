//! The interpreter of intervals: a share is a range and a rounding error. It yields the
//! proof that nothing can overflow, and the worst error of each output.
//!
//! Setting: no parties, no data; the ranges of the inputs come from the agreed schema.
//! Adversary: none. Source: interval arithmetic (Moore 1966); errors are absolute, in units of
//! the last place.
//!
//! Linear steps may leave the ring and come back: modulo `2^k` that is harmless. What enters
//! a multiplication, a truncation, a comparison or an opening must fit.

use std::collections::VecDeque;
use std::ops::{AddAssign, BitXorAssign, Range, SubAssign};

use sharewell_net::PartyId;
use sharewell_ring::{Dims, Integer, Planes, Z32};

use crate::share::{block_len, blocks};
use crate::{
    Arithmetic, BitShare, Error, Known, Protocol, Result, Rows, Security, Share, Split, Way,
};

/// Where a value lies, and how far it may be from the exact one.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Interval {
    /// Least value; `None` below what 128 bits can say.
    pub lo: Option<i128>,
    /// Greatest value; `None` above what 128 bits can say.
    pub hi: Option<i128>,
    /// Worst absolute error, in units of the last place.
    pub error: f64,
}

impl Interval {
    /// An exact value between two bounds.
    #[must_use]
    pub fn between(lo: i128, hi: i128) -> Self {
        Self { lo: Some(lo), hi: Some(hi), error: 0.0 }
    }

    const UNBOUNDED: Self = Self { lo: None, hi: None, error: f64::INFINITY };

    fn magnitude(&self) -> f64 {
        match (self.lo, self.hi) {
            (Some(lo), Some(hi)) => (lo as f64).abs().max((hi as f64).abs()),
            _ => f64::INFINITY,
        }
    }

    fn add(&self, y: &Self) -> Self {
        let sum = |a: Option<i128>, b: Option<i128>| a?.checked_add(b?);
        Self { lo: sum(self.lo, y.lo), hi: sum(self.hi, y.hi), error: self.error + y.error }
    }

    fn negated(&self) -> Self {
        let flip = |x: Option<i128>| x?.checked_neg();
        Self { lo: flip(self.hi), hi: flip(self.lo), error: self.error }
    }

    fn mul(&self, y: &Self) -> Self {
        let (Some(a), Some(b), Some(c), Some(d)) = (self.lo, self.hi, y.lo, y.hi) else {
            return Self::UNBOUNDED;
        };
        let corners = [a.checked_mul(c), a.checked_mul(d), b.checked_mul(c), b.checked_mul(d)];
        // No error is none, however large what it meets.
        let times = |a: f64, b: f64| if a == 0.0 || b == 0.0 { 0.0 } else { a * b };
        let error = times(self.error, y.magnitude())
            + times(y.error, self.magnitude())
            + times(self.error, y.error);
        let Some(corners) = corners.into_iter().collect::<Option<Vec<_>>>() else {
            return Self { error, ..Self::UNBOUNDED };
        };
        Self { lo: corners.iter().min().copied(), hi: corners.iter().max().copied(), error }
    }

    fn times(&self, n: usize) -> Self {
        let times = |x: Option<i128>| x?.checked_mul(n as i128);
        Self { lo: times(self.lo), hi: times(self.hi), error: self.error * n as f64 }
    }

    fn hull(x: &[Self]) -> Self {
        let first = x.first().copied().unwrap_or(Self::between(0, 0));
        x.iter().fold(first, |hull, x| Self {
            lo: hull.lo.zip(x.lo).map(|(a, b)| a.min(b)),
            hi: hull.hi.zip(x.hi).map(|(a, b)| a.max(b)),
            error: hull.error.max(x.error),
        })
    }

    /// Both bounds together; if they contradict each other, nothing is proven.
    fn within(&self, lo: i128, hi: i128) -> Self {
        let (lo, hi) = (self.lo.map_or(lo, |l| l.max(lo)), self.hi.map_or(hi, |h| h.min(hi)));
        if lo <= hi { Self { error: self.error, ..Self::between(lo, hi) } } else { Self::UNBOUNDED }
    }

    fn fits(&self, bits: u32) -> bool {
        let limit = 1i128.checked_shl(bits - 1).filter(|limit| *limit > 0);
        match (self.lo, self.hi, limit) {
            (Some(lo), Some(hi), Some(limit)) => lo >= -limit && hi < limit,
            (Some(_), Some(_), None) => true,
            _ => false,
        }
    }
}

impl std::fmt::Display for Interval {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.lo, self.hi) {
            (Some(lo), Some(hi)) => write!(f, "[{lo}, {hi}]"),
            _ => f.write_str("beyond 128 bits"),
        }
    }
}

/// The interpreter.
#[derive(Debug)]
pub struct Bounds<R> {
    inputs: VecDeque<Vec<Interval>>,
    outputs: Vec<Interval>,
    ring: std::marker::PhantomData<R>,
}

impl<R: Integer> Bounds<R> {
    /// With the ranges of every input, giver after giver, call after call.
    #[must_use]
    pub fn new(inputs: impl IntoIterator<Item = Vec<Interval>>) -> Self {
        let inputs = inputs.into_iter().collect();
        Self { inputs, outputs: vec![], ring: std::marker::PhantomData }
    }

    /// Ranges and errors of everything opened so far.
    #[must_use]
    pub fn outputs(&self) -> &[Interval] {
        &self.outputs
    }

    fn require(step: &'static str, x: &[Interval], bits: u32) -> Result<()> {
        match x.iter().find(|x| !x.fits(bits)) {
            Some(bound) => {
                let limit = format!("[-2^{0}, 2^{0})", bits - 1);
                Err(Error::Overflow { step, limit, bound: bound.to_string() })
            }
            None => Ok(()),
        }
    }
}

/// A vector of intervals.
#[derive(Clone, Debug)]
pub struct Ranges(pub Vec<Interval>);

impl AddAssign<&Self> for Ranges {
    fn add_assign(&mut self, y: &Self) {
        self.0.iter_mut().zip(&y.0).for_each(|(x, y)| *x = x.add(y));
    }
}
impl SubAssign<&Self> for Ranges {
    fn sub_assign(&mut self, y: &Self) {
        self.0.iter_mut().zip(&y.0).for_each(|(x, y)| *x = x.add(&y.negated()));
    }
}
impl<R: Integer> Share<R> for Ranges {
    fn len(&self) -> usize {
        self.0.len()
    }
    fn scale(&mut self, by: &[R]) {
        for (i, x) in self.0.iter_mut().enumerate() {
            let by = by[if by.len() == 1 { 0 } else { i }].to_i128();
            *x = x.mul(&Interval::between(by, by));
        }
    }
    fn take(&self, range: Range<usize>) -> Self {
        Self(self.0[range].to_vec())
    }
    fn concat(parts: &[&Self]) -> Self {
        Self(parts.iter().flat_map(|p| &p.0).copied().collect())
    }
    fn split(mut self, at: usize) -> (Self, Self) {
        let rest = self.0.split_off(at);
        (self, Self(rest))
    }
    fn gather(&self, index: &[usize]) -> Self {
        Self(index.iter().map(|&i| self.0[i]).collect())
    }
    fn sum(&self, rows: usize) -> Self {
        let sum = |x: &[Interval]| x.iter().fold(Interval::between(0, 0), |sum, x| sum.add(x));
        Self(blocks(&self.0, rows).map(sum).collect())
    }
    fn prefix_sum(&mut self) {
        let mut sum = Interval::between(0, 0);
        for x in &mut self.0 {
            sum = sum.add(x);
            *x = sum;
        }
    }
    fn with_room(&self, len: usize) -> Self {
        let mut out = self.clone();
        out.0.resize(len, Interval::between(0, 0));
        out
    }
    fn put(&mut self, at: usize, part: &Self) {
        self.0[at..at + part.0.len()].copy_from_slice(&part.0);
    }
}

type RangeRows = Rows<Ranges, Shape>;

/// Bits: their shape is all that intervals say of them.
#[derive(Clone, Debug)]
pub struct Shape {
    len: usize,
    width: usize,
}
impl BitXorAssign<&Self> for Shape {
    fn bitxor_assign(&mut self, y: &Self) {
        assert_eq!(self.len, y.len, "planes of different lengths");
        // Public planes of nothing have lost their width.
        assert!(self.len == 0 || self.width == y.width, "planes of different widths");
    }
}
impl BitShare for Shape {
    fn len(&self) -> usize {
        self.len
    }
    fn pick(&self, planes: &[usize]) -> Self {
        Self { width: planes.len(), ..*self }
    }
    fn stack(parts: &[&Self]) -> Self {
        let len = parts.first().map_or(0, |p| p.len);
        Self { len, width: parts.iter().map(|p| p.width).sum() }
    }
    fn gather(&self, index: &[usize]) -> Self {
        Self { len: index.len(), ..*self }
    }
    fn take(&self, range: Range<usize>) -> Self {
        Self { len: range.len(), ..*self }
    }
    fn concat(parts: &[&Self]) -> Self {
        let width = parts.iter().map(|part| part.width).max().unwrap_or(0);
        Self { len: parts.iter().map(|part| part.len).sum(), width }
    }
    fn mask(&mut self, _: &Planes) {}
    fn with_room(&self, len: usize) -> Self {
        Self { len, ..*self }
    }
    fn put(&mut self, _: usize, _: &Self) {}
}

impl<R: Integer> Arithmetic for Bounds<R> {
    type Ring = R;
    type AShare = Ranges;

    const SECURITY: Security = Security::None;

    fn public(&self, x: &[R]) -> Ranges {
        Ranges(x.iter().map(|x| Interval::between(x.to_i128(), x.to_i128())).collect())
    }
    fn input(&mut self, _: &[R], lens: &[usize]) -> Result<Vec<Ranges>> {
        let mut take = |&len: &usize| {
            let ranges = self.inputs.pop_front().unwrap_or_default();
            assert_eq!(ranges.len(), len, "ranges of an input");
            Self::require("input", &ranges, R::BITS)?;
            Ok(Ranges(ranges))
        };
        lens.iter().map(&mut take).collect()
    }
    fn random(&mut self, len: usize) -> Result<Ranges> {
        let unused = 128 - R::BITS;
        let any = Interval::between(i128::MIN >> unused, i128::MAX >> unused);
        Ok(Ranges(vec![any; len]))
    }
    fn mul(&mut self, x: &Ranges, y: &Ranges) -> Result<Ranges> {
        Self::require("mul", &x.0, R::BITS)?;
        Self::require("mul", &y.0, R::BITS)?;
        Ok(Ranges(x.0.iter().zip(&y.0).map(|(x, y)| x.mul(y)).collect()))
    }
    fn dot(&mut self, x: &Ranges, y: &Ranges, rows: usize) -> Result<Ranges> {
        let products = self.mul(x, y)?;
        Ok(Share::<R>::sum(&products, rows))
    }
    fn mul_sum(&mut self, x: &Ranges, y: &Ranges, terms: usize) -> Result<Ranges> {
        let products = self.mul(x, y)?;
        let mut out = Ranges(vec![Interval::between(0, 0); block_len(x.0.len(), terms)]);
        blocks(&products.0, terms).for_each(|block| out += &Ranges(block.to_vec()));
        Ok(out)
    }
    fn matmul(&mut self, x: &Ranges, y: &Ranges, d: Dims) -> Result<Ranges> {
        Self::require("matmul", &x.0, R::BITS)?;
        Self::require("matmul", &y.0, R::BITS)?;
        let bound = Interval::hull(&x.0).mul(&Interval::hull(&y.0)).times(d.k);
        Ok(Ranges(vec![bound; d.m * d.n]))
    }
    fn partial_open(&mut self, x: &Ranges) -> Result<Vec<R>> {
        Self::require("open", &x.0, R::BITS)?;
        self.outputs.extend(&x.0);
        Ok(vec![R::ZERO; x.0.len()])
    }
    fn partial_open_to(&mut self, x: &Ranges, _: &[PartyId]) -> Result<Option<Vec<R>>> {
        self.partial_open(x).map(Some)
    }
    fn verify(&mut self) -> Result<()> {
        Ok(())
    }
    fn fork(&mut self) -> Result<Self> {
        Ok(Self::new(std::mem::take(&mut self.inputs)))
    }
    fn absorb(&mut self, child: Self) {
        self.inputs.extend(child.inputs);
        self.outputs.extend(child.outputs);
    }
    fn repeat(
        &mut self,
        times: usize,
        mut program: impl FnMut(&mut Self, usize) -> Result<()>,
    ) -> Result<()> {
        (0..times.min(1)).try_for_each(|at| program(self, at))
    }
    fn note(&mut self, x: &mut Ranges, known: Known<'_, Ranges>) {
        match known {
            Known::Within(lo, hi) => x.0.iter_mut().for_each(|x| *x = x.within(lo, hi)),
            Known::Between(lo, hi) => {
                for (x, (lo, hi)) in x.0.iter_mut().zip(lo.0.iter().zip(&hi.0)) {
                    *x = Interval { error: x.error, ..Interval::hull(&[*lo, *hi]) };
                }
            }
            Known::OneOf(a, b) => {
                for (x, (a, b)) in x.0.iter_mut().zip(a.0.iter().zip(&b.0)) {
                    *x = Interval::hull(&[*a, *b]);
                }
            }
            Known::Wrapped => {
                let unused = 128 - R::BITS;
                let any = Interval::between(i128::MIN >> unused, i128::MAX >> unused);
                for x in x.0.iter_mut().filter(|x| !x.fits(R::BITS)) {
                    *x = Interval { error: x.error, ..any };
                }
            }
            Known::Error(own, arguments) => {
                let moved = |(x, by): &(&Ranges, f64)| match Interval::hull(&x.0).error {
                    0.0 => 0.0,
                    error => error * by,
                };
                let error = own + arguments.iter().map(moved).sum::<f64>();
                x.0.iter_mut().for_each(|x| x.error = error);
            }
        }
    }
    fn require_bound(&mut self, step: &'static str, x: &Ranges, lo: i128, hi: i128) -> Result<()> {
        let inside = |x: &&Interval| x.lo.is_some_and(|l| l >= lo) && x.hi.is_some_and(|h| h <= hi);
        match x.0.iter().find(|x| !inside(x)) {
            Some(x) => {
                let limit = Interval::between(lo, hi).to_string();
                Err(Error::Overflow { step, limit, bound: x.to_string() })
            }
            None => Ok(()),
        }
    }
}

impl<R: Integer> Protocol for Bounds<R> {
    type BShare = Shape;
    type Shuffle = ();
    type Index = Bounds<Z32>;

    fn public_bits(&self, x: &Planes) -> Shape {
        Shape { len: x.len(), width: x.width() }
    }
    fn random_bits(&mut self, len: usize, width: usize) -> Result<Shape> {
        Ok(Shape { len, width })
    }
    fn and(&mut self, x: &Shape, _: &Shape) -> Result<Shape> {
        Ok(x.clone())
    }
    fn partial_open_bits(&mut self, x: &Shape) -> Result<Planes> {
        Ok(Planes::zero(x.len, x.width))
    }
    fn summands(&mut self, x: &Ranges, bits: u32, _: Split) -> Result<(Shape, Shape)> {
        let shape = Shape { len: x.0.len(), width: bits as usize };
        Ok((shape.clone(), shape))
    }
    fn b2a(&mut self, x: &Shape) -> Result<Ranges> {
        Ok(Ranges(vec![Interval::between(0, 1); x.len * x.width]))
    }
    fn one_hot(&mut self, x: &Shape, width: usize) -> Result<Ranges> {
        Ok(Ranges(vec![Interval::between(0, 1); x.len << width]))
    }
    /// Places among the rows, whatever the digits: a sort's passes are most of what is counted here.
    fn destinations(&mut self, _: &Ranges, n: usize) -> Result<Ranges> {
        let most = n as i128;
        Self::require("destinations", &[Interval::between(-most, most)], R::BITS)?;
        Ok(Ranges(vec![Interval::between(0, most - 1); n]))
    }
    fn index(&mut self) -> Result<Bounds<Z32>> {
        Ok(Bounds::new(vec![]))
    }
    fn absorb_index(&mut self, child: Bounds<Z32>) {
        self.outputs.extend(child.outputs);
    }
    fn draw_shuffle(&mut self, _: usize) -> Result<()> {
        Ok(())
    }
    /// Any row may come to any place.
    fn shuffle(&mut self, (): &(), _: Way, rows: RangeRows) -> Result<RangeRows> {
        let anywhere = |x: Ranges| Ranges(vec![Interval::hull(&x.0); x.0.len()]);
        Ok(Rows { ints: rows.ints.into_iter().map(anywhere).collect(), ..rows })
    }
    fn shuffle_open(
        &mut self,
        by: &(),
        to: Ranges,
        rows: RangeRows,
    ) -> Result<(Vec<usize>, RangeRows)> {
        Self::require("shuffle_open", &to.0, R::BITS)?;
        Ok(((0..to.0.len()).collect(), self.shuffle(by, Way::Forward, rows)?))
    }
    fn trunc(&mut self, x: &Ranges, by: u32) -> Result<Ranges> {
        if by == 0 {
            return Ok(x.clone());
        }
        Self::require("trunc", &x.0, R::BITS - 1)?;
        let shift = |x: &Interval| Interval {
            lo: x.lo.map(|lo| lo >> by),
            hi: x.hi.map(|hi| (hi >> by) + 1),
            error: x.error / 2f64.powi(by as i32) + 1.0,
        };
        Ok(Ranges(x.0.iter().map(shift).collect()))
    }
    fn trunc_exact(&mut self, x: &Ranges, by: u32) -> Result<Ranges> {
        let mut out = self.trunc(x, by)?;
        out.0.iter_mut().zip(&x.0).for_each(|(out, x)| out.hi = x.hi.map(|hi| hi >> by));
        Ok(out)
    }
    fn matmul_trunc_within(
        &mut self,
        x: &Ranges,
        y: &Ranges,
        d: Dims,
        (by, most): (u32, i128),
    ) -> Result<Ranges> {
        let mut wide = self.matmul(x, y, d)?;
        self.note_bound(&mut wide, -most, most);
        self.trunc(&wide, by)
    }
    fn msb(&mut self, x: &Ranges, bits: u32) -> Result<Shape> {
        Self::require("msb", &x.0, bits)?;
        Ok(Shape { len: x.0.len(), width: 1 })
    }
    fn is_zero(&mut self, x: &Ranges, bits: u32) -> Result<Shape> {
        let small = |x: Option<i128>| {
            x.is_some_and(|x| x.unsigned_abs().checked_shr(bits).unwrap_or(0) == 0)
        };
        match x.0.iter().find(|x| !small(x.lo) || !small(x.hi)) {
            Some(bound) => {
                let limit = format!("(-2^{bits}, 2^{bits})");
                Err(Error::Overflow { step: "is_zero", limit, bound: bound.to_string() })
            }
            None => Ok(Shape { len: x.0.len(), width: 1 }),
        }
    }
}

//! The interpreter of intervals: a share is a range and a rounding error. It yields the
//! proof that nothing can overflow, and the worst error of each output.
//!
//! Setting: no parties, no data; the ranges of the inputs come from the agreed schema.
//! Adversary: none. Source: interval arithmetic (Moore 1966); errors are absolute, in units of
//! the last place.
//!
//! Linear steps may leave the ring and come back: modulo `2^k` that is harmless. What enters
//! a multiplication, a truncation, a comparison or an opening must fit.

mod interval;
mod ranges;

use std::collections::VecDeque;
use std::ops::{BitXorAssign, Range};

use sharewell_net::PartyId;
use sharewell_ring::{Dims, Integer, Planes, Z32};

pub use interval::Interval;
pub use ranges::Ranges;

use crate::share::block_len;
use crate::{
    Arithmetic, BitShare, Error, Known, Protocol, Result, Rows, Security, Share, Split, Way,
};

/// The interpreter.
#[derive(Debug)]
pub struct Bounds<R> {
    inputs: VecDeque<Ranges>,
    outputs: Vec<Interval>,
    ring: std::marker::PhantomData<R>,
}

impl<R: Integer> Bounds<R> {
    /// With the ranges of every input, giver after giver, call after call.
    #[must_use]
    pub fn new(inputs: impl IntoIterator<Item = impl Into<Ranges>>) -> Self {
        let inputs = inputs.into_iter().map(Into::into).collect();
        Self { inputs, outputs: vec![], ring: std::marker::PhantomData }
    }

    /// Ranges and errors of everything opened so far.
    #[must_use]
    pub fn outputs(&self) -> &[Interval] {
        &self.outputs
    }

    fn require(step: &'static str, x: &Ranges, bits: u32) -> Result<()> {
        match x.each().find(|x| !x.fits(bits)) {
            Some(bound) => {
                let limit = format!("[-2^{0}, 2^{0})", bits - 1);
                Err(Error::Overflow { step, limit, bound: bound.to_string() })
            }
            None => Ok(()),
        }
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
        x.iter().map(|x| Interval::between(x.to_i128(), x.to_i128())).collect()
    }
    fn input(&mut self, _: &[R], lens: &[usize]) -> Result<Vec<Ranges>> {
        let mut take = |&len: &usize| {
            let ranges = self.inputs.pop_front().unwrap_or_default();
            assert_eq!(ranges.size(), len, "ranges of an input");
            Self::require("input", &ranges, R::BITS)?;
            Ok(ranges)
        };
        lens.iter().map(&mut take).collect()
    }
    fn random(&mut self, len: usize) -> Result<Ranges> {
        let unused = 128 - R::BITS;
        let any = Interval::between(i128::MIN >> unused, i128::MAX >> unused);
        Ok(Ranges::uniform(len, any))
    }
    fn mul(&mut self, x: &Ranges, y: &Ranges) -> Result<Ranges> {
        Self::require("mul", x, R::BITS)?;
        Self::require("mul", y, R::BITS)?;
        Ok(x.zip(y, Interval::mul))
    }
    fn dot(&mut self, x: &Ranges, y: &Ranges, rows: usize) -> Result<Ranges> {
        let products = self.mul(x, y)?;
        Ok(Share::<R>::sum(&products, rows))
    }
    fn mul_sum(&mut self, x: &Ranges, y: &Ranges, terms: usize) -> Result<Ranges> {
        let products = self.mul(x, y)?;
        let none = Interval::between(0, 0);
        let mut out = Ranges::uniform(block_len(x.size(), terms), none);
        products.blocks(terms).for_each(|block| out += &block);
        Ok(out)
    }
    fn matmul(&mut self, x: &Ranges, y: &Ranges, d: Dims) -> Result<Ranges> {
        Self::require("matmul", x, R::BITS)?;
        Self::require("matmul", y, R::BITS)?;
        Ok(Ranges::uniform(d.m * d.n, x.hull().mul(&y.hull()).times(d.k)))
    }
    fn partial_open(&mut self, x: &Ranges) -> Result<Vec<R>> {
        Self::require("open", x, R::BITS)?;
        self.outputs.extend(x.elements());
        Ok(vec![R::ZERO; x.size()])
    }
    fn partial_open_to(&mut self, x: &Ranges, _: &[PartyId]) -> Result<Option<Vec<R>>> {
        self.partial_open(x).map(Some)
    }
    fn verify(&mut self) -> Result<()> {
        Ok(())
    }
    fn fork(&mut self) -> Result<Self> {
        Ok(Self { inputs: std::mem::take(&mut self.inputs), ..Self::new(Vec::<Ranges>::new()) })
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
        *x = match known {
            Known::Within(lo, hi) => x.map(|x| x.within(lo, hi)),
            Known::Between(lo, hi) => {
                let hulls = lo.zip(hi, |lo, hi| Interval::hull([lo, hi]));
                x.zip(&hulls, |x, hull| Interval { error: x.error, ..*hull })
            }
            Known::OneOf(a, b) => a.zip(b, |a, b| Interval::hull([a, b])),
            Known::Wrapped => {
                let unused = 128 - R::BITS;
                let any = Interval::between(i128::MIN >> unused, i128::MAX >> unused);
                x.map(|x| if x.fits(R::BITS) { *x } else { Interval { error: x.error, ..any } })
            }
            Known::Error(own, arguments) => {
                let moved = |(x, by): &(&Ranges, f64)| match x.hull().error {
                    0.0 => 0.0,
                    error => error * by,
                };
                let error = own + arguments.iter().map(moved).sum::<f64>();
                x.map(|x| Interval { error, ..*x })
            }
        };
    }
    fn require_bound(&mut self, step: &'static str, x: &Ranges, lo: i128, hi: i128) -> Result<()> {
        let inside = |x: &&Interval| x.lo.is_some_and(|l| l >= lo) && x.hi.is_some_and(|h| h <= hi);
        match x.each().find(|x| !inside(x)) {
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
        let shape = Shape { len: x.size(), width: bits as usize };
        Ok((shape.clone(), shape))
    }
    fn b2a(&mut self, x: &Shape) -> Result<Ranges> {
        Ok(Ranges::uniform(x.len * x.width, Interval::between(0, 1)))
    }
    fn one_hot(&mut self, x: &Shape, width: usize) -> Result<Ranges> {
        Ok(Ranges::uniform(x.len << width, Interval::between(0, 1)))
    }
    /// Places among the rows, whatever the digits: a sort's passes are most of what is counted here.
    fn destinations(&mut self, _: &Ranges, n: usize) -> Result<Ranges> {
        let most = n as i128;
        let places = Ranges::uniform(n, Interval::between(0, most - 1));
        Self::require("destinations", &places, R::BITS)?;
        Ok(places)
    }
    fn index(&mut self) -> Result<Bounds<Z32>> {
        Ok(Bounds::new(Vec::<Ranges>::new()))
    }
    fn absorb_index(&mut self, child: Bounds<Z32>) {
        self.outputs.extend(child.outputs);
    }
    fn draw_shuffle(&mut self, _: usize) -> Result<()> {
        Ok(())
    }
    /// Any row may come to any place.
    fn shuffle(&mut self, (): &(), _: Way, rows: RangeRows) -> Result<RangeRows> {
        let anywhere = |x: Ranges| Ranges::uniform(x.size(), x.hull());
        Ok(Rows { ints: rows.ints.into_iter().map(anywhere).collect(), ..rows })
    }
    fn shuffle_open(
        &mut self,
        by: &(),
        to: Ranges,
        rows: RangeRows,
    ) -> Result<(Vec<usize>, RangeRows)> {
        Self::require("shuffle_open", &to, R::BITS)?;
        Ok(((0..to.size()).collect(), self.shuffle(by, Way::Forward, rows)?))
    }
    fn trunc(&mut self, x: &Ranges, by: u32) -> Result<Ranges> {
        if by == 0 {
            return Ok(x.clone());
        }
        Self::require("trunc", x, R::BITS - 1)?;
        let shift = |x: &Interval| Interval {
            lo: x.lo.map(|lo| lo >> by),
            hi: x.hi.map(|hi| (hi >> by) + 1),
            error: x.error / 2f64.powi(by as i32) + 1.0,
        };
        Ok(x.map(shift))
    }
    fn trunc_exact(&mut self, x: &Ranges, by: u32) -> Result<Ranges> {
        let out = self.trunc(x, by)?;
        Ok(out.zip(x, |out, x| Interval { hi: x.hi.map(|hi| hi >> by), ..*out }))
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
        Self::require("msb", x, bits)?;
        Ok(Shape { len: x.size(), width: 1 })
    }
    fn is_zero(&mut self, x: &Ranges, bits: u32) -> Result<Shape> {
        let small = |x: Option<i128>| {
            x.is_some_and(|x| x.unsigned_abs().checked_shr(bits).unwrap_or(0) == 0)
        };
        match x.each().find(|x| !small(x.lo) || !small(x.hi)) {
            Some(bound) => {
                let limit = format!("(-2^{bits}, 2^{bits})");
                Err(Error::Overflow { step: "is_zero", limit, bound: bound.to_string() })
            }
            None => Ok(Shape { len: x.size(), width: 1 }),
        }
    }
}

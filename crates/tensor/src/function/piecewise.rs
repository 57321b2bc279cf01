//! Odd functions by polynomials in pieces: all thresholds at once on one conversion to bits.
//!
//! The argument's sign and the piece that its magnitude lies in become shares of 0 and 1. What
//! a piece has for itself (its place, its width, its coefficients) is a sum of these bits times
//! public numbers, hence local. The polynomial is in the distance `t` from the piece's middle
//! in units of about half its width, so `|t| <= 1`: powers never grow, and an argument beyond
//! the last piece is multiplied by zero before it could.
//!
//! The bits are those above `2^-margin_bits`, without the carry of the lower ones: an argument
//! may be taken for one a little beside it, so every piece holds a margin beyond its ends. Which
//! of two pieces serves an argument there depends on the shares, as the last bit of a result
//! does (`docs/truncation.md`): both are within the error stated.
//!
//! Source: polynomials in pieces selected by comparison bits as in ABY3 (eprint 2018/403)
//! 5.4.2; tables from `crates/tensor/fits/fit.py`.

use sharewell_mpc::circuit::{self, Below};
use sharewell_mpc::{BitShare, Protocol, Result, Share};
use sharewell_ring::{Integer, Ring};

use super::division::Accuracy;
use super::polynomial::{add_scaled, constant, pieces, power_error, powers};
use super::reciprocal::scaled;
use crate::Tensor;

/// What is promised of a function's argument.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    /// `|x| < 2^bits`, as an integer at its own scale.
    pub bits: u32,
    /// That scale.
    pub frac_bits: u32,
}

/// A polynomial in `(x - middle) / 2^shift`, lowest power first.
#[derive(Debug)]
pub(crate) struct Piece {
    /// Where it ends, in units; it begins where the last one ends.
    pub(crate) end: u64,
    pub(crate) shift: i32,
    pub(crate) coefficients: &'static [f64],
}

/// An odd function.
#[derive(Debug)]
pub(crate) struct Curve {
    /// A unit of the pieces' ends is `2^-unit_bits`.
    pub(crate) unit_bits: u32,
    /// Pieces hold `2^-margin_bits` beyond their ends.
    pub(crate) margin_bits: u32,
    /// The pieces are of `1/2 - |x|` instead of `|x|`; then `|x| <= 1/2`.
    pub(crate) folded: bool,
    pub(crate) pieces: &'static [Piece],
    /// The value beyond the last piece.
    pub(crate) tail: f64,
    /// The worst error of pieces, margins and tail.
    pub(crate) error: f64,
    /// Values are below `2^value_bits`.
    pub(crate) value_bits: u32,
}

/// Bits of the coefficients: more than that a double cannot show.
const PRECISION_MAX: u32 = 50;

/// A curve on an argument in a ring: what of it is needed, and at which scales.
struct Plan<'a> {
    curve: &'a Curve,
    /// Scale at which the argument is compared, and the bits of its magnitude there.
    scale: u32,
    bits: u32,
    /// Pieces that an argument can lie in, and whether it can lie beyond them.
    pieces: &'a [Piece],
    beyond: bool,
    /// `t` is made at scale `scale + finest`.
    finest: i32,
    /// Scale of powers and coefficients.
    precision: u32,
}

impl Curve {
    fn plan(&self, x: Argument, ring_bits: u32) -> Plan<'_> {
        let scale = x.frac_bits.max(self.margin_bits + 1);
        let bits = (x.bits + scale - x.frac_bits).max(scale - self.margin_bits);
        let most = if self.folded { 1 << (scale - 1) } else { 1u128 << bits };
        let reached = |end: u64| u128::from(end) << (scale - self.unit_bits) < most;
        let passed = self.pieces.iter().filter(|piece| reached(piece.end)).count();
        let pieces = &self.pieces[..self.pieces.len().min(passed + 1)];
        let finest = pieces.iter().map(|piece| piece.shift).max().unwrap_or(0);
        let precision = PRECISION_MAX.min((ring_bits - 4 - self.value_bits) / 2);
        Plan {
            curve: self,
            scale,
            bits,
            pieces,
            beyond: passed == self.pieces.len(),
            finest,
            precision,
        }
    }

    /// Whether a ring of so many bits holds every intermediate value.
    pub(crate) fn fits(&self, x: Argument, frac_bits: u32, ring_bits: u32) -> bool {
        if x.frac_bits > 100 || x.bits > 100 {
            return false;
        }
        let plan = self.plan(x, ring_bits);
        let start = std::iter::once(0).chain(plan.pieces.iter().map(|piece| piece.end));
        // The argument times its piece's power of two, at most at the piece's far end.
        let widest = start.skip(1).zip(plan.pieces).map(|(end, piece)| {
            (64 - end.leading_zeros()) as i32 - self.unit_bits as i32 - piece.shift
        });
        let wide = plan.scale as i32 + plan.finest + widest.max().unwrap_or(0);
        plan.bits + 2 <= ring_bits && wide + 3 <= ring_bits as i32 && frac_bits <= plan.precision
    }

    /// The worst error.
    pub(crate) fn worst_error(&self, x: Argument, frac_bits: u32, ring_bits: u32) -> f64 {
        let plan = self.plan(x, ring_bits);
        let of_t = f64::from(u8::from(plan.scale as i32 + plan.finest > plan.precision as i32));
        let degree = plan.degree();
        let most = |power: usize| {
            let of = |piece: &Piece| piece.coefficients.get(power).map_or(0.0, |c| c.abs());
            plan.pieces.iter().map(of).fold(0.0, f64::max)
        };
        let powers = (1..=degree).map(|k| most(k) * power_error(k, 1.0, of_t)).sum::<f64>();
        // Coefficients are off by half a unit each.
        let units = powers + (degree as f64 + 1.0) / 2.0;
        self.error + (-f64::from(frac_bits)).exp2() + units * (-f64::from(plan.precision)).exp2()
    }

    /// The function of each element, at scale `frac_bits`.
    ///
    /// Cost, for `m` thresholds that the argument can pass and degree `d`:
    /// [`circuit::high_bits`], [`circuit::less_than_public`], [`Protocol::b2a`] of `m + 1`
    /// planes, up to two products, [`powers`], one `mul_sum` and one [`Protocol::mul_trunc`].
    ///
    /// # Errors
    /// If a link fails.
    pub(crate) fn evaluate<P: Protocol>(
        &self,
        p: &mut P,
        x: &Tensor<P>,
        argument: Argument,
        frac_bits: u32,
    ) -> Result<Tensor<P>> {
        let plan = self.plan(argument, P::Ring::BITS);
        let limit = (1i128 << argument.bits) - 1;
        p.require_bound("piecewise", x.shares(), -limit, limit)?;
        let wide = x.clone().rescale_up(plan.scale).into_shares();
        let (sign, below) = plan.place(p, &wide)?;
        let t = plan.distance(p, &wide, &sign, &below)?;
        let sum = plan.polynomial(p, &t, &below)?;
        let mut y = p.mul_trunc(&sign, &sum, 2 * plan.precision - frac_bits)?;
        let most = (f64::from(self.value_bits) + f64::from(frac_bits)).exp2() as i128;
        p.note_bound(&mut y, -most, most);
        Ok(Tensor::new(y, x.shape(), frac_bits))
    }
}

impl Plan<'_> {
    fn degree(&self) -> usize {
        self.pieces.iter().map(|piece| piece.coefficients.len() - 1).max().unwrap_or(0)
    }

    /// Bits left out of the comparison.
    fn drop(&self) -> u32 {
        self.scale - self.curve.margin_bits - 1
    }

    fn thresholds(&self) -> usize {
        self.pieces.len() - usize::from(!self.beyond)
    }

    /// 1 or -1, and for each threshold whether the magnitude is below it.
    fn place<P: Protocol>(&self, p: &mut P, x: &P::AShare) -> Result<(P::AShare, Vec<P::AShare>)> {
        let drop = self.drop();
        // One bit for the sign, one for the carry left out.
        let width = (self.bits + 2 - drop) as usize;
        let high = circuit::high_bits(p, x, self.bits + 2, drop)?;
        let sign = high.pick(&[width - 1]);
        // Of a negative number the complement: its magnitude less one unit.
        let mut magnitude = high.pick(&(0..width - 1).collect::<Vec<_>>());
        magnitude ^= &sign.pick(&vec![0; width - 1]);
        let mut width = width - 1;
        let mut from = 0;
        if self.curve.folded {
            // 1 - |x| instead, compared with as much above 1/2.
            width = (self.scale - drop) as usize;
            from = 1 << (width - 1);
            magnitude = magnitude.pick(&(0..width).collect::<Vec<_>>());
            circuit::not(p, &mut magnitude, width);
        }
        let by = self.curve.margin_bits + 1 - self.curve.unit_bits;
        let ends = self.pieces[..self.thresholds()].iter().map(|piece| u128::from(piece.end) << by);
        let questions: Vec<Below> =
            ends.map(|end| Below { low: 0, width, limit: from + end }).collect();
        let mut bits = sign;
        if !questions.is_empty() {
            let below = circuit::less_than_public(p, &magnitude, &questions)?;
            bits = P::BShare::stack(&[&bits, &below]);
        }
        let mut shares = pieces::<P>(&p.b2a(&bits)?, questions.len() + 1);
        let below = shares.split_off(1);
        let mut sign = constant(p, P::Ring::ONE, x.len());
        add_scaled(&mut sign, &shares[0], P::Ring::from_i128(-2));
        p.note_bound(&mut sign, -1, 1);
        Ok((sign, below))
    }

    /// What the piece that an element lies in has, and what there is beyond the last one.
    fn selected<P: Protocol>(
        &self,
        p: &mut P,
        below: &[P::AShare],
        len: usize,
        of: impl Fn(Option<&Piece>) -> i128,
    ) -> P::AShare {
        let beyond = self.beyond.then_some(None);
        let values: Vec<i128> = self.pieces.iter().map(Some).chain(beyond).map(of).collect();
        let mut out = constant(p, P::Ring::from_i128(values[below.len()]), len);
        for (below, pair) in below.iter().zip(values.windows(2)) {
            add_scaled(&mut out, below, P::Ring::from_i128(pair[0] - pair[1]));
        }
        let (least, most) = (values.iter().min(), values.iter().max());
        p.note_bound(&mut out, least.copied().unwrap_or(0), most.copied().unwrap_or(0));
        out
    }

    /// `|x|`, or `1/2 - |x|`, with the sign that was found.
    fn magnitude<P: Protocol>(
        &self,
        p: &mut P,
        x: &P::AShare,
        sign: &P::AShare,
    ) -> Result<P::AShare> {
        // That of a number near zero may be the wrong one.
        let margin = 2i128 << self.drop();
        let mut magnitude = p.mul(sign, x)?;
        p.note_bound(&mut magnitude, -margin, 1 << self.bits);
        if !self.curve.folded {
            return Ok(magnitude);
        }
        let mut rest = constant(p, P::Ring::ONE.shl(self.scale - 1), x.len());
        rest -= &magnitude;
        p.note_bound(&mut rest, 0, (1 << (self.scale - 1)) + margin);
        Ok(rest)
    }

    /// `t` at scale `precision`.
    fn distance<P: Protocol>(
        &self,
        p: &mut P,
        x: &P::AShare,
        sign: &P::AShare,
        below: &[P::AShare],
    ) -> Result<P::AShare> {
        let len = x.len();
        let mut magnitude = self.magnitude(p, x, sign)?;
        let power = |piece: &Piece| 1i128 << (self.finest - piece.shift);
        let mut t = if below.is_empty() {
            magnitude.scale(&[P::Ring::from_i128(power(&self.pieces[0]))]);
            magnitude
        } else {
            let by = self.selected(p, below, len, |piece| piece.map_or(0, power));
            p.mul(&magnitude, &by)?
        };
        // Twice the middle is the sum of the ends.
        let starts = |piece: &Piece| {
            let before = self.pieces.iter().map(|piece| piece.end).filter(|end| *end < piece.end);
            before.max().unwrap_or(0)
        };
        let up = self.scale - self.curve.unit_bits - 1;
        let middle = |piece: &Piece| (i128::from(starts(piece) + piece.end) << up) * power(piece);
        t -= &self.selected(p, below, len, |piece| piece.map_or(0, middle));
        let scale = self.scale as i32 + self.finest;
        let one = 1i128 << scale;
        p.note_bound(&mut t, -one, one);
        let finer = self.precision as i32 - scale;
        if finer < 0 {
            return p.trunc(&t, finer.unsigned_abs());
        }
        t.scale(&[P::Ring::ONE.shl(finer.unsigned_abs())]);
        Ok(t)
    }

    /// The piece's polynomial of `t` at twice the precision.
    fn polynomial<P: Protocol>(
        &self,
        p: &mut P,
        t: &P::AShare,
        below: &[P::AShare],
    ) -> Result<P::AShare> {
        let (len, degree) = (t.len(), self.degree());
        let coefficient = |k: usize| {
            move |piece: Option<&Piece>| {
                let tail = if k == 0 { self.curve.tail } else { 0.0 };
                let c =
                    piece.map_or(tail, |piece| piece.coefficients.get(k).copied().unwrap_or(0.0));
                scaled::<P::Ring>(c, self.precision).to_i128()
            }
        };
        let powers = powers(p, t, degree, self.precision)?;
        let factors: Vec<P::AShare> =
            (1..=degree).map(|k| self.selected(p, below, len, coefficient(k))).collect();
        let [factors, powers] =
            [factors, powers].map(|x| P::AShare::concat(&x.iter().collect::<Vec<_>>()));
        let mut sum = p.mul_sum(&factors, &powers, degree)?;
        let first = self.selected(p, below, len, coefficient(0));
        add_scaled(&mut sum, &first, P::Ring::ONE.shl(self.precision));
        let most = (f64::from(2 * self.precision + self.curve.value_bits)).exp2() as i128;
        p.note_bound(&mut sum, -most, most);
        Ok(sum)
    }
}

/// Notes that elements are probabilities, but for an error.
pub(crate) fn note_probability<P: Protocol>(
    p: &mut P,
    x: &mut P::AShare,
    (error, frac_bits): (f64, u32),
    argument: (&P::AShare, u32, f64),
) {
    let slack = (error * f64::from(frac_bits).exp2()).ceil() as i128;
    p.note_bound(x, -slack, (1 << frac_bits) + slack);
    note_error(p, x, (error, frac_bits), argument);
}

/// Notes an error, given the argument, its scale, and the greatest slope.
pub(crate) fn note_error<P: Protocol>(
    p: &mut P,
    x: &mut P::AShare,
    (absolute, frac_bits): (f64, u32),
    (argument, argument_frac_bits, slope): (&P::AShare, u32, f64),
) {
    let moved = slope * (f64::from(frac_bits) - f64::from(argument_frac_bits)).exp2();
    let own = Accuracy { absolute, relative: 0.0 };
    own.note(p, x, (0.0, frac_bits), &[(argument, moved)]);
}

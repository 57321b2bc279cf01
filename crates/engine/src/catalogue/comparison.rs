//! Order, equality, choice.

use sharewell_mpc::circuit::{self, Extreme, Rows};
use sharewell_mpc::{Protocol, Result};
use sharewell_ring::Integer;

use super::check::{all, exact};
use super::ring::ARAKI;
use super::{Card, Draw, Given, Operand, Operation, Secret, Visitor, Wrong, bits, integers};

pub(super) fn each(visitor: &mut impl Visitor) {
    visitor.visit(&Msb);
    let less_than = |name, range, bits| LessThan { name, range, bits };
    visitor.visit(&less_than("less_than", "signed, k-1 bits", |k| k - 1));
    visitor.visit(&less_than("less_than 32-bit", "signed, 32 bits", |_| 32));
    visitor.visit(&less_than("less_than of all bits", "any", |k| k));
    visitor.visit(&Equal);
    visitor.visit(&IsZero);
    visitor.visit(&Select);
    visitor.visit(&Choose);
    visitor.visit(&Pair::Min);
    visitor.visit(&Pair::Max);
    visitor.visit(&OfSign::Sign);
    visitor.visit(&OfSign::Abs);
    visitor.visit(&OfSign::Relu);
    visitor.visit(&Clamp);
    visitor.visit(&GreatestOfRows);
    visitor.visit(&Argmax);
    visitor.visit(&TopTen);
}

const LESS_THAN: &str =
    "two summands as in ABY3 (eprint 2018/403) 5.3; carries of blocks, Brent and Kung 1982";

const EQUAL: &str = "summands of ABY3 (eprint 2018/403) 5.3, then a tree of ANDs";

fn card(name: &'static str, what: &'static str, range: &str, source: &'static str) -> Card {
    Card { name, what, range: range.into(), source, ..Card::of("Comparison", 1_000_000) }
}

struct Msb;
impl Operation for Msb {
    fn card(&self) -> Card {
        card("msb", "the signs of n integers", "any", LESS_THAN)
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        vec![draw.signed(n, R::BITS)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        Ok(bits(p.msb(on.integers(0), P::Ring::BITS)?))
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        all(&z[0], n, |i| exact((x[0].at(i) < 0).into()))
    }
}

/// Of integers with as many bits, by those of the ring.
struct LessThan {
    name: &'static str,
    range: &'static str,
    bits: fn(u32) -> u32,
}
impl Operation for LessThan {
    fn card(&self) -> Card {
        card(self.name, "n tests of x < y", self.range, LESS_THAN)
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        [(); 2].map(|()| draw.signed(n, (self.bits)(R::BITS))).into()
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let (x, y, bits_of) = (on.integers(0), on.integers(1), self.bits);
        Ok(bits(circuit::less_than(p, x, y, bits_of(P::Ring::BITS))?))
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        all(&z[0], n, |i| exact((x[0].at(i) < x[1].at(i)).into()))
    }
}

struct Equal;
impl Operation for Equal {
    fn card(&self) -> Card {
        card("equal", "n tests of x = y", "any", EQUAL)
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        [(); 2].map(|()| draw.signed(n, R::BITS)).into()
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        Ok(bits(circuit::equal(p, on.integers(0), on.integers(1), P::Ring::BITS)?))
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        all(&z[0], n, |i| exact((x[0].at(i) == x[1].at(i)).into()))
    }
}

struct IsZero;
impl Operation for IsZero {
    fn card(&self) -> Card {
        card("is_zero", "n tests of x = 0", "any", EQUAL)
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        vec![draw.signed(n, R::BITS)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        Ok(bits(p.is_zero(on.integers(0), P::Ring::BITS)?))
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        all(&z[0], n, |i| exact((x[0].at(i) == 0).into()))
    }
}

struct Select;
impl Operation for Select {
    fn card(&self) -> Card {
        let source = "bit times number, after ABY3 (eprint 2018/403) 5.4";
        card("select", "n choices between x and y by a secret bit", "any", source)
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        let [x, y] = [(); 2].map(|()| draw.signed(n, R::BITS));
        vec![x, y, draw.bits(n, 1)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        Ok(integers(circuit::select(p, on.bits(2), on.integers(0), on.integers(1))?))
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        all(&z[0], n, |i| exact(if x[2].at(i) == 1 { x[0].at(i) } else { x[1].at(i) }))
    }
}

/// By a bit that is a ring element already.
struct Choose;
impl Operation for Choose {
    fn card(&self) -> Card {
        let what = "n choices between x and y by a secret 0 or 1";
        card("choose", what, "any", ARAKI)
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        let [x, y] = [(); 2].map(|()| draw.signed(n, R::BITS));
        vec![x, y, draw.integers(n, 0, 1)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let [x, y, c] = [0, 1, 2].map(|at| on.integers(at));
        Ok(integers(circuit::choose(p, c, x, y)?))
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        Select.check(n, x, z)
    }
}

/// Of a pair.
enum Pair {
    Min,
    Max,
}
impl Operation for Pair {
    fn card(&self) -> Card {
        let (name, what) = match self {
            Self::Min => ("min", "the smaller of x and y, n times"),
            Self::Max => ("max", "the larger of x and y, n times"),
        };
        card(name, what, "signed, k-1 bits", LESS_THAN)
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        [(); 2].map(|()| draw.signed(n, R::BITS - 1)).into()
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let (x, y, bits) = (on.integers(0), on.integers(1), P::Ring::BITS - 1);
        Ok(integers(match self {
            Self::Min => circuit::min(p, x, y, bits)?,
            Self::Max => circuit::max(p, x, y, bits)?,
        }))
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        all(&z[0], n, |i| {
            let (x, y) = (x[0].at(i), x[1].at(i));
            exact(if matches!(self, Self::Min) { x.min(y) } else { x.max(y) })
        })
    }
}

/// What hangs on the sign of one number.
enum OfSign {
    Sign,
    Abs,
    Relu,
}
impl Operation for OfSign {
    fn card(&self) -> Card {
        match self {
            Self::Sign => card("sign", "n times -1, 0 or 1", "any", LESS_THAN),
            Self::Abs => card("abs", "n magnitudes", "any but -2^(k-1)", LESS_THAN),
            Self::Relu => card("relu", "the larger of x and 0, n times", "any", LESS_THAN),
        }
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        let limit = i128::MAX >> (128 - R::BITS);
        let least = if matches!(self, Self::Abs) { -limit } else { !limit };
        vec![draw.integers(n, least, limit)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let (x, bits) = (on.integers(0), P::Ring::BITS);
        Ok(integers(match self {
            Self::Sign => circuit::sign(p, x, bits)?,
            Self::Abs => circuit::abs(p, x, bits)?,
            Self::Relu => circuit::relu(p, x, bits)?,
        }))
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        all(&z[0], n, |i| {
            let x = x[0].at(i);
            exact(match self {
                Self::Sign => x.signum(),
                Self::Abs => x.abs(),
                Self::Relu => x.max(0),
            })
        })
    }
}

struct Clamp;
impl Operation for Clamp {
    fn card(&self) -> Card {
        let what = "n numbers moved between a lower and an upper limit";
        card("clamp", what, "signed, k-1 bits", LESS_THAN)
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        let limit = i128::MAX >> (129 - R::BITS);
        let x = draw.signed(n, R::BITS - 1);
        vec![x, draw.integers(n, !limit, 0), draw.integers(n, 0, limit)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let limits = [on.integers(1), on.integers(2)];
        Ok(integers(circuit::clamp(p, on.integers(0), limits, P::Ring::BITS - 1)?))
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        all(&z[0], n, |i| exact(x[0].at(i).clamp(x[1].at(i), x[2].at(i))))
    }
}

/// Of ten numbers each.
struct GreatestOfRows;
impl GreatestOfRows {
    const LEN: usize = 10;
}
impl Operation for GreatestOfRows {
    fn card(&self) -> Card {
        let what = "the greatest of each of n rows of ten";
        Card { n: 10_000, ..card("max of rows", what, "signed, k-1 bits", Argmax.card().source) }
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        vec![draw.signed(n * Self::LEN, R::BITS - 1)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let rows = Rows { rows: on.n, bits: P::Ring::BITS - 1, extreme: Extreme::Max };
        Ok(integers(circuit::extreme(p, on.integers(0), rows)?))
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        let row = |i| (i * Self::LEN..(i + 1) * Self::LEN).map(|at| x[0].at(at));
        all(&z[0], n, |i| exact(row(i).max().expect("ten elements")))
    }
}

/// The greatest of one row.
struct Argmax;
impl Operation for Argmax {
    fn card(&self) -> Card {
        let what = "the greatest of n and where the first of it stands";
        Card { n: 100_000, ..card("argmax", what, "signed, k-1 bits", "tournament; Batcher 1968") }
    }
    fn sizes(&self) -> Vec<usize> {
        vec![1, 2, 127, 8_209]
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        vec![draw.signed(n, R::BITS - 1)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let rows = Rows { rows: 1, bits: P::Ring::BITS - 1, extreme: Extreme::Max };
        let (greatest, index) = circuit::arg_extreme(p, on.integers(0), rows)?;
        Ok(vec![Secret::Integers(greatest), Secret::Integers(index)])
    }
    fn check<R: Integer>(&self, _: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        let greatest = x[0].values().max().expect("an element");
        let first = x[0].values().position(|x| x == greatest).expect("the greatest");
        all(&z[0], 1, |_| exact(greatest))?;
        all(&z[1], 1, |_| exact(first as i128))
    }
}

struct TopTen;
impl Operation for TopTen {
    fn card(&self) -> Card {
        let source = "Batcher 1968; Shanbhag, Pirk, Madden 2018";
        let what = "the ten greatest of n in order and where they stand";
        Card { n: 100_000, ..card("top_k", what, "signed, 32 bits", source) }
    }
    fn sizes(&self) -> Vec<usize> {
        vec![10, 11, 127, 8_209]
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        vec![draw.signed(n, 32)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let rows = Rows { rows: 1, bits: 32, extreme: Extreme::Max };
        let (greatest, index) = circuit::top_k(p, on.integers(0), rows, 10)?;
        Ok(vec![Secret::Integers(greatest), Secret::Integers(index)])
    }
    fn check<R: Integer>(&self, _: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        let mut order: Vec<(i128, usize)> = x[0].values().zip(0..).collect();
        order.sort_by_key(|(x, _)| std::cmp::Reverse(*x));
        all(&z[0], 10, |i| exact(order[i].0))?;
        all(&z[1], 10, |i| exact(order[i].1 as i128))
    }
}

//! Order, equality, choice.

use sharewell_mpc::{Protocol, Result, circuit};
use sharewell_ring::Integer;

use super::check::{all, exact};
use super::{Card, Draw, Given, Operand, Operation, Secret, Unit, Visitor, Wrong, bits, integers};

pub(super) fn each(visitor: &mut impl Visitor) {
    visitor.visit(&Msb);
    visitor.visit(&LessThan { name: "less_than", bits: None });
    visitor.visit(&LessThan { name: "less_than 32-bit", bits: Some(32) });
    visitor.visit(&Equal);
    visitor.visit(&Select);
    visitor.visit(&Min);
    visitor.visit(&Max);
}

const LESS_THAN: &str = "ABY3 (eprint 2018/403) 5.3 with two summands; tree of Brent and Kung 1982";

fn card(name: &'static str, what: &'static str, range: &str, source: &'static str) -> Card {
    Card {
        name,
        group: "Comparison",
        what,
        range: range.into(),
        error: "exact".into(),
        source,
        n: 1_000_000,
        unit: Unit::Elements(1),
    }
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

/// Of integers with so many bits; if none are named, of as many as the ring allows.
struct LessThan {
    name: &'static str,
    bits: Option<u32>,
}
impl LessThan {
    fn bits<R: Integer>(&self) -> u32 {
        self.bits.unwrap_or(R::BITS - 1)
    }
}
impl Operation for LessThan {
    fn card(&self) -> Card {
        let bits = self.bits.map_or("k-1".into(), |bits| bits.to_string());
        card(self.name, "n tests of x < y", &format!("signed, {bits} bits"), LESS_THAN)
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        [(); 2].map(|()| draw.signed(n, self.bits::<R>())).into()
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let width = self.bits::<P::Ring>();
        Ok(bits(circuit::less_than(p, on.integers(0), on.integers(1), width)?))
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        all(&z[0], n, |i| exact((x[0].at(i) < x[1].at(i)).into()))
    }
}

struct Equal;
impl Operation for Equal {
    fn card(&self) -> Card {
        let source = "summands of ABY3 (eprint 2018/403) 5.3, then a tree of ANDs";
        card("equal", "n tests of x = y", "any", source)
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        // Wider differences than 128 bits no interval can hold.
        [(); 2].map(|()| draw.signed(n, R::BITS.min(127))).into()
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        Ok(bits(circuit::equal(p, on.integers(0), on.integers(1), P::Ring::BITS)?))
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        all(&z[0], n, |i| exact((x[0].at(i) == x[1].at(i)).into()))
    }
}

struct Select;
impl Operation for Select {
    fn card(&self) -> Card {
        let source = "ABY3 (eprint 2018/403) 5.4: the bit into the ring, one product";
        card("select", "n choices between x and y by a secret bit", "|x-y| < 2^(k-1)", source)
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        let [x, y] = [(); 2].map(|()| draw.signed(n, R::BITS - 1));
        vec![x, y, draw.bits(n, 1)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        Ok(integers(circuit::select(p, on.bits(2), on.integers(0), on.integers(1))?))
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        all(&z[0], n, |i| exact(if x[2].at(i) == 1 { x[0].at(i) } else { x[1].at(i) }))
    }
}

struct Min;
impl Operation for Min {
    fn card(&self) -> Card {
        card("min", "the smaller of x and y, n times", "signed, k-1 bits", LESS_THAN)
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        [(); 2].map(|()| draw.signed(n, R::BITS - 1)).into()
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        Ok(integers(circuit::min(p, on.integers(0), on.integers(1), P::Ring::BITS - 1)?))
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        all(&z[0], n, |i| exact(x[0].at(i).min(x[1].at(i))))
    }
}

struct Max;
impl Operation for Max {
    fn card(&self) -> Card {
        Card { name: "max", what: "the larger of x and y, n times", ..Min.card() }
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        Min.operands::<R>(n, draw)
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        Ok(integers(circuit::max(p, on.integers(0), on.integers(1), P::Ring::BITS - 1)?))
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        all(&z[0], n, |i| exact(x[0].at(i).max(x[1].at(i))))
    }
}

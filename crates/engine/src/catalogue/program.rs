//! Programs made of several operations, for comparison with what others measured.

use sharewell_mpc::{Protocol, Result};
use sharewell_ring::Integer;

use super::ring::Mul;
use super::{Card, Draw, Given, Operand, Operation, Secret, Unit, Visitor, Wrong};

pub(super) fn each(visitor: &mut impl Visitor) {
    visitor.visit(&TenMul);
}

struct TenMul;
impl Operation for TenMul {
    fn card(&self) -> Card {
        Card {
            name: "mul 10 x 1 M",
            group: "Programs",
            what: "ten times n products of integers, one after the other",
            unit: Unit::Elements(10),
            ..Mul.card()
        }
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        Mul.operands::<R>(n, draw)
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        for _ in 1..10 {
            p.mul(on.integers(0), on.integers(1))?;
        }
        Mul.run(p, on)
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        Mul.check(n, x, z)
    }
}

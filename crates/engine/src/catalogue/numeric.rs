//! Functions of fixed-point numbers.

use sharewell_mpc::{Protocol, Result};
use sharewell_ring::Integer;
use sharewell_tensor::function::{self, Quotient};

use super::check::{all, exact, near};
use super::{Card, Draw, Given, Operand, Operation, Secret, Unit, Visitor, Wrong};

pub(super) fn each(visitor: &mut impl Visitor) {
    visitor.visit(&Divide);
}

/// Fractional bits of operands and results.
const FRAC_BITS: u32 = 16;

fn card(name: &'static str, what: &'static str, range: &str, source: &'static str) -> Card {
    Card {
        name,
        group: "Numeric",
        what,
        range: range.into(),
        error: String::new(),
        source,
        n: 100_000,
        unit: Unit::Elements(1),
    }
}

struct Divide;
impl Divide {
    const SPEC: Quotient = Quotient { numerator_bits: 22, divisor_bits: 22, frac_bits: FRAC_BITS };
}
impl Operation for Divide {
    fn card(&self) -> Card {
        let bound = Self::SPEC.accuracy(64);
        let source = "Newton-Raphson; start: minimax parabola of 1/d on [1/2, 1)";
        Card {
            error: format!("{:.1e} + {:.1e} |a/b|", bound.absolute, bound.relative),
            ..card(
                "divide",
                "n quotients a/b and whether b is not 0",
                "|a| < 64, 0 <= b < 64",
                source,
            )
        }
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        let [a, b] =
            [Self::SPEC.numerator_bits, Self::SPEC.divisor_bits].map(|bits| (1 << bits) - 1);
        vec![draw.integers(n, -a, a), draw.integers(n, 0, b)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let [a, b] = [0, 1].map(|at| on.tensor(at, &[on.n], FRAC_BITS));
        let (quotient, nonzero) = function::divide(p, &a, &b, Self::SPEC)?;
        Ok(vec![Secret::Integers(quotient.into_shares()), Secret::Integers(nonzero)])
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        let bound = Self::SPEC.accuracy(R::BITS);
        let unit = f64::from(FRAC_BITS).exp2();
        all(&z[1], n, |i| exact((x[1].at(i) != 0).into()))?;
        all(&z[0], n, |i| match x[1].at(i) {
            0 => i128::MIN..=i128::MAX,
            b => {
                let quotient = x[0].at(i) as f64 / b as f64;
                near(quotient * unit, (bound.absolute + bound.relative * quotient.abs()) * unit)
            }
        })
    }
}

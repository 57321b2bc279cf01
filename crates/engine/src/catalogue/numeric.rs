//! Functions of fixed-point numbers.

use std::ops::{Range, RangeInclusive};

use sharewell_mpc::{Protocol, Result, Share};
use sharewell_ring::Integer;
use sharewell_tensor::Tensor;
use sharewell_tensor::function::{self, Accuracy, Base, Logarithm, Quotient, Root};

use super::check::{all, exact, near};
use super::{Card, Draw, Given, Operand, Operation, Secret, Unit, Visitor, Wrong};

pub(super) fn each(visitor: &mut impl Visitor) {
    visitor.visit(&Divide);
    visitor.visit(&Function::SquareRoot);
    visitor.visit(&Function::InverseRoot);
    visitor.visit(&Function::Ln);
    visitor.visit(&Function::Log2);
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

/// As a reader wants it.
fn stated(bound: Accuracy, value: &str) -> String {
    let relative = format!("{:.1e} |{value}|", bound.relative);
    match (bound.absolute > 0.0, bound.relative > 0.0) {
        (true, true) => format!("{:.1e} + {relative}", bound.absolute),
        (true, false) => format!("{:.1e}", bound.absolute),
        (false, true) => relative,
        (false, false) => "exact".into(),
    }
}

/// What may come of `value` as an integer of [`FRAC_BITS`] fractional bits.
fn within(value: f64, bound: Accuracy) -> RangeInclusive<i128> {
    let unit = f64::from(FRAC_BITS).exp2();
    near(value * unit, (bound.absolute + bound.relative * value.abs()) * unit)
}

struct Divide;
impl Divide {
    const SPEC: Quotient = Quotient { numerator_bits: 22, divisor_bits: 22, frac_bits: FRAC_BITS };
}
impl Operation for Divide {
    fn card(&self) -> Card {
        let bound = Self::SPEC.accuracy(64);
        let source = "Newton-Raphson, from a minimax cubic";
        Card {
            error: stated(bound, "a/b"),
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
        all(&z[1], n, |i| exact((x[1].at(i) != 0).into()))?;
        all(&z[0], n, |i| match x[1].at(i) {
            0 => exact(0),
            b => within(x[0].at(i) as f64 / b as f64, bound),
        })
    }
}

/// Of one argument, with a flag where there are arguments that it has no value for.
enum Function {
    SquareRoot,
    InverseRoot,
    Ln,
    Log2,
}

impl Function {
    /// Bits of arguments before and after the point.
    const WHOLE_BITS: u32 = 10;
    const BITS: u32 = Self::WHOLE_BITS + FRAC_BITS;

    fn root(&self) -> Root {
        let inverse = matches!(self, Self::InverseRoot);
        Root { bits: Self::BITS, scale: FRAC_BITS, frac_bits: FRAC_BITS, inverse }
    }

    fn logarithm(&self) -> Logarithm {
        let base = if matches!(self, Self::Ln) { Base::E } else { Base::Two };
        Logarithm { bits: Self::BITS, scale: FRAC_BITS, frac_bits: FRAC_BITS, base }
    }

    fn accuracy(&self, ring_bits: u32) -> Accuracy {
        match self {
            Self::SquareRoot | Self::InverseRoot => self.root().accuracy(ring_bits),
            Self::Ln | Self::Log2 => self.logarithm().accuracy(ring_bits),
        }
    }

    /// In units of the last place.
    fn range(&self) -> Range<i128> {
        -(1 << Self::BITS)..1 << Self::BITS
    }

    /// In the clear, where there is a value.
    fn value(&self, x: f64) -> Option<f64> {
        (x > 0.0).then(|| match self {
            Self::SquareRoot => x.sqrt(),
            Self::InverseRoot => x.sqrt().recip(),
            Self::Ln => x.ln(),
            Self::Log2 => x.log2(),
        })
    }

    fn apply<P: Protocol>(&self, p: &mut P, x: &Tensor<P>) -> Result<(Tensor<P>, P::AShare)> {
        match self {
            Self::SquareRoot | Self::InverseRoot => function::square_root(p, x, self.root()),
            Self::Ln | Self::Log2 => function::logarithm(p, x, self.logarithm()),
        }
    }
}

impl Operation for Function {
    fn card(&self) -> Card {
        const ROOT: &str = "Newton; Keller, Sun 2022 (eprint 2022/933)";
        const LOGARITHM: &str = "minimax polynomial; Paterson, Stockmeyer 1973";
        let (name, what, source) = match self {
            Self::SquareRoot => ("sqrt", "n square roots and whether x > 0", ROOT),
            Self::InverseRoot => ("inverse sqrt", "n times 1 / sqrt(x) and whether x > 0", ROOT),
            Self::Ln => ("ln", "n natural logarithms and whether x > 0", LOGARITHM),
            Self::Log2 => ("log2", "n logarithms to base 2 and whether x > 0", LOGARITHM),
        };
        let error = stated(self.accuracy(64), "value");
        Card { error, ..card(name, what, "-1024 <= x < 1024", source) }
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        let Range { start, end } = self.range();
        vec![draw.integers(n, start, end - 1)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let (value, flag) = self.apply(p, &on.tensor(0, &[on.n], FRAC_BITS))?;
        assert_eq!(value.len(), flag.len(), "a flag for each value");
        Ok(vec![Secret::Integers(value.into_shares()), Secret::Integers(flag)])
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        let bound = self.accuracy(R::BITS);
        let value = |i| self.value(x[0].at(i) as f64 / f64::from(FRAC_BITS).exp2());
        all(&z[0], n, |i| value(i).map_or(exact(0), |value| within(value, bound)))?;
        all(&z[1], n, |i| exact(value(i).is_some().into()))
    }
}

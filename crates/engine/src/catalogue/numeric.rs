//! Functions of fixed-point numbers.

use std::ops::{Range, RangeInclusive};

use sharewell_mpc::{Protocol, Result, Share};
use sharewell_ring::Integer;
use sharewell_tensor::Tensor;
use sharewell_tensor::function::{
    self, Accuracy, Argument, Base, BoundedQuotient, Fit, IntegerQuotient, Logarithm, Normal,
    NormalQuantile, Quotient, Root, Sigmoid,
};

use super::check::{all, exact, near, some};
use super::{Card, Draw, Given, Operand, Operation, Secret, Visitor, Wrong};

pub(super) fn each(visitor: &mut impl Visitor) {
    visitor.visit(&Divide);
    visitor.visit(&DivideBounded);
    visitor.visit(&DividePublic);
    visitor.visit(&Function::SquareRoot);
    visitor.visit(&Function::InverseRoot);
    visitor.visit(&Function::Ln);
    visitor.visit(&Function::Log2);
    visitor.visit(&Curve::Sigmoid(Fit::Accurate));
    visitor.visit(&Curve::Sigmoid(Fit::Fast));
    visitor.visit(&Curve::Tanh);
    visitor.visit(&Curve::NormalCdf);
    visitor.visit(&Quantile);
    visitor.visit(&DivideIntegers);
}

/// Fractional bits of operands and results.
pub(super) const FRAC_BITS: u32 = 16;
/// The last of them.
const UNIT: f64 = 1.0 / (1 << FRAC_BITS) as f64;

pub(super) fn card(
    name: &'static str,
    what: &'static str,
    range: &str,
    source: &'static str,
) -> Card {
    Card { name, what, range: range.into(), source, ..Card::of("Numeric", 100_000) }
}

/// As a reader wants it.
pub(super) fn stated(bound: Accuracy, value: &str) -> String {
    let relative = format!("{:.1e} |{value}|", bound.relative);
    match (bound.absolute > 0.0, bound.relative > 0.0) {
        (true, true) => format!("{:.1e} + {relative}", bound.absolute),
        (true, false) => format!("{:.1e}", bound.absolute),
        (false, true) => relative,
        (false, false) => "exact".into(),
    }
}

/// What may come of `value` as an integer of [`FRAC_BITS`] fractional bits.
pub(super) fn within(value: f64, bound: Accuracy) -> RangeInclusive<i128> {
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

/// Too large a quotient is told by its flag.
struct DivideBounded;
impl DivideBounded {
    const SPEC: BoundedQuotient = BoundedQuotient {
        numerator_bits: 31,
        divisor_bits: 31,
        quotient_bits: 10,
        frac_bits: FRAC_BITS,
    };
}
impl Operation for DivideBounded {
    fn card(&self) -> Card {
        let what = "n quotients a/b and whether they are, b not 0 and |a/b| below about 500";
        let error = stated(Self::SPEC.accuracy(64), "a/b");
        Card {
            error,
            ..card("divide_bounded", what, "|a| < 2^15, 0 <= b < 2^15", Divide.card().source)
        }
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        let limit = (1 << Self::SPEC.numerator_bits) - 1;
        vec![draw.integers(n, -limit, limit), draw.integers(n, 0, limit)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let [a, b] = [0, 1].map(|at| on.tensor(at, &[on.n], FRAC_BITS));
        let (quotient, flag) = function::divide_bounded(p, &a, &b, Self::SPEC)?;
        Ok(vec![Secret::Integers(quotient.into_shares()), Secret::Integers(flag)])
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        let bound = Self::SPEC.accuracy(R::BITS);
        let limit = f64::from(Self::SPEC.quotient_bits).exp2();
        // Infinite or no number where the divisor is zero.
        let quotient = |i| x[0].at(i) as f64 / x[1].at(i) as f64;
        all(&z[1], n, |i| match quotient(i).abs() / limit {
            part if part < 15.0 / 32.0 => exact(1),
            part if part < 17.0 / 16.0 => 0..=1,
            _ => exact(0),
        })?;
        all(&z[0], n, |i| match z[1][i].to_i128() {
            0 => exact(0),
            _ => within(quotient(i), bound),
        })
    }
}

/// By a number that everybody knows.
struct DividePublic;
impl DividePublic {
    const DIVISOR: f64 = 1.0 / 3.0;
    const PRECISION: u32 = 30;
    const BOUND: Accuracy =
        Accuracy { absolute: UNIT, relative: 1.0 / (1 << Self::PRECISION) as f64 };
}
impl Operation for DividePublic {
    fn card(&self) -> Card {
        let error = stated(Self::BOUND, "value");
        let source = "a product with the rounded reciprocal";
        Card { error, ..card("divide_public", "n quotients x / 0.333..", "|x| < 2^15", source) }
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        vec![draw.integers(n, 1 - (1 << 31), (1 << 31) - 1)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let x = on.tensor(0, &[on.n], FRAC_BITS);
        let z = function::divide_public(p, &x, Self::DIVISOR, Self::PRECISION)?;
        Ok(vec![Secret::Integers(z.into_shares())])
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        let value = |i| x[0].at(i) as f64 * UNIT / Self::DIVISOR;
        all(&z[0], n, |i| within(value(i), Self::BOUND))
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

/// Between two limits, for every argument.
enum Curve {
    Sigmoid(Fit),
    Tanh,
    NormalCdf,
}
impl Curve {
    const ARGUMENT: Argument = Argument { bits: 21, frac_bits: FRAC_BITS };
    const NORMAL: Normal = Normal { argument: Self::ARGUMENT, frac_bits: FRAC_BITS };

    fn sigmoid(fit: Fit) -> Sigmoid {
        Sigmoid { argument: Self::ARGUMENT, frac_bits: FRAC_BITS, fit }
    }

    fn accuracy(&self, ring_bits: u32) -> Accuracy {
        let absolute = match self {
            Self::Sigmoid(fit) => Self::sigmoid(*fit).accuracy(ring_bits),
            Self::Tanh => 2.0 * Self::sigmoid(Fit::Accurate).accuracy(ring_bits),
            Self::NormalCdf => Self::NORMAL.accuracy(ring_bits),
        };
        Accuracy { absolute, relative: 0.0 }
    }

    fn value(&self, x: f64) -> f64 {
        match self {
            Self::Sigmoid(_) => 1.0 / (1.0 + (-x).exp()),
            Self::Tanh => x.tanh(),
            Self::NormalCdf => normal_cdf(x),
        }
    }
}
impl Operation for Curve {
    fn card(&self) -> Card {
        const PIECES: &str =
            "minimax polynomials in pieces, chosen as in ABY3 (eprint 2018/403) 5.4.2";
        let (name, what) = match self {
            Self::Sigmoid(Fit::Fast) => ("sigmoid fast", "n times 1 / (1 + e^-x), for training"),
            Self::Sigmoid(_) => ("sigmoid", "n times 1 / (1 + e^-x)"),
            Self::Tanh => ("tanh", "n hyperbolic tangents"),
            Self::NormalCdf => ("normal_cdf", "n masses of the normal distribution below x"),
        };
        let error = stated(self.accuracy(64), "value");
        Card { error, ..card(name, what, "|x| < 32", PIECES) }
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        let limit = (1 << Self::ARGUMENT.bits) - 1;
        vec![draw.integers(n, -limit, limit)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let x = on.tensor(0, &[on.n], FRAC_BITS);
        let y = match self {
            Self::Sigmoid(fit) => function::sigmoid(p, &x, Self::sigmoid(*fit))?,
            Self::Tanh => function::tanh(p, &x, Self::sigmoid(Fit::Accurate))?,
            Self::NormalCdf => function::normal_cdf(p, &x, Self::NORMAL)?,
        };
        Ok(vec![Secret::Integers(y.into_shares())])
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        let bound = self.accuracy(R::BITS);
        let value = |i| self.value(x[0].at(i) as f64 / f64::from(FRAC_BITS).exp2());
        all(&z[0], n, |i| within(value(i), bound))
    }
}

/// The mass below `x`, by the density's series `x + x^3 / 3 + x^5 / 15 + ..`.
fn normal_cdf(x: f64) -> f64 {
    if x.abs() > 8.0 {
        return if x > 0.0 { 1.0 } else { 0.0 };
    }
    let density = (-x * x / 2.0).exp() / std::f64::consts::TAU.sqrt();
    let (mut term, mut sum) = (x, x);
    for k in 1..150 {
        term *= x * x / f64::from(2 * k + 1);
        sum += term;
    }
    0.5 + density * sum
}

struct Quantile;
impl Quantile {
    const ARGUMENT_FRAC_BITS: u32 = 30;
    const SPEC: NormalQuantile =
        NormalQuantile { argument_frac_bits: Self::ARGUMENT_FRAC_BITS, frac_bits: FRAC_BITS };
    /// In units of the last place: what is nearer to 0 or 1 than 1e-9 has no error stated.
    const LEAST: i128 = 2;
}
impl Operation for Quantile {
    fn card(&self) -> Card {
        let what = "n normal quantiles of probabilities";
        let source = "minimax polynomials in pieces, chosen as in ABY3 (eprint 2018/403) 5.4.2";
        let error = format!("{:.1e}", Self::SPEC.accuracy(64));
        Card { error, ..card("normal_quantile", what, "2^-29 <= q <= 1 - 2^-29", source) }
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        let one = 1 << Self::ARGUMENT_FRAC_BITS;
        vec![draw.integers(n, Self::LEAST, one - Self::LEAST)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let q = on.tensor(0, &[on.n], Self::ARGUMENT_FRAC_BITS);
        let z = function::normal_quantile(p, &q, Self::SPEC)?;
        Ok(vec![Secret::Integers(z.into_shares())])
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        let bound = Accuracy { absolute: Self::SPEC.accuracy(R::BITS), relative: 0.0 };
        // By bisection, which takes long.
        let step = if n > 1_000 { 17 } else { 1 };
        some(&z[0], n, step, |i| {
            let q = x[0].at(i) as f64 / f64::from(Self::ARGUMENT_FRAC_BITS).exp2();
            let (mut lo, mut hi) = (-7.0, 7.0);
            for _ in 0..40 {
                let middle = (lo + hi) / 2.0;
                *(if normal_cdf(middle) < q { &mut lo } else { &mut hi }) = middle;
            }
            within(lo, bound)
        })
    }
}

struct DivideIntegers;
impl DivideIntegers {
    fn spec<R: Integer>() -> IntegerQuotient {
        IntegerQuotient { numerator_bits: R::BITS / 2 - 2, divisor_bits: R::BITS / 2 - 2 }
    }
}
impl Operation for DivideIntegers {
    fn card(&self) -> Card {
        let what = "n quotients of integers, rounded down, remainders, and whether b is not 0";
        let source = "long division by a reciprocal; Knuth, TAOCP 2, 4.3.1";
        let error = "exact".into();
        Card { error, ..card("divide integers", what, "0 <= a, b < 2^(k/2-2)", source) }
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        let limit = (1 << Self::spec::<R>().numerator_bits) - 1;
        vec![draw.integers(n, 0, limit), draw.integers(n, 0, limit)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let [a, b] = [0, 1].map(|at| on.tensor(at, &[on.n], 0));
        let divided = function::divide_integers(p, &a, &b, Self::spec::<P::Ring>())?;
        let [quotient, remainder] = [divided.quotient, divided.remainder].map(Tensor::into_shares);
        Ok([quotient, remainder, divided.nonzero].map(Secret::Integers).into())
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        let pair = |i| (x[0].at(i), x[1].at(i));
        all(&z[0], n, |i| exact(pair(i).0.checked_div(pair(i).1).unwrap_or(0)))?;
        all(&z[1], n, |i| exact(pair(i).0.checked_rem(pair(i).1).unwrap_or(0)))?;
        all(&z[2], n, |i| exact((pair(i).1 != 0).into()))
    }
}

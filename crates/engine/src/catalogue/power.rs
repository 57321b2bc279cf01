//! Powers and exponentials.

use sharewell_mpc::{Protocol, Result};
use sharewell_ring::Integer;
use sharewell_tensor::function::{
    self, Accuracy, Argument, Base, Exponential, Power, RealPower, Softmax,
};

use super::check::{all, exact};
use super::numeric::{FRAC_BITS, card, stated, within};
use super::{Card, Draw, Given, Operand, Operation, Secret, Visitor, Wrong};

pub(super) fn each(visitor: &mut impl Visitor) {
    visitor.visit(&Exp);
    visitor.visit(&Cube);
    visitor.visit(&CubeRoot);
    visitor.visit(&Soft);
}

/// Of operand 0, as a number.
fn number(x: &[Operand], i: usize) -> f64 {
    x[0].at(i) as f64 / f64::from(FRAC_BITS).exp2()
}

/// Too large a result is told by its flag.
struct Exp;
impl Exp {
    const RESULT_BITS: u32 = 12;
    const SPEC: Exponential = Exponential {
        base: Base::E,
        least: -16 << FRAC_BITS,
        most: 16 << FRAC_BITS,
        argument_frac_bits: FRAC_BITS,
        result_bits: Self::RESULT_BITS,
        frac_bits: FRAC_BITS,
    };
}
impl Operation for Exp {
    fn card(&self) -> Card {
        let what = "n times e^x and whether it is below 4096, which stands for more";
        let source = "Aly, Smart 2019 (eprint 2019/354) 4.2, minimax polynomial";
        let error = stated(Self::SPEC.accuracy(64), "value");
        Card { error, ..card("exp", what, "|x| <= 16", source) }
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        vec![draw.integers(n, Self::SPEC.least, Self::SPEC.most)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let x = on.tensor(0, &[on.n], FRAC_BITS);
        let (value, flag) = function::exponential(p, &x, Self::SPEC)?;
        Ok(vec![Secret::Integers(value.into_shares()), Secret::Integers(flag)])
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        let (bound, limit) = (Self::SPEC.accuracy(R::BITS), f64::from(Self::RESULT_BITS).exp2());
        let value = |i| (x[0].at(i) as f64 / f64::from(FRAC_BITS).exp2()).exp();
        let most = 1 << (Self::RESULT_BITS + FRAC_BITS);
        // Within 2 % of the limit either answer may come.
        all(&z[1], n, |i| match value(i) / limit {
            ratio if ratio > 1.02 => exact(0),
            ratio if ratio < 0.98 => exact(1),
            _ => 0..=1,
        })?;
        all(&z[0], n, |i| match z[1][i].to_i128() {
            0 => exact(most),
            _ => within(value(i), bound),
        })
    }
}

/// To a whole power.
struct Cube;
impl Cube {
    const SPEC: Power = Power {
        argument: Argument { bits: 3 + FRAC_BITS, frac_bits: FRAC_BITS },
        exponent: 3,
        frac_bits: FRAC_BITS,
    };

    fn accuracy(ring_bits: u32) -> Accuracy {
        Accuracy { absolute: Self::SPEC.accuracy(ring_bits), relative: 0.0 }
    }
}
impl Operation for Cube {
    fn card(&self) -> Card {
        let error = stated(Self::accuracy(64), "value");
        Card { error, ..card("power", "n times x^3", "|x| < 8", "squares and products") }
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        let limit = (1 << Self::SPEC.argument.bits) - 1;
        vec![draw.integers(n, -limit, limit)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let y = function::power(p, &on.tensor(0, &[on.n], FRAC_BITS), Self::SPEC)?;
        Ok(vec![Secret::Integers(y.into_shares())])
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        all(&z[0], n, |i| within(number(x, i).powi(3), Self::accuracy(R::BITS)))
    }
}

/// To a real power.
struct CubeRoot;
impl CubeRoot {
    const SPEC: RealPower = RealPower {
        argument: Argument { bits: 10 + FRAC_BITS, frac_bits: FRAC_BITS },
        exponent: 1.0 / 3.0,
        result_bits: 4,
        frac_bits: FRAC_BITS,
    };
}
impl Operation for CubeRoot {
    fn card(&self) -> Card {
        let error = stated(Self::SPEC.accuracy(64), "value");
        let what = "n times x^(1/3) and whether x > 0";
        Card { error, ..card("real_power", what, "-1024 < x < 1024", "2^(log2(x) / 3)") }
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        let limit = (1 << Self::SPEC.argument.bits) - 1;
        vec![draw.integers(n, -limit, limit)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let x = on.tensor(0, &[on.n], FRAC_BITS);
        let (y, flag) = function::real_power(p, &x, Self::SPEC)?;
        Ok(vec![Secret::Integers(y.into_shares()), Secret::Integers(flag)])
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        let bound = Self::SPEC.accuracy(R::BITS);
        all(&z[1], n, |i| exact((x[0].at(i) > 0).into()))?;
        all(&z[0], n, |i| match x[0].at(i) {
            ..=0 => i128::MIN..=i128::MAX,
            _ => within(number(x, i).cbrt(), bound),
        })
    }
}

/// Rows of ten.
struct Soft;
impl Soft {
    const SPEC: Softmax = Softmax {
        argument: Argument { bits: 4 + FRAC_BITS, frac_bits: FRAC_BITS },
        len: 10,
        frac_bits: FRAC_BITS,
    };

    fn accuracy(ring_bits: u32) -> Accuracy {
        Accuracy { absolute: Self::SPEC.accuracy(ring_bits), relative: 0.0 }
    }
}
impl Operation for Soft {
    fn card(&self) -> Card {
        let source = "Goodfellow, Bengio, Courville 2016, 4.1: less the greatest";
        let error = stated(Self::accuracy(64), "value");
        let unit = super::Unit::Elements(Self::SPEC.len);
        Card { error, unit, n: 10_000, ..card("softmax", "n rows of ten", "|x| < 16", source) }
    }
    fn sizes(&self) -> Vec<usize> {
        vec![0, 1, 13, 821]
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        let limit = (1 << Self::SPEC.argument.bits) - 1;
        vec![draw.integers(n * Self::SPEC.len, -limit, limit)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let x = on.tensor(0, &[on.n, Self::SPEC.len], FRAC_BITS);
        let y = function::softmax(p, &x, Self::SPEC)?;
        Ok(vec![Secret::Integers(y.into_shares())])
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        let len = Self::SPEC.len;
        all(&z[0], n * len, |at| {
            let row = at / len * len..(at / len + 1) * len;
            let sum: f64 = row.map(|i| number(x, i).exp()).sum();
            within(number(x, at).exp() / sum, Self::accuracy(R::BITS))
        })
    }
}

//! What a protocol brings itself: sharing, products, truncation, conversions.

use sharewell_mpc::{Protocol, Result};
use sharewell_ring::{Dims, Integer, Ring};

use super::check::{all, exact, rounded, some};
use super::{Card, Draw, Given, Operand, Operation, Secret, Unit, Visitor, Wrong, bits, integers};

pub(super) fn each(visitor: &mut impl Visitor) {
    visitor.visit(&Input);
    visitor.visit(&Reveal);
    visitor.visit(&Mul);
    visitor.visit(&MulTrunc);
    visitor.visit(&Dot);
    visitor.visit(&Matmul { frac_bits: 0 });
    visitor.visit(&Matmul { frac_bits: FRAC_BITS });
    visitor.visit(&Trunc);
    visitor.visit(&TruncExact);
    visitor.visit(&And);
    visitor.visit(&A2b);
    visitor.visit(&B2a);
    visitor.visit(&B2aDot);
    visitor.visit(&OneHot);
}

const ARAKI: &str = "Araki et al. 2016 (eprint 2016/768) section 3";
const TRUNCATION: &str =
    "Keller 2025 (eprint 2025/919); oblivious transfer of ABY3 (eprint 2018/403) 5.4.1";
const FRAC_BITS: u32 = 16;

fn card(name: &'static str, what: &'static str, range: &str, source: &'static str) -> Card {
    Card {
        name,
        group: "Ring",
        what,
        range: range.into(),
        error: "exact".into(),
        source,
        n: 1_000_000,
        unit: Unit::Elements(1),
    }
}

/// Two operands of `len` factors; the sum of `n` products stays below a quarter of the ring.
fn factors<R: Integer>(len: usize, n: usize, draw: &mut Draw) -> Vec<Operand> {
    let bits = (R::BITS - 2 - n.max(1).next_power_of_two().ilog2()) / 2;
    let limit = (1i128 << bits) - 1;
    vec![draw.integers(len, -limit, limit), draw.integers(len, -limit, limit)]
}

struct Input;
impl Operation for Input {
    fn card(&self) -> Card {
        card("input", "one party shares n integers", "any", ARAKI)
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        vec![draw.signed(n, R::BITS)]
    }
    fn inputs<R: Integer>(&self, n: usize, x: &[Operand]) -> Vec<Vec<(i128, i128)>> {
        vec![vec![x[0].range(R::BITS); n], vec![], vec![]]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let mine = on.mine[0].as_deref().unwrap_or_default();
        Ok(integers(p.input(mine, &[on.n, 0, 0])?.swap_remove(0)))
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        all(&z[0], n, |i| exact(x[0].at(i)))
    }
}

struct Reveal;
impl Operation for Reveal {
    fn card(&self) -> Card {
        card("reveal", "n integers opened to all", "any", ARAKI)
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        vec![draw.signed(n, R::BITS)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        // What every caller opens again, to check it.
        p.reveal(on.integers(0))?;
        Ok(integers(on.integers(0).clone()))
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        all(&z[0], n, |i| exact(x[0].at(i)))
    }
}

pub(super) struct Mul;
impl Operation for Mul {
    fn card(&self) -> Card {
        card("mul", "n products of integers", "|xy| < 2^(k-1)", ARAKI)
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        factors::<R>(n, 1, draw)
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        Ok(integers(p.mul(on.integers(0), on.integers(1))?))
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        all(&z[0], n, |i| exact(x[0].at(i) * x[1].at(i)))
    }
}

struct MulTrunc;
impl Operation for MulTrunc {
    fn card(&self) -> Card {
        let what = "n products of fixed point, 16 fractional bits";
        let card = card("mul_trunc", what, "|xy| < 2^(k-2)", TRUNCATION);
        Card { error: "1 unit".into(), ..card }
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        Mul.operands::<R>(n, draw)
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        Ok(integers(p.mul_trunc(on.integers(0), on.integers(1), FRAC_BITS)?))
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        all(&z[0], n, |i| rounded(x[0].at(i) * x[1].at(i), FRAC_BITS))
    }
}

struct Dot;
impl Operation for Dot {
    fn card(&self) -> Card {
        let card = card("dot", "one inner product of length n", "|x.y| < 2^(k-1)", ARAKI);
        Card { unit: Unit::Whole, ..card }
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        factors::<R>(n, n, draw)
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        Ok(integers(p.dot(on.integers(0), on.integers(1), 1)?))
    }
    fn check<R: Integer>(&self, _: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        let products = x[0].values().zip(x[1].values()).map(|(x, y)| x * y);
        let sum = products.sum();
        all(&z[0], 1, |_| exact(sum))
    }
}

/// Of integers, or of fixed point.
struct Matmul {
    frac_bits: u32,
}
impl Operation for Matmul {
    fn card(&self) -> Card {
        let matrices = |name, what, range, source| Card {
            n: 1000,
            unit: Unit::Side,
            ..card(name, what, range, source)
        };
        if self.frac_bits == 0 {
            let what = "product of two n x n matrices of integers";
            return matrices("matmul", what, "every |sum| < 2^(k-1)", ARAKI);
        }
        let what = "product of two n x n matrices of fixed point";
        let card = matrices("matmul_trunc", what, "every |sum| < 2^(k-2)", TRUNCATION);
        Card { error: "1 unit".into(), ..card }
    }
    fn sizes(&self) -> Vec<usize> {
        vec![0, 1, 13, 97]
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        factors::<R>(n * n, n, draw)
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let (x, y, dims) = (on.integers(0), on.integers(1), Dims { m: on.n, k: on.n, n: on.n });
        Ok(integers(match self.frac_bits {
            0 => p.matmul(x, y, dims)?,
            by => p.matmul_trunc(x, y, dims, by)?,
        }))
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        // An entry's reference costs a row and a column.
        let step = if n > 100 { 997 } else { 1 };
        let product =
            |i: usize, j: usize| (0..n).map(|k| x[0].at(i * n + k) * x[1].at(k * n + j)).sum();
        some(&z[0], n * n, step, |at| rounded(product(at / n, at % n), self.frac_bits))
    }
}

struct Trunc;
impl Operation for Trunc {
    fn card(&self) -> Card {
        let card = card("trunc", "n truncations by 16 bits", "|x| < 2^(k-2)", TRUNCATION);
        Card { error: "1 unit".into(), ..card }
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        vec![draw.signed(n, R::BITS - 1)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        Ok(integers(p.trunc(on.integers(0), FRAC_BITS)?))
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        all(&z[0], n, |i| rounded(x[0].at(i), FRAC_BITS))
    }
}

struct TruncExact;
impl Operation for TruncExact {
    fn card(&self) -> Card {
        let what = "n quotients by 2^16, rounded down";
        card("trunc_exact", what, "|x| < 2^(k-2)", TRUNCATION)
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        Trunc.operands::<R>(n, draw)
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        Ok(integers(p.trunc_exact(on.integers(0), FRAC_BITS)?))
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        all(&z[0], n, |i| exact(x[0].at(i) >> FRAC_BITS))
    }
}

struct And;
impl Operation for And {
    fn card(&self) -> Card {
        card("and", "n ANDs of words as wide as the ring", "any", ARAKI)
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        [(); 2].map(|()| draw.bits(n, R::BITS)).into()
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        Ok(bits(p.and(on.bits(0), on.bits(1))?))
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        all(&z[0], n, |i| exact(R::from_i128(x[0].at(i) & x[1].at(i)).to_i128()))
    }
}

struct A2b;
impl Operation for A2b {
    fn card(&self) -> Card {
        let source =
            "two summands as in ABY3 (eprint 2018/403) 5.3; carries of blocks, Sklansky 1960";
        card("a2b", "all bits of n integers", "any", source)
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        vec![draw.signed(n, R::BITS)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        Ok(bits(p.a2b(on.integers(0), P::Ring::BITS)?))
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        all(&z[0], n, |i| exact(x[0].at(i)))
    }
}

struct B2a;
impl Operation for B2a {
    fn card(&self) -> Card {
        card("b2a", "n bits into the ring", "any", "ABY3 (eprint 2018/403) 5.4")
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        vec![draw.bits(n, 1)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        Ok(integers(p.b2a(on.bits(0))?))
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        all(&z[0], n, |i| exact(x[0].at(i)))
    }
}

/// Planes into the integers that they make.
struct B2aDot;
impl B2aDot {
    const WIDTH: u32 = 32;
}
impl Operation for B2aDot {
    fn card(&self) -> Card {
        let what = "n integers from their 32 bits";
        card("b2a_dot", what, "any", "ABY3 (eprint 2018/403) 5.4, summed before it is sent")
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        vec![draw.bits(n, Self::WIDTH)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let weights = (0..Self::WIDTH).map(|bit| P::Ring::ONE.shl(bit)).collect();
        Ok(integers(p.b2a_dot(on.bits(0), &[weights])?))
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        all(&z[0], n, |i| exact(x[0].at(i)))
    }
}

struct OneHot;
impl OneHot {
    const WIDTH: u32 = 3;
}
impl Operation for OneHot {
    fn card(&self) -> Card {
        let what = "which of its 8 values each of n numbers of 3 bits has";
        let source = "products of bits; ABY3 (eprint 2018/403) 5.4 for the way into the ring";
        card("one_hot", what, "3 bits", source)
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        vec![draw.bits(n, Self::WIDTH)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        Ok(integers(p.one_hot(on.bits(0), Self::WIDTH as usize)?))
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        all(&z[0], n << Self::WIDTH, |at| exact((x[0].at(at % n) == (at / n) as i128).into()))
    }
}

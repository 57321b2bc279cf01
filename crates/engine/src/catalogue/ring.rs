//! What a protocol brings itself: sharing, products, truncation.

use sharewell_mpc::{Known, Protocol, Result};
use sharewell_net::PartyId;
use sharewell_ring::{Dims, Integer};

use super::check::{all, exact, rounded, some};
use super::{Card, Draw, Given, Operand, Operation, Secret, Unit, Visitor, Wrong, integers};

pub(super) fn each(visitor: &mut impl Visitor) {
    visitor.visit(&Input);
    visitor.visit(&Random);
    visitor.visit(&Reveal);
    visitor.visit(&RevealTo);
    visitor.visit(&Mul);
    visitor.visit(&MulTrunc);
    visitor.visit(&Dot);
    visitor.visit(&MulSum);
    visitor.visit(&Matmul { frac_bits: 0 });
    visitor.visit(&Matmul { frac_bits: FRAC_BITS });
    visitor.visit(&Trunc);
    visitor.visit(&TruncExact);
}

pub(super) const ARAKI: &str = "Araki et al. 2016 (eprint 2016/768) section 3";
const TRUNCATION: &str =
    "Keller 2025 (eprint 2025/919); oblivious transfer of ABY3 (eprint 2018/403) 5.4.1";
const FRAC_BITS: u32 = 16;

fn card(name: &'static str, what: &'static str, range: &str, source: &'static str) -> Card {
    Card { name, what, range: range.into(), source, ..Card::of("Ring", 1_000_000) }
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

/// Taken off what it was added to.
struct Random;
impl Operation for Random {
    fn card(&self) -> Card {
        card("random", "n uniform ring elements that nobody knows", "any", ARAKI)
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        vec![draw.signed(n, R::BITS)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let random = p.random(on.n)?;
        let mut sum = random.clone();
        sum += on.integers(0);
        p.note(&mut sum, Known::Wrapped);
        Ok(vec![Secret::Integers(random), Secret::Integers(sum)])
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        all(&z[1], z[0].len(), |_| i128::MIN..=i128::MAX)?;
        let gap: Vec<R> = z[0].iter().zip(&z[1]).map(|(random, sum)| *sum - *random).collect();
        all(&gap, n, |i| exact(x[0].at(i)))
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

struct RevealTo;
impl Operation for RevealTo {
    fn card(&self) -> Card {
        card("reveal_to", "n integers opened to one party", "any", ARAKI)
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        Reveal.operands::<R>(n, draw)
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        p.reveal_to(on.integers(0), &[PartyId(1)])?;
        Ok(integers(on.integers(0).clone()))
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        Reveal.check(n, x, z)
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

/// Of eight products each.
struct MulSum;
impl MulSum {
    const TERMS: usize = 8;
}
impl Operation for MulSum {
    fn card(&self) -> Card {
        card("mul_sum", "n sums of eight products of integers", "every |sum| < 2^(k-1)", ARAKI)
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        factors::<R>(Self::TERMS * n, Self::TERMS, draw)
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        Ok(integers(p.mul_sum(on.integers(0), on.integers(1), Self::TERMS)?))
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        let sum = |i| (0..Self::TERMS).map(|t| x[0].at(t * n + i) * x[1].at(t * n + i)).sum();
        all(&z[0], n, |i| exact(sum(i)))
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

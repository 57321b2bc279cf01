//! Bits: gates, circuits, and the ways between bits and the ring.

use sharewell_mpc::circuit::{self, Below};
use sharewell_mpc::{Protocol, Result};
use sharewell_ring::{Integer, Ring};

use super::check::{all, exact};
use super::ring::ARAKI;
use super::{Card, Draw, Given, Operand, Operation, Secret, Visitor, Wrong, bits, integers};

pub(super) fn each(visitor: &mut impl Visitor) {
    visitor.visit(&RandomBits);
    visitor.visit(&RevealBits);
    visitor.visit(&Circuit::And);
    visitor.visit(&Circuit::AllOnes);
    visitor.visit(&Circuit::SuffixOr);
    visitor.visit(&Circuit::Carry);
    visitor.visit(&Circuit::Sum);
    visitor.visit(&LessThanPublic);
    visitor.visit(&A2b);
    visitor.visit(&HighBits);
    visitor.visit(&B2a);
    visitor.visit(&B2aDot);
    visitor.visit(&MulBits);
    visitor.visit(&OneHot);
}

fn card(name: &'static str, what: &'static str, range: &str, source: &'static str) -> Card {
    Card { name, what, range: range.into(), source, ..Card::of("Bits", 1_000_000) }
}

/// Bits of `n` numbers as wide as the ring; all zeros and all ones among them.
fn words<R: Integer>(n: usize, draw: &mut Draw) -> Operand {
    let numbers = draw.signed(n, R::BITS);
    Operand::new_bits(n, R::BITS, move |i| numbers.at(i))
}

/// As the bits of the ring's elements.
fn unsigned<R: Integer>(x: i128) -> u128 {
    R::from_i128(x).to_u128()
}

/// Added to what they are taken off again.
struct RandomBits;
impl Operation for RandomBits {
    fn card(&self) -> Card {
        card("random_bits", "n words of uniform bits that nobody knows", "any", ARAKI)
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        vec![words::<R>(n, draw)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let random = p.random_bits(on.n, P::Ring::BITS as usize)?;
        let mut sum = random.clone();
        sum ^= on.bits(0);
        Ok(vec![Secret::Bits(random), Secret::Bits(sum)])
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        all(&z[1], z[0].len(), |_| i128::MIN..=i128::MAX)?;
        let pairs = z[0].iter().zip(&z[1]).map(|(random, sum)| random.to_u128() ^ sum.to_u128());
        all(&pairs.map(R::from_u128).collect::<Vec<_>>(), n, |i| exact(x[0].at(i)))
    }
}

struct RevealBits;
impl Operation for RevealBits {
    fn card(&self) -> Card {
        card("reveal_bits", "n words of bits opened to all", "any", ARAKI)
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        vec![words::<R>(n, draw)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        p.reveal_bits(on.bits(0))?;
        Ok(bits(on.bits(0).clone()))
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        all(&z[0], n, |i| exact(x[0].at(i)))
    }
}

/// On words as wide as the ring.
enum Circuit {
    And,
    AllOnes,
    SuffixOr,
    Carry,
    Sum,
}
impl Circuit {
    fn of<R: Integer>(&self, x: u128, y: u128) -> u128 {
        let most = u128::MAX >> (128 - R::BITS);
        let (sum, carry) = x.overflowing_add(y);
        match self {
            Self::And => x & y,
            Self::AllOnes => (x == most).into(),
            Self::SuffixOr => u128::MAX.checked_shr(x.leading_zeros()).unwrap_or(0),
            Self::Carry => (carry || sum > most).into(),
            Self::Sum => sum,
        }
    }
}
impl Operation for Circuit {
    fn card(&self) -> Card {
        match self {
            Self::And => card("and", "n ANDs of words as wide as the ring", "any", ARAKI),
            Self::AllOnes => {
                card("all_ones", "n tests of whether all of a word's bits are 1", "any", "a tree")
            }
            Self::SuffixOr => {
                let what = "the leading 1 of n words, copied to all lower bits";
                card("suffix_or", what, "any", "Sklansky 1960")
            }
            Self::Carry => {
                let source = "Brent and Kung 1982";
                card("carry", "n carries out of a sum of two words", "any", source)
            }
            Self::Sum => {
                card("sum of bits", "n sums of two words, shared as bits", "any", "Sklansky 1960")
            }
        }
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        [(); 2].map(|()| words::<R>(n, draw)).into()
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let (x, y, width) = (on.bits(0), on.bits(1), P::Ring::BITS as usize);
        Ok(bits(match self {
            Self::And => p.and(x, y)?,
            Self::AllOnes => circuit::all_ones(p, x, width)?,
            Self::SuffixOr => circuit::suffix_or(p, x, width)?,
            Self::Carry => circuit::carry(p, x, y, width)?,
            Self::Sum => circuit::sum(p, x, y, width)?,
        }))
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        all(&z[0], n, |i| {
            let [x, y] = [0, 1].map(|of: usize| unsigned::<R>(x[of].at(i)));
            exact(R::from_u128(self.of::<R>(x, y)).to_i128())
        })
    }
}

/// Bits against a limit that everybody knows.
struct LessThanPublic;
impl LessThanPublic {
    const BELOW: Below = Below { low: 0, width: 32, limit: 0x9e37_79b9 };
}
impl Operation for LessThanPublic {
    fn card(&self) -> Card {
        let source = "Garay, Schoenmakers, Villegas 2007, constants folded in";
        let what = "n tests of x < c, bits against a public number";
        card("less_than_public", what, "32 bits, unsigned", source)
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        vec![draw.bits(n, 32)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        Ok(bits(circuit::less_than_public(p, on.bits(0), &[Self::BELOW])?))
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        all(&z[0], n, |i| exact((x[0].at(i) < Self::BELOW.limit as i128).into()))
    }
}

const A2B: &str = "two summands as in ABY3 (eprint 2018/403) 5.3; carries of blocks, Sklansky 1960";

struct A2b;
impl Operation for A2b {
    fn card(&self) -> Card {
        card("a2b", "all bits of n integers", "any", A2B)
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

/// Without what lower bits carry over.
struct HighBits;
impl HighBits {
    const DROP: u32 = 16;
}
impl Operation for HighBits {
    fn card(&self) -> Card {
        let card = card("high_bits", "all but the low 16 bits of n integers", "any", A2B);
        Card { error: "x, or x - 2^16".into(), ..card }
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        vec![draw.signed(n, R::BITS)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        Ok(bits(circuit::high_bits(p, on.integers(0), P::Ring::BITS, Self::DROP)?))
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        let most = (1 << (R::BITS - Self::DROP)) - 1;
        all(&z[0], n, |_| 0..=most)?;
        let cut = |(i, z): (usize, &R)| R::from_i128(x[0].at(i)) - z.shl(Self::DROP);
        let cut: Vec<R> = z[0].iter().enumerate().map(cut).collect();
        all(&cut, n, |_| 0..=(2 << Self::DROP) - 1)
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

/// Each integer, or zero.
struct MulBits;
impl Operation for MulBits {
    fn card(&self) -> Card {
        let source = "bit times number, after ABY3 (eprint 2018/403) 5.4";
        card("mul_bits", "n products of a secret bit and an integer", "any", source)
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        vec![draw.signed(n, R::BITS), draw.bits(n, 1)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        Ok(integers(p.mul_bits(on.bits(1), on.integers(0))?))
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        all(&z[0], n, |i| exact(x[0].at(i) * x[1].at(i)))
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

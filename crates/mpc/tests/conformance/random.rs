//! Random programs on random inputs in their ranges.
//!
//! `Bounds` decides which operations fit: one that it refuses is left out. What remains must
//! lie in the proved interval and within twice the proved error of `Plain`.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use sharewell_mpc::protocols::bounds::{Bounds, Interval};
use sharewell_mpc::protocols::plain::Plain;
use sharewell_ring::{Dims, Integer};

use crate::cases::noise;
use crate::laws::cost_and_shape;
use crate::program::{Op, Program, Registers};
use crate::subject::Subject;

const CASES: u32 = 100;

/// What the generator knows of registers: lengths, widths, and whether a value is exact.
#[derive(Default)]
struct Known {
    ints: Vec<(usize, bool)>,
    bits: Vec<(usize, usize)>,
}

/// The material of one program.
#[derive(Clone, Debug)]
pub(crate) struct Recipe {
    pub(crate) choices: Vec<[u8; 4]>,
    pub(crate) len: usize,
    pub(crate) bits: u32,
    pub(crate) seed: u64,
}

pub(crate) fn recipe(ring_bits: u32) -> impl Strategy<Value = Recipe> {
    let choices = prop::collection::vec(any::<[u8; 4]>(), 1..=8);
    let len = prop::sample::select(vec![1usize, 2, 3, 7, 63, 64, 65, 130]);
    let bits = prop::sample::select(vec![2, 9, ring_bits / 4, ring_bits / 3, ring_bits - 2]);
    (choices, len, bits, any::<u64>()).prop_map(|(choices, len, bits, seed)| Recipe {
        choices,
        len,
        bits,
        seed,
    })
}

/// The program, and the interval of each opened ring element.
pub(crate) fn cook<R: Integer>(recipe: &Recipe) -> (Program<R>, Vec<Interval>) {
    let Recipe { choices, len, bits, seed } = recipe;
    let mut noise = noise(*seed);
    let mut values = || (0..*len).map(|_| R::from_i128(noise() >> (128 - bits))).collect();
    let inputs: Vec<Vec<R>> = (0..3).map(|_| values()).collect();
    let limit = 1i128 << (bits - 1);
    let ranges = vec![Interval::between(-limit, limit - 1); *len];
    let mut program = Program { inputs, ops: vec![] };
    let mut known = Known { ints: vec![(*len, true); 3], bits: vec![] };
    let bounds = || Bounds::<R>::new(vec![ranges.clone(); 3]);
    for choice in choices {
        let Some(op) = known.decode::<R>(*choice) else { continue };
        let mut longer = program.clone();
        longer.ops.push(op.clone());
        if longer.open(&mut bounds(), &[]).is_ok() {
            known.learn(&op);
            program = longer;
        }
    }
    let mut proof = bounds();
    let registers: Registers<_> = program.run(&mut proof, &[]).expect("was accepted");
    registers.open(&mut proof).expect("was accepted");
    (program, proof.outputs().to_vec())
}

impl Known {
    fn decode<R: Integer>(&self, [kind, a, b, c]: [u8; 4]) -> Option<Op<R>> {
        let i = usize::from(a) % self.ints.len();
        let (len, exact) = self.ints[i];
        let alike: Vec<usize> = (0..self.ints.len()).filter(|j| self.ints[*j].0 == len).collect();
        let j = alike[usize::from(b) % alike.len()];
        let both_exact = exact && self.ints[j].1;
        let by = 1 + u32::from(c) % (R::BITS / 2);
        let width = [4, 11, R::BITS / 2, R::BITS - 1][usize::from(c) % 4];
        let d = Dims { m: len, k: 1, n: self.ints[j].0.min(3) };
        Some(match kind % 32 {
            0 => Op::Add(i, j),
            1 => Op::Sub(i, j),
            2 => Op::Scale(i, vec![R::from_i128(i128::from(c) - 128)]),
            3 => Op::Gather(i, (0..=usize::from(c)).map(|x| x * 7 % len).collect()),
            4 => Op::Concat(i, j),
            5 if len > 1 => Op::Split(i, 1 + usize::from(c) % (len - 1)),
            6 => Op::Sum(i, if len.is_multiple_of(2) { 2 } else { 1 }),
            7 | 8 => Op::Mul(i, j),
            9 => Op::Dot(i, j, 1),
            10 => Op::Matmul(i, i, Dims { m: 1, k: len, n: 1 }),
            11 => Op::Trunc(i, by),
            12 => Op::TruncExact(i, by),
            13 | 14 => Op::MulTrunc(i, j, by),
            15 if d.n == self.ints[j].0 => Op::MatmulTrunc(i, j, d, by),
            16 => Op::Public((0..len as i128).map(|x| R::from_i128(x - 5)).collect()),
            17 if both_exact => Op::Min(i, j, width),
            18 if both_exact => Op::Max(i, j, width),
            19 if both_exact => Op::Fork(i, j, width),
            20 if both_exact => Op::LessThan(i, j, width),
            21 if both_exact => Op::Equal(i, j, width),
            22 if exact => Op::Msb(i, width),
            23 if exact => Op::A2b(i, width),
            24 if exact => Op::IsZero(i, width),
            _ => return self.decode_bits(kind, [a, b, c], (i, j)),
        })
    }

    fn decode_bits<R>(
        &self,
        kind: u8,
        [a, b, c]: [u8; 3],
        (x, y): (usize, usize),
    ) -> Option<Op<R>> {
        let i = usize::from(a).checked_rem(self.bits.len())?;
        let (len, width) = self.bits[i];
        let alike: Vec<usize> = (0..self.bits.len()).filter(|j| self.bits[*j].0 == len).collect();
        let j = alike[usize::from(b) % alike.len()];
        let same_width = self.bits[j].1 == width;
        Some(match kind % 7 {
            0 if same_width => Op::Xor(i, j),
            1 if same_width => Op::And(i, j),
            2 if width + self.bits[j].1 <= 128 => Op::Stack(i, j),
            3 => Op::Pick(i, vec![usize::from(c) % width]),
            4 => Op::Not(i),
            5 if width == 1 && self.ints[x].0 == len => Op::Select(i, x, y),
            6 => Op::SuffixOr(i),
            _ => Op::B2a(i),
        })
    }

    fn learn<R>(&mut self, op: &Op<R>) {
        let int = |i: &usize| self.ints[*i];
        let both = |i: &usize, j: &usize| (int(i).0, int(i).1 && int(j).1);
        let (ints, bits): (Vec<_>, Vec<_>) = match op {
            Op::Public(x) => (vec![(x.len(), true)], vec![]),
            Op::Add(i, j) | Op::Sub(i, j) | Op::Mul(i, j) => (vec![both(i, j)], vec![]),
            Op::Scale(i, _) => (vec![int(i)], vec![]),
            Op::Gather(i, index) => (vec![(index.len(), int(i).1)], vec![]),
            Op::Concat(i, j) => (vec![(2 * int(i).0, both(i, j).1)], vec![]),
            Op::Split(i, at) => {
                let (len, exact) = int(i);
                (vec![(*at, exact), (len - at, exact)], vec![])
            }
            Op::Sum(i, rows) => (vec![(*rows, int(i).1)], vec![]),
            Op::Dot(i, j, rows) => (vec![(*rows, both(i, j).1)], vec![]),
            Op::Matmul(i, j, d) => (vec![(d.m * d.n, both(i, j).1)], vec![]),
            Op::Trunc(i, _) | Op::MulTrunc(i, _, _) => (vec![(int(i).0, false)], vec![]),
            // Exactly the floor, if its operand was exact.
            Op::TruncExact(i, _) => (vec![int(i)], vec![]),
            Op::MatmulTrunc(_, _, d, _) => (vec![(d.m * d.n, false)], vec![]),
            Op::B2a(b) => (vec![(self.bits[*b].0 * self.bits[*b].1, true)], vec![]),
            Op::Select(_, i, j) | Op::Min(i, j, _) | Op::Max(i, j, _) => (vec![both(i, j)], vec![]),
            Op::Fork(i, j, _) => (vec![both(i, j)], vec![(int(i).0, 1)]),
            Op::Xor(b, _) | Op::And(b, _) | Op::Not(b) | Op::SuffixOr(b) => {
                (vec![], vec![self.bits[*b]])
            }
            Op::Pick(b, planes) => (vec![], vec![(self.bits[*b].0, planes.len())]),
            Op::Stack(b, c) => (vec![], vec![(self.bits[*b].0, self.bits[*b].1 + self.bits[*c].1)]),
            Op::A2b(i, width) => (vec![], vec![(int(i).0, *width as usize)]),
            Op::Msb(i, _) | Op::IsZero(i, _) | Op::Equal(i, _, _) | Op::LessThan(i, _, _) => {
                (vec![], vec![(int(i).0, 1)])
            }
            _ => unreachable!("never decoded"),
        };
        self.ints.extend(ints);
        self.bits.extend(bits);
    }
}

pub(crate) fn programs<S: Subject>() {
    let mut runner = TestRunner::new(Config { cases: CASES, ..Config::default() });
    let law = |recipe: Recipe| {
        let (program, intervals) = cook::<S::Ring>(&recipe);
        let plain = program.open(&mut Plain::new(1), &program.all_inputs()).unwrap();
        let opened = cost_and_shape::<S>(&program);
        prop_assert_eq!(&opened.bits, &plain.bits);
        let pairs = opened.ints.concat().into_iter().zip(plain.ints.concat());
        for ((got, want), bound) in pairs.zip(intervals) {
            let (lo, hi) = (bound.lo.unwrap(), bound.hi.unwrap());
            for value in [got, want].map(S::Ring::to_i128) {
                prop_assert!((lo..=hi).contains(&value), "{value} outside {bound}");
            }
            let difference = (got - want).to_i128().unsigned_abs() as f64;
            prop_assert!(difference <= 2.0 * bound.error, "{difference} above {}", bound.error);
        }
        Ok(())
    };
    runner.run(&recipe(S::Ring::BITS), law).unwrap();
}

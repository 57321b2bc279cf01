//! Programs as data, so that they can be drawn at random and run by every interpreter.

use sharewell_mpc::circuit::Below;
use sharewell_mpc::{BitShare, Protocol, Result, Rows, Share, Split, Way, circuit};
use sharewell_ring::{Dims, Integer, Planes, Z128};

use crate::choice::Choice;

/// Number of a register of ring elements; the inputs are the first.
pub(crate) type Int = usize;
/// Number of a register of bits.
pub(crate) type Bit = usize;

/// One operation; its results go to new registers.
#[derive(Clone, Debug)]
pub(crate) enum Op<R> {
    Public(Vec<R>),
    Random(usize),
    Add(Int, Int),
    Sub(Int, Int),
    Scale(Int, Vec<R>),
    Gather(Int, Vec<usize>),
    Concat(Int, Int),
    Split(Int, usize),
    Sum(Int, usize),
    PrefixSum(Int),
    Mul(Int, Int),
    Dot(Int, Int, usize),
    MulSum(Int, Int, usize),
    Matmul(Int, Int, Dims),
    Trunc(Int, u32),
    TruncExact(Int, u32),
    MulTrunc(Int, Int, u32),
    MatmulTrunc(Int, Int, Dims, u32),
    B2a(Bit),
    B2aDot(Bit, Vec<Vec<R>>),
    OneHot(Bit),
    /// Shuffled, and back again.
    Shuffle(Int, Bit),
    /// Rows of the latter two, to the destinations in the first.
    Place(Int, Int, Bit),
    MulBits(Bit, Int),
    Select(Bit, Int, Int),
    Min(Int, Int, u32),
    Max(Int, Int, u32),
    Choose(Choice, u32),
    /// A product on one lane, a comparison on another.
    Fork(Int, Int, u32),
    PublicBits(Vec<R>, usize),
    RandomBits(usize, usize),
    Xor(Bit, Bit),
    Not(Bit),
    Mask(Bit, Vec<R>),
    Pick(Bit, Vec<usize>),
    Stack(Bit, Bit),
    And(Bit, Bit),
    AllOnes(Bit),
    SuffixOr(Bit),
    Summands(Int, u32, Split),
    A2b(Int, u32),
    Msb(Int, u32),
    IsZero(Int, u32),
    Equal(Int, Int, u32),
    LessThan(Int, Int, u32),
    /// Numbers of all planes, and of all but the lowest, below each limit.
    LessThanPublic(Bit, Vec<u128>),
}

/// Inputs of the compute parties, and what is done with them.
#[derive(Clone, Debug)]
pub(crate) struct Program<R> {
    pub(crate) inputs: Vec<Vec<R>>,
    pub(crate) ops: Vec<Op<R>>,
}

/// The registers of an interpreter, and for each register of bits its width.
pub(crate) struct Registers<P: Protocol> {
    pub(crate) ints: Vec<P::AShare>,
    pub(crate) bits: Vec<(P::BShare, usize)>,
}

/// All registers opened; bits as numbers, least significant plane first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Opened<R> {
    pub(crate) ints: Vec<Vec<R>>,
    pub(crate) bits: Vec<Vec<Z128>>,
}

impl<R: Integer> Program<R> {
    /// Everybody's inputs, as an interpreter without parties takes them.
    pub(crate) fn all_inputs(&self) -> Vec<R> {
        self.inputs.concat()
    }

    /// Runs it, with this party's part of the inputs, and leaves everything shared.
    pub(crate) fn run<P>(&self, p: &mut P, mine: &[R]) -> Result<Registers<P>>
    where
        P: Protocol<Ring = R> + Send,
    {
        let lens: Vec<usize> = self.inputs.iter().map(Vec::len).collect();
        let mut registers = Registers { ints: p.input(mine, &lens)?, bits: vec![] };
        for op in &self.ops {
            registers.step(p, op)?;
        }
        Ok(registers)
    }

    /// Runs it and opens every register.
    pub(crate) fn open<P>(&self, p: &mut P, mine: &[R]) -> Result<Opened<R>>
    where
        P: Protocol<Ring = R> + Send,
    {
        self.run(p, mine)?.open(p)
    }
}

impl<P: Protocol + Send> Registers<P> {
    pub(crate) fn open(&self, p: &mut P) -> Result<Opened<P::Ring>> {
        let ints = self.ints.iter().map(|x| p.reveal(x)).collect::<Result<_>>()?;
        let open = |(x, _): &(P::BShare, usize)| {
            // What stands in the padding means nothing; past the last value there is none.
            p.partial_open_bits(x).map(|planes| planes.to_values())
        };
        let bits = self.bits.iter().map(open).collect::<Result<_>>()?;
        Ok(Opened { ints, bits })
    }

    /// One operation.
    pub(crate) fn step(&mut self, p: &mut P, op: &Op<P::Ring>) -> Result<()> {
        if let Op::Choose(choice, bits) = op {
            let chosen = choice.apply(p, &self.ints, *bits)?;
            self.ints.extend(chosen);
        } else if let Some(local) = self.local(p, op) {
            self.ints.extend(local);
        } else if let Some(local) = self.local_bits(p, op) {
            self.bits.extend(local);
        } else if !self.convert(p, op)? {
            self.compute(p, op)?;
        }
        Ok(())
    }

    fn local(&self, p: &P, op: &Op<P::Ring>) -> Option<Vec<P::AShare>> {
        let x = |i: &Int| self.ints[*i].clone();
        Some(match op {
            Op::Public(values) => vec![p.public(values)],
            Op::Add(i, j) => {
                let mut z = x(i);
                z += &self.ints[*j];
                vec![z]
            }
            Op::Sub(i, j) => {
                let mut z = x(i);
                z -= &self.ints[*j];
                vec![z]
            }
            Op::Scale(i, by) => {
                let mut z = x(i);
                z.scale(by);
                vec![z]
            }
            Op::Gather(i, index) => vec![x(i).gather(index)],
            Op::Concat(i, j) => vec![P::AShare::concat(&[&self.ints[*i], &self.ints[*j]])],
            Op::Split(i, at) => {
                let (left, right) = x(i).split(*at);
                vec![left, right]
            }
            Op::Sum(i, rows) => vec![x(i).sum(*rows)],
            Op::PrefixSum(i) => {
                let mut z = x(i);
                z.prefix_sum();
                vec![z]
            }
            _ => return None,
        })
    }

    fn local_bits(&self, p: &P, op: &Op<P::Ring>) -> Option<Vec<(P::BShare, usize)>> {
        let x = |i: &Bit| self.bits[*i].clone();
        Some(vec![match op {
            Op::PublicBits(values, width) => {
                (p.public_bits(&Planes::slice_values(values, *width)), *width)
            }
            Op::Xor(i, j) => {
                let (mut z, width) = x(i);
                z ^= &self.bits[*j].0;
                (z, width)
            }
            Op::Not(i) => {
                let (mut z, width) = x(i);
                circuit::not(p, &mut z, width);
                (z, width)
            }
            Op::Mask(i, by) => {
                let (mut z, width) = x(i);
                z.mask(&Planes::slice_values(by, 1));
                (z, width)
            }
            Op::Pick(i, planes) => (x(i).0.pick(planes), planes.len()),
            Op::Stack(i, j) => {
                let (left, right) = (x(i), x(j));
                (P::BShare::stack(&[&left.0, &right.0]), left.1 + right.1)
            }
            _ => return None,
        }])
    }

    /// Operations from or to bits. False if it is none.
    fn convert(&mut self, p: &mut P, op: &Op<P::Ring>) -> Result<bool> {
        let (ints, bits) = (&self.ints, &self.bits);
        let (z, width) = match op {
            Op::RandomBits(len, width) => (p.random_bits(*len, *width)?, *width),
            Op::And(i, j) => (p.and(&bits[*i].0, &bits[*j].0)?, bits[*i].1),
            Op::AllOnes(i) => (circuit::all_ones(p, &bits[*i].0, bits[*i].1)?, 1),
            Op::SuffixOr(i) => (circuit::suffix_or(p, &bits[*i].0, bits[*i].1)?, bits[*i].1),
            Op::A2b(i, width) => (p.a2b(&ints[*i], *width)?, *width as usize),
            Op::Msb(i, width) => (p.msb(&ints[*i], *width)?, 1),
            Op::IsZero(i, width) => (p.is_zero(&ints[*i], *width)?, 1),
            Op::Equal(i, j, width) => (circuit::equal(p, &ints[*i], &ints[*j], *width)?, 1),
            Op::LessThan(i, j, width) => (circuit::less_than(p, &ints[*i], &ints[*j], *width)?, 1),
            Op::LessThanPublic(i, limits) => {
                let (x, width) = &bits[*i];
                let question =
                    |low| move |limit: &u128| Below { low, width: width - low, limit: *limit };
                let questions: Vec<Below> =
                    (0..2).flat_map(|low| limits.iter().map(question(low))).collect();
                (circuit::less_than_public(p, x, &questions)?, questions.len())
            }
            Op::Summands(i, width, split) => {
                let (u, v) = p.summands(&ints[*i], *width, *split)?;
                self.bits.push((u, *width as usize));
                (v, *width as usize)
            }
            Op::Shuffle(i, b) => {
                let by = p.draw_shuffle(ints[*i].len())?;
                let mut rows =
                    Rows { ints: vec![ints[*i].clone()], bits: vec![bits[*b].0.clone()] };
                for way in [Way::Forward, Way::Backward] {
                    rows = p.shuffle(&by, way, rows)?;
                }
                self.ints.extend(rows.ints);
                (rows.bits.swap_remove(0), bits[*b].1)
            }
            Op::Place(to, i, b) => {
                let by = p.draw_shuffle(ints[*i].len())?;
                let rows = Rows { ints: vec![ints[*i].clone()], bits: vec![bits[*b].0.clone()] };
                let (order, rows) = p.shuffle_open(&by, ints[*to].clone(), rows)?;
                self.ints.extend(rows.ints.iter().map(|x| x.gather(&order)));
                (rows.bits[0].gather(&order), bits[*b].1)
            }
            Op::Fork(i, j, width) => {
                let (x, y) = (&ints[*i], &ints[*j]);
                let (product, less) =
                    p.join(|p| p.mul(x, y), |p| circuit::less_than(p, x, y, *width))?;
                self.ints.push(product);
                (less, 1)
            }
            _ => return Ok(false),
        };
        self.bits.push((z, width));
        Ok(true)
    }

    fn compute(&mut self, p: &mut P, op: &Op<P::Ring>) -> Result<()> {
        let x = &self.ints;
        let z = match op {
            Op::Random(len) => p.random(*len)?,
            Op::Mul(i, j) => p.mul(&x[*i], &x[*j])?,
            Op::Dot(i, j, rows) => p.dot(&x[*i], &x[*j], *rows)?,
            Op::MulSum(i, j, terms) => p.mul_sum(&x[*i], &x[*j], *terms)?,
            Op::Matmul(i, j, d) => p.matmul(&x[*i], &x[*j], *d)?,
            Op::Trunc(i, by) => p.trunc(&x[*i], *by)?,
            Op::TruncExact(i, by) => p.trunc_exact(&x[*i], *by)?,
            Op::MulTrunc(i, j, by) => p.mul_trunc(&x[*i], &x[*j], *by)?,
            Op::MatmulTrunc(i, j, d, by) => p.matmul_trunc(&x[*i], &x[*j], *d, *by)?,
            Op::B2a(b) => p.b2a(&self.bits[*b].0)?,
            Op::B2aDot(b, weights) => p.b2a_dot(&self.bits[*b].0, weights)?,
            Op::OneHot(b) => p.one_hot(&self.bits[*b].0, self.bits[*b].1)?,
            Op::MulBits(b, i) => p.mul_bits(&self.bits[*b].0, &x[*i])?,
            Op::Select(c, i, j) => circuit::select(p, &self.bits[*c].0, &x[*i], &x[*j])?,
            Op::Min(i, j, width) => circuit::min(p, &x[*i], &x[*j], *width)?,
            Op::Max(i, j, width) => circuit::max(p, &x[*i], &x[*j], *width)?,
            _ => unreachable!("{op:?} is local or makes bits"),
        };
        self.ints.push(z);
        Ok(())
    }
}

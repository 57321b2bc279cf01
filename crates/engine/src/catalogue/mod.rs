//! Every secure operation once: what it is computed on, how it is called, and what is right.
//!
//! Tests, benchmarks and `docs/operations.md` read this list; none has one of its own. To add
//! an operation, write an [`Operation`] in the file of its group and name it in that file's
//! `each`.

mod bits;
mod check;
mod comparison;
mod draw;
mod linear;
mod numeric;
mod order;
mod power;
mod program;
mod regression;
mod ring;
mod sample;
mod table;
mod training;

use sharewell_mpc::order::Places;
use sharewell_mpc::{Arithmetic as _, BitShare, CHUNK, Protocol, Result, Share, in_chunks};
use sharewell_ring::{Integer, Planes, Ring, Z64};
use sharewell_tensor::Tensor;

pub use check::Wrong;
pub use draw::{Draw, Operand};

/// Calls the visitor with every operation, in the order of the documentation.
pub fn each(visitor: &mut impl Visitor) {
    ring::each(visitor);
    bits::each(visitor);
    comparison::each(visitor);
    numeric::each(visitor);
    power::each(visitor);
    linear::each(visitor);
    order::each(visitor);
    table::each(visitor);
    sample::each(visitor);
    program::each(visitor);
    regression::each(visitor);
    training::each(visitor);
}

/// What is to be done with each operation.
pub trait Visitor {
    /// Does it with one.
    fn visit<O: Operation>(&mut self, operation: &O);
}

/// What a reader must know of an operation.
#[derive(Clone, Debug)]
pub struct Card {
    /// Its name.
    pub name: &'static str,
    /// The family that it belongs to.
    pub group: &'static str,
    /// What it does with operands of `n` elements.
    pub what: &'static str,
    /// What the operands must keep to; `k` is the ring's width in bits.
    pub range: String,
    /// The worst error.
    pub error: String,
    /// The paper and its section.
    pub source: &'static str,
    /// The size that it is measured at if nothing else is asked for.
    pub n: usize,
    /// What `n` counts.
    pub unit: Unit,
    /// Bits of the least ring that holds it: the one that it is measured in.
    pub ring_bits: u32,
}

impl Card {
    /// What the cards of a group have in common: exact results, one for each of `n` elements.
    fn of(group: &'static str, n: usize) -> Self {
        Self {
            name: "",
            group,
            what: "",
            range: "any".into(),
            error: "exact".into(),
            source: "",
            n,
            unit: Unit::Elements(1),
            ring_bits: Z64::BITS,
        }
    }
}

/// What an operation's `n` counts, and so what its price and its rate are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// So many times `n` elements.
    Elements(usize),
    /// The side of square matrices: a price is an entry's, a rate counts multiplications.
    Side,
    /// Elements of which there is one result: the price is of the whole.
    Whole,
}

impl Unit {
    /// What one price is paid for each of.
    #[must_use]
    pub fn elements(self, n: usize) -> usize {
        match self {
            Self::Elements(times) => times * n,
            Self::Side => n * n,
            Self::Whole => 1,
        }
    }

    /// What a rate counts.
    #[must_use]
    pub fn work(self, n: usize) -> f64 {
        match self {
            Self::Elements(times) => times as f64 * n as f64,
            Self::Side => (n as f64).powi(3),
            Self::Whole => n as f64,
        }
    }
}

/// A secure operation.
pub trait Operation: Sync {
    /// What a reader must know of it.
    fn card(&self) -> Card;

    /// The sizes that it is tested at; the last fills more than one frame.
    fn sizes(&self) -> Vec<usize> {
        vec![0, 1, 127, 8_209]
    }

    /// Operands of size `n`, edges first.
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand>;

    /// Ranges of what the operation itself shares, giver after giver, call after call.
    fn inputs<R: Integer>(&self, _n: usize, _x: &[Operand]) -> Vec<Vec<(i128, i128)>> {
        vec![]
    }

    /// The operation itself.
    ///
    /// # Errors
    /// If a link fails.
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>>;

    /// Whether the opened results `z` of operands `x` are right.
    ///
    /// # Errors
    /// The first element that is not.
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong>;
}

/// A secret vector of either kind.
pub enum Secret<P: Protocol> {
    /// Ring elements.
    Integers(P::AShare),
    /// Bit planes.
    Bits(P::BShare),
    /// Numbers of rows or of places, over 32 bits.
    Places(Places<P>),
}

impl<P: Protocol> std::fmt::Debug for Secret<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Integers(x) => write!(f, "Integers({} shares)", x.len()),
            Self::Bits(x) => write!(f, "Bits({} shares)", x.len()),
            Self::Places(x) => write!(f, "Places({} shares)", x.len()),
        }
    }
}

/// What an operation is run on.
pub struct Given<P: Protocol> {
    /// The size.
    pub n: usize,
    /// The operands, one after the other.
    pub operands: Vec<Secret<P>>,
    /// Those that this party gave, in the clear: what is computed before anything is shared.
    pub mine: Vec<Option<Vec<P::Ring>>>,
}

impl<P: Protocol> std::fmt::Debug for Given<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Given({}, {:?})", self.n, self.operands)
    }
}

impl<P: Protocol> Given<P> {
    /// Shares operands: the first party gives the first, the second the second, and so on
    /// round. `me` is this party; an interpreter without parties gives everybody's.
    ///
    /// # Errors
    /// If a link fails.
    pub fn share(p: &mut P, n: usize, operands: &[Operand], me: Option<usize>) -> Result<Self> {
        let mut given = Self { n, operands: vec![], mine: vec![] };
        for (at, operand) in operands.iter().enumerate() {
            let giver = at % 3;
            let known = me.is_none_or(|me| me == giver);
            let mine: Option<Vec<P::Ring>> = known.then(|| operand.in_ring());
            let mut lens = [0; 3];
            // To be shared, a vector is copied several times.
            let [x] = in_chunks(p, operand.len(), CHUNK, |p, range| {
                lens[giver] = range.len();
                let mine = mine.as_ref().map_or(&[][..], |mine| &mine[range]);
                Ok([p.input(mine, &lens)?.swap_remove(giver)])
            })?;
            given.operands.push(match operand.bits() {
                None => Secret::Integers(x),
                Some(width) => Secret::Bits(p.a2b(&x, width)?),
            });
            given.mine.push(mine);
        }
        Ok(given)
    }

    /// Operands that cost nothing and mean nothing: for a quote.
    pub fn free(p: &P, n: usize, operands: &[Operand]) -> Self {
        let one = |operand: &Operand| match operand.bits() {
            None => Secret::Integers(p.public(&vec![P::Ring::ZERO; operand.len()])),
            Some(width) => {
                Secret::Bits(p.public_bits(&Planes::zero(operand.len(), width as usize)))
            }
        };
        let mine = operands.iter().map(|_| None).collect();
        Self { n, operands: operands.iter().map(one).collect(), mine }
    }

    /// An operand that is a vector of ring elements.
    ///
    /// # Panics
    /// If it is none.
    #[must_use]
    pub fn integers(&self, at: usize) -> &P::AShare {
        match &self.operands[at] {
            Secret::Integers(x) => x,
            other => panic!("operand {at} is {other:?}"),
        }
    }

    /// An operand that is bits.
    ///
    /// # Panics
    /// If it is none.
    #[must_use]
    pub fn bits(&self, at: usize) -> &P::BShare {
        match &self.operands[at] {
            Secret::Bits(x) => x,
            other => panic!("operand {at} is {other:?}"),
        }
    }

    /// An operand that is fixed point.
    ///
    /// # Panics
    /// If it is bits.
    #[must_use]
    pub fn tensor(&self, at: usize, shape: &[usize], frac_bits: u32) -> Tensor<P> {
        Tensor::new(self.integers(at).clone(), shape, frac_bits)
    }
}

/// Opens results; bits become the number that their planes make.
///
/// # Errors
/// If a link fails.
pub fn open<P: Protocol>(p: &mut P, secrets: &[Secret<P>]) -> Result<Vec<Vec<P::Ring>>> {
    let mut open = |secret: &Secret<P>| match secret {
        Secret::Integers(x) => p.reveal(x),
        Secret::Bits(x) => Ok(p.reveal_bits(x)?.to_values()),
        Secret::Places(x) => {
            let places = p.with_index(|q| q.reveal(x))?;
            Ok(places.into_iter().map(|place| P::Ring::from_i128(place.to_i128())).collect())
        }
    };
    secrets.iter().map(&mut open).collect()
}

/// One vector of ring elements as a result.
fn integers<P: Protocol>(x: P::AShare) -> Vec<Secret<P>> {
    vec![Secret::Integers(x)]
}

/// One vector of bits as a result.
fn bits<P: Protocol>(x: P::BShare) -> Vec<Secret<P>> {
    vec![Secret::Bits(x)]
}

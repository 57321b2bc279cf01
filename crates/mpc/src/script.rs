//! What a primitive of a protocol sends to whom: its declared cost.
//!
//! A quote replays these scripts; the conformance suite holds every run against them, byte
//! for byte and round for round.

use sharewell_net::PartyId;
use sharewell_ring::{Dims, Z64};

use crate::protocols::tally::Tally;
use crate::{Blocks, Result, Security, Way};

/// Bytes from one party to another.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The sender.
    pub from: u8,
    /// The receiver.
    pub to: u8,
    /// Payload. A message without payload is not sent; one that is longer than a frame
    /// travels in several.
    pub bytes: u64,
}

/// Messages that every party sends before it waits for those that it receives.
pub type Phase = Vec<Message>;

/// What is left to be checked before anything may be revealed.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Owing {
    /// Authenticated wires: of rings of 4, 8 and 16 bytes, and of rows of bits.
    pub wires: [usize; 4],
    /// Matrix products of those rings, and elements of their factors, counted as wires.
    pub matrices: [usize; 3],
    /// See `matrices`.
    pub factors: [usize; 3],
    /// Words of AND gates.
    pub gate_words: usize,
    /// Whether anything has been opened.
    pub opened: bool,
}

impl Owing {
    /// Nothing.
    pub const NOTHING: Self =
        Self { wires: [0; 4], matrices: [0; 3], factors: [0; 3], gate_words: 0, opened: false };

    /// Both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            wires: std::array::from_fn(|i| self.wires[i] + other.wires[i]),
            matrices: std::array::from_fn(|i| self.matrices[i] + other.matrices[i]),
            factors: std::array::from_fn(|i| self.factors[i] + other.factors[i]),
            gate_words: self.gate_words + other.gate_words,
            opened: self.opened || other.opened,
        }
    }
}

/// The phases of one primitive, in order, and what it leaves to be checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// In order.
    pub phases: Vec<Phase>,
    /// What it adds to what is owed.
    pub owes: Owing,
}

impl From<Vec<Phase>> for Script {
    fn from(phases: Vec<Phase>) -> Self {
        Self { phases, owes: Owing::NOTHING }
    }
}

impl Script {
    /// That of a primitive that is made of others, over 64 bits.
    pub(crate) fn of(
        card: &'static Card,
        primitive: impl FnOnce(&mut Tally<Z64>) -> Result<()>,
    ) -> Self {
        Tally::script(card, primitive)
    }

    /// With something to be checked.
    #[must_use]
    pub fn owing(self, owes: Owing) -> Self {
        Self { owes, ..self }
    }
}

/// What a protocol is and what its primitives cost: one line of the table from which
/// documents, quotes, choices and refusals are made.
#[derive(Copy, Clone, Debug)]
pub struct Card {
    /// The name by which a study asks for it.
    pub name: &'static str,
    /// Compute parties.
    pub parties: u8,
    /// Bytes that a party holds of a secret of so many.
    pub share_bytes: fn(w: usize) -> usize,
    /// Corrupt parties that it tolerates.
    pub corruptions: u8,
    /// What corrupt parties may do.
    pub security: Security,
    /// What a party that cheats all the same can achieve.
    pub cheater: &'static str,
    /// When who cheats is known, and to whom.
    pub named: &'static str,
    /// A false value passes the checks with a chance below two to the minus so many bits; none
    /// if nothing is checked.
    pub statistical_bits: Option<u32>,
    /// What must be so for the protocol to keep its promises, beside what all protocols rest on.
    pub assumes: &'static [&'static str],
    /// The paper.
    pub source: &'static str,
    /// Costs of the primitives.
    pub costs: Costs,
}

/// The scripts of a protocol's primitives; `n` elements of `w` bytes each. Without a script an
/// operation is the circuit that stands in its place.
#[derive(Copy, Clone, Debug)]
pub struct Costs {
    /// All givers' inputs, of so many elements each.
    pub input: fn(lens: &[usize], w: usize) -> Script,
    /// `n` uniform secrets.
    pub random: fn(n: usize, w: usize) -> Script,
    /// `n` products, or inner products with `n` results.
    pub mul: fn(n: usize, w: usize) -> Script,
    /// A matrix product, if it is not as its results as products.
    pub matmul: Option<fn(d: Dims, w: usize) -> Script>,
    /// `n` products, truncated by `by` bits.
    pub mul_trunc: Option<fn(n: usize, w: usize, by: u32) -> Script>,
    /// `n` truncations by `by` bits.
    pub trunc: fn(n: usize, w: usize, by: u32) -> Script,
    /// `n` truncations that round down.
    pub trunc_exact: Option<fn(n: usize, w: usize, by: u32) -> Script>,
    /// `words` words of AND gates.
    pub and: fn(words: usize) -> Script,
    /// `n` numbers of `width` bits, each as its `2^width` indicators.
    pub one_hot: Option<fn(n: usize, width: usize, w: usize) -> Script>,
    /// Shuffling columns of elements, of so many each, and of bits, of so many words and rows
    /// each; `turn` shuffles were drawn before.
    pub shuffle: fn(turn: u32, way: Way, columns: &Columns) -> Script,
    /// The same, forward, and opening destinations of so many bytes.
    pub shuffle_open: Option<fn(turn: u32, to: usize, columns: &Columns) -> Script>,
    /// Boolean sharings of the summands of `n` values, `bits` bits of each; without a script they
    /// are made by a layer of full adders.
    pub summands: Option<fn(n: usize, w: usize, bits: usize) -> Script>,
    /// Carry lookahead over the summands of `n` values, in blocks of so many bits.
    pub lookahead: Option<(Lookaheads, usize)>,
    /// A test of `n` values in few rounds, by comparing so many bits of their summands.
    pub quick_test: Option<fn(n: usize, w: usize, bits: usize) -> Script>,
    /// `n` bits into the ring.
    pub b2a: fn(n: usize, width: usize, w: usize) -> Script,
    /// `width` bits of each of `n` numbers into the ring, in `rows` combinations.
    pub b2a_dot: Option<Combinations>,
    /// `n` elements times bits.
    pub mul_bits: Option<fn(n: usize, w: usize) -> Script>,
    /// Opening `n` elements to all compute parties.
    pub open: fn(n: usize, w: usize) -> Script,
    /// Opening `n` elements to recipients, compute parties or not.
    pub open_to: fn(to: &[PartyId], n: usize, w: usize) -> Script,
    /// Making components of `n` elements afresh and checking that, before they are opened to
    /// others than compute parties; if that takes a step of its own.
    pub refresh: Option<fn(n: usize, w: usize) -> Script>,
    /// Checking what is owed.
    pub verify: fn(&Owing) -> Vec<Phase>,
    /// Whether so much is owed that it is checked before more is.
    pub is_due: fn(&Owing) -> bool,
    /// Bytes that a party keeps of what is owed.
    pub owed_bytes: fn(&Owing) -> usize,
    /// Elements that go through a product, a lift of bits and a truncation at once, and words of
    /// gates.
    pub chunks: [usize; 4],
}

/// Of `n` values, in blocks.
pub(crate) type Lookaheads = fn(n: usize, w: usize, blocks: &Blocks) -> Script;
/// Of `width` bits of each of `n` numbers, in `rows` combinations.
pub(crate) type Combinations = fn(n: usize, width: usize, rows: usize, w: usize) -> Script;

/// Columns that are shuffled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// Rows.
    pub rows: usize,
    /// Bytes of an element.
    pub w: usize,
    /// Columns of elements.
    pub ints: usize,
    /// Planes of each word of columns of bits.
    pub words: Vec<usize>,
}

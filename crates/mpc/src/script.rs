//! What a primitive of a protocol sends to whom: its declared cost.
//!
//! A quote replays these scripts; the conformance suite holds every run against them, byte
//! for byte and round for round.

use crate::{Blocks, Security, Way};

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

/// The phases of one primitive, in order.
pub type Script = Vec<Phase>;

/// What a protocol is and what its primitives cost: one line of the table from which
/// documents, quotes, choices and refusals are made.
#[derive(Copy, Clone, Debug)]
pub struct Card {
    /// The name by which a study asks for it.
    pub name: &'static str,
    /// Compute parties.
    pub parties: u8,
    /// Components of a sharing that a party holds, each as long as the secret.
    pub components: usize,
    /// Corrupt parties that it tolerates.
    pub corruptions: u8,
    /// What corrupt parties may do.
    pub security: Security,
    /// What a party that cheats all the same can achieve.
    pub cheater: &'static str,
    /// The paper.
    pub source: &'static str,
    /// Costs of the primitives.
    pub costs: Costs,
}

/// The scripts of a protocol's primitives; `n` elements of `w` bytes each.
#[derive(Copy, Clone, Debug)]
pub struct Costs {
    /// One giver's input of `n` elements.
    pub input: fn(giver: u8, n: usize, w: usize) -> Phase,
    /// `n` products, or inner products with `n` results.
    pub mul: fn(n: usize, w: usize) -> Script,
    /// `n` products, truncated by `by` bits.
    pub mul_trunc: fn(n: usize, w: usize, by: u32) -> Script,
    /// `n` truncations by `by` bits.
    pub trunc: fn(n: usize, w: usize, by: u32) -> Script,
    /// `words` words of AND gates.
    pub and: fn(words: usize) -> Script,
    /// `n` numbers of `width` bits, each as its `2^width` indicators.
    pub one_hot: fn(n: usize, width: usize, w: usize) -> Script,
    /// Shuffling columns of so many bytes each; `turn` shuffles were drawn before.
    pub shuffle: fn(turn: u32, way: Way, columns: &[usize]) -> Script,
    /// The same, forward, and opening destinations of so many bytes.
    pub shuffle_open: fn(turn: u32, to: usize, columns: &[usize]) -> Script,
    /// Boolean sharings of the summands of `n` values, `bits` bits of each.
    pub summands: fn(n: usize, w: usize, bits: usize) -> Script,
    /// Carry lookahead over the summands of `n` values.
    pub lookahead: fn(n: usize, w: usize, blocks: &Blocks) -> Script,
    /// Bits of a block of it.
    pub block_bits: usize,
    /// A test of `n` values in few rounds, by comparing so many bits of their summands.
    pub quick_test: fn(n: usize, w: usize, bits: usize) -> Script,
    /// `width` bits of each of `n` numbers into the ring, in `rows` combinations.
    pub b2a: fn(n: usize, width: usize, rows: usize, w: usize) -> Script,
    /// `n` elements times bits.
    pub mul_bits: fn(n: usize, w: usize) -> Script,
    /// Opening `n` elements to all compute parties.
    pub open: fn(n: usize, w: usize) -> Script,
    /// Opening `n` elements to one recipient, a compute party or not.
    pub open_to: fn(recipient: u8, n: usize, w: usize) -> Phase,
}

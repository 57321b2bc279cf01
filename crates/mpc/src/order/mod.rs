//! Order and movement, written once over every protocol: rows are moved by secret
//! permutations, and sorted, without a step whose course depends on a secret.
//!
//! A permutation is a vector of destinations, shared over 32 bits ([`Places`]): row `i` goes
//! to place `to[i]`. It is applied by shuffling rows and destinations alike and opening the
//! shuffled destinations, which are uniform; nothing else is ever opened here, and checks are
//! settled before each opening.
//!
//! Costs are for `n` rows in `Rep3`, bits per row for all three parties together; "move" is
//! the opening of shuffled destinations (192) and 4 bits for each bit of a row moved with them.
//!
//! Source of the technique: Hamada, Ikarashi, Chida, Takahashi 2014 (eprint 2014/121); Chida,
//! Hamada, Ikarashi, Kikuchi, Kiribuchi, Pinkas 2019 (eprint 2019/695); Asharov, Hamada,
//! Ikarashi, Kikuchi, Nof, Pinkas, Takahashi, Tomida 2022 (eprint 2022/1595).

mod compaction;
mod merge;
mod permutation;
mod rank;
mod scan;
mod sort;

pub use compaction::compaction;
pub use merge::merge;
pub use permutation::{apply, apply_inverse, compose, identity, inverse};
pub use rank::{Ties, order_statistics, rank, starts};
pub use scan::{propagate, segmented_sum};
pub use sort::{Key, SortBy, sort, sort_by};

use crate::{Arithmetic, Protocol};

/// Where each row goes: a permutation of `0..n`, shared over 32 bits.
pub type Places<P> = <<P as Protocol>::Index as Arithmetic>::AShare;

/// Bits that a pass of a sort takes at once where bandwidth and processors decide: fewest
/// bytes and least work.
pub const DIGIT: usize = 3;

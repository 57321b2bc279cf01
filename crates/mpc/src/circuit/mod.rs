//! Circuits, written once over every protocol: exact, on flat vectors of ring elements and
//! bits. Bits stay packed 64 to a word from the first gate to the last.
//!
//! AND counts and depths per bit width are those of `adder`'s table; a level of a circuit
//! is one call of [`Protocol::and`] on all its gates, so depth is rounds.

mod adder;
mod convert;
mod equality;
mod less_than;
mod less_than_public;
mod one_hot;
mod prefix;
mod range;
mod sign;
mod tournament;
mod truncation;

pub use adder::{carry, carry_of_blocks, lookahead_by_bits, sum, sum_of_blocks};
pub use convert::{a2b, b2a_dot, high_bits, msb, test_by_gates};
pub use equality::{all_ones, equal, is_zero};
pub use less_than::{less_than, max, min, select};
pub use less_than_public::{Below, less_than_public};
pub use one_hot::{destinations, one_hot};
pub use prefix::suffix_or;
pub use range::outside;
pub use sign::{abs, choose, clamp, relu, sign};
pub use tournament::{Extreme, Rows, arg_extreme, extreme, top_k};
pub use truncation::trunc_exact;

use crate::Protocol;
use sharewell_ring::Planes;

/// Flips every bit.
pub fn not<P: Protocol>(p: &P, x: &mut P::BShare, width: usize) {
    let mut ones = Planes::zero(crate::BitShare::len(x), width);
    ones.words_mut().iter_mut().for_each(|w| w.0 = !0);
    *x ^= &p.public_bits(&ones);
}

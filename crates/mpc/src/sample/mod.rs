//! Random numbers that nobody knows, from distributions with public parameters.
//!
//! Differential privacy rests on these. Each function states its distribution exactly, and
//! how far what it draws may be from it in total variation: `distance_bits` of `s` asks that
//! the joint distribution of `len` numbers be within `len 2^-s` of independent exact ones,
//! given uniform bits; those come from the protocol's own generator. No step of a proof rests
//! on floating point, and every public quantity is computed in a way that gives all parties,
//! whatever their processors, the same.
//!
//! Two samplers draw more candidates than they need and open which of them are accepted: the
//! accepted ones are independent of that, so it tells nothing about what is returned, and it
//! depends on no input. Too few accepted ones are part of the distance; the count of
//! candidates depends on public parameters alone.
//!
//! Long vectors are drawn a chunk after the other, in memory for one, each with its own
//! candidates; rounds are those of one chunk.

mod bernoulli;
mod gaussian;
mod laplace;
mod normal;
mod probability;
mod rejection;
mod uniform;

pub use bernoulli::{DIGITS_MAX, bernoulli};
pub use gaussian::{discrete_gaussian, discrete_gaussian_bits};
pub use laplace::{discrete_laplace, discrete_laplace_bits};
pub use normal::normal;
pub use probability::{Probability, Ratio};
pub use uniform::uniform;

use sharewell_ring::Integer;

use crate::{Error, Result};

/// Numbers of a chunk: each is made of thousands of bits.
const CHUNK: usize = crate::CHUNK / 32;

/// The largest `distance_bits`.
pub const DISTANCE_BITS_MAX: u32 = 96;

fn assert_distance(bits: u32) {
    assert!((1..=DISTANCE_BITS_MAX).contains(&bits), "a distance of 2^-{bits}");
}

/// `ceil(log2 x)` of a positive number.
fn log2_ceil(x: u32) -> u32 {
    x.next_power_of_two().ilog2()
}

/// Refuses samples of up to `bits` bits, sign included, that the ring does not hold.
fn require_room<R: Integer>(step: &'static str, bits: u32) -> Result<()> {
    if bits <= R::BITS {
        return Ok(());
    }
    let limit = format!("{} bits", R::BITS);
    Err(Error::Overflow { step, limit, bound: format!("{bits} bits") })
}

/// `1, 2^step, 4^step, ..`: what makes integers of planes.
fn powers<R: Integer>(step: u32, planes: u32) -> Vec<R> {
    (0..planes).map(|i| R::ONE.shl(step * i)).collect()
}

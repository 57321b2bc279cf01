//! The ground floor: what every protocol computes with.
//!
//! * [`Ring`]: Z_2^32, Z_2^64, Z_2^128 ([`Z32`], [`Z64`], [`Z128`], and [`Z16`] for narrow messages) and 64 bits at a time
//!   ([`Bits`]), each with its kernels on slices.
//! * [`Wide`]: the rings of proofs about them, Z_2^128, Z_2^192 ([`Z192`]) and GF(2^64) ([`Gf64`]).
//! * [`Planes`]: bit-sliced vectors, one plane per bit position, 64 secrets to a word.
//! * [`Prg`]: AES-128 in counter mode, addressed by (key, stream, offset).
//! * [`Fp61`]: the prime field of 2^61 - 1 elements, for proofs.
//! * [`Signs`]: signs of products of bits as inner products over that field.
//! * [`fixed`]: fixed-point encoding that refuses what does not fit.
//! * [`hash`]: SHA-256 and HKDF.
//!
//! Kernels are chosen once, at run time, by what the processor can do; each is checked
//! against the plain loop by property tests. Nothing here knows of parties or shares.

#![deny(unsafe_code)]

mod field;
pub mod fixed;
mod gf64;
pub mod hash;
#[cfg_attr(
    any(target_arch = "x86_64", target_os = "linux"),
    expect(unsafe_code, reason = "calls by processor feature, advice to the kernel")
)]
mod kernel;
mod planes;
mod prg;
mod rings;
mod signs;
mod wide;
mod z192;

pub use field::Fp61;
pub use gf64::Gf64;
pub use kernel::{reserved, transpose, zeroed};
pub use planes::Planes;
pub use prg::{Key, Prg};
pub use rings::{Bits, Dims, Integer, Ring, Z16, Z32, Z64, Z128};
pub use signs::Signs;
pub use wide::Wide;
pub use z192::Z192;

/// The kernels with the back end as an argument, for benchmarks and tests.
#[doc(hidden)]
pub mod backend {
    pub use crate::kernel::*;
}

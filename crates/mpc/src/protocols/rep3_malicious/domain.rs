//! Where secrets are authenticated: the wide ring of each ring, and the field of rows of bits.

use std::ops::Range;

use sharewell_ring::{Gf64, Integer, Wide, Z32, Z64, Z128, Z192};

use super::TILE;
use super::ledger::{Debts, Keys, Ledger};
use crate::replicated::Pair;

/// What values and their tags live in, and where they are kept.
pub trait Domain: Send + Sync + 'static {
    /// A word that holds an element of `Z_2^(k+s)`, or the field itself.
    type Wide: Wide;
    /// Bytes of an element on the wire: those of `Z_2^(k+s)`; what a word has above them means
    /// nothing.
    const WIRE: usize;
    /// A number of its own, for streams of coefficients.
    const NUMBER: u64;

    /// The wires of this domain whose tags are to be checked.
    fn debts(ledger: &mut Ledger) -> &mut Debts<Self::Wide>;
    /// This party's components of the key of tags.
    fn key(keys: &Keys) -> &[Self::Wide; 2];
}

/// A ring whose secrets are authenticated in a wider one.
pub trait Authentic: Integer + Domain {
    /// As the same signed integer.
    fn widen(self) -> Self::Wide;
    /// The residue.
    fn narrow(x: Self::Wide) -> Self;
}

/// This party's part of tags: a product with the key.
pub(super) struct Tags<W>(Pair<W>);

impl<W: Wide> Tags<W> {
    pub(super) fn of<D: Domain<Wide = W>>(keys: &Keys) -> Self {
        Self(D::key(keys).map(|alpha| vec![alpha; TILE]))
    }

    /// Adds that of a tile of values.
    pub(super) fn add(&self, z: &mut [W], value: &Pair<W>, tile: Range<usize>) {
        let alpha = self.0.each_ref().map(|alpha| &alpha[..tile.len()]);
        W::cross_add(z, value.each_ref().map(|x| &x[tile.clone()]), alpha);
    }
}

/// Rows of up to 64 bits, as elements of `GF(2^64)`.
#[derive(Copy, Clone, Debug)]
pub(super) enum Row {}

macro_rules! domain {
    ($name:ty, $wide:ty, $wire:literal, $number:literal, $field:ident) => {
        impl Domain for $name {
            type Wide = $wide;
            const WIRE: usize = $wire;
            const NUMBER: u64 = $number;

            fn debts(ledger: &mut Ledger) -> &mut Debts<$wide> {
                &mut ledger.$field
            }
            fn key(keys: &Keys) -> &[$wide; 2] {
                &keys.$field
            }
        }
    };
}
domain!(Z32, Z128, 9, 0, z32);
domain!(Z64, Z128, 13, 1, z64);
domain!(Z128, Z192, 21, 2, z128);
domain!(Row, Gf64, 8, 3, rows);
/// [`Wide::matmul_add_low`] makes 104 bits.
const _: () = assert!(Z32::WIRE <= 13 && Z64::WIRE <= 13);

macro_rules! authentic {
    ($name:ty, $wide:ty, |$x:ident| $narrow:expr) => {
        impl Authentic for $name {
            fn widen(self) -> $wide {
                <$wide>::from_i128(self.to_i128())
            }
            fn narrow($x: $wide) -> Self {
                $narrow
            }
        }
    };
}
authentic!(Z32, Z128, |x| Self(x.0 as u32));
authentic!(Z64, Z128, |x| Self(x.0 as u64));
authentic!(Z128, Z192, |x| Self(x.low128()));

//! What is owed: everything that a corrupt party may have falsified and that no check has
//! covered yet. It is wiped as soon as it is checked, and when it is lost.

use std::ops::Deref;

use sharewell_ring::{Bits, Dims, Gf64, Ring, Wide, Z128, Z192, hash};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::domain::Domain;
use super::gates::Gates;
use crate::replicated::Pair;
use crate::wiped::Wiped;
use crate::{Prss, Side};

/// Wires that are owed at most before they are checked, and words of gates: 64 MiB of elements of
/// 64 bits, and 16 MiB.
pub(super) const WIRES: usize = 1 << 20;
pub(super) const GATE_WORDS: usize = 1 << 18;

/// Elements of a vector that go through an operation at once if each owes so many wires.
pub(super) const fn chunk_of(wires: usize) -> usize {
    WIRES / wires.next_power_of_two()
}

/// This party's components of the keys of tags, one key for each domain.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Keys {
    pub(super) z32: [Z128; 2],
    pub(super) z64: [Z128; 2],
    pub(super) z128: [Z192; 2],
    pub(super) rows: [Gf64; 2],
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys")
    }
}

impl Keys {
    /// None: they are destroyed.
    pub(super) const WIPED: Self = Self {
        z32: [Z128::ZERO; 2],
        z64: [Z128::ZERO; 2],
        z128: [Z192::ZERO; 2],
        rows: [Gf64::ZERO; 2],
    };

    /// Uniform, each component known to the pair that holds it.
    pub(super) fn draw(prss: &mut Prss) -> Self {
        fn one<T: Ring>(prss: &mut Prss) -> [T; 2] {
            let draw = prss.next_draw();
            [Side::Left, Side::Right].map(|side| prss.uniform(side, draw, 1)[0])
        }
        Self { z32: one(prss), z64: one(prss), z128: one(prss), rows: one(prss) }
    }
}

/// A matrix product whose result was not computed twice: it is to be held against random vectors.
pub(super) struct Matrix<W: Wide> {
    pub(super) d: Dims,
    pub(super) x: [Wiped<W>; 2],
    pub(super) x_tag: [Wiped<W>; 2],
    pub(super) y: [Wiped<W>; 2],
    /// Where among the wires its result begins.
    pub(super) at: usize,
}

impl<W: Wide> Matrix<W> {
    /// Elements that are kept for it, counted as wires are.
    pub(super) fn weight(d: Dims) -> usize {
        (2 * d.m * d.k + d.k * d.n) / 2
    }
}

/// Components of values, and of their tags; and matrix products among them.
#[derive(Default)]
pub struct Debts<W: Wide> {
    pub(super) value: [Wiped<W>; 2],
    pub(super) tag: [Wiped<W>; 2],
    pub(super) matrices: Vec<Matrix<W>>,
}

impl<W: Wide> std::fmt::Debug for Debts<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Debts({} wires)", self.value[0].len())
    }
}

impl<W: Wide> Debts<W> {
    pub(super) fn push<V: Deref<Target = [W]>>(&mut self, value: &[V; 2], tag: &[V; 2]) {
        self.value.iter_mut().zip(value).for_each(|(to, from)| to.extend_from_slice(from));
        self.tag.iter_mut().zip(tag).for_each(|(to, from)| to.extend_from_slice(from));
    }

    /// Takes another lane's.
    fn append(&mut self, other: Self) {
        let before = self.len();
        self.push(&other.value, &other.tag);
        let moved = |matrix: Matrix<W>| Matrix { at: before + matrix.at, ..matrix };
        self.matrices.extend(other.matrices.into_iter().map(moved));
    }

    /// Nothing is owed any more; the memory serves again.
    pub(super) fn clear(&mut self) {
        self.value.iter_mut().chain(&mut self.tag).for_each(Wiped::clear);
        self.matrices.clear();
    }

    pub(super) fn len(&self) -> usize {
        self.value[0].len()
    }

    fn weight(&self) -> usize {
        self.len() + self.matrices.iter().map(|x| Matrix::<W>::weight(x.d)).sum::<usize>()
    }
}

/// Everything that one lane owes.
#[derive(Debug, Default)]
pub struct Ledger {
    pub(super) z32: Debts<Z128>,
    pub(super) z64: Debts<Z128>,
    pub(super) z128: Debts<Z192>,
    pub(super) rows: Debts<Gf64>,
    pub(super) gates: Gates,
    /// A digest of all values opened since the last check, if there were any.
    pub(super) opened: Option<[u8; 32]>,
}

impl Ledger {
    pub(super) fn owes_wires(&self) -> bool {
        self.weight() > 0
    }

    fn weight(&self) -> usize {
        self.z32.weight() + self.z64.weight() + self.z128.weight() + self.rows.weight()
    }

    pub(super) fn is_empty(&self) -> bool {
        !self.owes_wires() && self.gates.words() == 0 && self.opened.is_none()
    }

    /// Whether it must be settled before more is owed.
    pub(super) fn is_due(&self) -> bool {
        self.weight() >= WIRES || self.gates.words() >= GATE_WORDS
    }

    pub(super) fn owe<D: Domain>(&mut self, value: &Pair<D::Wide>, tag: &Pair<D::Wide>) {
        D::debts(self).push(value, tag);
    }

    /// Everybody must have seen the same.
    pub(super) fn saw<T: Ring>(&mut self, opened: &[T]) {
        if opened.is_empty() {
            return;
        }
        let before = self.opened.unwrap_or_default();
        self.opened = Some(hash::digest(&[&before, bytemuck::cast_slice(opened)]));
    }

    /// Takes what another lane owes.
    pub(super) fn inherit(&mut self, other: Self) {
        if self.is_empty() {
            *self = other;
            return;
        }
        self.z32.append(other.z32);
        self.z64.append(other.z64);
        self.z128.append(other.z128);
        self.rows.append(other.rows);
        self.gates.append(&other.gates);
        if let Some(theirs) = other.opened {
            self.saw(&theirs.map(|byte| Bits(byte.into())));
        }
    }
}

#[cfg(test)]
mod tests {
    use sharewell_ring::{Gf64, Ring, Z128, Z192};
    use zeroize::{Zeroize, ZeroizeOnDrop};

    use super::Keys;

    fn is_wiped_when_dropped<T: ZeroizeOnDrop>(_: &T) -> bool {
        std::mem::needs_drop::<T>()
    }

    #[test]
    fn keys_of_tags_are_wiped_whole() {
        let (wide, wider, row) = (Z128(u128::MAX), Z192::from_i128(-1), Gf64(u64::MAX));
        let mut keys = Keys { z32: [wide; 2], z64: [wide; 2], z128: [wider; 2], rows: [row; 2] };
        assert!(is_wiped_when_dropped(&keys));
        keys.zeroize();
        assert_eq!([keys.z32, keys.z64], [[Z128::ZERO; 2]; 2]);
        assert_eq!((keys.z128, keys.rows), ([Z192::ZERO; 2], [Gf64::ZERO; 2]));
    }
}

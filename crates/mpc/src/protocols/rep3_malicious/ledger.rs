//! What is owed: everything that a corrupt party may have falsified and that no check has
//! covered yet.

use sharewell_ring::{Bits, Gf64, Ring, Wide, Z128, Z192, hash};
use zeroize::Zeroize;

use super::domain::Domain;
use super::gates::Gates;
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
    /// Uniform, each component known to the pair that holds it.
    pub(super) fn draw(prss: &mut Prss) -> Self {
        fn one<T: Ring>(prss: &mut Prss) -> [T; 2] {
            let draw = prss.next_draw();
            [Side::Left, Side::Right].map(|side| prss.uniform(side, draw, 1)[0])
        }
        Self { z32: one(prss), z64: one(prss), z128: one(prss), rows: one(prss) }
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        bytemuck::cast_slice_mut::<_, u8>(&mut self.z32).zeroize();
        bytemuck::cast_slice_mut::<_, u8>(&mut self.z64).zeroize();
        bytemuck::cast_slice_mut::<_, u8>(&mut self.z128).zeroize();
        bytemuck::cast_slice_mut::<_, u8>(&mut self.rows).zeroize();
    }
}

/// Components of values, and of their tags.
#[derive(Default)]
pub struct Debts<W> {
    pub(super) value: [Vec<W>; 2],
    pub(super) tag: [Vec<W>; 2],
}

impl<W> std::fmt::Debug for Debts<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Debts({} wires)", self.value[0].len())
    }
}

impl<W: Wide> Debts<W> {
    pub(super) fn push(&mut self, value: &[Vec<W>; 2], tag: &[Vec<W>; 2]) {
        let extend = |to: &mut Vec<W>, from: &Vec<W>| to.extend_from_slice(from);
        self.value.iter_mut().zip(value).for_each(|(to, from)| extend(to, from));
        self.tag.iter_mut().zip(tag).for_each(|(to, from)| extend(to, from));
    }

    pub(super) fn len(&self) -> usize {
        self.value[0].len()
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
        self.wires() > 0
    }

    fn wires(&self) -> usize {
        self.z32.len() + self.z64.len() + self.z128.len() + self.rows.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        !self.owes_wires() && self.gates.words() == 0 && self.opened.is_none()
    }

    /// Whether it must be settled before more is owed.
    pub(super) fn is_due(&self) -> bool {
        self.wires() >= WIRES || self.gates.words() >= GATE_WORDS
    }

    pub(super) fn owe<D: Domain>(&mut self, value: &[Vec<D::Wide>; 2], tag: &[Vec<D::Wide>; 2]) {
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
    pub(super) fn inherit(&mut self, other: &Self) {
        self.z32.push(&other.z32.value, &other.z32.tag);
        self.z64.push(&other.z64.value, &other.z64.tag);
        self.z128.push(&other.z128.value, &other.z128.tag);
        self.rows.push(&other.rows.value, &other.rows.tag);
        self.gates.append(&other.gates);
        if let Some(theirs) = other.opened {
            self.saw(&theirs.map(|byte| Bits(byte.into())));
        }
    }
}

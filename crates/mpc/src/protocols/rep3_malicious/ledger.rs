//! What is owed: everything that a corrupt party may have falsified and that no check has
//! covered yet. It is wiped as soon as it is checked, and when it is lost.

use std::ops::Deref;
use std::sync::Arc;

use bytemuck::Pod;
use sharewell_ring::{Dims, Gf64, Ring, Wide, Z128, Z192, hash};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::combined::TILE;
use super::domain::Domain;
use super::gates::Gates;
use crate::replicated::Pair;
use crate::wiped::Wiped;
use crate::{Linear, Prss, Side};

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

/// Components that a program and a ledger may both hold: whoever changes them copies them first.
pub(super) type Shared<W> = Arc<Linear<W, 2>>;

/// As what may be shared.
pub(super) fn shared<W>(x: Pair<W>) -> Shared<W> {
    Arc::new(Linear(x))
}

/// What the ledger holds of them: wiped when it has served, unless they are still a program's.
pub(super) struct Held<W: Wide>(Shared<W>);

impl<W: Wide> From<Shared<W>> for Held<W> {
    fn from(x: Shared<W>) -> Self {
        Self(x)
    }
}

impl<W: Wide> Deref for Held<W> {
    type Target = Pair<W>;

    fn deref(&self) -> &Pair<W> {
        &self.0.0
    }
}

impl<W: Wide> Held<W> {
    fn wipe(&mut self) {
        if let Some(Linear(x)) = Arc::get_mut(&mut self.0) {
            x.iter_mut().for_each(|x| x.as_mut_slice().zeroize());
        }
    }
}

impl<W: Wide> Drop for Held<W> {
    fn drop(&mut self) {
        self.wipe();
    }
}

/// A matrix product whose result was not computed twice: it is to be held against random vectors.
pub(super) struct Matrix<W: Wide> {
    pub(super) d: Dims,
    pub(super) x: Held<W>,
    pub(super) x_tag: Held<W>,
    pub(super) y: Held<W>,
    pub(super) z: Held<W>,
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
    /// Short vectors, joined: values, then tags.
    short: [[Wiped<W>; 2]; 2],
    /// Long ones, as they are.
    long: Vec<[Held<W>; 2]>,
    len: usize,
    pub(super) matrices: Vec<Matrix<W>>,
}

impl<W: Wide> std::fmt::Debug for Debts<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Debts({} wires)", self.len)
    }
}

impl<W: Wide> Debts<W> {
    pub(super) fn push(&mut self, value: Shared<W>, tag: Shared<W>) {
        let wires = [value, tag].map(Held::from);
        let len = wires[0][0].len();
        self.len += len;
        match len < TILE {
            true => self.join(&wires),
            false => self.long.push(wires),
        }
    }

    fn join<V: Deref<Target = [W]>>(&mut self, new: &[impl Deref<Target = [V; 2]>; 2]) {
        let new = new.iter().flat_map(|of| of.iter());
        let lists = self.short.iter_mut().flatten();
        lists.zip(new).for_each(|(to, from)| to.extend_from_slice(from));
    }

    /// Takes another lane's.
    fn append(&mut self, other: Self) {
        self.join(&other.short.each_ref());
        self.long.extend(other.long);
        self.len += other.len;
        self.matrices.extend(other.matrices);
    }

    /// Nothing is owed any more; the memory of short vectors serves again.
    pub(super) fn clear(&mut self) {
        self.short.iter_mut().flatten().for_each(Wiped::clear);
        self.long.clear();
        self.len = 0;
        self.matrices.clear();
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// One component of all values, or of all tags if `of` is 1, in pieces.
    pub(super) fn pieces(&self, of: usize, component: usize) -> Vec<&[W]> {
        let long = self.long.iter().map(|wires| wires[of][component].as_slice());
        std::iter::once(&*self.short[of][component]).chain(long).collect()
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

    pub(super) fn owe<D: Domain>(&mut self, value: Shared<D::Wide>, tag: Shared<D::Wide>) {
        D::debts(self).push(value, tag);
    }

    /// Everybody must have seen the same.
    pub(super) fn saw<T: Pod>(&mut self, opened: &[T]) {
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
            self.saw(&theirs);
        }
    }
}

#[cfg(test)]
mod tests {
    use sharewell_ring::{Gf64, Ring, Z64, Z128, Z192};
    use zeroize::{Zeroize, ZeroizeOnDrop};

    use super::super::Authenticated;
    use super::{Debts, Held, Keys, TILE, shared};
    use crate::Share;

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

    #[test]
    fn what_a_program_changes_is_owed_as_it_was_and_stays_its_own_after_the_check() {
        for len in [1, TILE - 1, TILE, 3 * TILE] {
            let was = [[1, 2], [3, 4]].map(|x| x.map(|x| vec![Z128(x); len]));
            let [value, tag] = was.clone().map(shared);
            let mut x = Authenticated::<Z64> { value, tag };
            let kept = x.clone();
            let mut debts = Debts::default();
            debts.push(x.value.clone(), x.tag.clone());
            x.scale(&[Z64(7)]);
            for (of, was) in was.iter().enumerate() {
                for (component, was) in was.iter().enumerate() {
                    assert_eq!(debts.pieces(of, component).concat(), *was, "{len} wires");
                }
            }
            debts.clear();
            assert_eq!(debts.len(), 0);
            assert_eq!([&kept.value.0, &kept.tag.0], was.each_ref());
            assert_eq!(x.value.0[1], vec![Z128(14); len]);
        }
    }

    #[test]
    fn what_the_ledger_alone_holds_is_wiped_with_it() {
        let x = shared([vec![Z128(1)], vec![Z128(2)]]);
        let mut held = Held::from(x.clone());
        held.wipe();
        assert_eq!(x.0, [[Z128(1)], [Z128(2)]]);
        drop(x);
        held.wipe();
        assert_eq!(*held, [[Z128(0)], [Z128(0)]]);
    }
}

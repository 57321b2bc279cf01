//! Tables of secret rows: grouped, joined, intersected.
//!
//! How many rows a table has is public; which of them count is not: every row has a secret
//! validity. Nothing is opened but what the order of rows is hidden behind
//! ([`sharewell_mpc::order`]); every result has a length that follows from the lengths of the
//! operands and from what the caller asks for.

mod cells;
mod common;
mod distinct;
mod group_by;
mod hashing;
mod intersection;
mod join;
mod link;

pub use cells::{Cells, distinct, percentile};
pub use common::{Common, common_keys};
pub use distinct::count_distinct;
pub use group_by::{Aggregate, Groups, group_by};
pub use hashing::{Bins, Placement, Unplaced};
pub use intersection::{Given, Intersection, intersect};
pub use join::{Joined, join};
pub use link::{Links, Side, link};

use sharewell_mpc::order::Key;
use sharewell_mpc::{Arithmetic, BitShare, Protocol, Result, Share, circuit};

/// A column of integers `-2^(bits-1) <= x < 2^(bits-1)`; narrower is cheaper.
pub struct Column<P: Arithmetic> {
    /// One for each row.
    pub values: P::AShare,
    /// Bits of a value, its sign included.
    pub bits: u32,
}

/// Secret rows.
pub struct Table<P: Arithmetic> {
    /// What rows are grouped or joined by: they belong together where all keys are equal.
    pub keys: Vec<Column<P>>,
    /// What they carry.
    pub columns: Vec<Column<P>>,
    /// Whether a row counts, 0 or 1. A row that does not may hold anything.
    pub valid: P::AShare,
}

impl<P: Arithmetic> Clone for Column<P> {
    fn clone(&self) -> Self {
        Self { values: self.values.clone(), bits: self.bits }
    }
}

impl<P: Arithmetic> std::fmt::Debug for Column<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Column({} values of {} bits)", self.values.len(), self.bits)
    }
}

impl<P: Arithmetic> std::fmt::Debug for Table<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table")
            .field("keys", &self.keys)
            .field("columns", &self.columns)
            .finish_non_exhaustive()
    }
}

impl<P: Protocol> Table<P> {
    /// Rows, valid or not.
    #[must_use]
    pub fn len(&self) -> usize {
        self.valid.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Keeps the rows with a flag, 0 or 1; the others are no longer valid.
    ///
    /// Cost: one multiplication.
    ///
    /// # Errors
    /// If a link fails.
    pub fn filter(&mut self, p: &mut P, flags: &P::AShare) -> Result<()> {
        self.valid = p.mul(&self.valid, flags)?;
        Ok(())
    }
}

/// What brings equal keys together, valid rows before all others: the first key decides, the
/// topmost plane says that a row is not valid.
///
/// Cost: [`Protocol::a2b`] of every key and of one bit.
fn sorting_key<P: Protocol>(
    p: &mut P,
    keys: &[Column<P>],
    valid: &P::AShare,
) -> Result<Key<P::BShare>> {
    p.require_bound("valid rows", valid, 0, 1)?;
    let mut parts = vec![];
    for key in keys.iter().rev() {
        parts.push(Key::signed(p, &key.values, key.bits)?);
    }
    let mut invalid = p.a2b(valid, 1)?;
    circuit::not(p, &mut invalid, 1);
    parts.push(Key { bits: invalid, width: 1 });
    let bits = P::BShare::stack(&parts.iter().map(|part| &part.bits).collect::<Vec<_>>());
    Ok(Key { bits, width: parts.iter().map(|part| part.width).sum() })
}

/// Which rows, sorted by [`sorting_key`], are valid; one plane. Local.
fn valid_plane<P: Protocol>(p: &P, sorted: &Key<P::BShare>) -> P::BShare {
    let mut valid = sorted.bits.pick(&[sorted.width - 1]);
    circuit::not(p, &mut valid, 1);
    valid
}

/// The vectors of one length that a longer one is made of.
fn split<P: Protocol>(x: P::AShare, len: usize, count: usize) -> Vec<P::AShare> {
    let mut rest = x;
    let mut out = vec![];
    for _ in 0..count {
        let (part, others) = rest.split(len);
        out.push(part);
        rest = others;
    }
    out
}

/// Every column times the flags, in one round.
fn masked<P: Protocol>(
    p: &mut P,
    flags: &P::AShare,
    columns: &[P::AShare],
) -> Result<Vec<P::AShare>> {
    if columns.is_empty() {
        return Ok(vec![]);
    }
    let flags_each = P::AShare::concat(&vec![flags; columns.len()]);
    let values = P::AShare::concat(&columns.iter().collect::<Vec<_>>());
    let products = p.mul(&flags_each, &values)?;
    Ok(split::<P>(products, flags.len(), columns.len()))
}

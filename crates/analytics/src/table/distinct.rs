//! How many different keys there are.

use sharewell_mpc::order::{Key, apply, sort, starts};
use sharewell_mpc::{Protocol, Result, Rows, Share};
use sharewell_ring::Ring;

use super::{Table, sorting_key, valid_plane};

/// The number of different keys among the valid rows: one element.
///
/// Exact. Opens nothing but shuffled places.
/// Cost: [`sort`] by all keys and one bit, [`apply`] to them, [`starts`], one AND and
/// [`Protocol::b2a`] per row.
/// Source: Asharov et al. 2022 (eprint 2022/1595) for the sort; boundaries of runs.
///
/// # Errors
/// If a link fails, or [`sharewell_mpc::Error::Cheating`];
/// [`sharewell_mpc::Error::Overflow`] if a key or a validity could be out of range.
pub fn count_distinct<P: Protocol>(p: &mut P, table: &Table<P>) -> Result<P::AShare> {
    if table.is_empty() {
        return Ok(p.public(&[P::Ring::ZERO]));
    }
    let key = sorting_key(p, &table.keys, &table.valid)?;
    let to = sort(p, std::slice::from_ref(&key))?;
    let moved = apply(p, &to, Rows::bits(vec![key.bits]))?.bits.swap_remove(0);
    let key = Key { bits: moved, width: key.width };
    let starts = starts(p, &key)?;
    let first = p.and(&starts, &valid_plane(p, &key))?;
    Ok(p.b2a(&first)?.sum(1))
}

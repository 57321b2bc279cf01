//! The release gate: what may leave, decided under secure computation.
//!
//! A cell is released if enough records and enough organisations stand behind it, if no organisation
//! has too large a part of it, and if it does not tell another cell that stays closed. Counts and
//! parts are compared, never opened: one bit of each cell is.

mod complement;
mod dominance;
mod rounding;

use sharewell_mpc::{Protocol, Result, Share};
use sharewell_ring::{Integer, Ring};

pub use complement::{Margin, complemented};
pub use dominance::{Parts, balanced};
pub use rounding::rounded;

/// The agreed minimum behind every released cell.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Minimum {
    /// Records.
    pub records: u64,
    /// Organisations that contribute at least one record.
    pub parties: u64,
}

/// Compares counts of records and of organisations with the minimum: 1 where both are enough.
///
/// `records_max`: no cell can have more records. Cost: one [`Protocol::msb`] and one
/// [`Protocol::b2a`] for both counts of all cells, and a product.
///
/// # Errors
/// If a link fails.
pub fn gate<P: Protocol>(
    p: &mut P,
    records: &P::AShare,
    parties: &P::AShare,
    minimum: Minimum,
    records_max: u64,
) -> Result<P::AShare> {
    let cells = records.len();
    let threshold =
        |p: &P, least: u64| p.public(&vec![P::Ring::from_i128(i128::from(least)); cells]);
    let mut margins = P::AShare::concat(&[records, parties]);
    let least = [threshold(p, minimum.records), threshold(p, minimum.parties)];
    margins -= &P::AShare::concat(&[&least[0], &least[1]]);
    let largest = records_max.max(minimum.records).max(minimum.parties).max(255);
    let missing = p.msb(&margins, 65 - largest.leading_zeros())?;
    let mut enough = p.public(&vec![P::Ring::ONE; 2 * cells]);
    enough -= &p.b2a(&missing)?;
    let (records, parties) = enough.split(cells);
    p.mul(&records, &parties)
}

/// A multiple.
fn times<P: Protocol>(x: &P::AShare, by: i128) -> P::AShare {
    let mut x = x.clone();
    x.scale(&vec![P::Ring::from_i128(by); x.len()]);
    x
}

/// The product of each group of elements, flags all of them: whether every one is 1.
///
/// # Errors
/// If a link fails.
pub fn every<P: Protocol>(p: &mut P, of: &P::AShare, groups: &[Vec<usize>]) -> Result<P::AShare> {
    let one = p.public(&[P::Ring::ONE]);
    let (padding, of) = (of.len(), P::AShare::concat(&[of, &one]));
    let longest = groups.iter().map(Vec::len).max().unwrap_or(1);
    let mut width = longest.max(1).next_power_of_two();
    // Element i of every group, then the next one: halves are contiguous.
    let place = |i: usize| groups.iter().map(move |group| *group.get(i).unwrap_or(&padding));
    let mut products = of.gather(&(0..width).flat_map(place).collect::<Vec<_>>());
    while width > 1 {
        width /= 2;
        let (left, right) = products.split(width * groups.len());
        products = p.mul(&left, &right)?;
    }
    Ok(products)
}

#[cfg(test)]
mod tests;

//! The release gate: what may leave, decided under secure computation.
//!
//! A cell is released if enough records and enough organisations stand behind it. The counts
//! are compared, never opened; only the two verdicts are.

use sharewell_mpc::{Protocol, Result, Share};
use sharewell_ring::{Integer, Ring};

/// The agreed minimum behind every released cell.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Minimum {
    /// Records.
    pub records: u64,
    /// Organisations that contribute at least one record.
    pub parties: u64,
}

/// The verdicts, 1 for yes, cell by cell.
#[derive(Debug, Clone)]
pub struct Verdict<S> {
    /// Enough records.
    pub records: S,
    /// Enough organisations.
    pub parties: S,
}

/// Compares counts of records and of organisations with the minimum.
///
/// `records_max`: no cell can have more records. Cost: one [`Protocol::msb`] and one
/// [`Protocol::b2a`] for both verdicts of all cells.
///
/// # Errors
/// If a link fails.
pub fn gate<P: Protocol>(
    p: &mut P,
    records: &P::AShare,
    parties: &P::AShare,
    minimum: Minimum,
    records_max: u64,
) -> Result<Verdict<P::AShare>> {
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
    Ok(Verdict { records, parties })
}

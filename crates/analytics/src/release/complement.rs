//! Totals that would tell a cell which stays closed.
//!
//! With totals over one column, exactly one closed cell is the difference between the total and the
//! others: then the total stays closed, too. With totals over several, whatever is closed has to
//! lie on a cycle of closed cells and totals, or else some sum of others is it (Kelly, Golden and
//! Assad 1992): a closed cell closes every total that it is part of, and is with these the corners of
//! a box, on which it can grow while its neighbours shrink.

use sharewell_mpc::{Protocol, Result, Share};
use sharewell_ring::{Integer, Ring};

use super::every;

/// A total.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Margin {
    /// The cells that it is of, by their places.
    pub of: Vec<usize>,
}

/// The verdicts on cells and totals, where every total stays closed that would tell a closed cell.
/// `released`: 1 for what may be released by itself, first the cells, then the totals.
/// `over_several`: whether there are totals over more than one column.
///
/// # Errors
/// If a link fails.
pub fn complemented<P: Protocol>(
    p: &mut P,
    released: &P::AShare,
    margins: &[Margin],
    over_several: bool,
) -> Result<P::AShare> {
    let cells = released.len() - margins.len();
    let (open, totals) = released.clone().split(cells);
    let groups: Vec<Vec<usize>> = margins.iter().map(|margin| margin.of.clone()).collect();
    let safe = match over_several {
        true => every(p, &open, &groups)?,
        false => {
            let mut closed = vec![];
            for group in &groups {
                let size = P::Ring::from_i128(group.len() as i128 - 1);
                let mut closed_but_one = p.public(&[size]);
                group.iter().for_each(|cell| closed_but_one -= &open.gather(&[*cell]));
                closed.push(closed_but_one);
            }
            let closed = P::AShare::concat(&closed.iter().collect::<Vec<_>>());
            let longest = groups.iter().map(Vec::len).max().unwrap_or(1) as u64;
            let one = p.is_zero(&closed, 66 - longest.leading_zeros())?;
            let mut safe = p.public(&vec![P::Ring::ONE; groups.len()]);
            safe -= &p.b2a(&one)?;
            safe
        }
    };
    let totals = p.mul(&totals, &safe)?;
    Ok(P::AShare::concat(&[&open, &totals]))
}

//! Rows of public cells: how many values of each are different, and percentiles of each.
//!
//! How many rows a cell has is secret. So the rows are sorted with a marker before those of each
//! cell; a running total at two neighbouring markers tells what lies between them.

use sharewell_mpc::order::{Key, Places, apply, apply_inverse, propagate, sort, starts};
use sharewell_mpc::{Arithmetic, Protocol, Result, Rows, Share, circuit};
use sharewell_ring::{Integer, Planes, Ring};

use super::{Column, sorting_key, valid_plane};

/// To which public cell each row belongs.
pub struct Cells<P: Arithmetic> {
    of: Option<Column<P>>,
    count: usize,
}

impl<P: Arithmetic> std::fmt::Debug for Cells<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Cells({})", self.count)
    }
}

impl<P: Arithmetic> Cells<P> {
    /// All rows to one.
    #[must_use]
    pub fn one() -> Self {
        Self { of: None, count: 1 }
    }

    /// Each row to the one that its number says, from 0 to below `count`.
    #[must_use]
    pub fn of(cell: Column<P>, count: usize) -> Self {
        Self { of: Some(cell), count }
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }
}

/// How many different values the valid rows of each cell have.
///
/// Exact.
/// Cost: [`sort`] of all rows and a marker for each cell by cell, value and one bit, [`apply`] to
/// these, [`starts`], one AND and [`Protocol::b2a`] per row, [`apply_inverse`] of one column.
/// Source: boundaries of runs, as in [`super::count_distinct`].
///
/// # Errors
/// If a link fails, or [`sharewell_mpc::Error::Cheating`];
/// [`sharewell_mpc::Error::Overflow`] if a value, a cell or a validity could be out of range.
pub fn distinct<P: Protocol>(
    p: &mut P,
    values: &Column<P>,
    valid: &P::AShare,
    cells: &Cells<P>,
) -> Result<P::AShare> {
    let sorted = Sorted::new(p, values, valid, cells, vec![])?;
    let starts = starts(p, &sorted.key)?;
    let first = p.and(&starts, &valid_plane(p, &sorted.key))?;
    let first = p.b2a(&first)?;
    let mut out = sorted.sums(p, &first, cells.count)?;
    // A marker is unlike every value.
    out -= &p.public(&vec![P::Ring::ONE; cells.count]);
    p.note_bound(&mut out, 0, valid.len() as i128);
    Ok(out)
}

/// The percentile of each cell's valid rows: with `n` values, the one at the place
/// `(n - 1) digits / scale` from the least, which is the mean, weighted by nearness, of the two
/// values around that place; multiplied by `scale`. Anything where there is no value.
///
/// `counts` has the number of valid rows of each cell. Exact.
/// Cost: [`sort`] of all rows and a marker for each cell by cell, value and one bit, [`apply`] to
/// these, [`propagate`] of one column if there are several cells, [`circuit::abs`],
/// [`circuit::relu`] and a product per row, [`apply_inverse`] of one column.
/// Source: linear interpolation of the empirical quantile function, Hyndman and Fan 1996, type 7:
/// SQL's `PERCENTILE_CONT`, R's and NumPy's default.
///
/// # Errors
/// As [`distinct`].
///
/// # Panics
/// If there is not one count for each cell.
pub fn percentile<P: Protocol>(
    p: &mut P,
    values: &Column<P>,
    valid: &P::AShare,
    cells: &Cells<P>,
    counts: &P::AShare,
    (digits, scale): (i128, i128),
) -> Result<P::AShare> {
    assert_eq!(counts.len(), cells.count, "a count for each cell");
    let rows = valid.len() + cells.count;
    let none = p.public(&vec![P::Ring::ZERO; cells.count]);
    let carried = P::AShare::concat(&[&none, &values.values]);
    let nowhere = p.public(&vec![P::Ring::ZERO; valid.len()]);
    let places = P::AShare::concat(&[&places(p, counts, digits, scale), &nowhere]);
    let mut sorted = Sorted::new(p, values, valid, cells, vec![carried, places])?;
    let place = match sorted.ints.pop() {
        Some(place) if cells.count == 1 => place.gather(&vec![0; rows]),
        place => {
            let markers = sorted.markers.clone();
            propagate(p, &markers, place.into_iter().collect())?.swap_remove(0)
        }
    };
    // How near each row's place is, in `scale`ths: as much of its value is in the mean.
    let own: Vec<P::Ring> = (0..rows).map(|i| P::Ring::from_i128(i as i128 * scale)).collect();
    let mut far = p.public(&own);
    far -= &place;
    let most = (rows as i128 + 2) * scale;
    p.note_bound(&mut far, -most, most);
    let bits = 129 - most.leading_zeros();
    let far = circuit::abs(p, &far, bits)?;
    let mut near = p.public(&vec![P::Ring::from_i128(scale); rows]);
    near -= &far;
    let mut near = circuit::relu(p, &near, bits)?;
    p.note_bound(&mut near, 0, scale);
    let carried = sorted.ints.swap_remove(0);
    let parts = p.mul(&near, &carried)?;
    let mut out = sorted.sums(p, &parts, cells.count)?;
    let limit = (i128::MAX >> (128 - values.bits)).saturating_add(1).saturating_mul(scale);
    p.note_bound(&mut out, -limit, limit);
    Ok(out)
}

/// Where among all rows each cell's percentile stands, in `scale`ths of a place. Local.
fn places<P: Protocol>(p: &P, counts: &P::AShare, digits: i128, scale: i128) -> P::AShare {
    let cells = counts.len();
    let mut before = counts.clone();
    before.prefix_sum();
    before -= counts;
    before.scale(&vec![P::Ring::from_i128(scale); cells]);
    let mut out = counts.clone();
    out.scale(&vec![P::Ring::from_i128(digits); cells]);
    out += &before;
    // Behind as many markers, from the least value of the cell.
    let first = |cell: usize| P::Ring::from_i128((cell as i128 + 1) * scale - digits);
    out += &p.public(&(0..cells).map(first).collect::<Vec<_>>());
    out
}

/// Rows and markers in the order of cells and values, all that are not valid behind them.
struct Sorted<P: Protocol> {
    to: Places<P>,
    key: Key<P::BShare>,
    markers: P::BShare,
    ints: Vec<P::AShare>,
}

impl<P: Protocol> Sorted<P> {
    /// `ints` go with markers and rows, in this order.
    fn new(
        p: &mut P,
        values: &Column<P>,
        valid: &P::AShare,
        cells: &Cells<P>,
        ints: Vec<P::AShare>,
    ) -> Result<Self> {
        let count = cells.count;
        let behind = |p: &P, markers: Vec<P::Ring>, rows: &P::AShare| {
            P::AShare::concat(&[&p.public(&markers), rows])
        };
        // One bit more, and a marker is less than every value.
        let bits = values.bits + 1;
        let least = P::Ring::from_i128(-(1 << (bits - 1)));
        let values = behind(p, vec![least; count], &values.values);
        let mut keys = vec![Column { values, bits }];
        if let Some(cell) = &cells.of {
            let numbers = (0..count).map(|cell| P::Ring::from_i128(cell as i128)).collect();
            let values = behind(p, numbers, &cell.values);
            keys.insert(0, Column { values, bits: cell.bits });
        }
        let valid = behind(p, vec![P::Ring::ONE; count], valid);
        let key = sorting_key(p, &keys, &valid)?;
        let to = sort(p, std::slice::from_ref(&key))?;
        let mut flags = Planes::zero(valid.len(), 1);
        (0..count).for_each(|i| flags.words_mut()[i / 64].0 |= 1 << (i % 64));
        let flags = p.public_bits(&flags);
        let mut moved = apply(p, &to, Rows { ints, bits: vec![key.bits, flags] })?;
        let markers = moved.bits.swap_remove(1);
        let key = Key { bits: moved.bits.swap_remove(0), width: key.width };
        Ok(Self { to, key, markers, ints: moved.ints })
    }

    /// The sum of each cell's elements, its marker's included.
    fn sums(&self, p: &mut P, x: &P::AShare, cells: usize) -> Result<P::AShare> {
        let total = x.sum(1);
        let mut before = x.clone();
        before.prefix_sum();
        before -= x;
        let back = apply_inverse(p, &self.to, Rows::ints(vec![before]))?.ints.swap_remove(0);
        let first = back.gather(&(0..cells).collect::<Vec<_>>());
        let next = back.gather(&(1..cells).collect::<Vec<_>>());
        let mut out = P::AShare::concat(&[&next, &total]);
        out -= &first;
        Ok(out)
    }
}

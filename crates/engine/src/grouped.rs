//! Groups that the agreed schema does not list: they are found in the providers' rows, on shares.

use std::collections::BTreeSet;

use sharewell_study::{Kind, Missing, PART_BYTES, PARTS_MAX, Table, date};

use crate::LocalValues;
use crate::rows::{LinkedKey, ROWS_MAX};

/// Most groups that are opened.
pub(crate) const PLACES_MAX: u64 = 100_000;

/// How rows make the cells.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Grouped {
    /// Pairs of two providers' rows are grouped, if they are joined; otherwise the rows of all.
    pub joined: Option<Joined>,
    pub keys: Vec<GroupKey>,
    /// What fills each slot.
    pub slots: Vec<Filled>,
    /// Numbers that tell the selected keys, in the order of [`crate::plan::Joint::Key`].
    pub told: Vec<Told>,
    /// Cells of the result: most groups that can pass the gate.
    pub places: usize,
}

/// Which rows of two providers make pairs. Columns are places in [`crate::Plan::rows`].
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Joined {
    /// The parties, by their places in the study; the second's rows are told apart by the key.
    pub parties: [usize; 2],
    /// What the rows of a pair agree in.
    pub key: LinkedKey,
    /// Which rows of either the query's condition keeps; all if absent.
    pub keeps: [Option<usize>; 2],
}

/// A number of each row, or of either row of each pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// 0, or 1 for the second row of pairs.
    pub side: usize,
    /// A place in [`crate::Plan::rows`].
    pub column: usize,
}

/// By what rows are grouped.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct GroupKey {
    /// The column of the query's table.
    pub column: usize,
    /// What is the same in all rows of a group and no others.
    pub sorted_by: Place,
    /// Whether there is a value; there always is if absent.
    pub present: Option<Place>,
}

/// Arithmetic within a pair, on shares.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Number {
    One,
    At(Place),
    Neg(Box<Self>),
    Sum(Box<[Self; 2]>),
    Product(Box<[Self; 2]>),
    /// Times a public number.
    Times(Box<Self>, i128),
}

impl Number {
    /// Where it lies, also in a row without a partner, whose other half is zeros.
    pub(crate) fn range(&self, of: &impl Fn(Place) -> (i128, i128)) -> (i128, i128) {
        let hull = |all: &[i128]| {
            (all.iter().copied().min().unwrap_or(0), all.iter().copied().max().unwrap_or(0))
        };
        let times = |(lo, hi): (i128, i128), (x, y): (i128, i128)| {
            hull(&[lo, hi].map(|a| [a.saturating_mul(x), a.saturating_mul(y)]).concat())
        };
        match self {
            Self::One => (1, 1),
            Self::At(place) => of(*place),
            Self::Neg(x) => times(x.range(of), (-1, -1)),
            Self::Times(x, by) => times(x.range(of), (*by, *by)),
            Self::Sum(both) => {
                let [(a, b), (x, y)] = [both[0].range(of), both[1].range(of)];
                (a.saturating_add(x), b.saturating_add(y))
            }
            Self::Product(both) => times(both[0].range(of), both[1].range(of)),
        }
    }

    fn places(&self) -> Vec<Place> {
        match self {
            Self::One => vec![],
            Self::At(place) => vec![*place],
            Self::Neg(x) | Self::Times(x, _) => x.places(),
            Self::Sum(both) | Self::Product(both) => [both[0].places(), both[1].places()].concat(),
        }
    }
}

/// A slot of each group, of its rows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Filled {
    Rows,
    Sum(Number),
    Least(Place),
    Greatest(Place),
}

/// A number that all rows of a group have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// Whether they have a key: an index into [`Grouped::keys`].
    Present(usize),
    /// That by which they are sorted: an index into [`Grouped::keys`].
    Key(usize),
    /// A column.
    Column(Place),
}

impl Grouped {
    /// What becomes known of the groups themselves.
    pub(crate) fn learned(&self, min_records: u64, min_parties: u32) -> String {
        let records = match self.joined {
            None => format!("{min_records} records, of at least {min_parties} organisations"),
            Some(_) => format!("{min_records} pairs of records"),
        };
        match self.keys.is_empty() {
            true => format!("whether there are at least {records}"),
            false => format!("how many groups have at least {records}: at most {}", self.places),
        }
    }

    /// Columns of the second rows of pairs.
    pub(crate) fn of_second(&self) -> Vec<usize> {
        let of_key = |key: &GroupKey| key.present.into_iter().chain([key.sorted_by]);
        let of_slot = |filled: &Filled| match filled {
            Filled::Rows => vec![],
            Filled::Sum(number) => number.places(),
            Filled::Least(place) | Filled::Greatest(place) => vec![*place],
        };
        let of_told = |told: &Told| match told {
            Told::Column(place) => Some(*place),
            Told::Present(_) | Told::Key(_) => None,
        };
        let places = self.keys.iter().flat_map(of_key).chain(self.slots.iter().flat_map(of_slot));
        let places = places.chain(self.told.iter().filter_map(of_told));
        let columns: BTreeSet<usize> =
            places.filter(|place| place.side == 1).map(|place| place.column).collect();
        columns.into_iter().collect()
    }
}

impl Joined {
    /// Whether two rows that the query keeps have one key.
    pub(crate) fn repeats(&self, local: &LocalValues) -> bool {
        let flag = |column: Option<usize>, row: usize| {
            column.is_none_or(|column| local.records[column][row] != 0)
        };
        let keys = local.records.get(self.key.digest).into_iter().flatten().enumerate();
        let kept =
            keys.filter(|(row, _)| flag(self.key.present, *row) && flag(self.keeps[1], *row));
        let mut seen = BTreeSet::new();
        kept.into_iter().any(|(_, key)| !seen.insert(*key))
    }
}

/// Most groups of so many rows if each has as many records as the release rule wants.
pub(crate) fn places(rows: u64, min_records: u64) -> Option<usize> {
    let places = rows.min(ROWS_MAX) / min_records.max(1);
    (places <= PLACES_MAX).then_some(places.max(1) as usize)
}

/// How many numbers tell a key of a column: whether there is one, if it can be missing, then its
/// parts.
pub(crate) fn numbers(table: &Table, column: usize) -> usize {
    let column = &table.columns[column];
    let parts = if column.kind == Kind::Identifier { PARTS_MAX } else { 1 };
    usize::from(column.missing == Missing::Allow) + parts
}

/// A key as the result shows it, where that is a text; of the parts alone.
pub(crate) fn text(table: &Table, column: usize, numbers: &[i128]) -> Option<String> {
    match &table.columns[column].kind {
        Kind::Integer { .. } | Kind::Decimal { .. } => None,
        Kind::Boolean => Some((numbers[0] != 0).to_string()),
        Kind::Category { codes, .. } => {
            let code = usize::try_from(numbers[0]).ok().and_then(|code| codes.get(code));
            Some(code.cloned().unwrap_or_default())
        }
        Kind::Date { .. } => i32::try_from(numbers[0]).ok().map(date::format),
        Kind::Identifier => {
            let bytes = |part: &i128| part.to_be_bytes()[16 - PART_BYTES..].to_vec();
            let bytes: Vec<u8> = numbers.iter().flat_map(bytes).collect();
            let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            // Whoever gave it may have given anything.
            let text = String::from_utf8_lossy(&bytes[..end]).into_owned();
            Some(text.replace(char::is_control, "\u{fffd}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_have_places_as_long_as_the_release_rule_leaves_few() {
        assert_eq!(places(30_000, 10), Some(3000));
        assert_eq!(places(5, 10), Some(1));
        assert_eq!(places(1 << 20, 10), None);
        assert_eq!(places(1 << 20, 11), Some((1 << 20) / 11));
    }
}

//! Groups that the agreed schema does not list: they are found in the providers' rows, on shares.

use sharewell_study::{Kind, PART_BYTES, PARTS_MAX, Table, date};

use crate::rows::ROWS_MAX;

/// Most groups that are opened.
pub(crate) const PLACES_MAX: u64 = 100_000;

/// How rows make the cells. Columns are places in [`crate::Plan::rows`].
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Grouped {
    pub keys: Vec<GroupKey>,
    /// What fills each slot.
    pub slots: Vec<Filled>,
    /// Numbers that tell the selected keys, in the order of [`crate::plan::Joint::Key`].
    pub told: Vec<Told>,
    /// Cells of the result: most groups that can pass the gate.
    pub places: usize,
}

/// By what rows are grouped.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct GroupKey {
    /// The column of the schema.
    pub column: usize,
    /// What is the same in all rows of a group and no others.
    pub sorted_by: usize,
}

/// A slot of each group, of its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Filled {
    Rows,
    Sum(usize),
    Least(usize),
    Greatest(usize),
}

/// A number that all rows of a group have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// That by which they are sorted: an index into [`Grouped::keys`].
    Key(usize),
    /// A column.
    Column(usize),
}

/// Most groups of so many rows if each has as many records as the release rule wants.
pub(crate) fn places(rows: u64, min_records: u64) -> Option<usize> {
    let places = rows.min(ROWS_MAX) / min_records.max(1);
    (places <= PLACES_MAX).then_some(places.max(1) as usize)
}

/// How many numbers tell a key of a column.
pub(crate) fn parts(table: &Table, column: usize) -> usize {
    if table.columns[column].kind == Kind::Identifier { PARTS_MAX } else { 1 }
}

/// A key as the result shows it, where that is a text.
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

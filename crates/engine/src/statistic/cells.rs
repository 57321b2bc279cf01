//! Which cell of a statistic is which.

use sharewell_study::Table;

/// The groups of a statistic, by the places of values among those of their columns.
pub(super) struct Cells<'t> {
    table: &'t Table,
    /// In schema order, as cells are numbered.
    columns: Vec<usize>,
}

impl<'t> Cells<'t> {
    pub(super) fn new(table: &'t Table, columns: &[usize]) -> Self {
        let mut columns = columns.to_vec();
        columns.sort_unstable();
        Self { table, columns }
    }

    pub(super) fn values(&self, column: usize) -> usize {
        self.table.columns[column].values().len()
    }

    /// The cell in which each of these columns has the value of this place.
    pub(super) fn cell(&self, places: &[(usize, usize)]) -> usize {
        self.columns.iter().fold(0, |cell, column| {
            let place = places.iter().find(|(of, _)| of == column).map_or(0, |(_, place)| *place);
            cell * self.values(*column) + place
        })
    }
}

//! Which cell of a statistic is which.

use sharewell_study::{Grid, Table};

use super::sheet::Entry;
use super::{Released, count};

/// The value of a column that a cell has, by its place among the column's values.
pub(super) type Place = (usize, usize);

/// The counts of the bins of a grid.
pub(super) type Counts = Result<Vec<u64>, String>;

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
    pub(super) fn cell(&self, places: &[Place]) -> usize {
        self.columns.iter().fold(0, |cell, column| {
            let place = places.iter().find(|(of, _)| of == column).map_or(0, |(_, place)| *place);
            cell * self.values(*column) + place
        })
    }

    /// The counts of the bins of a grid in such a cell.
    pub(super) fn bins(&self, grid: &Grid, places: &[Place], released: &Released<'_>) -> Counts {
        let of_bin = |bin| released(0, self.bin(grid, places, bin)).map(count);
        (0..grid.bins(self.table)).map(of_bin).collect()
    }

    /// One of these bins.
    pub(super) fn bin(&self, grid: &Grid, places: &[Place], bin: u64) -> usize {
        self.cell(places) * grid.bins(self.table) as usize + bin as usize
    }

    /// The combinations of values of some columns: their places, and as they are shown.
    pub(super) fn combinations(&self, columns: &[usize]) -> Vec<(Vec<Place>, Vec<Entry>)> {
        let of = |cell: u64| {
            let codes = self.table.cell(columns, cell);
            let place = |(&column, code): (&usize, &&str)| {
                let values = self.table.columns[column].values();
                (column, values.iter().position(|value| value == code).unwrap_or(0))
            };
            let places = columns.iter().zip(&codes).map(place).collect();
            (places, codes.into_iter().map(Entry::text).collect())
        };
        (0..self.table.cells(columns)).map(of).collect()
    }
}

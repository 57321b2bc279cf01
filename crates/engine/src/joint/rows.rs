//! What is made of the providers' rows, on shares.

use sharewell_analytics::Value;
use sharewell_analytics::table::{Cells, Column, Table, count_distinct, distinct, percentile};
use sharewell_mpc::{Protocol, Result, Share};

use crate::Plan;
use crate::rows::{OfRows, RowsFunction};

/// All providers' rows, column after column.
pub(super) struct Rows<P: Protocol> {
    columns: Vec<P::AShare>,
    /// Which of them are records.
    valid: P::AShare,
}

impl<P: Protocol> Rows<P> {
    /// Of what each data party gave.
    pub(super) fn of(given: &[&P::AShare], plan: &Plan) -> Self {
        let (sums, len) = (plan.sums_len(), plan.rows_len());
        let column = |at: usize| {
            let index: Vec<usize> = (sums + at * len..sums + (at + 1) * len).collect();
            let parts: Vec<P::AShare> = given.iter().map(|given| given.gather(&index)).collect();
            P::AShare::concat(&parts.iter().collect::<Vec<_>>())
        };
        Self { columns: (0..plan.rows.len()).map(column).collect(), valid: column(plan.rows.len()) }
    }

    /// Which rows are records.
    pub(super) fn valid(&self) -> &P::AShare {
        &self.valid
    }

    /// A column's numbers; 0 where there is no record.
    pub(super) fn column(&self, plan: &Plan, at: usize) -> Column<P> {
        Column { values: self.columns[at].clone(), bits: plan.rows[at].bits() }
    }

    /// The same without what it means.
    pub(super) fn values(&self, at: usize) -> &P::AShare {
        &self.columns[at]
    }

    /// Those of one data party, by its place among them.
    pub(super) fn of_giver(&self, giver: usize, plan: &Plan) -> Self {
        let len = plan.rows_len();
        let index: Vec<usize> = (giver * len..(giver + 1) * len).collect();
        let columns = self.columns.iter().map(|column| column.gather(&index)).collect();
        Self { columns, valid: self.valid.gather(&index) }
    }

    /// A column, and which rows have a value there.
    pub(super) fn present(
        &self,
        p: &mut P,
        plan: &Plan,
        at: usize,
        present: Option<usize>,
    ) -> Result<(Column<P>, P::AShare)> {
        let valid = match present {
            Some(present) => p.mul(&self.valid, &self.columns[present])?,
            None => self.valid.clone(),
        };
        Ok((self.column(plan, at), valid))
    }

    /// Where a valid row has a flag, 0 or 1.
    pub(super) fn flag(&self, p: &mut P, at: usize) -> Result<P::AShare> {
        p.mul(&self.valid, &self.columns[at])
    }

    /// How many records have the values of another one before them, in the first column.
    pub(super) fn repeats(&self, p: &mut P, plan: &Plan) -> Result<Value<P>> {
        let keys = vec![self.column(plan, 0)];
        let rows = self.valid.len() as i128;
        let valid = self.valid.clone();
        let distinct = count_distinct(p, &Table { keys, columns: vec![], valid })?;
        let mut repeats = self.valid.sum(1);
        repeats -= &distinct;
        p.note_bound(&mut repeats, 0, rows);
        Ok(Value::exact(repeats, 0, 0, rows))
    }

    /// One value for each cell. `count` counts the records with a value in each.
    pub(super) fn evaluate(
        &self,
        p: &mut P,
        of: &OfRows,
        count: &P::AShare,
        plan: &Plan,
    ) -> Result<Value<P>> {
        let valid = match of.present {
            Some(present) => p.mul(&self.valid, &self.columns[present])?,
            None => self.valid.clone(),
        };
        let cells = match of.cell {
            Some(cell) => Cells::of(self.column(plan, cell), plan.cells()),
            None => Cells::one(),
        };
        match &of.what {
            RowsFunction::Percentile { value, decimals, at } => {
                let (column, scale) = (&plan.rows[*value], 10i128.pow(at.scale.into()));
                let values = self.column(plan, *value);
                let found = percentile(p, &values, &valid, &cells, count, (at.digits, scale))?;
                let (lo, hi) = (column.lo.min(0) * scale, column.hi.max(0) * scale);
                Ok(Value::exact(found, decimals + i32::from(at.scale), lo, hi))
            }
            RowsFunction::Distinct { key } => {
                let found = distinct(p, &self.column(plan, *key), &valid, &cells)?;
                Ok(Value::exact(found, 0, 0, valid.len() as i128))
            }
        }
    }
}

//! What is made of single records, which are shared as secret rows.

use sharewell_study::{Aggregate, Decimal, Expr, Item, Kind, Predicate, Recorded, RowExpr};

use super::Builder;
use crate::plan::{Joint, Output};
use crate::rows::{OfRows, ROWS_MAX, RowColumn, RowsFunction};
use crate::{Error, Refusal};

/// Two of all values have one digest with odds of at most 2^-21.
const DIGEST_SLACK: u32 = 20;

impl Builder<'_> {
    /// Whose value lies at a share of the way from the least to the greatest.
    pub(super) fn percentile(&mut self, of: &RowExpr, at: Decimal) -> Result<Joint, Error> {
        let range = self.range(of)?;
        let present = self.present(of)?;
        let value = self.value_or(of, 0)?;
        let aggregate = Aggregate::Percentile { of: of.clone(), at };
        let unit = of.unit(self.table).unwrap_or_default().to_owned();
        let decimals = range.decimals.into();
        let what = RowsFunction::Percentile { value, decimals, at };
        self.of_rows((aggregate, unit), what, present, of)
    }

    /// How many different values there are.
    pub(super) fn distinct(&mut self, of: &RowExpr) -> Result<Joint, Error> {
        let present = self.present(of)?;
        let key = match of {
            RowExpr::Column(column) if !self.is_number(*column) => self.digest(&[*column])?,
            _ => self.value_or(of, 0)?,
        };
        let aggregate = (Aggregate::CountDistinct(of.clone()), String::new());
        self.of_rows(aggregate, RowsFunction::Distinct { key }, present, of)
    }

    /// What of the rows is opened by itself.
    pub(super) fn opened_rows(&mut self, items: &[Item]) -> Vec<Output> {
        let mut outputs: Vec<Output> = vec![];
        for of in 0..self.of_rows.len() {
            let name = self.of_rows[of].name.clone();
            let uses = |item: &&Item| {
                let mut aggregates = super::aggregates(&item.expr).into_iter();
                aggregates.any(|a| Expr::Aggregate(a.clone()).to_sql(self.table) == name)
            };
            let item = items.iter().find(uses).expect("made for an item");
            let supports = self.supports_of(&item.expr);
            outputs.push(Output { name, joint: Joint::Rows(of), supports });
        }
        outputs
    }

    fn of_rows(
        &mut self,
        (aggregate, unit): (Aggregate, String),
        what: RowsFunction,
        present: Option<usize>,
        of: &RowExpr,
    ) -> Result<Joint, Error> {
        let count = self.count(of);
        let cell = self.cell()?;
        let name = Expr::Aggregate(aggregate).to_sql(self.table);
        let of_rows = OfRows { name, unit, what, present, cell, count };
        if let Some(known) = self.of_rows.iter().position(|known| *known == of_rows) {
            return Ok(Joint::Rows(known));
        }
        self.of_rows.push(of_rows);
        Ok(Joint::Rows(self.of_rows.len() - 1))
    }

    /// The digest of a record's values.
    pub(super) fn digest(&mut self, columns: &[usize]) -> Result<usize, Error> {
        let rows = self.rows_of_all()?;
        let bits = 2 * (64 - rows.leading_zeros()) + DIGEST_SLACK;
        let columns = self.names(columns);
        let name = format!("digest of {}", columns.join(", "));
        let recorded = Recorded::Digest { columns, bits, salt: self.study.hash().0 };
        self.row_column(RowColumn { name, recorded, lo: 0, hi: (1 << bits) - 1 })
    }

    /// The column that says whether a record has a value, unless all have.
    pub(super) fn present(&mut self, of: &RowExpr) -> Result<Option<usize>, Error> {
        if !of.can_be_missing(self.table) {
            return Ok(None);
        }
        let present = Predicate::Not(Box::new(Predicate::IsNull(of.clone())));
        self.number(&indicator(present), (0, 1), 0).map(Some)
    }

    /// The column with the cell of a record, if there are several.
    fn cell(&mut self) -> Result<Option<usize>, Error> {
        let group_by = self.group_by.clone();
        let cells = self.table.cells(&group_by);
        let (mut cell, mut stride) = (None, cells);
        for column in group_by {
            let values = self.table.cells(&[column]);
            stride /= values;
            let code = match &self.table.columns[column].kind {
                Kind::Category { codes, .. } => {
                    let is = |code| Predicate::Member { column, codes: vec![code] };
                    let number = |code: usize| whole(code as i128 * i128::from(stride));
                    let branches = (1..codes.len()).map(|code| (is(code), number(code))).collect();
                    RowExpr::Case { branches, otherwise: Some(Box::new(whole(0))) }
                }
                _ => {
                    let stride = whole(stride.into());
                    RowExpr::Mul(Box::new(RowExpr::Column(column)), Box::new(stride))
                }
            };
            cell = Some(match cell {
                None => code,
                Some(before) => RowExpr::Add(Box::new(before), Box::new(code)),
            });
        }
        match cell {
            Some(cell) if cells > 1 => self.number(&cell, (0, i128::from(cells) - 1), 0).map(Some),
            _ => Ok(None),
        }
    }

    /// The value of each record, and some quanta where it is missing.
    pub(super) fn value_or(&mut self, of: &RowExpr, quanta: i128) -> Result<usize, Error> {
        let range = self.range(of)?;
        let instead = Decimal::new(quanta, range.decimals).ok_or_else(|| {
            let message = format!("`{}` has too many digits", of.to_text(self.table));
            Refusal::new(message, "narrow the column's range, or use fewer decimals")
        })?;
        let value = match of.can_be_missing(self.table) {
            false => of.clone(),
            true => {
                let missing = (Predicate::IsNull(of.clone()), RowExpr::Number(instead));
                let value = Some(Box::new(of.clone()));
                RowExpr::Case { branches: vec![missing], otherwise: value }
            }
        };
        self.number(&value, (range.min, range.max), range.decimals)
    }

    fn is_number(&self, column: usize) -> bool {
        RowExpr::Column(column).range(self.table).is_ok_and(|_| {
            matches!(
                self.table.columns[column].kind,
                Kind::Integer { .. } | Kind::Decimal { .. } | Kind::Boolean
            )
        })
    }

    /// A number of each record.
    pub(super) fn number(
        &mut self,
        of: &RowExpr,
        (lo, hi): (i128, i128),
        decimals: u8,
    ) -> Result<usize, Error> {
        let recorded = Recorded::Number { expr: of.to_sql(self.table), decimals };
        let (lo, hi) = if lo > 0 || hi < 0 { (lo.min(0), hi.max(0)) } else { (lo, hi) };
        self.row_column(RowColumn { name: of.to_text(self.table), recorded, lo, hi })
    }

    pub(super) fn row_column(&mut self, column: RowColumn) -> Result<usize, Error> {
        self.rows_of_all()?;
        if let Some(known) = self.rows.iter().position(|known| known.recorded == column.recorded) {
            return Ok(known);
        }
        self.rows.push(column);
        Ok(self.rows.len() - 1)
    }

    /// How many rows all data parties share, with a record or without.
    pub(super) fn rows_of_all(&self) -> Result<u64, Error> {
        let givers = self.study.data_parties().count() as u64;
        let rows = self.table.max_rows.saturating_mul(givers);
        if rows <= ROWS_MAX {
            return Ok(rows);
        }
        let message = format!("{rows} records would be shared one by one, and {ROWS_MAX} can be");
        let help = "lower `max_rows` in [table]: each provider shares as many rows, used or not";
        Err(Refusal::new(message, help).into())
    }
}

pub(super) fn whole(number: i128) -> RowExpr {
    RowExpr::Number(Decimal::new(number, 0).expect("a small number"))
}

/// 1 where the condition holds, 0 elsewhere.
pub(super) fn indicator(holds: Predicate) -> RowExpr {
    RowExpr::Case { branches: vec![(holds, whole(1))], otherwise: Some(Box::new(whole(0))) }
}

//! Groups that the agreed schema does not list.

use sharewell_study::{
    Aggregate, Expr, Kind, PART_BYTES, PARTS_MAX, Predicate, Query, Recorded, RowExpr,
};

use super::rows::{indicator, whole};
use super::{Builder, Columns, aggregates};
use crate::grouped::{Filled, GroupKey, Grouped, PLACES_MAX, Told, parts, places};
use crate::plan::{Column, Joint, Output};
use crate::rows::RowColumn;
use crate::{Error, Refusal};

impl Builder<'_> {
    /// What takes rows in the order of public cells has no secret ones.
    pub(super) fn refuse_of_groups(&self, query: &Query) -> Result<(), Error> {
        let of_rows = |of: &&Aggregate| {
            matches!(of, Aggregate::Percentile { .. } | Aggregate::CountDistinct(_))
        };
        let mut all = query.items.iter().flat_map(|item| aggregates(&item.expr));
        let Some(of) = all.find(of_rows).filter(|_| !query.has_public_groups(self.table)) else {
            return Ok(());
        };
        let message = format!(
            "`{}` is taken of groups that the agreed schema lists, and these are secret",
            Expr::Aggregate(of.clone()).to_sql(self.table)
        );
        let help = "group by columns of type category or boolean with `missing = \"refuse\"`, or \
                    leave it out";
        Err(Refusal::new(message, help).into())
    }

    /// How rows make the groups, unless the schema lists these; opens the selected keys.
    pub(super) fn grouped(
        &mut self,
        query: &Query,
        (outputs, columns): (&mut Vec<Output>, &mut Columns),
    ) -> Result<Option<Grouped>, Error> {
        if query.has_public_groups(self.table) {
            return Ok(None);
        }
        let keys = query.group_by.iter().map(|&column| self.group_key(column));
        let keys = keys.collect::<Result<Vec<_>, Error>>()?;
        let slots = (0..self.slots.len()).map(|slot| self.filled(slot));
        let slots = slots.collect::<Result<_, Error>>()?;
        let rows = self.rows();
        let supports = vec![self.support(rows)];
        let mut told = vec![];
        for (name, column) in columns {
            let Column::Group(of) = *column else { continue };
            let first = outputs.len();
            let key = keys.iter().position(|key| key.column == of).expect("grouped by it");
            for part in 0..parts(self.table, of) {
                let number = match self.table.columns[of].kind {
                    Kind::Identifier => Told::Column(self.part(of, part)?),
                    _ => Told::Key(key),
                };
                let joint = Joint::Key { told: told.len(), part };
                let supports = supports.clone();
                outputs.push(Output { name: name.clone(), joint, supports });
                told.push(number);
            }
            *column = Column::Key { of, first };
        }
        Ok(Some(Grouped { keys, slots, told, places: self.places()? }))
    }

    fn places(&self) -> Result<usize, Error> {
        let (rows, least) = (self.rows_of_all()?, self.study.release.min_records);
        places(rows, least).ok_or_else(|| {
            let message = format!(
                "of {rows} records there could be {} groups of {least} or more, and {PLACES_MAX} \
                 can be opened",
                rows / least
            );
            Refusal::new(
                message,
                "raise `min_records` in [release], or lower `max_rows` in [table]",
            )
            .into()
        })
    }

    /// The query's condition; a record without a key is in no secret group.
    pub(super) fn with_keys(&self, query: &Query) -> Option<Predicate> {
        let keys = self.grouped.iter().flat_map(|grouped| &grouped.keys);
        let keys = keys.map(|key| RowExpr::Column(key.column));
        let keys = keys.filter(|key| key.can_be_missing(self.table));
        let there = keys.map(|key| Predicate::Not(Box::new(Predicate::IsNull(key))));
        let both = |a, b| Predicate::And(Box::new(a), Box::new(b));
        query.filter.clone().into_iter().chain(there).reduce(both)
    }

    fn group_key(&mut self, column: usize) -> Result<GroupKey, Error> {
        let value = RowExpr::Column(column);
        let sorted_by = match &self.table.columns[column].kind {
            Kind::Identifier => self.digest(&[column])?,
            Kind::Category { codes, .. } => {
                let codes = codes.len();
                let is = |code| Predicate::Member { column, codes: vec![code] };
                let branches = (0..codes).map(|code| (is(code), whole(code as i128))).collect();
                let code = RowExpr::Case { branches, otherwise: None };
                self.number(&code, (0, codes as i128 - 1), 0)?
            }
            _ => {
                let range = self.range(&value)?;
                self.number(&value, (range.min, range.max), range.decimals)?
            }
        };
        Ok(GroupKey { column, sorted_by })
    }

    fn part(&mut self, column: usize, part: usize) -> Result<usize, Error> {
        let name = self.table.columns[column].name.clone();
        let recorded = Recorded::Text { column: name.clone(), part };
        let name = format!("part {} of {PARTS_MAX} of {name}", part + 1);
        self.row_column(RowColumn { name, recorded, lo: 0, hi: (1 << (8 * PART_BYTES)) - 1 })
    }

    /// What of each record a slot is made of.
    fn filled(&mut self, slot: usize) -> Result<Filled, Error> {
        let of = self.slots[slot].of.clone().expect("queries fill slots by aggregates");
        Ok(match &of {
            Aggregate::Count => Filled::Rows,
            Aggregate::CountColumn(e) => {
                let present = Predicate::Not(Box::new(Predicate::IsNull(e.clone())));
                Filled::Sum(self.number(&indicator(present), (0, 1), 0)?)
            }
            Aggregate::Sum(e) => Filled::Sum(self.value_or(e, 0)?),
            Aggregate::Min(e) => Filled::Least(self.value_or(e, self.slots[slot].hi)?),
            Aggregate::Max(e) => Filled::Greatest(self.value_or(e, self.slots[slot].lo)?),
            _ => unreachable!("what fills a slot is a count, a sum or an extreme"),
        })
    }
}

//! Groups that the agreed schema does not list.

use sharewell_study::{
    Aggregate, Expr, Kind, PART_BYTES, PARTS_MAX, Predicate, Query, Recorded, RowExpr,
};

use super::rows::whole;
use super::{Builder, Columns, aggregates};
use crate::grouped::{GroupKey, Grouped, PLACES_MAX, Place, Told, places};
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
        let help = "group the records of all by columns of type category or boolean with \
                    `missing = \"refuse\"`, or leave it out";
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
        let joined = self.joined(query)?;
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
            for (part, number) in self.told(key, &keys[key])?.into_iter().enumerate() {
                let (joint, supports) = (Joint::Key { told: told.len(), part }, supports.clone());
                outputs.push(Output { name: name.clone(), joint, supports });
                told.push(number);
            }
            *column = Column::Key { of, first };
        }
        let places = if keys.is_empty() { 1 } else { self.places(query)? };
        Ok(Some(Grouped { joined, keys, slots, told, places }))
    }

    fn places(&self, query: &Query) -> Result<usize, Error> {
        let least = self.study.release.min_records;
        // Each row of the first has one partner at most.
        let rows = self.rows_of_all()?;
        let rows = if query.join.is_some() { self.table.max_rows } else { rows };
        places(rows, least).ok_or_else(|| {
            let message = format!(
                "of {rows} records there could be {} groups of {least} or more, and {PLACES_MAX} \
                 can be opened",
                rows / least
            );
            let help = "raise `min_records` in [release], or lower `max_rows` in [table]";
            Refusal::new(message, help).into()
        })
    }

    fn group_key(&mut self, column: usize) -> Result<GroupKey, Error> {
        let value = RowExpr::Column(column);
        let sorted_by = match &self.table.columns[column].kind {
            Kind::Identifier => self.digest(&[column])?,
            Kind::Category { codes, .. } => {
                let codes = codes.len();
                let is = |code| Predicate::Member { column, codes: vec![code] };
                let branches = (1..codes).map(|code| (is(code), whole(code as i128))).collect();
                let code = RowExpr::Case { branches, otherwise: Some(Box::new(whole(0))) };
                self.number(&code, (0, codes as i128 - 1), 0)?
            }
            _ => self.value_or(&value, 0)?,
        };
        let present = self.present(&value)?;
        let side = self.table.side(column);
        let at = |column| Place { side, column };
        Ok(GroupKey { column, sorted_by: at(sorted_by), present: present.map(at) })
    }

    /// Numbers that tell a key.
    fn told(&mut self, at: usize, key: &GroupKey) -> Result<Vec<Told>, Error> {
        let mut numbers = vec![];
        numbers.extend(key.present.map(|_| Told::Present(at)));
        if self.table.columns[key.column].kind != Kind::Identifier {
            numbers.push(Told::Key(at));
            return Ok(numbers);
        }
        for part in 0..PARTS_MAX {
            let column = self.part(key.column, part)?;
            numbers.push(Told::Column(Place { side: key.sorted_by.side, column }));
        }
        Ok(numbers)
    }

    fn part(&mut self, column: usize, part: usize) -> Result<usize, Error> {
        let name = self.table.columns[column].name.clone();
        let recorded = Recorded::Text { column: name.clone(), part };
        let name = format!("part {} of {PARTS_MAX} of {name}", part + 1);
        self.row_column(RowColumn { name, recorded, lo: 0, hi: (1 << (8 * PART_BYTES)) - 1 })
    }
}

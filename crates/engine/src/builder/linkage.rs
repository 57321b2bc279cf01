//! Which records belong together: keys as digests, and what is crossed as a column for each value.

use sharewell_study::{Cross, Kind, Linkage, Predicate, RowExpr};

use super::rows::indicator;
use super::{Builder, Columns};
use crate::plan::{Column, Joint, Output};
use crate::rows::{Linked, LinkedKey};
use crate::{Error, Refusal};

impl Builder<'_> {
    pub(super) fn linkage(&mut self, asked: &Linkage) -> Result<(Vec<Output>, Columns), Error> {
        if self.study.release.min_parties > 2 {
            let least = self.study.release.min_parties;
            let message = format!(
                "two organisations stand behind linked records, and [release] asks for {least}"
            );
            return Err(Refusal::new(message, "set `min_parties = 2` in [release]").into());
        }
        let rows = self.rows();
        let supports = vec![self.support(rows)];
        let mut keys = vec![];
        for key in &asked.keys {
            let digest = self.digest(key)?;
            let there = key.iter().map(|&column| RowExpr::Column(column));
            let there: Vec<Predicate> = there
                .filter(|column| column.can_be_missing(self.table))
                .map(|column| Predicate::Not(Box::new(Predicate::IsNull(column))))
                .collect();
            let both = |a, b| Predicate::And(Box::new(a), Box::new(b));
            let present = match there.into_iter().reduce(both) {
                Some(there) => Some(self.number(&indicator(there), (0, 1), 0)?),
                None => None,
            };
            keys.push(LinkedKey { digest, present });
        }
        let cross = match &asked.cross {
            Some(cross) => Some(self.crossed(cross)?),
            None => None,
        };
        let linked = Linked { keys, cross };
        let names = linked.names(self.study, asked);
        self.linked = Some(linked);
        let output =
            |(i, name)| Output { name, joint: Joint::Linked(i), supports: supports.clone() };
        let outputs: Vec<Output> = names.into_iter().enumerate().map(output).collect();
        let opened = |(i, output): (usize, &Output)| {
            (output.name.clone(), Column::Opened { output: i, root: false })
        };
        let columns = outputs.iter().enumerate().map(opened).collect();
        Ok((outputs, columns))
    }

    /// For each value of each of the two columns, whether a record has it.
    fn crossed(&mut self, cross: &Cross) -> Result<[(usize, Vec<usize>); 2], Error> {
        let mut side = |at: usize| -> Result<(usize, Vec<usize>), Error> {
            let column = cross.columns[at];
            let mut values = vec![];
            for code in 0..self.table.columns[column].values().len() {
                let has = match (&self.table.columns[column].kind, code) {
                    (Kind::Boolean, 0) => Predicate::Not(Box::new(Predicate::Truth(column))),
                    (Kind::Boolean, _) => Predicate::Truth(column),
                    _ => Predicate::Member { column, codes: vec![code] },
                };
                values.push(self.number(&indicator(has), (0, 1), 0)?);
            }
            Ok((cross.parties[at], values))
        };
        Ok([side(0)?, side(1)?])
    }
}

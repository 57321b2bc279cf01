//! The joint audit: counts that each provider can make at home, drift of each provider's counts,
//! and keys that occur twice.

use sharewell_study::{
    Comparison, Decimal, DriftIndex, JointQuality, Measure, Predicate, Reveal, RowExpr, Study,
};

use super::{Builder, Columns};
use crate::plan::{Column, Combine, Drift, Joint, Output, Slot};
use crate::{Error, Refusal};

impl Builder<'_> {
    pub(super) fn quality(
        &mut self,
        asked: &JointQuality,
    ) -> Result<(Vec<Output>, Columns), Error> {
        let study = self.study;
        if !asked.drift.is_empty() && study.data_parties().count() < 2 {
            let message = "one data party drifts from nobody";
            return Err(Refusal::new(message, "drift compares at least two").into());
        }
        let rows = self.rows();
        let supports = vec![self.support(rows)];
        let mut joints = vec![("COUNT(*)".to_owned(), Joint::Slot(rows))];
        for &column in &asked.missing {
            let slot = self.records(&Predicate::IsNull(RowExpr::Column(column)));
            let name = format!("missing values of {}", self.table.columns[column].name);
            joints.push((name, Joint::Slot(slot)));
        }
        for condition in &asked.implausible {
            let slot = self.records(condition);
            let name = format!("records with {}", condition.to_text(self.table));
            joints.push((name, Joint::Slot(slot)));
        }
        if asked.duplicates {
            self.digest(&study.table.key)?;
            joints.push(("records of a key beyond its first".to_owned(), Joint::Repeats));
        }
        for drift in &asked.drift {
            joints.extend(self.drifts(study, drift));
        }
        let output = |(name, joint)| Output { name, joint, supports: supports.clone() };
        let outputs: Vec<Output> = joints.into_iter().map(output).collect();
        let opened = |(i, output): (usize, &Output)| {
            (output.name.clone(), Column::Opened { output: i, root: false })
        };
        let columns = outputs.iter().enumerate().map(opened).collect();
        Ok((outputs, columns))
    }

    /// One for each data party.
    fn drifts(&mut self, study: &Study, drift: &sharewell_study::Drift) -> Vec<(String, Joint)> {
        let below = |edge: &Decimal| Predicate::Compare {
            left: drift.value.clone(),
            op: Comparison::Lt,
            right: RowExpr::Number(*edge),
        };
        let edges = drift.edges.iter().map(|edge| self.records(&below(edge))).collect::<Vec<_>>();
        let count = self.count(&drift.value);
        let value = drift.value.to_text(self.table);
        let index = match drift.index {
            DriftIndex::KolmogorovSmirnov => "Kolmogorov-Smirnov statistic",
            DriftIndex::PopulationStability => "population stability index",
        };
        let of_party = |party: usize| {
            let of = format!("{index} of {value} at {}", study.parties[party].name);
            let name = match drift.reveal {
                Reveal::Index => of,
                Reveal::Verdict => format!("whether the {of} is within {}", drift.limit),
            };
            let (below, limit) = (edges.clone(), drift.limit);
            let (index, reveal) = (drift.index, drift.reveal);
            (name, Joint::Drift(Box::new(Drift { party, below, count, index, limit, reveal })))
        };
        study.data_parties().map(of_party).collect()
    }

    /// How many records a condition holds for.
    fn records(&mut self, condition: &Predicate) -> usize {
        let sql = condition.to_sql(self.table);
        let measure = Measure::Count(format!("CASE WHEN {sql} THEN 1 END"));
        if let Some(known) = self.slots.iter().position(|slot| slot.measure == measure) {
            return known;
        }
        let name = format!("records with {}", condition.to_text(self.table));
        let (lo, hi, decimals) = (0, i128::from(self.table.max_rows), 0);
        let combine = Combine::Sum;
        let (columns, unit, basis) = (vec![], String::new(), None);
        self.slots.push(Slot {
            name,
            measure,
            combine,
            lo,
            hi,
            decimals,
            columns,
            unit,
            basis,
            of: None,
        });
        self.slots.len() - 1
    }
}

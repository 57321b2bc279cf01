//! What becomes known to whom: the table that stewards approve.

use std::fmt;

use serde::Serialize;
use sharewell_study::{BadGiver, Grid, Objective};

use crate::Plan;
use crate::plan::{Column, Joint, Output};

/// One thing that somebody learns.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct Leak {
    /// What.
    pub what: String,
    /// Who learns it.
    pub to: String,
    /// Why it must be so.
    pub why: String,
}

impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} | {} | {}", self.what, self.to, self.why)
    }
}

impl Plan {
    /// Everything that any party learns beyond its own rows.
    #[must_use]
    pub fn leakage(&self) -> Vec<Leak> {
        let recipients = self.names(&self.learners());
        let leak =
            |what: String, to: &str, why: &str| Leak { what, to: to.into(), why: why.into() };
        let mut leaks = vec![self.groups_known(&recipients)];
        leaks.push(leak(
            "sizes and times of messages".into(),
            "every party, and who watches the network",
            "they depend on the study alone, never on the data",
        ));
        if self.study.security.bad_giver == BadGiver::Drop {
            leaks.push(leak(
                "which data parties' shares did not fit together".into(),
                "every party",
                "they are left out, and the result says so",
            ));
        }
        for support in &self.supports {
            let slot = &self.slots[support.slot];
            let records = match slot.columns.as_slice() {
                [] => "records".to_owned(),
                columns => format!("records with a value of `{}`", columns.join("` and `")),
            };
            leaks.push(leak(
                format!("per cell, in one bit, {}", self.rule(&records)),
                &recipients,
                "the release gate says which cells are suppressed; counts and parts are compared, \
                 not opened",
            ));
        }
        let in_words = |output: &&Output| !output.is_told_elsewhere();
        for output in self.outputs.iter().filter(in_words) {
            let (because, undefined) = self.opened(output);
            leaks.push(leak(
                format!("`{}` of every cell that passes the gate{undefined}", output.name),
                &recipients,
                because,
            ));
        }
        if self.benchmark.is_some() {
            leaks.push(leak(
                "how many other data parties have a lower rate, in every cell that passes the gate"
                    .into(),
                "each data party, of itself alone",
                "rates are compared in secret; with `events` and `exposure` of all it also knows \
                 those of all others together; of one of them, only if the rest tell it theirs",
            ));
        }
        leaks.extend(self.promise().map(|promise| {
            leak(
                "all of it with noise that nobody knows".into(),
                &recipients,
                &format!("{promise}: see the noise of each sum and count"),
            )
        }));
        leaks.extend(self.path.as_ref().map(|path| path.leak(&recipients)));
        leaks.extend(self.hidden.as_ref().map(|hidden| hidden.leak(&recipients)));
        let learnt = self.learning.as_ref();
        leaks.extend(learnt.map_or_else(Vec::new, |of| of.leaks(&recipients)));
        leaks
    }

    /// What becomes known of the groups themselves.
    fn groups_known(&self, recipients: &str) -> Leak {
        if let Some(grouped) = &self.grouped {
            let release = &self.study.release;
            let why = "groups are found in secret among the records; of the others nothing is \
                       opened, not even how many there are";
            return Leak {
                what: grouped.learned(release.min_records, release.min_parties),
                to: recipients.to_owned(),
                why: why.to_owned(),
            };
        }
        let what = match (self.local.group_by.len(), self.grid()) {
            (0, _) => "that there is one cell".to_owned(),
            (_, None) => format!("the names of {} groups, occupied or not", self.cells()),
            (_, Some(grid)) => format!(
                "the names of {} groups, occupied or not: each is cut into {} bins of `{}`",
                self.cells(),
                grid.bins(&self.study.table),
                self.study.table.columns[grid.column].name
            ),
        };
        let why = "groups come from the agreed code lists and ranges, not from the data";
        Leak { what, to: "everybody who reads the study".to_owned(), why: why.to_owned() }
    }

    /// Why an output is opened, and what else of a cell shows by it.
    fn opened(&self, output: &Output) -> (&'static str, String) {
        let because = if self.opens_sums() && self.is_behind(&output.name) {
            "the selected values are calculated from it in the clear"
        } else if self.linked.is_some() {
            "selected by the objective; the records themselves are matched in secret"
        } else if output.joint.divides() {
            "selected by the objective; so exact a quotient often tells its two parts"
        } else {
            "selected by the objective"
        };
        let undefined = match &output.joint {
            Joint::Linked(_) => {
                format!(", or that it is below {}", self.study.release.min_records)
            }
            Joint::Correlation { .. } => ", or that one of the two does not vary".to_owned(),
            joint if joint.divides() => ", or that it divides by zero".to_owned(),
            _ => String::new(),
        };
        (because, undefined)
    }

    /// Names of parties by their places in the run.
    pub(crate) fn names(&self, places: &[u8]) -> String {
        self.names_of(places).join(", ")
    }

    /// The same one by one.
    pub(crate) fn names_of(&self, places: &[u8]) -> Vec<String> {
        let name = |place: &u8| self.study.parties[self.order[usize::from(*place)]].name.clone();
        places.iter().map(name).collect()
    }

    fn grid(&self) -> Option<&Grid> {
        match &self.study.objective {
            Objective::Statistic(statistic) => statistic.kind.grid(),
            Objective::Sql(_)
            | Objective::FailureRate { .. }
            | Objective::Quality(_)
            | Objective::Linkage(_)
            | Objective::Train(_) => None,
        }
    }

    /// Whether an opened output is no column of the result by itself.
    fn is_behind(&self, name: &str) -> bool {
        !self.columns.iter().any(|(_, column)| {
            matches!(column, Column::Opened { output, .. } if self.outputs[*output].name == name)
        })
    }
}

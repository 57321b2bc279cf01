//! What a run is told as: one JSON object, or a page for people.

pub(crate) mod files;
mod html;
mod model;
mod plot;
mod results;

use std::collections::BTreeMap;

use serde::Serialize;
use sharewell_engine::{Countersigned, Outcome, Report};

use crate::check;
use crate::children::Finished;
use crate::failure::Failure;
use crate::local::Rows;
use crate::show;
use crate::study_file::StudyFile;

/// `a 3, b 5`, of those that have some.
fn counts(counts: &BTreeMap<String, u64>) -> String {
    let some = counts.iter().filter(|(_, rows)| **rows > 0);
    let some: Vec<String> = some.map(|(party, n)| format!("{party} {n}")).collect();
    if some.is_empty() { "none".to_owned() } else { some.join(", ") }
}

/// A run, as its user sees it.
#[derive(Serialize)]
pub(crate) struct Told {
    #[serde(flatten)]
    report: Report,
    /// What each party learned beyond its own rows.
    learned: BTreeMap<String, Vec<String>>,
    /// How many rows of each provider did not fit the agreed schema.
    rejected: BTreeMap<String, u64>,
    #[serde(skip)]
    rounded: BTreeMap<String, u64>,
    /// Bytes of all links with frame headers, if all are known.
    #[serde(skip)]
    wire_bytes: Option<u64>,
}

impl Told {
    /// What all parties have signed.
    pub(crate) fn receipt(&self) -> &Countersigned {
        &self.report.receipt
    }

    /// A rehearsal: every party's outcome is here.
    pub(crate) fn of_all(
        file: &StudyFile,
        parties: Vec<Finished<Outcome>>,
    ) -> Result<Self, Failure> {
        let rows = parties.iter().filter_map(|p| Some((p.result.party.clone(), p.rows?)));
        let rows: Vec<(String, Rows)> = rows.collect();
        let outcomes: Vec<Outcome> = parties.into_iter().map(|party| party.result).collect();
        let mut recipients = outcomes.iter().filter(|outcome| !outcome.results.is_empty());
        let first = recipients.next().or(outcomes.first());
        let first = first.expect("a study has parties").clone();
        let mut results = first.results.clone();
        for table in recipients.flat_map(|outcome| &outcome.results) {
            match results.iter().find(|known| known.name == table.name) {
                // A table of one party's own.
                None => results.push(table.clone()),
                Some(known) if known == table => {}
                Some(_) => {
                    return Err(Failure::Run(
                        "the recipients were given different results, which is a bug of this \
                         program"
                            .to_owned(),
                    ));
                }
            }
        }
        // These are the results of several: the salt is that of one's.
        let first = Outcome { results, salt: None, ..first };
        let wire_bytes = outcomes.iter().map(|outcome| outcome.actual.wire_bytes_sent).sum();
        let learned = outcomes.into_iter().map(|outcome| (outcome.party, outcome.learned));
        let learned = learned.collect();
        Ok(Self { learned, wire_bytes: Some(wire_bytes), ..Self::of_one(file, first, rows) })
    }

    /// One party's own view.
    pub(crate) fn of_one(file: &StudyFile, outcome: Outcome, rows: Vec<(String, Rows)>) -> Self {
        let report = Report {
            study: file.plan.hash().to_string(),
            protocol: file.plan.protocol(),
            withstands: file.plan.withstands(),
            results: outcome.results,
            left_out: outcome.left_out,
            commitments: outcome.commitments,
            noise: file.plan.noise_told(),
            receipt: outcome.receipt,
            salt: outcome.salt,
            quote: file.plan.quote_at(outcome.actual.round_bytes),
            actual: outcome.actual,
        };
        Self {
            report,
            learned: BTreeMap::from([(outcome.party, outcome.learned)]),
            rejected: rows.iter().map(|(party, rows)| (party.clone(), rows.rejected)).collect(),
            rounded: rows.into_iter().map(|(party, rows)| (party, rows.rounded)).collect(),
            wire_bytes: None,
        }
    }

    /// To standard output; the page ends with what is to be said about rows.
    pub(crate) fn print(&self, file: &StudyFile, json: bool, rows: impl FnOnce(&Self) -> String) {
        if json {
            show::out(&self.json());
            return;
        }
        let study = file.study();
        let mut page = format!("{}: {}\n\n", study.name, study.purpose);
        for (i, table) in self.report.results.iter().enumerate() {
            if self.report.results.len() > 1 {
                page += &format!("{}{}\n", if i == 0 { "" } else { "\n" }, table.name);
            }
            page += &results::page(study, table);
        }
        if self.report.results.is_empty() {
            let names: Vec<&str> =
                study.recipients().map(|i| study.parties[i].name.as_str()).collect();
            page += &format!("the result went to {}\n", show::and(&names));
        }
        if !self.report.left_out.is_empty() {
            let names: Vec<&str> = self.report.left_out.iter().map(String::as_str).collect();
            page += &show::prose(
                0,
                &format!(
                    "Left out: {}. The shares that came from there did not fit together, so that \
                     the run went on as if there were no records.",
                    show::and(&names)
                ),
            );
        }
        if let Some(noise) = check::noise(&file.plan) {
            page += &format!("\n{noise}");
        }
        let protection = show::protection(self.report.protocol, &self.report.withstands);
        page += &format!("\n{}\n{protection}\n{}\n{}", self.cost(), self.learned(), rows(self));
        show::out(&page);
    }

    fn json(&self) -> String {
        serde_json::to_string_pretty(self).expect("structs, lists, numbers, texts") + "\n"
    }

    fn cost(&self) -> String {
        let (rows, verdict) = self.costs();
        let rows: Vec<Vec<String>> = rows.into_iter().map(Vec::from).collect();
        format!("{}{verdict}\n", show::grid(&["cost", "quoted", "measured"], &rows, 1))
    }

    /// What, as quoted, as measured; and whether they agree.
    fn costs(&self) -> (Vec<[String; 3]>, &'static str) {
        let (quote, actual) = (&self.report.quote, &self.report.actual);
        let mut rows = vec![
            ["rounds".to_owned(), quote.rounds.to_string(), actual.rounds.to_string()],
            [
                "bytes of the party that sends most".to_owned(),
                show::thousands(quote.bytes_per_party),
                show::thousands(actual.bytes_per_party),
            ],
        ];
        if let Some(wire_bytes) = self.wire_bytes {
            rows.push([
                "bytes of all links, with headers".to_owned(),
                show::thousands(quote.wire_bytes),
                show::thousands(wire_bytes),
            ]);
        }
        for estimate in &quote.estimates {
            let (name, rtt) = (estimate.network, show::seconds(estimate.rtt_s));
            let rate = estimate.bits_per_s / 1e6;
            let name = format!("time on a {name} ({rtt}, {rate} Mbit/s)");
            rows.push([name, show::seconds(estimate.seconds), String::new()]);
        }
        rows.push(["time here".to_owned(), String::new(), show::seconds(actual.wall_s)]);
        let verdict = if actual.as_quoted {
            "Rounds and bytes of every party are exactly those quoted."
        } else {
            "Rounds or bytes differ from those quoted: this is a bug, please report it."
        };
        (rows, verdict)
    }

    /// Parties that learned the same are told together.
    fn learned_together(&self) -> Vec<(Vec<&str>, &[String])> {
        let mut told: Vec<(Vec<&str>, &[String])> = vec![];
        for (party, learned) in &self.learned {
            match told.iter_mut().find(|(_, known)| known == learned) {
                Some((parties, _)) => parties.push(party),
                None => told.push((vec![party], learned)),
            }
        }
        told
    }

    fn learned(&self) -> String {
        let mut text = String::new();
        for (parties, learned) in self.learned_together() {
            let (each, whose) = if parties.len() > 1 { (" each", "their") } else { ("", "its") };
            text += &format!("{}{each} learned", show::and(&parties));
            if learned.is_empty() {
                text += " nothing\n";
                continue;
            }
            text += &format!(", beyond {whose} own rows:\n");
            text.extend(learned.iter().map(|item| format!("  - {item}\n")));
        }
        text
    }

    /// What became of the providers' rows.
    fn of_rows(&self) -> String {
        let [rejected, rounded] = [&self.rejected, &self.rounded].map(counts);
        format!("Rejected at home: {rejected}. With values rounded as agreed: {rounded}.")
    }

    /// What became of the providers' rows, and where that is told.
    pub(crate) fn rows(&self, file: &StudyFile) -> String {
        if self.rejected.is_empty() {
            return String::new();
        }
        let mut providers = self.rejected.keys();
        let (whose, reports) = match (providers.next(), providers.next()) {
            (Some(party), None) => ("the report about them", file.report_of(party)),
            _ => ("each provider's own report", file.report_of("PARTY")),
        };
        show::list([
            ("rows rejected", counts(&self.rejected)),
            ("values rounded as agreed", counts(&self.rounded)),
            (whose, reports.display().to_string()),
        ])
    }
}

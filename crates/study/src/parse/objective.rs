//! What is computed.

mod linkage;
mod quality;
mod regression;
mod statistic;
mod training;

use toml::Spanned;

use super::Reader;
use crate::document::Section;
use crate::sql::{self, Text};
use crate::{Decimal, Kind, Missing, Objective, Party, Predicate, Table, Truncation};

impl Reader<'_> {
    pub(super) fn objective(
        &self,
        section: Section<'_>,
        table: Option<&Table>,
        parties: Option<&[Party]>,
    ) -> Option<Objective> {
        #[derive(Clone, Copy)]
        enum Which {
            Sql,
            FailureRate,
            Quality,
            Linkage,
            Train,
            Statistic(statistic::Which),
        }
        let ours = [
            ("sql", Which::Sql),
            ("failure_rate", Which::FailureRate),
            ("quality", Which::Quality),
            ("linkage", Which::Linkage),
            ("train", Which::Train),
        ];
        let kinds: Vec<(&str, Which)> = ours
            .into_iter()
            .chain(statistic::KINDS.map(|(name, which)| (name, Which::Statistic(which))))
            .collect();
        let kind: Spanned<String> = section.required("kind")?;
        let which = self.choice(&kind, &kinds)?;
        let section = section.titled(format!("an objective of kind \"{}\"", kind.get_ref()));
        let objective = match which {
            Which::Sql => self.sql(&section, table, parties),
            Which::FailureRate => self.failure_rate(&section, table),
            Which::Quality => self.joint_quality(&section, table).map(Objective::Quality),
            Which::Linkage => self.linkage(&section, table, parties).map(Objective::Linkage),
            Which::Train => self.training(&section, table).map(|of| Objective::Train(Box::new(of))),
            Which::Statistic(which) => {
                self.statistic(which, &section, table).map(Objective::Statistic)
            }
        };
        section.finish();
        objective
    }

    fn sql(
        &self,
        section: &Section<'_>,
        table: Option<&Table>,
        parties: Option<&[Party]>,
    ) -> Option<Objective> {
        let query: Spanned<String> = section.required("query")?;
        let query = sql::query(&self.text(&query), table?, parties.unwrap_or_default());
        query
            .map_err(|problems| problems.into_iter().for_each(|p| self.document.note(p)))
            .ok()
            .map(Objective::Sql)
    }

    fn failure_rate(&self, section: &Section<'_>, table: Option<&Table>) -> Option<Objective> {
        let events = section.required("events");
        let exposure = section.required("exposure");
        let per = section.required("per").and_then(|per: Spanned<Decimal>| {
            self.require(per.get_ref().digits > 0, per.span(), || {
                let help = "the rate is stated per so many units of exposure, for instance 1e6";
                ("`per` must be greater than 0".to_owned(), help.to_owned())
            })?;
            Some(to_f64(*per.get_ref()))
        });
        let confidence = self.confidence(section);
        let truncations = [("time", Truncation::Time), ("failure", Truncation::Failure)];
        let truncation = section.required("truncation");
        let truncation = truncation.and_then(|word| self.choice(&word, &truncations));
        let filter = section.optional("where");
        let group_by = section.optional("group_by");
        let wrong_filter = section.has("where") && filter.is_none();
        let wrong_groups = section.has("group_by") && group_by.is_none();
        let table = table?;
        let events = events.and_then(|name| self.amount(table, &name, "events"));
        let exposure = exposure.and_then(|name| self.amount(table, &name, "exposure"));
        let filter = filter.map(|filter| self.predicate(table, &filter));
        let group_by = group_by.map(|names| self.group_by(table, names));
        if wrong_filter || wrong_groups || matches!(filter, Some(None)) {
            return None;
        }
        Some(Objective::FailureRate {
            events: events?,
            exposure: exposure?,
            per: per?,
            confidence: confidence?,
            truncation: truncation?,
            filter: filter.flatten(),
            group_by: group_by.unwrap_or(Some(Vec::new()))?,
        })
    }

    fn confidence(&self, section: &Section<'_>) -> Option<f64> {
        let confidence: Spanned<Decimal> = section.required("confidence")?;
        let value = to_f64(*confidence.get_ref());
        self.require(0.0 < value && value < 1.0, confidence.span(), || {
            let help = "write 0.95 for a 95 % interval";
            ("`confidence` must lie between 0 and 1".to_owned(), help.to_owned())
        })?;
        Some(value)
    }

    /// A column that counts or measures: numeric, never negative, never missing.
    fn amount(&self, table: &Table, name: &Spanned<String>, role: &str) -> Option<usize> {
        let source = self.document.source();
        let found = sql::named(table, name.get_ref());
        let column = found
            .map_err(|refusal| self.document.note(refusal.at(source.problem(name.span(), ""))))
            .ok()?;
        let Some(Kind::Integer { .. } | Kind::Decimal { .. } | Kind::Boolean) =
            table.columns.get(column).map(|column| &column.kind)
        else {
            let kind = table.columns[column].kind.name();
            let message = format!("`{role}` must be a numeric column, not one of type {kind}");
            self.document.refuse(name.span(), message);
            return None;
        };
        let fits = |holds: bool, message: &str, help: &str| {
            self.require(holds, name.span(), || (format!("`{role}` {message}"), help.to_owned()))
        };
        let new = &table.columns[column];
        let whole = !matches!(new.kind, Kind::Decimal { .. });
        fits(
            role != "events" || whole,
            "must be whole numbers",
            "use an integer or boolean column",
        )?;
        let least = new.quanta().map_or(0, |(min, _, _)| min);
        fits(least >= 0, "can be negative", "let the column's `range` begin at 0")?;
        let present = new.missing == Missing::Refuse;
        fits(
            present,
            "may be missing",
            "set `missing = \"refuse\"` for it: a record without it \
            belongs to neither side of the rate",
        )?;
        Some(column)
    }

    fn predicate(&self, table: &Table, text: &Spanned<String>) -> Option<Predicate> {
        let predicate = sql::predicate(&self.text(text), table);
        predicate.map_err(|problems| problems.into_iter().for_each(|p| self.document.note(p))).ok()
    }

    fn group_by(&self, table: &Table, names: Spanned<Vec<Spanned<String>>>) -> Option<Vec<usize>> {
        let names = names.into_inner();
        let columns = sql::group_by(table, &names, self.document.source());
        columns.map_err(|problem| self.document.note(problem)).ok()
    }

    fn text<'q>(&'q self, query: &'q Spanned<String>) -> Text<'q> {
        Text { source: self.document.source(), literal: query.span(), sql: query.get_ref() }
    }
}

/// The nearest floating-point number.
fn to_f64(number: Decimal) -> f64 {
    number.to_string().parse().expect("a decimal constant is a floating-point literal")
}

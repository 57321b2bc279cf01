//! Means and rates of groups, and what contributors found by themselves.

use toml::Spanned;

use super::super::to_f64;
use crate::document::Section;
use crate::parse::Reader;
use crate::{Decimal, StatisticKind, Table};

impl Reader<'_> {
    pub(super) fn paired_t_test(
        &self,
        section: &Section<'_>,
        table: Option<&Table>,
    ) -> Option<StatisticKind> {
        let first = self.value(section, "first", table);
        let second = self.value(section, "second", table);
        Some(StatisticKind::PairedTTest { first: first?, second: second? })
    }

    pub(super) fn anova(
        &self,
        section: &Section<'_>,
        table: Option<&Table>,
    ) -> Option<StatisticKind> {
        let value = self.value(section, "value", table);
        let group = self.grouping(section, "group", table);
        Some(StatisticKind::Anova { value: value?, group: group? })
    }

    pub(super) fn rates(
        &self,
        section: &Section<'_>,
        table: Option<&Table>,
    ) -> Option<StatisticKind> {
        let exposed = self.exposed(section, table);
        let group = self.grouping(section, "group", table);
        let strata = self.groups(section, "strata", table);
        let reference: Option<Spanned<String>> = section.optional("reference");
        if section.has("reference") && reference.is_none() {
            return None;
        }
        let (group, strata) = (group?, strata?);
        self.apart(section, &[&[group], &strata[..]].concat())?;
        let choices: Vec<(&str, usize)> =
            table?.columns[group].values().into_iter().zip(0..).collect();
        let reference = match reference {
            None => 0,
            Some(code) => self.choice(&code, &choices)?,
        };
        let (events, exposure, per) = exposed?;
        Some(StatisticKind::Rates { events, exposure, per, group, reference, strata })
    }

    pub(super) fn benchmark(
        &self,
        section: &Section<'_>,
        table: Option<&Table>,
    ) -> Option<StatisticKind> {
        let exposed = self.exposed(section, table);
        let by = self.groups(section, "by", table);
        let (events, exposure, per) = exposed?;
        Some(StatisticKind::Benchmark { events, exposure, per, by: by? })
    }

    /// Events, exposure, and for how much of it a rate is stated.
    fn exposed(&self, section: &Section<'_>, table: Option<&Table>) -> Option<(usize, usize, f64)> {
        let events: Option<Spanned<String>> = section.required("events");
        let exposure: Option<Spanned<String>> = section.required("exposure");
        let per: Option<Spanned<Decimal>> = section.required("per");
        let events = events.and_then(|name| self.amount(table?, &name, "events"));
        let exposure = exposure.and_then(|name| self.amount(table?, &name, "exposure"));
        let per = per.and_then(|per| {
            self.require(per.get_ref().digits > 0, per.span(), || {
                let help = "the rate is stated per so many units of exposure, for instance 1e6";
                ("`per` must be greater than 0".to_owned(), help.to_owned())
            })?;
            Some(to_f64(*per.get_ref()))
        });
        Some((events?, exposure?, per?))
    }

    pub(super) fn meta_analysis(
        &self,
        section: &Section<'_>,
        table: Option<&Table>,
    ) -> Option<StatisticKind> {
        let [row, column, contributor] =
            ["row", "column", "contributor"].map(|key| self.grouping(section, key, table));
        let (row, column, contributor) = (row?, column?, contributor?);
        self.apart(section, &[row, column, contributor])?;
        for of in [row, column] {
            let column = &table?.columns[of];
            let values = column.values().len();
            self.require(values == 2, section.span(), || {
                let message =
                    format!("`{}` has {values} values, and two are combined", column.name);
                (message, "exposure and outcome are columns of two values".to_owned())
            })?;
        }
        Some(StatisticKind::MetaAnalysis { row, column, contributor })
    }
}

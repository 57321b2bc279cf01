//! Statistics over the bins of a public grid.

use toml::Spanned;

use super::super::to_f64;
use crate::document::Section;
use crate::parse::Reader;
use crate::{Decimal, Grid, Kind, Scale, StatisticKind, Table, Weight, sql};

/// Most quantiles of a histogram, and groups of a calibration.
const PARTS_MAX: u64 = 1000;

impl Reader<'_> {
    pub(super) fn survival(
        &self,
        section: &Section<'_>,
        table: Option<&Table>,
    ) -> Option<StatisticKind> {
        let time = self.grid(section, "time", table);
        let event = self.truth(section, "event", table);
        let group = match section.has("group") {
            false => Some(None),
            true => self.grouping(section, "group", table).map(Some),
        };
        let strata = self.groups(section, "strata", table);
        let weights = [
            ("log-rank", Weight::LogRank),
            ("gehan", Weight::Gehan),
            ("tarone-ware", Weight::TaroneWare),
            ("peto", Weight::Peto),
        ];
        let weight = self.word(section, "weight", Weight::LogRank, &weights);
        let scales = [("plain", Scale::Plain), ("log", Scale::Log), ("log-log", Scale::LogLog)];
        let scale = self.word(section, "scale", Scale::LogLog, &scales);
        let horizon = match section.has("horizon") {
            false => Some(None),
            true => section.optional("horizon").and_then(|horizon: Spanned<Decimal>| {
                self.require(horizon.get_ref().digits > 0, horizon.span(), || {
                    let help = "the mean survival is taken until then";
                    ("`horizon` must be greater than 0".to_owned(), help.to_owned())
                })?;
                Some(Some(to_f64(*horizon.get_ref())))
            }),
        };
        let (time, event, group, strata) = (time?, event?, group?, strata?);
        self.duration(section, table?, &time)?;
        self.apart(section, &[&[event], &strata[..], group.as_slice()].concat())?;
        let (horizon, weight, scale) = (horizon?, weight?, scale?);
        Some(StatisticKind::Survival { time, event, group, strata, horizon, weight, scale })
    }

    pub(super) fn recurrence(
        &self,
        section: &Section<'_>,
        table: Option<&Table>,
    ) -> Option<StatisticKind> {
        let time = self.grid(section, "time", table);
        let event = self.truth(section, "event", table);
        let group = match section.has("group") {
            false => Some(None),
            true => self.grouping(section, "group", table).map(Some),
        };
        let (time, event, group) = (time?, event?, group?);
        self.duration(section, table?, &time)?;
        self.apart(section, &[&[event], group.as_slice()].concat())?;
        Some(StatisticKind::Recurrence { time, event, group })
    }

    fn duration(&self, section: &Section<'_>, table: &Table, time: &Grid) -> Option<()> {
        let least = table.columns[time.column].quanta().map_or(0, |(min, _, _)| min);
        let is_day = matches!(table.columns[time.column].kind, Kind::Date { .. });
        self.require(least >= 0 && !is_day, section.span(), || {
            let help = "name a column of durations whose `range` begins at 0 or later";
            ("`time` is no duration".to_owned(), help.to_owned())
        })
    }

    pub(super) fn rank_test(
        &self,
        section: &Section<'_>,
        table: Option<&Table>,
    ) -> Option<StatisticKind> {
        let value = self.grid(section, "value", table);
        let group = self.grouping(section, "group", table);
        let written: Option<Spanned<Vec<Spanned<String>>>> = section.optional("groups");
        if section.has("groups") && written.is_none() {
            return None;
        }
        let values = table?.columns[group?].values();
        let choices: Vec<(&str, usize)> = values.iter().copied().zip(0..).collect();
        let Some(written) = written else {
            let codes = (0..values.len()).collect();
            return Some(StatisticKind::RankTest { value: value?, group: group?, codes });
        };
        let span = written.span();
        let codes = written.get_ref().iter().map(|code| self.choice(code, &choices));
        let codes: Vec<usize> = codes.collect::<Option<_>>()?;
        let twice = (1..codes.len()).any(|i| codes[..i].contains(&codes[i]));
        self.require(codes.len() >= 2 && !twice, span, || {
            let message = "`groups` names at least two different groups".to_owned();
            (message, "leave it out to compare all".to_owned())
        })?;
        Some(StatisticKind::RankTest { value: value?, group: group?, codes })
    }

    pub(super) fn histogram(
        &self,
        section: &Section<'_>,
        table: Option<&Table>,
    ) -> Option<StatisticKind> {
        let value = self.grid(section, "value", table);
        let by = self.groups(section, "by", table);
        let written: Option<Spanned<Vec<Spanned<Decimal>>>> = section.optional("quantiles");
        if section.has("quantiles") && written.is_none() {
            return None;
        }
        let probabilities = match written {
            None => vec![0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0],
            Some(written) => {
                let inside = |p: &Spanned<Decimal>| (0.0..=1.0).contains(&to_f64(*p.get_ref()));
                let fits = written.get_ref().iter().all(inside)
                    && written.get_ref().len() as u64 <= PARTS_MAX;
                self.require(fits, written.span(), || {
                    let message = format!("`quantiles` lists at most {PARTS_MAX} shares");
                    (message, "each lies between 0 and 1; 0.5 is the median".to_owned())
                })?;
                written.get_ref().iter().map(|p| to_f64(*p.get_ref())).collect()
            }
        };
        Some(StatisticKind::Histogram { value: value?, by: by?, probabilities })
    }

    pub(super) fn detector(
        &self,
        section: &Section<'_>,
        table: Option<&Table>,
    ) -> Option<StatisticKind> {
        let score = self.grid(section, "score", table);
        let truth = self.truth(section, "truth", table);
        let by = self.groups(section, "by", table);
        let calibrated = self.number(section, "calibrated", 0, 0..=PARTS_MAX);
        let (score, truth, by, calibrated) = (score?, truth?, by?, calibrated?);
        self.apart(section, &[&[truth], &by[..]].concat())?;
        let column = &table?.columns[score.column];
        let (min, max, decimals) = column.quanta()?;
        let is_day = matches!(column.kind, Kind::Date { .. });
        let is_probability = min >= 0 && max <= 10i128.pow(decimals.into());
        self.require(!is_day && (calibrated == 0 || is_probability), section.span(), || {
            let message = format!("`{}` is no probability", column.name);
            (message, "leave `calibrated` out, or let its `range` be [0, 1]".to_owned())
        })?;
        let calibrated = u32::try_from(calibrated).ok()?;
        Some(StatisticKind::Detector { score, truth, by, calibrated })
    }

    /// A column of numbers or days, in bins as wide as `width` says: of one value if it says none.
    fn grid(
        &self,
        section: &Section<'_>,
        key: &'static str,
        table: Option<&Table>,
    ) -> Option<Grid> {
        let name: Option<Spanned<String>> = section.required(key);
        let width: Option<Spanned<Decimal>> = section.optional("width");
        if section.has("width") && width.is_none() {
            return None;
        }
        let (name, table) = (name?, table?);
        let source = self.document.source();
        let found = sql::named(table, name.get_ref());
        let column = found
            .map_err(|refusal| self.document.note(refusal.at(source.problem(name.span(), ""))))
            .ok()?;
        let of = &table.columns[column];
        self.require(Grid::fits(of), name.span(), || {
            let message = format!("`{}` is of type {}: it has no bins", of.name, of.kind.name());
            (message, "name an integer, decimal, timespan or date column".to_owned())
        })?;
        let (_, _, decimals) = of.quanta()?;
        let width = match width {
            None => 1,
            Some(width) => {
                let quanta = width.get_ref().quanta(decimals);
                let quanta = quanta.and_then(|q| i64::try_from(q).ok()).filter(|q| *q > 0);
                self.require(quanta.is_some(), width.span(), || {
                    let message = format!("`{}` cannot be cut into such bins", of.name);
                    let help = format!("`width` is positive, with {decimals} digits after the point at most; of days it is a number");
                    (message, help)
                })?;
                quanta?
            }
        };
        Some(Grid { column, width })
    }

    /// A boolean column that is never missing.
    pub(super) fn truth(
        &self,
        section: &Section<'_>,
        key: &'static str,
        table: Option<&Table>,
    ) -> Option<usize> {
        let column = self.grouping(section, key, table)?;
        let of = &table?.columns[column];
        self.require(of.kind == Kind::Boolean, section.span(), || {
            let message =
                format!("`{key}` must be a boolean column, not one of type {}", of.kind.name());
            (message, format!("`{}` says something else than yes or no", of.name))
        })?;
        Some(column)
    }

    /// That columns take one part each.
    pub(super) fn apart(&self, section: &Section<'_>, columns: &[usize]) -> Option<()> {
        let twice = (1..columns.len()).any(|i| columns[..i].contains(&columns[i]));
        self.require(!twice, section.span(), || {
            ("a column takes two parts".to_owned(), "name different columns".to_owned())
        })
    }

    /// One of several words, or the first thing if there is none.
    pub(super) fn word<T: Copy>(
        &self,
        section: &Section<'_>,
        key: &'static str,
        absent: T,
        words: &[(&str, T)],
    ) -> Option<T> {
        match section.has(key) {
            false => Some(absent),
            true => section.optional(key).and_then(|word| self.choice(&word, words)),
        }
    }
}

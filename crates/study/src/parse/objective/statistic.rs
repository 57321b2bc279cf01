//! The statistics of the catalogue.

mod comparisons;
mod grids;

use toml::Spanned;

use super::to_f64;
use crate::document::Section;
use crate::parse::Reader;
use crate::{Decimal, Family, Matrix, RowExpr, Statistic, StatisticKind, Table, Variances, sql};

/// Most values, or predictors: their products are opened.
const VALUES_MAX: usize = 200;

/// The kinds by the names that a study writes.
pub(super) const KINDS: [(&str, Which); 23] = [
    ("describe", Which::Describe),
    ("t_test", Which::TTest),
    ("contingency", Which::Contingency),
    ("correlation", Which::Correlation),
    ("pca", Which::Pca),
    ("k_means", Which::KMeans),
    ("linear", Which::Linear),
    ("logistic", Which::Regression(Family::Logistic)),
    ("poisson", Which::Regression(Family::Poisson)),
    ("negative_binomial", Which::Regression(Family::NegativeBinomial)),
    ("weibull", Which::Regression(Family::Weibull)),
    ("cox", Which::Regression(Family::Cox)),
    ("disproportionality", Which::Disproportionality),
    ("survival", Which::Survival),
    ("recurrence", Which::Recurrence),
    ("rank_test", Which::RankTest),
    ("histogram", Which::Histogram),
    ("paired_t_test", Which::PairedTTest),
    ("anova", Which::Anova),
    ("rates", Which::Rates),
    ("benchmark", Which::Benchmark),
    ("meta_analysis", Which::MetaAnalysis),
    ("detector", Which::Detector),
];

#[derive(Clone, Copy)]
pub(super) enum Which {
    Describe,
    TTest,
    Contingency,
    Correlation,
    Pca,
    KMeans,
    Linear,
    Regression(Family),
    Disproportionality,
    Survival,
    Recurrence,
    RankTest,
    Histogram,
    PairedTTest,
    Anova,
    Rates,
    Benchmark,
    MetaAnalysis,
    Detector,
}

impl Reader<'_> {
    pub(super) fn statistic(
        &self,
        which: Which,
        section: &Section<'_>,
        table: Option<&Table>,
    ) -> Option<Statistic> {
        let confidence = self.confidence(section);
        let filter: Option<Spanned<String>> = section.optional("where");
        let wrong_filter = section.has("where") && filter.is_none();
        let kind = match which {
            Which::Describe => self.describe(section, table),
            Which::TTest => self.t_test(section, table),
            Which::Contingency => self.contingency(section, table),
            Which::Correlation => self
                .values(section, "values", 2, table)
                .map(|values| StatisticKind::Correlation { values }),
            Which::Pca => self.pca(section, table),
            Which::KMeans => self.k_means(section, table),
            Which::Linear => self.linear(section, table),
            Which::Regression(family) => self.regression(family, section, table),
            Which::Disproportionality => self.disproportionality(section, table),
            Which::Survival => self.survival(section, table),
            Which::Recurrence => self.recurrence(section, table),
            Which::RankTest => self.rank_test(section, table),
            Which::Histogram => self.histogram(section, table),
            Which::PairedTTest => self.paired_t_test(section, table),
            Which::Anova => self.anova(section, table),
            Which::Rates => self.rates(section, table),
            Which::Benchmark => self.benchmark(section, table),
            Which::MetaAnalysis => self.meta_analysis(section, table),
            Which::Detector => self.detector(section, table),
        };
        let filter = match filter {
            Some(filter) => Some(self.predicate(table?, &filter)?),
            None => None,
        };
        if wrong_filter {
            return None;
        }
        let kind = kind?;
        self.countable(section, &kind, table?)?;
        Some(Statistic { kind, confidence: confidence?, filter })
    }

    /// Each group is a cell that must be computed in secret, whether it has records or not.
    fn countable(&self, section: &Section<'_>, kind: &StatisticKind, table: &Table) -> Option<()> {
        let groups = table.cells(&kind.group_by());
        let bins = kind.grid().map_or(1, |grid| grid.bins(table));
        self.require(groups.saturating_mul(bins) <= sql::CELLS_MAX, section.span(), || {
            let message = match kind.grid() {
                None => format!("there are {groups} groups; {} are the most", sql::CELLS_MAX),
                Some(grid) => format!(
                    "{groups} groups and {bins} bins of `{}` make {} cells; {} are the most",
                    table.columns[grid.column].name,
                    groups.saturating_mul(bins),
                    sql::CELLS_MAX
                ),
            };
            (
                message,
                "set a larger `width`, narrow the column's `range`, or name fewer groups"
                    .to_owned(),
            )
        })
    }

    fn describe(&self, section: &Section<'_>, table: Option<&Table>) -> Option<StatisticKind> {
        let values = self.values(section, "values", 1, table);
        let by = self.groups(section, "by", table);
        let quartiles = match section.has("quartiles") {
            false => Some(false),
            true => section.optional("quartiles").map(Spanned::into_inner),
        };
        Some(StatisticKind::Describe { values: values?, by: by?, quartiles: quartiles? })
    }

    fn t_test(&self, section: &Section<'_>, table: Option<&Table>) -> Option<StatisticKind> {
        let value = self.value(section, "value", table);
        let group = self.grouping(section, "group", table);
        let codes = section.optional("groups");
        let wrong_codes = section.has("groups") && codes.is_none();
        let groups = group.and_then(|group| self.two_groups(section, codes, group, table?));
        let words = [("unequal", Variances::Unequal), ("equal", Variances::Equal)];
        let variances = match section.has("variances") {
            false => Some(Variances::Unequal),
            true => section.optional("variances").and_then(|word| self.choice(&word, &words)),
        };
        if wrong_codes {
            return None;
        }
        let (value, group, variances, [first, second]) = (value?, group?, variances?, groups?);
        Some(StatisticKind::TTest { value, group, first, second, variances })
    }

    fn contingency(&self, section: &Section<'_>, table: Option<&Table>) -> Option<StatisticKind> {
        let row = self.grouping(section, "row", table);
        let column = self.grouping(section, "column", table);
        let strata = self.groups(section, "strata", table);
        let (row, column, strata) = (row?, column?, strata?);
        let twice = row == column || strata.contains(&row) || strata.contains(&column);
        self.require(!twice, section.span(), || {
            let help = "`row`, `column` and `strata` are different columns";
            ("a column takes two parts in the table".to_owned(), help.to_owned())
        })?;
        Some(StatisticKind::Contingency { row, column, strata })
    }

    fn pca(&self, section: &Section<'_>, table: Option<&Table>) -> Option<StatisticKind> {
        let values = self.values(section, "values", 2, table);
        let words = [("correlation", Matrix::Correlation), ("covariance", Matrix::Covariance)];
        let matrix = self.word(section, "matrix", Matrix::Correlation, &words);
        Some(StatisticKind::Pca { values: values?, matrix: matrix? })
    }

    fn linear(&self, section: &Section<'_>, table: Option<&Table>) -> Option<StatisticKind> {
        let response = self.value(section, "response", table);
        let predictors = self.values(section, "predictors", 1, table);
        let ridge = self.ridge(section);
        let weights: Option<Spanned<String>> = section.optional("weights");
        let weights = match weights {
            None if section.has("weights") => None,
            None => Some(None),
            Some(name) => {
                self.require(ridge.is_none_or(|ridge| ridge == 0.0), name.span(), || {
                    let help = "leave out `weights`, or `ridge`";
                    ("a ridge has no weights".to_owned(), help.to_owned())
                })?;
                Some(Some(self.amount(table?, &name, "weights")?))
            }
        };
        let (response, predictors, ridge) = (response?, predictors?, ridge?);
        Some(StatisticKind::Linear { response, predictors, ridge, weights: weights? })
    }

    /// A penalty, which is none if it is not given.
    pub(super) fn ridge(&self, section: &Section<'_>) -> Option<f64> {
        if !section.has("ridge") {
            return Some(0.0);
        }
        let ridge: Spanned<Decimal> = section.optional("ridge")?;
        self.require(ridge.get_ref().digits >= 0, ridge.span(), || {
            let help = "0 is no penalty";
            ("`ridge` cannot be negative".to_owned(), help.to_owned())
        })?;
        Some(to_f64(*ridge.get_ref()))
    }

    fn disproportionality(
        &self,
        section: &Section<'_>,
        table: Option<&Table>,
    ) -> Option<StatisticKind> {
        let drug = self.grouping(section, "drug", table);
        let event = self.grouping(section, "event", table);
        let reports: Option<Spanned<String>> = section.optional("reports");
        let wrong = section.has("reports") && reports.is_none();
        let reports = match reports {
            Some(name) => Some(self.amount(table?, &name, "events")?),
            None => None,
        };
        let background: Option<Spanned<Vec<Spanned<String>>>> = section.optional("background");
        let strata = self.groups(section, "strata", table);
        if wrong || section.has("background") && background.is_none() {
            return None;
        }
        let (drug, event, strata) = (drug?, event?, strata?);
        self.require(drug != event, section.span(), || {
            let help = "name two columns";
            ("`drug` and `event` are one column".to_owned(), help.to_owned())
        })?;
        self.apart(section, &[&[drug, event], &strata[..]].concat())?;
        let columns = &table?.columns;
        let codes = [columns[drug].values(), columns[event].values()].concat();
        let codes: Vec<(&str, &str)> = codes.into_iter().map(|code| (code, code)).collect();
        let background = background.map_or(vec![], Spanned::into_inner);
        let background = background.iter().map(|code| self.choice(code, &codes).map(str::to_owned));
        let background = background.collect::<Option<_>>()?;
        Some(StatisticKind::Disproportionality { drug, event, reports, background, strata })
    }

    /// A number computed from a record.
    pub(super) fn value(
        &self,
        section: &Section<'_>,
        key: &'static str,
        table: Option<&Table>,
    ) -> Option<RowExpr> {
        let text: Spanned<String> = section.required(key)?;
        self.row(table?, &text)
    }

    pub(super) fn values(
        &self,
        section: &Section<'_>,
        key: &'static str,
        least: usize,
        table: Option<&Table>,
    ) -> Option<Vec<RowExpr>> {
        let texts: Spanned<Vec<Spanned<String>>> = section.required(key)?;
        let span = texts.span();
        let texts = texts.into_inner();
        self.require((least..=VALUES_MAX).contains(&texts.len()), span.clone(), || {
            let message = format!("`{key}` has {} entries", texts.len());
            (message, format!("name {least} to {VALUES_MAX} columns or expressions"))
        })?;
        let table = table?;
        let values: Option<Vec<RowExpr>> = texts.iter().map(|text| self.row(table, text)).collect();
        let values = values?;
        let twice = (1..values.len()).find(|&i| values[..i].contains(&values[i]));
        self.require(twice.is_none(), span, || {
            let name = twice.map_or_else(String::new, |i| values[i].to_text(table));
            (format!("`{name}` stands in `{key}` twice"), "remove one".to_owned())
        })?;
        Some(values)
    }

    pub(super) fn row(&self, table: &Table, text: &Spanned<String>) -> Option<RowExpr> {
        let row = sql::row(&self.text(text), table);
        let row = row.map_err(|problems| problems.into_iter().for_each(|p| self.document.note(p)));
        let row = row.ok()?;
        self.require(!row.columns().is_empty(), text.span(), || {
            let help = "name a column";
            ("this value is a constant".to_owned(), help.to_owned())
        })?;
        Some(row)
    }

    fn groups(
        &self,
        section: &Section<'_>,
        key: &'static str,
        table: Option<&Table>,
    ) -> Option<Vec<usize>> {
        match section.has(key) {
            false => Some(vec![]),
            true => self.group_by(table?, section.optional(key)?),
        }
    }

    /// A column whose values are public.
    fn grouping(
        &self,
        section: &Section<'_>,
        key: &'static str,
        table: Option<&Table>,
    ) -> Option<usize> {
        let name: Spanned<String> = section.required(key)?;
        let columns = self.group_by(table?, Spanned::new(name.span(), vec![name]))?;
        columns.first().copied()
    }

    /// The two groups that are compared: the first and the second code of `groups`, or of the
    /// column if it has no others.
    fn two_groups(
        &self,
        section: &Section<'_>,
        codes: Option<Spanned<Vec<Spanned<String>>>>,
        column: usize,
        table: &Table,
    ) -> Option<[usize; 2]> {
        let (name, values) = (&table.columns[column].name, table.columns[column].values());
        let Some(codes) = codes else {
            self.require(values.len() == 2, section.span(), || {
                let message = format!("`{name}` has {} groups, and two are compared", values.len());
                let help = format!("say which: `groups = [\"{}\", ...]`", values[0]);
                (message, help)
            })?;
            return Some([0, 1]);
        };
        let span = codes.span();
        let codes = codes.into_inner();
        let choices: Vec<(&str, usize)> = values.iter().copied().zip(0..).collect();
        let places: Option<Vec<usize>> =
            codes.iter().map(|code| self.choice(code, &choices)).collect();
        let two = <[usize; 2]>::try_from(places?).ok().filter(|[first, second]| first != second);
        self.require(two.is_some(), span, || {
            let help = "the second minus the first is estimated";
            ("`groups` names two different groups".to_owned(), help.to_owned())
        })?;
        two
    }
}

//! The regressions that are fitted in steps.

use toml::Spanned;

use crate::document::Section;
use crate::parse::Reader;
use crate::{Errors, Family, Range, RowExpr, StatisticKind, Table};

/// How many steps are made if the study does not say: eight are usual.
const STEPS: u32 = 25;
/// And if each of them is taken on shares.
const STEPS_HIDDEN: u32 = 8;
/// And at most.
const STEPS_MAX: u32 = 60;
/// Most groups of near records.
const CLUSTERS_MAX: u32 = 100;
/// Bins of predicted log-odds: each is opened, and with fewer a curve is coarse.
const BINS: std::ops::RangeInclusive<u32> = 20..=1000;

impl Reader<'_> {
    pub(super) fn regression(
        &self,
        family: Family,
        section: &Section<'_>,
        table: Option<&Table>,
    ) -> Option<StatisticKind> {
        let (response, exposure) = match family {
            Family::Logistic => ("response", None),
            Family::Poisson | Family::NegativeBinomial => {
                ("response", section.has("exposure").then_some("exposure"))
            }
            Family::Weibull | Family::Cox => ("event", Some("time")),
        };
        let is_count = matches!(family, Family::Poisson | Family::NegativeBinomial);
        let response = self.ranging(section, response, table, |of| {
            let whole = of.min >= 0 && of.decimals == 0;
            let count = ("must be a whole number from 0 on", "let its columns' ranges say so");
            let event = ("must be 0 or 1", "use a boolean column");
            match is_count {
                true => (!whole).then_some(count),
                false => (!whole || of.max > 1).then_some(event),
            }
        });
        let positive = |of: Range| {
            let wrong = ("must be greater than 0", "let the column's `range` begin above 0");
            (of.min <= 0 && family != Family::Cox).then_some(wrong)
        };
        let exposure = exposure.map(|key| self.ranging(section, key, table, positive));
        let predictors = match family == Family::Weibull && !section.has("predictors") {
            true => Some(vec![]),
            false => self.values(section, "predictors", 1, table),
        };
        let reveal_path = section.required("reveal_path");
        self.opening_steps(section, reveal_path.as_ref());
        let reveal_path = reveal_path.map(Spanned::into_inner);
        let help = "eight are usual; all of them are paid for";
        let steps = self.between(section, "steps", 2..=STEPS_MAX, help);
        let sums_of_records = matches!(family, Family::Logistic | Family::Poisson);
        let ridge = if sums_of_records { self.ridge(section) } else { Some(0.0) };
        let errors = match sums_of_records && section.has("errors") {
            false => Some(Errors::Model),
            true => self.errors(section, ridge),
        };
        let help = "they are equally wide from log-odds of -10 to 10; 200 are fine";
        let calibration = match family {
            Family::Logistic => self.between(section, "calibration", BINS, help),
            _ => Some(None),
        };
        let steps_if_silent = if reveal_path == Some(false) { STEPS_HIDDEN } else { STEPS };
        Some(StatisticKind::Regression {
            family,
            response: response?,
            exposure: match exposure {
                Some(exposure) => Some(exposure?),
                None => None,
            },
            predictors: predictors?,
            reveal_path: reveal_path?,
            steps: steps?.unwrap_or(steps_if_silent),
            errors: errors?,
            calibration: calibration?.unwrap_or(0),
            ridge: ridge?,
        })
    }

    /// Groups of near records.
    pub(super) fn k_means(
        &self,
        section: &Section<'_>,
        table: Option<&Table>,
    ) -> Option<StatisticKind> {
        let values = self.values(section, "values", 1, table);
        let help = "few groups are easier to tell apart";
        let clusters = self.between(section, "clusters", 2..=CLUSTERS_MAX, help);
        let help = "twenty are usual; all of them are paid for";
        let steps = self.between(section, "steps", 2..=STEPS_MAX, help);
        let reveal_path: Spanned<bool> = section.required("reveal_path")?;
        self.require(*reveal_path.get_ref(), reveal_path.span(), || {
            let help = "if all may learn the centres of each step, set `reveal_path = true`";
            (
                "groups of near records are found in steps that become known".to_owned(),
                help.to_owned(),
            )
        })?;
        let (values, clusters, steps) = (values?, clusters?, steps?);
        self.require(clusters.is_some(), section.span(), || {
            ("`clusters` is missing".to_owned(), "say how many groups there are".to_owned())
        })?;
        Some(StatisticKind::KMeans { values, clusters: clusters?, steps: steps.unwrap_or(STEPS) })
    }

    /// Refuses what is made of opened steps where none is opened.
    fn opening_steps(&self, section: &Section<'_>, reveal_path: Option<&Spanned<bool>>) {
        let Some(hidden) = reveal_path.filter(|reveal_path| !*reveal_path.get_ref()) else {
            return;
        };
        for key in ["ridge", "errors", "calibration"] {
            if section.has(key) {
                let message = format!("`{key}` needs sums of steps, of which none is opened");
                let help = format!("leave out `{key}`, or set `reveal_path = true`");
                self.document.refuse_with_help(hidden.span(), message, help);
            }
        }
    }

    fn errors(&self, section: &Section<'_>, ridge: Option<f64>) -> Option<Errors> {
        let word: Spanned<String> = section.optional("errors")?;
        let words = [("model", Errors::Model), ("HC0", Errors::Hc0), ("HC1", Errors::Hc1)];
        let errors = self.choice(&word, &words)?;
        let is_plain = ridge.is_none_or(|ridge| ridge == 0.0);
        self.require(is_plain || errors == Errors::Model, word.span(), || {
            let help = "leave out `errors`, or `ridge`";
            ("a ridge has no robust errors".to_owned(), help.to_owned())
        })?;
        Some(errors)
    }

    /// An optional whole number that must lie in a range.
    pub(super) fn between(
        &self,
        section: &Section<'_>,
        key: &'static str,
        range: std::ops::RangeInclusive<u32>,
        help: &str,
    ) -> Option<Option<u32>> {
        if !section.has(key) {
            return Some(None);
        }
        let number: Spanned<u64> = section.optional(key)?;
        let inside = u32::try_from(*number.get_ref()).ok().filter(|n| range.contains(n));
        self.require(inside.is_some(), number.span(), || {
            let message = format!("`{key}` must lie between {} and {}", range.start(), range.end());
            (message, help.to_owned())
        })?;
        Some(inside)
    }

    /// A value whose range must pass a test, which else says what it must be and what would help.
    fn ranging(
        &self,
        section: &Section<'_>,
        key: &'static str,
        table: Option<&Table>,
        wrong: impl Fn(Range) -> Option<(&'static str, &'static str)>,
    ) -> Option<RowExpr> {
        let text: Spanned<String> = section.required(key)?;
        let (table, span) = (table?, text.span());
        let value = self.row(table, &text)?;
        // What overflows is refused by the planner, which says so.
        if let Some((message, help)) = value.range(table).ok().and_then(wrong) {
            self.document.refuse_with_help(span, format!("`{key}` {message}"), help);
            return None;
        }
        Some(value)
    }
}

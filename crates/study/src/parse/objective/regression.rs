//! The regressions that are fitted in steps.

use toml::Spanned;

use crate::document::Section;
use crate::parse::Reader;
use crate::{Family, Range, RowExpr, StatisticKind, Table};

/// How many steps are made if the study does not say: eight are usual.
const STEPS: u32 = 25;
/// And at most.
const STEPS_MAX: u32 = 60;

impl Reader<'_> {
    pub(super) fn regression(
        &self,
        family: Family,
        section: &Section<'_>,
        table: Option<&Table>,
    ) -> Option<StatisticKind> {
        let (response, exposure) = match family {
            Family::Logistic => ("response", None),
            Family::Poisson => ("response", section.has("exposure").then_some("exposure")),
            Family::Weibull | Family::Cox => ("event", Some("time")),
        };
        let is_count = family == Family::Poisson;
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
        let reveal_path = section.required("reveal_path").map(Spanned::into_inner);
        let steps = match section.has("steps") {
            false => Some(STEPS),
            true => section.optional("steps").and_then(|steps: Spanned<u64>| {
                let inside = u32::try_from(*steps.get_ref()).ok().filter(|n| *n <= STEPS_MAX);
                self.require(inside.is_some_and(|n| n >= 2), steps.span(), || {
                    let help = "eight are usual; all of them are paid for";
                    (format!("`steps` must lie between 2 and {STEPS_MAX}"), help.to_owned())
                })?;
                inside
            }),
        };
        Some(StatisticKind::Regression {
            family,
            response: response?,
            exposure: match exposure {
                Some(exposure) => Some(exposure?),
                None => None,
            },
            predictors: predictors?,
            reveal_path: reveal_path?,
            steps: steps?,
        })
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

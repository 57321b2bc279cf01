//! Logistic, Poisson and Weibull regression: the steps that a study asks for, and the tables of
//! what they come to.

use sharewell_analytics::clear::detector::Group;
use sharewell_analytics::clear::newton::{Maximum, likelihood_ratio};
use sharewell_analytics::clear::regression::{self as clear, Life};
use sharewell_analytics::clear::{Confidence, Finding, Undefined};
use sharewell_study::{Family, Range, Recorded, RowExpr, Statistic, StatisticKind, Table};

use super::sheet::{Entry, Sheet};
use super::{Released, count, detector, undefined};
use crate::path::{After, Fit, Fitted, Kept, Path, Start, Term, centre_and_unit};
use crate::{Error, Plan, Refusal};

/// The steps of a statistic that has some, and what a provider keeps of its records for them.
pub(crate) fn steps(
    statistic: &Statistic,
    table: &Table,
    givers: u64,
) -> Result<Option<(Path, Vec<Recorded>)>, Error> {
    let StatisticKind::Regression {
        family,
        response,
        exposure,
        predictors,
        reveal_path,
        steps,
        errors,
        calibration,
        ridge,
    } = &statistic.kind
    else {
        return Ok(None);
    };
    if !reveal_path && !matches!(family, Family::Logistic | Family::Poisson) {
        return Err(hidden_path(*family).into());
    }
    let range = |value: &RowExpr| {
        value.range(table).map_err(|overflow| {
            Refusal::new(overflow.to_string(), "narrow the column's range, or use fewer decimals")
        })
    };
    let kept = |value: &RowExpr| -> Result<Kept, Refusal> {
        Ok(Kept { name: value.to_text(table), range: range(value)? })
    };
    let has_intercept = *family != Family::Cox;
    let term = |value: &RowExpr| -> Result<Term, Refusal> {
        let (centre, unit) = centre_and_unit(range(value)?);
        Ok(Term { name: value.to_text(table), centre, unit })
    };
    let values = || [response].into_iter().chain(exposure).chain(predictors);
    let intercept = Term { name: "intercept".into(), centre: 0.0, unit: 1.0 };
    let mut terms = if has_intercept { vec![intercept] } else { vec![] };
    terms.extend(predictors.iter().map(term).collect::<Result<Vec<_>, _>>()?);
    terms.extend(last_term(*family, exposure.as_ref().map(range).transpose()?));
    let path = Path {
        family: match family {
            Family::Logistic => clear::Family::Logistic,
            Family::Poisson => clear::Family::Poisson,
            Family::NegativeBinomial => clear::Family::NegativeBinomial,
            Family::Weibull => clear::Family::Weibull,
            Family::Cox => {
                let time = exposure.as_ref().expect("a Cox regression has times");
                grid(table, time, range(time)?, terms.len(), givers)?
            }
        },
        steps: *steps,
        terms,
        kept: values().map(kept).collect::<Result<_, _>>()?,
        has_exposure: exposure.is_some(),
        after: After { errors: *errors, bins: *calibration as usize },
        ridge: *ridge,
    };
    let recorded = values().zip(&path.kept).map(|(value, kept)| Recorded::Number {
        expr: value.to_sql(table),
        decimals: kept.range.decimals,
    });
    let recorded = recorded.collect();
    Ok(Some((path, recorded)))
}

/// What belongs to no predictor: the shape of a life, and the logarithm of a dispersion.
fn last_term(family: Family, time: Option<Range>) -> Option<Term> {
    let term = |name: &str, centre| Term { name: name.to_owned(), centre, unit: 1.0 };
    match (family, time) {
        (Family::Weibull, Some(time)) => {
            let (centre, unit) = centre_and_unit(time);
            // Rounded: the same at all, even where a library's logarithm is not.
            let centre = (((centre - unit).ln() + (centre + unit).ln()) / 2.0).round();
            Some(term("shape", centre))
        }
        (Family::NegativeBinomial, _) => Some(term("dispersion", 0.0)),
        _ => None,
    }
}

/// Most numbers that are opened in a step.
const SUMS_MAX: i128 = 100_000;

/// The public grid of times: every value that the schema allows.
fn grid(
    table: &Table,
    time: &RowExpr,
    range: Range,
    coefficients: usize,
    givers: u64,
) -> Result<clear::Family, Refusal> {
    let times = range.max - range.min + 1;
    let most = table.max_rows.saturating_mul(givers);
    let of_time = clear::Family::Cox { times: 1, most }.len(coefficients) as i128;
    if times > SUMS_MAX / of_time {
        return Err(Refusal::new(
            format!(
                "`{}` can be one of {times} times, at each of which {of_time} sums would be \
                 opened: {SUMS_MAX} at most",
                time.to_text(table)
            ),
            "agree on a coarser unit, such as weeks for days, or a narrower range",
        ));
    }
    Ok(clear::Family::Cox { times: times as usize, most })
}

fn hidden_path(family: Family) -> Refusal {
    let kind = family.name();
    let message = format!(
        "an objective of kind \"{kind}\" is fitted in steps whose sums become known, and the study \
         says `reveal_path = false`; of logistic and Poisson regression alone no step is opened then"
    );
    let help = "if the data parties and the recipients may learn the sums of each step (the \
                leakage table says which), set `reveal_path = true`";
    Refusal::new(message, help)
}

/// What is known of all records before the steps.
struct Totals {
    records: f64,
    events: f64,
    time: f64,
}

fn totals(path: &Path, released: &Released<'_>) -> Result<Totals, String> {
    let records = released(0, 0)?;
    let has_time = path.has_exposure && path.has_intercept();
    let time = if has_time { released(2, 0)? } else { records };
    Ok(Totals { records, events: released(1, 0)?, time })
}

/// Where the steps begin.
pub(crate) fn start(path: &Path, released: &Released<'_>) -> Result<Start, String> {
    let Totals { records, events, time } = totals(path, released)?;
    let at = path.start(records, events, time)?;
    // None of the intercept; of the others in the units of the steps.
    let penalty = |(i, term): (usize, &Term)| match i {
        0 => Ok(0.0),
        _ => Ok(path.ridge * moments(path, i, released)?.1 / (term.unit * term.unit)),
    };
    let penalised = path.terms.iter().enumerate().filter(|_| path.ridge > 0.0);
    let penalties = penalised.map(penalty).collect::<Result<_, String>>()?;
    Ok(Start { at, penalties })
}

/// Mean and variance of the predictor of a term, which are released where there is a penalty.
fn moments(path: &Path, term: usize, released: &Released<'_>) -> Result<(f64, f64), String> {
    let sums = 2 + usize::from(path.has_exposure);
    let mean = sums + 2 * (term - 1);
    Ok((released(mean, 0)?, released(mean + 1, 0)?))
}

pub(super) fn tables(
    family: Family,
    plan: &Plan,
    fit: &Fit,
    confidence: Confidence,
    released: &Released<'_>,
) -> Vec<Sheet> {
    let hidden = plan.hidden.as_ref();
    let path = plan.path.as_ref().or(hidden.map(|hidden| &hidden.path));
    let path = path.expect("a regression has steps");
    // A shape is told beside the coefficients, not among them.
    let shapes = usize::from(matches!(family, Family::Weibull | Family::NegativeBinomial));
    let names: Vec<String> = path.terms.iter().map(|term| term.name.clone()).collect();
    let names = &names[..names.len() - shapes];
    let coefficient = |i: usize| {
        let Fitted { maximum, .. } = fit.as_ref().map_err(String::clone)?;
        let error = maximum.covariance[i][i].sqrt();
        let (found, estimate) = (Finding::named(&names[i]), maximum.coefficients[i]);
        Ok(match path.ridge > 0.0 {
            // An interval and a test would pass over the bias.
            true => Finding { standard_error: Some(error), ..found.estimate(estimate) },
            false => found.wald(estimate, error, confidence),
        })
    };
    let rows = |of: &dyn Fn(usize) -> Result<Finding, String>, from: usize| {
        (from..names.len()).map(|i| (vec![Entry::text(&names[i])], of(i))).collect()
    };
    let mut sheets = vec![];
    if family == Family::Weibull {
        sheets.push(life(fit, names.len() == 1, confidence));
    }
    sheets.push(Sheet::findings("coefficients", &["term"], rows(&coefficient, 0)));
    if family == Family::NegativeBinomial {
        sheets.push(dispersion(fit, confidence));
    }
    let ratio = match family {
        Family::Logistic => "odds ratios",
        Family::Poisson | Family::NegativeBinomial => "rate ratios",
        Family::Weibull | Family::Cox => "hazard ratios",
    };
    let first = usize::from(path.has_intercept());
    if names.len() > first {
        let exponential = |i: usize| {
            let found = coefficient(i)?.exponential();
            Ok(Finding { standard_error: None, statistic: None, p: None, ..found })
        };
        sheets.push(Sheet::findings(ratio, &["term"], rows(&exponential, first)));
    }
    if path.ridge > 0.0 {
        sheets.push(per_deviation(path, fit, released));
    }
    // Of a hidden path the study may keep hidden too how many records there are.
    let shown = hidden.is_none() || plan.opens_sums();
    let totals = shown.then(|| totals(path, released));
    sheets.push(quality(family, path, fit, (totals, hidden.is_some())));
    if path.after.bins > 0 {
        sheets.extend(detector::of_probabilities(bins(path, fit, released), confidence));
    }
    sheets
}

/// Records, events and predicted probabilities, by bins of these.
fn bins(path: &Path, fit: &Fit, released: &Released<'_>) -> Result<Vec<Group>, String> {
    let Totals { records, events, .. } = totals(path, released)?;
    let fitted = fit.as_ref().map_err(String::clone)?;
    let predicted = fitted.predicted.as_ref().expect("predictions were asked for");
    undefined(predicted.bins(count(records), count(events)))
}

/// What a standard deviation more of each predictor changes; the intercept is where all are at
/// their means.
fn per_deviation(path: &Path, fit: &Fit, released: &Released<'_>) -> Sheet {
    let mut sheet = Sheet::new("coefficients per standard deviation", &["term", "estimate"]);
    let found = fit.as_ref().map_err(String::clone).and_then(|Fitted { maximum, .. }| {
        let mut found = maximum.coefficients.clone();
        for (i, b) in maximum.coefficients.iter().enumerate().skip(1) {
            let (mean, variance) = moments(path, i, released)?;
            found[0] += b * mean;
            found[i] *= variance.sqrt();
        }
        Ok(found)
    });
    for (i, term) in path.terms.iter().enumerate() {
        let name = vec![Entry::text(&term.name)];
        match &found {
            Err(reason) => sheet.row_without(name, reason),
            Ok(found) => sheet.row([name, vec![Entry::Number(found[i])]].concat()),
        }
    }
    sheet
}

/// How much more the counts vary than Poisson's: by alpha times the square of their means.
fn dispersion(fit: &Fit, confidence: Confidence) -> Sheet {
    let alpha = fit.as_ref().map_err(String::clone).map(|Fitted { maximum, .. }| {
        let last = maximum.coefficients.len() - 1;
        let error = maximum.covariance[last][last].sqrt();
        let found = Finding::named("alpha").wald(maximum.coefficients[last], error, confidence);
        let found = found.exponential();
        let standard_error = found.estimate.map(|alpha| alpha * error);
        Finding { standard_error, statistic: None, p: None, ..found }
    });
    Sheet::findings("dispersion", &["of"], vec![(vec![Entry::text("alpha")], alpha)])
}

/// Shape and scale, and for units that do not differ the times by which some fail.
fn life(fit: &Fit, alone: bool, confidence: Confidence) -> Sheet {
    let name = "Weibull life";
    let fitted = fit.as_ref().map(|fitted| Life::of(&fitted.maximum, confidence));
    type Of = fn(&Life<'_>) -> Result<Finding, Undefined>;
    let all: [(&str, Of); 5] = [
        ("shape", |life| Ok(life.shape())),
        ("scale", |life| Ok(life.scale())),
        ("B1", |life| life.quantile("B1", 0.01)),
        ("B10", |life| life.quantile("B10", 0.1)),
        ("median", |life| life.quantile("median", 0.5)),
    ];
    let shown = if alone { &all[..] } else { &all[..1] };
    let row = |(name, of): &(&str, Of)| {
        let found = fitted.as_ref().map_err(|reason| (*reason).clone());
        let found = found.and_then(|life| of(life).map_err(|why| format!("undefined: {why}")));
        (vec![Entry::text(*name)], found)
    };
    Sheet::findings(name, &["of"], shown.iter().map(row).collect())
}

/// Chi-squared, degrees of freedom and p-value of the likelihood ratio to the null model.
fn against_null(path: &Path, maximum: &Maximum, start: f64) -> [Entry; 3] {
    let alone = vec![0.0; usize::from(path.has_intercept())];
    let df = maximum.coefficients.len() - alone.len();
    let begun = Maximum { coefficients: alone, log_likelihood: start, ..maximum.clone() };
    let test = likelihood_ratio(&begun, maximum).ok();
    [
        Entry::number(test.as_ref().and_then(|test| test.statistic)),
        Entry::Whole(df as f64),
        Entry::number(test.and_then(|test| test.p)),
    ]
}

/// How well the model fits, and whether better than the null model, in which records do not differ
/// and a shape is 1.
fn quality(
    family: Family,
    path: &Path,
    fit: &Fit,
    (totals, is_hidden): (Option<Result<Totals, String>>, bool),
) -> Sheet {
    let has_deviance = matches!(family, Family::Logistic | Family::Poisson);
    // The steps of counts that vary more do not begin at the null model.
    let has_null = family != Family::NegativeBinomial;
    // What counts alone make of a log-likelihood is in no step on shares; it cancels elsewhere.
    let has_height = !(is_hidden && family == Family::Poisson);
    let mut columns = vec![];
    columns.extend(totals.iter().flat_map(|_| ["n", "events"]));
    if has_height {
        columns.push("log-likelihood");
        columns.extend(has_null.then_some("null log-likelihood"));
    }
    if has_deviance {
        columns.extend(["deviance", "null deviance"]);
    }
    let is_ridge = path.ridge > 0.0;
    if is_ridge {
        columns.push("effective parameters");
    } else {
        columns.extend(has_height.then_some("AIC"));
        columns.extend(if has_null { &["chi-squared", "df", "p"][..] } else { &[] });
    }
    columns.push("steps");
    if path.after.bins > 0 {
        columns.push("Brier score");
    }
    let mut sheet = Sheet::new("fit", &columns);
    let found = totals.transpose();
    let found = found.and_then(|totals| Ok((totals, fit.as_ref().map_err(String::clone)?)));
    match found {
        Err(reason) => sheet.row_without(vec![], &reason),
        Ok((totals, Fitted { maximum, start, saturated, predicted, effective })) => {
            let height = maximum.log_likelihood;
            let mut row = vec![];
            let brier = totals.as_ref().zip(predicted.as_ref());
            let brier = brier.map(|(totals, of)| Entry::Number(of.brier(totals.records)));
            if let Some(totals) = totals {
                let whole = |number| Entry::Whole(count(number) as f64);
                row.extend([totals.records, totals.events].map(whole));
            }
            if has_height {
                row.push(Entry::Number(height));
                row.extend(has_null.then_some(Entry::Number(*start)));
            }
            if has_deviance {
                let deviance = |height: f64| Entry::Number(2.0 * (saturated - height));
                row.extend([deviance(height), deviance(*start)]);
            }
            if is_ridge {
                row.push(Entry::Number(*effective));
            } else {
                row.extend(has_height.then(|| Entry::Number(maximum.aic())));
                let test = against_null(path, maximum, *start);
                row.extend(test.into_iter().filter(|_| has_null));
            }
            row.push(Entry::Whole(maximum.steps as f64));
            row.extend(brier);
            sheet.row(row);
        }
    }
    sheet
}

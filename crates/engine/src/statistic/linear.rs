//! Correlation, principal components and linear regression.

use sharewell_analytics::clear::linear::{
    Linear, Products, Ridge, least_squares, ridge as penalised,
};
use sharewell_analytics::clear::moments::{Moments, correlation as of_two};
use sharewell_analytics::clear::principal::{Principal, principal};
use sharewell_analytics::clear::{Confidence, Finding, Undefined};
use sharewell_study::{Matrix, RowExpr, StatisticKind, Table};

use super::sheet::{Entry, Sheet};
use super::{Released, centre, count, private, undefined};
use crate::{Plan, Plot};

/// The released sums, in the order of [`super::products`].
#[derive(Clone, Debug)]
struct Sums {
    n: u64,
    weight: f64,
    centres: Vec<f64>,
    sums: Vec<f64>,
    products: Vec<Vec<f64>>,
}

fn sums(
    table: &Table,
    values: &[RowExpr],
    weighted: bool,
    released: &Released<'_>,
) -> Result<Sums, String> {
    let k = values.len();
    let centre_of = |value: &RowExpr| {
        centre(value, table).map_or(0.0, |centre| {
            centre.to_string().parse().expect("a decimal is a floating-point literal")
        })
    };
    let mut products = vec![vec![0.0; k]; k];
    let pairs = (0..k).flat_map(|i| (i..k).map(move |j| [i, j]));
    for (item, [i, j]) in (k + 1..).zip(pairs) {
        products[i][j] = released(item, 0)?;
        products[j][i] = products[i][j];
    }
    let weight = released(if weighted { k + 1 + k * (k + 1) / 2 } else { 0 }, 0)?;
    Ok(Sums {
        n: count(released(0, 0)?),
        weight,
        centres: values.iter().map(centre_of).collect(),
        sums: (1..=k).map(|item| released(item, 0)).collect::<Result<_, _>>()?,
        products,
    })
}

pub(super) fn correlation(
    table: &Table,
    values: &[RowExpr],
    confidence: Confidence,
    released: &Released<'_>,
) -> Vec<Sheet> {
    let sums = sums(table, values, false, released);
    let names: Vec<String> = values.iter().map(|value| value.to_text(table)).collect();
    let pairs = (0..names.len()).flat_map(|i| (i + 1..names.len()).map(move |j| [i, j]));
    let of_pair = |[i, j]: [usize; 2]| {
        let found = sums.clone().and_then(|of| {
            let moments = |i: usize| Moments::new(of.n, 0.0, of.sums[i], of.products[i][i]);
            let joint = [of.sums[i], of.sums[j], of.products[i][j]];
            undefined(moments(i).and_then(|x| of_two(&x, &moments(j)?, joint, confidence)))
        });
        (vec![Entry::text(&names[i]), Entry::text(&names[j])], found)
    };
    let found = pairs.map(of_pair).collect();
    let sheet = Sheet::findings("correlation", &["value", "with"], found);
    vec![sheet.adjusted().drawn(Plot::forest(false))]
}

/// Variances along the components, and what a record's place along each is made of: the sum of its
/// loadings times the values, less their means and, for correlations, over their deviations.
pub(super) fn pca(
    table: &Table,
    values: &[RowExpr],
    matrix: Matrix,
    released: &Released<'_>,
) -> Vec<Sheet> {
    let names: Vec<String> = values.iter().map(|value| value.to_text(table)).collect();
    let found = sums(table, values, false, released).and_then(|of| {
        let standardise = matrix == Matrix::Correlation;
        let mut found =
            principal(of.n, &of.sums, &of.products, standardise).map_err(|why| match why {
                Undefined::Singular { column } => {
                    format!("undefined: {} does not vary; leave it out", names[column])
                }
                other => format!("undefined: {other}"),
            })?;
        found.means.iter_mut().zip(&of.centres).for_each(|(mean, centre)| *mean += centre);
        Ok(found)
    });
    vec![components(names.len(), &found), loadings(&names, &found)]
}

fn component(i: usize) -> String {
    format!("PC{}", i + 1)
}

fn components(size: usize, found: &Result<Principal, String>) -> Sheet {
    let columns = ["component", "variance", "SD", "explained", "explained so far"];
    let mut sheet = Sheet::new("components", &columns);
    let mut so_far = 0.0;
    for i in 0..size {
        let name = Entry::text(component(i));
        match found {
            Err(reason) => sheet.row_without(vec![name], reason),
            Ok(found) => {
                so_far += found.explained[i];
                let variance = found.variances[i];
                let numbers = [variance, variance.sqrt(), found.explained[i], so_far];
                sheet.row([&[name][..], &numbers.map(Entry::Number)].concat());
            }
        }
    }
    sheet.drawn(Plot::Bars { height: "explained".to_owned() })
}

fn loadings(names: &[String], found: &Result<Principal, String>) -> Sheet {
    let components: Vec<String> = (0..names.len()).map(component).collect();
    let columns = ["value", "mean", "SD"].into_iter().chain(components.iter().map(String::as_str));
    let mut sheet = Sheet::new("loadings", &columns.collect::<Vec<_>>());
    for (j, name) in names.iter().enumerate() {
        let mut row = vec![Entry::text(name)];
        match found {
            Err(reason) => sheet.row_without(row, reason),
            Ok(found) => {
                row.extend([found.means[j], found.deviations[j]].map(Entry::Number));
                row.extend(found.loadings.iter().map(|of| Entry::Number(of[j])));
                sheet.row(row);
            }
        }
    }
    sheet
}

/// A column of ones before the predictors, which are all values but the last.
fn design(of: &Sums, names: Vec<String>) -> Products {
    let (n, k) = (of.weight, names.len() - 1);
    let with_ones = |first: f64, rest: &[f64]| [&[first], rest].concat();
    let mut xx = vec![with_ones(n, &of.sums[..k])];
    xx.extend((0..k).map(|j| with_ones(of.sums[j], &of.products[j][..k])));
    Products {
        n: of.n,
        weight: of.weight,
        names,
        xx,
        xy: with_ones(of.sums[k], &of.products[k][..k]),
        yy: of.products[k][k],
        intercept: Some(0),
        centres: (with_ones(0.0, &of.centres[..k]), of.centres[k]),
    }
}

enum Fit {
    Least(Box<Linear>),
    Ridge(Ridge),
}

impl Fit {
    fn coefficients(&self) -> &[Finding] {
        match self {
            Self::Least(fit) => &fit.coefficients,
            Self::Ridge(fit) => &fit.coefficients,
        }
    }
}

fn fit(
    products: &Products,
    ridge: f64,
    confidence: Confidence,
) -> Result<(Fit, Vec<f64>), Undefined> {
    let deviations = products.deviations()?;
    let fit = if ridge == 0.0 {
        Fit::Least(Box::new(least_squares(products, confidence)?))
    } else {
        Fit::Ridge(penalised(products, ridge)?)
    };
    Ok((fit, deviations))
}

/// What has a coefficient.
pub(super) fn terms(table: &Table, predictors: &[RowExpr]) -> Vec<String> {
    let intercept = std::iter::once("intercept".to_owned());
    intercept.chain(predictors.iter().map(|x| x.to_text(table))).collect()
}

/// The coefficients alone.
pub(super) fn coefficients(
    table: &Table,
    of: (&RowExpr, &[RowExpr]),
    ridge: f64,
    confidence: Confidence,
    released: &Released<'_>,
) -> Result<Vec<Finding>, String> {
    let (fit, _) = fitted(table, of, (ridge, false), confidence, released)?;
    Ok(fit.coefficients().to_vec())
}

fn fitted(
    table: &Table,
    (response, predictors): (&RowExpr, &[RowExpr]),
    (ridge, weighted): (f64, bool),
    confidence: Confidence,
    released: &Released<'_>,
) -> Result<(Fit, Vec<f64>), String> {
    let values = [predictors, std::slice::from_ref(response)].concat();
    let names = terms(table, predictors);
    let sums = sums(table, &values, weighted, released)?;
    fit(&design(&sums, names.clone()), ridge, confidence).map_err(|why| match why {
        Undefined::Singular { column } => format!(
            "undefined: {} does not vary, or is a linear combination of the predictors before it; \
             leave it out",
            names[column]
        ),
        other => format!("undefined: {other}"),
    })
}

/// Linear regression of sums as they are, or of noisy ones.
pub(super) fn tables(
    plan: &Plan,
    kind: &StatisticKind,
    confidence: Confidence,
    released: &Released<'_>,
) -> Vec<Sheet> {
    let StatisticKind::Linear { response, predictors, ridge, weights } = kind else {
        unreachable!("called for linear regression")
    };
    let of = (response, &predictors[..]);
    if !plan.noise.is_empty() {
        return private::regression(plan, of, *ridge, confidence, released);
    }
    regression(&plan.study().table, of, (*ridge, weights.is_some()), confidence, released)
}

fn regression(
    table: &Table,
    (response, predictors): (&RowExpr, &[RowExpr]),
    (ridge, weighted): (f64, bool),
    confidence: Confidence,
    released: &Released<'_>,
) -> Vec<Sheet> {
    let names = terms(table, predictors);
    let of = (response, predictors);
    let fitted = fitted(table, of, (ridge, weighted), confidence, released);
    let coefficient = |(i, name): (usize, &String)| {
        let found = fitted.as_ref().map(|(fit, _)| fit.coefficients()[i].clone());
        (vec![Entry::text(name)], found.map_err(String::clone))
    };
    let rows = names.iter().enumerate().map(coefficient).collect();
    vec![
        Sheet::findings("coefficients", &["term"], rows),
        per_deviation(&names[1..], &fitted),
        quality(ridge, weighted, &fitted),
    ]
}

/// What a standard deviation more of each predictor changes.
fn per_deviation(predictors: &[String], fitted: &Result<(Fit, Vec<f64>), String>) -> Sheet {
    let mut sheet = Sheet::new("coefficients per standard deviation", &["term", "estimate"]);
    for (i, name) in (1..).zip(predictors) {
        match fitted {
            Err(reason) => sheet.row_without(vec![Entry::text(name)], reason),
            Ok((fit, deviations)) => {
                let of_unit = fit.coefficients()[i].estimate;
                let estimate = of_unit.map(|of_unit| of_unit * deviations[i]);
                sheet.row(vec![Entry::text(name), Entry::number(estimate)]);
            }
        }
    }
    sheet
}

fn quality(ridge: f64, weighted: bool, fitted: &Result<(Fit, Vec<f64>), String>) -> Sheet {
    let least = ["df", "R squared", "adjusted", "residual SD", "F", "p", "AIC"];
    let penalised = ["effective parameters", "residual SD"];
    let mut sheet = Sheet::new("fit", if ridge == 0.0 { &least } else { &penalised });
    match fitted {
        Err(reason) => sheet.row_without(vec![], reason),
        Ok((Fit::Least(fit), _)) => {
            let f = fit.overall.as_ref();
            sheet.row(vec![
                Entry::Whole(fit.degrees),
                Entry::Number(fit.r_squared),
                Entry::Number(fit.adjusted_r_squared),
                Entry::Number(fit.sigma),
                Entry::number(f.and_then(|f| f.statistic)),
                Entry::number(f.and_then(|f| f.p)),
                match weighted {
                    true => Entry::Nothing("no sum tells the logarithms of the weights".into()),
                    false => Entry::Number(fit.aic),
                },
            ]);
        }
        Ok((Fit::Ridge(fit), _)) => {
            sheet.row(vec![Entry::Number(fit.effective_parameters), Entry::Number(fit.sigma)]);
        }
    }
    sheet
}

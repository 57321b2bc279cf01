//! What contributors found by themselves, combined: the baseline that joining records is
//! measured by.

use sharewell_analytics::clear::meta::{self, Combined};
use sharewell_analytics::clear::two_by_two::TwoByTwo;
use sharewell_analytics::clear::{self, Confidence, Finding, strata};
use sharewell_study::Table;

use super::cells::Cells;
use super::sheet::{Entry, Sheet};
use super::{Released, count, undefined};
use crate::Plot;

pub(super) fn meta_analysis(
    table: &Table,
    [row, column, contributor]: [usize; 3],
    confidence: Confidence,
    released: &Released<'_>,
) -> Vec<Sheet> {
    let cells = Cells::new(table, &[row, column, contributor]);
    let of_contributor = |k: usize| {
        let of = |i: usize, j: usize| {
            released(0, cells.cell(&[(contributor, k), (row, i), (column, j)])).map(count)
        };
        Ok::<_, String>(TwoByTwo { a: of(1, 1)?, b: of(1, 0)?, c: of(0, 1)?, d: of(0, 0)? })
    };
    let names = table.columns[contributor].values();
    let tables: Vec<_> = (0..names.len()).map(of_contributor).collect();
    let own = |of: &Result<TwoByTwo, String>| {
        of.clone().and_then(|of| undefined(of.odds_ratio(confidence)))
    };
    let own = names.iter().zip(&tables).map(|(name, of)| (vec![Entry::text(*name)], own(of)));
    let name = table.columns[contributor].name.as_str();
    let own = Sheet::findings("odds ratios", &[name], own.collect()).drawn(Plot::forest(true));
    let tables: Result<Vec<TwoByTwo>, String> = tables.into_iter().collect();
    // Who has nobody exposed, or nobody else, says nothing of the ratio.
    let speaks = |of: &TwoByTwo| of.a + of.b > 0 && of.c + of.d > 0;
    let tables = tables.map(|all| all.into_iter().filter(speaks).collect::<Vec<_>>());
    let [combined, differ] = combined(&tables, confidence);
    vec![own, combined, differ]
}

fn combined(tables: &Result<Vec<TwoByTwo>, String>, confidence: Confidence) -> [Sheet; 2] {
    let of_tables = |of: &dyn Fn(&[TwoByTwo]) -> clear::Result<Combined>| {
        tables.as_ref().map_err(String::clone).and_then(|tables| undefined(of(tables)))
    };
    let fixed = of_tables(&|tables| meta::fixed(&meta::log_odds_ratios(tables)?, confidence));
    let random = of_tables(&|tables| meta::random(&meta::log_odds_ratios(tables)?, confidence));
    let peto = of_tables(&|tables| meta::peto(tables, confidence));
    let pooled = tables.as_ref().map_err(String::clone);
    let pooled = pooled.and_then(|of| undefined(strata::mantel_haenszel(of, confidence)));
    let ratio = |of: &Result<Combined, String>| of.clone().map(|of| of.finding.exponential());
    let row = |name: &str, found: Result<Finding, String>| (vec![Entry::text(name)], found);
    let ratios = vec![
        row("fixed effects", ratio(&fixed)),
        row("random effects, DerSimonian-Laird", ratio(&random)),
        row("Peto", ratio(&peto)),
        row("Mantel-Haenszel", pooled),
    ];
    let number = |of: fn(&Combined) -> f64| {
        random.clone().map(|random| Finding::named("").estimate(of(&random)))
    };
    let differ = vec![
        row("Cochran's Q", fixed.map(|fixed| fixed.heterogeneity)),
        row("tau squared", number(|random| random.tau_squared)),
        row("I squared", number(|random| random.i_squared)),
    ];
    [
        Sheet::findings("combined odds ratio", &["method"], ratios).drawn(Plot::forest(true)),
        Sheet::findings("heterogeneity", &["measure"], differ),
    ]
}

//! Studies that are well formed, and what they mean.

use sharewell_study::{
    Aggregate, Comparison, Decimal, Expr, Item, Kind, Missing, Objective, Predicate, Protocol, Query,
    Roles, RowExpr, Study, Sufficient, Threat, Truncation,
};

const QUERY: &str = include_str!("studies/query.toml");
const FAILURE_RATE: &str = include_str!("studies/failure_rate.toml");

#[track_caller]
fn parse(text: &str) -> Study {
    Study::parse(text, "study.toml").unwrap_or_else(|report| panic!("{report}"))
}

#[test]
fn every_part_of_a_study_is_read() {
    let study = parse(QUERY);
    println!("{study:#?} {}", study.hash());
}

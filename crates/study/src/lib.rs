//! The contract: what is agreed before anything runs, parsed strictly, with one canonical form and one hash.
//!
//! A study is a TOML document that every party's steward reads and approves. [`Study::parse`]
//! turns it into types in which nothing illegal can be said, or into a [`Report`] that points at
//! every mistake by file, line and column. [`Study::hash`] names the meaning, not the spelling:
//! two documents that differ in white space, comments or the order of keys have the same hash,
//! two that agree on different things never do.
//!
//! Nothing here computes, reads files or talks to a network.
#![forbid(unsafe_code)]

mod canonical;
pub mod date;
mod decimal;
pub mod document;
mod grid;
mod linkage;
mod local;
mod parse;
mod quality;
mod query;
mod render;
pub mod report;
mod sql;
mod statistic;
mod study;
pub mod suggest;
mod table;
mod training;
pub mod unit;

pub use decimal::Decimal;
pub use grid::Grid;
pub use linkage::{Cross, Linkage};
pub use local::{LocalQuery, Measure, PART_BYTES, PARTS_MAX, Recorded};
pub use quality::{Constant, Drift, DriftIndex, JointQuality, Quality, Reveal};
pub use query::{
    Aggregate, Comparison, DatePart, Expr, Having, Item, Join, Order, Predicate, Query, RowExpr,
};
pub use report::{Position, Problem, Report};
pub use statistic::{Errors, Family, Matrix, Scale, Statistic, StatisticKind, Variances, Weight};
pub use study::{
    BadGiver, Dominance, Hash, Limits, Objective, Party, Privacy, PrivacyUnit, Protocol, PublicKey,
    Release, Roles, Rules, Security, Study, Sufficient, Threat, Truncation,
};
pub use table::{CodeList, Column, Kind, Missing, Overflow, Range, Table};
pub use training::{Descent, Keep, Label, Layer, Loss, Metric, Schedule, Shuffle, Training};

//! The `sharewell` binary, end to end: real processes, real files, real TLS on loopback.
#![expect(clippy::unwrap_used, reason = "a panic is a test's report")]

mod bench;
mod benchmark;
mod chapters;
mod comparisons;
mod examples;
mod failures;
mod fleet;
mod hidden;
mod input;
mod kept;
mod linkage;
mod links;
mod multivariate;
mod nodes;
mod parties;
mod pooled;
mod privacy;
mod regressions;
mod rehearse;
mod roles;
mod source;
mod sql;
mod statistics;
mod support;
mod survival;
mod threats;
mod training;
mod traps;

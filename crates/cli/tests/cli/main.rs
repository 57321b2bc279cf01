//! The `sharewell` binary, end to end: real processes, real files, real TLS on loopback.

mod bench;
mod examples;
mod failures;
mod input;
mod parties;
mod sql;
mod support;
mod traps;

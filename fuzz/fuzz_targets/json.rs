//! Any JSON file is read, every row of it counted, or is refused with a message.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../source.rs"]
mod source;

fuzz_target!(|bytes: &[u8]| source::read("t.jsonl", bytes));

//! Any text is a study or is refused with a place in it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sharewell_study::Study;

fuzz_target!(|text: &str| match Study::parse(text, "study.toml") {
    Ok(study) => assert_eq!(study.hash(), study.clone().hash()),
    Err(report) => assert!(report.to_string().contains("study.toml:")),
});

//! Any text is a mapping or is refused with a place in it.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use sharewell_data::Mapping;

fuzz_target!(|text: &str| {
    if let Err(error) = Mapping::parse(text, "party.toml", Path::new(".")) {
        assert!(error.to_string().contains("party.toml:"));
    }
});

//! A provider at home whose one source is whatever the fuzzer thinks of.

use std::path::Path;

use sharewell_data::{Agreed, Mapping};
use sharewell_study::{Column, Constant, Kind, Missing, Quality, Table};

const LENIENT: Quality = Quality {
    min_rows: 0,
    max_rejected: None,
    max_missing: None,
    max_outliers: None,
    outlier_z: Quality::OUTLIER_Z,
    max_future: None,
    constant: Constant::Allow,
};

fn table() -> Table {
    let column = |name: &str, kind| Column { name: name.to_owned(), kind, missing: Missing::Allow };
    let number = Kind::Decimal { unit: "1".to_owned(), decimals: 1, min: -1000, max: 1000 };
    let codes = ["m", "f"].map(str::to_owned).to_vec();
    Table {
        name: "agreed".to_owned(),
        version: 1,
        max_rows: 1_000_000,
        columns: vec![
            column("id", Kind::Identifier),
            column("x", number),
            column("day", Kind::Date { min: 0, max: 30_000 }),
            column("code", Kind::Category { codes, list: None }),
        ],
        key: vec![],
        sides: None,
    }
}

pub fn read(name: &str, bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("the system has a directory for temporary files");
    std::fs::write(folder.path().join(name), bytes).expect("the directory is writable");
    let text = format!("source.t.path = \"{name}\"");
    let mapping = Mapping::parse(&text, "party.toml", Path::new(folder.path())).expect("right");
    match Agreed::read(&mapping, &table(), &LENIENT) {
        Ok(read) => {
            let report = read.report();
            assert_eq!(report.rows_read, report.rows_accepted + report.rows_rejected);
            assert!(!report.to_string().is_empty());
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

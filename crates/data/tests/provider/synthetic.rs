//! Records that nobody has fit the schema that they are drawn from.

use std::fs;
use std::path::{Path, PathBuf};

use sharewell_data::{Agreed, Mapping, synthetic};
use sharewell_study::Study;

use crate::Provider;

fn examples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let studies = fs::read_dir(folder).expect("examples").flatten().flat_map(|of| {
        let files = fs::read_dir(of.path()).expect("a folder for each").flatten();
        files.map(|file| file.path()).collect::<Vec<_>>()
    });
    studies.filter(|path| path.extension().is_some_and(|of| of == "toml")).collect()
}

#[test]
fn records_drawn_from_every_examples_schema_are_all_accepted() {
    let mut tables = vec![];
    for path in examples() {
        let text = fs::read_to_string(&path).expect("readable");
        let study = Study::parse(&text, "study.toml").unwrap_or_else(|report| panic!("{report}"));
        if tables.contains(&study.table) {
            continue;
        }
        let made = synthetic(&study.table, (1, "t.csv"), 300, 7);
        assert_eq!(made, synthetic(&study.table, (1, "t.csv"), 300, 7), "the same for one seed");
        assert_ne!(made.csv, synthetic(&study.table, (1, "t.csv"), 300, 8).csv);
        assert_ne!(made.csv, synthetic(&study.table, (2, "t.csv"), 300, 7).csv);
        let provider = Provider::csv(&made.csv);
        fs::write(provider.path("party.toml"), &made.mapping).expect("writable");
        let mapping = Mapping::load(&provider.path("party.toml")).expect("well formed");
        let read = Agreed::read(&mapping, &study.table, &study.quality)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let report = read.report();
        assert_eq!((report.rows_accepted, report.rows_rejected), (300, 0), "{report}");
        tables.push(study.table);
    }
    assert!(tables.len() > 5, "the examples have tables of many kinds");
}

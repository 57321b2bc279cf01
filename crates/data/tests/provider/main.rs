//! A provider at home: real files in a directory of their own, a mapping, an agreed table.

mod bad_sources;
mod columns;
mod exactness;
mod hostile;
mod mistakes;
mod numbering;
mod pictures;
mod postgres;
mod quality;
mod sources;
mod synthetic;
mod validation;

use std::fs;
use std::path::Path;

use sharewell_data::{Agreed, Error, Mapping, QualityReport};
use sharewell_study::{Column, Constant, Kind, LocalQuery, Measure, Missing, Quality, Table};
use tempfile::TempDir;

/// A directory with sources and a mapping.
struct Provider(TempDir);

impl Provider {
    fn new() -> Self {
        Self(TempDir::new().expect("the system has a directory for temporary files"))
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn file(self, name: &str, bytes: impl AsRef<[u8]>) -> Self {
        fs::write(self.path(name), bytes).expect("the directory is writable");
        self
    }

    /// One source `t` in `t.csv`, taken as it is.
    fn csv(bytes: impl AsRef<[u8]>) -> Self {
        Self::new().file("t.csv", bytes)
    }

    fn mapping(&self, text: &str) -> Result<Mapping, Error> {
        fs::write(self.path("party.toml"), text).expect("the directory is writable");
        Mapping::load(&self.path("party.toml"))
    }

    fn read_with(&self, mapping: &str, table: &Table) -> Result<Agreed, Error> {
        let read = Agreed::read(&self.mapping(mapping)?, table, &LENIENT)?;
        read.check().map(|()| read)
    }

    fn read_sql(&self, sql: &str, table: &Table) -> Result<Agreed, Error> {
        self.read_with(&format!("source.t.path = \"t.csv\"\nmap.sql = '''{sql}'''"), table)
    }

    fn read(&self, table: &Table) -> Result<Agreed, Error> {
        self.read_sql("SELECT * FROM t", table)
    }

    fn report(&self, table: &Table) -> QualityReport {
        self.read(table).expect("readable").report().clone()
    }
}

/// Limits that everything is within.
const LENIENT: Quality = Quality {
    min_rows: 0,
    max_rejected: None,
    max_missing: None,
    max_outliers: None,
    outlier_z: Quality::OUTLIER_Z,
    max_future: None,
    constant: Constant::Allow,
};

fn table(columns: Vec<Column>) -> Table {
    let (name, key) = ("agreed".to_owned(), vec![]);
    Table { name, version: 1, max_rows: 1_000_000, columns, key, sides: None }
}

fn column(name: &str, kind: Kind) -> Column {
    Column { name: name.to_owned(), kind, missing: Missing::Refuse, clip: false }
}

fn optional(name: &str, kind: Kind) -> Column {
    Column { missing: Missing::Allow, ..column(name, kind) }
}

fn integer(min: i64, max: i64) -> Kind {
    Kind::Integer { unit: "1".to_owned(), min, max }
}

fn decimal(decimals: u8, min: i64, max: i64) -> Kind {
    Kind::Decimal { unit: "1".to_owned(), decimals, min, max }
}

fn category(codes: &[&str]) -> Kind {
    Kind::Category { codes: codes.iter().map(|&code| code.to_owned()).collect(), list: None }
}

/// The fans of the fixtures: hours to a tenth, whether the fan failed.
fn fans() -> Table {
    let hours = Kind::Decimal { unit: "h".to_owned(), decimals: 1, min: 0, max: 1_000_000 };
    table(vec![
        column("unit", Kind::Identifier),
        column("hours", hours),
        column("status", Kind::Boolean),
    ])
}

fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/provider/fixtures").join(name);
    fs::read(path).expect("fixtures are in the repository")
}

fn sum(expr: &str, decimals: u8) -> Measure {
    Measure::Sum { expr: expr.to_owned(), decimals }
}

/// Measures over all rows, as one group.
fn total(agreed: &Agreed, measures: Vec<Measure>) -> Vec<Option<i128>> {
    query(agreed, None, measures).expect("the query fits").remove(0)
}

fn query(
    agreed: &Agreed,
    filter: Option<&str>,
    measures: Vec<Measure>,
) -> Result<Vec<Vec<Option<i128>>>, Error> {
    agreed.query(&LocalQuery {
        table: "agreed".to_owned(),
        filter: filter.map(str::to_owned),
        group_by: vec![],
        groups: vec![vec![]],
        measures,
        records: vec![],
    })
}

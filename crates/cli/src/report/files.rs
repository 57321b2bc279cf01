//! The folder that keeps a run: a page, JSON, and each table as CSV.

use std::path::{Path, PathBuf};

use sharewell_engine::{Cell, ResultTable};

use super::{Told, html, model};
use crate::failure::Failure;
use crate::study_file::StudyFile;

/// Makes the folder, before anything is run for it.
pub(crate) fn prepare(folder: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(folder).map_err(|error| {
        Failure::Usage(format!("cannot make the folder {}: {error}", folder.display()))
    })
}

/// `report.html`, `report.json`, and `results.csv` or, of several tables, one for each; of a trained
/// network `model.onnx` and `model.safetensors` too.
pub(crate) fn write(told: &Told, file: &StudyFile, folder: &Path) -> Result<(), Failure> {
    keep(&folder.join("report.html"), html::page(told, file).as_bytes())?;
    keep(&folder.join("report.json"), told.json().as_bytes())?;
    for (name, table) in names(&told.report.results).iter().zip(&told.report.results) {
        keep(&folder.join(name), &csv(table))?;
    }
    if let Some(model) = model::of(file.study(), &told.report.results) {
        keep(&folder.join("model.onnx"), &model.to_onnx())?;
        keep(&folder.join("model.safetensors"), &model.to_safetensors())?;
    }
    Ok(())
}

/// Whole or not at all.
fn keep(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let part: PathBuf = path.with_extension("part");
    std::fs::write(&part, bytes)
        .and_then(|()| std::fs::rename(&part, path))
        .map_err(|error| Failure::Run(format!("cannot write {}: {error}", path.display())))
}

fn names(tables: &[ResultTable]) -> Vec<String> {
    if tables.len() == 1 {
        return vec!["results.csv".to_owned()];
    }
    let slug = |table: &ResultTable| -> String {
        let words = table.name.split(|c: char| !c.is_ascii_alphanumeric());
        words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-").to_lowercase()
    };
    (1..).zip(tables).map(|(i, table)| format!("results-{i}-{}.csv", slug(table))).collect()
}

/// Numbers with all their digits; nothing where a cell is empty.
fn csv(table: &ResultTable) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(vec![]);
    let cell = |cell: &Cell| match cell {
        Cell::Integer(number) => number.to_string(),
        Cell::Number(number) => number.to_string(),
        Cell::Text(text) => text.clone(),
        Cell::Empty => String::new(),
    };
    let rows = table.rows.iter().map(|row| row.iter().map(cell).collect());
    for row in std::iter::once(table.columns.clone()).chain(rows) {
        writer.write_record(&row).expect("rows are as long as the heads, and memory takes them");
    }
    writer.into_inner().expect("memory takes them")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_a_name_that_any_file_system_takes() {
        let named = |name: &str| ResultTable {
            name: name.to_owned(),
            columns: vec!["x, y".to_owned()],
            units: vec![String::new()],
            rows: vec![vec![Cell::Text("a \"b\"".to_owned())], vec![Cell::Empty]],
            error_bound: vec![None],
            notes: vec![],
            plot: None,
        };
        let tables = [named("means"), named("difference of (x / y)²")];
        assert_eq!(names(&tables), ["results-1-means.csv", "results-2-difference-of-x-y.csv"]);
        assert_eq!(names(&tables[..1]), ["results.csv"]);
        assert_eq!(csv(&tables[0]), b"\"x, y\"\n\"a \"\"b\"\"\"\n\"\"\n");
    }
}

//! Parquet: a file, or all files of a folder in the order of their names.

use std::fs;
use std::path::{Path, PathBuf};

use datafusion::error::DataFusionError;
use datafusion::functions_window::expr_fn::row_number;
use datafusion::prelude::{DataFrame, ParquetReadOptions, SessionContext};

use super::{LINE, a_file, stat};
use crate::report::FileRows;
use crate::{Error, SourceFault};

/// The rows, with [`LINE`] as their last column, and the files that they are in.
pub(super) async fn open(
    ctx: &SessionContext,
    path: &Path,
) -> Result<(DataFrame, Vec<FileRows>), Error> {
    let paths = files(path)?;
    let mut files = Vec::new();
    let mut agreed = None;
    for path in paths {
        a_file(&path)?;
        let engine = |error| fault(&path, SourceFault::Engine(Box::new(error)));
        let rows = read(ctx, std::slice::from_ref(&path)).await.map_err(engine)?;
        if rows.schema().has_column_with_unqualified_name(LINE) {
            return Err(fault(&path, SourceFault::ReservedColumn(LINE.to_owned())));
        }
        let schema = rows.schema().as_arrow().clone();
        let columns = agreed.get_or_insert_with(|| schema.fields().clone());
        if columns != schema.fields() {
            return Err(fault(&path, SourceFault::OtherColumns));
        }
        let rows = rows.count().await.map_err(engine)? as u64;
        files.push(FileRows { path, rows });
    }
    let paths: Vec<PathBuf> = files.iter().map(|file| file.path.clone()).collect();
    let engine = |error| fault(path, SourceFault::Engine(Box::new(error)));
    let rows = read(ctx, &paths).await.map_err(engine)?;
    // One partition: rows come in the files' order, and columns that the mapping does not use are
    // never read.
    let numbered = rows.window(vec![row_number().alias(LINE)]).map_err(engine)?;
    Ok((numbered, files))
}

fn files(path: &Path) -> Result<Vec<PathBuf>, Error> {
    if !stat(path)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let unreadable = |error| Error::File { path: path.to_owned(), error };
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("parquet")) {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() { Err(fault(path, SourceFault::NoFiles)) } else { Ok(files) }
}

async fn read(ctx: &SessionContext, paths: &[PathBuf]) -> Result<DataFrame, DataFusionError> {
    let extension = paths[0].extension().map(|e| e.to_string_lossy()).unwrap_or_default();
    let options = ParquetReadOptions { file_extension: &extension, ..Default::default() };
    let paths: Vec<String> = paths.iter().map(|path| path.to_string_lossy().into_owned()).collect();
    ctx.read_parquet(paths, options).await
}

fn fault(path: &Path, fault: SourceFault) -> Error {
    Error::Source { place: path.display().to_string(), line: None, fault }
}

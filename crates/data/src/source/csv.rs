//! CSV files into record batches, every row with the line of the file on which it begins.
//!
//! DataFusion's own CSV reader forgets lines, takes a ragged row for a failure of the whole scan
//! without a place, and guesses types from the first rows only. A provider's steward must be able
//! to open the file at the line of a rejected row, so the file is read here once, with the `csv`
//! crate, and handed on as a table in memory.
//!
//! A quoted field may contain line breaks: lines are counted in the bytes of the file, not by
//! records. Blank lines are skipped and counted.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use csv::{ByteRecord, ReaderBuilder};
use datafusion::arrow::record_batch::RecordBatch;

use super::LINE;
use super::columns::Columns;
use crate::mapping::CsvOptions;
use crate::{Error, SourceFault};

/// Reads a whole file. The last column, [`LINE`], numbers the rows.
pub(crate) fn read(path: &Path, options: &CsvOptions) -> Result<Vec<RecordBatch>, Error> {
    let bytes = fs::read(path).map_err(|error| Error::File { path: path.to_owned(), error })?;
    let mut file = File { path, bytes: &bytes, counted: 0, line: 1 };
    let mut reader = ReaderBuilder::new()
        .delimiter(options.delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(file.bytes);
    let mut record = ByteRecord::new();
    let mut next = |file: &mut File, record: &mut ByteRecord| match reader.read_byte_record(record)
    {
        Ok(more) => Ok(more.then(|| file.line_of(record))),
        Err(error) => Err(file.fault(None, SourceFault::Csv(error))),
    };
    let mut line = next(&mut file, &mut record)?;
    let Some(first) = line else { return Err(file.fault(None, SourceFault::Empty)) };
    let names = column_names(&file, &record, options, first)?;
    if options.header {
        line = next(&mut file, &mut record)?;
    }
    let mut columns = Columns::new();
    for name in names {
        let text = options.text.contains(&name);
        columns.add(name, text);
    }
    while let Some(at) = line {
        push(&mut columns, &file, &record, at, &options.null)?;
        line = next(&mut file, &mut record)?;
    }
    if columns.is_empty() {
        return Err(file.fault(None, SourceFault::NoRows));
    }
    Ok(columns.finish())
}

fn push(
    columns: &mut Columns,
    file: &File,
    record: &ByteRecord,
    line: u64,
    null: &[String],
) -> Result<(), Error> {
    let (expected, got) = (columns.names().len(), record.len());
    if expected != got {
        return Err(file.fault(Some(line), SourceFault::Ragged { expected, got }));
    }
    for (i, field) in record.iter().enumerate() {
        let Ok(text) = str::from_utf8(field) else {
            let column = columns.names()[i].clone();
            return Err(file.fault(Some(line), SourceFault::NotUtf8 { column }));
        };
        if text.contains('\0') {
            let column = columns.names()[i].clone();
            return Err(file.fault(Some(line), SourceFault::Nul { column }));
        }
        if !null.iter().any(|null| null == text) {
            columns.value(i, text);
        }
    }
    columns.end_row(line);
    Ok(())
}

/// The file, and how far its lines have been counted.
struct File<'b> {
    path: &'b Path,
    bytes: &'b [u8],
    counted: usize,
    line: u64,
}

impl File<'_> {
    /// The line on which a record begins. Records come in the order of the file. The reader's own
    /// line is not used: it is one short after `\r\n` and does not skip blank lines.
    fn line_of(&mut self, record: &ByteRecord) -> u64 {
        let start = record.position().map_or(0, |p| usize::try_from(p.byte()).unwrap_or(0));
        let blank = self.bytes[start..].iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
        let newlines = self.bytes[self.counted..start + blank].iter().filter(|&&b| b == b'\n');
        self.line += newlines.count() as u64;
        self.counted = start + blank;
        self.line
    }

    fn fault(&self, line: Option<u64>, fault: SourceFault) -> Error {
        Error::Source { place: self.path.display().to_string(), line, fault }
    }
}

/// The header, or invented names for a file without one.
fn column_names(
    file: &File,
    record: &ByteRecord,
    options: &CsvOptions,
    line: u64,
) -> Result<Vec<String>, Error> {
    let mut names = Vec::with_capacity(record.len());
    let mut seen = HashSet::new();
    for (i, field) in record.iter().enumerate() {
        let invented = format!("column_{}", i + 1);
        let name = match str::from_utf8(field) {
            Err(_) => return Err(file.fault(Some(line), SourceFault::NotUtf8 { column: invented })),
            Ok(name) if name.contains('\0') => {
                return Err(file.fault(Some(line), SourceFault::Nul { column: invented }));
            }
            // A byte order mark is no part of the first name; some programs write one.
            Ok(name) => name.trim_start_matches('\u{feff}').trim(),
        };
        let name = if options.header && !name.is_empty() { name.to_owned() } else { invented };
        if name == LINE {
            return Err(file.fault(Some(line), SourceFault::ReservedColumn(name)));
        }
        if !seen.insert(name.clone()) {
            return Err(file.fault(Some(line), SourceFault::DuplicateColumn(name)));
        }
        names.push(name);
    }
    match options.text.iter().find(|name| !seen.contains(*name)) {
        Some(name) => Err(file.fault(Some(line), SourceFault::NoSuchColumn(name.clone()))),
        None => Ok(names),
    }
}

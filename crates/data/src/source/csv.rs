//! CSV files into record batches, every row with the line of the file on which it begins.
//!
//! DataFusion's own CSV reader forgets lines, takes a ragged row for a failure of the whole scan
//! without a place, and guesses types from the first rows only. A provider's steward must be able
//! to open the file at the line of a rejected row, so the file is read here, with the `csv` crate.
//!
//! A quoted field may contain line breaks: lines are counted in the bytes of the file, not by
//! records. Blank lines are skipped and counted.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::rc::Rc;

use csv::{ByteRecord, ReaderBuilder};

use super::LINE;
use super::columns::{Columns, Found};
use crate::mapping::CsvOptions;
use crate::{Error, SourceFault};

/// Reads a file into columns, record by record.
pub(super) fn read(
    path: &Path,
    options: &CsvOptions,
    mut columns: Columns,
) -> Result<Found, Error> {
    let unreadable = |error| Error::File { path: path.to_owned(), error };
    let file = fs::File::open(path).map_err(unreadable)?;
    let mut records = Records::new(path, Tee { file, lines: Rc::default() }, options.delimiter);
    let mut line = records.next()?;
    let Some(first) = line else { return Err(fault(path, None, SourceFault::Empty)) };
    let names = column_names(path, &records.record, options, first)?;
    if options.header {
        line = records.next()?;
    }
    for name in names {
        let text = options.text.contains(&name);
        columns.add(name, text).map_err(|why| fault(path, None, why))?;
    }
    while let Some(at) = line {
        let more = push(&mut columns, &records.record, at, &options.null);
        if !more.map_err(|why| fault(path, Some(at), why))? {
            break;
        }
        line = records.next()?;
    }
    columns.found().map_err(|why| fault(path, None, why))
}

/// A record's values; whether more records are wanted.
fn push(
    columns: &mut Columns,
    record: &ByteRecord,
    line: u64,
    null: &[String],
) -> Result<bool, SourceFault> {
    let (expected, got) = (columns.names().len(), record.len());
    if expected != got {
        return Err(SourceFault::Ragged { expected, got });
    }
    for (i, field) in record.iter().enumerate() {
        let column = || columns.names()[i].clone();
        let Ok(text) = str::from_utf8(field) else {
            return Err(SourceFault::NotUtf8 { column: column() });
        };
        if text.contains('\0') {
            return Err(SourceFault::Nul { column: column() });
        }
        if !null.iter().any(|null| null == text) {
            columns.value(i, text);
        }
    }
    columns.end_row(line)
}

fn fault(path: &Path, line: Option<u64>, fault: SourceFault) -> Error {
    Error::Source { place: path.display().to_string(), line, fault }
}

/// The records of a file, one after the other.
struct Records<'p> {
    path: &'p Path,
    reader: csv::Reader<Tee>,
    lines: Rc<RefCell<Lines>>,
    record: ByteRecord,
}

impl<'p> Records<'p> {
    fn new(path: &'p Path, bytes: Tee, delimiter: u8) -> Self {
        let lines = Rc::clone(&bytes.lines);
        let mut reader = ReaderBuilder::new();
        reader.delimiter(delimiter).has_headers(false).flexible(true).buffer_capacity(BUFFER);
        Self { path, reader: reader.from_reader(bytes), lines, record: ByteRecord::new() }
    }

    /// Reads the next record; the line on which it begins.
    fn next(&mut self) -> Result<Option<u64>, Error> {
        match self.reader.read_byte_record(&mut self.record) {
            Ok(true) => Ok(Some(self.lines.borrow_mut().line_of(&self.record))),
            Ok(false) => Ok(None),
            Err(error) => Err(fault(self.path, None, SourceFault::Csv(error))),
        }
    }
}

/// Bytes that are read at a time.
const BUFFER: usize = 1 << 16;

/// The file's bytes on their way to the reader.
struct Tee {
    file: fs::File,
    lines: Rc<RefCell<Lines>>,
}

impl Read for Tee {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.lines.borrow_mut().pass(&buffer[..read]);
        Ok(read)
    }
}

/// Counts lines up to the last record; holds the bytes after its beginning.
struct Lines {
    /// From byte `from` of the file on; the first `counted` have been counted.
    held: Vec<u8>,
    from: u64,
    counted: usize,
    line: u64,
}

impl Default for Lines {
    fn default() -> Self {
        Self { held: vec![], from: 0, counted: 0, line: 1 }
    }
}

impl Lines {
    fn pass(&mut self, bytes: &[u8]) {
        self.held.drain(..self.counted);
        self.from += self.counted as u64;
        self.counted = 0;
        self.held.extend_from_slice(bytes);
    }

    /// The line on which a record begins. Records come in the order of the file. The reader's own
    /// line is not used: it is one short after `\r\n` and does not skip blank lines.
    fn line_of(&mut self, record: &ByteRecord) -> u64 {
        let start = record.position().map_or(0, |position| position.byte() - self.from) as usize;
        let blank = self.held[start..].iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
        let newlines = self.held[self.counted..start + blank].iter().filter(|&&b| b == b'\n');
        self.line += newlines.count() as u64;
        self.counted = start + blank;
        self.line
    }
}

/// The header, or invented names for a file without one.
fn column_names(
    path: &Path,
    record: &ByteRecord,
    options: &CsvOptions,
    line: u64,
) -> Result<Vec<String>, Error> {
    let mut names = Vec::with_capacity(record.len());
    let mut seen = HashSet::new();
    for (i, field) in record.iter().enumerate() {
        let invented = format!("column_{}", i + 1);
        let name = match str::from_utf8(field) {
            Err(_) => {
                return Err(fault(path, Some(line), SourceFault::NotUtf8 { column: invented }));
            }
            Ok(name) if name.contains('\0') => {
                return Err(fault(path, Some(line), SourceFault::Nul { column: invented }));
            }
            // A byte order mark is no part of the first name; some programs write one.
            Ok(name) => name.trim_start_matches('\u{feff}').trim(),
        };
        let name = if options.header && !name.is_empty() { name.to_owned() } else { invented };
        if name == LINE {
            return Err(fault(path, Some(line), SourceFault::ReservedColumn(name)));
        }
        if !seen.insert(name.clone()) {
            return Err(fault(path, Some(line), SourceFault::DuplicateColumn(name)));
        }
        names.push(name);
    }
    match options.text.iter().find(|name| !seen.contains(*name)) {
        Some(name) => Err(fault(path, Some(line), SourceFault::NoSuchColumn(name.clone()))),
        None => Ok(names),
    }
}

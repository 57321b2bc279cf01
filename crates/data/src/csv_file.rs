//! CSV files into record batches, every row with the line of the file on which it begins.
//!
//! DataFusion's own CSV reader forgets lines, takes a ragged row for a failure of the whole scan
//! without a place, and guesses types from the first rows only. A provider's steward must be able
//! to open the file at the line of a rejected row, so the file is read here once, with the `csv`
//! crate, and handed on as a table in memory. A column is a number only if all of its values are;
//! otherwise it stays text, and the row with the misfit is rejected later, alone.
//!
//! A quoted field may contain line breaks: lines are counted in the bytes of the file, not by
//! records. Blank lines are skipped and counted.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use csv::{ByteRecord, ReaderBuilder};
use datafusion::arrow::array::{
    ArrayBuilder, ArrayRef, BooleanArray, Float64Array, Int64Array, StringViewArray,
    StringViewBuilder, UInt64Array, UInt64Builder,
};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::arrow::record_batch::RecordBatch;

use crate::mapping::CsvOptions;
use crate::source::LINE;
use crate::{Error, SourceFault};

/// Rows of a record batch.
const BATCH_ROWS: usize = 65_536;

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
    let mut columns = Columns::new(&names, options);
    while let Some(at) = line {
        columns.push(&file, &record, at)?;
        line = next(&mut file, &mut record)?;
    }
    if columns.lines.is_empty() && columns.full.is_empty() {
        return Err(file.fault(None, SourceFault::NoRows));
    }
    Ok(columns.finish())
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
        Error::Source { path: self.path.to_owned(), line, fault }
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

/// All columns as text, in batches, with what they may be guessed to be.
struct Columns<'o> {
    names: &'o [String],
    null: &'o [String],
    guesses: Vec<Guess>,
    fields: Vec<StringViewBuilder>,
    lines: UInt64Builder,
    full: Vec<(Vec<StringViewArray>, UInt64Array)>,
}

impl<'o> Columns<'o> {
    fn new(names: &'o [String], options: &'o CsvOptions) -> Self {
        let guess = |name: &String| Guess::new(options.text.contains(name));
        Self {
            names,
            null: &options.null,
            guesses: names.iter().map(guess).collect(),
            fields: names.iter().map(|_| StringViewBuilder::new()).collect(),
            lines: UInt64Builder::new(),
            full: Vec::new(),
        }
    }

    fn push(&mut self, file: &File, record: &ByteRecord, line: u64) -> Result<(), Error> {
        let (expected, got) = (self.names.len(), record.len());
        if expected != got {
            return Err(file.fault(Some(line), SourceFault::Ragged { expected, got }));
        }
        for (i, field) in record.iter().enumerate() {
            let Ok(text) = str::from_utf8(field) else {
                let column = self.names[i].clone();
                return Err(file.fault(Some(line), SourceFault::NotUtf8 { column }));
            };
            if self.null.iter().any(|null| null == text) {
                self.fields[i].append_null();
            } else {
                self.guesses[i].see(text);
                self.fields[i].append_value(text);
            }
        }
        self.lines.append_value(line);
        if self.lines.len() == BATCH_ROWS {
            self.cut();
        }
        Ok(())
    }

    fn cut(&mut self) {
        let fields = self.fields.iter_mut().map(StringViewBuilder::finish).collect();
        self.full.push((fields, self.lines.finish()));
    }

    fn finish(mut self) -> Vec<RecordBatch> {
        self.cut();
        let types = self.guesses.iter().map(Guess::data_type);
        let mut schema: Vec<Field> =
            self.names.iter().zip(types).map(|(name, t)| Field::new(name, t, true)).collect();
        schema.push(Field::new(LINE, DataType::UInt64, false));
        let schema = Arc::new(Schema::new(schema));
        let batch = |(fields, lines): (Vec<StringViewArray>, UInt64Array)| {
            let mut columns: Vec<ArrayRef> =
                self.guesses.iter().zip(fields).map(|(guess, text)| guess.convert(text)).collect();
            columns.push(Arc::new(lines));
            RecordBatch::try_new(Arc::clone(&schema), columns).expect("types are those guessed")
        };
        self.full.into_iter().map(batch).collect()
    }
}

/// What all values of a column so far could be.
#[derive(Clone, Copy, Debug)]
struct Guess {
    integer: bool,
    float: bool,
    boolean: bool,
    /// Nothing has been seen.
    unknown: bool,
}

impl Guess {
    fn new(text: bool) -> Self {
        Self { integer: !text, float: !text, boolean: !text, unknown: true }
    }

    fn see(&mut self, text: &str) {
        let text = text.trim_ascii();
        self.unknown = false;
        // A code such as 007 or +1 would lose its spelling as a number.
        let unsigned = text.trim_start_matches('-').as_bytes();
        let spelled = matches!(unsigned, [b'0', b'0'..=b'9', ..] | [b'+', ..]);
        self.integer &= !spelled && text.parse::<i64>().is_ok();
        self.float &= !spelled && is_float(text);
        self.boolean &= boolean(text).is_some();
    }

    fn data_type(&self) -> DataType {
        match self {
            Self { unknown: true, .. } => DataType::Utf8View,
            Self { integer: true, .. } => DataType::Int64,
            Self { float: true, .. } => DataType::Float64,
            Self { boolean: true, .. } => DataType::Boolean,
            _ => DataType::Utf8View,
        }
    }

    /// The column as what it has been guessed to be; every value has been seen to fit.
    fn convert(&self, text: StringViewArray) -> ArrayRef {
        let values = || text.iter().map(|value| value.map(str::trim_ascii));
        match self.data_type() {
            DataType::Int64 => Arc::new(values().map(|v| v?.parse().ok()).collect::<Int64Array>()),
            DataType::Float64 => {
                Arc::new(values().map(|v| v?.parse().ok()).collect::<Float64Array>())
            }
            DataType::Boolean => Arc::new(values().map(|v| boolean(v?)).collect::<BooleanArray>()),
            _ => Arc::new(text),
        }
    }
}

/// Whether a binary floating-point number names this decimal text and no other: a column with more
/// digits stays text, from which the agreed decimals are read exactly.
fn is_float(text: &str) -> bool {
    let Ok(value) = text.parse::<f64>() else { return false };
    let digits = significant(text);
    !value.is_finite()
        || digits.len() <= f64::DIGITS as usize
        || digits == significant(&format!("{value:e}"))
}

/// The digits of a number without sign, point, exponent and outer zeros.
fn significant(number: &str) -> String {
    let mantissa = number.split(['e', 'E']).next().unwrap_or_default();
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    digits.trim_matches('0').to_owned()
}

fn boolean(text: &str) -> Option<bool> {
    [("true", true), ("false", false)]
        .into_iter()
        .find_map(|(word, value)| text.eq_ignore_ascii_case(word).then_some(value))
}

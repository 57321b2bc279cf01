//! Rows of texts into record batches whose columns are what all of their values are.
//!
//! A column is a number only if all of its values are; otherwise it stays text, and the row with
//! the misfit is rejected later, alone. Therefore a file is read twice: which rows it has must be
//! known before the first of them is handed on, and they need not be held for that.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayBuilder, ArrayRef, BooleanArray, Float64Array, Int64Array, StringViewArray,
    StringViewBuilder, UInt64Builder,
};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;

use super::LINE;
use crate::SourceFault;

/// Rows of a record batch.
const BATCH_ROWS: usize = 16_384;

/// What a file's values are given to, row by row. The first time they tell what the columns are,
/// and are forgotten; the second time they become batches, and are handed on.
pub(super) struct Columns {
    names: Vec<String>,
    guesses: Vec<Guess>,
    rows: u64,
    filling: Option<Filling>,
}

/// The columns of a file that has been read once.
#[derive(Clone, Debug)]
pub(super) struct Found {
    names: Vec<String>,
    guesses: Vec<Guess>,
    pub(super) rows: u64,
    /// With [`LINE`] as its last column.
    pub(super) schema: SchemaRef,
}

/// Where batches go; whether more of them are wanted.
pub(super) type Take = Box<dyn FnMut(RecordBatch) -> bool>;

struct Filling {
    found: Found,
    fields: Vec<StringViewBuilder>,
    lines: UInt64Builder,
    take: Take,
}

impl Columns {
    /// For the first time.
    pub(super) fn new() -> Self {
        Self { names: vec![], guesses: vec![], rows: 0, filling: None }
    }

    /// For the second time.
    pub(super) fn fill(found: &Found, take: Take) -> Self {
        let fields = found.names.iter().map(|_| StringViewBuilder::new()).collect();
        let (found, lines) = (found.clone(), UInt64Builder::new());
        Self { filling: Some(Filling { found, fields, lines, take }), ..Self::new() }
    }

    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// One column more; rows so far have no value in it. A `text` column is never a number.
    pub(super) fn add(&mut self, name: String, text: bool) -> Result<(), SourceFault> {
        if let Some(Filling { found, .. }) = &self.filling
            && found.names.get(self.names.len()) != Some(&name)
        {
            return Err(SourceFault::Changed);
        }
        self.names.push(name);
        self.guesses.push(Guess::new(text));
        Ok(())
    }

    /// A value of the row in the making.
    pub(super) fn value(&mut self, column: usize, text: &str) {
        match &mut self.filling {
            Some(Filling { fields, .. }) => fields[column].append_value(text),
            None => self.guesses[column].see(text),
        }
    }

    /// A value that is text even if it looks like a number.
    pub(super) fn text(&mut self, column: usize, text: &str) {
        match &mut self.filling {
            Some(Filling { fields, .. }) => fields[column].append_value(text),
            None => self.guesses[column] = Guess { unknown: false, ..Guess::new(true) },
        }
    }

    /// Ends a row. Columns without a value have none. Whether more rows are wanted.
    pub(super) fn end_row(&mut self, line: u64) -> Result<bool, SourceFault> {
        self.rows += 1;
        match &mut self.filling {
            Some(filling) => filling.end_row(line),
            None => Ok(true),
        }
    }

    /// After all rows: what they are.
    pub(super) fn found(self) -> Result<Found, SourceFault> {
        let Self { names, guesses, rows, filling } = self;
        if let Some(mut filling) = filling {
            // Of rows that nobody wants it does not matter how many there are.
            let all = filling.cut()?;
            let changed = all && filling.found.rows != rows;
            return if changed { Err(SourceFault::Changed) } else { Ok(filling.found) };
        }
        if rows == 0 {
            return Err(SourceFault::NoRows);
        }
        let types = guesses.iter().map(Guess::data_type);
        let mut fields: Vec<Field> =
            names.iter().zip(types).map(|(name, t)| Field::new(name, t, true)).collect();
        fields.push(Field::new(LINE, DataType::UInt64, false));
        Ok(Found { names, guesses, rows, schema: Arc::new(Schema::new(fields)) })
    }
}

impl Filling {
    fn end_row(&mut self, line: u64) -> Result<bool, SourceFault> {
        self.lines.append_value(line);
        for field in &mut self.fields {
            if field.len() < self.lines.len() {
                field.append_null();
            }
        }
        if self.lines.len() == BATCH_ROWS { self.cut() } else { Ok(true) }
    }

    fn cut(&mut self) -> Result<bool, SourceFault> {
        let one = |(guess, field): (&Guess, &mut StringViewBuilder)| {
            let texts = field.finish();
            let missing = texts.null_count();
            let column = guess.convert(texts);
            // What was a number in every row is one still.
            if column.null_count() == missing { Ok(column) } else { Err(SourceFault::Changed) }
        };
        let columns = self.found.guesses.iter().zip(&mut self.fields).map(one);
        let mut columns: Vec<ArrayRef> = columns.collect::<Result<_, _>>()?;
        columns.push(Arc::new(self.lines.finish()));
        let batch = RecordBatch::try_new(Arc::clone(&self.found.schema), columns);
        Ok((self.take)(batch.expect("types are those guessed")))
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
    let named =
        || digits.len() <= f64::DIGITS as usize || digits == significant(&format!("{value:e}"));
    // `inf` and `NaN` are such numbers; digits beyond their range are none.
    digits.is_empty() || value.is_finite() && named()
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn give(mut columns: Columns, rows: &[&str]) -> Result<Found, SourceFault> {
        columns.add("x".to_owned(), false)?;
        for (row, line) in rows.iter().zip(1..) {
            columns.value(0, row);
            columns.end_row(line)?;
        }
        columns.found()
    }

    #[test]
    fn a_file_that_changes_between_its_readings_is_refused() {
        let found = give(Columns::new(), &["1", "2"]).expect("two numbers");
        let (sender, batches) = mpsc::channel();
        let take = || {
            let sender = sender.clone();
            Box::new(move |batch| sender.send(batch).is_ok())
        };
        for rows in [&["1", "x"][..], &["1", "2", "3"], &["1"], &[]] {
            let again = give(Columns::fill(&found, take()), rows);
            assert!(matches!(again, Err(SourceFault::Changed)), "{rows:?}");
        }
        let mut renamed = Columns::fill(&found, take());
        assert!(matches!(renamed.add("y".to_owned(), false), Err(SourceFault::Changed)));
        let _ = batches.try_iter().count();
        give(Columns::fill(&found, take()), &["1", "2"]).expect("the same");
        assert_eq!(batches.try_iter().map(|batch| batch.num_rows()).sum::<usize>(), 2);
    }
}

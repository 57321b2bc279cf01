//! Rows of texts into record batches whose columns are what all of their values are.
//!
//! A column is a number only if all of its values are; otherwise it stays text, and the row with
//! the misfit is rejected later, alone.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayBuilder, ArrayRef, BooleanArray, Float64Array, Int64Array, StringViewArray,
    StringViewBuilder, UInt64Array, UInt64Builder, new_null_array,
};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::arrow::record_batch::RecordBatch;

use super::LINE;

/// Rows of a record batch.
const BATCH_ROWS: usize = 65_536;

/// All columns as text, in batches, with what they may be guessed to be.
pub(super) struct Columns {
    names: Vec<String>,
    guesses: Vec<Guess>,
    fields: Vec<StringViewBuilder>,
    lines: UInt64Builder,
    full: Vec<(Vec<StringViewArray>, UInt64Array)>,
}

impl Columns {
    pub(super) fn new() -> Self {
        Self {
            names: Vec::new(),
            guesses: Vec::new(),
            fields: Vec::new(),
            lines: UInt64Builder::new(),
            full: Vec::new(),
        }
    }

    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// One column more; rows so far have no value in it. A `text` column is never a number.
    pub(super) fn add(&mut self, name: String, text: bool) {
        self.names.push(name);
        self.guesses.push(Guess::new(text));
        let mut fields = StringViewBuilder::new();
        (0..self.lines.len()).for_each(|_| fields.append_null());
        self.fields.push(fields);
    }

    /// A value of the row in the making.
    pub(super) fn value(&mut self, column: usize, text: &str) {
        self.guesses[column].see(text);
        self.fields[column].append_value(text);
    }

    /// A value that is text even if it looks like a number.
    pub(super) fn text(&mut self, column: usize, text: &str) {
        self.guesses[column] = Guess { unknown: false, ..Guess::new(true) };
        self.fields[column].append_value(text);
    }

    /// Ends a row. Columns without a value have none.
    pub(super) fn end_row(&mut self, line: u64) {
        self.lines.append_value(line);
        for field in &mut self.fields {
            if field.len() < self.lines.len() {
                field.append_null();
            }
        }
        if self.lines.len() == BATCH_ROWS {
            self.cut();
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.full.is_empty()
    }

    fn cut(&mut self) {
        let fields = self.fields.iter_mut().map(StringViewBuilder::finish).collect();
        self.full.push((fields, self.lines.finish()));
    }

    /// The rows, with [`LINE`] as their last column.
    pub(super) fn finish(mut self) -> Vec<RecordBatch> {
        self.cut();
        let types = self.guesses.iter().map(Guess::data_type);
        let mut schema: Vec<Field> =
            self.names.iter().zip(types).map(|(name, t)| Field::new(name, t, true)).collect();
        schema.push(Field::new(LINE, DataType::UInt64, false));
        let schema = Arc::new(Schema::new(schema));
        let batch = |(fields, lines): (Vec<StringViewArray>, UInt64Array)| {
            let mut columns: Vec<ArrayRef> =
                self.guesses.iter().zip(fields).map(|(guess, text)| guess.convert(text)).collect();
            for guess in &self.guesses[columns.len()..] {
                columns.push(new_null_array(&guess.data_type(), lines.len()));
            }
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

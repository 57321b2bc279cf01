//! Newline-delimited JSON: one object a line, whose members are the columns.
//!
//! Numbers are taken digit by digit, as they are written; a string stays text whatever it looks
//! like. A member that an object lacks has no value there. Objects and lists inside a row are
//! refused: which row they would make is the provider's to say.

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::path::Path;

use datafusion::arrow::record_batch::RecordBatch;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::LINE;
use super::columns::Columns;
use crate::{Error, SourceFault};

/// Reads a whole file. The last column, [`LINE`], numbers the rows.
pub(super) fn read(path: &Path) -> Result<Vec<RecordBatch>, Error> {
    let bytes = fs::read(path).map_err(|error| Error::File { path: path.to_owned(), error })?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let fault = |line, fault| Error::Source { place: path.display().to_string(), line, fault };
    let mut rows = Rows { columns: Columns::new(), at: HashMap::new() };
    for (line, row) in (1..).zip(bytes.split(|&byte| byte == b'\n')) {
        if !row.trim_ascii().is_empty() {
            rows.push(row, line).map_err(|why| fault(Some(line), why))?;
        }
    }
    if rows.columns.is_empty() {
        return Err(fault(None, SourceFault::NoRows));
    }
    Ok(rows.columns.finish())
}

struct Rows {
    columns: Columns,
    at: HashMap<String, usize>,
}

impl Rows {
    fn push(&mut self, row: &[u8], line: u64) -> Result<(), SourceFault> {
        let Ok(row) = str::from_utf8(row) else {
            return Err(SourceFault::Json("not UTF-8 text; convert the file to UTF-8".to_owned()));
        };
        let Members(members) = serde_json::from_str(row).map_err(|error| {
            let why = error.to_string();
            // The line that it counts is always its first.
            let why = why.split(" at line ").next().unwrap_or(&why);
            SourceFault::Json(format!("character {}: {why}", error.column()))
        })?;
        let mut seen = vec![false; self.columns.names().len()];
        for (name, value) in members {
            let column = match self.at.get(&name) {
                Some(&column) => column,
                None => self.add(&name, &mut seen)?,
            };
            if std::mem::replace(&mut seen[column], true) {
                return Err(SourceFault::DuplicateColumn(name));
            }
            self.value(column, value, name)?;
        }
        self.columns.end_row(line);
        Ok(())
    }

    fn add(&mut self, name: &str, seen: &mut Vec<bool>) -> Result<usize, SourceFault> {
        if name == LINE {
            return Err(SourceFault::ReservedColumn(name.to_owned()));
        }
        self.columns.add(name.to_owned(), false);
        self.at.insert(name.to_owned(), seen.len());
        seen.push(false);
        Ok(seen.len() - 1)
    }

    fn value(&mut self, column: usize, value: &RawValue, name: String) -> Result<(), SourceFault> {
        let text = value.get();
        match text.as_bytes().first() {
            Some(b'n') => {}
            Some(b'{' | b'[') => return Err(SourceFault::Nested { column: name }),
            Some(b'"') => {
                let string: String = serde_json::from_str(text)
                    .map_err(|error| SourceFault::Json(format!("member `{name}`: {error}")))?;
                self.columns.text(column, &string);
            }
            _ => self.columns.value(column, text),
        }
        Ok(())
    }
}

/// The members of an object as they stand there, also those of equal names.
struct Members<'r>(Vec<(String, &'r RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("one JSON object a line")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

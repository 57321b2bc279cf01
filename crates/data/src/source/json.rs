//! Newline-delimited JSON: one object a line, whose members are the columns.
//!
//! Numbers are taken digit by digit, as they are written; a string stays text whatever it looks
//! like. A member that an object lacks has no value there. Objects and lists inside a row are
//! refused: which row they would make is the provider's to say.

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::LINE;
use super::columns::{Columns, Found};
use crate::{Error, SourceFault};

/// Reads a file into columns, line by line.
pub(super) fn read(path: &Path, columns: Columns) -> Result<Found, Error> {
    let unreadable = |error| Error::File { path: path.to_owned(), error };
    let fault = |line, fault| Error::Source { place: path.display().to_string(), line, fault };
    let mut file = BufReader::new(File::open(path).map_err(unreadable)?);
    let mut rows = Rows { columns, at: HashMap::new() };
    let mut bytes = vec![];
    for line in 1.. {
        bytes.clear();
        if file.read_until(b'\n', &mut bytes).map_err(unreadable)? == 0 {
            break;
        }
        let mark: &[u8] = if line == 1 { b"\xef\xbb\xbf" } else { b"" };
        let row = bytes.strip_prefix(mark).unwrap_or(&bytes);
        let row = row.strip_suffix(b"\n").unwrap_or(row);
        if row.trim_ascii().is_empty() {
            continue;
        }
        if !rows.push(row, line).map_err(|why| fault(Some(line), why))? {
            break;
        }
    }
    rows.columns.found().map_err(|why| fault(None, why))
}

struct Rows {
    columns: Columns,
    at: HashMap<String, usize>,
}

impl Rows {
    fn push(&mut self, row: &[u8], line: u64) -> Result<bool, SourceFault> {
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
        self.columns.end_row(line)
    }

    fn add(&mut self, name: &str, seen: &mut Vec<bool>) -> Result<usize, SourceFault> {
        if name == LINE {
            return Err(SourceFault::ReservedColumn(name.to_owned()));
        }
        self.columns.add(name.to_owned(), false)?;
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

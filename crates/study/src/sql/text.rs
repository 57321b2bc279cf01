//! Where a query stands in the study that contains it.

use std::ops::Range;

use sqlparser::parser::ParserError;
use sqlparser::tokenizer::{Location, Span};

use crate::report::{Problem, Source};

/// The text of a query, and the string literal of the study that it comes from.
pub(crate) struct Text<'t> {
    pub(crate) source: &'t Source<'t>,
    /// The literal, with its quotation marks.
    pub(crate) literal: Range<usize>,
    /// The string that the literal means.
    pub(crate) sql: &'t str,
}

impl Text<'_> {
    /// A problem with a part of the query; with all of it if the part has no place.
    pub(super) fn problem(&self, span: Span, message: impl Into<String>) -> Problem {
        if span.start.line == 0 {
            return self.source.problem(self.literal.clone(), message);
        }
        let start = self.offset(span.start);
        let end = if span.end.line == 0 { start } else { self.offset(span.end) };
        self.source.problem(start..end, message)
    }

    /// The parser's own complaint, with its place where ours are.
    pub(super) fn syntax_problem(&self, error: &ParserError) -> Problem {
        let text = match error {
            ParserError::TokenizerError(text) | ParserError::ParserError(text) => text.as_str(),
            ParserError::RecursionLimitExceeded => {
                let message = "the query is nested too deeply";
                return self.source.problem(self.literal.clone(), message);
            }
        };
        let (message, start) = split_location(text);
        let mut message = message.to_owned();
        if let Some(first) = message.get_mut(..1) {
            first.make_ascii_lowercase();
        }
        self.problem(Span { start, end: start }, message)
    }

    /// Byte of the study at a place in the query.
    fn offset(&self, location: Location) -> usize {
        let line = usize::try_from(location.line).unwrap_or(usize::MAX).saturating_sub(1);
        let column = usize::try_from(location.column).unwrap_or(usize::MAX).saturating_sub(1);
        let line_start: usize = self.sql.split_inclusive('\n').take(line).map(str::len).sum();
        let before: usize = self.sql[line_start..].chars().take(column).map(char::len_utf8).sum();
        let raw = &self.source.text()[self.literal.clone()];
        self.literal.start + origin(raw, line_start + before)
    }
}

/// Splits "... at Line: 1, Column: 8", the form in which the parser tells places.
fn split_location(text: &str) -> (&str, Location) {
    let nowhere = Location { line: 0, column: 0 };
    let Some((message, place)) = text.rsplit_once(" at Line: ") else { return (text, nowhere) };
    let Some((line, column)) = place.split_once(", Column: ") else { return (text, nowhere) };
    match (line.parse(), column.parse()) {
        (Ok(line), Ok(column)) => (message, Location { line, column }),
        _ => (text, nowhere),
    }
}

/// Byte of a TOML string literal that byte `wanted` of its meaning comes from.
fn origin(literal: &str, wanted: usize) -> usize {
    let basic = literal.starts_with('"');
    let multiline = literal.starts_with("\"\"\"") || literal.starts_with("'''");
    let mut at = if multiline { 3 } else { 1 };
    if multiline {
        // A newline right behind the opening marks means nothing.
        let rest = literal.get(at..).unwrap_or_default();
        at += if rest.starts_with("\r\n") { 2 } else { usize::from(rest.starts_with('\n')) };
    }
    let mut made = 0;
    while let Some(first) = literal.get(at..).and_then(|rest| rest.chars().next()) {
        let (taken, meant) = match first {
            '\\' if basic => escape(&literal[at..]),
            _ => (first.len_utf8(), first.len_utf8()),
        };
        if meant > 0 && made >= wanted {
            break;
        }
        at += taken;
        made += meant;
    }
    at.min(literal.len())
}

/// How many bytes an escape sequence takes, and how many it means.
fn escape(rest: &str) -> (usize, usize) {
    let code = |digits: usize| {
        let value = rest.get(2..2 + digits).and_then(|hex| u32::from_str_radix(hex, 16).ok());
        (2 + digits, value.and_then(char::from_u32).map_or(1, char::len_utf8))
    };
    match rest[1..].chars().next() {
        Some('x') => code(2),
        Some('u') => code(4),
        Some('U') => code(8),
        // A backslash at the end of a line swallows all white space that follows.
        Some(c) if c.is_whitespace() => (rest.len() - rest[1..].trim_start().len(), 0),
        Some(c) => (1 + c.len_utf8(), 1),
        None => (1, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::origin;

    #[test]
    fn every_byte_of_a_string_is_found_in_its_literal() {
        let rows = [
            (r#""abX""#, 3),
            ("'abX'", 3),
            ("\"\"\"\nabX\"\"\"", 6),
            ("'''\r\nabX'''", 7),
            (r#""\"\nX""#, 5),
            (r#""\u00e9X""#, 7),
            (r#""éX""#, 3),
            ("\"\"\"ab\\\n   X\"\"\"", 10),
        ];
        for (literal, want) in rows {
            let document = format!("s = {literal}");
            let table: toml::Table = document.parse().expect("TOML");
            let meaning = table["s"].as_str().expect("a string").to_owned();
            let wanted = meaning.find('X').expect("an X");
            assert_eq!(origin(literal, wanted), want, "{literal}");
            assert_eq!(&literal[want..=want], "X", "{literal}");
        }
    }
}

//! Mistakes in a text that a person wrote: where, what, and what to do about it.
//!
//! Any crate that reads such a text (a study, a mapping file) makes a [`Source`] of it and
//! collects [`Problem`]s, so that all of them look the same and several are told at once.

use std::fmt;
use std::ops;

/// A place in a text, both counted from 1; columns are characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file, as the reader named it.
    pub file: String,
    /// Where the mistake begins.
    pub position: Position,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    pub(crate) line: String,
    pub(crate) width: usize,
}

impl Problem {
    /// The same problem with advice.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// One line of text, then the line in question with carets below it, as compilers print them.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Position { line, column } = self.position;
        let margin = line.to_string().len();
        writeln!(f, "error: {}", self.message)?;
        writeln!(f, "{:margin$}--> {}:{line}:{column}", "", self.file)?;
        writeln!(f, "{:margin$} |", "")?;
        writeln!(f, "{line} | {}", self.line)?;
        write!(
            f,
            "{:margin$} | {:indent$}{}",
            "",
            "",
            "^".repeat(self.width),
            indent = column - 1
        )?;
        match &self.help {
            Some(help) => write!(f, "\n{:margin$} = help: {help}", ""),
            None => Ok(()),
        }
    }
}

/// All mistakes found in one reading, in the order of the text; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report(pub Vec<Problem>);

impl From<Problem> for Report {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("\n\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Report {}

/// A text with the name of its file and the beginnings of its lines.
#[derive(Clone, Debug)]
pub struct Source<'t> {
    file: &'t str,
    text: &'t str,
    line_starts: Vec<usize>,
}

impl<'t> Source<'t> {
    /// Longest underlining, in characters.
    const WIDTH_MAX: usize = 60;

    /// `text`, to be called `file` in problems.
    #[must_use]
    pub fn new(text: &'t str, file: &'t str) -> Self {
        let line_starts =
            std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { file, text, line_starts }
    }

    /// The text itself.
    #[must_use]
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// Place of a byte of the text. What lies beyond the end is taken for the end.
    #[must_use]
    pub fn position(&self, offset: usize) -> Position {
        let offset = self.text.floor_char_boundary(offset);
        let line = self.line_starts.partition_point(|&start| start <= offset);
        let column = self.text[self.line_starts[line - 1]..offset].chars().count() + 1;
        Position { line, column }
    }

    /// A problem with these bytes of the text; its underlining ends with the line.
    pub fn problem(&self, span: ops::Range<usize>, message: impl Into<String>) -> Problem {
        let position = self.position(span.start);
        let start = self.text.floor_char_boundary(span.start);
        let line_start = self.line_starts[position.line - 1];
        let line = self.text[line_start..].lines().next().unwrap_or_default();
        let end = self.text.floor_char_boundary(span.end).min(line_start + line.len());
        let width = if start < end { self.text[start..end].chars().count() } else { 1 };
        Problem {
            file: self.file.to_owned(),
            position,
            message: message.into(),
            help: None,
            // A control character would spoil the alignment, or worse, the terminal.
            line: line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect(),
            width: width.min(Self::WIDTH_MAX),
        }
    }
}

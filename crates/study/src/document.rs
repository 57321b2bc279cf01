//! Strict reading of TOML: whatever nobody asked for is a mistake, and every mistake has a place.
//!
//! A walk over the document instead of derived deserialisation, because that stops at its first
//! mistake and calls an unknown key by the name of a Rust type.

use std::cell::RefCell;
use std::ops::Range;
use std::sync::LazyLock;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use crate::report::{Problem, Report, Source};
use crate::{Decimal, suggest};

/// A well-formed TOML document and the problems found in it so far.
#[derive(Debug)]
pub struct Document<'t> {
    source: Source<'t>,
    root: Spanned<DeTable<'t>>,
    problems: RefCell<Vec<Problem>>,
}

impl<'t> Document<'t> {
    /// Most problems told at once: beyond them, one mistake is likely to be the cause of the next.
    const PROBLEMS_MAX: usize = 20;

    /// Reads `text`, to be called `file` in problems.
    ///
    /// # Errors
    /// The places where `text` is not TOML.
    pub fn parse(text: &'t str, file: &'t str) -> Result<Self, Report> {
        let source = Source::new(text, file);
        let (root, errors) = DeTable::parse_recoverable(text);
        let problems = errors
            .into_iter()
            .map(|error| source.problem(error.span().unwrap_or(0..0), error.message()))
            .collect();
        let document = Self { source, root, problems: RefCell::default() };
        Self::report(problems).map_or(Ok(document), Err)
    }

    /// The text and its name.
    #[must_use]
    pub fn source(&self) -> &Source<'t> {
        &self.source
    }

    /// The table that the document is.
    #[must_use]
    pub fn root(&self) -> Section<'_> {
        self.section(self.root.get_ref(), 0..0, "the file".to_owned())
    }

    /// A table without keys, for one that may be left out.
    #[must_use]
    pub fn empty_section(&self) -> Section<'_> {
        static EMPTY: LazyLock<DeTable<'static>> = LazyLock::new(DeTable::new);
        self.section(&EMPTY, 0..0, String::new())
    }

    /// Notes that these bytes are wrong.
    pub fn refuse(&self, span: Range<usize>, message: impl Into<String>) {
        self.note(self.source.problem(span, message));
    }

    /// Notes that these bytes are wrong, with advice.
    pub fn refuse_with_help(
        &self,
        span: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.note(self.source.problem(span, message).with_help(help));
    }

    /// Notes a problem.
    pub fn note(&self, problem: Problem) {
        self.problems.borrow_mut().push(problem);
    }

    /// What was read, if nothing was wrong with it.
    ///
    /// # Errors
    /// All problems noted.
    ///
    /// # Panics
    /// If there is neither a value nor a problem: the caller dropped one without noting it.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, Report> {
        match Self::report(self.problems.into_inner()) {
            Some(report) => Err(report),
            None => Ok(value.expect("whatever could not be read was noted as a problem")),
        }
    }

    fn report(mut problems: Vec<Problem>) -> Option<Report> {
        problems.sort_by_key(|problem| problem.position);
        problems.dedup();
        problems.truncate(Self::PROBLEMS_MAX);
        (!problems.is_empty()).then_some(Report(problems))
    }

    fn section<'d>(
        &'d self,
        table: &'d DeTable<'t>,
        span: Range<usize>,
        title: String,
    ) -> Section<'d> {
        Section { document: self, table, span, title, asked: RefCell::default() }
    }
}

/// One table of a document. It remembers what it was asked for; [`Section::finish`] refuses the
/// rest.
#[derive(Debug)]
pub struct Section<'d> {
    document: &'d Document<'d>,
    table: &'d DeTable<'d>,
    span: Range<usize>,
    title: String,
    asked: RefCell<Vec<&'static str>>,
}

impl<'d> Section<'d> {
    /// Where the table begins in the document.
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// The value of `key`, if it is there and of the right type. Notes a problem if it is of
    /// another.
    pub fn optional<T: Value>(&self, key: &'static str) -> Option<Spanned<T>> {
        let (_, value) = self.find(key)?;
        match T::read(value) {
            Ok(read) => Some(Spanned::new(value.span(), read)),
            Err(unfit) => {
                let Unfit { span, wanted, found } = unfit;
                self.document.refuse(span, format!("`{key}` must be {wanted}, not {found}"));
                None
            }
        }
    }

    /// The value of `key`; notes a problem if it is missing or of another type.
    pub fn required<T: Value>(&self, key: &'static str) -> Option<Spanned<T>> {
        if !self.has(key) {
            self.missing(key, &format!("add `{key} = ...`: {}", T::WANTED));
        }
        self.optional(key)
    }

    /// The table `[key]`; notes a problem if it is missing.
    pub fn required_section(&self, key: &'static str) -> Option<Self> {
        if !self.has(key) {
            self.missing(key, &format!("add a table `[{key}]`"));
        }
        self.optional_section(key)
    }

    /// The table `[key]`, if it is there.
    pub fn optional_section(&self, key: &'static str) -> Option<Self> {
        let (span, value) = self.find(key)?;
        let DeValue::Table(table) = value.get_ref() else {
            self.document.refuse(span, format!("`{key}` must be a table, written `[{key}]`"));
            return None;
        };
        Some(self.document.section(table, span, format!("[{key}]")))
    }

    /// The tables `[[key]]`; notes a problem if there are none.
    pub fn sections(&self, key: &'static str) -> Vec<Self> {
        let Some((span, value)) = self.find(key) else {
            self.missing(key, &format!("add a table `[[{key}]]` for each"));
            return Vec::new();
        };
        let items = value.get_ref().as_array().map_or(&[][..], |array| array.as_ref());
        let sections: Vec<Section<'d>> = items
            .iter()
            .filter_map(|item| {
                let table = item.get_ref().as_table()?;
                Some(self.document.section(table, item.span(), format!("[[{key}]]")))
            })
            .collect();
        if sections.is_empty() || sections.len() < items.len() {
            self.document.refuse(span, format!("`{key}` must be tables, each written `[[{key}]]`"));
        }
        sections
    }

    /// The tables `[key.NAME]`, each under a name of the writer's choice; none if there is no
    /// `[key]`.
    pub fn named_sections(&self, key: &'static str) -> Vec<(Spanned<String>, Self)> {
        let Some(parent) = self.optional_section(key) else { return Vec::new() };
        let one = |(name, value): (&'d Spanned<DeString<'d>>, &'d Spanned<DeValue<'d>>)| {
            let title = format!("[{key}.{}]", name.get_ref().escape_debug());
            let DeValue::Table(table) = value.get_ref() else {
                let message = format!("`{}` must be a table, written `{title}`", name.get_ref());
                self.document.refuse(name.span(), message);
                return None;
            };
            let section = self.document.section(table, name.span(), title);
            Some((Spanned::new(name.span(), name.get_ref().to_string()), section))
        };
        parent.table.iter().filter_map(one).collect()
    }

    /// The texts of the table `[key]`, each under a name of the writer's choice; none if there is
    /// no `[key]`.
    pub fn named_texts(&self, key: &'static str) -> Vec<(Spanned<String>, Spanned<String>)> {
        let Some(parent) = self.optional_section(key) else { return Vec::new() };
        let one = |(name, value): (&Spanned<DeString<'d>>, &Spanned<DeValue<'d>>)| {
            let key = Spanned::new(name.span(), name.get_ref().to_string());
            match String::read(value) {
                Ok(text) => Some((key, Spanned::new(value.span(), text))),
                Err(Unfit { span, wanted, found }) => {
                    let message = format!("`{}` must be {wanted}, not {found}", key.get_ref());
                    self.document.refuse(span, message);
                    None
                }
            }
        };
        parent.table.iter().filter_map(one).collect()
    }

    /// Whether `key` is there. To ask makes it a known key.
    #[must_use]
    pub fn has(&self, key: &'static str) -> bool {
        self.find(key).is_some()
    }

    /// The same table under a name that fits its problems better.
    #[must_use]
    pub fn titled(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Refuses every key that was not asked for.
    pub fn finish(self) {
        let asked = self.asked.borrow();
        for key in self.table.keys().filter(|key| !asked.contains(&key.get_ref().as_ref())) {
            let name = key.get_ref();
            let problem = self
                .document
                .source
                .problem(key.span(), format!("{} has no key `{name}`", self.title));
            let help = suggest::advice(name, "keys", asked.iter().copied());
            self.document.note(Problem { help, ..problem });
        }
    }

    fn missing(&self, key: &str, help: &str) {
        let message = format!("{} lacks `{key}`", self.title);
        self.document.refuse_with_help(self.span(), message, help);
    }

    /// Where the key stands, and its value.
    fn find(&self, key: &'static str) -> Option<(Range<usize>, &'d Spanned<DeValue<'d>>)> {
        self.asked.borrow_mut().push(key);
        self.table.get_key_value(key).map(|(key, value)| (key.span(), value))
    }
}

/// Why a value could not be read.
#[derive(Debug)]
pub struct Unfit {
    span: Range<usize>,
    wanted: &'static str,
    found: &'static str,
}

/// What a TOML value can be read as.
pub trait Value: Sized {
    /// What must stand there, with its article.
    const WANTED: &'static str;

    /// The value, if it is one.
    ///
    /// # Errors
    /// Where something else stands, and what.
    fn read(value: &Spanned<DeValue<'_>>) -> Result<Self, Unfit>;
}

fn read_if<T: Value>(
    value: &Spanned<DeValue<'_>>,
    read: impl FnOnce(&DeValue<'_>) -> Option<T>,
) -> Result<T, Unfit> {
    read(value.get_ref()).ok_or_else(|| {
        let found = match value.get_ref() {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "this integer",
            DeValue::Float(_) => "this number",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date without quotes",
            DeValue::Array(_) => "an array",
            DeValue::Table(_) => "a table",
        };
        Unfit { span: value.span(), wanted: T::WANTED, found }
    })
}

impl Value for String {
    const WANTED: &'static str = "a string";

    fn read(value: &Spanned<DeValue<'_>>) -> Result<Self, Unfit> {
        read_if(value, |value| value.as_str().map(str::to_owned))
    }
}

impl Value for bool {
    const WANTED: &'static str = "true or false";

    fn read(value: &Spanned<DeValue<'_>>) -> Result<Self, Unfit> {
        read_if(value, |value| value.as_bool())
    }
}

impl Value for u64 {
    const WANTED: &'static str = "a whole number of at least 0";

    fn read(value: &Spanned<DeValue<'_>>) -> Result<Self, Unfit> {
        read_if(value, |value| {
            let integer = value.as_integer()?;
            Self::from_str_radix(integer.as_str(), integer.radix()).ok()
        })
    }
}

impl Value for Decimal {
    const WANTED: &'static str = "a number of at most 36 digits, 18 of them after the point";

    fn read(value: &Spanned<DeValue<'_>>) -> Result<Self, Unfit> {
        read_if(value, |value| match value {
            DeValue::Integer(integer) => {
                Self::new(i128::from_str_radix(integer.as_str(), integer.radix()).ok()?, 0)
            }
            DeValue::Float(float) => Self::parse(float.as_str()),
            _ => None,
        })
    }
}

impl<T: Value> Value for Vec<Spanned<T>> {
    const WANTED: &'static str = "an array";

    fn read(value: &Spanned<DeValue<'_>>) -> Result<Self, Unfit> {
        let DeValue::Array(items) = value.get_ref() else {
            return read_if(value, |_| None);
        };
        items.iter().map(|item| Ok(Spanned::new(item.span(), T::read(item)?))).collect()
    }
}

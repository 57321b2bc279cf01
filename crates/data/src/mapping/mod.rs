//! The provider's private mapping file: where its records are, and which SQL or which renames,
//! units and codes make the agreed table of them. docs/study.md describes it.

mod columns;
mod source;

use std::fs;
use std::path::Path;

use datafusion::sql::sqlparser::ast::Query;
use sharewell_study::document::{Document, Section};
use sharewell_study::suggest;
use toml::Spanned;

pub(crate) use columns::{ColumnRule, Word};
pub(crate) use source::{CsvOptions, Origin, Picture, Server, Source, Tls};

use crate::{Error, sql};

/// A mapping file, read and checked; its sources have not been opened.
#[derive(Clone, Debug)]
pub struct Mapping {
    pub(crate) sources: Vec<Source>,
    /// Absent if the only source has the agreed columns, under names that `columns` says.
    pub(crate) query: Option<Box<Query>>,
    pub(crate) columns: Vec<ColumnRule>,
    pub(crate) on_rejected: OnRejected,
}

/// What to do about invalid rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum OnRejected {
    /// Leave them out, list and count them.
    #[default]
    Skip,
    /// Give no result.
    Stop,
}

impl Mapping {
    /// Reads and checks a mapping file. Its sources are not opened.
    ///
    /// # Errors
    /// [`Error::File`] if it cannot be read, [`Error::Mapping`] if it has mistakes.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let text = fs::read_to_string(path)
            .map_err(|error| Error::File { path: path.to_owned(), error })?;
        let directory = path.parent().unwrap_or(Path::new("."));
        Self::parse(&text, &path.to_string_lossy(), directory)
    }

    /// `text`, called `file` in messages, with paths relative to `directory`.
    ///
    /// # Errors
    /// [`Error::Mapping`] if it has mistakes.
    pub fn parse(text: &str, file: &str, directory: &Path) -> Result<Self, Error> {
        let document = Document::parse(text, file).map_err(Error::Mapping)?;
        let mapping = Reader { document: &document, directory }.mapping();
        document.finish(mapping).map_err(Error::Mapping)
    }
}

/// Reads parts of a mapping. A part that is `None` has left a problem with the document.
struct Reader<'d> {
    document: &'d Document<'d>,
    directory: &'d Path,
}

impl Reader<'_> {
    fn mapping(&self) -> Option<Mapping> {
        let root = self.document.root();
        let sources: Vec<_> = root.named_sections("source");
        if sources.is_empty() && !root.has("source") {
            self.document.refuse(0..0, "no [source.NAME] is given");
        }
        let read = |(name, section)| self.source(name, section);
        let sources: Vec<Option<Source>> = sources.into_iter().map(read).collect();
        let query = match root.has("map") || sources.len() == 1 {
            true => root.optional_section("map").map(|section| self.map(section)),
            false => root.required_section("map").map(|section| self.map(section)),
        };
        let rules = root.named_sections("columns").into_iter();
        let columns: Vec<Option<ColumnRule>> =
            rules.map(|(name, section)| self.column(name, section)).collect();
        let on_rejected = match root.optional_section("rules") {
            Some(section) => self.rules(section),
            None => Some(OnRejected::default()),
        };
        let engine =
            !root.has("engine") || root.optional("engine").and_then(|w| self.engine(&w)).is_some();
        root.finish();
        let sources: Vec<Source> = sources.into_iter().collect::<Option<_>>()?;
        let columns = columns.into_iter().collect::<Option<_>>()?;
        // A query that could not be read has left a problem.
        let query = query.map_or(Some(None), |query| query.map(Some))?;
        engine.then_some(Mapping { sources, query, columns, on_rejected: on_rejected? })
    }

    /// What carries out the SQL; docs/adr/0015-one-machine-a-provider.md says why there is one.
    fn engine(&self, word: &Spanned<String>) -> Option<()> {
        let message = format!("no engine `{}` is in this program", word.get_ref().escape_debug());
        let help = "leave `engine` out: the SQL runs on this machine, in bounded memory; a cluster \
                    can write what it computes to Parquet files, and these be the source";
        self.require(word.get_ref() == "datafusion", word.span(), &message, help)
    }

    fn map(&self, section: Section<'_>) -> Option<Box<Query>> {
        let text: Option<Spanned<String>> = section.required("sql");
        section.finish();
        let text = text?;
        sql::parse(text.get_ref()).map_err(|why| self.document.refuse(text.span(), why)).ok()
    }

    fn rules(&self, section: Section<'_>) -> Option<OnRejected> {
        let words = [("skip", OnRejected::Skip), ("stop", OnRejected::Stop)];
        let rule = match section.has("on_rejected") {
            false => Some(OnRejected::default()),
            true => section.optional("on_rejected").and_then(|word| self.choice(&word, &words)),
        };
        section.finish();
        rule
    }

    /// One of a few words.
    fn choice<T: Copy>(&self, word: &Spanned<String>, choices: &[(&str, T)]) -> Option<T> {
        if let Some((_, choice)) = choices.iter().find(|(name, _)| name == word.get_ref()) {
            return Some(*choice);
        }
        let message = format!("\"{}\" is not possible here", word.get_ref().escape_debug());
        let names = choices.iter().map(|(name, _)| *name);
        let help = suggest::advice(word.get_ref(), "choices", names).unwrap_or_default();
        self.document.refuse_with_help(word.span(), message, help);
        None
    }

    /// Notes message and help as a problem unless the condition holds.
    fn require(
        &self,
        holds: bool,
        span: std::ops::Range<usize>,
        message: &str,
        help: &str,
    ) -> Option<()> {
        if !holds {
            self.document.refuse_with_help(span, message, help);
        }
        holds.then_some(())
    }
}

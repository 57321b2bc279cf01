//! `[columns.NAME]`: how an agreed column is made of the provider's, beside or instead of SQL.

use sharewell_study::Problem;
use sharewell_study::document::Section;
use toml::Spanned;

use super::Reader;

/// What the mapping says of one agreed column. Whether it fits the table is found out when that is
/// known; every word keeps its place until then.
#[derive(Clone, Debug)]
pub(crate) struct ColumnRule {
    /// The agreed column.
    pub(crate) name: Word,
    /// The provider's column.
    pub(crate) from: Option<Word>,
    /// The unit that the provider's values are in.
    pub(crate) unit: Option<Word>,
    /// The provider's codes, and what was agreed for them.
    pub(crate) codes: Vec<(Word, Word)>,
    /// Texts that mean "no value".
    pub(crate) missing: Vec<String>,
}

/// A text of the mapping file, and its place.
#[derive(Clone, Debug)]
pub(crate) struct Word {
    pub(crate) text: String,
    place: Problem,
}

impl Word {
    /// What is wrong with the word, and what to do.
    pub(crate) fn refuse(&self, message: impl Into<String>, help: Option<String>) -> Problem {
        let mut problem = self.place.clone();
        (problem.message, problem.help) = (message.into(), help);
        problem
    }
}

impl Reader<'_> {
    pub(super) fn column(&self, name: Spanned<String>, section: Section<'_>) -> Option<ColumnRule> {
        let texts = |key| section.optional::<Vec<Spanned<String>>>(key).map(Spanned::into_inner);
        let missing = texts("missing").unwrap_or_default();
        let codes = section.named_texts("codes");
        let rule = ColumnRule {
            name: self.word(name),
            from: section.optional("from").map(|text| self.word(text)),
            unit: section.optional("unit").map(|text| self.word(text)),
            codes: codes.into_iter().map(|(a, b)| (self.word(a), self.word(b))).collect(),
            missing: missing.into_iter().map(Spanned::into_inner).collect(),
        };
        section.finish();
        Some(rule)
    }

    fn word(&self, text: Spanned<String>) -> Word {
        let place = self.document.source().problem(text.span(), "");
        Word { text: text.into_inner(), place }
    }
}

//! What is asked of the pooled records together.

use toml::Spanned;

use super::to_f64;
use crate::document::Section;
use crate::parse::Reader;
use crate::sql;
use crate::{Decimal, Drift, DriftIndex, JointQuality, Reveal, Table};

/// Most edges of one drift index: each is counted at home and compared under secure computation.
const EDGES_MAX: usize = 200;

impl Reader<'_> {
    pub(super) fn joint_quality(
        &self,
        section: &Section<'_>,
        table: Option<&Table>,
    ) -> Option<JointQuality> {
        let missing = self.listed(section, "missing", table, |table, name| self.seen(table, name));
        let implausible =
            self.listed(section, "implausible", table, |table, text| self.predicate(table, text));
        let duplicates = match section.has("duplicates") {
            false => Some(false),
            true => section.optional("duplicates").and_then(|word: Spanned<bool>| {
                let keyed = !*word.get_ref() || table.is_none_or(|table| !table.key.is_empty());
                self.require(keyed, word.span(), || {
                    let help = "say by which columns records are told apart: `key` in [table]";
                    ("without a key there are no duplicates".to_owned(), help.to_owned())
                })?;
                Some(word.into_inner())
            }),
        };
        let drift: Option<Vec<Drift>> = match section.has("drift") {
            false => Some(vec![]),
            true => {
                let sections = section.sections("drift");
                let read: Vec<_> = sections.into_iter().map(|s| self.drift(s, table)).collect();
                read.into_iter().collect()
            }
        };
        let (missing, implausible) = (missing?, implausible?);
        let quality = JointQuality { missing, implausible, duplicates: duplicates?, drift: drift? };
        let asks = !(quality.missing.is_empty()
            && quality.implausible.is_empty()
            && quality.drift.is_empty())
            || quality.duplicates;
        self.require(asks, section.span(), || {
            let help = "ask for `missing`, `implausible`, `duplicates` or [[objective.drift]]";
            ("nothing is asked of the records".to_owned(), help.to_owned())
        })?;
        Some(quality)
    }

    /// A list that may be left out, of things that each are there once.
    fn listed<T: PartialEq>(
        &self,
        section: &Section<'_>,
        key: &'static str,
        table: Option<&Table>,
        read: impl Fn(&Table, &Spanned<String>) -> Option<T>,
    ) -> Option<Vec<T>> {
        if !section.has(key) {
            return Some(vec![]);
        }
        let texts: Vec<Spanned<String>> = section.optional(key)?.into_inner();
        let table = table?;
        let mut all: Vec<T> = vec![];
        for text in &texts {
            let one = read(table, text)?;
            self.require(!all.contains(&one), text.span(), || {
                let message = format!("`{}` stands in `{key}` twice", text.get_ref());
                (message, "remove one".to_owned())
            })?;
            all.push(one);
        }
        Some(all)
    }

    /// A column whose missing values can be counted.
    fn seen(&self, table: &Table, name: &Spanned<String>) -> Option<usize> {
        let source = self.document.source();
        let found = sql::named(table, name.get_ref());
        found
            .map_err(|refusal| self.document.note(refusal.at(source.problem(name.span(), ""))))
            .ok()
    }

    fn drift(&self, section: Section<'_>, table: Option<&Table>) -> Option<Drift> {
        let value = self.value(&section, "value", table);
        let edges = self.edges(&section);
        let indices = DriftIndex::ALL.map(|index| (index.name(), index));
        let index = section.required("index").and_then(|word| self.choice(&word, &indices));
        let limit = section.required("limit").and_then(|limit: Spanned<Decimal>| {
            self.require(limit.get_ref().digits >= 0, limit.span(), || {
                let help = "0.1 is worth a look, 0.25 is too much by the rule of thumb for psi";
                ("`limit` cannot be negative".to_owned(), help.to_owned())
            })?;
            Some(limit.into_inner())
        });
        let words = [("verdict", Reveal::Verdict), ("index", Reveal::Index)];
        let reveal = match section.has("reveal") {
            false => Some(Reveal::Verdict),
            true => section.optional("reveal").and_then(|word| self.choice(&word, &words)),
        };
        section.finish();
        Some(Drift { value: value?, edges: edges?, index: index?, limit: limit?, reveal: reveal? })
    }

    fn edges(&self, section: &Section<'_>) -> Option<Vec<Decimal>> {
        let edges: Spanned<Vec<Spanned<Decimal>>> = section.required("edges")?;
        let span = edges.span();
        let edges = edges.into_inner();
        self.require((1..=EDGES_MAX).contains(&edges.len()), span, || {
            let message = format!("`edges` has {} entries", edges.len());
            (message, format!("name 1 to {EDGES_MAX} values at which a bin begins"))
        })?;
        for pair in edges.windows(2) {
            let [below, above] = [&pair[0], &pair[1]].map(|edge| to_f64(*edge.get_ref()));
            self.require(below < above, pair[1].span(), || {
                ("`edges` must ascend".to_owned(), "write each of them once, in order".to_owned())
            })?;
        }
        Some(edges.into_iter().map(Spanned::into_inner).collect())
    }
}

//! Which records of different organisations belong together.

use toml::Spanned;

use crate::document::Section;
use crate::parse::Reader;
use crate::{Cross, Linkage, Missing, Party, Table, sql, suggest};

/// Most keys: each is sorted for all organisations, and compared with each before it.
const KEYS_MAX: usize = 8;

impl Reader<'_> {
    pub(super) fn linkage(
        &self,
        section: &Section<'_>,
        table: Option<&Table>,
        parties: Option<&[Party]>,
    ) -> Option<Linkage> {
        if let Some(parties) = parties {
            let givers = parties.iter().filter(|party| party.roles.data).count();
            self.require(givers > 1, section.span(), || {
                let help = "give another party the role \"data\"";
                ("one data party's records are linked with nobody's".to_owned(), help.to_owned())
            })?;
        }
        let keys = self.keys(section, table);
        let cross = match section.optional_section("cross") {
            None if section.has("cross") => return None,
            None => None,
            Some(cross) => Some(self.cross(cross, table, parties)?),
        };
        Some(Linkage { keys: keys?, cross })
    }

    fn keys(&self, section: &Section<'_>, table: Option<&Table>) -> Option<Vec<Vec<usize>>> {
        let lists: Spanned<Vec<Spanned<Vec<Spanned<String>>>>> = section.required("keys")?;
        let span = lists.span();
        let lists = lists.into_inner();
        self.require((1..=KEYS_MAX).contains(&lists.len()), span, || {
            let message = format!("`keys` has {} entries", lists.len());
            (message, format!("name 1 to {KEYS_MAX} keys, each a list of columns"))
        })?;
        let table = table?;
        let mut keys: Vec<Vec<usize>> = vec![];
        for list in lists {
            let span = list.span();
            let mut key = vec![];
            for name in list.into_inner() {
                let column = self.any_column(table, &name)?;
                self.require(!key.contains(&column), name.span(), || {
                    let message = format!("`{}` stands in this key twice", name.get_ref());
                    (message, "remove one".to_owned())
                })?;
                key.push(column);
            }
            self.require(!key.is_empty() && !keys.contains(&key), span, || {
                let message = "a key has columns of its own".to_owned();
                (message, "write each key once, with at least one column".to_owned())
            })?;
            keys.push(key);
        }
        Some(keys)
    }

    fn any_column(&self, table: &Table, name: &Spanned<String>) -> Option<usize> {
        let found = table.column(name.get_ref());
        if found.is_none() {
            let message = format!("there is no column `{}`", name.get_ref());
            let names = table.columns.iter().map(|column| column.name.as_str());
            let help = suggest::advice(name.get_ref(), "columns", names).unwrap_or_default();
            self.document.refuse_with_help(name.span(), message, help);
        }
        found
    }

    fn cross(
        &self,
        section: Section<'_>,
        table: Option<&Table>,
        parties: Option<&[Party]>,
    ) -> Option<Cross> {
        let of = self.two(&section, "of");
        let columns = self.two(&section, "columns");
        section.finish();
        let (of, columns) = (of?, columns?);
        let parties = parties?;
        let party = |name: &Spanned<String>| {
            let mut all = parties.iter();
            let found = all.position(|party| party.roles.data && party.name == *name.get_ref());
            if found.is_none() {
                let givers = parties.iter().filter(|party| party.roles.data);
                let givers = givers.map(|party| party.name.as_str());
                let message = format!("there is no data party `{}`", name.get_ref());
                let help = suggest::advice(name.get_ref(), "data parties", givers);
                self.document.refuse_with_help(name.span(), message, help.unwrap_or_default());
            }
            found
        };
        let of = [party(&of[0])?, party(&of[1])?];
        self.require(of[0] != of[1], columns[0].span(), || {
            let help = "name two organisations";
            ("records of one organisation are not linked".to_owned(), help.to_owned())
        })?;
        let table = table?;
        let column = |name: &Spanned<String>| {
            let found = sql::named(table, name.get_ref());
            let column = found
                .map_err(|refusal| {
                    let problem = self.document.source().problem(name.span(), "");
                    self.document.note(refusal.at(problem));
                })
                .ok()?;
            let of = &table.columns[column];
            let public = !of.values().is_empty() && of.missing == Missing::Refuse;
            self.require(public, name.span(), || {
                let message = format!("`{}` has no public list of values that all have", of.name);
                let help = "cross columns of type category or boolean with `missing = \"refuse\"`; \
                            let a mapping give what it has not a category of its own";
                (message, help.to_owned())
            })?;
            Some(column)
        };
        Some(Cross { parties: of, columns: [column(&columns[0])?, column(&columns[1])?] })
    }

    fn two(&self, section: &Section<'_>, key: &'static str) -> Option<[Spanned<String>; 2]> {
        let names: Spanned<Vec<Spanned<String>>> = section.required(key)?;
        let span = names.span();
        let names: Result<[Spanned<String>; 2], _> = names.into_inner().try_into();
        self.require(names.is_ok(), span, || {
            let help = "the first organisation's, then the second's";
            (format!("`{key}` names two"), help.to_owned())
        })?;
        names.ok()
    }
}

//! The agreed schema.

use std::ops::Range;

use toml::Spanned;

use super::Reader;
use crate::document::{Section, Value};
use crate::{CodeList, Column, Decimal, Kind, Missing, Table, date, suggest, unit};

/// Most records of one provider.
const ROWS_MAX: u64 = 1_000_000_000;

/// Most columns of the table.
const COLUMNS_MAX: usize = 4096;

/// Most digits after the point of a decimal column.
const DECIMALS_MAX: u64 = 9;

const TYPES: [&str; 7] =
    ["integer", "decimal", "timespan", "boolean", "category", "date", "identifier"];

impl Reader<'_> {
    pub(super) fn table(&self, section: Section<'_>) -> Option<Table> {
        let name = section.required("name").and_then(|name| self.identifier(name));
        let max_rows = section.required("max_rows").and_then(|rows: Spanned<u64>| {
            self.require((1..=ROWS_MAX).contains(rows.get_ref()), rows.span(), || {
                let help = "the most records that one provider may have; the bounds rest on it";
                (format!("`max_rows` must be at least 1 and at most {ROWS_MAX}"), help.to_owned())
            })?;
            Some(rows.into_inner())
        });
        let version = self.number(&section, "version", 1, 1..=u32::MAX.into());
        let key: Option<Spanned<Vec<Spanned<String>>>> = section.optional("key");
        let sections = section.sections("column");
        section.finish();
        let span = sections.first()?.span();
        let mut columns: Vec<Option<Column>> = Vec::new();
        let mut names = Vec::new();
        for section in sections {
            let copies = self.number(&section, "copies", 0, 1..=COLUMNS_MAX as u64);
            let has_copies = section.has("copies");
            let (first, place) = (names.len(), section.span());
            let column = self.column(section, &mut names);
            match (column, copies) {
                (Some(column), Some(copies)) if has_copies => {
                    names.truncate(first);
                    columns.extend(self.copies(&column, copies, (&mut names, place)));
                }
                (column, _) => columns.push(column),
            }
        }
        let count = columns.len();
        self.require(count <= COLUMNS_MAX, span, || {
            (format!("there are {count} columns"), format!("the table has at most {COLUMNS_MAX}"))
        })?;
        let columns = columns.into_iter().collect::<Option<Vec<_>>>()?;
        let key = key.map_or(Some(Vec::new()), |key| self.key_columns(key, &columns));
        let version = u32::try_from(version?).ok()?;
        Some(Table { name: name?, version, max_rows: max_rows?, columns, key: key?, sides: None })
    }

    /// Columns that differ in a number at the end of their names, from 1.
    fn copies(
        &self,
        of: &Column,
        copies: u64,
        (names, place): (&mut Vec<String>, Range<usize>),
    ) -> Vec<Option<Column>> {
        let copy = |i| {
            let name = format!("{}_{i}", of.name);
            let folded = name.to_ascii_lowercase();
            self.require(!names.contains(&folded), place.clone(), || {
                let message = format!("two columns are called `{name}`");
                (message, "names of columns differ in more than the case of letters".to_owned())
            })?;
            names.push(folded);
            Some(Column { name, ..of.clone() })
        };
        (1..=copies).map(copy).collect()
    }

    /// The columns by which records are told apart.
    fn key_columns(
        &self,
        key: Spanned<Vec<Spanned<String>>>,
        columns: &[Column],
    ) -> Option<Vec<usize>> {
        self.require(!key.get_ref().is_empty(), key.span(), || {
            ("a key has columns".to_owned(), "name them, or leave `key` out".to_owned())
        })?;
        let mut found = Vec::new();
        for name in key.into_inner() {
            let same = |c: &Column| c.name.eq_ignore_ascii_case(name.get_ref());
            let at = columns.iter().position(same);
            self.require(at.is_some(), name.span(), || {
                let names = columns.iter().map(|column| column.name.as_str());
                let help = suggest::advice(name.get_ref(), "columns", names);
                let message = format!("there is no column `{}`", name.get_ref().escape_debug());
                (message, help.unwrap_or_default())
            })?;
            let at = at?;
            self.require(columns[at].missing == Missing::Refuse, name.span(), || {
                let message =
                    format!("`{}` may be missing, but is part of the key", columns[at].name);
                (message, "set `missing = \"refuse\"` for it".to_owned())
            })?;
            self.require(!found.contains(&at), name.span(), || {
                (format!("`{}` is in the key twice", columns[at].name), "remove one".to_owned())
            })?;
            found.push(at);
        }
        found.sort_unstable();
        Some(found)
    }

    fn column(&self, section: Section<'_>, names: &mut Vec<String>) -> Option<Column> {
        let name = section.required("name").and_then(|name: Spanned<String>| {
            let folded = name.get_ref().to_ascii_lowercase();
            self.require(!names.contains(&folded), name.span(), || {
                let message = format!("two columns are called `{}`", name.get_ref().escape_debug());
                (message, "names of columns differ in more than the case of letters".to_owned())
            })?;
            names.push(folded);
            self.identifier(name)
        });
        let missing = match section.has("missing") {
            false => Some(Missing::Refuse),
            true => section.optional("missing").and_then(|word| {
                self.choice(&word, &[("refuse", Missing::Refuse), ("allow", Missing::Allow)])
            }),
        };
        let clip = match section.has("outside") {
            false => Some((false, None)),
            true => section.optional("outside").and_then(|word| {
                let clip = self.choice(&word, &[("refuse", false), ("clip", true)])?;
                Some((clip, clip.then(|| word.span())))
            }),
        };
        let (kind, section) = match section.required::<String>("type") {
            Some(kind) => self.kind(&kind, section),
            None => return None,
        };
        if kind.is_some() {
            section.finish();
        }
        let (kind, (clip, span)) = (kind?, clip?);
        if let Some(span) = span {
            let has_range =
                matches!(kind, Kind::Integer { .. } | Kind::Decimal { .. } | Kind::Date { .. });
            self.require(has_range, span, || {
                let message = "only numbers and dates have a range that values can lie beyond";
                (message.to_owned(), "leave `outside` out".to_owned())
            })?;
        }
        Some(Column { name: name?, kind, missing: missing?, clip })
    }

    /// The kind of a column, and the section under the kind's name.
    fn kind<'s>(
        &self,
        kind: &Spanned<String>,
        section: Section<'s>,
    ) -> (Option<Kind>, Section<'s>) {
        let section = match kind.get_ref().as_str() {
            name @ ("integer" | "identifier") => section.titled(format!("an {name} column")),
            name => section.titled(format!("a {name} column")),
        };
        let read = match kind.get_ref().as_str() {
            "integer" => self.integer(&section),
            "decimal" => self.decimal(&section),
            "timespan" => self.timespan(&section),
            "boolean" => Some(Kind::Boolean),
            "category" => self.category(&section),
            "date" => self.date(&section),
            "identifier" => Some(Kind::Identifier),
            other => {
                let help = match other {
                    "text" | "string" => Some(
                        "texts are never shared: use category, with the \
                        list of its values, or identifier"
                            .to_owned(),
                    ),
                    "float" | "double" | "real" | "number" => {
                        Some("use decimal, with its number of `decimals`".to_owned())
                    }
                    _ => suggest::advice(other, "types", TYPES),
                };
                let message = format!("there is no type \"{}\"", other.escape_debug());
                self.document.refuse_with_help(kind.span(), message, help.unwrap_or_default());
                None
            }
        };
        (read, section)
    }

    fn integer(&self, section: &Section<'_>) -> Option<Kind> {
        let unit = self.unit(section);
        let (min, max) = self.quanta(section, 0)?;
        Some(Kind::Integer { unit: unit?, min, max })
    }

    fn decimal(&self, section: &Section<'_>) -> Option<Kind> {
        let unit = self.unit(section);
        let decimals = section.required("decimals").and_then(|decimals: Spanned<u64>| {
            self.require(*decimals.get_ref() <= DECIMALS_MAX, decimals.span(), || {
                let help = "the digits after the point that the values are kept to";
                (format!("`decimals` must be at most {DECIMALS_MAX}"), help.to_owned())
            })?;
            u8::try_from(decimals.into_inner()).ok()
        });
        // Without the quantum the range cannot be judged, but it must be there.
        let (min, max) = match decimals {
            Some(decimals) => self.quanta(section, decimals)?,
            None => self.range::<Decimal>(section).map(|_| (0, 0))?,
        };
        Some(Kind::Decimal { unit: unit?, decimals: decimals?, min, max })
    }

    /// A decimal column whose unit is of time.
    fn timespan(&self, section: &Section<'_>) -> Option<Kind> {
        let kind = self.decimal(section)?;
        let known = kind.unit().is_some_and(unit::is_time);
        let span = section.optional::<String>("unit")?.span();
        self.require(known, span, || {
            let message = "a time span is measured in a unit of time".to_owned();
            (message, "us, ms, s, min, h, d or week".to_owned())
        })?;
        Some(kind)
    }

    fn category(&self, section: &Section<'_>) -> Option<Kind> {
        let categories: Spanned<Vec<Spanned<String>>> = section.required("categories")?;
        self.require(!categories.get_ref().is_empty(), categories.span(), || {
            ("there are no categories".to_owned(), "list all values that occur".to_owned())
        })?;
        let mut seen = std::collections::BTreeSet::new();
        for code in categories.get_ref() {
            self.printable(code, code.get_ref().clone())?;
            self.require(seen.insert(code.get_ref()), code.span(), || {
                let message = format!("the category \"{}\" is listed twice", code.get_ref());
                (message, "remove one".to_owned())
            })?;
        }
        let codes = categories.into_inner().into_iter().map(Spanned::into_inner).collect();
        let list = match section.has("code_list") || section.has("code_list_version") {
            false => None,
            true => {
                let text = |key| {
                    let text: Spanned<String> = section.required(key)?;
                    self.printable(&text, text.get_ref().clone())
                };
                let (name, version) = (text("code_list"), text("code_list_version"));
                Some(CodeList { name: name?, version: version? })
            }
        };
        Some(Kind::Category { codes, list })
    }

    fn date(&self, section: &Section<'_>) -> Option<Kind> {
        let (span, [min, max]) = self.range::<String>(section)?;
        let day = |text: &Spanned<String>| {
            let day = date::parse(text.get_ref());
            self.require(day.is_some(), text.span(), || {
                let message = format!("\"{}\" is not a day", text.get_ref().escape_debug());
                (message, "write days as \"2020-01-31\"".to_owned())
            })?;
            day
        };
        let (min, max) = (day(&min), day(&max));
        let (min, max) = (min?, max?);
        self.ordered(min <= max, span)?;
        Some(Kind::Date { min, max })
    }

    fn unit(&self, section: &Section<'_>) -> Option<String> {
        if !section.has("unit") {
            let help = "add `unit = \"h\"`, or `unit = \"1\"` if it has none";
            self.document.refuse_with_help(section.span(), "a numeric column lacks `unit`", help);
        }
        let unit: Spanned<String> = section.optional("unit")?;
        self.printable(&unit, unit.get_ref().clone())
    }

    /// The range of a numeric column, in multiples of 10^-decimals.
    fn quanta(&self, section: &Section<'_>, decimals: u8) -> Option<(i64, i64)> {
        let (span, [min, max]) = self.range::<Decimal>(section)?;
        let quanta = |bound: &Spanned<Decimal>| {
            let number = *bound.get_ref();
            let quanta = number.quanta(decimals).and_then(|quanta| i64::try_from(quanta).ok());
            self.require(quanta.is_some(), bound.span(), || {
                if number.scale > decimals {
                    let message =
                        format!("{number} has more than {decimals} digits after the point");
                    return (message, "round it outwards, or raise `decimals`".to_owned());
                }
                let message = format!("{number} is too large for a column");
                (message, "use a larger unit, or fewer `decimals`".to_owned())
            })?;
            quanta
        };
        let (min, max) = (quanta(&min), quanta(&max));
        let (min, max) = (min?, max?);
        self.ordered(min <= max, span)?;
        Some((min, max))
    }

    /// The two ends of a range, and where it stands.
    fn range<T: Value>(&self, section: &Section<'_>) -> Option<(Range<usize>, [Spanned<T>; 2])> {
        let range: Spanned<Vec<Spanned<T>>> = section.required("range")?;
        let span = range.span();
        let ends = <[Spanned<T>; 2]>::try_from(range.into_inner()).ok();
        self.require(ends.is_some(), span.clone(), || {
            let help = "write `range = [least, greatest]`; both may occur";
            ("a range has two ends".to_owned(), help.to_owned())
        })?;
        ends.map(|ends| (span, ends))
    }

    fn ordered(&self, holds: bool, span: Range<usize>) -> Option<()> {
        self.require(holds, span, || {
            ("the range is empty".to_owned(), "write the least value first".to_owned())
        })
    }

    fn identifier(&self, name: Spanned<String>) -> Option<String> {
        let digit_first = name.get_ref().starts_with(|c: char| c.is_ascii_digit());
        self.require(!digit_first, name.span(), || {
            let message = format!("\"{}\" cannot be a name here", name.get_ref().escape_debug());
            (message, "begin it with a letter".to_owned())
        })?;
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_';
        self.name(name, allowed, "letters, digits and underscores")
    }
}

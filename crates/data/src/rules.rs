//! The mapping's `[columns.NAME]` for one agreed table: which of the provider's columns, in which
//! unit, under which codes.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use sharewell_study::unit::{self, Conversion};
use sharewell_study::{Column, Kind, Problem, Report, Table, suggest};

use crate::coerce::{Cell, Fault, Value, coerce, spelled};
use crate::mapping::{ColumnRule, Mapping, Word};
use crate::report::Converted;
use crate::{Error, sql};

/// How one agreed column is made.
#[derive(Debug, Default)]
pub(crate) struct Rule {
    /// Its name in the result of the mapping's SQL.
    pub(crate) from: String,
    /// From the provider's unit to the agreed one.
    conversion: Option<Conversion>,
    codes: HashMap<String, String>,
    missing: HashSet<String>,
}

impl Rule {
    /// Whether values are taken as they come: in the agreed unit, none of them renamed.
    pub(crate) fn is_plain(&self) -> bool {
        self.conversion.is_none() && self.codes.is_empty() && self.missing.is_empty()
    }

    /// `cell` as a value of the column. Whether it may be missing is the caller's question.
    pub(crate) fn value<'v>(&'v self, cell: Cell<'v>, kind: &Kind) -> Result<Value<'v>, Fault> {
        if self.codes.is_empty() && self.missing.is_empty() {
            return coerce(cell, kind, self.conversion.as_ref());
        }
        let text = spelled(cell);
        let text = text.as_deref().map(str::trim_ascii);
        if text.is_some_and(|text| self.missing.contains(text)) {
            return Ok(Value::Missing);
        }
        match text.and_then(|text| self.codes.get(text)) {
            Some(code) => coerce(Cell::Text(code), kind, None),
            None => coerce(cell, kind, self.conversion.as_ref()),
        }
    }
}

/// A rule for every column of the table, in its order.
pub(crate) fn resolve(mapping: &Mapping, table: &Table) -> Result<Vec<Rule>, Error> {
    let mut problems = Vec::new();
    let mut rules: Vec<Rule> = table.columns.iter().map(by_name).collect();
    let mut seen = HashSet::new();
    for said in &mapping.columns {
        let Some(at) = table.column(&said.name.text) else {
            let names = table.columns.iter().map(|column| column.name.as_str());
            let help = suggest::advice(&said.name.text, "agreed columns", names);
            let message = format!("no agreed column is called `{}`", said.name.text);
            problems.push(said.name.refuse(message, help));
            continue;
        };
        if !seen.insert(at) {
            problems.push(said.name.refuse("this column is described twice", None));
        }
        let mut rule = rule(said, &table.columns[at], &mut problems);
        if let (Some(from), true) = (&said.from, mapping.query.is_some()) {
            rule.from.clone_from(&from.text);
        }
        rules[at] = rule;
    }
    if problems.is_empty() { Ok(rules) } else { Err(Error::Mapping(Report(problems))) }
}

fn by_name(column: &Column) -> Rule {
    Rule { from: column.name.clone(), ..Rule::default() }
}

fn rule(said: &ColumnRule, column: &Column, problems: &mut Vec<Problem>) -> Rule {
    let mut conversion = None;
    if let Some(theirs) = &said.unit {
        match conversion_of(theirs, column) {
            Ok(found) => conversion = Some(found),
            Err(problem) => problems.push(problem),
        }
    }
    let agreed = column.values();
    for (_, code) in &said.codes {
        if !agreed.contains(&code.text.as_str()) {
            let message = match agreed.is_empty() {
                true => {
                    format!("`{}` is of type {}: it has no codes", column.name, column.kind.name())
                }
                false => format!("\"{}\" is not one of the agreed values", code.text),
            };
            let help = suggest::advice(&code.text, "agreed values", agreed.iter().copied());
            problems.push(code.refuse(message, help));
        }
    }
    let codes = said.codes.iter().map(|(a, b)| (a.text.clone(), b.text.clone())).collect();
    let missing = said.missing.iter().cloned().collect();
    Rule { conversion, codes, missing, ..by_name(column) }
}

fn conversion_of(theirs: &Word, column: &Column) -> Result<Conversion, Problem> {
    let Some(agreed) = column.kind.unit() else {
        let message =
            format!("`{}` is of type {}: it has no unit", column.name, column.kind.name());
        return Err(theirs.refuse(message, None));
    };
    unit::convert(&theirs.text, agreed).map_err(|why| {
        let help = format!("the study keeps `{}` in {agreed}; convert it in SQL", column.name);
        theirs.refuse(why, Some(help))
    })
}

/// The mapping's own SQL, or without any the columns of its only source.
pub(crate) fn query<'m>(mapping: &'m Mapping, table: &Table) -> Cow<'m, sql::Query> {
    if let Some(query) = &mapping.query {
        return Cow::Borrowed(query);
    }
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let item = |column: &Column| {
        let said = mapping.columns.iter().find(|c| c.name.text.eq_ignore_ascii_case(&column.name));
        let from = said.and_then(|said| said.from.as_ref()).map_or(&column.name, |from| &from.text);
        format!("{} AS {}", quoted(from), quoted(&column.name))
    };
    let items: Vec<String> = table.columns.iter().map(item).collect();
    let text = format!("SELECT {} FROM {}", items.join(", "), quoted(&mapping.sources[0].name));
    Cow::Owned(*sql::parse(&text).expect("quoted names make a query"))
}

/// What the report says of conversions: those that change numbers.
pub(crate) fn converted(mapping: &Mapping, table: &Table) -> Vec<Converted> {
    let one = |said: &ColumnRule| {
        let column = &table.columns[table.column(&said.name.text)?];
        let (from, to) = (said.unit.as_ref()?.text.clone(), column.kind.unit()?.to_owned());
        (from != to).then(|| Converted { column: column.name.clone(), from, to })
    };
    mapping.columns.iter().filter_map(one).collect()
}

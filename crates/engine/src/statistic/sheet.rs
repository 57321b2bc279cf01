//! A table that is made in the clear, before its cells are sorted into values and reasons.

use sharewell_analytics::clear::multiple::{benjamini_hochberg, holm};
use sharewell_analytics::clear::{self, Degrees, Finding};

use crate::{Cell, Note, Plot, ResultTable};

/// Worst relative error of what is calculated in the clear from exact sums: what the functions of
/// `analytics` keep of the reference tools' answers in their tests.
const CLEAR_RELATIVE: f64 = 1e-9;

/// A cell, or why there is none.
#[derive(Clone, Debug)]
pub(super) enum Entry {
    Text(String),
    Whole(f64),
    Number(f64),
    /// A number that was calculated on shares, and its worst error.
    Inexact(f64, f64),
    /// A number that is what it is, and the nearest to nothing else.
    Used(f64),
    Nothing(String),
}

impl Entry {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A number that is exact, such as the end of a bin.
    pub(super) fn exact(number: f64) -> Self {
        if number.fract() == 0.0 { Self::Whole(number) } else { Self::Number(number) }
    }

    /// A number that may not exist, which is said in a word.
    pub(super) fn number(number: Option<f64>) -> Self {
        match number {
            Some(number) if number.is_finite() => Self::Number(number),
            Some(number) if number > 0.0 => Self::Nothing("infinite".into()),
            Some(number) if number < 0.0 => Self::Nothing("infinite: minus".into()),
            _ => Self::Nothing("none".into()),
        }
    }
}

/// Rows under named columns.
#[derive(Debug)]
pub(super) struct Sheet {
    name: String,
    columns: Vec<String>,
    rows: Vec<Vec<Entry>>,
    plot: Option<Plot>,
}

impl Sheet {
    pub(super) fn new(name: impl Into<String>, columns: &[&str]) -> Self {
        Self {
            name: name.into(),
            columns: columns.iter().map(|&name| name.to_owned()).collect(),
            rows: vec![],
            plot: None,
        }
    }

    /// The same, to be drawn so.
    pub(super) fn drawn(self, plot: Plot) -> Self {
        Self { plot: Some(plot), ..self }
    }

    /// # Panics
    /// If there are not as many cells as columns.
    pub(super) fn row(&mut self, cells: Vec<Entry>) {
        assert_eq!(cells.len(), self.columns.len(), "cells of a row of {}", self.name);
        self.rows.push(cells);
    }

    /// A row of which the first cells are known and the others are missing for one reason.
    pub(super) fn row_without(&mut self, mut cells: Vec<Entry>, reason: &str) {
        cells.resize(self.columns.len(), Entry::Nothing(reason.to_owned()));
        self.rows.push(cells);
    }

    /// Findings under the names of what they have, after the columns that tell them apart.
    pub(super) fn findings(
        name: &str,
        labels: &[&str],
        rows: Vec<(Vec<Entry>, Result<Finding, String>)>,
    ) -> Self {
        let found = || rows.iter().filter_map(|(_, found)| found.as_ref().ok());
        let has = |of: fn(&Finding) -> bool| found().any(of) || found().next().is_none();
        type Shown = (&'static str, fn(&Finding) -> bool, fn(&Finding) -> Entry);
        let all: [Shown; 8] = [
            ("estimate", |f| f.estimate.is_some(), |f| Entry::number(f.estimate)),
            ("standard error", |f| f.standard_error.is_some(), |f| Entry::number(f.standard_error)),
            ("lower", |f| f.interval.is_some(), |f| Entry::number(f.interval.map(|i| i.lower))),
            ("upper", |f| f.interval.is_some(), |f| Entry::number(f.interval.map(|i| i.upper))),
            ("statistic", |f| f.statistic.is_some(), |f| Entry::number(f.statistic)),
            ("df", |f| f.degrees.is_some(), |f| degrees(f.degrees)),
            ("p", |f| f.p.is_some(), |f| Entry::number(f.p)),
            (
                "n",
                |f| f.n.is_some(),
                |f| f.n.map_or(Entry::number(None), |n| Entry::Whole(n as f64)),
            ),
        ];
        let shown: Vec<Shown> = all.into_iter().filter(|(_, is_there, _)| has(*is_there)).collect();
        let columns: Vec<&str> =
            labels.iter().copied().chain(shown.iter().map(|(name, ..)| *name)).collect();
        let mut sheet = Self::new(name, &columns);
        for (mut row, found) in rows {
            match found {
                Err(reason) => sheet.row_without(row, &reason),
                Ok(found) => {
                    row.extend(shown.iter().map(|(_, _, entry)| entry(&found)));
                    sheet.row(row);
                }
            }
        }
        sheet
    }

    /// The same with its p-values also adjusted for how many there are.
    pub(super) fn adjusted(mut self) -> Self {
        let Some(at) = self.columns.iter().position(|name| name == "p") else { return self };
        let number = |row: &Vec<Entry>| match row[at] {
            Entry::Number(p) => Some((p, 0.0)),
            Entry::Inexact(p, error) => Some((p, error)),
            _ => None,
        };
        let (p, errors): (Vec<f64>, Vec<f64>) = self.rows.iter().filter_map(number).unzip();
        // One p moves another by no more than it is multiplied by.
        let error = p.len() as f64 * errors.into_iter().fold(0.0, f64::max);
        type Adjust = fn(&[f64]) -> clear::Result<Vec<f64>>;
        let ways: [(&str, Adjust); 2] =
            [("p (Benjamini-Hochberg)", benjamini_hochberg), ("p (Holm)", holm)];
        for (name, adjust) in ways {
            let mut adjusted = adjust(&p).unwrap_or_default().into_iter();
            self.columns.insert(at + 1, name.to_owned());
            for row in &mut self.rows {
                let entry = match &row[at] {
                    Entry::Number(_) => Entry::number(adjusted.next()),
                    Entry::Inexact(..) => adjusted
                        .next()
                        .map_or(Entry::number(None), |p| Entry::Inexact(p, error + p * 1e-9)),
                    nothing => nothing.clone(),
                };
                row.insert(at + 1, entry);
            }
        }
        self
    }

    pub(super) fn into_table(self) -> ResultTable {
        let Self { name, columns, rows: entries, plot } = self;
        let mut error_bound = vec![None; columns.len()];
        let mut notes = vec![];
        let mut rows = vec![];
        for (row, cells) in entries.into_iter().enumerate() {
            let mut shown = vec![];
            for (column, cell) in cells.into_iter().enumerate() {
                let mut bound = |error: f64| {
                    let bound: &mut f64 = error_bound[column].get_or_insert(0.0);
                    *bound = bound.max(error);
                };
                shown.push(match cell {
                    Entry::Text(text) => Cell::Text(text),
                    Entry::Whole(number) => {
                        bound(0.0);
                        Cell::Integer(number as i64)
                    }
                    Entry::Number(number) => {
                        bound(number.abs() * CLEAR_RELATIVE);
                        Cell::Number(number)
                    }
                    Entry::Inexact(number, error) => {
                        bound(error);
                        Cell::Number(number)
                    }
                    Entry::Used(number) => Cell::Number(number),
                    Entry::Nothing(reason) => {
                        let column = columns[column].clone();
                        notes.push(Note { row, column, reason });
                        Cell::Empty
                    }
                });
            }
            rows.push(shown);
        }
        let units = vec![String::new(); columns.len()];
        ResultTable { name, columns, units, rows, error_bound, notes, plot }
    }
}

/// Two degrees of freedom are a text.
fn degrees(of: Option<Degrees>) -> Entry {
    match of {
        None => Entry::number(None),
        Some(Degrees::One(df)) if df.fract() == 0.0 => Entry::Whole(df),
        Some(Degrees::One(df)) => Entry::number(Some(df)),
        Some(Degrees::Two(numerator, denominator)) => {
            Entry::text(format!("{numerator}, {denominator}"))
        }
    }
}

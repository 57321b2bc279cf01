//! A released table for people: a list if it is one row, a grid if it has groups.

use sharewell_engine::{Cell, ResultTable};
use sharewell_study::{Objective, Study};

use crate::show;

/// What is said of statistics that are calculated in the clear from exact sums.
const OF_STATISTICS: &str = "a thousand-millionth of each number";

/// More rows of a table than these nobody reads in a terminal.
const ROWS_MAX: usize = 200;

/// One shown column.
struct Column {
    head: String,
    unit: String,
    cells: Vec<String>,
}

/// The table, its worst errors, and why cells are empty.
pub(crate) fn page(study: &Study, table: &ResultTable) -> String {
    let groups = text_columns(table);
    let alone = table.rows.len() == 1 && groups == 0;
    let columns = columns(study, table, alone);
    let mut page = if alone { list(&columns) } else { grid(&columns, groups) };
    if let Some(more) = table.rows.len().checked_sub(ROWS_MAX).filter(|more| *more > 0) {
        page += &format!("and {more} more rows: --out keeps all of them, --json prints them\n");
    }
    page += &show::list([("worst error", worst_errors(study, table))]);
    if !alone {
        page += &reasons(table, groups);
    }
    page
}

/// How many columns name a row; they hold texts.
pub(super) fn text_columns(table: &ResultTable) -> usize {
    let is_text = |i: &usize| table.rows.iter().all(|row| matches!(row[*i], Cell::Text(_)));
    (0..table.columns.len()).take_while(is_text).count()
}

fn columns(study: &Study, table: &ResultTable, alone: bool) -> Vec<Column> {
    let column = |i: usize| Column {
        head: table.columns[i].clone(),
        unit: table.units[i].clone(),
        cells: (0..table.rows.len().min(ROWS_MAX))
            .map(|row| cell(study, table, (row, i), alone))
            .collect(),
    };
    let mut columns: Vec<Column> = (0..table.columns.len()).map(column).collect();
    let Objective::FailureRate { exposure, per, confidence, .. } = &study.objective else {
        return columns;
    };
    // The three last columns are the rate and its limits.
    if let (Some(upper), Some(lower), Some(rate)) = (columns.pop(), columns.pop(), columns.pop()) {
        let unit = study.table.columns[*exposure].kind.unit().unwrap_or("1");
        let interval = |(lower, upper): (&String, &String)| {
            if lower == upper { lower.clone() } else { format!("{lower} to {upper}") }
        };
        columns.push(Column { head: rate_per(*per, unit), unit: String::new(), ..rate });
        columns.push(Column {
            head: format!("{} % interval, exact", trimmed(confidence * 100.0)),
            unit: String::new(),
            cells: lower.cells.iter().zip(&upper.cells).map(interval).collect(),
        });
    }
    columns
}

/// `rate per million hours`
fn rate_per(per: f64, unit: &str) -> String {
    let unit = match unit {
        "h" => "hours",
        "d" => "days",
        "1" => "",
        other => other,
    };
    let per = match per {
        1.0 => String::new(),
        1e3 => "thousand ".to_owned(),
        1e6 => "million ".to_owned(),
        1e9 => "billion ".to_owned(),
        other => format!("{} ", trimmed(other)),
    };
    format!("rate per {per}{unit}").trim_end().to_owned()
}

/// At most six decimals, none of them a final zero.
fn trimmed(number: f64) -> String {
    let text = format!("{number:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

pub(super) fn cell(
    study: &Study,
    table: &ResultTable,
    (row, column): (usize, usize),
    alone: bool,
) -> String {
    match &table.rows[row][column] {
        Cell::Integer(number) => number.to_string(),
        Cell::Number(number) => {
            let worst = table.error_bound[column].unwrap_or(0.0);
            // Of a statistic it is a part of each number, also of a small one in its column.
            let is_statistic = matches!(study.objective, Objective::Statistic(_));
            show::number(*number, if is_statistic { worst.min(number.abs() * 1e-9) } else { worst })
        }
        Cell::Text(text) => text.clone(),
        Cell::Empty => {
            let name = &table.columns[column];
            let note = table.notes.iter().find(|note| note.row == row && note.column == *name);
            let reason = note.map_or("", |note| note.reason.as_str());
            match reason.split_once(':') {
                Some((word, _)) if !alone => word.to_owned(),
                _ => reason.to_owned(),
            }
        }
    }
}

fn list(columns: &[Column]) -> String {
    let line = |column: &Column| {
        let value = &column.cells[0];
        let is_number = value.ends_with(|c: char| c.is_ascii_digit());
        let unit = if is_number { column.unit.as_str() } else { "" };
        format!("{value} {unit}").trim_end().to_owned()
    };
    show::list(columns.iter().map(|column| (column.head.as_str(), line(column))))
}

fn grid(columns: &[Column], groups: usize) -> String {
    let head = |column: &Column| match column.unit.as_str() {
        "" => column.head.clone(),
        unit => format!("{} [{unit}]", column.head),
    };
    let heads: Vec<String> = columns.iter().map(head).collect();
    let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
    let rows = columns.first().map_or(0, |column| column.cells.len());
    let row = |row: usize| columns.iter().map(|column| column.cells[row].clone()).collect();
    show::grid(&heads, &(0..rows).map(row).collect::<Vec<_>>(), groups)
}

/// Of all columns.
pub(super) fn worst_errors(study: &Study, table: &ResultTable) -> String {
    if matches!(study.objective, Objective::Statistic(_)) {
        return OF_STATISTICS.to_owned();
    }
    let columns = table.columns.iter().zip(&table.error_bound);
    let known = columns.filter_map(|(name, bound)| Some((name, (*bound)?)));
    let told: Vec<String> =
        known.map(|(name, bound)| format!("{name} {}", show::error(bound))).collect();
    let has_numbers = table.rows.iter().flatten().any(|cell| matches!(cell, Cell::Number(_)));
    match (told.is_empty(), has_numbers) {
        (false, _) => told.join(", "),
        (true, true) => "numbers as they were used".to_owned(),
        (true, false) => "no value was released".to_owned(),
    }
}

/// Why cells are empty, the columns of a group that have the same reason together.
fn reasons(table: &ResultTable, groups: usize) -> String {
    let mut told: Vec<(usize, &str, Vec<&str>)> = vec![];
    // What has no more to say than a word stands in its cell.
    for note in table.notes.iter().filter(|note| note.reason.contains(':')) {
        let known =
            told.iter_mut().find(|(row, reason, _)| *row == note.row && *reason == note.reason);
        match known {
            Some((_, _, columns)) => columns.push(&note.column),
            None => told.push((note.row, &note.reason, vec![&note.column])),
        }
    }
    let line = |(row, reason, columns): &(usize, &str, Vec<&str>)| {
        let text =
            |cell: &Cell| if let Cell::Text(text) = cell { text.clone() } else { String::new() };
        let group: Vec<String> = table.rows[*row][..groups].iter().map(text).collect();
        format!("  {}: {}: {reason}\n", group.join(", "), columns.join(", "))
    };
    told.iter().map(line).collect()
}

//! `HAVING`, `ORDER BY` and `LIMIT`: which of the released groups are shown, and in what order.
//!
//! In the clear, of what the recipients have learned: a condition says nothing that they could not
//! find out from the released groups themselves. So it is no protection either.

use std::cmp::Ordering;

use sharewell_study::{Comparison, Expr, Having, Order, Query};

use crate::{Cell, ResultTable};

/// The table with the groups that the query shows. A group whose condition rests on a suppressed
/// cell stays, suppressed; one whose condition rests on an undefined one goes, as in SQL.
///
/// Groups that were found in secret come in a random order: where the query leaves theirs open it
/// is that of their keys, the same in every run.
pub(crate) fn arranged(query: &Query, found: bool, mut table: ResultTable) -> ResultTable {
    let mut orders = query.order_by.clone();
    let is_key = |item: &usize| matches!(query.items[*item].expr, Expr::Group(_));
    let keys = (0..query.items.len()).filter(|item| found && is_key(item));
    orders.extend(keys.map(|item| Order { item, descending: false }));
    let mut rows: Vec<usize> =
        (0..table.rows.len()).filter(|&row| stays(query, &table, row)).collect();
    rows.sort_by(|&a, &b| compare(&orders, &table.rows[a], &table.rows[b]));
    if let Some(limit) = query.limit {
        rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    }
    let notes = std::mem::take(&mut table.notes);
    for (place, &row) in rows.iter().enumerate() {
        let of_row = notes.iter().filter(|note| note.row == row).cloned();
        table.notes.extend(of_row.map(|note| crate::Note { row: place, ..note }));
    }
    table.rows = rows.iter().map(|&row| table.rows[row].clone()).collect();
    table
}

fn stays(query: &Query, table: &ResultTable, row: usize) -> bool {
    let Some(having) = &query.having else { return true };
    let suppressed = |item: usize| {
        let mut notes = table.notes.iter();
        notes.any(|note| {
            note.row == row
                && note.column == table.columns[item]
                && note.reason.starts_with("suppressed")
        })
    };
    holds(having, &table.rows[row]).unwrap_or_else(|| items(having).into_iter().any(suppressed))
}

/// The condition in SQL's logic of three values.
fn holds(having: &Having, row: &[Cell]) -> Option<bool> {
    match having {
        Having::Compare { item, op, number } => {
            let value = value(&row[*item])?;
            let number = number.to_string().parse().expect("a decimal is a floating-point literal");
            let ordering = value.partial_cmp(&number)?;
            Some(match op {
                Comparison::Eq => ordering == Ordering::Equal,
                Comparison::NotEq => ordering != Ordering::Equal,
                Comparison::Lt => ordering == Ordering::Less,
                Comparison::LtEq => ordering != Ordering::Greater,
                Comparison::Gt => ordering == Ordering::Greater,
                Comparison::GtEq => ordering != Ordering::Less,
            })
        }
        Having::Not(a) => holds(a, row).map(|truth| !truth),
        Having::And(a, b) => match (holds(a, row), holds(b, row)) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (a, b) => a.zip(b).map(|_| true),
        },
        Having::Or(a, b) => match (holds(a, row), holds(b, row)) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (a, b) => a.zip(b).map(|_| false),
        },
    }
}

fn items(having: &Having) -> Vec<usize> {
    match having {
        Having::Compare { item, .. } => vec![*item],
        Having::Not(a) => items(a),
        Having::And(a, b) | Having::Or(a, b) => [items(a), items(b)].concat(),
    }
}

fn value(cell: &Cell) -> Option<f64> {
    match cell {
        Cell::Integer(number) => Some(*number as f64),
        Cell::Number(number) => Some(*number),
        Cell::Text(_) | Cell::Empty => None,
    }
}

/// Cells without a value come last, whichever way the others go.
fn compare(orders: &[Order], a: &[Cell], b: &[Cell]) -> Ordering {
    let by = |order: &Order| {
        let (a, b) = (&a[order.item], &b[order.item]);
        let ordering = match (a, b) {
            (Cell::Empty, Cell::Empty) => return Ordering::Equal,
            (Cell::Empty, _) => return Ordering::Greater,
            (_, Cell::Empty) => return Ordering::Less,
            (Cell::Text(a), Cell::Text(b)) => a.cmp(b),
            (a, b) => value(a).partial_cmp(&value(b)).unwrap_or(Ordering::Equal),
        };
        if order.descending { ordering.reverse() } else { ordering }
    };
    orders.iter().map(by).find(|ordering| ordering.is_ne()).unwrap_or(Ordering::Equal)
}

//! Estimates with their intervals.

use sharewell_engine::ResultTable;

use super::axis::Axis;
use super::{COLOURS, Drawing, label, number};
use crate::show;

/// Beyond so many rows nobody compares them by eye; the table has all.
const MOST: usize = 60;
const ROW: f64 = 22.0;
/// Where labels, intervals and numbers begin, and the right edge.
const AT: [f64; 4] = [0.0, 260.0, 640.0, 860.0];

pub(super) fn svg(table: &ResultTable, columns: [usize; 3], ratio: bool) -> Option<String> {
    let all = |row: usize| {
        let [estimate, lower, upper] = columns.map(|column| number(table, row, column));
        Some((label(table, row), [estimate?, lower?, upper?]))
    };
    let rows: Vec<(String, [f64; 3])> = (0..table.rows.len()).filter_map(all).take(MOST).collect();
    let none = if ratio { 1.0 } else { 0.0 };
    let numbers = rows.iter().flat_map(|(_, found)| *found).chain(ratio.then_some(none));
    let axis = Axis::over(numbers, [AT[1], AT[2] - 20.0], ratio)?;
    let bottom = rows.len() as f64 * ROW + 4.0;
    let mut drawing = Drawing::new(AT[3], bottom + 24.0);
    for (tick, text) in axis.ticks() {
        drawing.line([axis.at(tick), 0.0, axis.at(tick), bottom], "grid");
        drawing.text([axis.at(tick), bottom + 16.0], "middle", &text);
    }
    let at_none = axis.at(none);
    if (AT[1]..=AT[2]).contains(&at_none) {
        drawing.line([at_none, 0.0, at_none, bottom], "none");
    }
    for (i, (label, [estimate, lower, upper])) in rows.iter().enumerate() {
        let y = (i as f64 + 0.5) * ROW;
        let digits = (upper - lower).abs() / 2e3;
        let [shown, low, high] = [estimate, lower, upper].map(|x| show::number(*x, digits));
        let told = format!("{shown} ({low} to {high})");
        drawing.text([AT[0], y + 4.0], "start", label);
        drawing.line([axis.at(*lower), y, axis.at(*upper), y], "interval");
        drawing.circle([axis.at(*estimate), y], 4.0, COLOURS[0], &format!("{label}: {told}"));
        drawing.text([AT[2], y + 4.0], "start", &told);
    }
    (!rows.is_empty()).then(|| drawing.finish(&format!("Estimates and intervals: {}", table.name)))
}

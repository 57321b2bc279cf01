//! A bar for each row.

use std::fmt::Write as _;

use sharewell_engine::ResultTable;

use super::axis::Axis;
use super::{COLOURS, Drawing, escaped, label, number};

const SIZE: [f64; 2] = [860.0, 260.0];

pub(super) fn svg(table: &ResultTable, column: usize) -> Option<String> {
    let heights: Vec<Option<f64>> =
        (0..table.rows.len()).map(|row| number(table, row, column)).collect();
    let known = heights.iter().copied().flatten().chain([0.0]);
    let [left, bottom] = [60.0, SIZE[1] - 30.0];
    let up = Axis::over(known, [bottom, 10.0], false)?;
    let mut drawing = Drawing::new(SIZE[0], SIZE[1]);
    for (tick, text) in up.ticks() {
        drawing.line([left, up.at(tick), SIZE[0], up.at(tick)], "grid");
        drawing.text([left - 8.0, up.at(tick) + 4.0], "end", &text);
    }
    let width = (SIZE[0] - left) / heights.len() as f64;
    let every = heights.len().div_ceil(8);
    for (row, height) in heights.iter().enumerate() {
        let (name, x) = (label(table, row), left + row as f64 * width);
        // A suppressed bar is hatched over the whole height: it may be any.
        let (fill, told, [from, to]) = match height {
            Some(height) => {
                let [a, b] = [up.at(0.0), up.at(*height)];
                (COLOURS[0], format!("{height}"), [a.min(b), a.max(b)])
            }
            None => ("url(#hatched)", "suppressed".to_owned(), [10.0, bottom]),
        };
        let _ = write!(
            drawing.shapes,
            "<rect x=\"{x:.1}\" y=\"{from:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{fill}\">\
             <title>{}: {told}</title></rect>",
            (width - 1.0).max(0.5),
            to - from,
            escaped(&name)
        );
        if row % every == 0 {
            drawing.text([x, bottom + 16.0], "start", &name);
        }
    }
    drawing.shapes += "<defs><pattern id=\"hatched\" width=\"6\" height=\"6\" \
        patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">\
        <rect width=\"2\" height=\"6\" fill=\"#c3ccd6\"/></pattern></defs>";
    Some(drawing.finish(&format!("{} by row", table.columns[column])))
}

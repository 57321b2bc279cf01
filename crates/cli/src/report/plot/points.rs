//! Signals: how strong against how often.

use sharewell_engine::ResultTable;

use super::axis::Axis;
use super::{COLOURS, Drawing, label, number};

/// At most so many of the highest points carry their names, as far as there is room.
const NAMED: usize = 12;
const SIZE: [f64; 2] = [860.0, 460.0];

pub(super) fn svg(table: &ResultTable, [x, y]: [usize; 2], threshold: f64) -> Option<String> {
    let point = |row: usize| Some((row, number(table, row, x)?, number(table, row, y)?));
    let mut points: Vec<(usize, f64, f64)> =
        (0..table.rows.len()).filter_map(point).filter(|(_, x, _)| *x > 0.0).collect();
    points.sort_by(|(_, _, a), (_, _, b)| b.total_cmp(a));
    let across = Axis::over(points.iter().map(|(_, x, _)| *x), [50.0, SIZE[0] - 160.0], true)?;
    let heights = points.iter().map(|(_, _, y)| *y).chain([threshold]);
    let up = Axis::over(heights, [SIZE[1] - 40.0, 10.0], false)?;
    let mut drawing = Drawing::new(SIZE[0], SIZE[1]);
    let [left, right, bottom] = [50.0, SIZE[0] - 150.0, SIZE[1] - 35.0];
    for (tick, text) in across.ticks() {
        drawing.line([across.at(tick), 10.0, across.at(tick), bottom], "grid");
        drawing.text([across.at(tick), bottom + 14.0], "middle", &text);
    }
    for (tick, text) in up.ticks() {
        drawing.line([left, up.at(tick), right, up.at(tick)], "grid");
        drawing.text([left - 8.0, up.at(tick) + 4.0], "end", &text);
    }
    drawing.line([left, up.at(threshold), right, up.at(threshold)], "none");
    let mut named: Vec<f64> = vec![];
    for (row, x, y) in &points {
        let at = [across.at(*x), up.at(*y)];
        let colour = if *y > threshold { COLOURS[1] } else { "#8b97a5" };
        let name = label(table, *row);
        drawing.circle(at, 4.0, colour, &format!("{name}: {x}, {y:.3}"));
        let is_free = named.iter().all(|other| (other - at[1]).abs() > 13.0);
        if *y > threshold && is_free && named.len() < NAMED {
            named.push(at[1]);
            drawing.text([at[0] + 7.0, at[1] + 3.5], "start", &name);
        }
    }
    drawing.text([(left + right) / 2.0, SIZE[1] - 4.0], "middle", &table.columns[x]);
    drawing.text([left, 8.0], "start", &table.columns[y]);
    Some(drawing.finish(&format!("{} against {}", table.columns[y], table.columns[x])))
}

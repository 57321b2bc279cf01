//! Lines from point to point.

use sharewell_engine::ResultTable;

use super::axis::Axis;
use super::{COLOURS, Drawing, label, number};

const SIZE: [f64; 2] = [860.0, 420.0];

/// A name, and points in the order of the table.
type Curve = (String, Vec<[f64; 2]>);

pub(super) fn svg(table: &ResultTable, columns: [usize; 2]) -> Option<String> {
    let mut curves: Vec<Curve> = vec![];
    for row in 0..table.rows.len() {
        let [Some(x), Some(y)] = columns.map(|column| number(table, row, column)) else { continue };
        let name = label(table, row);
        match curves.iter_mut().find(|(other, _)| *other == name) {
            Some((_, points)) => points.push([x, y]),
            None => curves.push((name, vec![[x, y]])),
        }
    }
    let points = |at: usize| {
        curves.iter().flat_map(move |(_, points)| points.iter().map(move |point| point[at]))
    };
    let [left, bottom, right] = [60.0, SIZE[1] - 40.0, SIZE[0] - 20.0];
    let across = Axis::over(points(0), [left, right], false)?;
    let up = Axis::over(points(1), [bottom, 20.0], false)?;
    let mut drawing = Drawing::new(SIZE[0], SIZE[1] + 18.0 * curves.len() as f64);
    for (tick, text) in up.ticks() {
        drawing.line([left, up.at(tick), right, up.at(tick)], "grid");
        drawing.text([left - 8.0, up.at(tick) + 4.0], "end", &text);
    }
    for (tick, text) in across.ticks() {
        drawing.line([across.at(tick), 20.0, across.at(tick), bottom], "grid");
        drawing.text([across.at(tick), bottom + 16.0], "middle", &text);
    }
    let [x, y] = columns.map(|column| &table.columns[column]);
    drawing.text([f64::midpoint(left, right), bottom + 34.0], "middle", x);
    drawing.text([left, 12.0], "start", y);
    for (i, (name, points)) in curves.iter().enumerate() {
        let colour = COLOURS[i % COLOURS.len()];
        let line: Vec<[f64; 2]> = points.iter().map(|[x, y]| [across.at(*x), up.at(*y)]).collect();
        drawing.path(&line, &format!("fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\""));
        for (at, [x, y]) in line.iter().zip(points) {
            drawing.circle(*at, 3.0, colour, &format!("{name}: {x:.4}, {y:.4}"));
        }
        let below = SIZE[1] + 14.0 + 18.0 * i as f64;
        drawing.circle([5.0, below - 4.0], 4.0, colour, name);
        drawing.text([14.0, below], "start", name);
    }
    Some(drawing.finish(&format!("{y} over {x}")))
}

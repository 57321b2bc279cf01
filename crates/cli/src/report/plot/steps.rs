//! Curves that keep their value until the next time, such as survival.

use sharewell_engine::ResultTable;

use super::axis::Axis;
use super::{COLOURS, Drawing, label, number};

const SIZE: [f64; 2] = [860.0, 380.0];

/// One group's rows, in the order of the table.
struct Curve {
    name: String,
    /// Place, value, its limits, and how many are at risk.
    steps: Vec<[f64; 5]>,
}

fn curves(table: &ResultTable, columns: [usize; 5]) -> Vec<Curve> {
    let mut curves: Vec<Curve> = vec![];
    for row in 0..table.rows.len() {
        let [x, y, lower, upper, at_risk] = columns.map(|column| number(table, row, column));
        let (Some(x), Some(y)) = (x, y) else { continue };
        let step = [x, y, lower.unwrap_or(y), upper.unwrap_or(y), at_risk.unwrap_or(f64::NAN)];
        let name = label(table, row);
        match curves.iter_mut().find(|curve| curve.name == name) {
            Some(curve) => curve.steps.push(step),
            None => curves.push(Curve { name, steps: vec![step] }),
        }
    }
    curves
}

/// Corners of a line that holds a value of the steps until the next.
fn corners(steps: &[[f64; 5]], value: usize, across: &Axis, up: &Axis) -> Vec<[f64; 2]> {
    let mut corners: Vec<[f64; 2]> = vec![];
    for step in steps {
        let x = across.at(step[0]);
        if let Some([_, y]) = corners.last().copied() {
            corners.push([x, y]);
        }
        corners.push([x, up.at(step[value])]);
    }
    corners
}

pub(super) fn svg(table: &ResultTable, columns: [usize; 5]) -> Option<String> {
    let curves = curves(table, columns);
    let [left, bottom, right] = [140.0, SIZE[1] - 40.0, SIZE[0] - 20.0];
    let steps = || curves.iter().flat_map(|curve| &curve.steps);
    let across = Axis::over(steps().map(|step| step[0]), [left, right], false)?;
    let up =
        Axis::over(steps().flat_map(|step| [step[1], step[2], step[3]]), [bottom, 10.0], false)?;
    let below = 18.0 * (curves.len() as f64 + 1.0);
    let mut drawing = Drawing::new(SIZE[0], SIZE[1] + below);
    for (tick, text) in up.ticks() {
        drawing.line([left, up.at(tick), right, up.at(tick)], "grid");
        drawing.text([left - 8.0, up.at(tick) + 4.0], "end", &text);
    }
    for (tick, text) in across.ticks() {
        drawing.line([across.at(tick), 10.0, across.at(tick), bottom], "grid");
        drawing.text([across.at(tick), bottom + 16.0], "middle", &text);
    }
    drawing.text([(left + right) / 2.0, bottom + 34.0], "middle", &table.columns[columns[0]]);
    drawing.text([0.0, SIZE[1] + 14.0], "start", &table.columns[columns[4]]);
    for (i, curve) in curves.iter().enumerate() {
        let colour = COLOURS[i % COLOURS.len()];
        let mut band = corners(&curve.steps, 2, &across, &up);
        band.extend(corners(&curve.steps, 3, &across, &up).into_iter().rev());
        drawing.path(&band, &format!("fill=\"{colour}\" fill-opacity=\"0.15\""));
        let line = corners(&curve.steps, 1, &across, &up);
        drawing.path(&line, &format!("fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\""));
        let y = SIZE[1] + 14.0 + 18.0 * (i as f64 + 1.0);
        drawing.circle([5.0, y - 4.0], 4.0, colour, &curve.name);
        drawing.text([14.0, y], "start", &curve.name);
        for (tick, _) in across.ticks() {
            // Those who are at risk at the first time from here on.
            let next = curve.steps.iter().find(|step| step[0] >= tick);
            let at_risk = next.map_or(0.0, |step| step[4]);
            if at_risk.is_finite() {
                drawing.text([across.at(tick), y], "middle", &at_risk.to_string());
            }
        }
    }
    Some(
        drawing
            .finish(&format!("{} over {}", table.columns[columns[1]], table.columns[columns[0]])),
    )
}

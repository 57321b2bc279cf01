//! Drawings of released tables, as SVG that stands in the page.

mod axis;
mod bars;
mod curves;
mod forest;
mod points;
mod steps;

use std::fmt::Write as _;

use sharewell_engine::{Cell, Plot, ResultTable};

/// Told apart also by those who do not see all colours (Okabe and Ito 2008).
const COLOURS: [&str; 7] =
    ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"];

/// The drawing of a table, if it has one and something to draw.
pub(crate) fn svg(table: &ResultTable) -> Option<String> {
    let column = |name: &String| table.columns.iter().position(|column| column == name);
    match table.plot.as_ref()? {
        Plot::Forest { estimate, lower, upper, ratio } => {
            let columns = [column(estimate)?, column(lower)?, column(upper)?];
            forest::svg(table, columns, *ratio)
        }
        Plot::Steps { x, y, lower, upper, at_risk } => {
            let columns = [x, y, lower, upper, at_risk].map(column);
            let [Some(x), Some(y), Some(lower), Some(upper), Some(at_risk)] = columns else {
                return None;
            };
            steps::svg(table, [x, y, lower, upper, at_risk])
        }
        Plot::Curves { x, y } => curves::svg(table, [column(x)?, column(y)?]),
        Plot::Bars { height } => bars::svg(table, column(height)?),
        Plot::Points { x, y, threshold } => {
            points::svg(table, [column(x)?, column(y)?], *threshold)
        }
    }
}

/// A released number.
fn number(table: &ResultTable, row: usize, column: usize) -> Option<f64> {
    match &table.rows[row][column] {
        Cell::Integer(number) => Some(*number as f64),
        Cell::Number(number) => Some(*number).filter(|number| number.is_finite()),
        Cell::Text(_) | Cell::Empty => None,
    }
}

/// The first texts of a row, which tell it from others.
fn label(table: &ResultTable, row: usize) -> String {
    let texts = table.rows[row].iter().map_while(|cell| match cell {
        Cell::Text(text) => Some(text.as_str()),
        Cell::Integer(_) | Cell::Number(_) | Cell::Empty => None,
    });
    texts.collect::<Vec<_>>().join(", ")
}

pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// What is drawn so far.
struct Drawing {
    width: f64,
    height: f64,
    shapes: String,
}

impl Drawing {
    fn new(width: f64, height: f64) -> Self {
        Self { width, height, shapes: String::new() }
    }

    fn line(&mut self, [x1, y1, x2, y2]: [f64; 4], class: &str) {
        let _ = write!(
            self.shapes,
            "<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>"
        );
    }

    /// `anchor` is start, middle or end.
    fn text(&mut self, [x, y]: [f64; 2], anchor: &str, text: &str) {
        let text = escaped(text);
        let _ = write!(
            self.shapes,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>"
        );
    }

    /// With what is shown to a pointer that rests on it.
    fn circle(&mut self, [x, y]: [f64; 2], radius: f64, colour: &str, title: &str) {
        let title = escaped(title);
        let _ = write!(
            self.shapes,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\" fill=\"{colour}\">\
             <title>{title}</title></circle>"
        );
    }

    fn path(&mut self, points: &[[f64; 2]], attributes: &str) {
        let points: Vec<String> = points.iter().map(|[x, y]| format!("{x:.1} {y:.1}")).collect();
        let _ = write!(self.shapes, "<path d=\"M{}\" {attributes}/>", points.join("L"));
    }

    fn finish(self, what: &str) -> String {
        let Self { width, height, shapes } = self;
        let what = escaped(what);
        format!(
            "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{what}\">{shapes}</svg>"
        )
    }
}

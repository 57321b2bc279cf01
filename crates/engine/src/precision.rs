//! How exact the results will be: stated before the run, from the schema alone.

use serde::Serialize;

use crate::Plan;
use crate::plan::Column;

/// The worst error of one column of the result: at most `absolute + relative * |value|`.
#[derive(Clone, Debug, Serialize, PartialEq)]
pub struct Precision {
    /// The column.
    pub column: String,
    /// In the column's unit.
    pub absolute: f64,
    /// As part of the value; `None` where the value is calculated from exact sums in the clear
    /// and its error is that of 64-bit floating point, stated with the result.
    pub relative: Option<f64>,
}

impl Plan {
    /// The worst error of every column of numbers.
    #[must_use]
    pub fn precision(&self) -> Vec<Precision> {
        let of_column = |(name, column): &(String, Column)| {
            let (absolute, relative) = match column {
                Column::Group(_) | Column::Key { .. } => return None,
                Column::Opened { output, root } => {
                    let scale = &self.dry.scales[*output];
                    let (absolute, relative) = (scale.absolute, scale.relative);
                    // sqrt(v + a + r v) lies within (1 + r) sqrt(a) + r sqrt(v) of sqrt(v), r <= 1/2.
                    let absolute =
                        if *root { (1.0 + relative) * absolute.sqrt() } else { absolute };
                    (absolute, Some(relative))
                }
                Column::Clear(_) | Column::Rate { .. } | Column::Limit { .. } => (0.0, None),
            };
            Some(Precision { column: name.clone(), absolute, relative })
        };
        self.columns.iter().filter_map(of_column).collect()
    }
}

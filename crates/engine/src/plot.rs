//! How a result is best drawn, told by what made it.

use serde::{Deserialize, Serialize};

/// A drawing of a table; columns by their names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Plot {
    /// Estimates with their intervals, a line for each row that has them.
    Forest {
        /// The estimates.
        estimate: String,
        /// Lower limits.
        lower: String,
        /// Upper limits.
        upper: String,
        /// Whether they are ratios, so that 1 means no difference and twice is as far as half.
        ratio: bool,
    },
    /// Curves that keep their value until the next row, one for each group of rows with the same
    /// texts.
    Steps {
        /// What goes to the right, such as time.
        x: String,
        /// What the curve shows.
        y: String,
        /// Lower limits.
        lower: String,
        /// Upper limits.
        upper: String,
        /// How many are still observed, written below.
        at_risk: String,
    },
    /// Lines from point to point, one for each group of rows with the same texts.
    Curves {
        /// What goes to the right.
        x: String,
        /// What goes up.
        y: String,
    },
    /// A bar for each row.
    Bars {
        /// How tall.
        height: String,
    },
    /// A point for each row, such as a signal: what is above the line stands out.
    Points {
        /// What goes to the right, on a logarithmic axis.
        x: String,
        /// What goes up.
        y: String,
        /// Where the line is.
        threshold: f64,
    },
}

impl Plot {
    /// Lines over columns of these names.
    #[must_use]
    pub fn curves(x: &str, y: &str) -> Self {
        Self::Curves { x: x.to_owned(), y: y.to_owned() }
    }

    /// Estimates with limits under their usual names.
    #[must_use]
    pub fn forest(ratio: bool) -> Self {
        let [estimate, lower, upper] = ["estimate", "lower", "upper"].map(str::to_owned);
        Self::Forest { estimate, lower, upper, ratio }
    }
}

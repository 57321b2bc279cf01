//! Regressions of which no step is opened: the records are shared as secret rows, and what is
//! opened is the end alone.

use std::f64::consts::LN_10;

use sharewell_analytics::clear::newton::Maximum;
use sharewell_analytics::clear::regression::uncentred;
use sharewell_analytics::glm::{Model, RECORD_BITS};

use crate::path::{Fit, Fitted, Path, Term};
use crate::plan::Joint;
use crate::{Leak, Plan};

/// What is fitted, and to which of the rows. Columns are places in [`Plan::rows`].
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Hidden {
    pub model: Model,
    /// Its terms have the centres and units by which secret values are taken.
    pub path: Path,
    pub response: usize,
    /// And the decimals of its values.
    pub exposure: Option<(usize, u8)>,
    pub predictors: Vec<Predictor>,
}

/// A column, and how its quanta become a number from -1 to 1: exactly, so that it is no rounding
/// that takes them back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Predictor {
    pub column: usize,
    pub centre: i128,
    /// Units of `2^-RECORD_BITS` for a quantum.
    pub factor: i128,
}

impl Predictor {
    /// Of a column with values in a range of quanta; `None` if that is too wide.
    pub(crate) fn of(column: usize, (min, max): (i128, i128)) -> Option<Self> {
        let centre = min + (max - min) / 2;
        let reach = (max - centre).max(centre - min).max(1);
        let factor = (1 << RECORD_BITS) / reach;
        (factor > 0).then_some(Self { column, centre, factor })
    }

    /// Quanta that make 1.
    pub(crate) fn unit(&self) -> f64 {
        f64::from(RECORD_BITS).exp2() / self.factor as f64
    }
}

/// Why there is no fit.
pub(crate) const UNDEFINED: &str = "undefined: the steps came to no end. Each predictor must vary, by more than a thousandth of \
     its agreed range, none be a linear combination of others, and none separate records with \
     events from those without; or `steps` are not enough";

impl Hidden {
    fn coefficients(&self) -> usize {
        self.path.terms.len()
    }

    /// What is opened, in its order: coefficients, their covariances, the log-likelihoods of the
    /// fit, of a constant alone, and of a coefficient for each record.
    pub(crate) fn names(&self) -> Vec<String> {
        let terms: Vec<&str> = self.path.terms.iter().map(|term| term.name.as_str()).collect();
        let coefficients = terms.iter().map(|name| format!("coefficient of {name}"));
        let below = |(i, a): (usize, &&str)| {
            let a = (*a).to_owned();
            terms[..=i]
                .iter()
                .map(move |b| format!("covariance of {a} and {b}"))
                .collect::<Vec<_>>()
        };
        let heights = ["log-likelihood", "null log-likelihood", "saturated log-likelihood"];
        let heights = heights.into_iter().map(str::to_owned);
        coefficients.chain(terms.iter().enumerate().flat_map(below)).chain(heights).collect()
    }

    /// The fit in the units of the study, of what was opened.
    pub(crate) fn fit(&self, plan: &Plan, opened: impl Fn(usize) -> Result<f64, String>) -> Fit {
        let of_fit = |at: usize| {
            let is_it = |joint: &Joint| matches!(joint, Joint::Fitted(of) if *of == at);
            let output = plan.outputs.iter().position(|output| is_it(&output.joint));
            opened(output.expect("all of a fit is opened"))
        };
        let k = self.coefficients();
        let numbers = (0..self.names().len()).map(of_fit).collect::<Result<Vec<f64>, _>>()?;
        let (coefficients, rest) = numbers.split_at(k);
        let (lower, heights) = rest.split_at(k * (k + 1) / 2);
        let at = |i: usize, j: usize| lower[i.max(j) * (i.max(j) + 1) / 2 + i.min(j)];
        let covariance = (0..k).map(|i| (0..k).map(|j| at(i, j)).collect()).collect();
        let found = Maximum {
            coefficients: coefficients.to_vec(),
            covariance,
            log_likelihood: heights[0],
            steps: self.path.steps as usize,
        };
        let of = |of: fn(&Term) -> f64| self.path.terms.iter().map(of).collect::<Vec<_>>();
        let mut maximum = uncentred(&found, &of(|term| term.centre), &of(|term| term.unit));
        // The exposures' logarithms were those of quanta.
        maximum.coefficients[0] +=
            self.exposure.map_or(0.0, |(_, digits)| f64::from(digits) * LN_10);
        Ok(Fitted {
            maximum,
            start: heights[1],
            saturated: heights[2],
            predicted: None,
            effective: k as f64,
        })
    }

    /// What becomes known, and what does not.
    pub(crate) fn leak(&self, to: &str) -> Leak {
        let why = "selected by the objective, which says `reveal_path = false`: no step is opened, \
                   neither coefficients nor sums, and their number is fixed";
        Leak { what: self.learned(), to: to.to_owned(), why: why.to_owned() }
    }

    /// What becomes known.
    pub(crate) fn learned(&self) -> String {
        let name = |term: &Term| format!("`{}`", term.name);
        let terms: Vec<String> = self.path.terms.iter().map(name).collect();
        format!(
            "if the gate lets them pass, the coefficients of {}, the variances and covariances of \
             these estimates, and the log-likelihoods of the fit, of a constant alone and of a \
             perfect fit; or that the steps came to no end",
            terms.join(", ")
        )
    }
}

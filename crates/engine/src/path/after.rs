//! The last step of a regression: what is asked of the records once more, at the estimates. Like
//! the others it is taken whether there are estimates or not.

use sharewell_analytics::clear::detector::Group;
use sharewell_analytics::clear::newton::Maximum;
use sharewell_analytics::clear::regression::{
    At, Family, Record, in_bins, predictions, predictions_len, sandwich, scores_len,
};
use sharewell_analytics::clear::{Result as Found, Undefined};
use sharewell_study::Errors;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct After {
    /// With robust ones, the sums of the products of scores.
    pub errors: Errors,
    /// Bins of predicted log-odds, and in each the records, the events and the probabilities.
    pub bins: usize,
}

/// Predictions and what came of them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Predicted {
    /// Sum of (response - probability)^2.
    squares: f64,
    sums: Vec<f64>,
}

impl Predicted {
    /// The bins, if they hold so many records and events.
    pub(crate) fn bins(&self, records: u64, events: u64) -> Found<Vec<Group>> {
        in_bins(&self.sums, records, events)
    }

    /// The mean of (response - probability)^2.
    pub(crate) fn brier(&self, records: f64) -> f64 {
        self.squares / records
    }
}

impl After {
    fn is_robust(self) -> bool {
        self.errors != Errors::Model
    }

    /// Whether there is a last step.
    pub(crate) fn asks(self) -> bool {
        self.is_robust() || self.bins > 0
    }

    fn scores_len(self, coefficients: usize) -> usize {
        if self.is_robust() { scores_len(coefficients) } else { 0 }
    }

    /// How many sums are opened.
    pub(super) fn len(self, coefficients: usize) -> usize {
        let predicted = if self.bins > 0 { predictions_len(self.bins) } else { 0 };
        self.scores_len(coefficients) + predicted
    }

    pub(super) fn sums(self, family: Family, records: &[Record], at: &At) -> Vec<f64> {
        let scores = self.is_robust().then(|| family.scores(records, at));
        let predicted = (self.bins > 0).then(|| predictions(records, at, self.bins));
        scores.into_iter().chain(predicted).flatten().collect()
    }

    /// The fit with the errors that were asked for, and its predictions.
    pub(super) fn read(
        self,
        fit: Maximum,
        sums: &[f64],
    ) -> Result<(Maximum, Option<Predicted>), Undefined> {
        let (scores, predicted) = sums.split_at(self.scores_len(fit.coefficients.len()));
        let fit = match self.is_robust() {
            true => sandwich(&fit, scores, self.errors == Errors::Hc1)?,
            false => fit,
        };
        let squares = predicted.first().copied();
        let predicted = squares.map(|squares| Predicted { squares, sums: predicted.to_vec() });
        Ok((fit, predicted))
    }

    /// What the last step tells.
    pub(super) fn learned(self) -> String {
        let scores = "the products of the derivatives of each record's log-likelihood".to_owned();
        let predicted = format!(
            "the squared errors of the predicted probabilities and, in each of {} bins of these, \
             the number of records, of events and the sum of the probabilities: a record that is \
             alone in its bin shows its prediction and its response",
            self.bins
        );
        let told = [(self.is_robust(), scores), (self.bins > 0, predicted)];
        let told: Vec<String> = told.into_iter().filter(|(is, _)| *is).map(|(_, of)| of).collect();
        match told.is_empty() {
            true => String::new(),
            false => {
                format!("; then, at the estimates, summed in the same way, {}", told.join("; "))
            }
        }
    }
}

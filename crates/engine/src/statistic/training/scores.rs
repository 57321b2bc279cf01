//! How good probabilities are, by how many records lie above each of some thresholds: rates of
//! right and wrong, and whether what is told so often is so often so.

use sharewell_study::{Label, Metric, Table, Training as Asked};

use super::super::sheet::{Entry, Sheet};
use super::number;
use crate::Plot;
use crate::learning::{Learning, SCORED, THRESHOLDS};

/// Parts of the range of probabilities that calibration is told in.
const PARTS: usize = 10;

/// The tested records above each threshold, of zero first.
#[derive(Clone, Copy)]
struct Above {
    threshold: f64,
    all: f64,
    of_class: f64,
    /// The sum of their probabilities.
    told: f64,
}

/// Of each class that is looked at.
pub(super) struct Scores {
    classes: Vec<(String, Vec<Above>)>,
}

impl Scores {
    pub(super) fn of(
        learning: &Learning,
        asked: &Asked,
        table: &Table,
        (opened, frac): (&[i128], u32),
    ) -> Self {
        let Label::Class(column) = &asked.label else { return Self { classes: vec![] } };
        let names = table.columns[*column].values();
        let each = SCORED * (THRESHOLDS.len() + 1);
        let of_class = |opened: &[i128]| {
            let thresholds = [0.0].into_iter().chain(THRESHOLDS);
            let above = opened.chunks(SCORED).zip(thresholds).map(|(of, threshold)| Above {
                threshold,
                all: of[0] as f64,
                of_class: of[1] as f64,
                told: number(of[2], frac),
            });
            above.collect()
        };
        let classes = learning.scored().zip(opened.chunks(each));
        let classes = classes.map(|(class, opened)| (names[class].to_owned(), of_class(opened)));
        Self { classes: classes.collect() }
    }

    /// Area under the curve, average precision.
    fn ranking(&self, tested: &Result<f64, String>) -> Sheet {
        let mut sheet = Sheet::new("ranking", &["class", "measure", "estimate", "n"]);
        for (class, above) in &self.classes {
            let measures = [("AUC", auc(above)), ("average precision", average_precision(above))];
            for (name, found) in measures {
                let name = vec![Entry::text(class.clone()), Entry::text(name)];
                match tested {
                    Err(reason) => sheet.row_without(name, reason),
                    Ok(n) => {
                        let estimate = match found {
                            Some((estimate, error)) => Entry::Inexact(estimate, error),
                            None => Entry::number(None),
                        };
                        sheet.row([name, vec![estimate, Entry::Whole(*n)]].concat());
                    }
                }
            }
        }
        sheet
    }

    /// What was asked for.
    pub(super) fn sheets(&self, learning: &Learning, tested: &Result<f64, String>) -> Vec<Sheet> {
        if self.classes.is_empty() {
            return vec![];
        }
        let sheet = |metric, sheet: fn(&Self, &Result<f64, String>) -> Sheet| {
            learning.has(metric).then(|| sheet(self, tested))
        };
        let curves = [Self::ranking, Self::curves].map(|of| sheet(Metric::Curves, of));
        curves.into_iter().flatten().chain(sheet(Metric::Calibration, Self::calibration)).collect()
    }

    fn curves(&self, tested: &Result<f64, String>) -> Sheet {
        let heads = ["class", "threshold", "recall", "false positive rate", "precision"];
        let mut sheet =
            Sheet::new("curves", &heads).drawn(Plot::curves("false positive rate", "recall"));
        for (class, above) in &self.classes {
            let last = above.last().map(|last| Above { threshold: 1.0, ..zero(last) });
            for of in above.iter().copied().chain(last) {
                let row = vec![Entry::text(class.clone()), Entry::exact(of.threshold)];
                let rest = above[0].all - above[0].of_class;
                let rate = |part: f64, of: f64| Entry::number((of > 0.0).then(|| part / of));
                let rates = vec![
                    rate(of.of_class, above[0].of_class),
                    rate(of.all - of.of_class, rest),
                    rate(of.of_class, of.all),
                ];
                match tested {
                    Err(reason) => sheet.row_without(row, reason),
                    Ok(_) => sheet.row([row, rates].concat()),
                }
            }
        }
        sheet
    }

    fn calibration(&self, tested: &Result<f64, String>) -> Sheet {
        let heads = ["class", "from", "to", "records", "told", "observed"];
        let mut sheet = Sheet::new("calibration", &heads).drawn(Plot::curves("told", "observed"));
        for (class, above) in &self.classes {
            for part in 0..PARTS {
                let [from, to] = [part, part + 1].map(|end| end as f64 / PARTS as f64);
                let at = |end: f64| above.iter().find(|of| (of.threshold - end).abs() < 1e-9);
                let low = at(from).expect("tenths are thresholds");
                let high = at(to).copied().unwrap_or_else(|| zero(low));
                let records = low.all - high.all;
                let mean = |sum: f64| Entry::number((records > 0.0).then(|| sum / records));
                let row = vec![Entry::text(class.clone()), Entry::exact(from), Entry::exact(to)];
                let rest = vec![
                    Entry::Whole(records),
                    mean(low.told - high.told),
                    mean(low.of_class - high.of_class),
                ];
                match tested {
                    Err(reason) => sheet.row_without(row, reason),
                    Ok(_) => sheet.row([row, rest].concat()),
                }
            }
        }
        sheet
    }
}

/// Nothing is above one.
fn zero(of: &Above) -> Above {
    Above { all: 0.0, of_class: 0.0, told: 0.0, ..*of }
}

/// Of each part between two thresholds, from the highest: how many are of the class, and how many
/// not, above it and in it.
fn parts(above: &[Above]) -> impl Iterator<Item = [f64; 4]> {
    let count = |of: &Above| [of.of_class, of.all - of.of_class];
    (0..above.len()).rev().map(move |at| {
        let [before, before_not] = above.get(at + 1).map_or([0.0; 2], count);
        let [with, with_not] = count(&above[at]);
        [before, before_not, with - before, with_not - before_not]
    })
}

/// How often one of the class is told a greater probability than another: as if in each part half
/// of the pairs were, and how far from that it can be.
fn auc(above: &[Above]) -> Option<(f64, f64)> {
    let all = above[0].of_class * (above[0].all - above[0].of_class);
    let sums = parts(above).fold([0.0; 2], |[sum, tied], [before, _, with, with_not]| {
        [sum + before * with_not + with * with_not / 2.0, tied + with * with_not / 2.0]
    });
    (all > 0.0).then(|| (sums[0] / all, sums[1] / all))
}

/// The mean, over those of the class, of how many of those not below it are of the class too. In
/// each part the order is not known: the middle between the best and the worst that it can be.
fn average_precision(above: &[Above]) -> Option<(f64, f64)> {
    let all = above[0].of_class;
    let sums = parts(above).fold([0.0; 2], |sums, [before, before_not, with, with_not]| {
        let mean = |others: f64| {
            (1..=with as u64).map(|i| (before + i as f64) / (before + i as f64 + others)).sum()
        };
        let [best, worst]: [f64; 2] = [before_not, before_not + with_not].map(mean);
        [sums[0] + f64::midpoint(best, worst), sums[1] + (best - worst) / 2.0]
    });
    (all > 0.0).then(|| (sums[0] / all, sums[1] / all))
}

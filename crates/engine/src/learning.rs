//! Networks that are trained: what is learnt from the providers' rows, and how it is opened.

use std::ops::Range;

use sharewell_analytics::models::{
    FARTHEST, HEADROOM, Loss, Misfit, Network, Optimiser, Reach, Shape, TooFar, Training,
};
use sharewell_study::{Descent, Keep, Layer, Metric, Shuffle, Training as Asked};

use crate::Leak;
use crate::hidden::Predictor;

/// What is trained, on which of the rows. Columns are places in [`Plan::rows`].
#[derive(Clone, Debug)]
pub(crate) struct Learning {
    pub network: Network,
    pub loss: Loss,
    pub descent: Descent,
    pub epochs: u32,
    pub seed: u64,
    pub standardise: bool,
    pub features: Vec<Predictor>,
    pub label: LabelColumn,
    /// Numbers that are told besides a class.
    pub also: Vec<Predictor>,
    /// One for rows that are not trained on, but tested on.
    pub test: Option<usize>,
    /// One for rows that tell after each epoch how far it has come.
    pub validation: Option<usize>,
    pub keep: Keep,
    pub order: Shuffle,
    pub metrics: Vec<Metric>,
    /// The counts of the rows that are trained on, validated on and tested on: indices into
    /// [`Plan::supports`].
    pub trained: usize,
    pub validated: Option<usize>,
    pub tested: Option<usize>,
}

/// Probabilities at which those that are told are parted: near the ends more finely, for there a
/// network that is sure of itself puts them.
pub(crate) const THRESHOLDS: [f64; 29] = [
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55,
    0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999,
];
/// What is counted of the records above a threshold: all, those of the class, and the sum of their
/// probabilities.
pub(crate) const SCORED: usize = 3;

/// The column with what a network is to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LabelColumn {
    /// A class's number.
    Class { column: usize, classes: usize },
    /// A number, taken by its range.
    Number(Predictor),
}

/// How many elements each part of what is opened has, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    /// Of each matrix, one if it was beyond its limit.
    pub beyond: usize,
    /// Of each feature, one if it did not vary.
    pub constant: usize,
    pub weights: usize,
    /// Means, then inverses of deviations.
    pub standard: usize,
    /// The sum of the losses in each epoch; then, of the validation records, after each.
    pub losses: usize,
    pub validations: usize,
    /// The confusion matrix, a row for each class; or the sum of the squares of what is missing; and
    /// that of each number besides.
    pub tested: usize,
    /// For each class that is looked at, from the lowest threshold: [`SCORED`] of all, then of those
    /// above each threshold.
    pub scores: usize,
}

impl Parts {
    pub(crate) fn len(&self) -> usize {
        self.beyond
            + self.constant
            + self.weights
            + self.standard
            + self.losses
            + self.validations
            + self.tested
            + self.scores
    }
}

/// The network that a study asks for, of so many features.
pub(crate) fn network(asked: &Asked) -> Result<Network, Misfit> {
    let shape = match asked.image {
        None => Shape::flat(asked.features.len()),
        Some(sides) => {
            let [height, width, channels] = sides.map(|side| side as usize);
            Shape { height, width, channels }
        }
    };
    let element = if asked.standardise { f64::from(FARTHEST) } else { 1.0 };
    let reach = Reach { norm: element * (shape.len() as f64).sqrt(), element };
    let layers: Vec<_> = asked.layers.iter().map(layer).collect();
    Network::new((shape, reach), &layers, HEADROOM)
}

fn layer(of: &Layer) -> sharewell_analytics::models::Layer {
    use sharewell_analytics::models::Layer as Made;
    match *of {
        Layer::Dense { outputs } => Made::Dense { outputs: outputs as usize },
        Layer::Convolution { channels, kernel, stride, padding } => {
            let [channels, kernel] = [channels, kernel].map(|x| x as usize);
            let [stride, padding] = [stride, padding].map(|x| x as usize);
            Made::Convolution { channels, kernel, stride, padding }
        }
        Layer::AveragePool { size } => Made::AveragePool { size: size as usize },
        Layer::MaxPool { size } => Made::MaxPool { size: size as usize },
        Layer::Relu => Made::Relu,
        Layer::LeakyRelu { slope } => Made::LeakyRelu { slope },
        Layer::Sigmoid => Made::Sigmoid,
        Layer::Tanh => Made::Tanh,
        Layer::Dropout { rate } => Made::Dropout { rate },
    }
}

impl Learning {
    /// In a ring of so many bits.
    pub(crate) fn training(&self, bits: u32) -> Result<Training, TooFar> {
        let Descent { batch, learning_rate, momentum, nesterov, weight_decay, .. } = self.descent;
        let optimiser = Optimiser::Sgd { momentum, nesterov, weight_decay };
        let course = (batch as usize, learning_rate);
        Training::new(self.network.clone(), (self.loss, optimiser), course, bits)
    }

    pub(crate) fn parts(&self) -> Parts {
        let features = if self.standardise { self.features.len() } else { 0 };
        let of_label = match self.label {
            LabelColumn::Class { classes, .. } => classes * classes,
            LabelColumn::Number(_) => 1,
        };
        let epochs = if self.has(Metric::Loss) { self.epochs as usize } else { 0 };
        Parts {
            beyond: self.network.weights().len(),
            constant: features,
            weights: self.network.weights().iter().map(|of| of.len()).sum(),
            standard: 2 * features,
            losses: epochs,
            validations: if self.validation.is_some() { epochs } else { 0 },
            tested: if self.test.is_some() { of_label + self.also.len() } else { 0 },
            scores: self.scored().len() * SCORED * (THRESHOLDS.len() + 1),
        }
    }

    pub(crate) fn has(&self, metric: Metric) -> bool {
        self.metrics.contains(&metric)
    }

    /// The classes whose probabilities are looked at: of two the second tells all.
    pub(crate) fn scored(&self) -> Range<usize> {
        match self.label {
            LabelColumn::Class { classes, .. }
                if self.has(Metric::Curves) || self.has(Metric::Calibration) =>
            {
                if classes == 2 {
                    1..2
                } else {
                    0..classes
                }
            }
            _ => 0..0,
        }
    }

    /// Rows of all givers, of which each epoch takes all.
    pub(crate) fn steps(&self, rows: usize) -> usize {
        rows.div_ceil(self.descent.batch as usize)
    }

    /// What becomes known.
    pub(crate) fn learned(&self) -> Vec<String> {
        self.leaks("").into_iter().map(|leak| leak.what).collect()
    }

    /// What becomes known, and what does not.
    pub(crate) fn leaks(&self, to: &str) -> Vec<Leak> {
        let leak = |what: String, why: &str| Leak { what, to: to.into(), why: why.into() };
        let Parts { weights, beyond, .. } = self.parts();
        let mut leaks = vec![leak(
            format!("if the gate lets them pass, all {weights} weights of the trained network"),
            "selected by the objective; no step, no gradient and no record is opened. A network \
             that fits its records too well can tell of single ones",
        )];
        if self.standardise {
            leaks.push(leak(
                "with them, the mean and the standard deviation of each feature".into(),
                "whoever uses the network takes records by them",
            ));
        }
        if self.test.is_some() {
            let what = match self.label {
                LabelColumn::Class { .. } => {
                    "how many tested records of each class were taken for which"
                }
                LabelColumn::Number(_) => "the mean square of what is missing of tested records",
            };
            leaks.push(leak(
                format!("if the gate lets it pass, {what}"),
                "selected by the objective, which says `test`",
            ));
        }
        if self.has(Metric::Loss) {
            let what = match self.validation {
                None => "the mean loss of the records trained on, in each epoch",
                Some(_) => {
                    "the mean loss of the records trained on, in each epoch, and of those validated \
                     on, after each"
                }
            };
            let why = "selected by the objective, which says `metrics`";
            leaks.push(leak(format!("if the gate lets it pass, {what}"), why));
        }
        if !self.scored().is_empty() {
            let what = format!(
                "if the gate lets it pass, of tested records of each class and of all, how many were \
                 told it with a probability in each of {} parts, and the sum of these",
                THRESHOLDS.len() + 1
            );
            leaks.push(leak(what, "selected by the objective, which says `metrics`"));
        }
        leaks.push(leak(
            format!("in {beyond} bits, whether the weights of a layer ran away"),
            "then nothing else is opened",
        ));
        if self.keep == Keep::Best {
            let what = "of the epoch after which the weights were the best, nothing";
            leaks.push(leak(what.into(), "they are selected in secret"));
        }
        leaks
    }
}

//! Networks that are trained: what is learnt from the providers' rows, and how it is opened.

use sharewell_analytics::models::{
    FARTHEST, HEADROOM, Loss, Misfit, Network, Optimiser, Reach, Shape, TooFar, Training,
};
use sharewell_study::{Descent, Layer, Training as Asked};

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
    /// One for rows that are not trained on, but tested on.
    pub test: Option<usize>,
    /// The counts of the rows that are trained on and tested on: indices into [`Plan::supports`].
    pub trained: usize,
    pub tested: Option<usize>,
}

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
    /// The confusion matrix, a row for each class; or the sum of the squares of what is missing.
    pub tested: usize,
}

impl Parts {
    pub(crate) fn len(&self) -> usize {
        self.beyond + self.constant + self.weights + self.standard + self.tested
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
        let Descent { batch, learning_rate, momentum, nesterov, weight_decay } = self.descent;
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
        Parts {
            beyond: self.network.weights().len(),
            constant: features,
            weights: self.network.weights().iter().map(|of| of.len()).sum(),
            standard: 2 * features,
            tested: if self.test.is_some() { of_label } else { 0 },
        }
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
        leaks.push(leak(
            format!("in {beyond} bits, whether the weights of a layer ran away"),
            "then nothing else is opened",
        ));
        leaks
    }
}

//! Models that are trained on all parties' records.

use crate::{Predicate, RowExpr, Table};

/// A network, what it learns from, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Training {
    /// What it sees of a record, in the order of its inputs.
    pub features: Vec<RowExpr>,
    /// What it is to tell of a record.
    pub label: Label,
    /// Numbers that it is to tell besides a class, such as the corners of a box.
    pub also: Vec<RowExpr>,
    /// What is made small.
    pub loss: Loss,
    /// Height, width and channels, if the features are the pixels of an image, row by row, each with
    /// its channels.
    pub image: Option<[u32; 3]>,
    /// Whether each feature is taken less its mean and over its standard deviation, of all records
    /// that are trained on; otherwise its agreed range is taken as -1 to 1.
    pub standardise: bool,
    /// The records that count; all of them if absent.
    pub filter: Option<Predicate>,
    /// Those of them that are not trained on, but tell how good the network is.
    pub test: Option<Predicate>,
    /// Those that are not trained on either, but tell after each epoch how far it has come.
    pub validation: Option<Predicate>,
    /// The weights after which epoch are the result.
    pub keep: Keep,
    /// Who knows which records a step takes.
    pub order: Shuffle,
    /// What else is told of the training.
    pub metrics: Vec<Metric>,
    /// From the input to the output.
    pub layers: Vec<Layer>,
    /// How weights follow their gradients.
    pub descent: Descent,
    /// Passes over all records.
    pub epochs: u32,
    /// What fresh weights and the order of the records are drawn from: public, so that everybody
    /// can make them again.
    pub seed: u64,
}

/// The weights after which epoch are kept.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Keep {
    /// The last.
    Last,
    /// The one with the least loss of the validation records; which it is stays secret.
    Best,
}

/// Who knows which records a step takes.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Shuffle {
    /// All parties, by their places: another order in each epoch, drawn from the seed.
    Public,
    /// Nobody.
    Secret,
}

/// What is told of a training beside the network and its test.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Metric {
    /// The mean loss in each epoch.
    Loss,
    /// How the rates of right and wrong go with the threshold, of each class against the others.
    Curves,
    /// How often what is told with some probability is so.
    Calibration,
}

impl Metric {
    /// All.
    pub const ALL: [Self; 3] = [Self::Loss, Self::Curves, Self::Calibration];

    /// Its name in a study.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Loss => "loss",
            Self::Curves => "curves",
            Self::Calibration => "calibration",
        }
    }
}

/// What a network is to tell, and what is made small for that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Label {
    /// A value of a category or boolean column: an output for each.
    Class(usize),
    /// A number: one output.
    Number(RowExpr),
}

/// What a training makes small.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Of classes, minus the logarithm of what softmax gives to the right one.
    CrossEntropy,
    /// Of classes, each against all others: how far each output is from one on its side of zero.
    Hinge,
    /// Of numbers, half the square of what is missing.
    Squared,
    /// Of numbers, the same up to half the range, and from there on as steep as there.
    SmoothL1,
}

impl Label {
    /// Outputs of the last layer.
    #[must_use]
    pub fn outputs(&self, table: &Table) -> usize {
        match self {
            Self::Class(column) => table.columns[*column].values().len(),
            Self::Number(_) => 1,
        }
    }
}

/// Stochastic gradient descent.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Descent {
    /// Records of a step.
    pub batch: u32,
    /// What a step takes of a gradient, in the first epoch.
    pub learning_rate: f64,
    /// How that changes from epoch to epoch.
    pub schedule: Schedule,
    /// How much of the last step is left, from 0 to below 1.
    pub momentum: f64,
    /// Whether the gradient is followed from where the momentum leads.
    pub nesterov: bool,
    /// How much of the weights is added to their gradients.
    pub weight_decay: f64,
}

/// How the learning rate changes from epoch to epoch.
#[derive(Copy, Clone, Debug, PartialEq)]
pub enum Schedule {
    /// It does not.
    Constant,
    /// After so many epochs it is taken times a factor, again and again.
    Step {
        /// Epochs.
        every: u32,
        /// Below 1.
        factor: f64,
    },
    /// It falls to nothing as half a cosine does.
    Cosine,
}

impl Descent {
    /// The learning rate in an epoch, from 0, of so many.
    #[must_use]
    pub fn rate(&self, epoch: u32, epochs: u32) -> f64 {
        let factor = match self.schedule {
            Schedule::Constant => 1.0,
            Schedule::Step { every, factor } => factor.powf(f64::from(epoch / every)),
            Schedule::Cosine => {
                let part = f64::from(epoch) / f64::from(epochs.max(1));
                f64::midpoint(1.0, (part * std::f64::consts::PI).cos())
            }
        };
        self.learning_rate * factor
    }
}

/// A layer of a network.
#[derive(Clone, Debug, PartialEq)]
pub enum Layer {
    /// Every output a weighted sum of all inputs, and a bias.
    Dense {
        /// How many there are.
        outputs: u32,
    },
    /// Every output a weighted sum of a square of pixels, and a bias.
    Convolution {
        /// Outputs at each place.
        channels: u32,
        /// Side of the square.
        kernel: u32,
        /// Pixels from one square to the next.
        stride: u32,
        /// Pixels of zeros around the image.
        padding: u32,
    },
    /// The mean of every square of pixels.
    AveragePool {
        /// Side of the square.
        size: u32,
    },
    /// The greatest of every square of pixels.
    MaxPool {
        /// Side of the square.
        size: u32,
    },
    /// `max(x, 0)`.
    Relu,
    /// `max(x, slope x)`.
    LeakyRelu {
        /// From 0 to 1.
        slope: f64,
    },
    /// `1 / (1 + e^-x)`.
    Sigmoid,
    /// The hyperbolic tangent.
    Tanh,
    /// Each number with this probability 0 while training, and otherwise as much greater.
    Dropout {
        /// From 0 to 0.95.
        rate: f64,
    },
}

impl Layer {
    /// Its name in a study.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Dense { .. } => "dense",
            Self::Convolution { .. } => "convolution",
            Self::AveragePool { .. } => "average_pool",
            Self::MaxPool { .. } => "max_pool",
            Self::Relu => "relu",
            Self::LeakyRelu { .. } => "leaky_relu",
            Self::Sigmoid => "sigmoid",
            Self::Tanh => "tanh",
            Self::Dropout { .. } => "dropout",
        }
    }
}

//! What a network is: layers one after the other. All of it is public.

use super::layer::{Given, Operation, Product, Reach, Signal, chain};

/// The shape of one example between two layers: height, width, channels. Numbers without a place
/// are the channels of an image of one pixel.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Rows of the image.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Numbers at each pixel.
    pub channels: usize,
}

impl Shape {
    /// Of numbers without a place.
    #[must_use]
    pub fn flat(len: usize) -> Self {
        Self { height: 1, width: 1, channels: len }
    }

    /// Numbers in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pixels() * self.channels
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Places in it.
    #[must_use]
    pub fn pixels(&self) -> usize {
        self.height * self.width
    }
}

/// One layer, as a study lists it.
#[derive(Clone, Debug, PartialEq)]
pub enum Layer {
    /// Every output a weighted sum of all inputs, and a bias.
    Dense {
        /// How many there are.
        outputs: usize,
    },
    /// Every output a weighted sum of a square of pixels, and a bias.
    Convolution {
        /// Outputs at each place.
        channels: usize,
        /// Side of the square.
        kernel: usize,
        /// Pixels from one square to the next.
        stride: usize,
        /// Pixels of zeros around the image.
        padding: usize,
    },
    /// The mean of every square of pixels; what is left at the edges is not looked at.
    AveragePool {
        /// Side of the square.
        size: usize,
    },
    /// The greatest of every square of pixels.
    MaxPool {
        /// Side of the square.
        size: usize,
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
    /// Each number with this probability 0, and otherwise as much greater; while training only.
    Dropout {
        /// From 0 to below 1.
        rate: f64,
    },
    /// Pixels and channels one after the other.
    Flatten,
    /// What goes in, and what these layers make of it.
    Residual(Vec<Self>),
}

/// Why layers are no network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("layer {layer} ({name}): {why}")]
pub struct Misfit {
    /// Its place, from 1.
    pub layer: usize,
    /// Its name.
    pub name: &'static str,
    /// What does not fit.
    pub why: String,
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
            Self::Flatten => "flatten",
            Self::Residual(_) => "residual",
        }
    }
}

/// A matrix of weights: a row is an input, in the order kernel row, kernel column, channel, and the
/// last row the bias; a column is an output.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Weights {
    /// The place of its layer, from 1.
    pub layer: usize,
    /// The layer's name.
    pub name: &'static str,
    /// Inputs, and one for the bias.
    pub rows: usize,
    /// Outputs.
    pub columns: usize,
    /// The Frobenius norm that it may reach.
    pub limit: f64,
}

impl Weights {
    /// Weights in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows * self.columns
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// How much greater than a matrix of fresh weights one may become, if a study does not say.
pub const HEADROOM: f64 = 4.0;

/// Layers that fit together, for examples of one shape.
#[derive(Clone, Debug)]
pub struct Network {
    input: Shape,
    layers: Vec<Layer>,
    operations: Vec<Operation>,
    weights: Vec<Weights>,
}

/// More weights than these are none that anybody trains under secure computation.
const WEIGHTS_MAX: usize = 1 << 26;

impl Network {
    /// Layers one after the other, for examples of this shape that reach so far. No matrix of
    /// weights is to become more than `headroom` times as great as a fresh one, in the Frobenius
    /// norm: everything that follows is proven from that.
    ///
    /// # Errors
    /// If a layer does not fit what comes out of the one before it.
    pub fn new(
        (input, reach): (Shape, Reach),
        layers: &[Layer],
        headroom: f64,
    ) -> Result<Self, Misfit> {
        let given = Given { shape: input, reach, typical: reach.norm, matrices: 0, headroom };
        let name = |at: usize| layers[at - 1].name();
        let misfit = |(layer, why)| Misfit { layer, name: name(layer), why };
        let operations = chain(layers, given).map_err(misfit)?;
        let mut weights = vec![];
        for (at, operation) in (1..).zip(&operations) {
            let mut products = vec![];
            operation.products(&mut products);
            for product in products {
                let ([rows, columns], limit) = (product.shape(), product.limit());
                weights.push(Weights { layer: at, name: name(at), rows, columns, limit });
                let all: usize = weights.iter().map(Weights::len).sum();
                if all > WEIGHTS_MAX {
                    return Err(misfit((at, format!("{all} weights are more than {WEIGHTS_MAX}"))));
                }
            }
        }
        Ok(Self { input, layers: layers.to_vec(), operations, weights })
    }

    /// The shape of what goes in.
    #[must_use]
    pub fn input(&self) -> Shape {
        self.input
    }

    /// The shape of what comes out.
    #[must_use]
    pub fn output(&self) -> Shape {
        self.operations.last().map_or(self.input, |last| last.end().0)
    }

    /// How far what comes out can reach; none of no layers.
    pub(super) fn reach(&self) -> Option<Reach> {
        self.operations.last().map(|last| last.end().1)
    }

    /// The layers.
    #[must_use]
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The matrices of weights, in order.
    #[must_use]
    pub fn weights(&self) -> &[Weights] {
        &self.weights
    }

    pub(super) fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The layers with a matrix, in the order of their matrices.
    pub(super) fn products(&self) -> Vec<&Product> {
        let mut found = vec![];
        self.operations.iter().for_each(|of| of.products(&mut found));
        found
    }

    /// The same, where the loss sends back a signal of this norm.
    pub(super) fn with_signal(mut self, norm: f64) -> Self {
        let mut signal = Signal { most: norm, typical: norm };
        for operation in self.operations.iter_mut().rev() {
            signal = operation.back(signal);
        }
        self
    }
}

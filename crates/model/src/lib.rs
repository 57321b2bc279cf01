//! Trained networks as files that other tools open: ONNX to run them, safetensors for their
//! numbers alone; and what they predict, in the clear.
//!
//! Everything that a network needs of a record is part of it: how the values become its inputs,
//! too. So whoever runs the file gives it values as the agreed schema has them.
#![forbid(unsafe_code)]

mod image;
mod onnx;
mod tensors;

pub use image::Image;

/// A trained network.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// Its name.
    pub name: String,
    /// What it is given of a record.
    pub inputs: Vec<Input>,
    /// The image that they are, if they are one: row by row, each pixel with its channels.
    pub image: Option<Image>,
    /// From the inputs to the outputs.
    pub layers: Vec<Layer>,
    /// What comes out.
    pub output: Output,
}

/// A value of a record, and how it becomes what the first layer sees: less `middle`, over `half`,
/// and no farther than `farthest`.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// What becomes zero.
    pub middle: f64,
    /// What is one from that.
    pub half: f64,
    /// The greatest magnitude.
    pub farthest: f64,
}

/// A layer.
#[derive(Clone, Debug, PartialEq)]
pub enum Layer {
    /// Weighted sums.
    Dense {
        /// A row for each input, a column for each output.
        weights: Vec<Vec<f64>>,
        /// One for each output.
        biases: Vec<f64>,
    },
    /// Weighted sums of squares of pixels.
    Convolution {
        /// Side of the square.
        kernel: usize,
        /// Pixels from one square to the next.
        stride: usize,
        /// Pixels of zeros around the image.
        padding: usize,
        /// A row for each input, by row, column and channel of the square; a column for each
        /// output.
        weights: Vec<Vec<f64>>,
        /// One for each output.
        biases: Vec<f64>,
    },
    /// The mean of every square of pixels.
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
}

/// What the numbers that come out of the last layer mean.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Output {
    /// Softmax makes the first ones probabilities of these classes, if there are any.
    pub classes: Vec<String>,
    /// What the others tell.
    pub numbers: Vec<Number>,
}

/// A number that is told, of which 0 is `middle` and 1 is `half` from that.
#[derive(Clone, Debug, PartialEq)]
pub struct Number {
    /// Its name.
    pub name: String,
    /// What zero is.
    pub middle: f64,
    /// What one is from that.
    pub half: f64,
}

impl Model {
    /// Probabilities of the classes, then the numbers, of one record.
    ///
    /// # Panics
    /// If there are not as many values as inputs, or layers do not fit.
    #[must_use]
    pub fn predict(&self, values: &[f64]) -> Vec<f64> {
        assert_eq!(values.len(), self.inputs.len(), "values for {}", self.name);
        let seen =
            self.inputs.iter().zip(values).map(|(of, value)| {
                ((value - of.middle) / of.half).clamp(-of.farthest, of.farthest)
            });
        let mut image = self.image.unwrap_or_else(|| Image::flat(self.inputs.len()));
        let out = self.layers.iter().fold(seen.collect(), |x: Vec<f64>, layer| {
            let y = layer.of(&x, image);
            image = layer.after(image);
            y
        });
        let Output { classes, numbers } = &self.output;
        let (first, others) = out.split_at(classes.len());
        let others = numbers.iter().zip(others).map(|(of, x)| of.middle + of.half * x);
        softmax(first).into_iter().chain(others).collect()
    }
}

impl Layer {
    /// The image that comes out.
    #[must_use]
    pub fn after(&self, image: Image) -> Image {
        match self {
            Self::Dense { biases, .. } => Image::flat(biases.len()),
            Self::Convolution { kernel, stride, padding, biases, .. } => {
                image.after(*kernel, *stride, *padding, biases.len())
            }
            Self::AveragePool { size } | Self::MaxPool { size } => {
                image.after(*size, *size, 0, image.channels)
            }
            Self::Relu | Self::LeakyRelu { .. } | Self::Sigmoid | Self::Tanh => image,
        }
    }

    fn of(&self, x: &[f64], image: Image) -> Vec<f64> {
        let each = |of: &dyn Fn(f64) -> f64| x.iter().map(|x| of(*x)).collect();
        match self {
            Self::Dense { weights, biases } => {
                assert_eq!(weights.len(), x.len(), "inputs of a dense layer");
                let output = |(j, bias): (usize, &f64)| {
                    bias + weights.iter().zip(x).map(|(row, x)| row[j] * x).sum::<f64>()
                };
                biases.iter().enumerate().map(output).collect()
            }
            Self::Convolution { kernel, stride, padding, weights, biases } => {
                let squares = image.squares(x, [*kernel, *stride, *padding]);
                let sum = |square: &Vec<f64>, j: usize| {
                    biases[j] + weights.iter().zip(square).map(|(row, x)| row[j] * x).sum::<f64>()
                };
                let outputs = 0..biases.len();
                squares.iter().flat_map(|of| outputs.clone().map(move |j| sum(of, j))).collect()
            }
            Self::AveragePool { size } => {
                image.pooled(x, *size, |of| of.iter().sum::<f64>() / of.len() as f64)
            }
            Self::MaxPool { size } => {
                image.pooled(x, *size, |of| of.iter().copied().fold(f64::NEG_INFINITY, f64::max))
            }
            Self::Relu => each(&|x| x.max(0.0)),
            Self::LeakyRelu { slope } => each(&|x| x.max(slope * x)),
            Self::Sigmoid => each(&|x| 1.0 / (1.0 + (-x).exp())),
            Self::Tanh => each(&f64::tanh),
        }
    }
}

fn softmax(x: &[f64]) -> Vec<f64> {
    let greatest = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = x.iter().map(|x| (x - greatest).exp()).collect();
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / sum).collect()
}

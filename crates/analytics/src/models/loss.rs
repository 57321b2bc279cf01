//! Losses: what is made small, and the signal that a network learns from.

use sharewell_mpc::{Protocol, Result, Share, circuit};
use sharewell_ring::{Integer, Ring};
use sharewell_tensor::Tensor;
use sharewell_tensor::function::{Argument, Fit, Sigmoid, Softmax, sigmoid, softmax};

use super::layer::bits_of;
use super::network::Network;
use super::scales::Scales;

/// The loss of one example; of a batch, their mean.
#[derive(Copy, Clone, Debug, PartialEq)]
pub enum Loss {
    /// Minus the logarithm of what softmax gives to the right class. Targets are one for that and
    /// zero for the others.
    CrossEntropy,
    /// The sum over the outputs of minus the logarithm of what sigmoid gives to the right answer.
    /// Targets are zeros and ones.
    BinaryCrossEntropy,
    /// Half the sum of the squares of what is missing, for targets up to `most` in magnitude.
    Squared {
        /// The greatest magnitude of a target.
        most: f64,
    },
    /// The same up to a distance of one, and from there on as steep as there: Huber's.
    SmoothL1 {
        /// The greatest magnitude of a target.
        most: f64,
    },
}

impl Loss {
    /// The norm of the signal of an example.
    pub(super) fn signal(self, network: &Network) -> f64 {
        let outputs = network.output().len() as f64;
        // Errors of the functions are far below these.
        match self {
            Self::CrossEntropy => 1.5,
            Self::BinaryCrossEntropy | Self::SmoothL1 { .. } => 1.01 * outputs.sqrt(),
            Self::Squared { most } => {
                network.reach().map_or(0.0, |reach| reach.norm) + most * outputs.sqrt()
            }
        }
    }

    fn argument(network: &Network, scales: Scales) -> Argument {
        let element = network.reach().map_or(1.0, |reach| reach.element);
        Argument { bits: bits_of(element) + scales.frac, frac_bits: scales.frac }
    }

    fn softmax(network: &Network, scales: Scales) -> Softmax {
        let (argument, len) = (Self::argument(network, scales), network.output().len());
        Softmax { argument, len, frac_bits: scales.frac }
    }

    fn sigmoid(network: &Network, scales: Scales) -> Sigmoid {
        let argument = Self::argument(network, scales);
        Sigmoid { argument, frac_bits: scales.frac, fit: Fit::Accurate }
    }

    pub(super) fn fits(self, network: &Network, scales: Scales, bits: u32) -> bool {
        match self {
            Self::CrossEntropy => Self::softmax(network, scales).fits(bits),
            Self::BinaryCrossEntropy => Self::sigmoid(network, scales).fits(bits),
            Self::Squared { .. } | Self::SmoothL1 { .. } => {
                Self::argument(network, scales).bits + 4 < bits
            }
        }
    }

    /// What a network predicts: probabilities, or the outputs as they are.
    pub(super) fn predicted<P: Protocol>(
        self,
        p: &mut P,
        (network, scales): (&Network, Scales),
        z: Tensor<P>,
    ) -> Result<Tensor<P>> {
        match self {
            Self::CrossEntropy => softmax(p, &z, Self::softmax(network, scales)),
            Self::BinaryCrossEntropy => sigmoid(p, &z, Self::sigmoid(network, scales)),
            Self::Squared { .. } | Self::SmoothL1 { .. } => Ok(z),
        }
    }

    /// The derivative of each example's loss by its outputs.
    pub(super) fn backward<P: Protocol>(
        self,
        p: &mut P,
        of: (&Network, Scales),
        (z, y): (Tensor<P>, &Tensor<P>),
    ) -> Result<Tensor<P>> {
        let frac = of.1.frac;
        let missing = self.predicted(p, of, z)?.sub(y);
        let (shape, mut missing) = (missing.shape().to_vec(), missing.into_shares());
        let one = P::Ring::ONE.shl(frac);
        let missing = match self {
            Self::SmoothL1 { .. } => {
                let bits = Self::argument(of.0, of.1).bits + 2;
                let ends = [-one, one].map(|end| p.public(&vec![end; missing.len()]));
                circuit::clamp(p, &missing, [&ends[0], &ends[1]], bits)?
            }
            Self::CrossEntropy | Self::BinaryCrossEntropy => {
                let most = one.to_i128() * 257 / 256;
                p.note_bound(&mut missing, -most, most);
                missing
            }
            Self::Squared { .. } => missing,
        };
        debug_assert_eq!(missing.len(), shape.iter().product());
        Ok(Tensor::new(missing, &shape, frac))
    }
}

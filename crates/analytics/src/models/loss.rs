//! Losses: what is made small, and the signal that a network learns from.

use sharewell_mpc::{Protocol, Result, Share, circuit};
use sharewell_ring::{Integer, Ring};
use sharewell_tensor::Tensor;
use sharewell_tensor::function::{
    Argument, Base, Fit, Logarithm, Sigmoid, Softmax, logarithm, sigmoid, softmax,
};

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

    /// The derivative of each example's loss by its outputs, of what is predicted less the target.
    pub(super) fn backward<P: Protocol>(
        self,
        p: &mut P,
        (network, scales): (&Network, Scales),
        missing: Tensor<P>,
    ) -> Result<Tensor<P>> {
        let one = 1i128 << scales.frac;
        match self {
            Self::SmoothL1 { .. } => clamped(p, &missing, one, self.bits(network, scales)),
            Self::CrossEntropy | Self::BinaryCrossEntropy => Ok(noted(p, missing, one * 257 / 256)),
            Self::Squared { .. } => Ok(missing),
        }
    }

    /// Bits of what is predicted less the target, its sign included.
    fn bits(self, network: &Network, scales: Scales) -> u32 {
        match self {
            Self::CrossEntropy | Self::BinaryCrossEntropy => scales.frac + 2,
            Self::Squared { .. } | Self::SmoothL1 { .. } => {
                Self::argument(network, scales).bits + 2
            }
        }
    }

    /// The sum of the losses of the examples that count.
    pub(super) fn total<P: Protocol>(
        self,
        p: &mut P,
        of: (&Network, Scales),
        missing: Tensor<P>,
        (y, counts): (&Tensor<P>, &P::AShare),
    ) -> Result<Tensor<P>> {
        let frac = of.1.frac;
        let (rows, outputs) = (counts.len(), missing.len() / counts.len().max(1));
        let one = p.public(&vec![P::Ring::ONE.shl(frac); missing.len()]);
        let losses = match self {
            // What the right class is given: one, less what is missing of it.
            Self::CrossEntropy => {
                let missing = noted(p, missing, (1 << frac) * 257 / 256);
                let mut right = p.dot(missing.shares(), y.shares(), rows)?;
                if y.frac_bits() > 0 {
                    right = p.trunc(&right, y.frac_bits())?;
                }
                right += &one.take(0..rows);
                surprise(p, &right, frac)?
            }
            // The same of an answer that is yes, and one more what is missing of a no.
            Self::BinaryCrossEntropy => {
                let missing = noted(p, missing, (1 << frac) * 257 / 256);
                let mut sign = y.clone().into_shares();
                sign += &y.clone().into_shares();
                sign -= &p.public(&vec![P::Ring::ONE.shl(y.frac_bits()); y.len()]);
                let mut right = p.mul_trunc(&sign, missing.shares(), y.frac_bits())?;
                right += &one;
                surprise(p, &right, frac)?.sum(rows)
            }
            // Of what lies within the targets' range no more than all of it is missing.
            Self::Squared { most } => {
                let most = (2.0 * most * f64::from(frac).exp2()).ceil() as i128;
                let missing = clamped(p, &missing, most, self.bits(of.0, of.1))?.into_shares();
                let squares = p.dot(&missing, &missing, rows)?;
                p.trunc(&squares, frac + 1)?
            }
            // With c what is missing, but one at most: c (missing - c / 2).
            Self::SmoothL1 { most } => {
                let bits = self.bits(of.0, of.1);
                let most = (2.0 * most * f64::from(frac).exp2()).ceil() as i128;
                let missing = clamped(p, &missing, most.max(2 << frac), bits)?;
                let near = clamped(p, &missing, 1 << frac, bits)?.into_shares();
                let mut twice = missing.clone().into_shares();
                twice += missing.shares();
                twice -= &near;
                let products = p.dot(&near, &twice, rows)?;
                p.trunc(&products, frac + 1)?
            }
        };
        debug_assert_eq!(losses.len(), rows, "losses of {outputs} outputs");
        let total = p.dot(&losses, counts, 1)?;
        Ok(Tensor::new(total, &[1], frac))
    }
}

/// Numbers that are known to be no farther from zero.
fn noted<P: Protocol>(p: &mut P, x: Tensor<P>, most: i128) -> Tensor<P> {
    let (shape, frac_bits) = (x.shape().to_vec(), x.frac_bits());
    let mut shares = x.into_shares();
    p.note_bound(&mut shares, -most, most);
    Tensor::new(shares, &shape, frac_bits)
}

/// Numbers of so many bits, and none farther from zero.
fn clamped<P: Protocol>(p: &mut P, x: &Tensor<P>, most: i128, bits: u32) -> Result<Tensor<P>> {
    let ends = [-most, most].map(|end| p.public(&vec![P::Ring::from_i128(end); x.len()]));
    let shares = circuit::clamp(p, x.shares(), [&ends[0], &ends[1]], bits)?;
    Ok(Tensor::new(shares, x.shape(), x.frac_bits()))
}

/// Minus the logarithm of probabilities, at their scale; none is taken to be less than its unit.
fn surprise<P: Protocol>(p: &mut P, x: &P::AShare, frac: u32) -> Result<P::AShare> {
    let ends = [P::Ring::ONE, P::Ring::ONE.shl(frac)].map(|end| p.public(&vec![end; x.len()]));
    let x = circuit::clamp(p, x, [&ends[0], &ends[1]], frac + 3)?;
    let x = Tensor::new(x, &[ends[0].len()], frac);
    let spec = Logarithm { base: Base::E, bits: frac + 1, scale: frac, frac_bits: frac };
    let (logarithms, _) = logarithm(p, &x, spec)?;
    let mut surprise = p.public(&vec![P::Ring::ZERO; x.len()]);
    surprise -= logarithms.shares();
    // Those of a half, so often.
    p.note_bound(&mut surprise, -64, i128::from(frac) << frac);
    Ok(surprise)
}

//! Losses: what is made small, and the signal that a network learns from.

use sharewell_mpc::{Protocol, Result, Share, circuit};
use sharewell_ring::{Integer, Ring};
use sharewell_tensor::Tensor;
use sharewell_tensor::function::{
    Argument, Base, Fit, Logarithm, Sigmoid, Softmax, logarithm, sigmoid, softmax,
};

use super::layer::{Reach, bits_of};
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
    /// The sum over the outputs of how far each is from one on the right side of zero: that of
    /// support vector machines (Cortes and Vapnik 1995), one output against all others. Targets are
    /// zeros and ones.
    Hinge,
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
    /// Cross-entropy of the first outputs, and smooth L1 of the others: what something is, and where
    /// (Girshick 2015, Fast R-CNN, 2.3).
    Detection {
        /// Outputs that are of a class.
        classes: usize,
        /// The greatest magnitude of the other targets.
        most: f64,
    },
}

/// What comes out of a network: how many numbers of an example, and how far they reach.
#[derive(Copy, Clone, Debug)]
pub(super) struct Ends {
    len: usize,
    reach: Reach,
    scales: Scales,
}

impl Ends {
    pub(super) fn of(network: &Network, scales: Scales) -> Self {
        let reach = network.reach().unwrap_or(Reach { norm: 0.0, element: 1.0 });
        Self { len: network.output().len(), reach, scales }
    }

    fn argument(self) -> Argument {
        let frac_bits = self.scales.frac;
        Argument { bits: bits_of(self.reach.element) + frac_bits, frac_bits }
    }

    fn softmax(self) -> Softmax {
        Softmax { argument: self.argument(), len: self.len, frac_bits: self.scales.frac }
    }

    fn sigmoid(self) -> Sigmoid {
        let frac_bits = self.scales.frac;
        Sigmoid { argument: self.argument(), frac_bits, fit: Fit::Accurate }
    }
}

impl Loss {
    /// The losses of the first outputs and of the others, if they differ.
    fn parts(self, of: Ends) -> Option<[(Self, Ends); 2]> {
        let Self::Detection { classes, most } = self else { return None };
        let others = Ends { len: of.len - classes, ..of };
        Some([(Self::CrossEntropy, Ends { len: classes, ..of }), (Self::SmoothL1 { most }, others)])
    }

    /// The norm of the signal of an example.
    pub(super) fn signal(self, of: Ends) -> f64 {
        let root = (of.len as f64).sqrt();
        // Errors of the functions are far below these.
        match self {
            Self::CrossEntropy => 1.5,
            Self::BinaryCrossEntropy | Self::Hinge | Self::SmoothL1 { .. } => 1.01 * root,
            Self::Squared { most } => of.reach.norm + most * root,
            Self::Detection { classes, .. } => {
                1.5f64.hypot(1.01 * (of.len as f64 - classes as f64))
            }
        }
    }

    pub(super) fn fits(self, of: Ends, bits: u32) -> bool {
        match self {
            Self::CrossEntropy => of.softmax().fits(bits),
            Self::BinaryCrossEntropy => of.sigmoid().fits(bits),
            Self::Hinge | Self::Squared { .. } | Self::SmoothL1 { .. } => {
                of.argument().bits + 4 < bits
            }
            Self::Detection { .. } => {
                let parts = self.parts(of).into_iter().flatten();
                parts.into_iter().all(|(loss, of)| loss.fits(of, bits))
            }
        }
    }

    /// What a network predicts: probabilities, or the outputs as they are.
    pub(super) fn predicted<P: Protocol>(
        self,
        p: &mut P,
        of: Ends,
        z: Tensor<P>,
    ) -> Result<Tensor<P>> {
        match self {
            Self::CrossEntropy => softmax(p, &z, of.softmax()),
            Self::BinaryCrossEntropy => sigmoid(p, &z, of.sigmoid()),
            Self::Hinge | Self::Squared { .. } | Self::SmoothL1 { .. } => Ok(z),
            Self::Detection { classes, .. } => {
                let [first, others] = parted(&z, classes);
                let of = Ends { len: classes, ..of };
                Ok(joined(&[softmax(p, &first, of.softmax())?, others]))
            }
        }
    }

    /// The derivative of each example's loss by its outputs, of what is predicted less the target.
    pub(super) fn backward<P: Protocol>(
        self,
        p: &mut P,
        of: Ends,
        (missing, y): (Tensor<P>, &Tensor<P>),
    ) -> Result<Tensor<P>> {
        let one = 1i128 << of.scales.frac;
        match self {
            Self::Detection { classes, .. } => {
                let ([first, others], [_, places]) =
                    (parted(&missing, classes), parted(y, classes));
                let [_, (of_others, ends)] = self.parts(of).expect("there are two");
                let others = of_others.backward(p, ends, (others, &places))?;
                Ok(joined(&[noted(p, first, one * 257 / 256), others]))
            }
            Self::Hinge => {
                let (sign, short) = short(p, (&missing, y), self.bits(of))?;
                let below = p.msb(&short, self.bits(of) + 1)?;
                let mut signal = p.public(&vec![P::Ring::ZERO; y.len()]);
                signal -= &p.mul_bits(&below, &sign)?;
                signal.scale(&[P::Ring::ONE.shl(of.scales.frac)]);
                Ok(noted(p, Tensor::new(signal, missing.shape(), of.scales.frac), one))
            }
            Self::SmoothL1 { .. } => clamped(p, &missing, one, self.bits(of)),
            Self::CrossEntropy | Self::BinaryCrossEntropy => Ok(noted(p, missing, one * 257 / 256)),
            Self::Squared { .. } => Ok(missing),
        }
    }

    /// Bits of what is predicted less the target, its sign included.
    fn bits(self, of: Ends) -> u32 {
        match self {
            Self::CrossEntropy | Self::BinaryCrossEntropy => of.scales.frac + 2,
            _ => of.argument().bits + 2,
        }
    }

    /// The sum of the losses of the examples that count.
    pub(super) fn total<P: Protocol>(
        self,
        p: &mut P,
        of: Ends,
        missing: Tensor<P>,
        (y, counts): (&Tensor<P>, &P::AShare),
    ) -> Result<Tensor<P>> {
        let frac = of.scales.frac;
        if let (Some(parts), Self::Detection { classes, .. }) = (self.parts(of), self) {
            let missing = parted(&missing, classes);
            let mut totals = vec![];
            for (((loss, of), missing), y) in parts.into_iter().zip(missing).zip(parted(y, classes))
            {
                totals.push(loss.total(p, of, missing, (&y, counts))?);
            }
            let [first, others] = &totals[..] else { unreachable!("two parts") };
            return Ok(first.clone().add(others));
        }
        let losses = self.each(p, of, (missing, y))?;
        let total = p.dot(&losses, counts, 1)?;
        Ok(Tensor::new(total, &[1], frac))
    }

    /// The loss of each example, of one kind for all outputs.
    fn each<P: Protocol>(
        self,
        p: &mut P,
        of: Ends,
        (missing, y): (Tensor<P>, &Tensor<P>),
    ) -> Result<P::AShare> {
        let (frac, rows) = (of.scales.frac, missing.shape()[0]);
        let one = p.public(&vec![P::Ring::ONE.shl(frac); missing.len()]);
        Ok(match self {
            // What the right class is given: one, less what is missing of it.
            Self::CrossEntropy => {
                let missing = noted(p, missing, (1 << frac) * 257 / 256);
                let mut right = p.dot(missing.shares(), y.shares(), rows)?;
                if y.frac_bits() > 0 {
                    right = p.trunc(&right, y.frac_bits())?;
                }
                right += &one.take(0..rows);
                // One class is right, and nothing is missing of more than all.
                let most = (1i128 << frac) / 128;
                p.note_bound(&mut right, -most, (1 << frac) + most);
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
            Self::Hinge => {
                let bits = self.bits(of);
                let (_, short) = short(p, (&missing, y), bits)?;
                let below = p.msb(&short, bits + 1)?;
                let mut lost = p.public(&vec![P::Ring::ZERO; y.len()]);
                lost -= &p.mul_bits(&below, &short)?;
                lost.sum(rows)
            }
            // Of what lies within the targets' range no more than all of it is missing.
            Self::Squared { most } => {
                let most = (2.0 * most * f64::from(frac).exp2()).ceil() as i128;
                let missing = clamped(p, &missing, most, self.bits(of))?.into_shares();
                let squares = p.dot(&missing, &missing, rows)?;
                p.trunc(&squares, frac + 1)?
            }
            // With c what is missing, but one at most: c (missing - c / 2).
            Self::SmoothL1 { most } => {
                let bits = self.bits(of);
                let most = (2.0 * most * f64::from(frac).exp2()).ceil() as i128;
                let missing = clamped(p, &missing, most.max(2 << frac), bits)?;
                let near = clamped(p, &missing, 1 << frac, bits)?.into_shares();
                let mut twice = missing.clone().into_shares();
                twice += missing.shares();
                twice -= &near;
                let products = p.dot(&near, &twice, rows)?;
                p.trunc(&products, frac + 1)?
            }
            Self::Detection { .. } => unreachable!("each part by itself"),
        })
    }
}

/// On which side of zero each output should be, and how far beyond one on that side it is.
fn short<P: Protocol>(
    p: &mut P,
    (missing, y): (&Tensor<P>, &Tensor<P>),
    bits: u32,
) -> Result<(P::AShare, P::AShare)> {
    let (frac, scale) = (missing.frac_bits(), y.frac_bits());
    let z = missing.clone().add(y).into_shares();
    let mut sign = y.shares().clone();
    if scale > 0 {
        sign = p.trunc(&sign, scale)?;
    }
    sign.scale(&[P::Ring::from_i128(2)]);
    sign -= &p.public(&vec![P::Ring::ONE; y.len()]);
    let mut beyond = p.mul(&z, &sign)?;
    beyond -= &p.public(&vec![P::Ring::ONE.shl(frac); y.len()]);
    let most = 1i128 << (bits - 1);
    p.note_bound(&mut beyond, -most, most);
    Ok((sign, beyond))
}

/// The first columns, and the others.
fn parted<P: Protocol>(x: &Tensor<P>, first: usize) -> [Tensor<P>; 2] {
    let [rows, columns] = *x.shape() else { panic!("a matrix, not {x:?}") };
    [0..first, first..columns].map(|range| {
        let len = range.len();
        let index = (0..rows).flat_map(|row| range.clone().map(move |at| row * columns + at));
        let shares = x.shares().gather(&index.collect::<Vec<_>>());
        Tensor::new(shares, &[rows, len], x.frac_bits())
    })
}

/// All columns, one after the other.
fn joined<P: Protocol>(parts: &[Tensor<P>; 2]) -> Tensor<P> {
    let [first, others] = parts.each_ref().map(|part| part.shape()[1]);
    let rows = parts[0].shape()[0];
    let index = (0..rows).flat_map(|row| {
        let place = move |at: usize| match at.checked_sub(first) {
            None => row * first + at,
            Some(at) => rows * first + row * others + at,
        };
        (0..first + others).map(place)
    });
    let all = P::AShare::concat(&[parts[0].shares(), parts[1].shares()]);
    let all = all.gather(&index.collect::<Vec<_>>());
    Tensor::new(all, &[rows, first + others], parts[0].frac_bits())
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

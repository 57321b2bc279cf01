//! One look at the log-likelihood, and the step that it asks for.

use sharewell_mpc::{CHUNK, Protocol, Result, Share};
use sharewell_ring::{Dims, Integer, Ring};
use sharewell_tensor::Tensor;
use sharewell_tensor::function::{Base, Logarithm, leading_power, logarithm};
use sharewell_tensor::linear::inverse;

use super::scales::{
    COARSE_BITS, COVARIANCE_BITS, INFORMATION_BITS, INVERSE_BITS, LEAST_TRACE_BITS,
    LIKELIHOOD_BITS, Scales, UNIT_BITS,
};
use super::{FRAC_BITS, Family, Model, RECORD_BITS, Records};

/// Fractional bits of a record's log-likelihood.
const RECORD_LIKELIHOOD_BITS: u32 = 36;

/// Records, ready to be looked at.
pub(super) struct Rows<'a, P: Protocol> {
    pub(super) records: &'a Records<'a, P>,
    pub(super) model: &'a Model,
    pub(super) scales: Scales,
    /// The first column.
    pub(super) constant: P::AShare,
    /// What explains, [columns, rows].
    across: P::AShare,
    /// The ridge at [`RECORD_BITS`].
    ridge: Vec<P::Ring>,
}

/// What is seen at some coefficients.
pub(super) struct Look<P: Protocol> {
    argument: Tensor<P>,
    mean: Tensor<P>,
    /// The log-likelihood's derivatives, [columns, 1] at [`FRAC_BITS`].
    pub(super) score: Tensor<P>,
    pub(super) information: Information<P>,
}

/// Minus the second derivatives, times a secret power of two.
pub(super) struct Information<P: Protocol> {
    scales: Scales,
    /// With a trace between 1/2 and 1, [columns, columns] at [`UNIT_BITS`].
    unit: Tensor<P>,
    /// The power: one element, as an integer.
    power: P::AShare,
}

/// The inverse of [`Information::unit`].
pub(super) struct Inverse<P: Protocol> {
    x: Tensor<P>,
    /// 1 if it is one.
    pub(super) ok: P::AShare,
}

impl<'a, P: Protocol> Rows<'a, P> {
    /// # Panics
    /// If the records are not those of the model.
    pub(super) fn new(records: &'a Records<'a, P>, model: &'a Model, scales: Scales) -> Self {
        let Model { rows, columns, ref ridge, .. } = *model;
        assert_eq!(records.x.shape(), [rows, columns], "what explains in {model:?}");
        assert_eq!(records.y.shape(), [rows], "responses in {model:?}");
        assert_eq!((records.x.frac_bits(), records.y.frac_bits()), (RECORD_BITS, 0), "scales");
        if let Some(offset) = records.offset {
            let poisson = matches!(model.family, Family::Poisson { .. });
            assert!(poisson && offset.shape() == [rows], "offsets in {model:?}");
            assert_eq!(offset.frac_bits(), FRAC_BITS, "scale of the offsets");
        }
        let across = records.x.transpose().into_shares();
        let unit = f64::from(RECORD_BITS).exp2();
        let ridge = ridge.iter().map(|x| P::Ring::from_i128((x * unit).round() as i128)).collect();
        Self { records, model, scales, constant: across.take(0..rows), across, ridge }
    }

    /// Early looks take coarser means, and weights with which no step goes far beyond the maximum.
    pub(super) fn look(&self, p: &mut P, at: &Tensor<P>, early: bool) -> Result<Look<P>> {
        let Model { family, rows, columns, .. } = *self.model;
        let argument = self.records.x.matmul(p, at, FRAC_BITS)?.reshape(&[rows]);
        let argument = match self.records.offset {
            Some(offset) => argument.add(offset),
            None => argument,
        };
        let mean = self.scales.means(p, family, &argument, !early)?;
        let residual = self.records.y.clone().rescale_up(FRAC_BITS).sub(&mean);
        let d = Dims { m: columns, k: rows, n: 1 };
        let mut score = p.matmul(&self.across, residual.shares(), d)?;
        let mut taken = at.shares().clone();
        taken.scale(&self.ridge);
        score -= &taken;
        let score = Tensor::new(score, &[columns, 1], RECORD_BITS + FRAC_BITS);
        let score = score.rescale_down(p, FRAC_BITS)?;
        let weight = self.scales.weights(p, family, (self.records.y, &mean), early)?;
        let information = self.information(p, &weight)?;
        Ok(Look { argument, mean, score, information })
    }

    /// `X^T W X`, and the ridge, over its trace.
    fn information(&self, p: &mut P, weight: &Tensor<P>) -> Result<Information<P>> {
        let Model { columns, .. } = *self.model;
        let mut sum = p.public(&self.ridge_matrix());
        let size = (CHUNK / columns).max(1);
        let len = weight.len();
        for from in (0..len).step_by(size) {
            let to = len.min(from + size);
            let x = self.records.x.shares().take(from * columns..to * columns);
            let each: Vec<usize> = (from * columns..to * columns).map(|i| i / columns).collect();
            let weighted = p.mul(&x, &weight.shares().gather(&each))?;
            let x = Tensor::<P>::new(x, &[to - from, columns], RECORD_BITS).transpose();
            let d = Dims { m: columns, k: to - from, n: columns };
            sum += &p.matmul(x.shares(), &weighted, d)?;
        }
        let sum = p.trunc(&sum, 2 * RECORD_BITS + weight.frac_bits() - INFORMATION_BITS)?;
        self.over_its_trace(p, &sum)
    }

    fn ridge_matrix(&self) -> Vec<P::Ring> {
        let columns = self.model.columns;
        let by = RECORD_BITS + self.scales.weight_bits;
        let element = |at: usize| match at % (columns + 1) {
            0 => self.ridge[at / (columns + 1)].shl(by),
            _ => P::Ring::ZERO,
        };
        (0..columns * columns).map(element).collect()
    }

    fn over_its_trace(&self, p: &mut P, sum: &P::AShare) -> Result<Information<P>> {
        let (columns, scales) = (self.model.columns, self.scales);
        let diagonal: Vec<usize> = (0..columns).map(|i| i * (columns + 1)).collect();
        let mut trace = sum.gather(&diagonal).sum(1);
        let least = 1i128 << (INFORMATION_BITS - LEAST_TRACE_BITS);
        trace += &p.public(&[P::Ring::from_i128(least)]);
        p.note_bound(&mut trace, least, (1 << scales.trace_bits) - 1);
        let mut power = leading_power(p, &trace, scales.trace_bits)?;
        p.note_bound(&mut power, 0, 1 << scales.power_bits());
        let mut unit = p.mul(sum, &power.gather(&vec![0; sum.len()]))?;
        p.note_bound(&mut unit, -(1 << scales.trace_bits), 1 << scales.trace_bits);
        let unit = p.trunc(&unit, scales.trace_bits - UNIT_BITS)?;
        let unit = Tensor::new(unit, &[columns, columns], UNIT_BITS);
        Ok(Information { scales, unit, power })
    }

    /// The log-likelihood of what was looked at, `[1]`.
    ///
    /// Cost: [`logarithm`] of the records for logistic regression.
    pub(super) fn log_likelihood(&self, p: &mut P, look: &Look<P>) -> Result<Tensor<P>> {
        let y = self.records.y.shares();
        let sum = match self.model.family {
            // The logarithm of the probability that what was is: no exponential of its own.
            Family::Logistic => {
                let one = P::Ring::ONE.shl(FRAC_BITS);
                let mut other = p.public(&vec![one; y.len()]);
                other -= look.mean.shares();
                let mut gap = look.mean.shares().clone();
                gap -= &other;
                other += &p.mul(y, &gap)?;
                p.note_bound(&mut other, -(1 << 12), (1 << FRAC_BITS) + (1 << 12));
                let bits = FRAC_BITS + 1;
                let frac_bits = RECORD_LIKELIHOOD_BITS;
                let spec = Logarithm { bits, scale: FRAC_BITS, frac_bits, base: Base::E };
                let other = Tensor::new(other, &[y.len()], FRAC_BITS);
                let mut logs = logarithm(p, &other, spec)?.0.into_shares();
                p.note_bound(&mut logs, -(1 << (frac_bits + 5)), 1 << frac_bits);
                let sum = p.dot(&self.constant, &logs, 1)?;
                Tensor::new(sum, &[1], RECORD_BITS + frac_bits)
            }
            Family::Poisson { .. } => {
                let mut sum = p.dot(y, look.argument.shares(), 1)?;
                sum.scale(&[P::Ring::ONE.shl(RECORD_BITS)]);
                sum -= &p.dot(&self.constant, look.mean.shares(), 1)?;
                Tensor::new(sum, &[1], RECORD_BITS + FRAC_BITS)
            }
        };
        sum.rescale_down(p, LIKELIHOOD_BITS)
    }
}

impl<P: Protocol> Rows<'_, P> {
    /// The log-likelihood of a mean for each record, `[1]`.
    ///
    /// Cost: [`logarithm`] of the responses for Poisson regression.
    pub(super) fn saturated(&self, p: &mut P) -> Result<Tensor<P>> {
        let Family::Poisson { most, .. } = self.model.family else {
            return Ok(Tensor::new(p.public(&[P::Ring::ZERO]), &[1], LIKELIHOOD_BITS));
        };
        let (bits, frac_bits) = (64 - most.leading_zeros(), RECORD_LIKELIHOOD_BITS);
        let spec = Logarithm { bits, scale: 0, frac_bits, base: Base::E };
        let (logs, _) = logarithm(p, self.records.y, spec)?;
        let mut logs = logs.into_shares();
        p.note_bound(&mut logs, -(1 << frac_bits), 1 << (frac_bits + 5));
        let y = self.records.y.shares();
        let sum = Tensor::new(p.dot(y, &logs, 1)?, &[1], frac_bits);
        sum.sub(&Tensor::integers(y.sum(1))).rescale_down(p, LIKELIHOOD_BITS)
    }
}

impl Scales {
    /// The power that takes the scale out is at most two to this.
    pub(super) fn power_bits(&self) -> u32 {
        self.trace_bits - INFORMATION_BITS + LEAST_TRACE_BITS - 1
    }
}

impl<P: Protocol> Information<P> {
    /// The step to the maximum, [columns, 1] at [`FRAC_BITS`].
    pub(super) fn step(&self, p: &mut P, score: &Tensor<P>) -> Result<(Tensor<P>, Inverse<P>)> {
        let scales = &self.scales;
        let (x, ok) = inverse(p, &self.unit, scales.definite)?;
        // The gradient over the trace; both are exact, the inverse need not be.
        let scale = FRAC_BITS + scales.trace_bits - INFORMATION_BITS;
        let gradient = p.mul(score.shares(), &self.power.gather(&vec![0; score.len()]))?;
        let gradient = Tensor::new(gradient, score.shape(), scale);
        let gradient = gradient.rescale_down(p, scales.gradient_bits.min(scale))?;
        let step = x.rescale_down(p, COARSE_BITS)?.matmul(p, &gradient, FRAC_BITS)?;
        Ok((step, Inverse { x, ok }))
    }
}

impl<P: Protocol> Inverse<P> {
    /// The inverse of the information itself.
    pub(super) fn covariance(&self, p: &mut P, of: &Information<P>) -> Result<Tensor<P>> {
        let x = self.x.rescale_down(p, INVERSE_BITS)?;
        let product = p.mul(x.shares(), &of.power.gather(&vec![0; x.len()]))?;
        let scale = INVERSE_BITS + of.scales.trace_bits - INFORMATION_BITS;
        let covariance = Tensor::new(product, x.shape(), scale);
        covariance.rescale_down(p, COVARIANCE_BITS.min(scale))
    }
}

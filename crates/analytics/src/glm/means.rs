//! Means from arguments x'b, and what records have to do with them.

use sharewell_mpc::{Protocol, Result};
use sharewell_ring::Integer;
use sharewell_tensor::Tensor;
use sharewell_tensor::function::{Argument, Base, Exponential, Fit, Sigmoid, exponential, sigmoid};

use super::scales::Scales;
use super::{FRAC_BITS, Family, Model};

impl Scales {
    fn sigmoid(&self, fine: bool) -> Sigmoid {
        Sigmoid {
            argument: Argument { bits: self.argument_bits(), frac_bits: FRAC_BITS },
            frac_bits: FRAC_BITS,
            fit: if fine { Fit::Finest } else { Fit::Accurate },
        }
    }

    fn exponential(&self, (lo, hi): (i128, i128)) -> Exponential {
        let most = 1i128 << self.argument_bits();
        Exponential {
            base: Base::E,
            least: lo.min(0) - most,
            most: hi.max(0) + most,
            argument_frac_bits: FRAC_BITS,
            result_bits: self.mean_bits,
            frac_bits: FRAC_BITS,
        }
    }

    pub(super) fn means_fit(&self, family: Family, bits: u32) -> bool {
        match family {
            Family::Logistic => self.sigmoid(true).fits(bits) && self.sigmoid(false).fits(bits),
            Family::Poisson { offsets, .. } => self.exponential(offsets).fits(bits),
        }
    }

    /// Means at [`FRAC_BITS`] of arguments with their offsets.
    pub(super) fn means<P: Protocol>(
        &self,
        p: &mut P,
        family: Family,
        argument: &Tensor<P>,
        fine: bool,
    ) -> Result<Tensor<P>> {
        match family {
            Family::Logistic => sigmoid(p, argument, self.sigmoid(fine)),
            Family::Poisson { offsets, .. } => {
                Ok(exponential(p, argument, self.exponential(offsets))?.0)
            }
        }
    }

    /// Weights at `weight_bits`: minus the second derivatives of the log-likelihood, or `sure` ones,
    /// half of `|y - mean|` or of `y + mean`, whose expectation is the same.
    pub(super) fn weights<P: Protocol>(
        &self,
        p: &mut P,
        family: Family,
        (y, mean): (&Tensor<P>, &Tensor<P>),
        sure: bool,
    ) -> Result<Tensor<P>> {
        let shape = mean.shape();
        if sure {
            let mut twice = y.clone().rescale_up(FRAC_BITS).add(mean);
            if family == Family::Logistic {
                let both = p.mul(y.shares(), mean.shares())?;
                twice = twice.sub(&Tensor::new(both, shape, FRAC_BITS).times(2));
            }
            let half = Tensor::new(twice.into_shares(), shape, FRAC_BITS + 1);
            return half.rescale_down(p, self.weight_bits);
        }
        match family {
            Family::Logistic => {
                let one = p.public(&vec![P::Ring::from_i128(1 << FRAC_BITS); mean.len()]);
                let rest = Tensor::new(one, shape, FRAC_BITS).sub(mean);
                mean.mul(p, &rest, self.weight_bits)
            }
            Family::Poisson { .. } => mean.rescale_down(p, self.weight_bits),
        }
    }
}

/// The worst error of a mean.
pub(super) fn accuracy(model: &Model, bits: u32) -> f64 {
    let Some(scales) = Scales::of(model, bits) else { return f64::INFINITY };
    match model.family {
        Family::Logistic => scales.sigmoid(true).accuracy(bits),
        Family::Poisson { most, offsets } => {
            let accuracy = scales.exponential(offsets).accuracy(bits);
            accuracy.absolute + accuracy.relative * most as f64
        }
    }
}

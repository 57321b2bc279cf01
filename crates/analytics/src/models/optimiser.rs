//! How weights follow their gradients.

use sharewell_mpc::{Protocol, Result, Share};
use sharewell_ring::{Integer, Ring};
use sharewell_tensor::Tensor;

use super::scales::FACTOR_BITS;

/// What is made of gradients.
#[derive(Copy, Clone, Debug, PartialEq)]
pub enum Optimiser {
    /// Steps against the gradient, and what is left of the last step.
    Sgd {
        /// How much of the last step is left, from 0 to below 1.
        momentum: f64,
        /// Whether the gradient is followed from where the momentum leads (Nesterov 1983), as
        /// PyTorch has it.
        nesterov: bool,
        /// How much of the weights themselves is added to their gradients.
        weight_decay: f64,
    },
}

/// A public factor `mantissa / 2^shift`.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) struct Factor {
    pub(super) mantissa: u64,
    pub(super) shift: u32,
}

impl Factor {
    /// The nearest, by the shift that leaves the greatest one [`FACTOR_BITS`] bits: what is done
    /// with it costs the same for all of them.
    pub(super) fn of(x: f64, greatest: f64) -> Self {
        if greatest <= 0.0 {
            return Self { mantissa: 0, shift: 0 };
        }
        let places = f64::from(FACTOR_BITS) - 1.0 - greatest.log2().floor();
        let shift = places.clamp(0.0, 60.0) as u32;
        Self { mantissa: (x * f64::from(shift).exp2()).round() as u64, shift }
    }
}

impl Factor {
    /// The mantissa as a number from 1/2 to 1.
    fn fraction(self) -> f64 {
        self.mantissa as f64 / f64::from(FACTOR_BITS).exp2()
    }

    /// `x` times that fraction, at the scale of `x`.
    pub(super) fn taken<P: Protocol>(self, p: &mut P, x: Tensor<P>) -> Result<Tensor<P>> {
        let (shape, frac_bits) = (x.shape().to_vec(), x.frac_bits());
        let scaled = x.times(self.mantissa.into()).into_shares();
        Tensor::new(scaled, &shape, frac_bits + FACTOR_BITS).rescale_down(p, frac_bits)
    }
}

/// Where a step goes from: all weights in one vector.
#[derive(Debug)]
pub(super) struct Step<'a, P: Protocol> {
    /// The sum over the batch, not rescaled, times the mantissa of `factor` as a number below 1.
    pub(super) gradient: Tensor<P>,
    /// The learning rate over the batch: what is followed of the sum.
    pub(super) factor: Factor,
    pub(super) batch: usize,
    /// The learning rate over that of the last step.
    pub(super) change: f64,
    pub(super) weights: &'a Tensor<P>,
}

impl Optimiser {
    /// The norm of what is followed, for mean gradients and weights of these norms.
    pub(super) fn pull(self, gradient: f64, weights: f64) -> f64 {
        let Self::Sgd { weight_decay, .. } = self;
        gradient + weight_decay * weights
    }

    /// The longest step.
    pub(super) fn longest(self, rate: f64, pull: f64) -> f64 {
        let Self::Sgd { momentum, .. } = self;
        1.01 * rate * pull / (1.0 - momentum)
    }

    /// Whether it remembers its steps.
    pub(super) fn remembers(self) -> bool {
        let Self::Sgd { momentum, .. } = self;
        momentum > 0.0
    }

    /// What is to be taken off the weights; the velocity becomes that of this step.
    ///
    /// PyTorch's velocity is one of gradients. This one is of steps, so a learning rate that
    /// changes changes it too.
    pub(super) fn step<P: Protocol>(
        self,
        p: &mut P,
        velocity: Option<&mut Tensor<P>>,
        step: &Step<'_, P>,
    ) -> Result<P::AShare> {
        let Self::Sgd { momentum, nesterov, .. } = self;
        let fresh = self.fresh(p, step)?;
        let Some(velocity) = velocity else { return Ok(fresh) };
        let mut next = left(p, velocity.shares(), (momentum * step.change, momentum))?;
        next += &fresh;
        let moved = match nesterov {
            false => next.clone(),
            true => {
                let mut ahead = left(p, &next, (momentum, momentum))?;
                ahead += &fresh;
                ahead
            }
        };
        *velocity = Tensor::new(next, velocity.shape(), velocity.frac_bits());
        Ok(moved)
    }

    /// The learning rate times the mean gradient, at the scale of weights.
    fn fresh<P: Protocol>(self, p: &mut P, step: &Step<'_, P>) -> Result<P::AShare> {
        let Self::Sgd { weight_decay, .. } = self;
        let (full, scale) = (step.gradient.frac_bits(), step.weights.frac_bits());
        let mut sum = step.gradient.shares().clone();
        if weight_decay > 0.0 {
            // Once for each example, as it is divided with the gradient.
            let by = weight_decay * step.batch as f64 * step.factor.fraction();
            let by = by * f64::from(full - scale).exp2();
            let mut decay = step.weights.shares().clone();
            decay.scale(&[P::Ring::from_i128(by.round() as i128)]);
            sum += &decay;
        }
        let by = full + step.factor.shift;
        match by.checked_sub(scale + FACTOR_BITS) {
            Some(by) => p.trunc(&sum, by),
            None => {
                sum.scale(&[P::Ring::ONE.shl(scale + FACTOR_BITS - by)]);
                Ok(sum)
            }
        }
    }
}

/// What is left of a velocity.
fn left<P: Protocol>(
    p: &mut P,
    velocity: &P::AShare,
    (kept, most): (f64, f64),
) -> Result<P::AShare> {
    let kept = Factor::of(kept, most);
    let mut left = velocity.clone();
    left.scale(&[P::Ring::from_u128(kept.mantissa.into())]);
    p.trunc(&left, kept.shift)
}

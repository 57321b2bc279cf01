//! Numbers left out at random, by a mask that is public: it tells nothing of them.
//!
//! Source: Srivastava et al., Journal of Machine Learning Research 15, 2014; inverted, so that
//! predictions need no factor.

use sharewell_mpc::{Protocol, Result, Share};
use sharewell_ring::{Integer, Key, Prg, Ring, Z64};
use sharewell_tensor::Tensor;

use super::{At, Reach};

/// Fractional bits of how much greater the others become.
const FACTOR_BITS: u32 = 12;

/// A rate, and which of a network's dropouts it is.
#[derive(Clone, Debug)]
pub(crate) struct Dropout {
    rate: f64,
    place: u64,
}

impl Dropout {
    pub(crate) fn new(rate: f64, place: usize) -> std::result::Result<Self, String> {
        if !(0.0..=0.95).contains(&rate) {
            return Err(format!("a rate of {rate} is not one from 0 to 0.95"));
        }
        Ok(Self { rate, place: place as u64 })
    }

    fn factor(&self) -> u64 {
        (f64::from(1u32 << FACTOR_BITS) / (1.0 - self.rate)).round() as u64
    }

    /// What is left becomes so much greater.
    pub(crate) fn grown(&self, from: f64) -> f64 {
        from * self.factor() as f64 / f64::from(1u32 << FACTOR_BITS)
    }

    pub(crate) fn reach(&self, from: Reach) -> Reach {
        Reach { norm: self.grown(from.norm), element: self.grown(from.element) }
    }

    /// Forward as back: the same numbers are left out. Nothing is, but while training.
    pub(crate) fn pass<P: Protocol>(
        &self,
        p: &mut P,
        x: Tensor<P>,
        at: &At<'_, P>,
    ) -> Result<Tensor<P>> {
        let Some(step) = at.step.filter(|_| self.rate > 0.0) else { return Ok(x) };
        let (shape, scale) = (x.shape().to_vec(), x.frac_bits() + FACTOR_BITS);
        let mut shares = x.into_shares();
        shares.scale(&self.mask(step, shares.len()));
        Tensor::new(shares, &shape, scale).rescale_down(p, at.scales.frac)
    }

    fn mask<R: Integer>(&self, step: u64, len: usize) -> Vec<R> {
        let mut drawn = vec![Z64::ZERO; len];
        let key = Key((u128::from(self.place) << 64 | u128::from(step)).to_le_bytes());
        Prg::new(&key).fill(DOMAIN, 0, &mut drawn);
        let least = (self.rate * u64::MAX as f64) as u64;
        let kept = R::from_u128(self.factor().into());
        drawn.into_iter().map(|x| if x.0 < least { R::ZERO } else { kept }).collect()
    }
}

/// The stream of masks.
const DOMAIN: u64 = 1;

//! `max(x, slope x)`: one comparison forward, none back.

use sharewell_mpc::{Protocol, Result, Share};
use sharewell_ring::{Integer, Ring};
use sharewell_tensor::Tensor;

use super::{At, Reach, bits_of};

/// Fractional bits of the slope.
const SLOPE_BITS: u32 = 8;

/// A rectifier, leaky or not.
#[derive(Clone, Debug)]
pub(crate) struct Rectifier {
    /// What is left of a number below zero, at [`SLOPE_BITS`].
    slope: u32,
    from: Reach,
}

impl Rectifier {
    pub(crate) fn new(slope: f64, from: Reach) -> std::result::Result<Self, String> {
        if !(0.0..=1.0).contains(&slope) {
            return Err(format!("a slope of {slope} is not one from 0 to 1"));
        }
        let slope = (slope * f64::from(1u32 << SLOPE_BITS)).round() as u32;
        Ok(Self { slope, from })
    }

    /// And of each number whether it was not below zero, as 1 or 0.
    pub(crate) fn forward<P: Protocol>(
        &self,
        p: &mut P,
        x: &Tensor<P>,
        at: &At<'_, P>,
    ) -> Result<(Tensor<P>, P::AShare)> {
        let bits = (bits_of(self.from.element) + x.frac_bits() + 1).min(P::Ring::BITS);
        let below = p.msb(x.shares(), bits)?;
        let below = p.b2a(&below)?;
        let mut kept = p.public(&vec![P::Ring::ONE; x.len()]);
        kept -= &below;
        let y = self.through(p, x, &kept, at)?;
        Ok((at.noted(p, y, self.from.element), kept))
    }

    pub(crate) fn backward<P: Protocol>(
        &self,
        p: &mut P,
        (kept, signal): (&P::AShare, &Tensor<P>),
        at: &At<'_, P>,
    ) -> Result<Tensor<P>> {
        self.through(p, signal, kept, at)
    }

    /// Each number, or what is left of it.
    fn through<P: Protocol>(
        &self,
        p: &mut P,
        x: &Tensor<P>,
        kept: &P::AShare,
        at: &At<'_, P>,
    ) -> Result<Tensor<P>> {
        if self.slope == 0 {
            let shares = p.mul(x.shares(), kept)?;
            return Ok(Tensor::new(shares, x.shape(), x.frac_bits()));
        }
        let mut factor = kept.clone();
        factor.scale(&[P::Ring::from_u128(u128::from((1 << SLOPE_BITS) - self.slope))]);
        factor += &p.public(&vec![P::Ring::from_u128(self.slope.into()); x.len()]);
        let factor = Tensor::new(factor, x.shape(), SLOPE_BITS);
        x.mul(p, &factor, at.scales.frac)
    }
}

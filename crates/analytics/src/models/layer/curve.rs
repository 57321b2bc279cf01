//! Sigmoid and hyperbolic tangent, whose slopes are functions of themselves.

use sharewell_mpc::{Known, Protocol, Result};
use sharewell_ring::{Integer, Ring};
use sharewell_tensor::Tensor;
use sharewell_tensor::function::{Argument, Fit, Sigmoid, sigmoid, tanh};

use super::{At, Reach, bits_of};

/// An S-shaped curve.
#[derive(Clone, Debug)]
pub(crate) struct Curve {
    kind: Kind,
    from: Reach,
    len: usize,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Sigmoid,
    Tanh,
}

impl Curve {
    pub(crate) fn new(kind: Kind, from: Reach, len: usize) -> Self {
        Self { kind, from, len }
    }

    pub(crate) fn reach(&self) -> Reach {
        // Errors of the fit can lead beyond one.
        let element = 1.0 + 1.0 / 1024.0;
        Reach { norm: element * (self.len as f64).sqrt(), element }
    }

    /// Its greatest slope.
    pub(crate) fn steepest(&self) -> f64 {
        match self.kind {
            Kind::Sigmoid => 0.25,
            Kind::Tanh => 1.0,
        }
    }

    fn spec(&self, x: u32, frac_bits: u32) -> Sigmoid {
        let argument = Argument { bits: bits_of(self.from.element) + x, frac_bits: x };
        Sigmoid { argument, frac_bits, fit: Fit::Accurate }
    }

    pub(crate) fn fits(&self, frac: u32, bits: u32) -> bool {
        self.spec(frac, frac).fits(bits)
    }

    pub(crate) fn forward<P: Protocol>(
        &self,
        p: &mut P,
        x: &Tensor<P>,
        at: &At<'_, P>,
    ) -> Result<Tensor<P>> {
        let spec = self.spec(x.frac_bits(), at.scales.frac);
        match self.kind {
            Kind::Sigmoid => sigmoid(p, x, spec),
            Kind::Tanh => tanh(p, x, spec),
        }
    }

    /// `y (1 - y)` times the signal, or `1 - y^2` times it.
    pub(crate) fn backward<P: Protocol>(
        &self,
        p: &mut P,
        (y, signal): (&Tensor<P>, &Tensor<P>),
        at: &At<'_, P>,
    ) -> Result<Tensor<P>> {
        let frac = at.scales.frac;
        let square = y.mul(p, y, frac)?;
        let from = match self.kind {
            Kind::Sigmoid => y.clone(),
            Kind::Tanh => {
                let one = p.public(&vec![P::Ring::ONE.shl(frac); y.len()]);
                Tensor::new(one, y.shape(), frac)
            }
        };
        let slope = from.sub(&square);
        let (shape, mut slope) = (slope.shape().to_vec(), slope.into_shares());
        p.note(&mut slope, Known::Within(-(1 << (frac - 8)), (1 << frac) + (1 << (frac - 8))));
        signal.mul(p, &Tensor::new(slope, &shape, frac), frac)
    }
}

//! At which scale numbers are kept, so that a ring holds all that can become of them.

use super::layer::{Checked, Product, Reach};
use super::loss::{Ends, Loss};
use super::network::Network;
use super::optimiser::Optimiser;

/// Fractional bits of numbers between layers: as many as fit, from these to these. Below the
/// least, rounding shows in what is learnt.
const FRAC_BITS: std::ops::RangeInclusive<u32> = 12..=24;
/// With so many nothing more is learnt (Keller and Sun 2022, 5), so that they are enough where more
/// would have to be paid for.
const ENOUGH_BITS: u32 = 16;
/// Weights have at most so many more: a step is a small part of a weight.
const FINER_BITS: u32 = 8;
/// Bits of a public factor that is no power of two.
pub(super) const FACTOR_BITS: u32 = 16;

/// The scales of a training.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Scales {
    /// Fractional bits of numbers between layers, forward and back.
    pub frac: u32,
    /// Fractional bits of weights.
    pub weight: u32,
}

/// Why a ring does not hold a training.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error(
    "{what} can reach 2^{reach:.0}, which is beyond a ring of {bits} bits with {} fractional ones",
    FRAC_BITS.start()
)]
pub struct TooFar {
    /// Of which layer what.
    pub what: String,
    /// Its reach, as a power of two.
    pub reach: f64,
    /// The ring's bits.
    pub bits: u32,
}

/// How a training goes, as far as scales depend on it.
#[derive(Copy, Clone, Debug)]
pub(super) struct Course {
    pub(super) batch: usize,
    pub(super) loss: Loss,
    pub(super) optimiser: Optimiser,
    /// The greatest learning rate.
    pub(super) rate: f64,
}

impl Course {
    /// The norm of what a matrix follows.
    fn pull(&self, of: &Product) -> f64 {
        self.optimiser.pull(of.gradient_norm(), of.limit())
    }

    fn longest_step(&self, of: &Product) -> f64 {
        self.optimiser.longest(self.rate, self.pull(of))
    }

    /// Of a matrix that was within its limit, after a step.
    pub(super) fn stretched(&self, of: &Product) -> Checked {
        let [rows, columns] = of.shape();
        Checked::new(of.limit() + self.longest_step(of), of.limit(), rows * columns)
    }

    /// The longest step of any matrix.
    pub(super) fn longest(&self, network: &Network) -> f64 {
        network.products().into_iter().map(|of| self.longest_step(of)).fold(0.0, f64::max)
    }

    /// Bits that are dropped of all weights before they are squared.
    pub(super) fn dropped(&self, network: &Network, scale: u32, bits: u32) -> Option<u32> {
        let products = network.products().into_iter();
        products
            .map(|of| self.stretched(of).dropped(scale, bits))
            .try_fold(0, |most, by| Some(by?.max(most)))
    }
}

/// Something that must fit.
struct Need {
    what: String,
    /// As a number.
    reach: f64,
    /// Times two to these, at its scale.
    scale: u32,
}

impl Scales {
    /// The finest that a ring of `bits` bits holds.
    pub(super) fn of(network: &Network, course: &Course, bits: u32) -> Result<Self, TooFar> {
        let candidates = || {
            FRAC_BITS.rev().flat_map(|frac| {
                (0..=FINER_BITS).rev().map(move |finer| Self { frac, weight: frac + finer })
            })
        };
        let is_enough = |scales: &Self| {
            scales.frac >= ENOUGH_BITS
                && scales.squares_exactly(network, course, bits)
                && scales.missing(network, course, bits).is_none()
        };
        if let Some(scales) = candidates().find(is_enough) {
            return Ok(scales);
        }
        let mut missing = None;
        for scales in candidates() {
            match scales.missing(network, course, bits) {
                None => return Ok(scales),
                too_far => missing = too_far,
            }
        }
        Err(missing.expect("there are candidates"))
    }

    /// Whether no number has to be truncated before it is squared.
    fn squares_exactly(self, network: &Network, course: &Course, bits: u32) -> bool {
        let products = network.products();
        let mut looked = products.iter().flat_map(|of| of.seen.iter().chain(&of.heard));
        looked.all(|looked| looked.dropped(self.frac, bits) == Some(0))
            && course.dropped(network, self.weight, bits) == Some(0)
    }

    fn missing(self, network: &Network, course: &Course, bits: u32) -> Option<TooFar> {
        let needs = self.needs(network, course);
        let unseen = |of: &&Product| {
            let looked = of.seen.iter().chain(&of.heard);
            let mut dropped = looked.map(|looked| looked.dropped(self.frac, bits));
            let weights = course.stretched(of).dropped(self.weight, bits);
            dropped.any(|by| by.is_none()) || weights.is_none()
        };
        if let Some(of) = network.products().iter().find(|of| unseen(of)) {
            let at = network.weights()[of.matrix];
            let what = format!("layer {} ({})", at.layer, at.name);
            return Some(TooFar { what, reach: of.limit().log2(), bits });
        }
        let too_far = |need: &Need| need.reach.log2() + f64::from(need.scale + 3) > f64::from(bits);
        if let Some(Need { what, reach, .. }) = needs.into_iter().find(too_far) {
            return Some(TooFar { what, reach: reach.log2(), bits });
        }
        let at = network.operations().iter().position(|of| !of.fits(self.frac, bits));
        let name = |at: usize| format!("layer {} ({})", at + 1, network.layers()[at].name());
        let (what, reach) = match at {
            Some(at) => (name(at), network.operations()[at].end().1),
            None if course.loss.fits(Ends::of(network, self), bits) => return None,
            None => ("the last layer".to_owned(), network.reach()?),
        };
        Some(TooFar { what, reach: reach.element.log2(), bits })
    }

    fn needs(self, network: &Network, course: &Course) -> Vec<Need> {
        let Self { frac, weight } = self;
        let mut needs = vec![];
        let mut need = |what, reach, scale| needs.push(Need { what, reach, scale });
        let signal = course.loss.signal(Ends::of(network, self));
        need("the signal of the loss".to_owned(), signal, frac + FACTOR_BITS);
        let mut products = vec![];
        for (at, operation) in network.operations().iter().enumerate() {
            let name = format!("layer {} ({})", at + 1, network.layers()[at].name());
            let Reach { element, .. } = operation.end().1;
            // Also the mean of a square and what dropout makes greater.
            need(name.clone(), element, frac + FACTOR_BITS);
            let before = products.len();
            operation.products(&mut products);
            for product in &products[before..] {
                need(name.clone(), product.reach().element, frac + weight);
                need(format!("the signal before {name}"), product.before_norm(), frac + weight);
                let gradient = course.batch as f64 * course.pull(product);
                need(format!("the gradient of {name}"), gradient, 2 * frac);
                let step = course.longest_step(product);
                need(format!("a step of {name}"), step, weight + FACTOR_BITS);
            }
        }
        needs
    }
}

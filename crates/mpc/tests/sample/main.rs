//! Samplers: the distribution is the stated one, the price the quoted one, the range the
//! proven one.

#![expect(clippy::unwrap_used, reason = "a panic in a test is its report")]

mod distributions;
mod edges;

use sharewell_mpc::protocols::bounds::{Bounds, Ranges};
use sharewell_mpc::protocols::plain::Plain;
use sharewell_mpc::protocols::rep3::{self, Rep3};
use sharewell_mpc::protocols::tally::{Tallied, Tally};
use sharewell_mpc::sample::{self, Probability, Ratio};
use sharewell_mpc::sim::Sim;
use sharewell_mpc::{Protocol, Result};
use sharewell_ring::Integer;

/// What is drawn.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sampler {
    Bernoulli(Ratio),
    Uniform(u128),
    Laplace(Ratio),
    Gaussian(Ratio),
    Normal(u32),
}

pub(crate) const DISTANCE_BITS: u32 = 60;

impl Sampler {
    pub(crate) fn draw<P: Protocol>(&self, p: &mut P, len: usize) -> Result<P::AShare> {
        match *self {
            Self::Bernoulli(chance) => {
                let coins =
                    sample::bernoulli(p, &[Probability::ratio(chance)], len, DISTANCE_BITS)?;
                p.b2a(&coins)
            }
            Self::Uniform(bound) => sample::uniform(p, bound, len, DISTANCE_BITS),
            Self::Laplace(scale) => sample::discrete_laplace(p, scale, len, DISTANCE_BITS),
            Self::Gaussian(variance) => sample::discrete_gaussian(p, variance, len, DISTANCE_BITS),
            Self::Normal(frac_bits) => sample::normal(p, frac_bits, len, DISTANCE_BITS),
        }
    }

    fn open<P: Protocol>(&self, p: &mut P, len: usize) -> Result<Vec<i128>> {
        let drawn = self.draw(p, len)?;
        Ok(p.reveal(&drawn)?.into_iter().map(Integer::to_i128).collect())
    }

    /// In the clear.
    pub(crate) fn plainly<R: Integer>(&self, len: usize, seed: u64) -> Vec<i128> {
        self.open(&mut Plain::<R>::new(seed), len).unwrap()
    }

    /// What drawing costs, the opening of the numbers apart.
    pub(crate) fn quoted<R: Integer>(&self, len: usize) -> Tallied {
        let mut tally = Tally::<R>::new(&rep3::CARD, 3);
        self.draw(&mut tally, len).unwrap();
        tally.tallied()
    }

    /// Among three parties, at exactly the price quoted, within the proven range, which holds
    /// in the clear as well; the messages have the same lengths whatever is drawn.
    pub(crate) fn jointly<R: Integer>(&self, len: usize) -> Vec<i128> {
        let run = |seed| {
            Sim::new(3).seed(seed).run(|party, entropy| {
                self.open(&mut Rep3::<R>::connect(party, &[0; 32], entropy)?, len)
            })
        };
        let mut tally = Tally::<R>::new(&rep3::CARD, 3);
        self.open(&mut tally, len).unwrap();
        let (outcome, other) = (run(1), run(2));
        assert_eq!(outcome.cost.messages, tally.tallied(), "the price of {self:?}");
        assert_eq!(outcome.cost.shape, other.cost.shape, "the shape of {self:?}");
        let mut values = outcome.values().unwrap();
        assert!(values.iter().all(|x| *x == values[0]), "all parties open the same");

        let mut bounds = Bounds::<R>::new(Vec::<Ranges>::new());
        self.open(&mut bounds, len).unwrap();
        let drawn = self.plainly::<R>(len, 5);
        for (i, interval) in bounds.outputs().iter().enumerate() {
            let range = interval.lo.unwrap()..=interval.hi.unwrap();
            assert!(range.contains(&values[0][i]) && range.contains(&drawn[i]), "{interval}");
        }
        assert_eq!((values[0].len(), bounds.outputs().len()), (len, len));
        values.swap_remove(0)
    }
}

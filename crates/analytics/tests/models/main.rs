//! Networks that are trained on shares, against PyTorch.
#![expect(clippy::unwrap_used, reason = "a panic in a test is its report")]

mod case;
mod cheating;
mod proofs;
mod standard;

use case::{Case, all};
use sharewell_analytics::models::Scales;
use sharewell_mpc::protocols::plain::Plain;
use sharewell_mpc::protocols::rep3::{self, Rep3};
use sharewell_mpc::protocols::rep3_malicious::{self, Rep3Malicious};
use sharewell_mpc::protocols::tally::Tally;
use sharewell_mpc::sim::Sim;
use sharewell_mpc::{Protocol, Result};
use sharewell_ring::{Integer, Z64, Z128};

/// What is opened of a training, as numbers.
#[derive(Clone, Debug, PartialEq)]
struct Learnt {
    outputs: Vec<f64>,
    after: Vec<Vec<f64>>,
    losses: Vec<f64>,
}

/// How far numbers are from each other at most.
fn gap(x: &[f64], y: &[f64]) -> f64 {
    assert_eq!(x.len(), y.len());
    x.iter().zip(y).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max)
}

impl Case {
    fn learnt(&self, opened: &[Vec<i128>], scales: Scales) -> Learnt {
        let numbers = |raw: &Vec<i128>, bits: u32| -> Vec<f64> {
            raw.iter().map(|x| *x as f64 / f64::from(bits).exp2()).collect()
        };
        let (beyond, rest) = opened.split_first().expect("flags");
        assert!(beyond.iter().all(|of| *of == 0), "{}: {beyond:?}", self.name);
        let (outputs, rest) = rest.split_first().expect("outputs");
        let (losses, after) = rest.split_last().expect("losses");
        Learnt {
            losses: numbers(losses, scales.frac),
            outputs: numbers(outputs, scales.frac),
            after: after.iter().map(|of| numbers(of, scales.weight)).collect(),
        }
    }

    fn plainly<R: Integer>(&self) -> Learnt {
        let opened = self.train(&mut Plain::<R>::new(1), None).expect("no links");
        self.learnt(&opened, self.training(R::BITS).scales())
    }

    /// By a protocol: all parties open the same, at the price quoted.
    fn jointly<P: Protocol>(
        &self,
        card: &'static sharewell_mpc::Card,
        connect: fn(sharewell_mpc::Party, &[u8; 32], sharewell_mpc::Entropy) -> Result<P>,
    ) -> Learnt {
        let mut tally = Tally::<P::Ring>::new(card, 3);
        self.train(&mut tally, None).expect("no links");
        let outcome = Sim::new(3).run(|party, entropy| {
            let me = usize::from(party.me().0);
            self.train(&mut connect(party, &[0; 32], entropy)?, Some(me))
        });
        assert_eq!(outcome.cost.messages, tally.tallied(), "the price of {}", self.name);
        let opened = outcome.values().expect("honest links");
        assert!(opened.iter().all(|raw| *raw == opened[0]));
        self.learnt(&opened[0], self.training(P::Ring::BITS).scales())
    }

    /// Within so much of PyTorch, in what comes out and in every weight after every step.
    fn agrees(&self, learnt: &Learnt, tolerance: f64) {
        let outputs = gap(&learnt.outputs, &self.outputs);
        assert!(outputs < tolerance, "{}: outputs are off by {outputs:e}", self.name);
        let losses = gap(&learnt.losses, &self.losses);
        let most = tolerance * 4.0 * self.batch as f64;
        assert!(losses < most, "{}: losses are off by {losses:e}", self.name);
        assert_eq!(learnt.after.len(), self.after.len());
        for (step, (got, want)) in learnt.after.iter().zip(&self.after).enumerate() {
            let off = gap(got, want);
            assert!(off < tolerance, "{}: step {} is off by {off:e}", self.name, step + 1);
            let moved = gap(want, &self.before);
            assert!(moved > 1e-3, "{}: step {} moves but {moved:e}", self.name, step + 1);
        }
    }
}

#[test]
fn every_layer_loss_and_step_is_that_of_pytorch() {
    for case in all() {
        case.agrees(&case.plainly::<Z128>(), 2e-5);
    }
}

#[test]
fn sixty_four_bits_are_enough_to_learn_the_same() {
    for case in all() {
        case.agrees(&case.plainly::<Z64>(), 2e-3);
    }
}

#[test]
fn three_parties_learn_the_same_at_the_price_quoted() {
    for case in all() {
        case.agrees(&case.jointly(&rep3::CARD, Rep3::<Z64>::connect), 2e-3);
        case.agrees(&case.jointly(&rep3_malicious::CARD, Rep3Malicious::<Z64>::connect), 2e-3);
    }
}

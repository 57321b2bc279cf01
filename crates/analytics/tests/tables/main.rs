//! Operations on tables under every interpreter: right, at the quoted price, within proven
//! ranges.

#![expect(clippy::unwrap_used, reason = "a panic in a test is its report")]

mod cells;
mod intersection;
mod linkage;
mod rows;

use sharewell_mpc::protocols::bounds::{Bounds, Interval};
use sharewell_mpc::protocols::plain::Plain;
use sharewell_mpc::protocols::rep3::{self, Rep3};
use sharewell_mpc::protocols::tally::Tally;
use sharewell_mpc::sim::Sim;
use sharewell_mpc::{Protocol, Result};
use sharewell_ring::Integer;

/// Opens what it computes; three parties call it, of which the first two are givers.
pub(crate) trait Program: Sync {
    /// `me` is none for an interpreter, which stands for all parties.
    fn run<P: Protocol>(&self, p: &mut P, me: Option<usize>) -> Result<Vec<P::Ring>>;

    /// The range of every input, call by call, giver by giver.
    fn ranges(&self) -> Vec<Vec<Interval>>;
}

/// What the parties open: the same as in the clear, at the price quoted, in the proven range.
pub(crate) fn everywhere<R: Integer>(program: &impl Program) -> Vec<i128> {
    let integers = |x: Vec<R>| x.into_iter().map(R::to_i128).collect::<Vec<i128>>();
    let plain = integers(program.run(&mut Plain::<R>::new(1), None).unwrap());
    let mut tally = Tally::<R>::new(&rep3::CARD, 3);
    program.run(&mut tally, None).unwrap();
    let outcome = Sim::new(3).run(|party, entropy| {
        let me = usize::from(party.me().0);
        program.run(&mut Rep3::<R>::connect(party, &[0; 32], entropy)?, Some(me))
    });
    assert_eq!(outcome.cost.messages, tally.tallied(), "the price");
    for opened in outcome.values().unwrap() {
        assert_eq!(integers(opened), plain);
    }
    let mut bounds = Bounds::<R>::new(program.ranges());
    program.run(&mut bounds, None).unwrap();
    for (value, interval) in plain.iter().zip(bounds.outputs()) {
        let range = interval.lo.unwrap()..=interval.hi.unwrap();
        assert!(range.contains(value), "{value} outside {interval}");
    }
    plain
}

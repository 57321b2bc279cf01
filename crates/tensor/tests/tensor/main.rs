//! Every operation on tensors and every numeric function, under every interpreter: right as
//! far as is stated, at the stated price, within proven intervals.

mod bounded_division;
mod chunks;
mod curves;
mod division;
mod errors;
mod exponential;
mod factors;
mod function;
mod integer_division;
mod least_squares;
mod linear;
mod operations;
mod power;
mod softmax;
mod traps;

use proptest::prelude::*;
use sharewell_mpc::protocols::bounds::{Bounds, Interval};
use sharewell_mpc::protocols::plain::Plain;
use sharewell_mpc::protocols::rep3::{self, Rep3};
use sharewell_mpc::protocols::tally::Tally;
use sharewell_mpc::sim::Sim;
use sharewell_mpc::{Protocol, Result, Share};
use sharewell_ring::Integer;
use sharewell_tensor::Tensor;

/// Computes one vector from two.
pub(crate) trait Program: Sync {
    fn run<P: Protocol>(&self, p: &mut P, x: P::AShare, y: P::AShare) -> Result<P::AShare>;
}

/// A secret vector of the first or the second party, every element below `2^bits` in magnitude.
#[derive(Clone, Debug)]
pub(crate) struct Secret {
    pub(crate) values: Vec<i128>,
    pub(crate) bits: u32,
}

/// What a program gave: in the clear and at each of three parties, and what was proven of it.
pub(crate) struct Everywhere {
    pub(crate) opened: Vec<Vec<i128>>,
    pub(crate) intervals: Vec<Interval>,
}

fn whole<P: Protocol>(
    program: &impl Program,
    p: &mut P,
    mine: &[P::Ring],
    lens: [usize; 3],
) -> Result<Vec<i128>> {
    let mut inputs = p.input(mine, &lens)?;
    let (y, x) = (inputs.remove(1), inputs.remove(0));
    let out = program.run(p, x, y)?;
    Ok(p.reveal(&out)?.into_iter().map(Integer::to_i128).collect())
}

fn ring<R: Integer>(values: &[i128]) -> Vec<R> {
    values.iter().map(|x| R::from_i128(*x)).collect()
}

/// The program on values.
pub(crate) fn plainly<R: Integer>(program: &impl Program, x: &Secret, y: &Secret) -> Vec<i128> {
    let lens = [x.values.len(), y.values.len(), 0];
    let both = [ring::<R>(&x.values), ring(&y.values)].concat();
    whole(program, &mut Plain::<R>::new(1), &both, lens).expect("no links")
}

/// The program on intervals.
pub(crate) fn proven<R: Integer>(
    program: &impl Program,
    x: &Secret,
    y: &Secret,
) -> Result<Vec<Interval>> {
    let ranges = |x: &Secret| {
        let limit = (1 << x.bits) - 1;
        let least = if x.values.iter().all(|x| *x >= 0) { 0 } else { -limit };
        vec![Interval::between(least, limit); x.values.len()]
    };
    let mut bounds = Bounds::<R>::new([ranges(x), ranges(y), vec![]]);
    whole(program, &mut bounds, &[], [x.values.len(), y.values.len(), 0])?;
    Ok(bounds.outputs().to_vec())
}

/// The program under every interpreter; the parties agree, at exactly the price counted.
pub(crate) fn everywhere<R: Integer>(program: &impl Program, x: &Secret, y: &Secret) -> Everywhere {
    let lens = [x.values.len(), y.values.len(), 0];
    let mut opened = vec![plainly::<R>(program, x, y)];
    let mut tally = Tally::<R>::new(&rep3::CARD, 3);
    whole(program, &mut tally, &[], lens).expect("no links");
    let outcome = Sim::new(3).run(|party, entropy| {
        let mine = [&x.values[..], &y.values, &[]][usize::from(party.me().0)];
        let mut p = Rep3::<R>::connect(party, &[0; 32], entropy)?;
        whole(program, &mut p, &ring(mine), lens)
    });
    assert_eq!(outcome.cost.messages, tally.tallied(), "the price");
    opened.extend(outcome.values().expect("honest links"));
    assert!(opened[1] == opened[2] && opened[1] == opened[3], "all parties open the same");
    let intervals = proven::<R>(program, x, y).expect("the inputs are within the domain");
    for opened in &opened {
        for (got, interval) in opened.iter().zip(&intervals) {
            let within = interval.lo.is_some_and(|lo| lo <= *got)
                && interval.hi.is_some_and(|hi| *got <= hi);
            assert!(within, "{got} outside {interval}");
        }
    }
    Everywhere { opened, intervals }
}

/// Magnitudes below `2^bits` of every width, edges among them.
pub(crate) fn magnitude(bits: u32) -> impl Strategy<Value = i128> {
    let wide = move |x: u128| if bits == 0 { 0 } else { (x >> (128 - bits)) as i128 };
    let edge =
        move |width: u32, by: i128| ((1i128 << width.min(bits)) + by).clamp(0, (1 << bits) - 1);
    prop_oneof![
        4 => (0..=bits, any::<u128>()).prop_map(move |(width, x)| wide(x) >> (bits - width)),
        1 => (0..=bits, -1..=1i128).prop_map(move |(width, by)| edge(width, by)),
        1 => Just(edge(bits, 0)),
    ]
}

/// Either sign.
pub(crate) fn signed(bits: u32) -> impl Strategy<Value = i128> {
    (magnitude(bits), any::<bool>()).prop_map(|(x, negative)| if negative { -x } else { x })
}

pub(crate) fn integers<P: Protocol>(x: P::AShare) -> Tensor<P> {
    let shape = [x.len()];
    Tensor::new(x, &shape, 0)
}

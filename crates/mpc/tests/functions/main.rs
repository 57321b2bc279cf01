//! Published functions as boolean programs, in own descriptions: right on published vectors and
//! on others, under every protocol, in a stated number of gates.

#![expect(clippy::unwrap_used, reason = "a panic in a test is its report")]

mod aes;
mod arithmetic;
mod sha256;

use sharewell_mpc::protocols::plain::Plain;
use sharewell_mpc::protocols::rep3::{self, Rep3};
use sharewell_mpc::protocols::rep3_malicious::Rep3Malicious;
use sharewell_mpc::protocols::tally::Tally;
use sharewell_mpc::sim::Sim;
use sharewell_mpc::{BitShare, Entropy, Party, Protocol, Result};
use sharewell_ring::{Planes, Z64};

const SESSION: [u8; 32] = [7; 32];

/// A function of bits; vectors hold numbers of `WIDTH` bits.
trait Function: Sync {
    const WIDTH: u32;

    fn compute<P: Protocol>(&self, p: &mut P, x: &[P::BShare]) -> Result<P::BShare>;

    /// Inputs and output are shared, and only the output is opened.
    fn evaluate<P>(&self, p: &mut P, mine: &[Z64], lens: &[usize]) -> Result<Vec<Z64>>
    where
        P: Protocol<Ring = Z64>,
    {
        let given = p.input(mine, lens)?;
        let bits = given.iter().map(|x| p.a2b(x, Self::WIDTH)).collect::<Result<Vec<_>>>()?;
        let out = self.compute(p, &bits)?;
        Ok(p.reveal_bits(&out)?.to_values())
    }
}

fn under<P: Protocol<Ring = Z64>>(
    connect: impl Fn(Party, Entropy) -> Result<P> + Sync,
    f: &impl Function,
    inputs: &[Vec<Z64>; 3],
) -> Vec<Z64> {
    let lens = inputs.each_ref().map(Vec::len);
    let outcome = Sim::new(3).run(|party, entropy| {
        let me = usize::from(party.me().0);
        f.evaluate(&mut connect(party, entropy)?, &inputs[me], &lens)
    });
    let mut opened = outcome.values().unwrap();
    let first = opened.swap_remove(0);
    assert!(opened.iter().all(|other| *other == first), "the parties open different values");
    first
}

/// What every interpreter says alike of inputs of P0 and of P1.
fn everywhere(f: &impl Function, x: Vec<Z64>, y: Vec<Z64>) -> Vec<Z64> {
    let inputs = [x, y, vec![]];
    let lens = inputs.each_ref().map(Vec::len);
    let plain = f.evaluate(&mut Plain::<Z64>::new(1), &inputs.concat(), &lens).unwrap();
    let semi_honest = |party, entropy| Rep3::<Z64>::connect(party, &SESSION, entropy);
    assert_eq!(under(semi_honest, f, &inputs), plain);
    let malicious = |party, entropy| Rep3Malicious::<Z64>::connect(party, &SESSION, entropy);
    assert_eq!(under(malicious, f, &inputs), plain);
    plain
}

/// AND gates of each of 64 instances, and depth.
fn gates(f: &impl Function, lens: &[usize]) -> (u64, u32) {
    let mut quote = Tally::<Z64>::new(&rep3::CARD, 3);
    let bits = |len: &usize| quote.public_bits(&Planes::zero(*len, 64));
    let x: Vec<_> = lens.iter().map(bits).collect();
    f.compute(&mut quote, &x).unwrap();
    let cost = quote.tallied();
    (cost.links[&(1, 0)] / 8, cost.rounds)
}

/// XOR of all.
fn xor<S: BitShare>(parts: &[&S]) -> S {
    let mut out = parts[0].clone();
    parts[1..].iter().for_each(|x| out ^= x);
    out
}

/// Planes through a matrix of bits: each row says which planes make one of the result.
fn linear<S: BitShare>(x: &S, rows: &[u16]) -> S {
    let planes = |row: &u16| (0..16).filter(|i| row >> i & 1 == 1).collect::<Vec<usize>>();
    let sum = |row: &u16| {
        let parts: Vec<S> = planes(row).into_iter().map(|i| x.pick(&[i])).collect();
        xor(&parts.iter().collect::<Vec<_>>())
    };
    let sums: Vec<S> = rows.iter().map(sum).collect();
    S::stack(&sums.iter().collect::<Vec<_>>())
}

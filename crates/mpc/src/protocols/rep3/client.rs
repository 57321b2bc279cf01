//! Givers and recipients that do not compute.
//!
//! A giver sends two seeds and one explicit component, each to its two holders; a recipient
//! adds three parts that were masked for it.

use sharewell_net::{PartyId, Step};
use sharewell_ring::{Integer, Key, Prg, Ring, Z128, hash, zeroed};

use crate::wiped::Wiped;
use crate::{Entropy, Party, Result};

const SEEDS: Step = Step("give seeds");
const REST: Step = Step("give rest");
const TAKE: Step = Step("open to");

/// A giver past the compute parties shares its vector.
///
/// Cost: 32 bytes to P0, 16 and one element each to P1 and P2; one round.
///
/// # Errors
/// If a link fails or the operating system gives no randomness.
pub fn give<R: Integer>(party: &mut Party, x: &[R], entropy: Entropy) -> Result<()> {
    if x.is_empty() {
        return Ok(());
    }
    // A seeded simulation must not draw the same for two vectors.
    let label = format!("give {:x} {}", party.lane().0, party.sent_to(PartyId(1)));
    let secret = entropy.draw(party.me(), &label)?;
    let seed = |i| hash::derive::<16>(&*secret, &[i], b"sharewell giver 1");
    let seeds = Wiped::from([0, 1].map(|i| Z128(u128::from_le_bytes(seed(i)))).to_vec());
    let mut rest = Wiped::from(x.to_vec());
    for seed in seeds.iter() {
        R::sub_assign(&mut rest, &Wiped::from(expand(seed, x.len())));
    }
    party.send(PartyId(0), SEEDS, &seeds)?;
    party.send(PartyId(1), SEEDS, &seeds[1..])?;
    party.send(PartyId(2), SEEDS, &seeds[..1])?;
    party.send(PartyId(1), REST, &rest)?;
    party.send(PartyId(2), REST, &rest)
}

/// A compute party's components of a giver's vector.
pub(super) fn accept<R: Integer>(
    party: &mut Party,
    from: PartyId,
    len: usize,
) -> Result<[Vec<R>; 2]> {
    if len == 0 {
        return Ok([vec![], vec![]]);
    }
    let me = party.me().0;
    let seeds: Wiped<Z128> = party.recv(from, SEEDS, if me == 0 { 2 } else { 1 })?.into();
    let expanded = |seed| expand(seed, len);
    Ok(match me {
        0 => [expanded(&seeds[0]), expanded(&seeds[1])],
        1 => [expanded(&seeds[0]), party.recv(from, REST, len)?],
        _ => [party.recv(from, REST, len)?, expanded(&seeds[0])],
    })
}

/// A recipient past the compute parties receives a vector opened to it.
///
/// Cost: one element from each compute party; one round.
///
/// # Errors
/// If a link fails.
pub fn take<R: Integer>(party: &mut Party, len: usize) -> Result<Vec<R>> {
    let mut out = zeroed(len);
    for i in 0..3 {
        R::add_assign(&mut out, &party.recv(PartyId(i), TAKE, len)?);
    }
    Ok(out)
}

fn expand<R: Ring>(seed: &Z128, len: usize) -> Vec<R> {
    let mut out = zeroed(len);
    Prg::new(&Key(seed.0.to_le_bytes())).fill(0, 0, &mut out);
    out
}

//! What comes in and what goes out, also from givers and to recipients that do not compute.
//!
//! A compute party's input is one message: whatever it is, it makes a valid sharing. A giver
//! beside them sends two seeds and one explicit component, each to its two holders, who compare
//! digests: a giver that sent them different ones has shared nothing. A recipient beside them
//! gets each component from one of its holders and a digest of it from the other, after the
//! sharing has been made afresh: the components it had would tell of the computation.

use sharewell_net::{PartyId, Step};
use sharewell_ring::{Key, Prg, Ring, Wide, Z128, hash, reserved, zeroed};

use super::demand::demand;
use super::domain::{Authentic, Domain};
use super::{Authenticated, Pair, Rep3Malicious};
use crate::prss::{next, previous};
use crate::wiped::Wiped;
use crate::{Entropy, Linear, Party, Result, Share, Side};

const INPUT: Step = Step("input");
const SEEDS: Step = Step("give seeds");
pub(super) const REST: Step = Step("give rest");
pub(super) const COMPARE: Step = Step("compare given");
pub(super) const TAKE: Step = Step("open to");
const DIGEST: Step = Step("open to, digest");

fn send_packed<D: Domain>(party: &mut Party, to: PartyId, step: Step, x: &[D::Wide]) -> Result<()> {
    let mut bytes = Vec::with_capacity(x.len() * D::WIRE);
    D::Wide::pack(x, D::WIRE, &mut bytes);
    party.send(to, step, &bytes)
}

fn recv_packed<D: Domain>(
    party: &mut Party,
    from: PartyId,
    step: Step,
    len: usize,
) -> Result<Vec<D::Wide>> {
    let bytes: Vec<u8> = party.recv(from, step, len * D::WIRE)?;
    let mut out = reserved(len);
    D::Wide::unpack(&bytes, D::WIRE, &mut out);
    Ok(out)
}

/// A digest of what two holders of a component must have alike.
fn digest_of<D: Domain>(x: &[D::Wide]) -> [u8; 32] {
    let mut bytes = vec![];
    D::Wide::pack(x, D::WIRE, &mut bytes);
    hash::digest(&[&bytes])
}

/// A giver past the compute parties shares its vector.
///
/// Cost: 32 bytes to P0, 16 and one element of `k + s` bits each to P1 and P2; one round.
///
/// # Errors
/// If a link fails or the operating system gives no randomness.
pub fn give<R: Authentic>(party: &mut Party, x: &[R], entropy: Entropy) -> Result<()> {
    if x.is_empty() {
        return Ok(());
    }
    // A seeded simulation must not draw the same for two vectors.
    let label = format!("give {:x} {}", party.lane().0, party.sent_to(PartyId(1)));
    let secret = entropy.draw(party.me(), &label)?;
    let seed = |i| hash::derive::<16>(&*secret, &[i], b"sharewell malicious giver 1");
    let seeds = Wiped::from([0, 1].map(|i| Z128(u128::from_le_bytes(seed(i)))).to_vec());
    let mut rest = Wiped::from(x.iter().map(|&x| x.widen()).collect::<Vec<R::Wide>>());
    for seed in seeds.iter() {
        R::Wide::sub_assign(&mut rest, &Wiped::from(expand(seed, x.len())));
    }
    party.send(PartyId(0), SEEDS, &seeds)?;
    party.send(PartyId(1), SEEDS, &seeds[1..])?;
    party.send(PartyId(2), SEEDS, &seeds[..1])?;
    send_packed::<R>(party, PartyId(1), REST, &rest)?;
    send_packed::<R>(party, PartyId(2), REST, &rest)
}

/// A compute party's components of a giver's vector, not yet compared.
fn accept<D: Domain>(party: &mut Party, from: PartyId, len: usize) -> Result<Pair<D::Wide>> {
    if len == 0 {
        return Ok([vec![], vec![]]);
    }
    let me = party.me().0;
    let seeds: Wiped<Z128> = party.recv(from, SEEDS, if me == 0 { 2 } else { 1 })?.into();
    let expanded = |seed| expand(seed, len);
    Ok(match me {
        0 => [expanded(&seeds[0]), expanded(&seeds[1])],
        1 => [expanded(&seeds[0]), recv_packed::<D>(party, from, REST, len)?],
        _ => [recv_packed::<D>(party, from, REST, len)?, expanded(&seeds[0])],
    })
}

/// A recipient past the compute parties receives a vector opened to it.
///
/// Cost: one element and a digest from each compute party; one round.
///
/// # Errors
/// If a link fails, and [`Error::Cheating`](crate::Error::Cheating) if two parties do not say the same of a component.
pub fn take<R: Authentic>(party: &mut Party, len: usize) -> Result<Vec<R>> {
    let mut out = zeroed(len);
    if len == 0 {
        return Ok(out);
    }
    let (mut parts, mut digests) = (vec![], vec![]);
    for i in 0..3 {
        let part: Vec<R> = party.recv(PartyId(i), TAKE, len)?;
        digests.push(party.recv::<u8>(PartyId(i), DIGEST, 32)?);
        R::add_assign(&mut out, &part);
        parts.push(part);
    }
    // Party `i` has sent component `i` and digested component `i + 1`.
    for (i, part) in parts.iter().enumerate() {
        demand(digests[(i + 2) % 3] == hash::digest(&[bytemuck::cast_slice(part)]), TAKE)?;
    }
    Ok(out)
}

fn expand<T: Ring>(seed: &Z128, len: usize) -> Vec<T> {
    let mut out = zeroed(len);
    Prg::new(&Key(seed.0.to_le_bytes())).fill(0, 0, &mut out);
    out
}

impl<R: Authentic> Rep3Malicious<R> {
    /// The givers' values, without tags.
    pub(super) fn share_inputs(
        &mut self,
        mine: &[R],
        lens: &[usize],
    ) -> Result<Vec<Linear<R::Wide, 2>>> {
        let me = usize::from(self.me().0);
        assert_eq!(lens.len(), usize::from(self.party.parties()), "one length per party");
        assert_eq!(mine.len(), lens[me], "this party's input");
        let draws: Vec<u64> = lens.iter().map(|_| self.prss.next_draw()).collect();
        // As in every replicated sharing: a stream of the pair, a public one, and what is left.
        let mask = self.prss.uniform(Side::Left, draws[me], mine.len());
        let mut rest: Vec<R::Wide> = mine.iter().map(|&x| x.widen()).collect();
        R::Wide::sub_assign(&mut rest, &mask);
        R::Wide::sub_assign(&mut rest, &self.prss.public(draws[me], mine.len()));
        let after = next(self.me());
        send_packed::<R>(&mut self.party, after, INPUT, &rest)?;
        let mut out = Vec::with_capacity(lens.len());
        for (giver, (&len, &draw)) in lens.iter().zip(&draws).enumerate() {
            let from = PartyId(giver as u8);
            out.push(Linear(match (giver + 3 - me) % 3 {
                _ if giver >= 3 => accept::<R>(&mut self.party, from, len)?,
                0 => [mask.clone(), rest.clone()],
                1 => [self.prss.public(draw, len), self.prss.uniform(Side::Right, draw, len)],
                _ => {
                    let rest = recv_packed::<R>(&mut self.party, from, INPUT, len)?;
                    [rest, self.prss.public(draw, len)]
                }
            }));
        }
        self.compare_given(&out[3..])?;
        Ok(out)
    }

    /// Both holders of each component must have been given the same.
    fn compare_given(&mut self, given: &[Linear<R::Wide, 2>]) -> Result<()> {
        let given = || given.iter().filter(|x| !x.is_empty());
        let digests = [0, 1].map(|i| given().flat_map(|x| digest_of::<R>(&x.0[i])).collect());
        let [first, second]: [Vec<u8>; 2] = digests;
        let (before, after) = (previous(self.me()), next(self.me()));
        self.party.send(before, COMPARE, &first)?;
        self.party.send(after, COMPARE, &second)?;
        let from_before: Vec<u8> = self.party.recv(before, COMPARE, first.len())?;
        let from_after: Vec<u8> = self.party.recv(after, COMPARE, second.len())?;
        demand(from_before == first && from_after == second, COMPARE)
    }

    pub(super) fn open_to(
        &mut self,
        x: &Authenticated<R>,
        to: &[PartyId],
    ) -> Result<Option<Vec<R>>> {
        let (me, len) = (self.me(), x.len());
        let afresh = to.iter().any(|to| to.0 >= 3).then(|| self.refreshed(x)).transpose()?;
        let parts = afresh.as_ref().unwrap_or(x).narrow();
        let digest = hash::digest(&[bytemuck::cast_slice(&parts[1])]);
        if len == 0 {
            return Ok(to.contains(&me).then(Vec::new));
        }
        for &recipient in to {
            let outside = recipient.0 >= 3;
            if outside || next(me) == recipient {
                self.party.send(recipient, TAKE, &parts[0])?;
            }
            if outside || previous(me) == recipient {
                self.party.send(recipient, DIGEST, &digest)?;
            }
        }
        if !to.contains(&me) {
            return Ok(None);
        }
        let mut out: Vec<R> = self.party.recv(previous(me), TAKE, len)?;
        let said: Vec<u8> = self.party.recv(next(me), DIGEST, 32)?;
        demand(said == hash::digest(&[bytemuck::cast_slice(&out)]), TAKE)?;
        parts.iter().for_each(|x| R::add_assign(&mut out, x));
        Ok(Some(out))
    }

    /// The same secrets in components that are uniform but for their sum, checked.
    fn refreshed(&mut self, x: &Authenticated<R>) -> Result<Authenticated<R>> {
        let fresh = self.products(Step("refresh"), x.len(), x, |x, tile, z| {
            R::Wide::add_assign(z, &x[0][tile]);
        })?;
        self.settle()?;
        Ok(fresh)
    }
}

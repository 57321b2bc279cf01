//! What comes in and what goes out, also from givers and to recipients that do not compute.
//!
//! A compute party's input is one message: whatever it is, it makes a valid sharing. Of givers
//! beside them tells `given`. A recipient beside them gets each component from one of its holders and a digest of it from the other, after the
//! sharing has been made afresh: the components it had would tell of the computation.

use sharewell_net::{PartyId, Step};
use sharewell_ring::{Ring, Wide, hash, reserved, zeroed};

use super::demand::{demand, neighbours};
use super::domain::{Authentic, Domain};
use super::{Authenticated, Rep3Malicious, given};
use crate::prss::{next, previous};
use crate::{Linear, Party, Result, Share, Side};

const INPUT: Step = Step("input");
pub(super) const TAKE: Step = Step("open to");
pub(super) const DIGEST: Step = Step("open to, digest");

pub(super) fn send_packed<D: Domain>(
    party: &mut Party,
    to: PartyId,
    step: Step,
    x: &[D::Wide],
) -> Result<()> {
    let mut bytes = Vec::with_capacity(x.len() * D::WIRE);
    D::Wide::pack(x, D::WIRE, &mut bytes);
    party.send(to, step, &bytes)
}

pub(super) fn recv_packed<D: Domain>(
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

/// A recipient past the compute parties receives a vector opened to it.
///
/// Cost: one element and a digest from each compute party; one round.
///
/// # Errors
/// If a link fails, and [`Error::Cheating`](crate::Error::Cheating) if two parties do not say the same of a component: of these two, or of
/// the one that is in every such pair.
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
    let mut suspects: Vec<u8> = vec![0, 1, 2];
    let mut right = true;
    for (i, part) in (0u8..).zip(&parts) {
        let witness = (i + 2) % 3;
        if digests[usize::from(witness)] != hash::digest(&[bytemuck::cast_slice(part)]) {
            right = false;
            suspects.retain(|suspect| [i, witness].contains(suspect));
        }
    }
    let suspects: Vec<PartyId> = suspects.into_iter().map(PartyId).collect();
    demand(right, TAKE, || party.suspects(&suspects))?;
    Ok(out)
}

impl<R: Authentic> Rep3Malicious<R> {
    /// The givers' vectors; zeros, and who it was, for those whose shares do not fit together.
    pub(super) fn shared(
        &mut self,
        mine: &[R],
        lens: &[usize],
    ) -> Result<(Vec<Authenticated<R>>, Vec<PartyId>)> {
        let mut values = self.share_own(mine, lens)?;
        let left_out = self.share_given(lens, &mut values)?;
        let whole = Linear::concat(&values.iter().collect::<Vec<_>>());
        let mut rest = self.authenticate(whole.0)?;
        let mut out = Vec::with_capacity(lens.len());
        for &len in lens {
            let (first, others) = rest.split(len);
            out.push(first);
            rest = others;
        }
        self.done((out, left_out))
    }

    /// The compute parties' vectors, without tags.
    pub(super) fn share_own(
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
        for (giver, (&len, &draw)) in lens.iter().zip(&draws).enumerate().take(3) {
            out.push(Linear(match (giver + 3 - me) % 3 {
                0 => [mask.clone(), rest.clone()],
                1 => [self.prss.public(draw, len), self.prss.uniform(Side::Right, draw, len)],
                _ => {
                    let from = PartyId(giver as u8);
                    let rest = recv_packed::<R>(&mut self.party, from, INPUT, len)?;
                    [rest, self.prss.public(draw, len)]
                }
            }));
        }
        Ok(out)
    }

    /// Adds the vectors of the givers beside them; who of these has given none that fits.
    fn share_given(
        &mut self,
        lens: &[usize],
        out: &mut Vec<Linear<R::Wide, 2>>,
    ) -> Result<Vec<PartyId>> {
        let outside = || (0u8..).zip(lens).skip(3);
        let mut given = vec![];
        for (giver, &len) in outside().filter(|(_, len)| **len > 0) {
            given.push(given::accept::<R>(&mut self.party, PartyId(giver), len)?);
        }
        let mut fitting = self.fitting(given)?.into_iter();
        let mut left_out = vec![];
        for (giver, &len) in outside() {
            let parts = if len > 0 { fitting.next().flatten() } else { None };
            if len > 0 && parts.is_none() {
                left_out.push(PartyId(giver));
            }
            out.push(Linear(parts.unwrap_or_else(|| [zeroed(len), zeroed(len)])));
        }
        Ok(left_out)
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
        let right = said == hash::digest(&[bytemuck::cast_slice(&out)]);
        demand(right, TAKE, || neighbours(&self.party))?;
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

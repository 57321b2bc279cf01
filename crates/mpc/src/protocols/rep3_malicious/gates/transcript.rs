//! What the parties of the three proofs say to each other.

use sharewell_ring::Fp61;

use super::super::wire::{recv, send};
use super::{CHALLENGE, ECHO, PROOF, REVEAL, Vectors};
use crate::prss::{next, previous};
use crate::{Error, Party, Prss, Result, Side};

/// The challenges of one level.
pub(super) struct Challenges {
    /// Of the own proof.
    pub(super) own: Fp61,
    /// Of the next party's, whose left verifier this is.
    pub(super) next: Fp61,
    /// Of the previous party's, whose right verifier this is.
    pub(super) previous: Fp61,
}

/// Field elements of one draw of one key, one after the other.
struct Stream<'a>(Box<dyn Iterator<Item = Fp61> + 'a>);

impl<'a> Stream<'a> {
    fn new(prss: &'a Prss, side: Side, draw: u64) -> Self {
        Self(Box::new(prss.words(side, draw).map(Fp61::new)))
    }

    fn take(&mut self, len: usize) -> Vec<Fp61> {
        self.0.by_ref().take(len).collect()
    }

    fn one(&mut self) -> Fp61 {
        self.challenge(0)
    }

    /// An element that is no node.
    fn challenge(&mut self, nodes: usize) -> Fp61 {
        let far = self.0.by_ref().find(|x| x.get() >= nodes as u64);
        far.expect("a stream does not end")
    }
}

/// The three proofs under way, as one party sees them.
pub(super) struct Transcript<'a> {
    party: &'a mut Party,
    /// The right verifier's shares and masks: of the own proof, and of the previous party's.
    shares: [Stream<'a>; 2],
    /// The left verifier's masks: of the own proof, and of the next party's.
    masks: [Stream<'a>; 2],
    /// Challenges of the next party's proof, and of the previous party's.
    challenges: [Stream<'a>; 2],
    /// This verifier's shares of what the products sum to, in the same order.
    targets: [Fp61; 2],
    /// Challenges that the prover here was given.
    given: Vec<Fp61>,
    /// Challenges that the previous party should have been given.
    due: Vec<Fp61>,
}

impl<'a> Transcript<'a> {
    pub(super) fn new(
        party: &'a mut Party,
        prss: &'a Prss,
        [shares, masks, challenges]: [u64; 3],
        gates: usize,
    ) -> Self {
        let stream = |draw| move |side| Stream::new(prss, side, draw);
        let target = -Fp61::HALF * Fp61::new(gates as u64);
        Self {
            party,
            shares: [Side::Right, Side::Left].map(stream(shares)),
            masks: [Side::Left, Side::Right].map(stream(masks)),
            challenges: [Side::Left, Side::Right].map(stream(challenges)),
            targets: [target, Fp61::ZERO],
            given: vec![],
            due: vec![],
        }
    }

    /// One level: `values` are those of the own `G` at all places.
    pub(super) fn level(&mut self, values: &[Fp61]) -> Result<Challenges> {
        let nodes = values.len().div_ceil(2);
        let (before, after) = (previous(self.party.me()), next(self.party.me()));
        let values = self.exchange(&values[1..])?;
        let [next, previous] = [0, 1].map(|which| self.challenges[which].challenge(nodes));
        send(self.party, after, CHALLENGE, &[next])?;
        let own = recv(self.party, before, CHALLENGE, 1)?[0];
        self.given.push(own);
        self.due.push(previous);
        for ((target, sent), r) in self.targets.iter_mut().zip(&values).zip([next, previous]) {
            let zeroth = *target - sent[..nodes - 1].iter().copied().sum();
            let all = [&[zeroth], sent.as_slice()].concat();
            *target = Fp61::dot(&all, &Fp61::lagrange(2 * nodes - 1, r));
        }
        Ok(Challenges { own, next, previous })
    }

    /// Sends the left verifier its shares of values, and gives this verifier's shares of the next
    /// party's and of the previous party's.
    fn exchange(&mut self, values: &[Fp61]) -> Result<[Vec<Fp61>; 2]> {
        let (before, after) = (previous(self.party.me()), next(self.party.me()));
        let [own, theirs] = &mut self.shares;
        let masked = values.iter().zip(own.take(values.len())).map(|(&x, mask)| x - mask);
        send(self.party, before, PROOF, &masked.collect::<Vec<_>>())?;
        Ok([recv(self.party, after, PROOF, values.len())?, theirs.take(values.len())])
    }

    /// The last level and the test.
    pub(super) fn last(mut self, vectors: &Vectors) -> Result<()> {
        let (before, after) = (previous(self.party.me()), next(self.party.me()));
        let [own_masks, next_masks] = &mut self.masks;
        let [own_shares, previous_shares] = &mut self.shares;
        let [u, v, left, right] = vectors.quarters();
        let [u, v] = [with_mask(own_masks.one(), u), with_mask(own_shares.one(), v)];
        let p = with_mask(next_masks.one(), left);
        let q = with_mask(previous_shares.one(), right);
        let nodes = p.len();
        let mut values = Fp61::products(&u, &v, nodes);
        // Node 1 is the one that is computed, node 0 does not count.
        values.remove(1);
        send(self.party, after, ECHO, &self.given)?;
        let shares = self.exchange(&values)?;
        if recv(self.party, before, ECHO, self.due.len())? != self.due {
            return Err(Error::Cheating { step: ECHO.0 });
        }
        let mine = [0, 1].map(|which| {
            let r = self.challenges[which].challenge(nodes);
            let sent = &shares[which];
            let first = self.targets[which] - sent[1..nodes - 1].iter().copied().sum();
            let all = [&sent[..1], &[first], &sent[1..]].concat();
            let elements = [&p, &q][which];
            let value = Fp61::dot(elements, &Fp61::lagrange(nodes, r));
            [value, Fp61::dot(&all, &Fp61::lagrange(2 * nodes - 1, r))]
        });
        // The right verifier of the next party's proof is the previous party, and conversely.
        let peers = [before, after];
        for (peer, mine) in peers.into_iter().zip(&mine) {
            send(self.party, peer, REVEAL, mine)?;
        }
        let theirs =
            [recv(self.party, peers[0], REVEAL, 2)?, recv(self.party, peers[1], REVEAL, 2)?];
        let right = mine.iter().zip(&theirs).all(|(a, b)| a[0] * b[0] == a[1] + b[1]);
        if right { Ok(()) } else { Err(Error::Cheating { step: PROOF.0 }) }
    }
}

fn with_mask(mask: Fp61, elements: &[Fp61]) -> Vec<Fp61> {
    [&[mask], elements].concat()
}

//! What the parties of the three proofs say to each other.

use sharewell_ring::Fp61;

use super::super::demand::{demand, neighbours};
use super::super::wire::{recv, send};
use super::{CHALLENGE, ECHO, PROOF, REVEAL, Vectors};
use crate::prss::{next, previous};
use crate::{Party, Prss, Result, Side};

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

    /// An element that is none of so many nodes; uniform among the others.
    fn but(&mut self, nodes: usize) -> Fp61 {
        let other = self.0.by_ref().find(|x| x.get() >= nodes as u64);
        other.expect("a stream does not end")
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
    pub(super) fn level(&mut self, values: Vec<Fp61>) -> Result<Challenges> {
        let nodes = values.len().div_ceil(2);
        let (before, after) = (previous(self.party.me()), next(self.party.me()));
        let shares = self.exchange(values, 0)?;
        let [next, previous] = [0, 1].map(|which| self.challenges[which].but(nodes));
        send(self.party, after, CHALLENGE, &[next])?;
        let own = recv(self.party, before, CHALLENGE, 1)?[0];
        self.given.push(own);
        self.due.push(previous);
        for ((target, shares), r) in self.targets.iter_mut().zip(shares).zip([next, previous]) {
            *target = value_at(r, shares, 0, *target);
        }
        Ok(Challenges { own, next, previous })
    }

    /// Sends the left verifier its shares of values but one, and gives this verifier's shares of
    /// the next party's and of the previous party's.
    fn exchange(&mut self, mut values: Vec<Fp61>, omitted: usize) -> Result<[Vec<Fp61>; 2]> {
        let (before, after) = (previous(self.party.me()), next(self.party.me()));
        let [own, theirs] = &mut self.shares;
        values.remove(omitted);
        let len = values.len();
        values.iter_mut().zip(own.take(len)).for_each(|(x, mask)| *x -= mask);
        send(self.party, before, PROOF, &values)?;
        Ok([recv(self.party, after, PROOF, len)?, theirs.take(len)])
    }

    /// The last level and the test.
    pub(super) fn last(mut self, vectors: &Vectors) -> Result<()> {
        let (before, after) = (previous(self.party.me()), next(self.party.me()));
        let [own_masks, next_masks] = &mut self.masks;
        let [own_shares, previous_shares] = &mut self.shares;
        let masks = [own_masks, own_shares, next_masks, previous_shares];
        let masked = |(stream, x): (&mut Stream, &[Fp61])| [&stream.take(1), x].concat();
        let all: Vec<_> = masks.into_iter().zip(vectors.quarters()).map(masked).collect();
        let nodes = all[0].len();
        send(self.party, after, ECHO, &self.given)?;
        // Node 0 is for the masks: the sum is that from node 1 on.
        let shares = self.exchange(Fp61::products(&all[0], &all[1], nodes), 1)?;
        let told = recv(self.party, before, ECHO, self.due.len())?;
        demand(told == self.due, ECHO, || neighbours(self.party))?;
        let mut mine = [[Fp61::ZERO; 2]; 2];
        for (which, shares) in shares.into_iter().enumerate() {
            let r = self.challenges[which].but(nodes);
            let value = Fp61::dot(&all[2 + which], &Fp61::lagrange(nodes, r));
            mine[which] = [value, value_at(r, shares, 1, self.targets[which])];
        }
        self.reveal(mine)
    }

    /// Whether `p(r) q(r) = G(r)`, in both proofs: the next party's, whose right verifier is the
    /// previous party, and the previous party's, whose left verifier is the next.
    fn reveal(self, mine: [[Fp61; 2]; 2]) -> Result<()> {
        let peers = [previous(self.party.me()), next(self.party.me())];
        for (peer, mine) in peers.into_iter().zip(&mine) {
            send(self.party, peer, REVEAL, mine)?;
        }
        let mut right = true;
        for (peer, [mine, share]) in peers.into_iter().zip(mine) {
            let theirs = recv(self.party, peer, REVEAL, 2)?;
            right &= mine * theirs[0] == share + theirs[1];
        }
        demand(right, PROOF, || neighbours(self.party))
    }
}

/// The share of `G(r)`, from shares of all values of `G` but one: that one is such that from its
/// place to the last node they sum to `target`.
fn value_at(r: Fp61, mut shares: Vec<Fp61>, omitted: usize, target: Fp61) -> Fp61 {
    let nodes = shares.len() / 2 + 1;
    let others = shares[omitted..nodes - 1].iter().copied().sum();
    shares.insert(omitted, target - others);
    Fp61::dot(&shares, &Fp61::lagrange(shares.len(), r))
}

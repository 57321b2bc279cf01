//! Secret permutations: the product of three, each known to one pair of parties.
//!
//! The parties in their roles, A, B and C: a column is a part `x` known to A (the sum of its
//! two components) and a part `y` known to B (the component that A lacks).
//!
//! | | permutes by the pair's permutation | and sends |
//! |---|---|---|
//! | A | `x + m` by AB's, then by AC's, adds `m'` | to B |
//! | B | `y - m` by AB's | to C |
//! | C | that by AC's, subtracts `m'`; then by BC's | to B, less the component of A and C |
//! | B | A's message by BC's | to C, less the component of A and B |
//!
//! Masks `m` (of A and B) and `m'` (of A and C) and the components that A has come from pair
//! keys; B and C add what they send each other into the third component. Each party lacks one
//! of the three permutations, and every message is masked by a pair of which the receiver is
//! no member. Backward the permutations are undone in reverse, with A and C exchanged.
//!
//! Two rounds and four elements per entry. To open a column instead, B and C send each other
//! the permuted parts as they are, and to A under another mask of theirs: six elements, in the
//! same rounds. The roles go round from shuffle to shuffle, so that the load does.
//!
//! What memory is accessed depends on what a pair of parties knows, and on opened
//! destinations, never on a secret.
//!
//! Source: Araki, Furukawa, Ohara, Pinkas, Rosemarin, Tsuchida, CCS 2021, "Secure graph
//! analysis at scale" (shuffle); opening as in Hamada et al. 2014 (eprint 2014/121).

use sharewell_net::{PartyId, Step};
use sharewell_ring::Ring;

use super::Pair;
use crate::prss::{next, previous};
use crate::rows::{permuted, uniform};
use crate::wiped::Wiped;
use crate::{Party, Prss, Result, Side, Way};

const HOP: Step = Step("shuffle hop");
const PART: Step = Step("shuffle part");
const OPEN: Step = Step("shuffle open");

/// How a column's entries travel.
pub(crate) trait Codec<T> {
    fn send(&self, party: &mut Party, to: PartyId, step: Step, x: &[T]) -> Result<()>;
    fn recv(&self, party: &mut Party, from: PartyId, step: Step, len: usize) -> Result<Vec<T>>;
}

/// What a party takes part with.
pub(crate) struct Ends<'a> {
    pub(crate) party: &'a mut Party,
    pub(crate) prss: &'a mut Prss,
}

impl Ends<'_> {
    fn me(&self) -> PartyId {
        self.party.me()
    }
}

/// The two permutations of three that this party knows.
pub struct Shuffle {
    turn: u32,
    known: [Wiped<u32>; 2],
}

impl std::fmt::Debug for Shuffle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Shuffle({} rows)", self.known[0].len())
    }
}

impl Shuffle {
    /// `turns` counts the shuffles drawn before.
    pub(crate) fn draw(p: &mut Ends, turns: &mut u32, len: usize) -> Self {
        let draws = [(); 3].map(|()| p.prss.next_draw());
        // Draw `i` belongs to the pair whose right member is party `i`.
        let known = [(Side::Left, p.me()), (Side::Right, next(p.me()))];
        let known = known
            .map(|(side, of)| uniform(len, p.prss.words(side, draws[usize::from(of.0)])).into());
        let turn = *turns;
        *turns = turn.wrapping_add(1);
        Self { turn, known }
    }
}

/// Who is A, B and C.
pub(crate) fn roles(turn: u32, way: Way) -> [PartyId; 3] {
    let first = PartyId((turn % 3) as u8);
    match way {
        Way::Forward => [first, next(first), previous(first)],
        Way::Backward => [previous(first), next(first), first],
    }
}

/// The permutation that a column goes through, and who is who on its way.
pub(crate) struct Route<'a> {
    by: &'a Shuffle,
    way: Way,
    roles: [PartyId; 3],
}

impl<'a> Route<'a> {
    pub(crate) fn new(by: &'a Shuffle, way: Way) -> Self {
        Self { by, way, roles: roles(by.turn, way) }
    }

    /// What a party brings: its components' sum at A, the one that A lacks at B.
    pub(crate) fn brings<T: Ring>(&self, me: PartyId, parts: Pair<T>) -> Vec<T> {
        let ([a, b, c], [mut first, second]) = (self.roles, parts);
        if me == a {
            T::add_assign(&mut first, &second);
            first
        } else if me == b {
            if side(me, c) == Side::Left { first } else { second }
        } else {
            vec![]
        }
    }

    /// One hop: by the permutation that party `me` has with a peer.
    fn hop<T: Copy>(&self, me: PartyId, peer: PartyId, x: &[T]) -> Vec<T> {
        permuted(x, &self.by.known[side(me, peer) as usize], self.way)
    }
}

/// Which of a party's neighbours a peer is: also which of its components they share.
fn side(me: PartyId, peer: PartyId) -> Side {
    if peer == next(me) { Side::Right } else { Side::Left }
}

/// A column under way.
pub(crate) struct Column<T, C> {
    /// What this party brings, at A and B.
    brings: Vec<T>,
    /// This party's components of the result.
    pub(crate) parts: Pair<T>,
    len: usize,
    pub(crate) codec: C,
    draws: Draws,
}

/// The draws for a column, numbered alike at all parties.
#[derive(Copy, Clone)]
struct Draws {
    /// Masks `m` of A and B, `m'` of A and C, and that of B and C under which A is told.
    masks: [u64; 3],
    /// What A and B, and A and C, have of the result.
    parts: [u64; 2],
}

impl<T: Ring, C: Codec<T>> Column<T, C> {
    pub(crate) fn new(p: &mut Ends, brings: Vec<T>, len: usize, codec: C) -> Self {
        let [ab, ac, bc, part_ab, part_ac] = [(); 5].map(|()| p.prss.next_draw());
        let draws = Draws { masks: [ab, ac, bc], parts: [part_ab, part_ac] };
        Self { brings, parts: [vec![], vec![]], len, codec, draws }
    }

    fn uniform(&self, p: &Ends, peer: PartyId, draw: u64) -> Vec<T> {
        p.prss.uniform(side(p.me(), peer), draw, self.len)
    }

    fn send(&self, p: &mut Ends, to: PartyId, step: Step, x: &[T]) -> Result<()> {
        self.codec.send(p.party, to, step, x)
    }

    fn recv(&self, p: &mut Ends, from: PartyId, step: Step) -> Result<Vec<T>> {
        self.codec.recv(p.party, from, step, self.len)
    }

    /// What A and B do by themselves.
    pub(crate) fn depart(&mut self, p: &mut Ends, route: &Route) -> Result<()> {
        let ([a, b, c], me) = (route.roles, p.me());
        let mut x = std::mem::take(&mut self.brings);
        if me == a {
            T::add_assign(&mut x, &self.uniform(p, b, self.draws.masks[0]));
            x = route.hop(me, c, &route.hop(me, b, &x));
            T::add_assign(&mut x, &self.uniform(p, c, self.draws.masks[1]));
            self.send(p, b, HOP, &x)?;
        } else if me == b {
            T::sub_assign(&mut x, &self.uniform(p, a, self.draws.masks[0]));
            self.send(p, c, HOP, &route.hop(me, a, &x))?;
        }
        Ok(())
    }

    /// The last hop, at B and C, and what they tell of it: each other, and A if `open`.
    pub(crate) fn pass_on(&mut self, p: &mut Ends, route: &Route, open: bool) -> Result<()> {
        let ([a, b, c], me) = (route.roles, p.me());
        let [ab, ac] = self.draws.parts;
        if me == a {
            if !open {
                self.parts[side(me, b) as usize] = self.uniform(p, b, ab);
                self.parts[side(me, c) as usize] = self.uniform(p, c, ac);
            }
            return Ok(());
        }
        let (other, draw) = if me == b { (c, ab) } else { (b, ac) };
        let mut part = if me == b {
            self.recv(p, a, HOP)?
        } else {
            let mut y = route.hop(me, a, &self.recv(p, b, HOP)?);
            T::sub_assign(&mut y, &self.uniform(p, a, self.draws.masks[1]));
            y
        };
        part = route.hop(me, other, &part);
        if open {
            let (mut masked, mask) = (part.clone(), self.uniform(p, other, self.draws.masks[2]));
            let add = if me == b { T::add_assign } else { T::sub_assign };
            add(&mut masked, &mask);
            self.send(p, a, OPEN, &masked)?;
        } else {
            let known = self.uniform(p, a, draw);
            T::sub_assign(&mut part, &known);
            self.parts[side(me, a) as usize] = known;
        }
        self.send(p, other, PART, &part)?;
        self.parts[side(me, other) as usize] = part;
        Ok(())
    }

    /// What B and C add of each other's.
    pub(crate) fn arrive(&mut self, p: &mut Ends, route: &Route) -> Result<()> {
        let ([a, b, c], me) = (route.roles, p.me());
        if me != a {
            let other = if me == b { c } else { b };
            let rest = self.recv(p, other, PART)?;
            T::add_assign(&mut self.parts[side(me, other) as usize], &rest);
        }
        Ok(())
    }

    /// The column in the clear, after it has arrived.
    pub(crate) fn opened(mut self, p: &mut Ends, route: &Route) -> Result<Vec<T>> {
        let ([a, b, c], me) = (route.roles, p.me());
        if me != a {
            let other = if me == b { c } else { b };
            return Ok(std::mem::take(&mut self.parts[side(me, other) as usize]));
        }
        let mut out = self.recv(p, b, OPEN)?;
        T::add_assign(&mut out, &self.recv(p, c, OPEN)?);
        Ok(out)
    }
}

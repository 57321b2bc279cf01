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
use sharewell_ring::{Bits, Integer, Planes, Ring, Z64};

use super::{Pair, Rep3};
use crate::prss::{next, previous};
use crate::rows::{permuted, sources, uniform};
use crate::share::Linear;
use crate::{BitLinear, BitShare, Error, Result, Rows, Side, Way};

const HOP: Step = Step("shuffle hop");
const PART: Step = Step("shuffle part");
const OPEN: Step = Step("shuffle open");

/// Planes of one word per row.
const WORD: usize = 64;

/// Columns shared among the three.
pub(super) type SharedRows<R> = Rows<Linear<R, 2>, BitLinear<2>>;

/// The two permutations of three that this party knows.
pub struct Shuffle {
    turn: u32,
    known: [Vec<u32>; 2],
}

impl std::fmt::Debug for Shuffle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Shuffle({} rows)", self.known[0].len())
    }
}

impl Shuffle {
    pub(super) fn draw<R: Integer>(p: &mut Rep3<R>, len: usize) -> Self {
        let draws = [(); 3].map(|()| p.prss.next_draw());
        // Draw `i` belongs to the pair whose right member is party `i`.
        let known = [(Side::Left, p.me()), (Side::Right, next(p.me()))];
        let known =
            known.map(|(side, of)| uniform(len, p.prss.words(side, draws[usize::from(of.0)])));
        let turn = p.shuffles;
        p.shuffles = turn.wrapping_add(1);
        Self { turn, known }
    }
}

/// Who is A, B and C.
pub(super) fn roles(turn: u32, way: Way) -> [PartyId; 3] {
    let first = PartyId((turn % 3) as u8);
    match way {
        Way::Forward => [first, next(first), previous(first)],
        Way::Backward => [previous(first), next(first), first],
    }
}

/// The permutation that a column goes through, and who is who on its way.
struct Route<'a> {
    by: &'a Shuffle,
    way: Way,
    roles: [PartyId; 3],
}

impl<'a> Route<'a> {
    fn new(by: &'a Shuffle, way: Way) -> Self {
        Self { by, way, roles: roles(by.turn, way) }
    }

    /// What a party brings: its components' sum at A, the one that A lacks at B.
    fn brings<T: Ring>(&self, me: PartyId, parts: Pair<T>) -> Vec<T> {
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

/// Planes as words of a row.
fn rows_of(len: usize, words: Vec<Bits>) -> Vec<Bits> {
    let rows: Vec<Z64> = Planes::from_words(len, words).to_values();
    bytemuck::allocation::cast_vec(rows)
}

/// A column under way: elements, or rows of some bits.
struct Column<T> {
    /// What this party brings, at A and B.
    brings: Vec<T>,
    /// This party's components of the result.
    parts: Pair<T>,
    len: usize,
    /// Bits of a row; elements travel whole.
    width: Option<usize>,
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

impl<T: Ring> Column<T> {
    fn new<R: Integer>(p: &mut Rep3<R>, brings: Vec<T>, len: usize, width: Option<usize>) -> Self {
        let [ab, ac, bc, part_ab, part_ac] = [(); 5].map(|()| p.prss.next_draw());
        let draws = Draws { masks: [ab, ac, bc], parts: [part_ab, part_ac] };
        Self { brings, parts: [vec![], vec![]], len, width, draws }
    }

    fn uniform<R: Integer>(&self, p: &Rep3<R>, peer: PartyId, draw: u64) -> Vec<T> {
        p.prss.uniform(side(p.me(), peer), draw, self.len)
    }

    fn send<R: Integer>(&self, p: &mut Rep3<R>, to: PartyId, step: Step, x: &[T]) -> Result<()> {
        let Some(width) = self.width else { return p.party.send(to, step, x) };
        let rows: &[Z64] = bytemuck::cast_slice(x);
        p.party.send(to, step, Planes::slice_values(rows, width).words())
    }

    fn recv<R: Integer>(&self, p: &mut Rep3<R>, from: PartyId, step: Step) -> Result<Vec<T>> {
        let Some(width) = self.width else { return p.party.recv(from, step, self.len) };
        let words = p.party.recv(from, step, width * Planes::words_per_plane(self.len))?;
        Ok(bytemuck::allocation::cast_vec(rows_of(self.len, words)))
    }

    /// What A and B do by themselves.
    fn depart<R: Integer>(&mut self, p: &mut Rep3<R>, route: &Route) -> Result<()> {
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
    fn pass_on<R: Integer>(&mut self, p: &mut Rep3<R>, route: &Route, open: bool) -> Result<()> {
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
    fn arrive<R: Integer>(&mut self, p: &mut Rep3<R>, route: &Route) -> Result<()> {
        let ([a, b, c], me) = (route.roles, p.me());
        if me != a {
            let other = if me == b { c } else { b };
            let rest = self.recv(p, other, PART)?;
            T::add_assign(&mut self.parts[side(me, other) as usize], &rest);
        }
        Ok(())
    }

    /// The column in the clear, after it has arrived.
    fn opened<R: Integer>(mut self, p: &mut Rep3<R>, route: &Route) -> Result<Vec<T>> {
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

/// Columns of both kinds; bits as words of a row, column after column.
struct Journey<R> {
    ints: Vec<Column<R>>,
    bits: Vec<Column<Bits>>,
    /// How many planes each column of bits has.
    widths: Vec<usize>,
}

impl<R: Integer> Journey<R> {
    fn new(p: &mut Rep3<R>, route: &Route, rows: SharedRows<R>) -> Self {
        let me = p.me();
        let of = |x: Linear<R, 2>| (x.0[0].len(), route.brings(me, x.0));
        let ints = rows.ints.into_iter().map(of);
        let ints = ints.map(|(len, x)| Column::new(p, x, len, None)).collect();
        let (mut bits, mut widths) = (vec![], vec![]);
        for x in &rows.bits {
            let width = x.0[0].width();
            for at in (0..width).step_by(WORD) {
                let planes = at..width.min(at + WORD);
                let words = x.0.each_ref().map(|x| x.planes(planes.clone()).to_vec());
                let brings = match route.brings(me, words) {
                    none if none.is_empty() => none,
                    words => rows_of(x.len(), words),
                };
                bits.push(Column::new(p, brings, x.len(), Some(planes.len())));
            }
            widths.push(width);
        }
        Self { ints, bits, widths }
    }

    fn depart(&mut self, p: &mut Rep3<R>, route: &Route) -> Result<()> {
        self.ints.iter_mut().try_for_each(|x| x.depart(p, route))?;
        self.bits.iter_mut().try_for_each(|x| x.depart(p, route))
    }

    fn pass_on(&mut self, p: &mut Rep3<R>, route: &Route) -> Result<()> {
        self.ints.iter_mut().try_for_each(|x| x.pass_on(p, route, false))?;
        self.bits.iter_mut().try_for_each(|x| x.pass_on(p, route, false))
    }

    fn arrive(mut self, p: &mut Rep3<R>, route: &Route) -> Result<SharedRows<R>> {
        self.ints.iter_mut().try_for_each(|x| x.arrive(p, route))?;
        self.bits.iter_mut().try_for_each(|x| x.arrive(p, route))?;
        let ints = self.ints.into_iter().map(|x| Linear(x.parts)).collect();
        let mut words = self.bits.into_iter();
        let bits = self.widths.iter().map(|&width| {
            let columns: Vec<_> = words.by_ref().take(width.div_ceil(WORD)).collect();
            BitLinear([0, 1].map(|part| {
                let planes = columns.iter().map(|x| {
                    let rows: &[Z64] = bytemuck::cast_slice(&x.parts[part]);
                    Planes::slice_values(rows, x.width.unwrap_or(WORD))
                });
                Planes::stack(&planes.collect::<Vec<_>>().iter().collect::<Vec<_>>())
            }))
        });
        Ok(Rows { ints, bits: bits.collect() })
    }
}

impl<R: Integer> Rep3<R> {
    pub(super) fn shuffle_rows(
        &mut self,
        by: &Shuffle,
        way: Way,
        rows: SharedRows<R>,
    ) -> Result<SharedRows<R>> {
        let route = Route::new(by, way);
        let mut journey = Journey::new(self, &route, rows);
        journey.depart(self, &route)?;
        journey.pass_on(self, &route)?;
        journey.arrive(self, &route)
    }

    pub(super) fn shuffle_and_open(
        &mut self,
        by: &Shuffle,
        to: Linear<R, 2>,
        rows: SharedRows<R>,
    ) -> Result<(Vec<usize>, SharedRows<R>)> {
        let route = Route::new(by, Way::Forward);
        let len = to.0[0].len();
        let mut to = Column::new(self, route.brings(self.me(), to.0), len, None);
        let mut journey = Journey::new(self, &route, rows);
        to.depart(self, &route)?;
        journey.depart(self, &route)?;
        to.pass_on(self, &route, true)?;
        journey.pass_on(self, &route)?;
        to.arrive(self, &route)?;
        let opened = to.opened(self, &route)?;
        let rows = journey.arrive(self, &route)?;
        // A party that cheats may have opened anything.
        let order = sources(&opened).ok_or(Error::Cheating { step: "shuffle open" })?;
        Ok((order, rows))
    }
}

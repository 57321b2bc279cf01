//! Secret permutations of authenticated rows.
//!
//! Values and tags travel as columns of their own through `replicated::shuffle`: a party that
//! permutes otherwise than it should, or sends anything else, adds something that it knows to
//! values and to tags, and what it adds to tags would have to be `alpha` times the other. Bits
//! have no tags; their rows get some for the way, in `GF(2^64)`.

use std::sync::Arc;

use sharewell_net::{PartyId, Step};
use sharewell_ring::{Gf64, Planes, Wide, Z64, reserved};

use super::demand::demand;
use super::domain::{Authentic, Domain, Row, Tags};
use super::ledger::{Shared, shared};
use super::{Authenticated, Pair, Rep3Malicious};
use crate::replicated::shuffle::{Codec, Column, Ends, Route, Shuffle};
use crate::rows::sources;
use crate::{Arithmetic, BitLinear, BitShare, Party, Result, Rows, Suspects, Way};

/// Destinations, which must be a permutation.
pub(super) const PLACES: Step = Step("shuffle open");
/// Planes of one word per row.
const WORD: usize = 64;

/// Columns shared among the three.
pub(super) type AuthenticRows<R> = Rows<Authenticated<R>, BitLinear<2>>;

/// Elements of a domain, packed.
struct Packed<D>(std::marker::PhantomData<D>);

impl<D: Domain> Codec<D::Wide> for Packed<D> {
    fn send(&self, party: &mut Party, to: PartyId, step: Step, x: &[D::Wide]) -> Result<()> {
        let mut bytes = Vec::with_capacity(x.len() * D::WIRE);
        D::Wide::pack(x, D::WIRE, &mut bytes);
        party.send(to, step, &bytes)
    }
    fn recv(
        &self,
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
}

/// Columns of one domain under way: each a value's, then its tag's.
struct Journey<D: Domain>(Vec<Column<D::Wide, Packed<D>>>);

impl<D: Domain> Journey<D> {
    fn new(p: &mut Ends, route: &Route, columns: impl IntoIterator<Item = Pair<D::Wide>>) -> Self {
        let me = p.party.me();
        let column = |x: Pair<D::Wide>| {
            let len = x[0].len();
            Column::new(p, route.brings(me, x), len, Packed(std::marker::PhantomData))
        };
        Self(columns.into_iter().map(column).collect())
    }
    fn depart(&mut self, p: &mut Ends, route: &Route) -> Result<()> {
        self.0.iter_mut().try_for_each(|x| x.depart(p, route))
    }
    fn pass_on(&mut self, p: &mut Ends, route: &Route) -> Result<()> {
        self.0.iter_mut().try_for_each(|x| x.pass_on(p, route, false))
    }
    fn arrive(mut self, p: &mut Ends, route: &Route) -> Result<Vec<Pair<D::Wide>>> {
        self.0.iter_mut().try_for_each(|x| x.arrive(p, route))?;
        Ok(self.0.into_iter().map(|x| x.parts).collect())
    }
}

impl<R: Authentic> Rep3Malicious<R> {
    fn ends(&mut self) -> Ends<'_> {
        Ends { party: &mut self.party, prss: &mut self.prss }
    }

    pub(super) fn draw_shuffle_of(&mut self, len: usize) -> Shuffle {
        let ends = &mut Ends { party: &mut self.party, prss: &mut self.prss };
        Shuffle::draw(ends, &mut self.shuffles, len)
    }

    /// Three rounds with bits, two without.
    pub(super) fn shuffle_rows(
        &mut self,
        by: &Shuffle,
        way: Way,
        rows: AuthenticRows<R>,
    ) -> Result<AuthenticRows<R>> {
        let route = Route::new(by, way);
        let widths: Vec<usize> = rows.bits.iter().map(|x| x.0[0].width()).collect();
        let len = rows.bits.first().map_or(0, BitShare::len);
        let words = self.tagged(&rows.bits)?;
        let p = &mut self.ends();
        let ints = rows.ints.into_iter().flat_map(|x| [x.value, x.tag].map(owned));
        let mut ints = Journey::<R>::new(p, &route, ints);
        let mut words = Journey::<Row>::new(p, &route, words);
        ints.depart(p, &route)?;
        words.depart(p, &route)?;
        ints.pass_on(p, &route)?;
        words.pass_on(p, &route)?;
        let (ints, words) = (ints.arrive(p, &route)?, words.arrive(p, &route)?);
        let mut ints = ints.into_iter();
        let mut arrived = vec![];
        while let (Some(value), Some(tag)) = (ints.next(), ints.next()) {
            arrived.push(self.owe(value, tag));
        }
        let bits = self.untagged(len, &widths, words);
        self.done(Rows { ints: arrived, bits })
    }

    /// Planes as words of rows, and their tags. One round.
    fn tagged(&mut self, bits: &[BitLinear<2>]) -> Result<Vec<Pair<Gf64>>> {
        let mut words: Pair<Gf64> = Default::default();
        for x in bits {
            for (words, x) in words.iter_mut().zip(&x.0) {
                for at in (0..x.width()).step_by(WORD) {
                    words.extend(rows_of(&x.take_planes(at..x.width().min(at + WORD))));
                }
            }
        }
        let tags = Tags::of::<Row>(&self.keys);
        let [tag] = self.reshare::<Row, 1>(Step("tags"), words[0].len(), |_, tile, z| {
            tags.add(z, &words, tile);
        })?;
        let rows = bits.first().map_or(0, BitShare::len).max(1);
        let of = |x: &Pair<Gf64>, at: usize| x.each_ref().map(|x| x[at..at + rows].to_vec());
        let starts = (0..words[0].len()).step_by(rows);
        Ok(starts.flat_map(|at| [of(&words, at), of(&tag, at)]).collect())
    }

    /// Back to planes; what arrived is owed.
    fn untagged(
        &mut self,
        len: usize,
        widths: &[usize],
        words: Vec<Pair<Gf64>>,
    ) -> Vec<BitLinear<2>> {
        let mut words = words.into_iter();
        let mut out = vec![];
        for &width in widths {
            let mut parts: [Vec<Planes>; 2] = Default::default();
            for at in (0..width).step_by(WORD) {
                let (Some(rows), Some(tags)) = (words.next(), words.next()) else { break };
                for (parts, rows) in parts.iter_mut().zip(&rows) {
                    let rows: &[Z64] = bytemuck::cast_slice(rows);
                    parts.push(Planes::slice_values(rows, WORD.min(width - at)));
                }
                self.ledger.owe::<Row>(shared(rows), shared(tags));
            }
            out.push(BitLinear(parts.map(|parts| match parts.is_empty() {
                true => Planes::zero(len, 0),
                false => Planes::stack(&parts.iter().collect::<Vec<_>>()),
            })));
        }
        out
    }

    /// Everything is settled before destinations are opened, and their opening after it.
    pub(super) fn shuffle_and_open(
        &mut self,
        by: &Shuffle,
        to: Authenticated<R>,
        mut rows: AuthenticRows<R>,
    ) -> Result<(Vec<usize>, AuthenticRows<R>)> {
        rows.ints.push(to);
        let mut rows = self.shuffle_rows(by, Way::Forward, rows)?;
        let to = rows.ints.pop().expect("what was pushed");
        let opened = self.reveal(&to)?;
        let order = sources(&opened);
        // They are what somebody has given, and that is none of the parties' doing.
        demand(order.is_some(), PLACES, Suspects::default)?;
        Ok((order.unwrap_or_default(), rows))
    }
}

/// Components that nobody else changes.
fn owned<W: Wide>(x: Shared<W>) -> Pair<W> {
    Arc::unwrap_or_clone(x).0
}

/// Planes as words of a row.
fn rows_of(x: &Planes) -> Vec<Gf64> {
    let rows: Vec<Z64> = x.to_values();
    bytemuck::allocation::cast_vec(rows)
}

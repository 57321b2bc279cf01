//! Moving rows: columns of elements, and of bits in words of a row, through `replicated::shuffle`.

use sharewell_net::{PartyId, Step};
use sharewell_ring::{Bits, Integer, Planes, Ring, Z64};

use super::Rep3;
use crate::replicated::shuffle::{Codec, Column, Ends, Route, Shuffle};
use crate::rows::sources;
use crate::share::Linear;
use crate::{BitLinear, BitShare, Error, Party, Result, Rows, Suspects, Way};

/// Planes of one word per row.
const WORD: usize = 64;

/// Columns shared among the three.
pub(super) type SharedRows<R> = Rows<Linear<R, 2>, BitLinear<2>>;

/// Elements as they are.
struct Whole;

impl<T: Ring> Codec<T> for Whole {
    fn send(&self, party: &mut Party, to: PartyId, step: Step, x: &[T]) -> Result<()> {
        party.send(to, step, x)
    }
    fn recv(&self, party: &mut Party, from: PartyId, step: Step, len: usize) -> Result<Vec<T>> {
        party.recv(from, step, len)
    }
}

/// Words of so many bits of a row, as planes.
struct Narrow(usize);

impl Codec<Bits> for Narrow {
    fn send(&self, party: &mut Party, to: PartyId, step: Step, x: &[Bits]) -> Result<()> {
        let rows: &[Z64] = bytemuck::cast_slice(x);
        party.send(to, step, Planes::slice_values(rows, self.0).words())
    }
    fn recv(&self, party: &mut Party, from: PartyId, step: Step, len: usize) -> Result<Vec<Bits>> {
        let words = party.recv(from, step, self.0 * Planes::words_per_plane(len))?;
        Ok(rows_of(len, words))
    }
}

/// Planes as words of a row.
fn rows_of(len: usize, words: Vec<Bits>) -> Vec<Bits> {
    let rows: Vec<Z64> = Planes::from_words(len, words).to_values();
    bytemuck::allocation::cast_vec(rows)
}

/// Columns of both kinds; bits as words of a row, column after column.
struct Journey<R> {
    ints: Vec<Column<R, Whole>>,
    bits: Vec<Column<Bits, Narrow>>,
    /// How many planes each column of bits has.
    widths: Vec<usize>,
}

impl<R: Integer> Journey<R> {
    fn new(p: &mut Ends, route: &Route, rows: SharedRows<R>) -> Self {
        let me = p.party.me();
        let of = |x: Linear<R, 2>| (x.0[0].len(), route.brings(me, x.0));
        let ints = rows.ints.into_iter().map(of);
        let ints = ints.map(|(len, x)| Column::new(p, x, len, Whole)).collect();
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
                bits.push(Column::new(p, brings, x.len(), Narrow(planes.len())));
            }
            widths.push(width);
        }
        Self { ints, bits, widths }
    }

    fn depart(&mut self, p: &mut Ends, route: &Route) -> Result<()> {
        self.ints.iter_mut().try_for_each(|x| x.depart(p, route))?;
        self.bits.iter_mut().try_for_each(|x| x.depart(p, route))
    }

    fn pass_on(&mut self, p: &mut Ends, route: &Route) -> Result<()> {
        self.ints.iter_mut().try_for_each(|x| x.pass_on(p, route, false))?;
        self.bits.iter_mut().try_for_each(|x| x.pass_on(p, route, false))
    }

    fn arrive(mut self, p: &mut Ends, route: &Route) -> Result<SharedRows<R>> {
        self.ints.iter_mut().try_for_each(|x| x.arrive(p, route))?;
        self.bits.iter_mut().try_for_each(|x| x.arrive(p, route))?;
        let ints = self.ints.into_iter().map(|x| Linear(x.parts)).collect();
        let mut words = self.bits.into_iter();
        let bits = self.widths.iter().map(|&width| {
            let columns: Vec<_> = words.by_ref().take(width.div_ceil(WORD)).collect();
            BitLinear([0, 1].map(|part| {
                let planes = columns.iter().map(|x| {
                    let rows: &[Z64] = bytemuck::cast_slice(&x.parts[part]);
                    Planes::slice_values(rows, x.codec.0)
                });
                Planes::stack(&planes.collect::<Vec<_>>().iter().collect::<Vec<_>>())
            }))
        });
        Ok(Rows { ints, bits: bits.collect() })
    }
}

impl<R: Integer> Rep3<R> {
    pub(super) fn ends(&mut self) -> Ends<'_> {
        Ends { party: &mut self.party, prss: &mut self.prss }
    }

    pub(super) fn shuffle_rows(
        &mut self,
        by: &Shuffle,
        way: Way,
        rows: SharedRows<R>,
    ) -> Result<SharedRows<R>> {
        let route = Route::new(by, way);
        let p = &mut self.ends();
        let mut journey = Journey::new(p, &route, rows);
        journey.depart(p, &route)?;
        journey.pass_on(p, &route)?;
        journey.arrive(p, &route)
    }

    pub(super) fn shuffle_and_open(
        &mut self,
        by: &Shuffle,
        to: Linear<R, 2>,
        rows: SharedRows<R>,
    ) -> Result<(Vec<usize>, SharedRows<R>)> {
        let route = Route::new(by, Way::Forward);
        let (p, len) = (&mut self.ends(), to.0[0].len());
        let mut to = Column::new(p, route.brings(p.party.me(), to.0), len, Whole);
        let mut journey = Journey::new(p, &route, rows);
        to.depart(p, &route)?;
        journey.depart(p, &route)?;
        to.pass_on(p, &route, true)?;
        journey.pass_on(p, &route)?;
        to.arrive(p, &route)?;
        let opened = to.opened(p, &route)?;
        let rows = journey.arrive(p, &route)?;
        // A party that cheats may have opened anything.
        let order = sources(&opened).ok_or_else(|| Error::Cheating {
            step: "shuffle open",
            suspects: Suspects::default(),
        })?;
        Ok((order, rows))
    }
}

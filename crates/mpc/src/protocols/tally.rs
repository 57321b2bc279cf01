//! The counting interpreter: a share is a length. It yields the quote.
//!
//! Setting: no parties, no data; runs a program against the card of the protocol that will
//! run it. Adversary: none. Source: the declared cost of each primitive; the conformance
//! suite holds measured runs against it, so that a quote is exact.
//!
//! Clocks are Lamport's, one per party, as in a real run: a primitive in which only some
//! parties wait costs the others nothing.

use std::collections::BTreeMap;
use std::ops::{AddAssign, BitXorAssign, Range, SubAssign};

use sharewell_net::{HEADER_LEN, PartyId};
use sharewell_ring::{Dims, Integer, Planes, Z32};

use crate::party::TILE_BYTES;
use crate::share::block_len;
use crate::{
    Arithmetic, BitShare, Blocks, Card, Carries, Lookahead, Phase, Protocol, Result, Rows, Script,
    Security, Share, Split, Way,
};

/// What a run costs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tallied {
    /// The longest chain of dependent messages.
    pub rounds: u32,
    /// Payload bytes per link: (from, to).
    pub links: BTreeMap<(u8, u8), u64>,
    /// Frames per link.
    pub frames: BTreeMap<(u8, u8), u64>,
}

impl Tallied {
    /// Payload bytes that one party sends.
    #[must_use]
    pub fn bytes_sent_by(&self, party: u8) -> u64 {
        self.links.iter().filter(|((from, _), _)| *from == party).map(|(_, bytes)| bytes).sum()
    }

    /// Payload bytes of the party that sends most.
    #[must_use]
    pub fn bytes_per_party(&self) -> u64 {
        let senders = self.links.keys().map(|(from, _)| *from);
        senders.map(|party| self.bytes_sent_by(party)).max().unwrap_or(0)
    }

    /// Bytes of frames with their headers, all links together, encryption left out.
    #[must_use]
    pub fn wire_bytes(&self) -> u64 {
        self.links.values().sum::<u64>() + self.frames.values().sum::<u64>() * HEADER_LEN as u64
    }

    /// Seconds that messages need at least, given round-trip time and bandwidth of each link.
    #[must_use]
    pub fn network_seconds(&self, rtt_s: f64, bits_per_s: f64) -> f64 {
        let busiest = self.links.values().max().copied().unwrap_or(0);
        f64::from(self.rounds) * rtt_s / 2.0 + busiest as f64 * 8.0 / bits_per_s
    }
}

/// The interpreter.
#[derive(Debug)]
pub struct Tally<R> {
    card: &'static Card,
    clocks: Vec<u32>,
    tallied: Tallied,
    shuffles: u32,
    ring: std::marker::PhantomData<R>,
}

impl<R: Integer> Tally<R> {
    /// For a protocol among `parties` parties, givers and recipients included.
    #[must_use]
    pub fn new(card: &'static Card, parties: u8) -> Self {
        let clocks = vec![0; usize::from(parties)];
        Self::at(card, clocks)
    }

    fn at(card: &'static Card, clocks: Vec<u32>) -> Self {
        let tallied = Tallied::default();
        Self { card, clocks, tallied, shuffles: 0, ring: std::marker::PhantomData }
    }

    fn take<S>(&mut self, child: Tally<S>) {
        self.clocks.iter_mut().zip(child.clocks).for_each(|(x, y)| *x = (*x).max(y));
        let add = |to: &mut BTreeMap<(u8, u8), u64>, from: BTreeMap<(u8, u8), u64>| {
            from.into_iter().for_each(|(link, n)| *to.entry(link).or_default() += n);
        };
        add(&mut self.tallied.links, child.tallied.links);
        add(&mut self.tallied.frames, child.tallied.frames);
    }

    /// What has been counted.
    #[must_use]
    pub fn tallied(&self) -> Tallied {
        let rounds = self.clocks.iter().max().copied().unwrap_or(0);
        Tallied { rounds, ..self.tallied.clone() }
    }

    fn replay(&mut self, script: Script) {
        script.into_iter().for_each(|phase| self.replay_phase(&phase));
    }

    fn replay_phase(&mut self, phase: &Phase) {
        let sent_at = self.clocks.clone();
        for message in phase.iter().filter(|message| message.bytes > 0) {
            let link = (message.from, message.to);
            *self.tallied.links.entry(link).or_default() += message.bytes;
            *self.tallied.frames.entry(link).or_default() +=
                message.bytes.div_ceil(TILE_BYTES as u64);
            let clock = &mut self.clocks[usize::from(message.to)];
            *clock = (*clock).max(sent_at[usize::from(message.from)] + 1);
        }
    }
}

/// A vector of shares that knows only its length.
#[derive(Clone, Debug)]
pub struct Length(usize);

impl AddAssign<&Self> for Length {
    fn add_assign(&mut self, y: &Self) {
        assert_eq!(self.0, y.0, "vectors of different lengths");
    }
}
impl SubAssign<&Self> for Length {
    fn sub_assign(&mut self, y: &Self) {
        assert_eq!(self.0, y.0, "vectors of different lengths");
    }
}
impl<R> Share<R> for Length {
    fn len(&self) -> usize {
        self.0
    }
    fn scale(&mut self, by: &[R]) {
        assert!(by.len() == self.0 || by.len() == 1, "{} factors for {}", by.len(), self.0);
    }
    fn take(&self, range: Range<usize>) -> Self {
        assert!(range.end <= self.0, "{range:?} of {}", self.0);
        Self(range.len())
    }
    fn concat(parts: &[&Self]) -> Self {
        Self(parts.iter().map(|p| p.0).sum())
    }
    fn split(self, at: usize) -> (Self, Self) {
        (Self(at), Self(self.0 - at))
    }
    fn gather(&self, index: &[usize]) -> Self {
        Self(index.len())
    }
    fn sum(&self, rows: usize) -> Self {
        Self(rows)
    }
    fn prefix_sum(&mut self) {}
}

/// Bit planes that know only their shape.
#[derive(Clone, Debug)]
pub struct Area {
    len: usize,
    width: usize,
}

impl Area {
    fn words(&self) -> usize {
        self.width * Planes::words_per_plane(self.len)
    }
}
impl BitXorAssign<&Self> for Area {
    fn bitxor_assign(&mut self, y: &Self) {
        assert_eq!(self.len, y.len, "planes of different lengths");
        // Public planes of nothing have lost their width.
        assert!(self.len == 0 || self.width == y.width, "planes of different widths");
    }
}
impl BitShare for Area {
    fn len(&self) -> usize {
        self.len
    }
    fn pick(&self, planes: &[usize]) -> Self {
        assert!(self.len == 0 || planes.iter().all(|p| *p < self.width), "no such plane");
        Self { width: planes.len(), ..*self }
    }
    fn stack(parts: &[&Self]) -> Self {
        let len = parts.first().map_or(0, |p| p.len);
        Self { len, width: parts.iter().map(|p| p.width).sum() }
    }
    fn gather(&self, index: &[usize]) -> Self {
        Self { len: index.len(), ..*self }
    }
    fn take(&self, range: Range<usize>) -> Self {
        Self { len: range.len(), ..*self }
    }
    fn concat(parts: &[&Self]) -> Self {
        let width = parts.iter().map(|part| part.width).max().unwrap_or(0);
        Self { len: parts.iter().map(|part| part.len).sum(), width }
    }
    fn mask(&mut self, _: &Planes) {}
}

/// How many shuffles were drawn before on its lane.
#[derive(Debug)]
pub struct Turn(u32);

type CountedRows = Rows<Length, Area>;

/// Bytes of each column of a shuffle: bits travel in rows of one word.
fn column_bytes<R: Integer>(rows: &CountedRows) -> Vec<usize> {
    let ints = rows.ints.iter().map(|x| x.0 * R::BYTES);
    let bits = rows.bits.iter().flat_map(|x| {
        let widths = (0..x.width).step_by(64).map(|at| (x.width - at).min(64));
        widths.map(|width| Area { width, ..*x }.words() * 8)
    });
    ints.chain(bits).collect()
}

impl<R: Integer> Arithmetic for Tally<R> {
    type Ring = R;
    type AShare = Length;

    const SECURITY: Security = Security::None;

    fn public(&self, x: &[R]) -> Length {
        Length(x.len())
    }
    fn input(&mut self, _: &[R], lens: &[usize]) -> Result<Vec<Length>> {
        let giving = (0..).zip(lens);
        let phase =
            giving.flat_map(|(i, &len)| (self.card.costs.input)(i, len, R::BYTES)).collect();
        self.replay_phase(&phase);
        Ok(lens.iter().map(|&len| Length(len)).collect())
    }
    fn random(&mut self, len: usize) -> Result<Length> {
        Ok(Length(len))
    }
    fn mul(&mut self, x: &Length, y: &Length) -> Result<Length> {
        assert_eq!(x.0, y.0, "factors of different lengths");
        self.replay((self.card.costs.mul)(x.0, R::BYTES));
        Ok(x.clone())
    }
    fn dot(&mut self, _: &Length, _: &Length, rows: usize) -> Result<Length> {
        self.replay((self.card.costs.mul)(rows, R::BYTES));
        Ok(Length(rows))
    }
    fn mul_sum(&mut self, x: &Length, y: &Length, terms: usize) -> Result<Length> {
        assert_eq!(x.0, y.0, "factors of different lengths");
        let len = block_len(x.0, terms);
        self.replay((self.card.costs.mul)(len, R::BYTES));
        Ok(Length(len))
    }
    fn matmul(&mut self, _: &Length, _: &Length, d: Dims) -> Result<Length> {
        self.replay((self.card.costs.mul)(d.m * d.n, R::BYTES));
        Ok(Length(d.m * d.n))
    }
    fn partial_open(&mut self, x: &Length) -> Result<Vec<R>> {
        self.replay((self.card.costs.open)(x.0, R::BYTES));
        Ok(vec![R::ZERO; x.0])
    }
    fn partial_open_to(&mut self, x: &Length, to: &[PartyId]) -> Result<Option<Vec<R>>> {
        let open_to = self.card.costs.open_to;
        let phase = to.iter().flat_map(|to| open_to(to.0, x.0, R::BYTES)).collect();
        self.replay_phase(&phase);
        Ok(Some(vec![R::ZERO; x.0]))
    }
    fn verify(&mut self) -> Result<()> {
        Ok(())
    }
    fn fork(&mut self) -> Result<Self> {
        Ok(Self::at(self.card, self.clocks.clone()))
    }
    fn absorb(&mut self, child: Self) {
        self.take(child);
    }
}

impl<R: Integer> Protocol for Tally<R> {
    type BShare = Area;
    type Shuffle = Turn;
    type Index = Tally<Z32>;

    fn public_bits(&self, x: &Planes) -> Area {
        Area { len: x.len(), width: x.width() }
    }
    fn random_bits(&mut self, len: usize, width: usize) -> Result<Area> {
        Ok(Area { len, width })
    }
    fn and(&mut self, x: &Area, y: &Area) -> Result<Area> {
        assert_eq!(x.words(), y.words(), "factors of different sizes");
        self.replay((self.card.costs.and)(x.words()));
        Ok(x.clone())
    }
    fn partial_open_bits(&mut self, x: &Area) -> Result<Planes> {
        self.replay((self.card.costs.open)(x.words(), 8));
        Ok(Planes::zero(x.len, x.width))
    }
    fn summands(&mut self, x: &Length, bits: u32, _: Split) -> Result<(Area, Area)> {
        let area = Area { len: x.0, width: bits as usize };
        self.replay((self.card.costs.summands)(x.0, R::BYTES, area.width));
        Ok((area.clone(), area))
    }
    fn lookahead(
        &mut self,
        x: &Length,
        bits: Range<u32>,
        which: Carries,
    ) -> Result<Lookahead<Area>> {
        let blocks = Blocks::new(bits.end - bits.start, self.card.costs.block_bits, which);
        self.replay((self.card.costs.lookahead)(x.0, R::BYTES, &blocks));
        let planes = |width| Area { len: x.0, width };
        Ok(Lookahead {
            sums: planes(blocks.sums()),
            generate: planes(blocks.generates()),
            propagate: planes(blocks.propagates()),
            blocks,
        })
    }
    fn b2a(&mut self, x: &Area) -> Result<Length> {
        let len = x.len * x.width;
        self.replay((self.card.costs.b2a)(x.len, x.width, x.width, R::BYTES));
        Ok(Length(len))
    }
    fn b2a_dot(&mut self, x: &Area, weights: &[Vec<R>]) -> Result<Length> {
        // Public planes of nothing have lost their width.
        assert!(x.len == 0 || weights.iter().all(|row| row.len() == x.width), "a weight a plane");
        let results = x.len * weights.len();
        self.replay((self.card.costs.b2a)(x.len, x.width, weights.len(), R::BYTES));
        Ok(Length(results))
    }
    fn one_hot(&mut self, x: &Area, width: usize) -> Result<Length> {
        self.replay((self.card.costs.one_hot)(x.len, width, R::BYTES));
        Ok(Length(x.len << width))
    }
    fn index(&mut self) -> Result<Tally<Z32>> {
        Ok(Tally::at(self.card, self.clocks.clone()))
    }
    fn absorb_index(&mut self, child: Tally<Z32>) {
        self.take(child);
    }
    fn draw_shuffle(&mut self, _: usize) -> Result<Turn> {
        let turn = Turn(self.shuffles);
        self.shuffles = turn.0.wrapping_add(1);
        Ok(turn)
    }
    fn shuffle(&mut self, by: &Turn, way: Way, rows: CountedRows) -> Result<CountedRows> {
        self.replay((self.card.costs.shuffle)(by.0, way, &column_bytes::<R>(&rows)));
        Ok(rows)
    }
    fn shuffle_open(
        &mut self,
        by: &Turn,
        to: Length,
        rows: CountedRows,
    ) -> Result<(Vec<usize>, CountedRows)> {
        let columns = column_bytes::<R>(&rows);
        self.replay((self.card.costs.shuffle_open)(by.0, to.0 * R::BYTES, &columns));
        Ok(((0..to.0).collect(), rows))
    }
    fn mul_bits(&mut self, c: &Area, x: &Length) -> Result<Length> {
        assert_eq!(c.len * c.width, x.0, "as many bits as elements");
        self.replay((self.card.costs.mul_bits)(x.0, R::BYTES));
        Ok(x.clone())
    }
    fn trunc(&mut self, x: &Length, by: u32) -> Result<Length> {
        self.replay((self.card.costs.trunc)(x.0, R::BYTES, by));
        Ok(x.clone())
    }
    fn mul_trunc(&mut self, x: &Length, y: &Length, by: u32) -> Result<Length> {
        assert_eq!(x.0, y.0, "factors of different lengths");
        self.replay((self.card.costs.mul_trunc)(x.0, R::BYTES, by));
        Ok(x.clone())
    }
    fn matmul_trunc(&mut self, _: &Length, _: &Length, d: Dims, by: u32) -> Result<Length> {
        self.replay((self.card.costs.mul_trunc)(d.m * d.n, R::BYTES, by));
        Ok(Length(d.m * d.n))
    }
}

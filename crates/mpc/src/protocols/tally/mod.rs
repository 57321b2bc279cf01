//! The counting interpreter: a share is a length. It yields the quote.
//!
//! Setting: no parties, no data; runs a program against the card of the protocol that will
//! run it. Adversary: none. Source: the declared cost of each primitive; the conformance
//! suite holds measured runs against it, so that a quote is exact.
//!
//! Clocks are Lamport's, one per party, as in a real run: a primitive in which only some
//! parties wait costs the others nothing.
//!
//! Vectors count their bytes while they live, so that what a party holds at most is known as
//! well: its shares, and what its primitives hold beside them, above all messages under way.

mod memory;
mod repeat;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use sharewell_net::{HEADER_LEN, PartyId};
use sharewell_ring::{Dims, Integer, Planes, Z32};

pub use memory::{Area, Length};
use memory::{Held, Meter};

use crate::chunks::{blocks_in_chunks, in_chunks};
use crate::circuit;
use crate::party::TILE_BYTES;
use crate::share::block_len;
use crate::{
    Arithmetic, Blocks, Card, Carries, Columns, Lookahead, Owing, Phase, Protocol, Result, Rows,
    Script, Security, Split, Tariff, Test, Way,
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
    meter: Arc<Meter>,
    round_bytes: u64,
    /// Bytes that wait for each other: of each phase those of its busiest link.
    path: u64,
    /// What is to be checked, and what a party keeps for that.
    owed: Owing,
    kept: Held,
    /// Everything that was performed, if that is asked for.
    log: Option<Script>,
    ring: std::marker::PhantomData<R>,
}

impl<R: Integer> Tally<R> {
    /// For a protocol among `parties` parties, givers and recipients included.
    #[must_use]
    pub fn new(card: &'static Card, parties: u8) -> Self {
        let clocks = vec![0; usize::from(parties)];
        let tallied = Tallied::default();
        let ring = std::marker::PhantomData;
        let (meter, owed, kept) = (Arc::default(), Owing::NOTHING, Held::new(0, None));
        Self {
            card,
            clocks,
            tallied,
            shuffles: 0,
            meter,
            round_bytes: 0,
            path: 0,
            owed,
            kept,
            log: None,
            ring,
        }
    }

    /// With rounds that are worth so many bytes.
    #[must_use]
    pub fn at_pace(self, round_bytes: u64) -> Self {
        Self { round_bytes, ..self }
    }

    fn child<S>(&self) -> Tally<S> {
        Tally {
            card: self.card,
            clocks: self.clocks.clone(),
            tallied: Tallied::default(),
            shuffles: self.shuffles,
            meter: self.meter.clone(),
            round_bytes: self.round_bytes,
            path: 0,
            owed: Owing::NOTHING,
            kept: Held::new(0, None),
            log: None,
            ring: std::marker::PhantomData,
        }
    }

    /// The script of a primitive that is made of others.
    pub(crate) fn script(
        card: &'static Card,
        primitive: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Script {
        let mut tally = Self { log: Some(Script::default()), ..Self::new(card, card.parties) };
        primitive(&mut tally).expect("a count cannot fail");
        tally.log.unwrap_or_default()
    }

    /// A child with what is owed so far.
    fn heir<S>(&mut self) -> Tally<S> {
        let (owed, kept) = (std::mem::take(&mut self.owed), self.kept.clone());
        self.kept = Held::new(0, None);
        Tally { owed, kept, ..self.child() }
    }

    fn take<S>(&mut self, child: Tally<S>) {
        self.shuffles = self.shuffles.max(child.shuffles);
        self.path += child.path;
        self.clocks.iter_mut().zip(child.clocks).for_each(|(x, y)| *x = (*x).max(y));
        let add = |to: &mut BTreeMap<(u8, u8), u64>, from: BTreeMap<(u8, u8), u64>| {
            from.into_iter().for_each(|(link, n)| *to.entry(link).or_default() += n);
        };
        add(&mut self.tallied.links, child.tallied.links);
        add(&mut self.tallied.frames, child.tallied.frames);
        self.owe(&child.owed);
    }

    /// A primitive: its messages, and what it leaves to be checked, at once if that is much.
    fn perform(&mut self, script: &Script) {
        if let Some(log) = &mut self.log {
            log.phases.extend(script.phases.clone());
            log.owes = log.owes.and(script.owes);
            return;
        }
        self.replay(&script.phases);
        self.owe(&script.owes);
        if (self.card.costs.is_due)(&self.owed) {
            self.settle();
        }
    }

    fn owe(&mut self, more: &Owing) {
        if *more != Owing::NOTHING {
            self.owed = self.owed.and(*more);
            self.kept =
                Held::new((self.card.costs.owed_bytes)(&self.owed), Some(self.meter.clone()));
        }
    }

    fn settle(&mut self) {
        let owed = std::mem::take(&mut self.owed);
        if owed != Owing::NOTHING {
            self.replay(&(self.card.costs.verify)(&owed));
            self.kept = Held::new(0, None);
        }
    }

    /// What has been counted.
    #[must_use]
    pub fn tallied(&self) -> Tallied {
        let rounds = self.clocks.iter().max().copied().unwrap_or(0);
        Tallied { rounds, ..self.tallied.clone() }
    }

    /// Bytes that wait for each other, and for each round what it is worth: what variants of an
    /// operation are compared by.
    #[must_use]
    pub fn price(&self) -> u64 {
        let rounds = self.clocks.iter().max().copied().unwrap_or(0);
        self.path.saturating_add(self.round_bytes.saturating_mul(rounds.into()))
    }

    /// The most bytes that one compute party holds at a time: an upper bound, of shares, of what
    /// primitives hold beside them, and of messages under way, nothing else.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        self.meter.most()
    }

    /// Forgets what was held before.
    pub fn reset_memory(&self) {
        self.meter.reset();
    }

    /// Bytes of the shares that are held now.
    #[must_use]
    pub fn held_bytes(&self) -> u64 {
        self.meter.now()
    }

    /// A vector that costs nothing.
    #[must_use]
    pub fn vector(&self, len: usize) -> Length {
        Length::new(len, (self.card.share_bytes)(R::BYTES), Some(self.meter.clone()))
    }

    /// Planes that cost nothing.
    #[must_use]
    pub fn planes(&self, len: usize, width: usize) -> Area {
        Area::new([len, width], 2, Some(self.meter.clone()))
    }

    /// So many elements beside what is held, for as long as the result lives.
    fn held(&self, elements: usize) -> Held {
        Held::new(elements * R::BYTES, Some(self.meter.clone()))
    }

    fn products(&mut self, len: usize) -> Result<Length> {
        let out = self.vector(len);
        self.perform(&(self.card.costs.mul)(len, R::BYTES));
        Ok(out)
    }

    fn truncated(
        &mut self,
        len: usize,
        by: u32,
        script: fn(usize, usize, u32) -> Script,
    ) -> Result<Length> {
        let [out] = in_chunks(self, len, self.card.costs.chunks[2], |p, range| {
            let out = p.vector(range.len());
            p.perform(&script(range.len(), R::BYTES, by));
            Ok([out])
        })?;
        Ok(out)
    }

    /// So many elements beside what is held, for as long as a step takes.
    fn pass(&self, elements: usize) {
        self.meter.pass((elements * R::BYTES) as u64);
    }

    /// Called when the result's memory is taken.
    fn replay(&mut self, script: &[Phase]) {
        // What is sent in a phase may be read in the next one only.
        for at in 0..script.len() {
            let pair = &script[at..script.len().min(at + 2)];
            let messages = || pair.iter().flatten();
            let passing = |party: u8| {
                let its = messages().filter(|m| m.from == party || m.to == party);
                its.map(|message| message.bytes).sum::<u64>()
            };
            self.meter.pass((0..self.card.parties).map(passing).max().unwrap_or(0));
        }
        script.iter().for_each(|phase| self.replay_phase(phase));
    }

    fn replay_phase(&mut self, phase: &Phase) {
        let sent_at = self.clocks.clone();
        let mut links = BTreeMap::<(u8, u8), u64>::new();
        for message in phase.iter().filter(|message| message.bytes > 0) {
            let link = (message.from, message.to);
            *self.tallied.links.entry(link).or_default() += message.bytes;
            *links.entry(link).or_default() += message.bytes;
            *self.tallied.frames.entry(link).or_default() +=
                message.bytes.div_ceil(TILE_BYTES as u64);
            let clock = &mut self.clocks[usize::from(message.to)];
            *clock = (*clock).max(sent_at[usize::from(message.from)] + 1);
        }
        self.path += links.values().max().copied().unwrap_or(0);
    }
}

/// How many shuffles were drawn before on its lane.
#[derive(Debug)]
pub struct Turn {
    turn: u32,
    len: usize,
    _held: Held,
}

type CountedRows = Rows<Length, Area>;

/// What a shuffle holds of a row: its numbers in two permutations of 32 bits, and the order that
/// is opened under it, both ways.
const ROW_BYTES: usize = 2 * 4 + 2 * size_of::<usize>();

fn columns<R: Integer>(len: usize, rows: &CountedRows) -> Columns {
    let words = rows.bits.iter().flat_map(|x| {
        let width = if x.len == 0 { 0 } else { x.width };
        (0..width).step_by(64).map(move |at| (width - at).min(64))
    });
    Columns { rows: len, w: R::BYTES, ints: rows.ints.len(), words: words.collect() }
}

impl<R: Integer> Arithmetic for Tally<R> {
    type Ring = R;
    type AShare = Length;

    const SECURITY: Security = Security::None;

    fn tariff(&self) -> Option<Tariff> {
        Tariff::new(self.card, self.round_bytes)
    }
    fn public(&self, x: &[R]) -> Length {
        let out = self.vector(x.len());
        self.pass(x.len());
        out
    }
    fn input(&mut self, _: &[R], lens: &[usize]) -> Result<Vec<Length>> {
        let out = lens.iter().map(|&len| self.vector(len)).collect();
        // A giver's own elements, their mask and what is left of them.
        self.pass(4 * lens.iter().max().copied().unwrap_or(0));
        self.perform(&(self.card.costs.input)(lens, R::BYTES));
        Ok(out)
    }
    fn random(&mut self, len: usize) -> Result<Length> {
        let out = self.vector(len);
        self.perform(&(self.card.costs.random)(len, R::BYTES));
        Ok(out)
    }
    fn mul(&mut self, x: &Length, y: &Length) -> Result<Length> {
        assert_eq!(x.len, y.len, "factors of different lengths");
        let [out] = in_chunks(self, x.len, self.card.costs.chunks[0], |p, range| {
            Ok([p.products(range.len())?])
        })?;
        Ok(out)
    }
    fn dot(&mut self, x: &Length, _: &Length, rows: usize) -> Result<Length> {
        self.pass(x.len + 2 * rows);
        self.products(rows)
    }
    fn mul_sum(&mut self, x: &Length, y: &Length, terms: usize) -> Result<Length> {
        assert_eq!(x.len, y.len, "factors of different lengths");
        self.products(block_len(x.len, terms))
    }
    fn matmul(&mut self, _: &Length, y: &Length, d: Dims) -> Result<Length> {
        let part = self.held(y.len + d.m * d.n);
        let out = self.vector(d.m * d.n);
        let script = match self.card.costs.matmul {
            Some(script) => script(d, R::BYTES),
            None => (self.card.costs.mul)(d.m * d.n, R::BYTES),
        };
        self.perform(&script);
        drop(part);
        Ok(out)
    }
    fn partial_open(&mut self, x: &Length) -> Result<Vec<R>> {
        self.pass(3 * x.len);
        self.perform(&(self.card.costs.open)(x.len, R::BYTES));
        Ok(vec![R::ZERO; x.len])
    }
    fn partial_open_to(&mut self, x: &Length, to: &[PartyId]) -> Result<Option<Vec<R>>> {
        let outside = to.iter().any(|to| to.0 >= self.card.parties);
        let refresh = self.card.costs.refresh.filter(|_| outside);
        let afresh = refresh.map(|refresh| {
            let out = self.vector(x.len);
            self.perform(&refresh(x.len, R::BYTES));
            self.settle();
            out
        });
        self.pass(3 * x.len);
        self.perform(&(self.card.costs.open_to)(to, x.len, R::BYTES));
        drop(afresh);
        Ok(Some(vec![R::ZERO; x.len]))
    }
    fn verify(&mut self) -> Result<()> {
        self.settle();
        Ok(())
    }
    fn fork(&mut self) -> Result<Self> {
        self.settle();
        Ok(self.child())
    }
    fn absorb(&mut self, child: Self) {
        self.take(child);
    }
    fn repeat(
        &mut self,
        times: usize,
        program: impl FnMut(&mut Self, usize) -> Result<()>,
    ) -> Result<()> {
        self.cycle(times, program)
    }
    /// One after the other: what they hold together must not hang on threads.
    fn join<A: Send, B: Send>(
        &mut self,
        left: impl FnOnce(&mut Self) -> Result<A> + Send,
        right: impl FnOnce(&mut Self) -> Result<B> + Send,
    ) -> Result<(A, B)> {
        let (mut l, mut r) = (self.fork()?, self.fork()?);
        let (a, b) = self.meter.at_once(|| left(&mut l), || right(&mut r));
        self.absorb(l);
        self.absorb(r);
        Ok((a?, b?))
    }
}

impl<R: Integer> Protocol for Tally<R> {
    type BShare = Area;
    type Shuffle = Turn;
    type Index = Tally<Z32>;

    fn public_bits(&self, x: &Planes) -> Area {
        self.planes(x.len(), x.width())
    }
    fn random_bits(&mut self, len: usize, width: usize) -> Result<Area> {
        Ok(self.planes(len, width))
    }
    fn and(&mut self, x: &Area, y: &Area) -> Result<Area> {
        assert_eq!(x.words(), y.words(), "factors of different sizes");
        let out = x.clone();
        let (costs, words) = (&self.card.costs, x.words());
        for start in (0..words).step_by(costs.chunks[3]) {
            self.perform(&(costs.and)((words - start).min(costs.chunks[3])));
        }
        Ok(out)
    }
    fn partial_open_bits(&mut self, x: &Area) -> Result<Planes> {
        self.perform(&(self.card.costs.open)(x.words(), 8));
        Ok(Planes::zero(x.len, x.width))
    }
    fn summands(&mut self, x: &Length, bits: u32, _: Split) -> Result<(Area, Area)> {
        let sums = self.planes(x.len, bits as usize);
        match self.card.costs.summands {
            Some(script) => self.perform(&script(x.len, R::BYTES, sums.width)),
            None => {
                let low = self.planes(x.len, sums.width.saturating_sub(1));
                self.and(&low, &low)?;
            }
        }
        Ok((sums.clone(), sums))
    }
    fn lookahead(
        &mut self,
        x: &Length,
        bits: Range<u32>,
        which: Carries,
    ) -> Result<Lookahead<Area>> {
        let Some((script, size)) = self.card.costs.lookahead else {
            return circuit::lookahead_by_bits(self, x, bits, which);
        };
        let blocks = Blocks::new(bits.end - bits.start, size, which);
        let planes = |width| self.planes(x.len, width);
        let sums = planes(blocks.sums());
        let (generate, propagate) = (planes(blocks.generates()), planes(blocks.propagates()));
        self.perform(&script(x.len, R::BYTES, &blocks));
        Ok(Lookahead { sums, generate, propagate, blocks })
    }
    fn test_quickly(&mut self, x: &Length, bits: u32, test: Test) -> Result<Area> {
        let Some(script) = self.card.costs.quick_test else {
            return circuit::test_by_gates(self, x, bits, test);
        };
        let (compared, out) = (test.compared(bits), self.planes(x.len, 1));
        // A byte for each bit compared: what is shared, what it is compared with, rows.
        let bytes = Held::new(4 * x.len * (compared + 2), Some(self.meter.clone()));
        self.perform(&script(x.len, R::BYTES, compared));
        drop(bytes);
        Ok(out)
    }
    fn b2a(&mut self, x: &Area) -> Result<Length> {
        let (b2a, chunk) = (self.card.costs.b2a, self.card.costs.chunks[1]);
        if chunk == usize::MAX {
            let out = self.vector(x.len * x.width);
            self.perform(&b2a(x.len, x.width, R::BYTES));
            return Ok(out);
        }
        let width = if x.len == 0 { 0 } else { x.width };
        let [out] = in_chunks(self, x.len * width, chunk, |p, range| {
            let out = p.vector(range.len());
            p.perform(&b2a(range.len(), 1, R::BYTES));
            Ok([out])
        })?;
        Ok(out)
    }
    fn b2a_dot(&mut self, x: &Area, weights: &[Vec<R>]) -> Result<Length> {
        // Public planes of nothing have lost their width.
        assert!(x.len == 0 || weights.iter().all(|row| row.len() == x.width), "a weight a plane");
        let Some(script) = self.card.costs.b2a_dot else {
            return circuit::b2a_dot(self, x, weights);
        };
        let out = self.vector(x.len * weights.len());
        self.perform(&script(x.len, x.width, weights.len(), R::BYTES));
        Ok(out)
    }
    fn one_hot(&mut self, x: &Area, width: usize) -> Result<Length> {
        let Some(script) = self.card.costs.one_hot else {
            return circuit::one_hot(self, x, width);
        };
        blocks_in_chunks(self, x.len, |p, range| {
            let out = p.vector(range.len() << width);
            // Parts that are permuted tile by tile, and the bits that they are permuted by.
            let parts = p.held(range.len() * ((2 << width) + width));
            p.perform(&script(range.len(), width, R::BYTES));
            drop(parts);
            Ok(out)
        })
    }
    fn index(&mut self) -> Result<Tally<Z32>> {
        Ok(self.heir())
    }
    fn absorb_index(&mut self, child: Tally<Z32>) {
        self.take(child);
    }
    fn draw_shuffle(&mut self, len: usize) -> Result<Turn> {
        let turn = self.shuffles;
        self.shuffles = turn.wrapping_add(1);
        Ok(Turn { turn, len, _held: Held::new(len * ROW_BYTES, Some(self.meter.clone())) })
    }
    fn shuffle(&mut self, by: &Turn, way: Way, rows: CountedRows) -> Result<CountedRows> {
        self.perform(&(self.card.costs.shuffle)(by.turn, way, &columns::<R>(by.len, &rows)));
        Ok(rows)
    }
    fn shuffle_open(
        &mut self,
        by: &Turn,
        to: Length,
        mut rows: CountedRows,
    ) -> Result<(Vec<usize>, CountedRows)> {
        let len = to.len;
        if let Some(script) = self.card.costs.shuffle_open {
            self.perform(&script(by.turn, len * R::BYTES, &columns::<R>(len, &rows)));
        } else {
            rows.ints.push(to);
            rows = self.shuffle(by, Way::Forward, rows)?;
            let to = rows.ints.pop().expect("what was pushed");
            self.reveal(&to)?;
        }
        Ok(((0..len).collect(), rows))
    }
    fn mul_bits(&mut self, c: &Area, x: &Length) -> Result<Length> {
        assert_eq!(c.len * c.width, x.len, "as many bits as elements");
        let Some(script) = self.card.costs.mul_bits else {
            let bits = self.b2a(c)?;
            return self.mul(&bits, x);
        };
        let out = self.vector(x.len);
        self.perform(&script(x.len, R::BYTES));
        Ok(out)
    }
    fn trunc(&mut self, x: &Length, by: u32) -> Result<Length> {
        self.truncated(x.len, by, self.card.costs.trunc)
    }
    fn trunc_exact(&mut self, x: &Length, by: u32) -> Result<Length> {
        match self.card.costs.trunc_exact {
            Some(script) => self.truncated(x.len, by, script),
            None => circuit::trunc_exact(self, x, by),
        }
    }
    fn mul_trunc(&mut self, x: &Length, y: &Length, by: u32) -> Result<Length> {
        assert_eq!(x.len, y.len, "factors of different lengths");
        let Some(script) = self.card.costs.mul_trunc else {
            let wide = self.mul(x, y)?;
            return self.trunc(&wide, by);
        };
        let out = self.vector(x.len);
        self.perform(&script(x.len, R::BYTES, by));
        Ok(out)
    }
    fn matmul_trunc(&mut self, x: &Length, y: &Length, d: Dims, by: u32) -> Result<Length> {
        let Some(script) = self.card.costs.mul_trunc else {
            let wide = self.matmul(x, y, d)?;
            return self.trunc(&wide, by);
        };
        let out = self.vector(d.m * d.n);
        let part = self.held(y.len + d.m * d.n);
        self.perform(&script(d.m * d.n, R::BYTES, by));
        drop(part);
        Ok(out)
    }
}

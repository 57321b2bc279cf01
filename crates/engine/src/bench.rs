//! The operations of the catalogue, timed over real links and checked.
//!
//! Inputs are shared before the clock starts and results are opened after it stops; what is
//! timed is the operation on shares, in the least ring that holds it, between its first and last
//! message: with its checks, where the protocol has any.

use std::net::TcpListener;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sharewell_mpc::protocols;
use sharewell_mpc::protocols::tally::{Tallied, Tally};
use sharewell_mpc::{Arithmetic as _, Card as Protocol, Entropy, Party, Result, pace};
use sharewell_net::{
    Identity, Limits, Metered, PartyId, PublicKey, Shaped, Step, Transport, Wan, tls,
};
use sharewell_ring::{Integer, Ring, Z64, Z128};

use crate::catalogue::{self, Card, Draw, Given, Operation, Visitor};
use crate::dispatch::{self, Endpoint, RingKind, Work};
use crate::run::cpu_seconds;
use crate::{Error, Peer, Wide};

/// All operations, in the order of the documentation.
#[must_use]
pub fn operations() -> Vec<Card> {
    struct Cards(Vec<Card>);
    impl Visitor for Cards {
        fn visit<O: Operation>(&mut self, operation: &O) {
            self.0.push(operation.card());
        }
    }
    let mut cards = Cards(vec![]);
    catalogue::each(&mut cards);
    cards.0
}

/// Names of the protocols that operations are timed under, the usual one first.
#[must_use]
pub fn protocols() -> Vec<&'static str> {
    protocols::ALL.iter().map(|card| card.name).collect()
}

fn card(protocol: &str) -> &'static sharewell_mpc::Card {
    let card = protocols::ALL.iter().find(|card| card.name == protocol);
    card.expect("a protocol of the list")
}

/// What is timed.
#[derive(Clone, Copy, Debug)]
pub struct Task<'a> {
    /// A protocol of [`protocols()`].
    pub protocol: &'a str,
    /// An operation of [`operations`].
    pub op: &'a str,
    /// Its size.
    pub n: usize,
    /// How often it is timed, after one run to warm up.
    pub repeat: usize,
}

/// One party's place among those that compute.
#[derive(Debug)]
pub struct Seat {
    /// From 0.
    pub me: u8,
    /// Its key.
    pub identity: Identity,
    /// Its listening socket.
    pub listener: TcpListener,
    /// Keys and addresses of all.
    pub peers: Vec<Peer>,
    /// Makes every link as slow as this.
    pub wide: Option<Wide>,
    /// What a round is worth in bytes, if it is not to be measured.
    pub round_bytes: Option<u64>,
}

/// One repetition at one party.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Sample {
    /// Start, by the machine's monotonic clock.
    pub start_s: f64,
    /// End, by the same clock.
    pub end_s: f64,
    /// Processor seconds of this process.
    pub cpu_s: f64,
    /// Payload bytes that this party sent.
    pub bytes_sent: u64,
    /// Rounds.
    pub rounds: u32,
    /// What a round was worth in bytes.
    pub round_bytes: u64,
    /// Whether the opened result was right.
    pub right: bool,
}

/// What an operation costs where a round is worth so many bytes, without a run.
///
/// # Panics
/// If there is no such protocol or operation.
#[must_use]
pub fn quote(protocol: &str, op: &str, n: usize, round_bytes: u64) -> Tallied {
    struct Quote<'a, R: Integer>(&'a str, usize, Tally<R>);
    impl<R: Integer> Visitor for Quote<'_, R> {
        fn visit<O: Operation>(&mut self, operation: &O) {
            let Self(op, n, tally) = self;
            if operation.card().name == *op {
                let operands = operation.operands::<R>(*n, &mut Draw::new(7));
                let given = Given::free(tally, *n, &operands);
                operation.run(tally, &given).expect("no links");
                tally.verify().expect("no links");
            }
        }
    }
    fn tallied<R: Integer>(card: &'static Protocol, op: &str, n: usize, pace: u64) -> Tallied {
        let mut quote = Quote(op, n, Tally::<R>::new(card, card.parties).at_pace(pace));
        catalogue::each(&mut quote);
        quote.2.tallied()
    }
    let card = card(protocol);
    match ring(op) {
        RingKind::Z64 => tallied::<Z64>(card, op, n, round_bytes),
        RingKind::Z128 => tallied::<Z128>(card, op, n, round_bytes),
    }
}

/// The ring that an operation is measured in.
fn ring(op: &str) -> RingKind {
    let card = operations().into_iter().find(|card| card.name == op);
    let bits = card.expect("an operation of the list").ring_bits;
    if bits <= Z64::BITS { RingKind::Z64 } else { RingKind::Z128 }
}

/// What a round is worth on links as slow as this.
#[must_use]
pub fn round_bytes(wide: Wide) -> u64 {
    pace::round_bytes(wide.rtt / 2, wide.bits_per_s as f64 / 8.0)
}

const READY: Step = Step("bench ready");

/// Times an operation.
///
/// # Errors
/// As [`crate::run`].
///
/// # Panics
/// If there is no such protocol or operation.
pub fn run(task: Task<'_>, seat: Seat) -> std::result::Result<Vec<Sample>, Error> {
    let card = card(task.protocol);
    let roster = seat.peers.iter().enumerate().map(|(i, peer)| tls::Peer {
        name: format!("bench_{i}"),
        key: PublicKey(peer.key),
        address: peer.address.clone(),
    });
    let config = tls::Config {
        door: Some(seat.listener.into()),
        limits: Limits { queued_bytes: 4 << 30, ..Limits::default() },
        ..tls::Config::new(PartyId(seat.me), seat.identity, roster.collect(), [0; 32])
    };
    let link = tls::connect(config)?;
    let link: Arc<dyn Transport> = match seat.wide {
        Some(Wide { rtt, bits_per_s }) => Arc::new(Shaped::new(link, Wan { rtt, bits_per_s })?),
        None => Arc::new(link),
    };
    let link = Arc::new(Metered::new(link));
    let mut main = Party::new(link.clone());
    let barrier = main.fork();
    let round_bytes = match seat.round_bytes {
        Some(round_bytes) => round_bytes,
        None => pace::agree(&mut main.fork(), card.parties)?,
    };
    let timing = Timing { task, main: main.at_pace(round_bytes), barrier, link };
    Ok(dispatch::over(card, ring(task.op), timing)?)
}

type Link = Arc<Metered<Arc<dyn Transport>>>;

/// A party whose protocol is not yet a type.
struct Timing<'a> {
    task: Task<'a>,
    main: Party,
    barrier: Party,
    link: Link,
}

impl Work for Timing<'_> {
    type Output = Result<Vec<Sample>>;

    fn over<P: Endpoint>(self) -> Self::Output {
        let Self { task, main, barrier, link } = self;
        let p = P::connect(main, &[0; 32], Entropy::System)?;
        let mut stand = Stand { p, barrier, link, task, samples: None };
        catalogue::each(&mut stand);
        stand.samples.expect("an operation of the list")
    }
}

/// Where one operation is timed.
struct Stand<'a, P> {
    p: P,
    barrier: Party,
    link: Link,
    task: Task<'a>,
    samples: Option<Result<Vec<Sample>>>,
}

impl<P: Endpoint> Visitor for Stand<'_, P> {
    fn visit<O: Operation>(&mut self, operation: &O) {
        if operation.card().name == self.task.op {
            let samples = (0..=self.task.repeat).map(|_| self.time(operation));
            // The first run warms up.
            self.samples = Some(samples.collect::<Result<Vec<_>>>().map(|all| all[1..].to_vec()));
        }
    }
}

impl<P: Endpoint> Stand<'_, P> {
    fn time(&mut self, operation: &impl Operation) -> Result<Sample> {
        let me = usize::from(self.barrier.me().0);
        let n = self.task.n;
        let operands = operation.operands::<P::Ring>(n, &mut Draw::new(7));
        let given = Given::share(&mut self.p, n, &operands, Some(me))?;

        self.p.verify()?;

        // Everybody starts together, with clocks at zero.
        self.meet()?;
        self.p.reset_rounds();
        let before = self.link.meter();
        let (start_s, cpu) = (monotonic_seconds(), cpu_seconds());
        let result = operation.run(&mut self.p, &given)?;
        self.p.verify()?;
        let (end_s, cpu_s) = (monotonic_seconds(), cpu_seconds() - cpu);
        let bytes_sent = (self.link.meter() - &before).total().sent.bytes;
        let (rounds, round_bytes) = (self.p.party().rounds(), self.p.party().round_bytes());

        drop(given);
        let opened = catalogue::open(&mut self.p, &result)?;
        let right = operation.check(n, &operands, &opened).is_ok();
        Ok(Sample { start_s, end_s, cpu_s, bytes_sent, rounds, round_bytes, right })
    }

    /// Waits until all are here.
    fn meet(&mut self) -> Result<()> {
        let me = self.barrier.me();
        let all = (0..self.barrier.parties()).map(PartyId);
        let others: Vec<PartyId> = all.filter(|p| *p != me).collect();
        others.iter().try_for_each(|peer| self.barrier.send(*peer, READY, &[Z64::ONE]))?;
        others.iter().try_for_each(|peer| self.barrier.recv::<Z64>(*peer, READY, 1).map(drop))
    }
}

fn monotonic_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

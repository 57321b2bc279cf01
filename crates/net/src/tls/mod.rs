//! Links over TCP with mutual TLS 1.3, on plain threads.
//!
//! Every ordered pair of parties has its own connection, dialled by its sender: reader and writer
//! share no lock, and a slow direction holds up no other. A party is its Ed25519 key, which stands
//! in the study; the address only says where to look. Strangers and garbage on the port are turned
//! away and forgotten.
//!
//! What a peer can do to this party before it proves its key: hold one of a bounded number of
//! pending connections for a bounded time. After: send frames of bounded size into queues of
//! bounded size, fall silent (noticed by keepalive and deadlines), or break the framing (ends the
//! run by name).

mod connect;
mod door;
mod hello;
mod link;
mod pin;
pub(crate) mod secure;
#[cfg(test)]
mod tests;

use std::{
    fmt, io,
    sync::Arc,
    time::{Duration, Instant},
};

#[cfg(unix)]
pub use self::door::pass;
pub use self::door::{Door, ROUTE, route};
use self::link::{Reader, Writer};
pub(crate) use self::pin::Pinned;
use crate::{
    Abort, Ending, Error, FRAME_LIMIT, Frame, Identity, Lane, Limits, PartyId, Place, PublicKey,
    Result, Step, Transport,
    inbox::{Fault, Inbox},
};

/// A party as the study names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its name in the study.
    pub name: String,
    /// The key that it must prove.
    pub key: PublicKey,
    /// `host:port`.
    pub address: String,
}

/// Everything that [`connect`] must know.
pub struct Config {
    /// This party's place in the roster.
    pub me: PartyId,
    /// This party's own key.
    pub identity: Identity,
    /// All parties, this one included, in the study's order.
    pub roster: Vec<Peer>,
    /// Hash of what the parties have agreed on; all must present the same.
    pub session: [u8; 32],
    /// What callers say in the clear about why they call: see [`route`].
    pub route: Vec<u8>,
    /// Where calls come in; without it, at this party's address in the roster.
    pub door: Option<Door>,
    /// How long to wait until all parties are there.
    pub connect_deadline: Duration,
    /// An idle link gives a sign of life this often; four intervals of silence mean death.
    pub keepalive: Duration,
    /// Bounds on waits and queues.
    pub limits: Limits,
    /// Told whenever the reason why a peer cannot be reached yet changes (an [`Error::Absent`]).
    pub waiting: Box<dyn Fn(&Error) + Send + Sync>,
}

impl Config {
    /// A configuration with the defaults: 60 s to connect, a sign of life every 5 s.
    #[must_use]
    pub fn new(me: PartyId, identity: Identity, roster: Vec<Peer>, session: [u8; 32]) -> Self {
        Self {
            me,
            identity,
            roster,
            session,
            route: route("", &[]),
            door: None,
            connect_deadline: Duration::from_secs(60),
            keepalive: Duration::from_secs(5),
            limits: Limits::default(),
            waiting: Box::new(|_| ()),
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("me", &self.me)
            .field("identity", &self.identity)
            .field("roster", &self.roster)
            .field("door", &self.door)
            .field("connect_deadline", &self.connect_deadline)
            .field("keepalive", &self.keepalive)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// Brings up the links to every other party.
///
/// Listens and dials at once, so the parties may start in any order. Returns when every link of
/// this party is up, both ways.
///
/// # Errors
/// `Absent` names a party that did not come by the deadline and what stood between; `Handshake` one
/// that proved another key than the study's or holds another study; `Aborted` one that gave up;
/// `Io` if this party cannot listen.
///
/// # Panics
/// If `me` is not in the roster, or the roster has more than 255 parties.
pub fn connect(config: Config) -> Result<Tls> {
    connect::connect(config)
}

/// One party's end of TLS links.
///
/// Dropping it sends what is queued and says goodbye, as [`Tls::finish`] does; dropping it while
/// its thread panics aborts.
#[derive(Debug)]
pub struct Tls {
    me: PartyId,
    inbox: Arc<Inbox>,
    /// By party; none for this one.
    writers: Vec<Option<Writer>>,
    readers: Vec<Option<Reader>>,
    open: bool,
}

/// How long a run that has failed tries to tell a peer that does not read.
const FAREWELL: Duration = Duration::from_secs(2);

impl Tls {
    /// Sends what is queued, says goodbye, and closes. A process may end after it without losing
    /// what it has sent.
    ///
    /// # Errors
    /// The first peer that could not be given everything it may still wait for, by the deadline of
    /// one wait.
    pub fn finish(mut self) -> Result<()> {
        self.close()
    }

    fn close(&mut self) -> Result<()> {
        if !std::mem::take(&mut self.open) {
            return Ok(());
        }
        let start = Instant::now();
        let failed = self.inbox.is_failed();
        let until = start + if failed { FAREWELL } else { self.inbox.limits().deadline };
        self.writers.iter().flatten().for_each(Writer::close);
        let mut stuck = None;
        for (peer, writer) in (0..).map(PartyId).zip(&mut self.writers) {
            if writer.as_mut().is_some_and(|writer| !writer.join(until)) {
                stuck.get_or_insert(peer);
            }
        }
        self.readers.iter_mut().flatten().for_each(Reader::stop);
        stuck.map_or(Ok(()), |peer| {
            let (step, waited) = (Step("finish"), start.elapsed());
            self.inbox.check(step)?;
            Err(Error::Closed { peer, at: self.inbox.place(peer), how: Ending::Died, step, waited })
        })
    }
}

impl Transport for Tls {
    fn me(&self) -> PartyId {
        self.me
    }

    fn parties(&self) -> u8 {
        u8::try_from(self.writers.len()).expect("connect has checked the roster's length")
    }

    fn place(&self, peer: PartyId) -> Place {
        self.inbox.place(peer)
    }

    fn send(&self, to: PartyId, step: Step, frame: Frame) -> Result<()> {
        assert!(frame.body.len() <= FRAME_LIMIT, "body of {} bytes", frame.body.len());
        self.inbox.check(step)?;
        let writer = self.writers[usize::from(to.0)].as_ref();
        writer.expect("a party does not send to itself").send(frame, &self.inbox)
    }

    fn recv(&self, from: PartyId, step: Step, lane: Lane) -> Result<Frame> {
        assert_ne!(from, self.me, "a party does not receive from itself");
        self.inbox.wait(from, step, lane).map(|(frame, _)| frame)
    }

    fn abort(&self, reason: Abort) {
        self.inbox.fail(Fault::Aborted { peer: self.me, reason });
        self.writers.iter().flatten().for_each(|writer| writer.abort(reason));
    }
}

impl Drop for Tls {
    fn drop(&mut self) {
        if self.open && std::thread::panicking() {
            self.abort(Abort::Crashed);
        }
        // Nobody is left to be told: who wants to know calls `finish`.
        let _ = self.close();
    }
}

/// Places of all parties, for errors.
fn places(roster: &[Peer]) -> Vec<Place> {
    roster.iter().map(|peer| Place::new(&peer.name, &peer.address)).collect()
}

fn io_error(what: &'static str) -> impl FnOnce(io::Error) -> Error {
    move |error| Error::Io { what, kind: error.kind() }
}

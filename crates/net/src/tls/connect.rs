//! How the mesh comes up: one thread dials each peer, one accepts, and all report to one place.
//!
//! Trouble is of two kinds. What may pass (nobody listens yet, somebody hangs up) is retried until
//! the deadline and then named. What cannot pass (another key, another study) ends the attempt,
//! after a moment in which the other parties can still be reached and told.

use std::{
    io, mem,
    net::{TcpListener, TcpStream, ToSocketAddrs as _},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use super::{
    Config, Door, Peer, Tls,
    hello::{Caller, HELLO_LEN, Hello, judge},
    io_error,
    link::{CONNECT, Intake, Reader, Writer},
    places,
    secure::{Failure, Receiver, Secure, Sender},
};
use crate::{
    Error, Obstacle, PartyId, PublicKey, Refusal, Result, Transport as _,
    inbox::Inbox,
    wire::{self, Message},
};

/// Longest silence within a greeting.
const GREETING_TIMEOUT: Duration = Duration::from_secs(5);
/// Callers that may be in their greeting at a time; more are turned away.
const GREETINGS_MAX: usize = 64;
/// Longest wait for a host to answer one call.
const DIAL_TIMEOUT: Duration = Duration::from_secs(3);
/// First pause between two calls of one peer; it doubles up to the second.
const PAUSE_MIN: Duration = Duration::from_millis(10);
const PAUSE_MAX: Duration = Duration::from_millis(320);
/// How often the port is looked at: the standard library has no accept with a deadline.
const ACCEPT_PAUSE: Duration = Duration::from_millis(2);
/// How often a waiting party looks whether another has given up.
const GATHER_PAUSE: Duration = Duration::from_millis(20);
/// How long a party that must give up stays to tell the others.
const LINGER: Duration = Duration::from_secs(1);

/// What the threads of one attempt share.
struct Gathering {
    me: PartyId,
    session: [u8; 32],
    route: Vec<u8>,
    roster: Vec<Peer>,
    secure: Secure,
    inbox: Arc<Inbox>,
    keepalive: Duration,
    waiting: Box<dyn Fn(&Error) + Send + Sync>,
    start: Instant,
    greetings: AtomicUsize,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    writers: Vec<Option<Writer>>,
    readers: Vec<Option<Reader>>,
    obstacles: Vec<Obstacle>,
    /// Keys proved by callers that claimed to be a party and hold another key.
    impostors: Vec<Option<PublicKey>>,
    fatal: Option<Error>,
    over: bool,
}

/// Brings up the links; see [`super::connect`].
pub(super) fn connect(config: Config) -> Result<Tls> {
    let n = config.roster.len();
    assert!(n <= 255 && usize::from(config.me.0) < n, "{} of {n} parties", config.me);
    check_own_key(&config)?;
    let me = &config.roster[usize::from(config.me.0)];
    let door = match config.door {
        Some(door) => door,
        None => {
            let listener = TcpListener::bind(&me.address);
            listener.map_err(io_error("cannot listen at this address"))?.into()
        }
    };
    door.set_nonblocking().map_err(io_error("cannot listen"))?;
    let secure = Secure::new(&config.identity)
        .map_err(|_| Error::Io { what: "cannot set up TLS", kind: io::ErrorKind::Unsupported })?;
    let gathering = Arc::new(Gathering {
        me: config.me,
        session: config.session,
        route: config.route,
        secure,
        inbox: Arc::new(Inbox::new(places(&config.roster), config.limits)),
        roster: config.roster,
        keepalive: config.keepalive,
        waiting: config.waiting,
        start: Instant::now(),
        greetings: AtomicUsize::new(0),
        state: Mutex::new(State {
            writers: (0..n).map(|_| None).collect(),
            readers: (0..n).map(|_| None).collect(),
            obstacles: vec![Obstacle::NoAnswer; n],
            impostors: vec![None; n],
            fatal: None,
            over: false,
        }),
        changed: Condvar::new(),
    });
    gathering.spawn("accept", move |g| g.accept(&door))?;
    for peer in gathering.others() {
        gathering.spawn("dial", move |g| g.dial(peer))?;
    }
    gathering.gather(config.connect_deadline)
}

fn check_own_key(config: &Config) -> Result<()> {
    let me = &config.roster[usize::from(config.me.0)];
    let (got, want) = (config.identity.public(), me.key);
    if got == want {
        return Ok(());
    }
    let at = crate::Place::new(&me.name, &me.address);
    Err(Error::Handshake { peer: config.me, at, why: Refusal::OwnKey { got, want } })
}

impl Gathering {
    fn spawn(
        self: &Arc<Self>,
        name: &str,
        run: impl FnOnce(&Arc<Self>) + Send + 'static,
    ) -> Result<()> {
        let shared = Arc::clone(self);
        let thread = std::thread::Builder::new().name(name.to_owned());
        thread.spawn(move || run(&shared)).map_err(io_error("cannot start a thread"))?;
        Ok(())
    }

    fn others(&self) -> impl Iterator<Item = PartyId> + use<> {
        let me = self.me;
        (0..=u8::MAX).take(self.roster.len()).map(PartyId).filter(move |p| *p != me)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Pauses a thread of the attempt; true if the attempt is over.
    fn is_over_after(&self, pause: Duration) -> bool {
        let open = |state: &mut State| !state.over;
        let woken = self.changed.wait_timeout_while(self.lock(), pause, open);
        woken.unwrap_or_else(PoisonError::into_inner).0.over
    }

    /// Waits until the mesh is whole or cannot become so.
    fn gather(&self, deadline: Duration) -> Result<Tls> {
        let mut until = self.start + deadline;
        let mut state = self.lock();
        let outcome = loop {
            if let Err(error) = self.inbox.check(CONNECT) {
                break Err(state.fatal.take().unwrap_or(error));
            }
            // The party at fault will not come; the others have a moment to come and be told.
            let culprit = state.fatal.as_ref().and_then(culprit);
            if culprit.is_some() {
                until = until.min(Instant::now() + LINGER);
            }
            let missing = self.others().find(|p| !state.is_up(*p) && Some(*p) != culprit);
            let left = until.saturating_duration_since(Instant::now());
            match missing {
                Some(_) if !left.is_zero() => {
                    let woken = self.changed.wait_timeout(state, left.min(GATHER_PAUSE));
                    state = woken.unwrap_or_else(PoisonError::into_inner).0;
                }
                Some(peer) => break Err(self.missing(&mut state, peer)),
                None => break state.fatal.take().map_or(Ok(()), Err),
            }
        };
        state.over = true;
        let (writers, readers) = (mem::take(&mut state.writers), mem::take(&mut state.readers));
        drop(state);
        self.changed.notify_all();
        let inbox = Arc::clone(&self.inbox);
        let links = Tls { me: self.me, inbox, writers, readers, open: true };
        if let Err(error) = &outcome {
            links.abort(error.into());
        }
        outcome.map(|()| links)
    }

    /// Why this peer is not there, in the order of what helps most.
    fn missing(&self, state: &mut State, peer: PartyId) -> Error {
        let i = usize::from(peer.0);
        if let Some(error) = state.fatal.take() {
            return error;
        }
        if let Some(got) = state.impostors[i] {
            let why = Refusal::WrongKey { got, want: self.roster[i].key };
            return Error::Handshake { peer, at: self.inbox.place(peer), why };
        }
        let called = state.writers[i].is_some();
        self.absent(peer, if called { Obstacle::NoCall } else { state.obstacles[i] })
    }

    fn absent(&self, peer: PartyId, obstacle: Obstacle) -> Error {
        let (at, waited) = (self.inbox.place(peer), self.start.elapsed());
        Error::Absent { peer, at, waited, obstacle }
    }

    /// Ends the attempt: these two parties can never work together.
    fn refuse(&self, peer: PartyId, why: Refusal) {
        let error = Error::Handshake { peer, at: self.inbox.place(peer), why };
        self.lock().fatal.get_or_insert(error);
        self.changed.notify_all();
    }

    fn hello(&self, to: PartyId) -> Hello {
        Hello { from: self.me, to, welcome: true, session: self.session }
    }

    /// Calls one peer until it answers.
    fn dial(&self, peer: PartyId) {
        let mut pause = PAUSE_MIN;
        loop {
            match self.call(peer) {
                Ok(sender) => return self.enter_writer(peer, sender),
                Err(Setback::Final(why)) => return self.refuse(peer, why),
                Err(Setback::Passing(obstacle)) => self.note(peer, obstacle),
            }
            if self.is_over_after(pause) {
                return;
            }
            pause = PAUSE_MAX.min(pause * 2);
        }
    }

    fn note(&self, peer: PartyId, obstacle: Obstacle) {
        let old = mem::replace(&mut self.lock().obstacles[usize::from(peer.0)], obstacle);
        if old != obstacle {
            (self.waiting)(&self.absent(peer, obstacle));
        }
    }

    fn call(&self, peer: PartyId) -> std::result::Result<Sender, Setback> {
        let address = &self.roster[usize::from(peer.0)].address;
        let mut obstacle = Obstacle::NoSuchHost;
        for address in address.to_socket_addrs().into_iter().flatten() {
            match TcpStream::connect_timeout(&address, DIAL_TIMEOUT) {
                Ok(socket) => return self.greet(peer, socket),
                Err(e) if e.kind() == io::ErrorKind::ConnectionRefused => {
                    obstacle = Obstacle::Refused;
                }
                Err(_) => obstacle = Obstacle::NoAnswer,
            }
        }
        Err(Setback::Passing(obstacle))
    }

    /// The caller's side of a greeting.
    fn greet(&self, peer: PartyId, socket: TcpStream) -> std::result::Result<Sender, Setback> {
        // On loopback a call to a port of the ephemeral range can meet itself.
        if socket.local_addr()? == socket.peer_addr()? {
            return Err(Setback::Passing(Obstacle::Refused));
        }
        prepare(&socket)?;
        let want = self.roster[usize::from(peer.0)].key;
        let mut sender =
            Sender::open(&self.secure, socket, want, &self.route).map_err(|e| match e {
                Failure::Key(got) => Setback::Final(Refusal::WrongKey { got, want }),
                Failure::Io(e) => e.into(),
            })?;
        sender.write(&[&self.hello(peer).encode()])?;
        let mut answer = [0; HELLO_LEN];
        sender.read_answer(&mut answer)?;
        let answer = Hello::decode(&answer).ok_or(Setback::Passing(Obstacle::NotAParty))?;
        if !answer.welcome {
            let ours = self.roster[usize::from(self.me.0)].key;
            return Err(Setback::Final(Refusal::Unknown { ours }));
        }
        if answer.session != self.session {
            let (ours, theirs) = (self.session, answer.session);
            return Err(Setback::Final(Refusal::OtherSession { ours, theirs }));
        }
        // The first frame tells the other side that its answer has arrived.
        sender.write(&[&wire::header(&Message::Alive)])?;
        Ok(sender)
    }

    fn enter_writer(&self, peer: PartyId, sender: Sender) {
        let mut state = self.lock();
        if !state.over {
            let writer = Writer::start(peer, sender, Arc::clone(&self.inbox), self.keepalive);
            // Without a thread or a descriptor for it, the peer stays missing until the deadline.
            state.writers[usize::from(peer.0)] = writer.ok();
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Takes calls until the attempt is over.
    fn accept(self: &Arc<Self>, door: &Door) {
        loop {
            match door.accept() {
                Ok(socket) if self.greetings.load(Ordering::SeqCst) < GREETINGS_MAX => {
                    self.greetings.fetch_add(1, Ordering::SeqCst);
                    let answered = self.spawn("greet", move |g| {
                        // A caller that fails to greet is a stranger, and forgotten.
                        let _ = g.answer(socket);
                        g.greetings.fetch_sub(1, Ordering::SeqCst);
                    });
                    if answered.is_err() {
                        self.greetings.fetch_sub(1, Ordering::SeqCst);
                    }
                }
                Ok(_) => {}
                Err(_) if self.is_over_after(ACCEPT_PAUSE) => return,
                Err(_) => {}
            }
        }
    }

    /// The called party's side of a greeting.
    fn answer(&self, socket: TcpStream) -> std::result::Result<(), Failure> {
        let stranger = || io::Error::from(io::ErrorKind::InvalidData);
        socket.set_nonblocking(false)?;
        prepare(&socket)?;
        let mut receiver = Receiver::new(&self.secure, socket)?;
        let said = receiver.read_some(HELLO_LEN, GREETING_TIMEOUT)?;
        let said = <[u8; HELLO_LEN]>::try_from(said).map_err(|_| stranger())?;
        let said = Hello::decode(&said).ok_or_else(stranger)?;
        let key = receiver.caller().ok_or_else(stranger)?;
        let keys: Vec<PublicKey> = self.roster.iter().map(|peer| peer.key).collect();
        let verdict = judge(&keys, &self.hello(self.me), key, &said);
        let welcome = matches!(verdict, Caller::Known(_) | Caller::OtherSession(_));
        let session = if welcome { self.session } else { [0; 32] };
        let answer = Hello { from: self.me, to: said.from, welcome, session };
        receiver.answer(&answer.encode())?;
        match verdict {
            Caller::Known(peer) => {
                let early = receiver.read_some(1, GREETING_TIMEOUT)?;
                self.enter_reader(peer, receiver, &early);
            }
            Caller::OtherSession(peer) => {
                let (ours, theirs) = (self.session, said.session);
                self.refuse(peer, Refusal::OtherSession { ours, theirs });
            }
            Caller::WrongKey(peer) => {
                self.lock().impostors[usize::from(peer.0)] = Some(key);
            }
            Caller::Stranger => {}
        }
        Ok(())
    }

    fn enter_reader(&self, peer: PartyId, receiver: Receiver, early: &[u8]) {
        let mut state = self.lock();
        let slot = usize::from(peer.0);
        if !state.over && state.readers[slot].is_none() {
            let mut intake = Intake::new(peer, Arc::clone(&self.inbox));
            intake.push(early);
            // As for the writer.
            state.readers[slot] = Reader::start(peer, receiver, intake, self.keepalive).ok();
        }
        drop(state);
        self.changed.notify_all();
    }
}

impl State {
    fn is_up(&self, peer: PartyId) -> bool {
        let i = usize::from(peer.0);
        self.writers[i].is_some() && self.readers[i].is_some()
    }
}

/// Why a call failed, and whether another may succeed.
enum Setback {
    Passing(Obstacle),
    Final(Refusal),
}

/// Whatever breaks a greeting may be a party that is just starting or ending.
impl From<io::Error> for Setback {
    fn from(_: io::Error) -> Self {
        Self::Passing(Obstacle::NotAParty)
    }
}

/// The party with which this one can never work, if that is the error.
fn culprit(error: &Error) -> Option<PartyId> {
    match error {
        Error::Handshake { peer, .. } => Some(*peer),
        _ => None,
    }
}

fn prepare(socket: &TcpStream) -> io::Result<()> {
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(GREETING_TIMEOUT))?;
    socket.set_write_timeout(Some(GREETING_TIMEOUT))
}

//! One link: a queue and a thread for each direction.
//!
//! A frame that finds nothing before it is encrypted and handed to the kernel by the thread that
//! sends it, while it is in that processor's cache, as far as the socket takes it. Everything else
//! is queued: the writer encrypts that in batches, and gives a sign of life when there is nothing.
//! The reader decodes and files frames. Writer and reader share no lock, and neither waits for the
//! other.

use std::{
    collections::VecDeque,
    io,
    net::{Shutdown, TcpStream},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use super::secure::{Receiver, Sender};
use crate::{
    Abort, Ending, Error, Frame, HEADER_LEN, PartyId, Result, Step,
    inbox::{FRAME_CHARGE, Fault, Inbox},
    wire::{self, Decoder, Flaw, Message},
};

/// A peer that is silent for this many keepalive intervals is taken for dead.
pub(super) const SILENT_INTERVALS: u32 = 4;

/// Plaintext taken from the queue at a time; what an abort waits for at most.
const TAKE: usize = 1 << 20;

/// How long a broken writer waits to learn from its reader whether the peer had finished.
const SETTLE: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
struct Queue {
    messages: VecDeque<Message>,
    bytes: usize,
    /// Whether the last message is queued, or has been.
    closing: bool,
    state: State,
}

/// Where the link is with what has left the queue.
#[derive(Debug, Default)]
enum State {
    /// All of it has gone.
    #[default]
    Idle,
    /// Somebody writes, and nobody else changes the state.
    Busy,
    /// The socket has not taken all of it.
    Left,
    /// It failed at the program's thread; the writer will say so.
    Broken(io::Error),
    /// The writer has ended.
    Over { unsent: bool },
}

/// Frames on their way to one peer.
struct Outbox {
    queue: Mutex<Queue>,
    changed: Condvar,
    /// For whoever has made the queue busy.
    sender: Mutex<Sender>,
}

impl std::fmt::Debug for Outbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Outbox({:?})", self.lock())
    }
}

/// Longest body that a program's own thread writes.
const AT_ONCE: usize = 64 << 10;

/// The writing half of a link.
#[derive(Debug)]
pub(super) struct Writer {
    peer: PartyId,
    outbox: Arc<Outbox>,
    socket: TcpStream,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the writer of a connection that is ready for frames.
    pub(super) fn start(
        peer: PartyId,
        sender: Sender,
        inbox: Arc<Inbox>,
        keepalive: Duration,
    ) -> io::Result<Self> {
        let silence = keepalive * SILENT_INTERVALS;
        sender.socket().set_write_timeout(Some(silence))?;
        let socket = sender.socket().try_clone()?;
        let outbox = Arc::new(Outbox {
            queue: Mutex::default(),
            changed: Condvar::new(),
            sender: Mutex::new(sender),
        });
        let shared = Arc::clone(&outbox);
        let name = format!("to-{}", peer.0);
        let thread = std::thread::Builder::new().name(name).spawn(move || {
            let sent = shared.drain(keepalive);
            let unsent = sent.is_err_and(|e| {
                let how = if is_timeout(&e) { Ending::Silent(silence) } else { Ending::Died };
                !inbox.settle(peer, SETTLE, how)
            });
            *shared.lock() = Queue { state: State::Over { unsent }, ..Queue::default() };
            shared.changed.notify_all();
        })?;
        Ok(Self { peer, outbox, socket, thread: Some(thread) })
    }

    /// Queues a frame.
    pub(super) fn send(&self, frame: Frame, inbox: &Inbox) -> Result<()> {
        let limit = inbox.limits().queued_bytes;
        let charge = frame.body.len() + FRAME_CHARGE;
        let mut queue = self.outbox.lock();
        if queue.is_over() || queue.closing {
            return Ok(());
        }
        if queue.bytes + charge > limit {
            let at = inbox.place(self.peer);
            return Err(Error::Exhausted { peer: self.peer, at, what: "unsent frames to", limit });
        }
        let message = Message::Data(frame);
        if queue.is_idle() && wire::body(&message).len() <= AT_ONCE {
            queue.state = State::Busy;
            drop(queue);
            self.outbox.write_at_once(&message);
            return Ok(());
        }
        queue.bytes += charge;
        queue.messages.push_back(message);
        drop(queue);
        self.outbox.changed.notify_one();
        Ok(())
    }

    /// Replaces whatever is queued by an abort.
    pub(super) fn abort(&self, reason: Abort) {
        let mut queue = self.outbox.lock();
        if !queue.closing {
            queue.closing = true;
            queue.messages = VecDeque::from([Message::Abort(reason)]);
        }
        drop(queue);
        self.outbox.changed.notify_all();
    }

    /// Cuts the connection, as the kernel does for a killed process.
    #[cfg(test)]
    pub(super) fn cut(&self) {
        self.socket.shutdown(Shutdown::Both).expect("the connection was open");
    }

    /// Says goodbye after what is queued.
    pub(super) fn close(&self) {
        let mut queue = self.outbox.lock();
        if !queue.closing {
            queue.closing = true;
            queue.messages.push_back(Message::Bye);
        }
        drop(queue);
        self.outbox.changed.notify_all();
    }

    /// Waits until the thread has ended; false if by `until` it had not sent what the peer awaits.
    pub(super) fn join(&mut self, until: Instant) -> bool {
        let (queue, left) = (self.outbox.lock(), until.saturating_duration_since(Instant::now()));
        let woken = self.outbox.changed.wait_timeout_while(queue, left, |queue| !queue.is_over());
        let queue = woken.unwrap_or_else(PoisonError::into_inner).0;
        let unsent = if let State::Over { unsent } = queue.state { Some(unsent) } else { None };
        drop(queue);
        if unsent.is_none() {
            // Wakes a write that waits for a peer that does not read. An error means that the
            // socket is closed already, which is what is wanted.
            let _ = self.socket.shutdown(Shutdown::Both);
        }
        if let Some(thread) = self.thread.take() {
            // It ends by itself now, and a panic of it has nothing left to spoil.
            let _ = thread.join();
        }
        unsent == Some(false)
    }
}

impl Queue {
    /// Whether what is written now goes at once.
    fn is_idle(&self) -> bool {
        self.messages.is_empty() && matches!(self.state, State::Idle)
    }

    fn is_over(&self) -> bool {
        matches!(self.state, State::Over { .. })
    }

    /// Whether the writer has nothing to do, or must not.
    fn is_waiting(&self) -> bool {
        matches!(self.state, State::Busy) || self.is_idle()
    }
}

impl Outbox {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// By the program's thread, while the queue is empty.
    fn write_at_once(&self, message: &Message) {
        let pieces: [&[u8]; 2] = [&wire::header(message), wire::body(message)];
        let written = self.sender().write_some(&pieces);
        let mut queue = self.lock();
        queue.state = match written {
            Ok(true) => State::Idle,
            Ok(false) => State::Left,
            Err(error) => State::Broken(error),
        };
        let waited_for = !queue.is_idle();
        drop(queue);
        if waited_for {
            self.changed.notify_all();
        }
    }

    // Whoever panics while it writes leaves the queue busy for good.
    fn sender(&self) -> MutexGuard<'_, Sender> {
        self.sender.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn drain(&self, keepalive: Duration) -> io::Result<()> {
        loop {
            let (messages, last) = self.take(keepalive)?;
            let headers: Vec<[u8; HEADER_LEN]> = messages.iter().map(wire::header).collect();
            let pieces: Vec<&[u8]> = headers
                .iter()
                .zip(&messages)
                .flat_map(|(header, message)| [header, wire::body(message)])
                .collect();
            self.sender().write(&pieces)?;
            let mut queue = self.lock();
            queue.state = State::Idle;
            queue.bytes -= messages.iter().map(charge).sum::<usize>();
            drop(queue);
            if last {
                return self.sender().close();
            }
        }
    }

    /// Waits for something to send; at the latest after `keepalive` that is a sign of life.
    fn take(&self, keepalive: Duration) -> io::Result<(Vec<Message>, bool)> {
        let mut queue = self.lock();
        loop {
            let woken =
                self.changed.wait_timeout_while(queue, keepalive, |queue| queue.is_waiting());
            queue = woken.unwrap_or_else(PoisonError::into_inner).0;
            if !matches!(queue.state, State::Busy) {
                break;
            }
        }
        let left = match std::mem::replace(&mut queue.state, State::Busy) {
            State::Broken(error) => return Err(error),
            state => matches!(state, State::Left),
        };
        let mut out = Vec::new();
        let mut bytes = 0;
        while bytes < TAKE
            && let Some(message) = queue.messages.pop_front()
        {
            bytes += HEADER_LEN + wire::body(&message).len();
            out.push(message);
        }
        if out.is_empty() && !left {
            out.push(Message::Alive);
        }
        Ok((out, queue.closing && queue.messages.is_empty()))
    }
}

fn charge(message: &Message) -> usize {
    match message {
        Message::Data(frame) => frame.body.len() + FRAME_CHARGE,
        Message::Alive | Message::Bye | Message::Abort(_) => 0,
    }
}

/// The reading half of a link.
#[derive(Debug)]
pub(super) struct Reader {
    socket: TcpStream,
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Reader {
    /// Starts the reader of a connection whose greeting is over; `decoder` holds what came with it.
    pub(super) fn start(
        peer: PartyId,
        receiver: Receiver,
        intake: Intake,
        keepalive: Duration,
    ) -> io::Result<Self> {
        let silence = keepalive * SILENT_INTERVALS;
        receiver.socket().set_read_timeout(Some(silence))?;
        let socket = receiver.socket().try_clone()?;
        let stopping = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&stopping);
        let name = format!("from-{}", peer.0);
        let thread = std::thread::Builder::new().name(name).spawn(move || {
            let (mut receiver, mut intake) = (receiver, intake);
            let how = loop {
                match receiver.read(&mut |bytes| intake.push(bytes)) {
                    Ok(true) if intake.inbox.is_failed() => return,
                    Ok(true) => {}
                    Err(e) if is_timeout(&e) => break Ending::Silent(silence),
                    Ok(false) | Err(_) => break Ending::Died,
                }
            };
            if !intake.finished && !stop.load(Ordering::SeqCst) {
                intake.inbox.fail(Fault::Gone { peer, how });
            }
        })?;
        Ok(Self { socket, stopping, thread: Some(thread) })
    }

    /// Cuts the connection, as the kernel does for a killed process.
    #[cfg(test)]
    pub(super) fn cut(&self) {
        self.socket.shutdown(Shutdown::Both).expect("the connection was open");
    }

    /// Stops reading.
    pub(super) fn stop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        // An error means that the peer has closed it already.
        let _ = self.socket.shutdown(Shutdown::Both);
        if let Some(thread) = self.thread.take() {
            // As above: it ends by itself, and a panic of it has nothing left to spoil.
            let _ = thread.join();
        }
    }
}

pub(super) fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// What a reader does with plaintext: decodes it and files the frames.
#[derive(Debug)]
pub(super) struct Intake {
    peer: PartyId,
    inbox: Arc<Inbox>,
    decoder: Decoder,
    finished: bool,
}

impl Intake {
    pub(super) fn new(peer: PartyId, inbox: Arc<Inbox>) -> Self {
        Self { peer, inbox, decoder: Decoder::default(), finished: false }
    }

    /// Takes the next plaintext. A flaw in it ends the run, and so does anything after a goodbye.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let (peer, inbox, finished) = (self.peer, &self.inbox, &mut self.finished);
        let mut late = false;
        let decoded = self.decoder.push(bytes, &mut |message| match message {
            _ if *finished => late = true,
            Message::Data(frame) => inbox.push(peer, frame, 0),
            Message::Alive => {}
            Message::Bye => {
                *finished = true;
                inbox.finish(peer);
            }
            Message::Abort(reason) => {
                *finished = true;
                inbox.fail(Fault::Aborted { peer, reason });
            }
        });
        let flaw: Option<Flaw> =
            decoded.err().or_else(|| late.then_some("a frame after its goodbye"));
        if let Some(what) = flaw {
            inbox.fail(Fault::Malformed { peer, what });
        }
    }
}

/// What a wait before the first step is for.
pub(super) const CONNECT: Step = Step("connect");

//! One question to another node and its answer, over the same mutual TLS as links.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::{ClientConnection, ServerConnection, StreamOwned};

use crate::tls::Pinned;
use crate::tls::secure::Secure;
use crate::{Identity, PublicKey};

/// What the caller says in the clear (ALPN).
pub const ALPN: &[u8] = b"sharewell-talk/1";
/// Longest question, and longest answer.
pub const TALK_MAX: usize = 8 << 20;
/// Longest wait for the other side's next bytes.
const SILENCE: Duration = Duration::from_secs(10);
const DIAL: Duration = Duration::from_secs(3);

/// Why a question had no answer.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    /// The address has no meaning here.
    #[error("no such host as in {0}")]
    NoSuchHost(String),
    /// Nobody listens, or somebody stands between.
    #[error("cannot be reached: {0}")]
    Unreachable(io::Error),
    /// Somebody else is there.
    #[error("another key is there: {0}")]
    WrongKey(PublicKey),
    /// It hung up, fell silent, or does not speak as a node does.
    #[error("hung up or fell silent: {0}")]
    Broken(io::Error),
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// What was said.
    pub bytes: Vec<u8>,
    /// From the moment that the other side was known to its answer's last byte.
    pub took: Duration,
    /// How long the address took to accept the call: one round trip.
    pub dialled: Duration,
}

/// A node that asks and answers.
#[derive(Clone)]
pub struct Talker(Secure);

impl std::fmt::Debug for Talker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Talker").finish_non_exhaustive()
    }
}

impl Talker {
    /// One that proves this key.
    ///
    /// # Errors
    /// If TLS cannot be set up.
    pub fn new(identity: &Identity) -> io::Result<Self> {
        Secure::new(identity).map(Self).map_err(io::Error::other)
    }

    /// Asks the node with this key at this address.
    ///
    /// # Errors
    /// Why there is no answer.
    pub fn ask(
        &self,
        key: PublicKey,
        address: &str,
        question: &[u8],
    ) -> Result<Answer, Unanswered> {
        let start = Instant::now();
        let mut why = Unanswered::NoSuchHost(address.to_owned());
        for place in address.to_socket_addrs().into_iter().flatten() {
            match TcpStream::connect_timeout(&place, DIAL) {
                Ok(socket) => return self.ask_over(socket, key, question, start.elapsed()),
                Err(error) => why = Unanswered::Unreachable(error),
            }
        }
        Err(why)
    }

    fn ask_over(
        &self,
        mut socket: TcpStream,
        key: PublicKey,
        question: &[u8],
        dialled: Duration,
    ) -> Result<Answer, Unanswered> {
        prepare(&socket).map_err(Unanswered::Broken)?;
        let pinned = Arc::new(Pinned::new(self.0.provider(), key));
        let tls = self.0.client(Arc::clone(&pinned), ALPN);
        let mut tls: ClientConnection =
            tls.map_err(|error| Unanswered::Broken(io::Error::other(error)))?;
        while tls.is_handshaking() {
            if let Err(error) = tls.complete_io(&mut socket) {
                return Err(pinned.other().map_or(Unanswered::Broken(error), Unanswered::WrongKey));
            }
        }
        let known = Instant::now();
        let mut stream = StreamOwned::new(tls, socket);
        write(&mut stream, question).map_err(Unanswered::Broken)?;
        let bytes = read(&mut stream).map_err(Unanswered::Broken)?;
        Ok(Answer { bytes, took: known.elapsed(), dialled })
    }

    /// Answers one question on an accepted socket. Whoever asks has proved the key that `answer` is
    /// told; without an answer it is hung up on.
    ///
    /// # Errors
    /// If the caller hung up, fell silent, or does not speak as a node does.
    pub fn answer(
        &self,
        socket: TcpStream,
        answer: impl FnOnce(PublicKey, Vec<u8>) -> Option<Vec<u8>>,
    ) -> io::Result<()> {
        socket.set_nonblocking(false)?;
        prepare(&socket)?;
        let mut config = (*self.0.server()).clone();
        config.alpn_protocols = vec![ALPN.to_vec()];
        let tls = ServerConnection::new(Arc::new(config)).map_err(io::Error::other)?;
        let mut stream = StreamOwned::new(tls, socket);
        // The question's first bytes end the handshake: the key is proved before it is read.
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        let keys = stream.conn.peer_certificates();
        let key = keys.and_then(|keys| PublicKey::from_spki(keys.first()?));
        let key = key.ok_or(io::ErrorKind::PermissionDenied)?;
        let question = read(&mut stream)?;
        let Some(answer) = answer(key, question) else { return Ok(()) };
        write(&mut stream, &answer)?;
        stream.conn.send_close_notify();
        stream.flush()
    }
}

fn prepare(socket: &TcpStream) -> io::Result<()> {
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(SILENCE))?;
    socket.set_write_timeout(Some(SILENCE))
}

/// The length, then the bytes.
fn write(stream: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    let len = u32::try_from(bytes.len()).ok().filter(|len| *len as usize <= TALK_MAX);
    let len = len.ok_or(io::ErrorKind::InvalidInput)?;
    stream.write_all(&len.to_le_bytes())?;
    stream.write_all(bytes)?;
    stream.flush()
}

fn read(stream: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut len = [0; 4];
    stream.read_exact(&mut len)?;
    let len = u32::from_le_bytes(len);
    if len as usize > TALK_MAX {
        return Err(io::ErrorKind::InvalidData.into());
    }
    // What is said to come is not believed before it is there.
    let mut bytes = vec![];
    stream.take(len.into()).read_to_end(&mut bytes)?;
    if bytes.len() == len as usize { Ok(bytes) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn node(seed: u8) -> (Identity, Talker) {
        let identity = Identity::from_seed(&[seed; 32]);
        let talker = Talker::new(&identity).expect("TLS");
        (identity, talker)
    }

    #[test]
    fn a_question_is_answered_to_whom_it_concerns() {
        let ((a, asker), (b, answerer)) = (node(1), node(2));
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
        let address = listener.local_addr().expect("bound").to_string();
        let known = a.public();
        let serving = std::thread::spawn(move || {
            for _ in 0..3 {
                let (socket, _) = listener.accept().expect("called");
                // A caller that finds another key hangs up.
                let _ = answerer.answer(socket, |key, question| {
                    (key == known).then(|| [b"you said ", &question[..]].concat())
                });
            }
        });
        let long = vec![7; 3 << 20];
        let answer = asker.ask(b.public(), &address, &long).expect("an answer");
        assert_eq!(answer.bytes.len(), long.len() + 9);
        let (_, stranger) = node(3);
        let silent = stranger.ask(b.public(), &address, b"?");
        assert!(matches!(silent, Err(Unanswered::Broken(_))), "{silent:?}");
        let wrong = asker.ask(a.public(), &address, b"?");
        assert!(matches!(wrong, Err(Unanswered::WrongKey(key)) if key == b.public()), "{wrong:?}");
        serving.join().expect("served");
        assert!(matches!(asker.ask(b.public(), &address, b"?"), Err(Unanswered::Unreachable(_))));
    }
}

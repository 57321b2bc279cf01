//! TLS 1.3 with raw public keys (RFC 7250), one direction of data per connection.
//!
//! The dialling side is the TLS client and writes; the accepting side is the TLS server and reads.
//! The client pins the server's key during the handshake. The server lets any Ed25519 key finish
//! the handshake, which proves possession, and then decides by the key whether it is a party's
//! ([`super::hello`]): only so can it tell a caller which rule was broken.
//!
//! Writing goes through rustls' buffered connection, which encrypts into its own records and hands
//! them to one vectored write; reading goes through the unbuffered one, which decrypts within a
//! large buffer of ours. Each is the path with the fewest copies and system calls.

use std::{
    io::{self, IoSlice, Read as _, Write as _},
    net::{Shutdown, TcpStream},
    sync::Arc,
    time::{Duration, Instant},
};

use rustix::net::{SendAncillaryBuffer, SendFlags, sendmsg};
use rustls::{
    ClientConfig, ClientConnection, Error as TlsError, ServerConfig,
    client::{AlwaysResolvesClientRawPublicKeys, Resumption},
    crypto::{
        CryptoProvider,
        ring::{cipher_suite, default_provider, kx_group, sign::any_eddsa_type},
    },
    pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName},
    server::{AlwaysResolvesServerRawPublicKeys, ServerConnectionData, UnbufferedServerConnection},
    sign::CertifiedKey,
    unbuffered::{ConnectionState, EncodeError, EncodeTlsData, UnbufferedStatus},
    version::TLS13,
};

use super::pin::{AnyKey, Pinned};
use crate::{Identity, PublicKey};

/// Plaintext that is encrypted before it is handed to the kernel: small enough to stay in a core's
/// cache between the two, large enough that system calls do not count.
const WRITE_BATCH: usize = 128 << 10;

/// Ciphertext read by one system call. Must exceed a TLS record and a handshake message.
const READ_BUFFER: usize = 256 << 10;

/// What both kinds of connection of one party share.
#[derive(Clone)]
pub(crate) struct Secure {
    provider: Arc<CryptoProvider>,
    key: Arc<CertifiedKey>,
    server: Arc<ServerConfig>,
}

impl Secure {
    /// The party's side of every handshake.
    pub(crate) fn new(identity: &Identity) -> Result<Self, TlsError> {
        let provider = Arc::new(CryptoProvider {
            // AES-128 first: with the instructions for it, the fastest on both ends.
            cipher_suites: vec![
                cipher_suite::TLS13_AES_128_GCM_SHA256,
                cipher_suite::TLS13_AES_256_GCM_SHA384,
                cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
            ],
            kx_groups: vec![kx_group::X25519],
            ..default_provider()
        });
        let pkcs8 = identity.pkcs8();
        let signer = any_eddsa_type(&PrivatePkcs8KeyDer::from(pkcs8.as_slice()))?;
        let public = CertificateDer::from(identity.public().to_spki());
        let key = Arc::new(CertifiedKey::new(vec![public], signer));
        let verifier = Arc::new(AnyKey::new(Arc::clone(&provider)));
        let mut server = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&TLS13])?
            .with_client_cert_verifier(verifier)
            .with_cert_resolver(Arc::new(AlwaysResolvesServerRawPublicKeys::new(Arc::clone(&key))));
        // A link lives as long as the run, so nothing is ever resumed.
        server.send_tls13_tickets = 0;
        Ok(Self { provider, key, server: Arc::new(server) })
    }

    pub(crate) fn provider(&self) -> Arc<CryptoProvider> {
        Arc::clone(&self.provider)
    }

    pub(crate) fn server(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.server)
    }

    /// `route` is what the caller says in the clear; a called party need not look at it.
    pub(crate) fn client(
        &self,
        pinned: Arc<Pinned>,
        route: &[u8],
    ) -> Result<ClientConnection, TlsError> {
        let resolver = AlwaysResolvesClientRawPublicKeys::new(Arc::clone(&self.key));
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(&[&TLS13])?
            .dangerous()
            .with_custom_certificate_verifier(pinned)
            .with_client_cert_resolver(Arc::new(resolver));
        config.resumption = Resumption::disabled();
        config.enable_sni = false;
        config.alpn_protocols = vec![route.to_vec()];
        let name = ServerName::try_from("party.invalid").expect("a valid name, which is not sent");
        ClientConnection::new(Arc::new(config), name)
    }
}

/// Why a connection did not become a link.
#[derive(Debug)]
pub(super) enum Failure {
    /// The other side proved another key than the pinned one.
    Key(PublicKey),
    /// It does not answer as a party does, or it stopped doing so.
    Io(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<TlsError> for Failure {
    fn from(error: TlsError) -> Self {
        Self::Io(broken(error))
    }
}

fn broken(error: TlsError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

/// The writing end of a connection.
pub(super) struct Sender {
    tls: ClientConnection,
    socket: TcpStream,
}

impl Sender {
    /// Makes the handshake, within the socket's time-outs, with a party that holds `key`.
    pub(super) fn open(
        secure: &Secure,
        mut socket: TcpStream,
        key: PublicKey,
        route: &[u8],
    ) -> Result<Self, Failure> {
        let pinned = Arc::new(Pinned::new(Arc::clone(&secure.provider), key));
        let mut tls = secure.client(Arc::clone(&pinned), route)?;
        // `write` below bounds what is buffered, and empties it before it returns.
        tls.set_buffer_limit(None);
        while tls.is_handshaking() {
            if let Err(error) = tls.complete_io(&mut socket) {
                return Err(pinned.other().map_or(Failure::Io(error), Failure::Key));
            }
        }
        Ok(Self { tls, socket })
    }

    /// The answer of the other side, which it gives once.
    pub(super) fn read_answer(&mut self, out: &mut [u8]) -> io::Result<()> {
        rustls::Stream::new(&mut self.tls, &mut self.socket).read_exact(out)
    }

    /// Encrypts and sends all of `pieces`.
    pub(super) fn write(&mut self, pieces: &[&[u8]]) -> io::Result<()> {
        let mut batch: Vec<IoSlice<'_>> = Vec::with_capacity(pieces.len().min(1024));
        let mut room = WRITE_BATCH;
        for piece in pieces {
            let mut rest = *piece;
            while !rest.is_empty() {
                let (head, tail) = rest.split_at(rest.len().min(room));
                batch.push(IoSlice::new(head));
                room -= head.len();
                rest = tail;
                if room == 0 {
                    self.write_batch(&batch)?;
                    batch.clear();
                    room = WRITE_BATCH;
                }
            }
        }
        self.write_batch(&batch)
    }

    /// Encrypts `pieces` and sends as much as goes without waiting; false if something is left,
    /// which goes before all that is written later.
    pub(super) fn write_some(&mut self, pieces: &[&[u8]]) -> io::Result<bool> {
        let slices: Vec<IoSlice<'_>> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
        let taken = self.tls.writer().write_vectored(&slices)?;
        debug_assert_eq!(taken, pieces.iter().map(|piece| piece.len()).sum::<usize>());
        while self.tls.wants_write() {
            match self.tls.write_tls(&mut Unwaiting(&self.socket)) {
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                other => other?,
            };
        }
        Ok(true)
    }

    fn write_batch(&mut self, batch: &[IoSlice<'_>]) -> io::Result<()> {
        let taken = self.tls.writer().write_vectored(batch)?;
        debug_assert_eq!(taken, batch.iter().map(|s| s.len()).sum::<usize>());
        while self.tls.wants_write() {
            self.tls.write_tls(&mut self.socket)?;
        }
        Ok(())
    }

    /// Says at the level of TLS that nothing follows.
    pub(super) fn close(&mut self) -> io::Result<()> {
        self.tls.send_close_notify();
        while self.tls.wants_write() {
            self.tls.write_tls(&mut self.socket)?;
        }
        self.socket.shutdown(Shutdown::Write)
    }

    pub(super) fn socket(&self) -> &TcpStream {
        &self.socket
    }
}

/// A socket that takes what it has room for.
struct Unwaiting<'a>(&'a TcpStream);

impl io::Write for Unwaiting<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(bytes)])
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let flags = SendFlags::DONTWAIT;
        Ok(sendmsg(self.0, slices, &mut SendAncillaryBuffer::default(), flags)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The reading end of a connection.
pub(super) struct Receiver {
    tls: UnbufferedServerConnection,
    socket: TcpStream,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl Receiver {
    /// A connection before its handshake, which the first reads make.
    pub(super) fn new(secure: &Secure, socket: TcpStream) -> Result<Self, Failure> {
        let tls = UnbufferedServerConnection::new(Arc::clone(&secure.server))?;
        Ok(Self { tls, socket, buffer: vec![0; READ_BUFFER], start: 0, end: 0 })
    }

    /// The key that the caller has proved to hold, once the handshake is over.
    pub(super) fn caller(&self) -> Option<PublicKey> {
        let keys = self.tls.peer_certificates().filter(|_| !self.tls.is_handshaking())?;
        PublicKey::from_spki(keys.first()?)
    }

    /// Waits for bytes and hands the plaintext among them to `sink`; false at the end of all.
    pub(super) fn read(&mut self, sink: &mut dyn FnMut(&[u8])) -> io::Result<bool> {
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        if self.end == self.buffer.len() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "an endless handshake message"));
        }
        let got = loop {
            match self.socket.read(&mut self.buffer[self.end..]) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.end += got;
        Ok(got > 0 && self.decrypt(sink)?)
    }

    /// At least so many bytes of a caller, which may not take longer than `patience` over them.
    pub(super) fn read_some(&mut self, len: usize, patience: Duration) -> io::Result<Vec<u8>> {
        let (start, mut out) = (Instant::now(), Vec::new());
        while out.len() < len {
            let open = self.read(&mut |bytes| out.extend_from_slice(bytes))?;
            // The last bytes of a caller may come together with its end.
            if out.len() < len && (!open || start.elapsed() > patience) {
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
        Ok(out)
    }

    fn decrypt(&mut self, sink: &mut dyn FnMut(&[u8])) -> io::Result<bool> {
        let mut out = Vec::new();
        loop {
            let incoming = &mut self.buffer[self.start..self.end];
            let UnbufferedStatus { mut discard, state } = self.tls.process_tls_records(incoming);
            let mut more = true;
            match state.map_err(broken)? {
                ConnectionState::ReadTraffic(mut traffic) => {
                    while let Some(record) = traffic.next_record() {
                        let record = record.map_err(broken)?;
                        discard += record.discard;
                        sink(record.payload);
                    }
                }
                ConnectionState::EncodeTlsData(mut data) => encode(&mut data, &mut out)?,
                ConnectionState::TransmitTlsData(data) => {
                    self.socket.write_all(&out)?;
                    out.clear();
                    data.done();
                }
                ConnectionState::BlockedHandshake | ConnectionState::WriteTraffic(_) => {
                    more = false;
                }
                _ => return Ok(false),
            }
            self.start += discard;
            if !more {
                return Ok(true);
            }
        }
    }

    /// Sends the one answer of this side.
    pub(super) fn answer(&mut self, answer: &[u8]) -> io::Result<()> {
        let mut out = vec![0; answer.len() + 256];
        let UnbufferedStatus { discard, state } =
            self.tls.process_tls_records(&mut self.buffer[self.start..self.end]);
        let ConnectionState::WriteTraffic(mut traffic) = state.map_err(broken)? else {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a caller out of turn"));
        };
        let len = traffic.encrypt(answer, &mut out).map_err(io::Error::other)?;
        self.start += discard;
        self.socket.write_all(&out[..len])
    }

    pub(super) fn socket(&self) -> &TcpStream {
        &self.socket
    }
}

fn encode(data: &mut EncodeTlsData<'_, ServerConnectionData>, out: &mut Vec<u8>) -> io::Result<()> {
    let at = out.len();
    if let Err(EncodeError::InsufficientSize(needed)) = data.encode(&mut []) {
        out.resize(at + needed.required_size, 0);
        data.encode(&mut out[at..]).map_err(io::Error::other)?;
    }
    Ok(())
}

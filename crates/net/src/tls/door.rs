//! Where calls come in: a socket of this process's own, or one that another process listens at and
//! hands over call by call, so that one port serves all that a node does.

use std::io;
use std::net::{TcpListener, TcpStream};

use sha2::{Digest as _, Sha256};

use crate::PublicKey;

/// Where a party takes calls.
#[derive(Debug)]
pub enum Door {
    /// A listening socket.
    Listener(TcpListener),
    /// A process that passes accepted sockets on, by [`pass`].
    #[cfg(unix)]
    Passed(std::os::unix::net::UnixStream),
}

impl From<TcpListener> for Door {
    fn from(listener: TcpListener) -> Self {
        Self::Listener(listener)
    }
}

impl Door {
    pub(super) fn set_nonblocking(&self) -> io::Result<()> {
        match self {
            Self::Listener(listener) => listener.set_nonblocking(true),
            #[cfg(unix)]
            Self::Passed(stream) => stream.set_nonblocking(true),
        }
    }

    /// The next call, if there is one.
    pub(super) fn accept(&self) -> io::Result<TcpStream> {
        match self {
            Self::Listener(listener) => Ok(listener.accept()?.0),
            #[cfg(unix)]
            Self::Passed(stream) => passed(stream),
        }
    }
}

/// Hands a call over to the process at the other end.
///
/// # Errors
/// If that process is gone.
#[cfg(unix)]
pub fn pass(to: &std::os::unix::net::UnixStream, call: &TcpStream) -> io::Result<()> {
    use std::os::fd::AsFd as _;

    use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};

    let descriptors = [call.as_fd()];
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let fits = ancillary.push(SendAncillaryMessage::ScmRights(&descriptors));
    debug_assert!(fits, "there is room for one descriptor");
    sendmsg(to, &[io::IoSlice::new(&[0])], &mut ancillary, SendFlags::empty())?;
    Ok(())
}

#[cfg(unix)]
fn passed(from: &std::os::unix::net::UnixStream) -> io::Result<TcpStream> {
    use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};

    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    recvmsg(from, &mut [io::IoSliceMut::new(&mut byte)], &mut ancillary, RecvFlags::CMSG_CLOEXEC)?;
    let received = ancillary.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
        _ => None,
    });
    received.map(TcpStream::from).ok_or_else(|| io::ErrorKind::WouldBlock.into())
}

/// What a caller says in the clear about why it calls, so that a port with several purposes can tell
/// (ALPN, RFC 7301): a digest of the study's name and its parties' keys, from which nobody learns
/// either.
#[must_use]
pub fn route(study: &str, parties: &[PublicKey]) -> Vec<u8> {
    let mut keys: Vec<[u8; 32]> = parties.iter().map(|key| key.0).collect();
    keys.sort_unstable();
    let mut hash = Sha256::new_with_prefix(b"sharewell route 1\n");
    keys.iter().for_each(|key| hash.update(key));
    hash.update(study.as_bytes());
    let digest: [u8; 32] = hash.finalize().into();
    let digits: String = digest[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    [ROUTE, digits.as_bytes()].concat()
}

/// How every route begins.
pub const ROUTE: &[u8] = b"sharewell-run/";

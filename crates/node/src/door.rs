//! The port: what a caller says first decides where the call goes.
//!
//! A caller names its purpose in the clear (ALPN). Other nodes' questions are answered here; calls
//! for a run go to the run's own process, before a byte of them is taken; everything else is a
//! browser's or a program's.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use sharewell_net::talk::ALPN;
use sharewell_net::tls::ROUTE;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use crate::node::Node;
use crate::web::Site;
use crate::{Error, exchange, runs};

/// Calls at a time whose purpose is not known yet; more are turned away.
const STRANGERS: usize = 256;
/// Questions of other nodes at a time.
const QUESTIONS: usize = 16;
/// Browsers and programs at a time.
const GUESTS: usize = 128;
/// How long a caller may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(5);
/// Longest first message.
const HELLO_MAX: usize = 16 << 10;

/// What a caller wants.
#[derive(Debug, PartialEq, Eq)]
enum Purpose {
    Run(Vec<u8>),
    Talk,
    Web,
}

/// Takes calls until the process is stopped.
pub(crate) async fn serve(
    node: &Arc<Node>,
    listener: TcpListener,
    site: Site,
) -> Result<(), Error> {
    let strangers = Arc::new(Semaphore::new(STRANGERS));
    let questions = Arc::new(Semaphore::new(QUESTIONS));
    let guests = Arc::new(Semaphore::new(GUESTS));
    loop {
        let Ok((call, _)) = listener.accept().await else {
            // No descriptors are left: some will be.
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let Ok(place) = Arc::clone(&strangers).try_acquire_owned() else { continue };
        let (node, site) = (Arc::clone(node), site.clone());
        let (questions, guests) = (Arc::clone(&questions), Arc::clone(&guests));
        tokio::spawn(async move {
            let purpose = tokio::time::timeout(PATIENCE, purpose(&call)).await;
            drop(place);
            match purpose {
                Ok(Ok(Purpose::Run(route))) => {
                    if let Ok(call) = call.into_std() {
                        runs::pass(&node, &route, &call);
                    }
                }
                Ok(Ok(Purpose::Talk)) => {
                    let Ok(place) = questions.try_acquire_owned() else { return };
                    let Ok(call) = call.into_std() else { return };
                    let answered = tokio::task::spawn_blocking(move || {
                        let answer = |key, said: Vec<u8>| exchange::answer(&node, key, &said);
                        // A caller that hangs up is forgotten.
                        let _ = node.talker.answer(call, answer);
                        drop(place);
                    });
                    let _ = answered.await;
                }
                Ok(Ok(Purpose::Web)) => {
                    let Ok(place) = guests.try_acquire_owned() else { return };
                    site.serve(call).await;
                    drop(place);
                }
                // Strangers, and what is not TLS.
                Ok(Err(_)) | Err(_) => {}
            }
        });
    }
}

/// Reads what a caller says first, and leaves it where it is.
async fn purpose(call: &TcpStream) -> io::Result<Purpose> {
    let mut hello = vec![0; HELLO_MAX];
    let mut seen = 0;
    loop {
        let len = call.peek(&mut hello).await?;
        if len == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if len > seen {
            seen = len;
            if let Some(purpose) = read(&hello[..len])? {
                return Ok(purpose);
            }
        }
        if len == HELLO_MAX {
            return Err(io::ErrorKind::InvalidData.into());
        }
        // More is to come: what was seen stays readable, so there is no waking up for it.
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// The purpose in these bytes, once they are enough.
fn read(mut hello: &[u8]) -> io::Result<Option<Purpose>> {
    let mut acceptor = rustls::server::Acceptor::default();
    while !hello.is_empty() {
        acceptor.read_tls(&mut hello)?;
        let accepted = acceptor.accept();
        let accepted = accepted.map_err(|(error, _)| io::Error::other(error))?;
        if let Some(accepted) = accepted {
            let alpn = accepted.client_hello().alpn().and_then(|mut names| names.next());
            return Ok(Some(match alpn {
                Some(name) if name.starts_with(ROUTE) => Purpose::Run(name.to_vec()),
                Some(name) if name == ALPN => Purpose::Talk,
                _ => Purpose::Web,
            }));
        }
    }
    Ok(None)
}

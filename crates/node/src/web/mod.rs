//! What programs and people are served: an API and pages, over HTTPS, to bearers of tokens.

mod api;
mod pages;
mod view;

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sharewell_consortium::{Digest, Time};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::Error;
use crate::node::Node;
use crate::token::{Role, Token, Tokens};

/// Longest body of a request.
const BODY_MAX: usize = 1 << 20;
/// How long a guest may take for the head of a request, and how long it may stay.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
const VISIT_MAX: Duration = Duration::from_secs(300);
/// The cookie that bears a token.
const COOKIE: &str = "sharewell";

/// What is served at the port to whoever is not a node.
#[derive(Clone)]
pub(crate) struct Site {
    tls: TlsAcceptor,
    router: Router,
    /// SHA-256 of the certificate, by which a person knows the node.
    pub(crate) fingerprint: Digest,
}

impl Site {
    /// Reads the certificate for pages from the node's folder; the first time one is made. It is
    /// not the node's key: browsers do not take Ed25519.
    pub(crate) fn open(node: &Arc<Node>) -> Result<Self, Error> {
        let (certificate, key) = certificate(node.home.folder())
            .map_err(Error::io("the certificate for pages cannot be read or made"))?;
        let fingerprint = Digest::of(&certificate);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .and_then(|config| {
                config.with_no_client_auth().with_single_cert(vec![certificate], key)
            })
            .map_err(|error| Error::io("cannot set up TLS")(io::Error::other(error)))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let router = Router::new()
            .merge(pages::router())
            .merge(api::router())
            .layer(DefaultBodyLimit::max(BODY_MAX))
            .layer(middleware::from_fn_with_state(Arc::clone(node), guard))
            .with_state(Arc::clone(node));
        Ok(Self { tls: TlsAcceptor::from(Arc::new(config)), router, fingerprint })
    }

    /// Serves one guest.
    pub(crate) async fn serve(&self, call: TcpStream) {
        let _ = call.set_nodelay(true);
        let Ok(Ok(stream)) = tokio::time::timeout(HEAD_TIMEOUT, self.tls.accept(call)).await else {
            return;
        };
        let visit = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .max_buf_size(64 << 10)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(self.router.clone()));
        // A guest that hangs up is forgotten.
        let _ = tokio::time::timeout(VISIT_MAX, visit).await;
    }
}

fn certificate(folder: &Path) -> io::Result<(CertificateDer<'static>, PrivateKeyDer<'static>)> {
    let (certificate, key) = (folder.join("pages.pem"), folder.join("pages.key"));
    if !key.exists() {
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).map_err(io::Error::other)?;
        fs::write(&certificate, made.cert.pem())?;
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&key)?;
        io::Write::write_all(&mut &file, made.signing_key.serialize_pem().as_bytes())?;
    }
    let certificate = CertificateDer::from_pem_file(&certificate).map_err(io::Error::other)?;
    let key = PrivateKeyDer::from_pem_file(&key).map_err(io::Error::other)?;
    Ok((certificate, key))
}

/// Finds out who asks, turns away requests that another site has made a browser send, and sets what
/// every answer says.
async fn guard(State(node): State<Arc<Node>>, mut request: Request<Body>, next: Next) -> Response {
    if request.method() != Method::GET && is_foreign(request.headers()) {
        return (StatusCode::FORBIDDEN, "another site has sent this request\n").into_response();
    }
    if let Some(token) = token(request.headers()) {
        let tokens = Tokens::of(node.home.folder());
        let found = tokio::task::spawn_blocking(move || tokens.find(&token, Time::now())).await;
        if let Ok(Some(token)) = found {
            request.extensions_mut().insert(token);
        }
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; \
             frame-ancestors 'none'; base-uri 'none'",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Not `no-referrer`: forms would then come from the origin "null".
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Whether a browser says that the request comes from another site.
fn is_foreign(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    match (text(header::ORIGIN), text(header::HOST)) {
        (Some(origin), host) => origin.strip_prefix("https://") != host,
        // No browser sends a form without saying where it comes from.
        (None, _) => headers.contains_key(header::COOKIE),
    }
}

fn token(headers: &HeaderMap) -> Option<String> {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if let Some(bearer) = text(header::AUTHORIZATION) {
        return bearer.strip_prefix("Bearer ").map(|token| token.trim().to_owned());
    }
    let mut cookies = text(header::COOKIE)?.split(';').filter_map(|of| of.trim().split_once('='));
    cookies.find(|(name, _)| *name == COOKIE).map(|(_, token)| token.to_owned())
}

/// Whether a bearer of this token may do what these roles may; steward is always among them.
fn may(token: Option<&Token>, roles: &[Role]) -> bool {
    token.is_some_and(|token| token.role == Role::Steward || roles.contains(&token.role))
}

/// Runs what blocks where it may.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(Error::io("lost")(io::Error::other(error))))
}

fn status(error: &Error) -> StatusCode {
    match error {
        Error::Unknown(_) => StatusCode::NOT_FOUND,
        Error::Refused(_) => StatusCode::CONFLICT,
        Error::Study(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Error::Consortium(_) | Error::Io { .. } => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

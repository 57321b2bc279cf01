//! A program's side of a node's API.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Body};

/// Longest answer that is read: a log of some ten thousand entries.
const ANSWER_MAX: u64 = 256 << 20;
const TIMEOUT: Duration = Duration::from_secs(60);

/// Somebody who bears a token for a node.
#[derive(Debug)]
pub struct Client {
    agent: Agent,
    url: String,
    token: String,
}

/// What has become of a request.
#[derive(Debug, thiserror::Error)]
pub enum Unserved {
    /// The node says no, and why.
    #[error("{why}")]
    Refused {
        /// The status of HTTP.
        status: u16,
        /// In the node's words.
        why: String,
    },
    /// Nobody who can be trusted is there.
    #[error("{0}")]
    Unreached(String),
}

impl Client {
    /// For a node at `https://host:port`, known by this certificate.
    ///
    /// # Errors
    /// If the certificate cannot be read.
    pub fn new(url: &str, certificate: &Path, token: &str) -> Result<Self, Unserved> {
        let wrong = |why: String| Unserved::Unreached(format!("{}: {why}", certificate.display()));
        let pem = std::fs::read(certificate).map_err(|error| wrong(error.to_string()))?;
        let known = rustls::pki_types::CertificateDer::pem_slice_iter(&pem)
            .map(|one| one.map(|der| Certificate::from_der(&der).to_owned()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| wrong(error.to_string()))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(provider)
            .root_certs(RootCerts::Specific(Arc::new(known)))
            .build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .https_only(true)
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(TIMEOUT))
            .build();
        let (url, token) = (url.trim_end_matches('/').to_owned(), token.trim().to_owned());
        Ok(Self { agent: config.new_agent(), url, token })
    }

    /// Reads what is at a path.
    ///
    /// # Errors
    /// [`Unserved`].
    pub fn get(&self, path: &str) -> Result<String, Unserved> {
        let request = self.agent.get(format!("{}{path}", self.url));
        self.answer(request.header("authorization", self.bearer()).call())
    }

    /// Sends something to a path.
    ///
    /// # Errors
    /// [`Unserved`].
    pub fn post(&self, path: &str, body: &str) -> Result<String, Unserved> {
        let request = self.agent.post(format!("{}{path}", self.url));
        self.answer(request.header("authorization", self.bearer()).send(body))
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }

    fn answer(
        &self,
        answer: Result<ureq::http::Response<Body>, ureq::Error>,
    ) -> Result<String, Unserved> {
        let unreached = |error: ureq::Error| Unserved::Unreached(format!("{}: {error}", self.url));
        let mut answer = answer.map_err(unreached)?;
        let status = answer.status();
        let text = answer.body_mut().with_config().limit(ANSWER_MAX).read_to_string();
        let text = text.map_err(unreached)?;
        if status.is_success() {
            return Ok(text);
        }
        #[derive(serde::Deserialize)]
        struct Wrong {
            error: String,
        }
        let why = serde_json::from_str(&text).map_or(text, |wrong: Wrong| wrong.error);
        Err(Unserved::Refused { status: status.as_u16(), why })
    }
}

//! Who may be at the other end: raw public keys instead of certificates (RFC 7250).

use std::sync::{Arc, Mutex, PoisonError};

use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error as TlsError, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, verify_tls13_signature_with_raw_key},
    pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime},
    server::danger::{ClientCertVerified, ClientCertVerifier},
};

use crate::PublicKey;

/// Accepts exactly one server key, and remembers another that was proved.
#[derive(Debug)]
pub(crate) struct Pinned {
    provider: Arc<CryptoProvider>,
    key: PublicKey,
    other: Mutex<Option<PublicKey>>,
}

/// Accepts every Ed25519 client key, once its possession is proved.
#[derive(Debug)]
pub(crate) struct AnyKey {
    provider: Arc<CryptoProvider>,
}

impl Pinned {
    pub(crate) fn new(provider: Arc<CryptoProvider>, key: PublicKey) -> Self {
        Self { provider, key, other: Mutex::new(None) }
    }

    /// The key that the server has proved to hold, if it is not the pinned one.
    pub(crate) fn other(&self) -> Option<PublicKey> {
        *self.other.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AnyKey {
    pub(crate) fn new(provider: Arc<CryptoProvider>) -> Self {
        Self { provider }
    }
}

fn proved(
    provider: &CryptoProvider,
    message: &[u8],
    key: &CertificateDer<'_>,
    signature: &DigitallySignedStruct,
) -> Result<HandshakeSignatureValid, TlsError> {
    let spki = SubjectPublicKeyInfoDer::from(key.as_ref());
    let algorithms = &provider.signature_verification_algorithms;
    verify_tls13_signature_with_raw_key(message, &spki, signature, algorithms)
}

fn no_tls12() -> Result<HandshakeSignatureValid, TlsError> {
    Err(TlsError::General("only TLS 1.3 is spoken here".into()))
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        key: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        match PublicKey::from_spki(key) {
            Some(_) => Ok(ServerCertVerified::assertion()),
            None => Err(TlsError::InvalidCertificate(CertificateError::BadEncoding)),
        }
    }

    // The pin is checked here, after the signature: what is reported as the peer's key is one that
    // it really holds.
    fn verify_tls13_signature(
        &self,
        message: &[u8],
        key: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        let valid = proved(&self.provider, message, key, signature)?;
        let found = PublicKey::from_spki(key);
        if found == Some(self.key) {
            return Ok(valid);
        }
        *self.other.lock().unwrap_or_else(PoisonError::into_inner) = found;
        Err(TlsError::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        no_tls12()
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

impl ClientCertVerifier for AnyKey {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        key: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, TlsError> {
        match PublicKey::from_spki(key) {
            Some(_) => Ok(ClientCertVerified::assertion()),
            None => Err(TlsError::InvalidCertificate(CertificateError::BadEncoding)),
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        key: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        proved(&self.provider, message, key, signature)
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        no_tls12()
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

//! Whom a TLS connection to a database has at its other end.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::version::TLS13;
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use crate::SourceFault;
use crate::mapping::Tls;

/// The client's side, or `None` for a connection in the clear.
pub(super) fn client(tls: &Tls) -> Result<Option<ClientConfig>, SourceFault> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&TLS13])
        .expect("the provider has TLS 1.3");
    Ok(Some(match tls {
        Tls::Off => return Ok(None),
        Tls::Bound => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Holder(provider)))
            .with_no_client_auth(),
        Tls::Verified(path) => {
            let refused = |why: String| SourceFault::Certificates { path: path.clone(), why };
            let mut roots = RootCertStore::empty();
            for certificate in
                CertificateDer::pem_file_iter(path).map_err(|error| refused(error.to_string()))?
            {
                let certificate = certificate.map_err(|error| refused(error.to_string()))?;
                roots.add(certificate).map_err(|error| refused(error.to_string()))?;
            }
            if roots.is_empty() {
                return Err(refused("no certificate is in it".to_owned()));
            }
            builder.with_root_certificates(roots).with_no_client_auth()
        }
    }))
}

/// Takes any certificate whose holder is at the other end. Whether that holder is the database,
/// the password's exchange tells: it is bound to this certificate (`tls-server-end-point`,
/// RFC 5929), and a connection without that binding is refused.
#[derive(Debug)]
struct Holder(Arc<CryptoProvider>);

impl ServerCertVerifier for Holder {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

//! TLS towards the server: the system's certificates, and those a person trusts explicitly.
//!
//! An explicitly trusted certificate is trusted as an authority, and as the server's own whatever name
//! stands in it: so a self-signed one works, and nothing but it.

use super::connection::{Trouble, lost};
use super::settings::SmtpSettings;
use mapi_engine::error::Code;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore, SignatureScheme, StreamOwned};
use std::net::TcpStream;
use std::sync::Arc;

/// Negotiates TLS on a connection.
pub(super) fn protect(tcp: TcpStream, settings: &SmtpSettings) -> Result<StreamOwned<ClientConnection, TcpStream>, Trouble> {
    let unfit = |what: String| Trouble::Unfit(Code::NetworkError, what);
    let config = config(settings.trusted.as_deref()).map_err(unfit)?;
    let name = ServerName::try_from(settings.server.clone())
        .map_err(|_| unfit("has a name that no certificate can have; configure its host name".to_owned()))?;
    let connection =
        ClientConnection::new(config, name).map_err(|error| unfit(format!("cannot be talked to over TLS: {error}")))?;
    let mut stream = StreamOwned::new(connection, tcp);
    while stream.conn.is_handshaking() {
        match stream.conn.complete_io(&mut stream.sock) {
            Ok(_) => {}
            // rustls reports what is wrong with a certificate as invalid data.
            Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                return Err(unfit(format!(
                    "cannot be trusted: {error}; if it is the right one, trust its certificate explicitly"
                )));
            }
            Err(error) => return Err(lost(&error, settings.reply_time)),
        }
    }
    Ok(stream)
}

fn config(trusted: Option<&str>) -> Result<Arc<ClientConfig>, String> {
    let provider = Arc::new(ring::default_provider());
    let mut roots = RootCertStore::empty();
    // Certificates of the system that cannot be read are as good as absent.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let mut pinned = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(trusted.unwrap_or_default().as_bytes()) {
        let certificate = certificate.map_err(|error| format!("has trusted certificates that cannot be read: {error}"))?;
        roots.add_parsable_certificates([certificate.clone()]);
        pinned.push(certificate);
    }
    if roots.is_empty() {
        return Err("cannot be trusted: this system has no certificates; install them, or trust the server's explicitly".into());
    }
    let authorities = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
        .build()
        .map_err(|error| format!("cannot be trusted: {error}"))?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("cannot be talked to over TLS: {error}"))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Verifier { authorities, pinned }))
        .with_no_client_auth();
    Ok(Arc::new(config))
}

#[derive(Debug)]
struct Verifier {
    authorities: Arc<WebPkiServerVerifier>,
    pinned: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if self.pinned.iter().any(|pinned| pinned == certificate) {
            return Ok(ServerCertVerified::assertion());
        }
        self.authorities.verify_server_cert(certificate, intermediates, name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.authorities.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.authorities.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.authorities.supported_verify_schemes()
    }
}

//! https with a certificate of its own making, for tests of what a client trusts.
//!
//! The certificate is for `localhost` alone, made at each start and known to nobody: a client must
//! refuse it unless it was given the PEM. The key never leaves the process.

use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// Why there is no certificate; the libraries' own words.
pub(super) type NoTls = Box<dyn std::error::Error + Send + Sync>;

/// An acceptor, and the certificate to trust as PEM.
///
/// # Errors
/// The key or the certificate could not be made.
pub(super) fn self_signed() -> Result<(TlsAcceptor, String), NoTls> {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(vec!["localhost".to_owned()])?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok((TlsAcceptor::from(Arc::new(config)), cert.pem()))
}

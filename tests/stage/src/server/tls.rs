//! https with a certificate authority of its own making, for tests of what a client trusts.
//!
//! The certificate is for `localhost` alone; it and the authority that signed it are made at each
//! start and known to nobody: a client must refuse it unless it was given the PEM. The keys never
//! leave the process.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// Why there is no certificate; the libraries' own words.
pub(super) type NoTls = Box<dyn std::error::Error + Send + Sync>;

/// The name of the authority.
const AUTHORITY: &str = "Stage authority";

/// An acceptor, and the authority to trust as PEM.
///
/// # Errors
/// A key or a certificate could not be made.
pub(super) fn of_its_own() -> Result<(TlsAcceptor, String), NoTls> {
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    authority.distinguished_name.push(DnType::CommonName, AUTHORITY);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let leaf = CertificateParams::new(vec!["localhost".to_owned()])?.signed_by(&key, &authority)?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok((TlsAcceptor::from(Arc::new(config)), authority.pem()))
}

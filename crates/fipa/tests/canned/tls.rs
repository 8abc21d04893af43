//! Certificates made for one test.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// A certificate authority and what a server under it presents.
pub(crate) struct Made {
    pub(crate) root: String,
    pub(crate) tls: TlsAcceptor,
}

pub(crate) fn made(name: &str, change: impl FnOnce(&mut CertificateParams)) -> Made {
    let key = || KeyPair::generate().expect("a key");
    let mut root = CertificateParams::new(Vec::new()).expect("parameters");
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = CertifiedIssuer::self_signed(root, key()).expect("a root");
    let mut leaf = CertificateParams::new(vec![name.to_owned()]).expect("parameters");
    change(&mut leaf);
    let leaf_key = key();
    let leaf = leaf.signed_by(&leaf_key, &root).expect("a leaf");
    Made { root: root.pem(), tls: acceptor(leaf.der().clone(), &leaf_key) }
}

pub(crate) fn acceptor(leaf: CertificateDer<'static>, key: &KeyPair) -> TlsAcceptor {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![leaf], key)
        .expect("a configuration");
    TlsAcceptor::from(Arc::new(config))
}

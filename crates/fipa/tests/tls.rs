//! TLS is always verified (A27): whatever is wrong with a certificate, not one byte of a request
//! is written.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod canned;

use base64::Engine as _;
use canned::tls::{acceptor, made};
use canned::{Canned, json, metadata, options};
use placet_core::ports::ServerError;
use placet_fipa::{Client, ClientOptions};
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use tokio_rustls::TlsAcceptor;

fn client(roots: &[&str]) -> Client {
    let extra_roots = roots.iter().map(|root| root.as_bytes().to_vec()).collect();
    Client::new(ClientOptions { extra_roots, danger_allow_http_loopback: false, ..options() })
}

async fn ask(made: TlsAcceptor, client: Client) -> (Result<(), ServerError>, usize) {
    let canned = Canned::https(made, |origin, _, _| metadata(origin)).await;
    let asked = client.metadata(&canned.origin, false).await.map(|_| ());
    (asked, canned.heard().len())
}

#[tokio::test]
async fn a27_a_certificate_that_nobody_vouches_for_is_unreachable() {
    let key = KeyPair::generate().expect("a key");
    let own = CertificateParams::new(vec!["localhost".to_owned()]).expect("parameters");
    let own = own.self_signed(&key).expect("a certificate");
    let other = made("localhost", |_| {});
    for roots in [&[][..], &[other.root.as_str()][..]] {
        let (asked, heard) = ask(acceptor(own.der().clone(), &key), client(roots)).await;
        assert!(matches!(asked, Err(ServerError::Unreachable(_))), "{asked:?}");
        assert_eq!(heard, 0, "no byte of a request was written");
    }
}

#[tokio::test]
async fn a27_a_configured_root_is_trusted_as_pem_and_as_der() {
    let made = made("localhost", |_| {});
    let (asked, heard) = ask(made.tls.clone(), client(&[&made.root])).await;
    assert_eq!((asked, heard), (Ok(()), 1));
    let text: String = made.root.lines().filter(|line| !line.starts_with("-----")).collect();
    let der = base64::engine::general_purpose::STANDARD.decode(text).expect("base64");
    let options =
        ClientOptions { extra_roots: vec![der], danger_allow_http_loopback: false, ..options() };
    let (asked, _) = ask(made.tls, Client::new(options)).await;
    assert_eq!(asked, Ok(()));
}

#[tokio::test]
async fn a27_another_name_or_an_old_certificate_is_unreachable_even_under_a_trusted_root() {
    let other = made("other.example", |_| {});
    let old = made("localhost", |leaf| {
        leaf.not_before = date_time_ymd(2020, 1, 1);
        leaf.not_after = date_time_ymd(2021, 1, 1);
    });
    for made in [other, old] {
        let (asked, heard) = ask(made.tls, client(&[&made.root])).await;
        assert!(matches!(asked, Err(ServerError::Unreachable(_))), "{asked:?}");
        assert_eq!(heard, 0);
    }
}

#[tokio::test]
async fn a27_an_https_server_cannot_lead_to_plain_http() {
    let made = made("localhost", |_| {});
    let canned = Canned::https(made.tls, |origin, _, _| {
        json(
            200,
            &format!(
                r#"{{"issuer":"{origin}","authorization_challenge_endpoint":"http://localhost:9/ace"}}"#
            ),
        )
    })
    .await;
    let options = ClientOptions { extra_roots: vec![made.root.into_bytes()], ..options() };
    let asked = Client::new(options).metadata(&canned.origin, true).await;
    assert!(matches!(asked, Err(ServerError::Protocol(_))), "{asked:?}");
}

#[tokio::test]
async fn a27_a_broken_root_file_is_unreachable_and_says_why() {
    let made = made("localhost", |_| {});
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n";
    let empty = "-----BEGIN NOTHING-----\nAAAA\n-----END NOTHING-----\n";
    for bad in [broken, empty, "not a certificate"] {
        let roots = [made.root.as_str(), bad];
        let (asked, heard) = ask(made.tls.clone(), client(&roots)).await;
        assert!(
            matches!(&asked, Err(ServerError::Unreachable(why)) if why.contains("certificate")),
            "{asked:?}"
        );
        assert_eq!(heard, 0);
    }
}

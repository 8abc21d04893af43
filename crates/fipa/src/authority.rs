//! The certificate authorities of one server: from PEM to what can be trusted and shown.
//!
//! **Promises.** What is read is certificates and nothing else: a key, a word between them, one that
//! is no authority, twice the same or not valid today refuses the whole text. What is shown of one
//! (subject, SHA-256, dates) is read from the very bytes that are trusted.
//!
//! **Never** open a file here: a path can lead elsewhere later.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use placet_core::json::Digest;
use placet_core::request::Timestamp;
use placet_core::way::Authority;
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// The most certificates for one server: a root and the one that takes its place, each with a
/// second, and all of them can still be read in the prompt.
const MOST: usize = 4;

/// Reads the authorities of one server.
///
/// # Errors
/// Why the text is refused, to go on after its name.
pub fn authorities(pem: &str, now: Timestamp) -> Result<Vec<Authority>, &'static str> {
    let mut found: Vec<Authority> = Vec::new();
    for der in certificates(pem)? {
        let authority = authority(&der)?;
        if !authority.is_valid_at(now) {
            return Err("holds a certificate that is not valid today");
        }
        if found.iter().any(|one| one.sha256 == authority.sha256) {
            return Err("holds the same certificate twice");
        }
        found.push(authority);
        if found.len() > MOST {
            return Err("holds more than 4 certificates; give the authority alone");
        }
    }
    if found.is_empty() {
        return Err("holds no certificate");
    }
    // What the TLS library will say of them at the first connection, it says now.
    crate::http::usable(&found).map_err(|_| "holds a certificate that TLS cannot use")?;
    Ok(found)
}

/// The DER of an authority that was read before.
pub(crate) fn der(authority: &Authority) -> Option<Vec<u8>> {
    STANDARD.decode(&authority.certificate).ok()
}

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";
const OTHER: &str = "holds something else than certificates; give it certificates in PEM alone";

/// RFC 7468 §5.1 and nothing around it: what would be passed over could be a private key that the
/// person did not mean to hand out.
fn certificates(pem: &str) -> Result<Vec<Vec<u8>>, &'static str> {
    let mut all = Vec::new();
    let mut open: Option<String> = None;
    for line in pem.lines().map(str::trim_end) {
        open = match (open, line) {
            (None, "") => None,
            (None, BEGIN) => Some(String::new()),
            (Some(text), END) => {
                all.push(STANDARD.decode(text).map_err(|_| "holds a broken certificate")?);
                None
            }
            (Some(mut text), line) if !line.starts_with('-') => {
                text.push_str(line);
                Some(text)
            }
            _ => return Err(OTHER),
        };
    }
    match open {
        None => Ok(all),
        Some(_) => Err("ends in the middle of a certificate"),
    }
}

fn authority(der: &[u8]) -> Result<Authority, &'static str> {
    let broken = "holds a broken certificate";
    let (rest, certificate) = X509Certificate::from_der(der).map_err(|_| broken)?;
    if !rest.is_empty() {
        return Err(broken);
    }
    let constraints = certificate.basic_constraints().map_err(|_| broken)?;
    let usage = certificate.key_usage().map_err(|_| broken)?;
    // RFC 5280 §4.2.1.9 and §4.2.1.3.
    let signs = usage.is_none_or(|usage| usage.value.key_cert_sign());
    if !constraints.is_some_and(|constraints| constraints.value.ca) || !signs {
        return Err("holds a certificate that is not of a certificate authority");
    }
    let subject = certificate.subject().to_string();
    // RFC 5280 §4.1.2.6.
    if subject.trim().is_empty() {
        return Err("holds a certificate without a name");
    }
    let validity = certificate.validity();
    let at = |time: x509_parser::time::ASN1Time| Timestamp(time.timestamp().saturating_mul(1000));
    let hash = Digest::of_bytes(der);
    let hex = hash.as_str().strip_prefix("sha256:").unwrap_or_default().to_ascii_uppercase();
    let pairs: Vec<String> =
        hex.as_bytes().chunks(2).map(|pair| String::from_utf8_lossy(pair).into_owned()).collect();
    Ok(Authority {
        certificate: STANDARD.encode(der),
        subject,
        sha256: pairs.join(":"),
        not_before: at(validity.not_before),
        not_after: at(validity.not_after),
    })
}

#[cfg(test)]
#[path = "authority_tests.rs"]
mod tests;

//! The two PIN/UV auth protocols of CTAP 2.1 (6.5.6, 6.5.7), from the key's side.

use aes::Aes256;
use aes::cipher::block_padding::NoPadding;
use aes::cipher::{BlockModeDecrypt as _, BlockModeEncrypt as _, KeyIvInit as _};
use ciborium::Value;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use p256::elliptic_curve::sec1::ToSec1Point as _;
use p256::{PublicKey, SecretKey};
use sha2::{Digest as _, Sha256};

use super::cbor::{bytes, number};

/// What both sides share for a while: a key for AES, one for HMAC.
pub(super) struct Shared {
    protocol: u8,
    aes: [u8; 32],
    hmac: [u8; 32],
}

impl Shared {
    /// From our key and the host's COSE key.
    pub(super) fn new(protocol: u8, ours: &SecretKey, theirs: &Value) -> Option<Self> {
        let theirs = from_cose(theirs)?;
        let secret = ours.diffie_hellman(&theirs);
        let z = secret.raw_secret_bytes();
        if protocol == 1 {
            let key: [u8; 32] = Sha256::digest(z).into();
            return Some(Self { protocol, aes: key, hmac: key });
        }
        let mut shared = Self { protocol, aes: [0; 32], hmac: [0; 32] };
        let hkdf = Hkdf::<Sha256>::new(Some(&[0; 32]), z);
        hkdf.expand(b"CTAP2 HMAC key", &mut shared.hmac).ok()?;
        hkdf.expand(b"CTAP2 AES key", &mut shared.aes).ok()?;
        Some(shared)
    }

    pub(super) fn decrypt(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        let (iv, sealed) = if self.protocol == 1 {
            ([0; 16], sealed)
        } else {
            let (iv, sealed) = sealed.split_at_checked(16)?;
            (<[u8; 16]>::try_from(iv).ok()?, sealed)
        };
        cbc::Decryptor::<Aes256>::new(&self.aes.into(), &iv.into())
            .decrypt_padded_vec::<NoPadding>(sealed)
            .ok()
    }

    pub(super) fn encrypt(&self, plain: &[u8]) -> Vec<u8> {
        let iv: [u8; 16] = if self.protocol == 1 { [0; 16] } else { random() };
        let sealed = cbc::Encryptor::<Aes256>::new(&self.aes.into(), &iv.into())
            .encrypt_padded_vec::<NoPadding>(plain);
        if self.protocol == 1 { sealed } else { [iv.to_vec(), sealed].concat() }
    }
}

/// The MAC of `message`, as `protocol` cuts it.
pub(super) fn authenticate(protocol: u8, key: &[u8], message: &[u8]) -> Vec<u8> {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    mac.update(message);
    let mut out = mac.finalize().into_bytes().to_vec();
    if protocol == 1 {
        out.truncate(16);
    }
    out
}

/// A public key as COSE has it: `alg` is -25 for key agreement, -7 for ES256.
pub(super) fn to_cose(key: &PublicKey, alg: i8) -> Value {
    let point = key.to_sec1_point(false);
    let (x, y) = point.as_bytes().split_at_checked(33).unwrap_or_default();
    Value::Map(vec![
        (Value::from(1), Value::from(2)),
        (Value::from(3), Value::from(alg)),
        (Value::from(-1), Value::from(1)),
        (Value::from(-2), bytes(x.get(1..).unwrap_or_default())),
        (Value::from(-3), bytes(y)),
    ])
}

fn from_cose(key: &Value) -> Option<PublicKey> {
    let find = |wanted: i8| {
        key.as_map()?.iter().find(|(found, _)| found == &Value::from(wanted)).map(|(_, v)| v)
    };
    if find(1).and_then(number) != Some(2) || find(-1).and_then(number) != Some(1) {
        return None;
    }
    let point = [&[4][..], find(-2)?.as_bytes()?, find(-3)?.as_bytes()?].concat();
    PublicKey::from_sec1_bytes(&point).ok()
}

/// Random bytes. A test machine without randomness has no tests.
pub(super) fn random<const N: usize>() -> [u8; N] {
    let mut out = [0; N];
    let _ = getrandom::fill(&mut out);
    out
}

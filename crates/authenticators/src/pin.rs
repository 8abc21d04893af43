//! PIN/UV auth protocols one and two (CTAP 2.1, 6.5.6 and 6.5.7), from the platform's side.
//!
//! **Promises.** The PIN leaves only as the first half of its hash, encrypted to the key that is
//! there; the PIN's copy in form C, the hash, the shared secret and the token are wiped on drop.
//!
//! **Never** give any of these a `Debug` that tells them.

use std::fmt;

use aes::Aes256;
use aes::cipher::block_padding::NoPadding;
use aes::cipher::{BlockModeDecrypt as _, BlockModeEncrypt as _, KeyIvInit as _};
use ciborium::Value;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use p256::PublicKey;
use p256::ecdh::EphemeralSecret;
use p256::elliptic_curve::Generate as _;
use p256::elliptic_curve::sec1::ToSec1Point as _;
use placet_core::secret::Secret;
use sha2::{Digest as _, Sha256};
use unicode_normalization::UnicodeNormalization as _;
use zeroize::{Zeroize as _, Zeroizing};

use crate::ctap::{Fault, Fields};

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    One,
    Two,
}

impl Protocol {
    /// The key's favourite among those that are known here.
    pub(crate) fn choose(offered: &[u8]) -> Option<Self> {
        offered.iter().find_map(|number| match number {
            1 => Some(Self::One),
            2 => Some(Self::Two),
            _ => None,
        })
    }

    pub(crate) fn number(self) -> u8 {
        match self {
            Self::One => 1,
            Self::Two => 2,
        }
    }
}

/// What the two sides share after the key agreement.
pub(crate) struct Shared {
    protocol: Protocol,
    ours: Value,
    aes: Zeroizing<[u8; 32]>,
    hmac: Zeroizing<[u8; 32]>,
}

impl Shared {
    /// `encapsulate`: a new key of ours and what it makes with the authenticator's.
    pub(crate) fn agree(protocol: Protocol, theirs: Value) -> Result<Self, Fault> {
        let theirs = from_cose(theirs)?;
        let secret = EphemeralSecret::try_generate()
            .map_err(|_| Fault::Driver("there is no randomness".into()))?;
        let ours = to_cose(&secret.public_key())?;
        let z = secret.diffie_hellman(&theirs);
        let mut shared =
            Self { protocol, ours, aes: Zeroizing::default(), hmac: Zeroizing::default() };
        // kdf(Z)
        match protocol {
            Protocol::One => {
                let mut key = Sha256::digest(z.raw_secret_bytes());
                shared.aes.copy_from_slice(&key);
                shared.hmac.copy_from_slice(&key);
                key.as_mut_slice().zeroize();
            }
            Protocol::Two => {
                let hkdf = Hkdf::<Sha256>::new(Some(&[0; 32]), z.raw_secret_bytes());
                let filled = hkdf
                    .expand(b"CTAP2 HMAC key", shared.hmac.as_mut_slice())
                    .and_then(|()| hkdf.expand(b"CTAP2 AES key", shared.aes.as_mut_slice()));
                filled.map_err(|_| Fault::Malformed("a key agreement"))?;
            }
        }
        Ok(shared)
    }

    /// Our public key, for the authenticator.
    pub(crate) fn ours(&self) -> Value {
        self.ours.clone()
    }

    /// `pinHashEnc`.
    pub(crate) fn seal(&self, pin: &Pin) -> Result<Vec<u8>, Fault> {
        let mut hash = Zeroizing::new([0; 32]);
        let mut digest = Sha256::digest(pin.0.as_bytes());
        hash.copy_from_slice(&digest);
        digest.as_mut_slice().zeroize();
        self.encrypt(hash.get(..16).unwrap_or_default())
    }

    fn encrypt(&self, plain: &[u8]) -> Result<Vec<u8>, Fault> {
        let mut iv = [0; 16];
        if self.protocol == Protocol::Two {
            getrandom::fill(&mut iv).map_err(|_| Fault::Driver("there is no randomness".into()))?;
        }
        let sealed = cbc::Encryptor::<Aes256>::new((&*self.aes).into(), &iv.into())
            .encrypt_padded_vec::<NoPadding>(plain);
        Ok(match self.protocol {
            Protocol::One => sealed,
            Protocol::Two => [&iv[..], &sealed].concat(),
        })
    }

    /// The `pinUvAuthToken` out of what the authenticator sealed: 16 or 32 bytes in protocol one,
    /// 32 in two.
    pub(crate) fn token(&self, sealed: &[u8]) -> Result<Token, Fault> {
        let (iv, sealed) = match self.protocol {
            Protocol::One => (&[0; 16][..], sealed),
            Protocol::Two => {
                sealed.split_at_checked(16).ok_or(Fault::Malformed("a token cut short"))?
            }
        };
        let fits = match self.protocol {
            Protocol::One => matches!(sealed.len(), 16 | 32),
            Protocol::Two => sealed.len() == 32,
        };
        let iv = <[u8; 16]>::try_from(iv).ok().filter(|_| fits);
        let iv = iv.ok_or(Fault::Malformed("a token of another length"))?;
        let plain = cbc::Decryptor::<Aes256>::new((&*self.aes).into(), &iv.into())
            .decrypt_padded_vec::<NoPadding>(sealed);
        let token = Zeroizing::new(plain.map_err(|_| Fault::Malformed("a sealed token"))?);
        Ok(Token { protocol: self.protocol, token })
    }
}

/// A PIN in Unicode's form C, as it is hashed (CTAP 2.1, 6.5.1).
pub(crate) struct Pin(Zeroizing<String>);

impl Pin {
    /// `None` if no authenticator can have this PIN: under 4 characters or over 63 bytes. Asking
    /// one would cost a try for nothing.
    pub(crate) fn new(typed: &Secret) -> Option<Self> {
        // One character becomes at most three in form C, so the text does not move while it grows:
        // a move would leave a copy behind.
        let mut composed = Zeroizing::new(String::with_capacity(typed.expose().len() * 3 + 4));
        composed.extend(typed.expose().nfc());
        let fits = composed.chars().count() >= 4 && composed.len() <= 63;
        fits.then_some(Self(composed))
    }
}

/// A `pinUvAuthToken`.
pub(crate) struct Token {
    protocol: Protocol,
    token: Zeroizing<Vec<u8>>,
}

impl Token {
    /// `pinUvAuthParam` over a client data hash, and the protocol's number.
    pub(crate) fn authenticate(&self, hash: &[u8]) -> Result<(Vec<u8>, u8), Fault> {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.token).map_err(|_| Fault::Malformed("a token"))?;
        mac.update(hash);
        let mut param = mac.finalize().into_bytes().to_vec();
        if self.protocol == Protocol::One {
            param.truncate(16);
        }
        Ok((param, self.protocol.number()))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// A COSE key for key agreement (CTAP 2.1, 6.5.6: `alg` -25, which is not what is used).
fn to_cose(key: &PublicKey) -> Result<Value, Fault> {
    let point = key.to_sec1_point(false);
    let halves = point.as_bytes().get(1..).and_then(|both| both.split_at_checked(32));
    let (x, y) = halves.ok_or(Fault::Malformed("a key of ours"))?;
    Ok(Value::Map(vec![
        (Value::from(1), Value::from(2)),
        (Value::from(3), Value::from(-25)),
        (Value::from(-1), Value::from(1)),
        (Value::from(-2), Value::from(x)),
        (Value::from(-3), Value::from(y)),
    ]))
}

fn from_cose(key: Value) -> Result<PublicKey, Fault> {
    let mut fields = Fields::of(key)?;
    let wrong = Fault::Malformed("a key that is not on P-256");
    if fields.number::<i64>(1)? != Some(2) || fields.number::<i64>(-1)? != Some(1) {
        return Err(wrong);
    }
    let (Some(x), Some(y)) = (fields.bytes(-2)?, fields.bytes(-3)?) else { return Err(wrong) };
    if x.len() != 32 || y.len() != 32 {
        return Err(wrong);
    }
    PublicKey::from_sec1_bytes(&[&[4][..], &x, &y].concat()).map_err(|_| wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_that_no_key_can_have_is_not_sent() {
        let fits = |text: &str| Pin::new(&Secret::new(text.into())).is_some();
        assert!(fits("2580") && fits(&"9".repeat(63)));
        assert!(!fits("258") && !fits(&"9".repeat(64)) && !fits(""));
        // Four characters, not four bytes.
        assert!(!fits("éé"));
    }

    #[test]
    fn a_pin_is_hashed_in_form_c() {
        let pin = |text: &str| Pin::new(&Secret::new(text.into())).unwrap().0.to_string();
        assert_eq!(pin("cafe\u{301}"), "café");
    }

    #[test]
    fn a_point_that_is_not_on_the_curve_is_refused() {
        let key = |x: [u8; 32], y: [u8; 32]| {
            Value::Map(vec![
                (Value::from(1), Value::from(2)),
                (Value::from(-1), Value::from(1)),
                (Value::from(-2), Value::from(&x[..])),
                (Value::from(-3), Value::from(&y[..])),
            ])
        };
        assert!(from_cose(key([1; 32], [1; 32])).is_err());
        assert!(from_cose(key([0; 32], [0; 32])).is_err());
        assert!(Shared::agree(Protocol::Two, key([1; 32], [2; 32])).is_err());
    }

    #[test]
    fn m1_a_token_never_prints_itself() {
        let token = Token { protocol: Protocol::One, token: Zeroizing::new(vec![7; 32]) };
        assert_eq!(format!("{token:?}"), "[redacted]");
    }
}

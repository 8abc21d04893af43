//! What a stage key remembers.

use ciborium::Value;
use p256::SecretKey;
use p256::ecdsa::SigningKey;
use p256::elliptic_curve::Generate as _;

use super::crypto::{random, to_cose};
use super::{Lie, cbor};

/// PIN tries of a new key, and those before it wants to be inserted anew.
pub(super) const TRIES: u8 = 8;
pub(super) const TRIES_IN_A_ROW: u8 = 3;

/// How a key is made.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The PIN that is set, if one is.
    pub pin: Option<String>,
    /// Whether it verifies the user itself, as a fingerprint reader does.
    pub built_in_uv: bool,
    /// Which protocol.
    pub version: Version,
    /// PIN/UV auth protocols, the preferred one first.
    pub pin_protocols: Vec<u8>,
    /// False for a key that never waits for a touch, as a card on a reader.
    pub touch: bool,
    /// How many credentials it takes in a list.
    pub max_listed: u8,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            pin: Some("2580".into()),
            built_in_uv: false,
            version: Version::Ctap21,
            pin_protocols: vec![2, 1],
            touch: true,
            max_listed: 8,
        }
    }
}

/// The version of CTAP that a key speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// 2.0: `getPinToken`, no selection.
    Ctap20,
    /// 2.1.
    Ctap21,
}

/// What a relying party knows of a credential.
#[derive(Clone, Debug)]
pub struct Credential {
    /// Its id.
    pub id: Vec<u8>,
    /// Its public key as a COSE key in CBOR.
    pub public_key: Vec<u8>,
    /// For whom it is.
    pub rp_id: String,
    /// `user.id`.
    pub user_handle: Vec<u8>,
}

#[derive(Debug)]
pub(super) struct Kept {
    pub(super) id: Vec<u8>,
    pub(super) rp_id: String,
    pub(super) user_handle: Vec<u8>,
    pub(super) key: SigningKey,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) settings: Settings,
    pub(super) lie: Option<Lie>,
    pub(super) retries: u8,
    pub(super) wrong_in_a_row: u8,
    pub(super) agreement: SecretKey,
    /// The token, and for which relying party it may be used.
    pub(super) token: [u8; 32],
    pub(super) token_rp: Option<String>,
    pub(super) counter: u32,
    pub(super) kept: Vec<Kept>,
}

impl State {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            settings,
            lie: None,
            retries: TRIES,
            wrong_in_a_row: 0,
            agreement: SecretKey::generate(),
            token: random(),
            token_rp: None,
            counter: 100,
            kept: Vec::new(),
        }
    }

    pub(super) fn power_off(&mut self) {
        self.wrong_in_a_row = 0;
        self.agreement = SecretKey::generate();
        self.token = random();
        self.token_rp = None;
    }

    pub(super) fn new_credential(&mut self, rp_id: &str, user_handle: &[u8]) -> Credential {
        let key = SigningKey::generate();
        let id = random::<32>().to_vec();
        let public_key = cbor::encode(&cose(&key));
        let (rp_id, user_handle) = (rp_id.to_owned(), user_handle.to_vec());
        self.kept.push(Kept {
            id: id.clone(),
            rp_id: rp_id.clone(),
            user_handle: user_handle.clone(),
            key,
        });
        Credential { id, public_key, rp_id, user_handle }
    }

    /// The next value of the signature counter.
    pub(super) fn count(&mut self) -> u32 {
        if self.lie == Some(Lie::CounterBack) {
            self.counter = self.counter.saturating_sub(2);
        } else {
            self.counter += 1;
        }
        self.counter
    }
}

fn cose(key: &SigningKey) -> Value {
    to_cose(&p256::PublicKey::from(key.verifying_key()), -7)
}

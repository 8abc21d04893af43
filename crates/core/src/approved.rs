//! The `approval` object (digest §2.6.4): what a server says that it will act on, and what a passkey
//! signs when the server binds its challenge to it.
//!
//! **Promises.** The same members are shown, hashed and held against the challenge. An object whose
//! canonical form does not keep every digit is not hashed at all: two different actions would have
//! one challenge.
//!
//! **Never** take a member into the hash that is not shown.

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::json::{Digest, canonical, digest, exact_digest};
use crate::outcome::Assurance;

/// What a server says that it will act on, held against the request when it came.
#[derive(Clone, Debug, PartialEq)]
pub struct Approval {
    members: Map<String, Value>,
    canonical: Vec<u8>,
    hash: Digest,
    /// `min_assurance`, if it names one.
    pub min_assurance: Option<Assurance>,
    /// How many of the entries that were asked for are not in it.
    pub left_out: usize,
}

impl Approval {
    /// Of these members. `None` if they cannot be hashed, or if another object would have the same
    /// hash.
    #[must_use]
    pub fn of(members: Map<String, Value>) -> Option<Self> {
        let hash = digest(&members).ok()?;
        if exact_digest(&members).ok()? != hash {
            return None;
        }
        let canonical = canonical(&members).ok()?;
        Some(Self { members, canonical, hash, min_assurance: None, left_out: 0 })
    }

    /// All members, as the server sent them.
    #[must_use]
    pub const fn members(&self) -> &Map<String, Value> {
        &self.members
    }

    /// `approval_hash`: SHA-256 of JCS(approval).
    #[must_use]
    pub const fn hash(&self) -> &Digest {
        &self.hash
    }

    /// The WebAuthn challenge that commits to it (alg `S256-JCS`): SHA-256 of ASCII
    /// `ana-approval-v1`, a zero byte, the salt and JCS(approval).
    #[must_use]
    pub fn challenge(&self, salt: &[u8]) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(b"ana-approval-v1\0");
        hash.update(salt);
        hash.update(&self.canonical);
        hash.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// The vectors of `tests/interop/approval-vectors.json`: the first is the digest's own, the
    /// others were made with an implementation of RFC 8785 that is not ours.
    #[test]
    fn p7_the_hash_and_the_challenge_are_those_of_another_implementation() {
        use base64::Engine as _;
        use base64::engine::general_purpose::URL_SAFE_NO_PAD;
        let vectors = include_str!("../../../tests/interop/approval-vectors.json");
        let vectors: Vec<Value> = serde_json::from_str(vectors).unwrap();
        assert!(vectors.len() >= 2);
        for vector in vectors {
            let approval = Approval::of(vector["approval"].as_object().unwrap().clone()).unwrap();
            let salt = URL_SAFE_NO_PAD.decode(vector["salt"].as_str().unwrap()).unwrap();
            assert_eq!(approval.hash().as_str(), vector["approval_hash"], "{vector}");
            let challenge = URL_SAFE_NO_PAD.encode(approval.challenge(&salt));
            assert_eq!(challenge, vector["challenge"], "{vector}");
            assert_eq!(approval.canonical.len(), vector["bytes"], "{vector}");
        }
    }

    #[test]
    fn p7_the_order_of_members_does_not_matter_and_any_change_does() {
        let of = |value: Value| Approval::of(value.as_object().unwrap().clone()).unwrap();
        let one = of(json!({"a": 1, "b": ["x", {"c": true, "d": null}]}));
        let same = of(json!({"b": ["x", {"d": null, "c": true}], "a": 1}));
        assert_eq!(one.challenge(b"salt"), same.challenge(b"salt"));
        assert_ne!(one.challenge(b"salt"), one.challenge(b"tlas"), "the salt counts");
        let other = of(json!({"a": 1, "b": ["x", {"c": true, "d": false}]}));
        assert_ne!(one.challenge(b"salt"), other.challenge(b"salt"));
    }

    #[test]
    fn p7_a_number_that_the_hash_would_round_is_refused() {
        let of = |value: Value| Approval::of(value.as_object().unwrap().clone());
        assert!(of(json!({"amount": 9_007_199_254_740_991_i64})).is_some());
        assert!(of(json!({"amount": 9_007_199_254_740_993_i64})).is_none());
    }
}

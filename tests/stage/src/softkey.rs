//! A passkey in software: makes a credential, signs with it, and lies on command.
//!
//! It stands at the place of an authenticator, behind a client: what it gets is an `rpId` and the
//! hash of the client data, what it gives is authenticator data and a signature (WebAuthn §6.3.2 and
//! §6.3.3). Keys are in memory, the person is always there.
//!
//! **Never** use it for anything but tests: nobody is asked.

use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use sha2::{Digest as _, Sha256};

/// A key with its credentials.
#[derive(Debug, Default)]
pub struct SoftKey {
    credentials: Vec<Credential>,
    /// How it lies from now on.
    pub lie: Lie,
}

#[derive(Debug)]
struct Credential {
    id: Vec<u8>,
    rp_id: String,
    key: SigningKey,
    sign_count: u32,
}

/// What it does instead of the right thing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lie {
    /// Nothing: it is honest.
    #[default]
    None,
    /// Says that it did not verify the person.
    NoUserVerification,
    /// Says that nobody was there.
    NoUserPresence,
    /// Signs for another site.
    OtherSite,
    /// Names a credential that nobody asked for.
    OtherCredential,
    /// Its counter goes back by so much.
    CounterBack(u32),
    /// Signs something else.
    BadSignature,
}

/// A new credential.
#[derive(Clone, Debug)]
pub struct Made {
    /// Its id.
    pub credential_id: Vec<u8>,
    /// The attestation object, with the format `none`.
    pub attestation_object: Vec<u8>,
    /// The authenticator data that stand in it.
    pub authenticator_data: Vec<u8>,
}

impl Made {
    /// What a key with this credential would have said when it made it. `public_key` is a COSE key.
    #[must_use]
    pub fn unattested(rp_id: &str, id: &[u8], public_key: &[u8]) -> Self {
        let mut data = Sha256::digest(rp_id.as_bytes()).to_vec();
        data.push(USER_PRESENT | USER_VERIFIED | ATTESTED);
        data.extend(0_u32.to_be_bytes());
        // No AAGUID; then the credential id with its length, and its key.
        data.extend([0; 16]);
        data.extend(u16::try_from(id.len()).unwrap_or(u16::MAX).to_be_bytes());
        data.extend(id);
        data.extend(public_key);
        let attestation_object = unattested(&data);
        Self { credential_id: id.to_vec(), attestation_object, authenticator_data: data }
    }
}

/// An assertion.
#[derive(Clone, Debug)]
pub struct Signed {
    /// Which credential.
    pub credential_id: Vec<u8>,
    /// Authenticator data.
    pub authenticator_data: Vec<u8>,
    /// ASN.1 DER, as WebAuthn has it for ES256.
    pub signature: Vec<u8>,
}

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const ATTESTED: u8 = 0x40;

impl SoftKey {
    /// authenticatorMakeCredential for ES256.
    ///
    /// # Errors
    /// No randomness.
    pub fn make(&mut self, rp_id: &str) -> Result<Made, getrandom::Error> {
        let mut id = vec![0_u8; 32];
        getrandom::fill(&mut id)?;
        let key = loop {
            let mut scalar = [0_u8; 32];
            getrandom::fill(&mut scalar)?;
            if let Ok(key) = SigningKey::from_slice(&scalar) {
                break key;
            }
        };
        let made = Made::unattested(rp_id, &id, &cose(&key));
        self.credentials.push(Credential { id, rp_id: rp_id.to_owned(), key, sign_count: 0 });
        Ok(made)
    }

    /// True if it has this credential for this site.
    #[must_use]
    pub fn has(&self, rp_id: &str, id: &[u8]) -> bool {
        self.credentials.iter().any(|one| one.rp_id == rp_id && one.id == id)
    }

    /// authenticatorGetAssertion; `None` if it has none of these credentials for this site. An empty
    /// list means the newest that it has.
    pub fn sign(
        &mut self,
        rp_id: &str,
        client_data_hash: &[u8; 32],
        allowed: &[Vec<u8>],
    ) -> Option<Signed> {
        let known = |one: &&mut Credential| {
            one.rp_id == rp_id && (allowed.is_empty() || allowed.contains(&one.id))
        };
        let credential = self.credentials.iter_mut().rev().find(known)?;
        credential.sign_count = match self.lie {
            Lie::CounterBack(by) => credential.sign_count.saturating_sub(by),
            _ => credential.sign_count.saturating_add(1),
        };
        let site = if self.lie == Lie::OtherSite { "evil.example" } else { rp_id };
        let mut authenticator_data = Sha256::digest(site.as_bytes()).to_vec();
        authenticator_data.push(match self.lie {
            Lie::NoUserVerification => USER_PRESENT,
            Lie::NoUserPresence => USER_VERIFIED,
            _ => USER_PRESENT | USER_VERIFIED,
        });
        authenticator_data.extend(credential.sign_count.to_be_bytes());
        let mut signed = authenticator_data.clone();
        signed.extend(client_data_hash);
        if self.lie == Lie::BadSignature {
            signed.push(0);
        }
        let signature: Signature = credential.key.sign(&signed);
        let credential_id = match self.lie {
            Lie::OtherCredential => b"another credential".to_vec(),
            _ => credential.id.clone(),
        };
        let signature = signature.to_der().as_bytes().to_vec();
        Some(Signed { credential_id, authenticator_data, signature })
    }
}

/// COSE_Key of ES256 (RFC 9053 §7.1.1), in CTAP2's canonical CBOR.
fn cose(key: &SigningKey) -> Vec<u8> {
    let point = key.verifying_key().to_sec1_point(false);
    let bytes = point.as_bytes();
    // 04, then x and y of 32 bytes each.
    let (x, y) = (bytes.get(1..33).unwrap_or_default(), bytes.get(33..65).unwrap_or_default());
    let mut cbor = vec![0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
    cbor.extend(x);
    cbor.extend([0x22, 0x58, 0x20]);
    cbor.extend(y);
    cbor
}

/// `{"fmt": "none", "attStmt": {}, "authData": …}` as CBOR.
fn unattested(data: &[u8]) -> Vec<u8> {
    let mut cbor = vec![0xa3, 0x63];
    cbor.extend(b"fmt");
    cbor.push(0x64);
    cbor.extend(b"none");
    cbor.push(0x67);
    cbor.extend(b"attStmt");
    cbor.push(0xa0);
    cbor.push(0x68);
    cbor.extend(b"authData");
    cbor.push(0x59);
    cbor.extend(u16::try_from(data.len()).unwrap_or(u16::MAX).to_be_bytes());
    cbor.extend(data);
    cbor
}

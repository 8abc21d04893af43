//! A passkey that is to be made (Web Authentication Level 3, 5.4), in the standard's names.
//!
//! **Promises.** What an authenticator made is held against what was asked before anybody else sees
//! it ([`Created::fits`]).
//!
//! **Never** keep an attestation here: it would say more of the person's key than a server needs.

use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::passkey::{ClientData, PublicKeyCredentialDescriptor, Unfit};

/// A passkey that is wanted. User verification is always required.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Creation {
    /// `rp.id`, held against the enrolled server.
    pub rp_id: String,
    /// `rp.name`.
    pub rp_name: String,
    /// `user.id`: 1 to 64 bytes.
    pub user_id: Vec<u8>,
    /// `user.name`.
    pub user_name: String,
    /// `user.displayName`.
    pub user_display_name: String,
    /// What an authenticator gets the hash of; its type is `webauthn.create`.
    pub client_data: ClientData,
    /// `pubKeyCredParams`: COSE algorithms, best first.
    pub algorithms: Vec<i64>,
    /// A key that has one of these is not asked to make another.
    pub exclude_credentials: Vec<PublicKeyCredentialDescriptor>,
    /// The passkey is to be found without its id (`residentKey`: `required`).
    pub resident_key: bool,
    /// How long it may take.
    pub timeout: Duration,
}

/// A passkey that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    /// Its id: `id` and `rawId` of a `RegistrationResponseJSON`.
    pub credential_id: Vec<u8>,
    /// `attestationObject`, of format `none`.
    pub attestation_object: Vec<u8>,
    /// `authenticatorData`, as it stands in the attestation object.
    pub authenticator_data: Vec<u8>,
    /// The COSE algorithm of its public key.
    pub algorithm: i64,
    /// `transports`: the one that was used.
    pub transports: Vec<&'static str>,
}

/// Bits of the flags (WebAuthn §6.1).
const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const ATTESTED: u8 = 0x40;

impl Created {
    /// Holds the answer against what was asked. Gives the signature counter.
    ///
    /// # Errors
    /// [`Unfit`].
    pub fn fits(&self, wanted: &Creation) -> Result<u32, Unfit> {
        // WebAuthn §6.1: rpIdHash, flags, signCount; then aaguid, credentialIdLength, credentialId.
        let (rp_id_hash, rest) =
            self.authenticator_data.split_first_chunk::<32>().ok_or(Unfit::Malformed)?;
        let (flags, rest) = rest.split_first().ok_or(Unfit::Malformed)?;
        let (sign_count, rest) = rest.split_first_chunk::<4>().ok_or(Unfit::Malformed)?;
        if rp_id_hash != Sha256::digest(wanted.rp_id.as_bytes()).as_slice() {
            return Err(Unfit::OtherSite);
        }
        if flags & USER_PRESENT == 0 || flags & USER_VERIFIED == 0 {
            return Err(Unfit::NotVerified);
        }
        let (_aaguid, rest) = rest.split_first_chunk::<16>().ok_or(Unfit::Malformed)?;
        let (length, rest) = rest.split_first_chunk::<2>().ok_or(Unfit::Malformed)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let id = rest.get(..length).ok_or(Unfit::Malformed)?;
        if flags & ATTESTED == 0 || id.is_empty() || id != self.credential_id {
            return Err(Unfit::Malformed);
        }
        if !wanted.algorithms.contains(&self.algorithm) {
            return Err(Unfit::OtherAlgorithm);
        }
        if wanted.exclude_credentials.iter().any(|one| one.id == self.credential_id) {
            return Err(Unfit::OtherCredential);
        }
        Ok(u32::from_be_bytes(*sign_count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted() -> Creation {
        Creation {
            rp_id: "as.example".into(),
            rp_name: "Example".into(),
            user_id: b"sam".to_vec(),
            user_name: "sam".into(),
            user_display_name: "Sam".into(),
            client_data: ClientData::create(vec![7; 32], "https://as.example".into()),
            algorithms: vec![-7],
            exclude_credentials: vec![PublicKeyCredentialDescriptor {
                id: b"old".to_vec(),
                transports: Vec::new(),
            }],
            resident_key: false,
            timeout: Duration::from_secs(60),
        }
    }

    fn made(rp_id: &str, flags: u8, id: &[u8]) -> Created {
        let mut data = Sha256::digest(rp_id.as_bytes()).to_vec();
        data.push(flags);
        data.extend(3_u32.to_be_bytes());
        data.extend([0; 16]);
        data.extend(u16::try_from(id.len()).unwrap().to_be_bytes());
        data.extend(id);
        Created {
            credential_id: id.to_vec(),
            attestation_object: Vec::new(),
            authenticator_data: data,
            algorithm: -7,
            transports: vec!["usb"],
        }
    }

    #[test]
    fn p5_what_was_made_for_another_site_or_unverified_or_otherwise_does_not_fit() {
        assert_eq!(made("as.example", 0x45, b"new").fits(&wanted()), Ok(3));
        let unfit = |made: Created| made.fits(&wanted()).unwrap_err();
        assert_eq!(unfit(made("evil.example", 0x45, b"new")), Unfit::OtherSite);
        assert_eq!(unfit(made("as.example", 0x41, b"new")), Unfit::NotVerified);
        assert_eq!(unfit(made("as.example", 0x44, b"new")), Unfit::NotVerified);
        assert_eq!(unfit(made("as.example", 0x05, b"new")), Unfit::Malformed);
        assert_eq!(unfit(made("as.example", 0x45, b"")), Unfit::Malformed);
        assert_eq!(unfit(made("as.example", 0x45, b"old")), Unfit::OtherCredential);
        let other = Created { algorithm: -257, ..made("as.example", 0x45, b"new") };
        assert_eq!(unfit(other), Unfit::OtherAlgorithm);
        let other = Created { credential_id: b"two".to_vec(), ..made("as.example", 0x45, b"new") };
        assert_eq!(unfit(other), Unfit::Malformed);
        let mut short = made("as.example", 0x45, b"new");
        short.authenticator_data.truncate(56);
        assert_eq!(unfit(short), Unfit::Malformed);
    }
}

//! Authenticator data (WebAuthn Level 3, 6.1), read to its last byte.
//!
//! **Promises.** [`AuthData::check`] holds what a ceremony demands: our relying party, presence,
//! verification (P5), flags that do not contradict each other.

use ciborium::Value;
use placet_core::passkey::{CeremonyFault, Unfit};
use sha2::{Digest as _, Sha256};

use crate::ctap::{Fault, Fields};

const UP: u8 = 0x01;
const UV: u8 = 0x04;
const BE: u8 = 0x08;
const BS: u8 = 0x10;
const AT: u8 = 0x40;
const ED: u8 = 0x80;

/// What authenticator data says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct AuthData {
    rp_id_hash: [u8; 32],
    flags: u8,
    pub(crate) attested: Option<Attested>,
}

/// Attested credential data (6.5.1).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Attested {
    pub(crate) credential_id: Vec<u8>,
    /// `alg` of the public key.
    pub(crate) algorithm: i64,
}

impl AuthData {
    /// Out of the bytes, all of them.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Fault> {
        const SHORT: Fault = Fault::Malformed("authenticator data cut short");
        let (rp_id_hash, rest) = bytes.split_first_chunk::<32>().ok_or(SHORT)?;
        let (&flags, rest) = rest.split_first().ok_or(SHORT)?;
        let (_sign_count, mut rest) = rest.split_first_chunk::<4>().ok_or(SHORT)?;
        let attested = if flags & AT == 0 {
            None
        } else {
            let (_aaguid, more) = rest.split_first_chunk::<16>().ok_or(SHORT)?;
            let (length, more) = more.split_first_chunk::<2>().ok_or(SHORT)?;
            let length = usize::from(u16::from_be_bytes(*length));
            let (id, more) = more.split_at_checked(length).ok_or(SHORT)?;
            if !(1..=1023).contains(&length) {
                return Err(Fault::Malformed("a credential id of another length"));
            }
            rest = more;
            let mut key = Fields::of(cbor(&mut rest)?)?;
            let algorithm = key.number(3)?.ok_or(Fault::Malformed("a public key"))?;
            Some(Attested { credential_id: id.to_vec(), algorithm })
        };
        if flags & ED != 0 {
            // Nobody asked for extensions; they are signed and say nothing to us.
            Fields::of(cbor(&mut rest)?)?;
        }
        if !rest.is_empty() {
            return Err(Fault::Malformed("authenticator data with something after it"));
        }
        Ok(Self { rp_id_hash: *rp_id_hash, flags, attested })
    }

    /// Whether it is what was asked for.
    pub(crate) fn check(&self, rp_id: &str) -> Result<(), CeremonyFault> {
        if self.rp_id_hash != *Sha256::digest(rp_id.as_bytes()) {
            return Err(Unfit::OtherSite.into());
        }
        if self.flags & UV == 0 {
            return Err(CeremonyFault::NotVerified);
        }
        if self.flags & UP == 0 {
            return Err(Unfit::NotVerified.into());
        }
        // WebAuthn 6.1.3: what is backed up must be eligible for it.
        if self.flags & BS != 0 && self.flags & BE == 0 {
            return Err(other("it says that a passkey is backed up which cannot be"));
        }
        Ok(())
    }
}

/// For developers, without a secret.
pub(crate) fn other(what: &str) -> CeremonyFault {
    CeremonyFault::Other(what.to_owned())
}

fn cbor(rest: &mut &[u8]) -> Result<Value, Fault> {
    ciborium::from_reader(rest).map_err(|_| Fault::Malformed("authenticator data without CBOR"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(flags: u8, tail: &[u8]) -> Vec<u8> {
        [&Sha256::digest(b"as.example")[..], &[flags], &7_u32.to_be_bytes(), tail].concat()
    }

    #[test]
    fn p5_flags_must_show_the_person_verified_and_present() {
        let check = |flags| AuthData::read(&data(flags, &[])).unwrap().check("as.example");
        assert_eq!(check(UP | UV), Ok(()));
        assert_eq!(check(UP), Err(CeremonyFault::NotVerified));
        assert!(check(UV).is_err());
        assert_eq!(check(UP | UV | BE | BS), Ok(()));
        assert!(check(UP | UV | BS).is_err());
    }

    #[test]
    fn data_of_another_relying_party_is_refused() {
        let read = AuthData::read(&data(UP | UV, &[])).unwrap();
        assert!(read.check("as.example.com").is_err());
    }

    #[test]
    fn every_byte_is_understood() {
        let whole = data(UP | UV, &[]);
        for length in 0..whole.len() {
            assert!(AuthData::read(&whole[..length]).is_err(), "{length} bytes");
        }
        assert!(AuthData::read(&data(UP | UV, &[0])).is_err(), "a byte after the end");
        assert!(AuthData::read(&data(UP | UV | ED, b"\xa1\x61x\xf5")).is_ok(), "extensions");
        assert!(AuthData::read(&data(UP | UV | ED, b"\xf5")).is_err(), "extensions without a map");
        assert!(AuthData::read(&data(UP | UV | AT, &[0; 18])).is_err(), "an empty credential id");
    }
}

//! What a passkey ceremony (Web Authentication Level 3) takes and gives, in the standard's names.
//!
//! Placet is the WebAuthn client here: no browser holds `rpId` against the origin for us. The checks
//! stand where the server's question is read (`placet-fipa`); what passes them is a [`Wanted`].
//!
//! **Promises.** [`ClientData`] is the one place where `clientDataJSON` is made, in the exact
//! serialization of WebAuthn §5.8.1.1, so that what is signed is what was checked.
//!
//! **Never** keep a PIN here: it goes from [`crate::ports::CeremonyUi::pin`] to the authenticator.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// An assertion that is wanted of an authenticator. User verification is always required (P5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The relying party id, held against the enrolled server.
    pub rp_id: String,
    /// What is signed; an authenticator gets its hash.
    pub client_data: ClientData,
    /// The credentials that the server takes. Empty means any that the authenticator finds.
    pub allow_credentials: Vec<PublicKeyCredentialDescriptor>,
    /// Which kinds of authenticator the server suggests, best first. Advice only.
    pub hints: Vec<Hint>,
    /// How long it may take: 15 s to 10 min.
    pub timeout: Duration,
}

/// `PublicKeyCredentialDescriptor` with the type `public-key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKeyCredentialDescriptor {
    /// 1 to 1023 bytes.
    pub id: Vec<u8>,
    /// `AuthenticatorTransport` values as the server wrote them: `usb`, `nfc`, `ble`, `hybrid`,
    /// `internal`, and what is unknown. Advice only.
    pub transports: Vec<String>,
}

/// `PublicKeyCredentialHint`; unknown ones are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint {
    /// `security-key`
    SecurityKey,
    /// `client-device`
    ClientDevice,
    /// `hybrid`
    Hybrid,
}

/// `CollectedClientData` (P4): never cross-origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientData {
    /// `type`: `webauthn.get` or `webauthn.create`.
    kind: &'static str,
    challenge: Vec<u8>,
    origin: String,
}

impl ClientData {
    /// For this challenge and origin. The origin is an ASCII serialization (HTML).
    #[must_use]
    pub fn get(challenge: Vec<u8>, origin: String) -> Self {
        Self { kind: "webauthn.get", challenge, origin }
    }

    /// The same for a passkey that is to be made: no signature over it can pass for an assertion.
    #[must_use]
    pub fn create(challenge: Vec<u8>, origin: String) -> Self {
        Self { kind: "webauthn.create", challenge, origin }
    }

    /// The challenge, decoded.
    #[must_use]
    pub fn challenge(&self) -> &[u8] {
        &self.challenge
    }

    /// The origin.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// `clientDataJSON` by the algorithm of WebAuthn §5.8.1.1, "Serialization".
    #[must_use]
    pub fn json(&self) -> Vec<u8> {
        // 1-2. The type.
        let mut result = br#"{"type":"#.to_vec();
        result.extend(ccd_to_string(self.kind));
        // 3-4. The challenge.
        result.extend(br#","challenge":"#);
        result.extend(ccd_to_string(&URL_SAFE_NO_PAD.encode(&self.challenge)));
        // 5-6. The origin.
        result.extend(br#","origin":"#);
        result.extend(ccd_to_string(&self.origin));
        // 7-9. crossOrigin; there is no topOrigin without it.
        result.extend(br#","crossOrigin":false"#);
        // 10-12. Nothing else is in it.
        result.push(b'}');
        result
    }

    /// The hash of the serialized client data.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.json()).into()
    }
}

/// `CCDToString` of WebAuthn §5.8.1.1.
fn ccd_to_string(text: &str) -> Vec<u8> {
    let mut encoded = vec![b'"'];
    for c in text.chars() {
        match c {
            '\u{20}' | '\u{21}' | '\u{23}'..='\u{5b}' | '\u{5d}'..='\u{10ffff}' => {
                encoded.extend(c.encode_utf8(&mut [0; 4]).bytes());
            }
            '"' => encoded.extend(br#"\""#),
            '\\' => encoded.extend(br"\\"),
            control => encoded.extend(format!("\\u{:04x}", u32::from(control)).bytes()),
        }
    }
    encoded.push(b'"');
    encoded
}

/// A passkey that a server asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passkey {
    /// For the authenticator.
    pub wanted: Wanted,
    /// Whether the challenge commits to the action that is shown (digest §2.6.4), as was checked
    /// when it came.
    pub binding: Binding,
}

/// What a passkey's signature says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// The challenge is random: a person authenticated.
    Unbound,
    /// The challenge is made from the server's `approval`: the signature covers the action.
    Bound,
}

/// What an authenticator gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assertion {
    /// Which credential: filled in also where the authenticator leaves it out because only one was
    /// allowed.
    pub credential_id: Vec<u8>,
    /// Authenticator data, as it was signed.
    pub authenticator_data: Vec<u8>,
    /// The signature over authenticator data and [`ClientData::hash`].
    pub signature: Vec<u8>,
    /// The user handle, if the authenticator gave one.
    pub user_handle: Option<Vec<u8>>,
    /// How the authenticator is attached.
    pub authenticator_attachment: AuthenticatorAttachment,
    /// What keeps the private key.
    pub keeping: Keeping,
}

/// `AuthenticatorAttachment`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthenticatorAttachment {
    /// `platform`: a part of this machine.
    Platform,
    /// `cross-platform`: a security key, a phone.
    CrossPlatform,
}

impl AuthenticatorAttachment {
    /// The standard's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::CrossPlatform => "cross-platform",
        }
    }
}

impl Assertion {
    /// Holds the answer against what was asked, before anybody else sees it: a lying authenticator's
    /// is not sent. Gives the signature counter.
    ///
    /// # Errors
    /// [`Unfit`].
    pub fn fits(&self, wanted: &Wanted) -> Result<u32, Unfit> {
        // WebAuthn §6.1: 32 bytes rpIdHash, one of flags, four of signCount.
        let (rp_id_hash, rest) =
            self.authenticator_data.split_first_chunk::<32>().ok_or(Unfit::Malformed)?;
        let (flags, rest) = rest.split_first().ok_or(Unfit::Malformed)?;
        let (sign_count, _) = rest.split_first_chunk::<4>().ok_or(Unfit::Malformed)?;
        if rp_id_hash != Sha256::digest(wanted.rp_id.as_bytes()).as_slice() {
            return Err(Unfit::OtherSite);
        }
        if flags & USER_PRESENT == 0 || flags & USER_VERIFIED == 0 {
            return Err(Unfit::NotVerified);
        }
        let allowed = &wanted.allow_credentials;
        if !allowed.is_empty() && allowed.iter().all(|one| one.id != self.credential_id) {
            return Err(Unfit::OtherCredential);
        }
        if self.credential_id.is_empty() || self.signature.is_empty() {
            return Err(Unfit::Malformed);
        }
        Ok(u32::from_be_bytes(*sign_count))
    }
}

/// Bits of the flags (WebAuthn §6.1).
const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;

/// Whether a signature counter moved on (WebAuthn §7.2, step 22): one that stands still or goes back
/// belongs to a copy of the key. Zero and zero is an authenticator without a counter.
///
/// # Errors
/// [`Unfit::CounterBack`].
pub fn counted_on(before: Option<u32>, now: u32) -> Result<(), Unfit> {
    match before.unwrap_or(0) {
        0 if now == 0 => Ok(()),
        before if now > before => Ok(()),
        _ => Err(Unfit::CounterBack),
    }
}

/// Why an authenticator's answer is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It is not authenticator data and a signature.
    #[error("the authenticator's answer cannot be read")]
    Malformed,
    /// Its rpIdHash is of another `rpId`.
    #[error("the authenticator signed for another site")]
    OtherSite,
    /// UP or UV is not set (P5).
    #[error("the authenticator did not verify the person")]
    NotVerified,
    /// It used a credential that the server did not name.
    #[error("the authenticator used another passkey than was asked for")]
    OtherCredential,
    /// It made a passkey of a kind that was not asked for.
    #[error("the authenticator made a passkey of another kind than was asked for")]
    OtherAlgorithm,
    /// Its counter went back, or stood still.
    #[error("the authenticator's counter went back, as that of a copy would")]
    CounterBack,
}

/// What keeps a private key (design §2: `passkey` or `passkey-software`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// A security key, a TPM.
    Hardware,
    /// A file that programs of the same user can read.
    Software,
}

/// How far a ceremony is: what the person is told to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CeremonyStep {
    /// No authenticator is there yet: one is to be put in or held to the reader.
    Looking,
    /// Several are there: the one to be used is to be touched.
    Choosing,
    /// The authenticator waits for the person's touch.
    Touch,
    /// Nothing is to be done.
    Working,
}

/// Why a ceremony gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CeremonyFault {
    /// The person ended it, at the authenticator or by giving no PIN.
    #[error("the person ended it")]
    Cancelled,
    /// [`Wanted::timeout`] has passed, or the authenticator's own.
    #[error("it took too long")]
    Deadline,
    /// No authenticator can be reached at all.
    #[error("there is no authenticator")]
    NoAuthenticator,
    /// The authenticator holds none of the credentials.
    #[error("the authenticator has no passkey for this server")]
    NoCredential,
    /// The authenticator has a passkey that was not to be made twice.
    #[error("the authenticator has a passkey for this server already")]
    Excluded,
    /// The authenticator has no PIN set and no other way to verify the person.
    #[error("the authenticator cannot verify the person: no PIN is set")]
    PinNotSet,
    /// Too many wrong PINs in a row: it has to be taken out and put in again.
    #[error("too many wrong PINs: take it out and put it in again")]
    PinAuthBlocked,
    /// No tries are left: it has to be reset, which deletes its passkeys.
    #[error("the PIN is blocked")]
    PinBlocked,
    /// The authenticator's own way to verify the person (a fingerprint) failed too often.
    #[error("the authenticator could not verify the person")]
    UvBlocked,
    /// It was taken out.
    #[error("the authenticator was removed")]
    Removed,
    /// It answered without having verified the person, whatever it said before.
    #[error("the authenticator did not verify the person")]
    NotVerified,
    /// Its answer does not fit what was asked: it lies, or is broken.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// Anything else, for developers. Holds no secret.
    #[error("the authenticator failed: {0}")]
    Other(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p4_client_data_is_serialized_as_the_standard_says() {
        let challenge = URL_SAFE_NO_PAD.decode("OE7yR-wMZs2_li8yDtd3hglo_sPwNWwxOybA_JjDzDs");
        let data = ClientData::get(challenge.unwrap(), "https://as.example".into());
        assert_eq!(
            String::from_utf8(data.json()).unwrap(),
            concat!(
                r#"{"type":"webauthn.get","challenge":"OE7yR-wMZs2_li8yDtd3hglo_sPwNWwxOybA_JjDzDs","#,
                r#""origin":"https://as.example","crossOrigin":false}"#
            )
        );
    }

    #[test]
    fn p4_what_would_break_the_text_is_escaped_as_the_standard_says() {
        let text = ccd_to_string("a\"b\\c\n\u{7f}é\u{1f600}");
        assert_eq!(String::from_utf8(text).unwrap(), "\"a\\\"b\\\\c\\u000a\u{7f}é\u{1f600}\"");
    }
}

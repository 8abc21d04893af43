//! CTAP2 messages: a command's number, then CBOR in the canonical form of CTAP 2.1, 8.
//!
//! **Promises.** What is read is a map whose values have the types that are asked for; anything else
//! is [`Fault::Malformed`]. Bytes after the end are not CBOR of ours.
//!
//! **Never** trust a key with more than its own answer: it may be a program that plays one.

use ciborium::Value;
use placet_core::passkey::CeremonyFault;

/// `authenticatorMakeCredential`.
pub(crate) const MAKE_CREDENTIAL: u8 = 0x01;
/// `authenticatorGetAssertion`.
pub(crate) const GET_ASSERTION: u8 = 0x02;
/// `authenticatorGetInfo`.
pub(crate) const GET_INFO: u8 = 0x04;
/// `authenticatorClientPIN`.
pub(crate) const CLIENT_PIN: u8 = 0x06;
/// `authenticatorSelection`.
pub(crate) const SELECTION: u8 = 0x0b;

/// Statuses that mean something to us (CTAP 2.1, 8.2).
pub(crate) mod status {
    pub(crate) const OPERATION_DENIED: u8 = 0x27;
    pub(crate) const CREDENTIAL_EXCLUDED: u8 = 0x19;
    pub(crate) const KEEPALIVE_CANCEL: u8 = 0x2d;
    pub(crate) const NO_CREDENTIALS: u8 = 0x2e;
    pub(crate) const USER_ACTION_TIMEOUT: u8 = 0x2f;
    pub(crate) const PIN_INVALID: u8 = 0x31;
    pub(crate) const PIN_BLOCKED: u8 = 0x32;
    pub(crate) const PIN_AUTH_INVALID: u8 = 0x33;
    pub(crate) const PIN_AUTH_BLOCKED: u8 = 0x34;
    pub(crate) const PIN_NOT_SET: u8 = 0x35;
    pub(crate) const PIN_POLICY_VIOLATION: u8 = 0x37;
    pub(crate) const ACTION_TIMEOUT: u8 = 0x3a;
    pub(crate) const UV_BLOCKED: u8 = 0x3c;
    pub(crate) const UV_INVALID: u8 = 0x3f;
}

/// Why a key gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It answered with this status.
    Status(u8),
    /// It is not there any more.
    Removed,
    /// The transport got no answer: it refuses such messages, or is being taken out.
    Unanswered,
    /// Its answer is not what the command's answer has to be.
    Malformed(&'static str),
    /// The driver failed.
    Driver(String),
}

impl From<Fault> for CeremonyFault {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Removed => Self::Removed,
            Fault::Malformed(what) => Self::Other(format!("its answer is not understood: {what}")),
            Fault::Driver(what) => Self::Other(what),
            Fault::Unanswered => Self::Other("it does not answer".into()),
            Fault::Status(status) => match status {
                status::OPERATION_DENIED | status::KEEPALIVE_CANCEL => Self::Cancelled,
                status::USER_ACTION_TIMEOUT | status::ACTION_TIMEOUT => Self::Deadline,
                status::NO_CREDENTIALS => Self::NoCredential,
                status::PIN_NOT_SET => Self::PinNotSet,
                status::PIN_AUTH_BLOCKED => Self::PinAuthBlocked,
                status::PIN_BLOCKED => Self::PinBlocked,
                status::UV_BLOCKED | status::UV_INVALID => Self::UvBlocked,
                status::CREDENTIAL_EXCLUDED => Self::Excluded,
                status::PIN_POLICY_VIOLATION => {
                    Self::Other("its PIN has to be changed first".into())
                }
                other => Self::Other(format!("CTAP status 0x{other:02x}")),
            },
        }
    }
}

/// A command with its parameters, which stand in the order of their numbers.
pub(crate) fn message(command: u8, parameters: Vec<(u8, Value)>) -> Vec<u8> {
    let map = parameters.into_iter().map(|(key, value)| (Value::from(key), value)).collect();
    let mut out = vec![command];
    // A vector takes all that is written to it.
    let _ = ciborium::into_writer(&Value::Map(map), &mut out);
    out
}

/// A map with words as keys; the caller keeps the canonical order: shorter first, then by bytes.
pub(crate) fn words<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Map(entries.into_iter().map(|(key, value)| (Value::from(key), value)).collect())
}

/// The fields of an answer.
#[derive(Debug)]
pub(crate) struct Fields(Vec<(Value, Value)>);

impl Fields {
    /// Out of an answer's CBOR. An answer without any is one without fields.
    pub(crate) fn read(mut cbor: &[u8]) -> Result<Self, Fault> {
        if cbor.is_empty() {
            return Ok(Self(Vec::new()));
        }
        let value = ciborium::from_reader(&mut cbor).map_err(|_| Fault::Malformed("no CBOR"))?;
        if !cbor.is_empty() {
            return Err(Fault::Malformed("CBOR with something after it"));
        }
        Self::of(value)
    }

    /// Out of a map inside of an answer.
    pub(crate) fn of(value: Value) -> Result<Self, Fault> {
        let entries = value.into_map().map_err(|_| Fault::Malformed("no map"))?;
        let twice = |(at, (key, _)): (usize, &(Value, Value))| {
            entries.iter().skip(at + 1).any(|(other, _)| other == key)
        };
        if entries.iter().enumerate().any(twice) {
            return Err(Fault::Malformed("a map with a key twice"));
        }
        Ok(Self(entries))
    }

    /// Takes what stands under a number or a word.
    pub(crate) fn take(&mut self, key: impl Into<Value>) -> Option<Value> {
        let key = key.into();
        let at = self.0.iter().position(|(found, _)| *found == key)?;
        Some(self.0.swap_remove(at).1)
    }

    /// The bytes under a key.
    pub(crate) fn bytes(&mut self, key: impl Into<Value>) -> Result<Option<Vec<u8>>, Fault> {
        self.typed(key, Value::into_bytes)
    }

    /// The list under a key.
    pub(crate) fn list(&mut self, key: impl Into<Value>) -> Result<Option<Vec<Value>>, Fault> {
        self.typed(key, Value::into_array)
    }

    /// The map under a key.
    pub(crate) fn map(&mut self, key: impl Into<Value>) -> Result<Option<Self>, Fault> {
        self.take(key).map(Self::of).transpose()
    }

    /// The number under a key, if it fits.
    pub(crate) fn number<T: TryFrom<i128>>(
        &mut self,
        key: impl Into<Value>,
    ) -> Result<Option<T>, Fault> {
        let Some(value) = self.typed(key, Value::into_integer)? else { return Ok(None) };
        let number = T::try_from(i128::from(value));
        number.map(Some).map_err(|_| Fault::Malformed("a number that is too large"))
    }

    fn typed<T>(
        &mut self,
        key: impl Into<Value>,
        into: impl FnOnce(Value) -> Result<T, Value>,
    ) -> Result<Option<T>, Fault> {
        let Some(value) = self.take(key) else { return Ok(None) };
        into(value).map(Some).map_err(|_| Fault::Malformed("a value of another type"))
    }
}

/// What a key says of itself (`authenticatorGetInfo`), as far as it matters here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Info {
    /// It speaks CTAP 2 at all.
    pub(crate) speaks_ctap2: bool,
    /// It knows `authenticatorSelection`.
    pub(crate) speaks_ctap21: bool,
    /// A PIN is set.
    pub(crate) client_pin: bool,
    /// It can verify the user itself, and is set up for it.
    pub(crate) uv: bool,
    /// It gives tokens with permissions.
    pub(crate) pin_uv_auth_token: bool,
    /// The PIN/UV auth protocols it knows, its favourite first.
    pub(crate) pin_protocols: Vec<u8>,
    /// Bytes in a message, at most.
    pub(crate) max_message: usize,
    /// Credentials in a list, at most.
    pub(crate) max_listed: usize,
}

/// What a key that does not say takes (CTAP 2.1, 6.4: `maxMsgSize`).
const MESSAGE_OF_THE_SILENT: usize = 1024;

impl Info {
    /// Out of the answer.
    pub(crate) fn read(cbor: &[u8]) -> Result<Self, Fault> {
        let mut fields = Fields::read(cbor)?;
        let versions = fields.list(1)?.ok_or(Fault::Malformed("no versions"))?;
        let speaks = |version: &str| versions.iter().any(|it| it.as_text() == Some(version));
        let mut options = fields.map(4)?.unwrap_or(Fields(Vec::new()));
        let mut option = |name: &str| options.take(name).and_then(|value| value.as_bool());
        let protocols = fields.list(6)?.unwrap_or_default();
        Ok(Self {
            speaks_ctap2: speaks("FIDO_2_0") || speaks("FIDO_2_1") || speaks("FIDO_2_1_PRE"),
            speaks_ctap21: speaks("FIDO_2_1"),
            client_pin: option("clientPin") == Some(true),
            uv: option("uv") == Some(true),
            pin_uv_auth_token: option("pinUvAuthToken") == Some(true),
            pin_protocols: protocols
                .iter()
                .filter_map(|protocol| u8::try_from(i128::from(protocol.as_integer()?)).ok())
                .collect(),
            max_message: fields.number(5)?.unwrap_or(MESSAGE_OF_THE_SILENT),
            max_listed: fields.number(7)?.unwrap_or(usize::MAX).max(1),
        })
    }

    /// True if it can tell who holds it.
    pub(crate) fn can_verify(&self) -> bool {
        self.client_pin || self.uv
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_canonical_cbor_behind_its_number() {
        let made = message(
            GET_ASSERTION,
            vec![(1, Value::from("example.com")), (5, words([("up", Value::Bool(false))]))],
        );
        // CTAP 2.1, 8: the shortest forms, keys in order.
        let wanted = b"\x02\xa2\x01\x6bexample.com\x05\xa1\x62up\xf4";
        assert_eq!(made, wanted);
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        for (bytes, why) in [
            (&b"\xff"[..], "a break alone"),
            (b"\xa1\x01", "a map that ends early"),
            (b"\x01", "a number"),
            (b"\xa1\x01\x02\x00", "something after it"),
            (b"\xa2\x01\x02\x01\x03", "a key twice"),
        ] {
            assert!(Fields::read(bytes).is_err(), "{why}");
        }
        let mut fields = Fields::read(b"\xa1\x01\x02").unwrap();
        assert_eq!(fields.bytes(1), Err(Fault::Malformed("a value of another type")));
    }

    #[test]
    fn a_deep_nest_of_lists_is_refused_and_does_not_end_the_program() {
        let deep = vec![0x81; 100_000];
        assert!(Fields::read(&deep).is_err());
    }

    #[test]
    fn a_key_that_says_little_is_taken_at_its_least() {
        let info = Info::read(b"\xa1\x01\x81\x68FIDO_2_0").unwrap();
        assert!(info.speaks_ctap2 && !info.speaks_ctap21 && !info.can_verify());
        assert_eq!((info.max_message, info.max_listed), (1024, usize::MAX));
    }
}

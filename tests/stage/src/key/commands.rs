//! The other commands: getInfo, makeCredential, getAssertion, selection (CTAP 2.1, 6.1 to 6.9).

use ciborium::Value;
use p256::ecdsa::Signature;
use p256::ecdsa::signature::Signer as _;
use sha2::{Digest as _, Sha256};

use super::Lie;
use super::cbor::{at, bytes, decode, encode, map, number, under, words};
use super::crypto::authenticate;
use super::state::{State, Version};

/// `authenticatorMakeCredential`.
pub const CREDENTIAL: u8 = 1;
/// `authenticatorGetAssertion`.
pub const SIGN: u8 = 2;
/// `authenticatorGetInfo`.
pub const INFO: u8 = 4;
/// `authenticatorClientPIN`.
pub const PIN: u8 = 6;
/// `authenticatorSelection`.
pub const SELECTION: u8 = 11;

/// A CTAP status that is not success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Status(u8);

impl Status {
    pub(super) const INVALID_COMMAND: Self = Self(0x01);
    pub(super) const INVALID_PARAMETER: Self = Self(0x02);
    pub(super) const INVALID_CBOR: Self = Self(0x12);
    pub(super) const MISSING_PARAMETER: Self = Self(0x14);
    pub(super) const LIMIT_EXCEEDED: Self = Self(0x15);
    pub(super) const CREDENTIAL_EXCLUDED: Self = Self(0x19);
    pub(super) const UNSUPPORTED_ALGORITHM: Self = Self(0x26);
    pub(super) const INVALID_OPTION: Self = Self(0x2c);
    pub(super) const NO_CREDENTIALS: Self = Self(0x2e);
    pub(super) const PIN_INVALID: Self = Self(0x31);
    pub(super) const PIN_BLOCKED: Self = Self(0x32);
    pub(super) const PIN_AUTH_INVALID: Self = Self(0x33);
    pub(super) const PIN_AUTH_BLOCKED: Self = Self(0x34);
    pub(super) const PIN_NOT_SET: Self = Self(0x35);
    pub(super) const PUAT_REQUIRED: Self = Self(0x36);
    pub(super) const INVALID_SUBCOMMAND: Self = Self(0x3e);
}

/// What a command ends with; success may carry nothing.
pub(super) type Reply = Result<Option<Value>, Status>;

/// Under which numbers a command keeps what user verification needs; the protocol follows `param`.
#[derive(Clone, Copy)]
struct Places {
    hash: u8,
    options: u8,
    param: u8,
}

const MAKING: Places = Places { hash: 1, options: 7, param: 8 };
const SIGNING: Places = Places { hash: 2, options: 5, param: 6 };

const UP: u8 = 0x01;
const UV: u8 = 0x04;
const AT: u8 = 0x40;
const ED: u8 = 0x80;

impl State {
    /// Whether this command waits for the person's finger.
    pub(super) fn wants_touch(&self, command: u8, body: &[u8]) -> bool {
        if !self.settings.touch {
            return false;
        }
        let Some(asked) = decode(body) else { return command == SELECTION };
        match command {
            SELECTION => true,
            // An assertion that cannot be made is refused at once. (A real key may want a touch
            // even then, lest a stranger learn what it holds.)
            SIGN => {
                self.is_verified(&asked, SIGNING).is_ok()
                    && !self.chosen(&asked).is_empty()
                    && !is_silent(&asked)
            }
            CREDENTIAL => is_selection(&asked) || self.is_verified(&asked, MAKING).is_ok(),
            _ => false,
        }
    }

    /// The answer to a command, with its status.
    pub(super) fn answer(&mut self, command: u8, body: &[u8]) -> Vec<u8> {
        let signs = command == SIGN || command == CREDENTIAL;
        match self.lie {
            Some(Lie::Nothing) if signs => return Vec::new(),
            Some(Lie::Garbage) if signs => return vec![0, 0xff, 0x00, 0x13],
            _ => {}
        }
        let asked = if body.is_empty() { Some(Value::Null) } else { decode(body) };
        let reply = asked.ok_or(Status::INVALID_CBOR).and_then(|asked| match command {
            INFO => Ok(Some(self.info())),
            PIN => self.client_pin(&asked),
            CREDENTIAL => self.make_credential(&asked),
            SIGN => self.get_assertion(&asked),
            SELECTION if self.settings.version == Version::Ctap21 => Ok(None),
            _ => Err(Status::INVALID_COMMAND),
        });
        match reply {
            Ok(Some(value)) => [vec![0], encode(&value)].concat(),
            Ok(None) => vec![0],
            Err(status) => vec![status.0],
        }
    }

    fn info(&self) -> Value {
        let modern = self.settings.version == Version::Ctap21;
        let mut versions = vec![Value::from("FIDO_2_0")];
        let mut options = vec![("rk", Value::Bool(true)), ("up", Value::Bool(true))];
        if self.settings.built_in_uv {
            options.push(("uv", Value::Bool(true)));
        }
        options.push(("plat", Value::Bool(false)));
        options.push(("clientPin", Value::Bool(self.settings.pin.is_some())));
        if modern {
            versions.push(Value::from("FIDO_2_1"));
            options.push(("pinUvAuthToken", Value::Bool(true)));
        }
        let protocols = self.settings.pin_protocols.iter().map(|p| Value::from(*p)).collect();
        map(vec![
            (1, Value::Array(versions)),
            (3, bytes(&[0; 16])),
            (4, words(options)),
            (5, Value::from(1200)),
            (6, Value::Array(protocols)),
            (7, Value::from(self.settings.max_listed)),
        ])
    }

    /// Whether the user was verified for this message: with a token of the PIN protocol, or by the
    /// key's own reader.
    fn is_verified(&self, asked: &Value, places: Places) -> Result<bool, Status> {
        let hash = at(asked, places.hash).and_then(Value::as_bytes);
        let hash = hash.ok_or(Status::MISSING_PARAMETER)?;
        if let Some(param) = at(asked, places.param).and_then(Value::as_bytes) {
            let protocol = at(asked, places.param + 1).and_then(number);
            let protocol = protocol.ok_or(Status::MISSING_PARAMETER)?;
            let rp = match at(asked, 1) {
                Some(Value::Text(rp)) => Some(rp.as_str()),
                _ => at(asked, 2).and_then(|rp| under(rp, "id")).and_then(Value::as_text),
            };
            let for_this_rp = self.token_rp.is_none() || self.token_rp.as_deref() == rp;
            if !for_this_rp || *param != authenticate(protocol, &self.token, hash) {
                return Err(Status::PIN_AUTH_INVALID);
            }
            return Ok(true);
        }
        match at(asked, places.options).and_then(|options| under(options, "uv")) {
            Some(Value::Bool(true)) if self.settings.built_in_uv => Ok(true),
            Some(Value::Bool(true)) => Err(Status::INVALID_OPTION),
            _ => Ok(false),
        }
    }

    fn make_credential(&mut self, asked: &Value) -> Reply {
        if is_selection(asked) {
            let set = self.settings.pin.is_some();
            return Err(if set { Status::PIN_INVALID } else { Status::PIN_NOT_SET });
        }
        let verified = self.is_verified(asked, MAKING)?;
        if !verified && self.settings.pin.is_some() {
            return Err(Status::PUAT_REQUIRED);
        }
        let text = |key, word| at(asked, key).and_then(|map| under(map, word));
        let rp_id = text(2, "id").and_then(Value::as_text).ok_or(Status::MISSING_PARAMETER)?;
        let user = text(3, "id").and_then(Value::as_bytes).ok_or(Status::MISSING_PARAMETER)?;
        let algorithms = at(asked, 4).and_then(Value::as_array);
        if !algorithms
            .is_some_and(|all| all.iter().any(|one| under(one, "alg") == Some(&Value::from(-7))))
        {
            return Err(Status::UNSUPPORTED_ALGORITHM);
        }
        let excluded = at(asked, 5).and_then(Value::as_array).cloned().unwrap_or_default();
        if self.kept.iter().any(|kept| kept.rp_id == rp_id && is_listed(&excluded, &kept.id)) {
            return Err(Status::CREDENTIAL_EXCLUDED);
        }
        let made = self.new_credential(rp_id, user);
        let length = u16::try_from(made.id.len()).unwrap_or_default().to_be_bytes();
        let attested = [&[0; 16][..], &length, &made.id, &made.public_key].concat();
        let data = self.data(rp_id, verified, UP | AT, &attested);
        Ok(Some(map(vec![
            (1, Value::from("none")),
            (2, bytes(&data)),
            (3, Value::Map(Vec::new())),
        ])))
    }

    /// Which of the kept credentials may sign.
    fn chosen(&self, asked: &Value) -> Vec<usize> {
        let rp_id = at(asked, 1).and_then(Value::as_text);
        let allowed = at(asked, 3).and_then(Value::as_array);
        self.kept
            .iter()
            .enumerate()
            .filter(|(_, kept)| Some(kept.rp_id.as_str()) == rp_id)
            .filter(|(_, kept)| allowed.is_none_or(|list| is_listed(list, &kept.id)))
            .map(|(index, _)| index)
            .collect()
    }

    fn get_assertion(&mut self, asked: &Value) -> Reply {
        let verified = self.is_verified(asked, SIGNING)?;
        let hash = at(asked, 2).and_then(Value::as_bytes).ok_or(Status::MISSING_PARAMETER)?;
        let listed = at(asked, 3).and_then(Value::as_array).map_or(0, Vec::len);
        if listed > usize::from(self.settings.max_listed) {
            return Err(Status::LIMIT_EXCEEDED);
        }
        let chosen = self.chosen(asked);
        let index = *chosen.first().ok_or(Status::NO_CREDENTIALS)?;
        let kept = self.kept.get(index).ok_or(Status::NO_CREDENTIALS)?;
        let (rp_id, key, user) = (kept.rp_id.clone(), kept.key.clone(), kept.user_handle.clone());
        let mut id = kept.id.clone();
        let present = if is_silent(asked) { 0 } else { UP };
        let data = self.data(&rp_id, verified, present, &[]);
        let mut signed = [&data[..], hash].concat();
        match self.lie {
            Some(Lie::BadSignature) => signed.push(0),
            Some(Lie::ForeignCredential) => id.reverse(),
            _ => {}
        }
        let signature: Signature = key.sign(&signed);
        let mut reply = Vec::new();
        if self.lie != Some(Lie::NoCredential) {
            reply.push((1, words(vec![("id", bytes(&id)), ("type", Value::from("public-key"))])));
        }
        reply.push((2, bytes(&data)));
        reply.push((3, bytes(signature.to_der().as_bytes())));
        reply.push((4, words(vec![("id", bytes(&user))])));
        Ok(Some(map(reply)))
    }

    /// Authenticator data (WebAuthn, 6.1), with these flags and UV if it is true.
    fn data(&mut self, rp_id: &str, verified: bool, more: u8, tail: &[u8]) -> Vec<u8> {
        let mut flags = more;
        if verified && self.lie != Some(Lie::NotVerified) {
            flags |= UV;
        }
        if self.lie == Some(Lie::NotPresent) {
            flags &= !UP;
        }
        let rp_id = if self.lie == Some(Lie::ForeignRp) { "elsewhere.example" } else { rp_id };
        let counter = self.count().to_be_bytes();
        let mut tail = tail.to_vec();
        if self.lie == Some(Lie::Extensions) {
            flags |= ED;
            tail.extend(encode(&words(vec![("made-up", Value::Bool(true))])));
        }
        let mut data = [&Sha256::digest(rp_id)[..], &[flags], &counter, &tail].concat();
        if self.lie == Some(Lie::CutShort) {
            data.truncate(36);
        }
        data
    }
}

/// The way in which CTAP 2.0 asks for a touch: an empty `pinUvAuthParam`.
fn is_selection(asked: &Value) -> bool {
    at(asked, 8).and_then(Value::as_bytes).is_some_and(Vec::is_empty)
}

/// Asked without a touch, only to hear whether there is something to sign with.
fn is_silent(asked: &Value) -> bool {
    at(asked, 5).and_then(|options| under(options, "up")) == Some(&Value::Bool(false))
}

fn is_listed(list: &[Value], id: &[u8]) -> bool {
    list.iter().any(|one| under(one, "id").and_then(Value::as_bytes).is_some_and(|it| it == id))
}

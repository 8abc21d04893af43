//! `authenticatorClientPIN` (CTAP 2.1, 6.5).

use ciborium::Value;
use p256::SecretKey;
use p256::elliptic_curve::Generate as _;
use sha2::{Digest as _, Sha256};

use super::cbor::{at, bytes, map, number};
use super::commands::{Reply, Status};
use super::crypto::{Shared, random, to_cose};
use super::state::{State, TRIES, TRIES_IN_A_ROW, Version};

impl State {
    /// One subcommand.
    pub(super) fn client_pin(&mut self, asked: &Value) -> Reply {
        let subcommand = at(asked, 2).and_then(number).ok_or(Status::MISSING_PARAMETER)?;
        let modern = self.settings.version == Version::Ctap21;
        match subcommand {
            1 => Ok(Some(map(vec![(3, Value::from(self.retries))]))),
            2 => {
                self.protocol(asked)?;
                Ok(Some(map(vec![(1, to_cose(&self.agreement.public_key(), -25))])))
            }
            5 => self.with_pin(asked, None),
            6 if modern && self.settings.built_in_uv => self.with_built_in(asked),
            9 if modern => {
                let rp = at(asked, 10).and_then(Value::as_text).map(str::to_owned);
                if at(asked, 9).and_then(number).is_none_or(|permissions| permissions == 0) {
                    return Err(Status::MISSING_PARAMETER);
                }
                self.with_pin(asked, rp)
            }
            _ => Err(Status::INVALID_SUBCOMMAND),
        }
    }

    fn protocol(&self, asked: &Value) -> Result<u8, Status> {
        at(asked, 1)
            .and_then(number)
            .filter(|protocol| self.settings.pin_protocols.contains(protocol))
            .ok_or(Status::INVALID_PARAMETER)
    }

    fn shared(&self, asked: &Value) -> Result<Shared, Status> {
        let theirs = at(asked, 3).ok_or(Status::MISSING_PARAMETER)?;
        Shared::new(self.protocol(asked)?, &self.agreement, theirs).ok_or(Status::INVALID_PARAMETER)
    }

    fn with_built_in(&mut self, asked: &Value) -> Reply {
        let shared = self.shared(asked)?;
        let rp = at(asked, 10).and_then(Value::as_text).map(str::to_owned);
        Ok(Some(self.new_token(&shared, rp)))
    }

    fn with_pin(&mut self, asked: &Value, rp: Option<String>) -> Reply {
        let Some(pin) = self.settings.pin.clone() else { return Err(Status::PIN_NOT_SET) };
        if self.retries == 0 {
            return Err(Status::PIN_BLOCKED);
        }
        if self.wrong_in_a_row >= TRIES_IN_A_ROW {
            return Err(Status::PIN_AUTH_BLOCKED);
        }
        let shared = self.shared(asked)?;
        let sealed = at(asked, 6).and_then(Value::as_bytes).ok_or(Status::MISSING_PARAMETER)?;
        // Tries are counted down before the PIN is looked at.
        self.retries -= 1;
        let wanted = Sha256::digest(pin.as_bytes());
        if shared.decrypt(sealed).as_deref() != wanted.get(..16) {
            self.agreement = SecretKey::generate();
            self.wrong_in_a_row += 1;
            return Err(if self.retries == 0 {
                Status::PIN_BLOCKED
            } else if self.wrong_in_a_row >= TRIES_IN_A_ROW {
                Status::PIN_AUTH_BLOCKED
            } else {
                Status::PIN_INVALID
            });
        }
        self.retries = TRIES;
        self.wrong_in_a_row = 0;
        Ok(Some(self.new_token(&shared, rp)))
    }

    fn new_token(&mut self, shared: &Shared, rp: Option<String>) -> Value {
        self.token = random();
        self.token_rp = rp;
        map(vec![(2, bytes(&shared.encrypt(&self.token)))])
    }
}

//! The scripted authorization server, at the port: asks for a code of eight digits, takes one,
//! and grants. What it holds must never reach an agent, so each of its texts is easy to find.

use std::time::Duration;

use placet_core::account::{Installation, Own, Registered};
use placet_core::creation::{Created, Creation};
use placet_core::form::{Filled, Form, Source, Values};
use placet_core::passkey::{Assertion, Binding, ClientData, Passkey, Wanted};
use placet_core::ports::{Challenge, Delivery, ServerError, Servers, Step};
use placet_core::request::{Authorization, Server};
use placet_core::secret::Secret;
use serde_json::json;

/// The one right code.
pub const OTP: &str = "48213907";
/// What it grants.
pub const CODE: &str = "SplxlOBeZQQYbYS6WxSbIA-granted";
/// Its message to the person.
pub const MESSAGE: &str = "Type the code of your authenticator, says the server.";
/// Its `error_description` (F10).
pub const DESCRIPTION: &str = "call the help desk at extension 7";
/// An issuer that has no metadata.
pub const NOWHERE: &str = "https://nowhere.example";
/// An issuer that refuses with a description.
pub const REFUSING: &str = "https://refusing.example";

/// An issuer that asks for a passkey.
pub const PASSKEYS: &str = "https://passkeys.example";

/// The server behind every issuer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scripted;

impl Scripted {
    fn challenge(self) -> Step<u32> {
        let schema = json!({
            "type": "object",
            "properties": { "otp": { "type": "string", "minLength": 8, "maxLength": 8, "pattern": "^[0-9]{8}$" } },
            "required": ["otp"],
        });
        Step::Challenged(Challenge {
            session: 1,
            message: MESSAGE.to_owned(),
            form: Form::parse(&schema, Source::Server).unwrap(),
            passkey: None,
            approval: None,
            attempts_remaining: Some(3),
            expires_in: None,
            clock_ahead: None,
            last: Delivery::Seen,
        })
    }
}

impl Scripted {
    fn passkey(self) -> Step<u32> {
        let wanted = Wanted {
            rp_id: "passkeys.example".to_owned(),
            client_data: ClientData::get(vec![7; 32], PASSKEYS.to_owned()),
            allow_credentials: Vec::new(),
            hints: Vec::new(),
            timeout: Duration::from_secs(120),
        };
        Step::Challenged(Challenge {
            session: 2,
            message: MESSAGE.to_owned(),
            form: Form::default(),
            passkey: Some(Box::new(Passkey { wanted, binding: Binding::Unbound })),
            approval: None,
            attempts_remaining: None,
            expires_in: None,
            clock_ahead: None,
            last: Delivery::Seen,
        })
    }
}

impl Servers for Scripted {
    type Session = u32;
    type Account = ();

    async fn look_at(&self, server: &Server) -> Result<String, ServerError> {
        if server.issuer == NOWHERE {
            return Err(ServerError::Unreachable(DESCRIPTION.to_owned()));
        }
        Ok(format!("{}/challenge", server.issuer))
    }

    async fn begin(&self, server: &Server, _asked: &Authorization, _passkeys: bool) -> Step<u32> {
        if server.issuer == REFUSING {
            return Step::Refused(ServerError::Refused(DESCRIPTION.to_owned()));
        }
        if server.issuer == PASSKEYS {
            return self.passkey();
        }
        self.challenge()
    }

    async fn answer(&self, _session: u32, values: Values) -> Step<u32> {
        match values.0.as_slice() {
            [(name, Filled::Secret(code))] if name == "otp" && code.expose() == OTP => {
                Step::Granted(Secret::new(CODE.to_owned()))
            }
            _ => self.challenge(),
        }
    }

    async fn present(&self, _session: u32, _assertion: Assertion) -> Step<u32> {
        Step::Granted(Secret::new(CODE.to_owned()))
    }

    async fn leave(&self, _session: u32, _declined: bool) {}

    async fn own(&self, server: &Server) -> Result<Own, ServerError> {
        if server.issuer != PASSKEYS {
            return Err(ServerError::NoPasskeysEndpoint);
        }
        let (code_verifier, code_challenge) = (Secret::new("v".repeat(43)), "c".repeat(43));
        Ok(Own { code_verifier, code_challenge })
    }

    async fn enter(&self, _: &Server, _: Secret, _: Secret) -> Result<(), ServerError> {
        Ok(())
    }

    async fn begin_passkey(&self, (): &mut ()) -> Result<Creation, ServerError> {
        Ok(Creation {
            rp_id: "passkeys.example".to_owned(),
            rp_name: "Passkeys".to_owned(),
            user_id: b"alice".to_vec(),
            user_name: "alice".to_owned(),
            user_display_name: "Alice".to_owned(),
            client_data: ClientData::create(vec![7; 32], PASSKEYS.to_owned()),
            algorithms: vec![-7],
            exclude_credentials: Vec::new(),
            resident_key: false,
            timeout: Duration::from_secs(120),
        })
    }

    async fn finish_passkey(
        &self,
        (): &mut (),
        _: &Creation,
        _: &Created,
        name: &str,
    ) -> Result<Registered, ServerError> {
        Ok(Registered { name: name.to_owned(), ..registered() })
    }

    async fn passkeys(&self, (): &mut ()) -> Result<Vec<Registered>, ServerError> {
        Ok(vec![registered()])
    }

    async fn rename_passkey(&self, (): &mut (), _: &str, _: &str) -> Result<(), ServerError> {
        Ok(())
    }

    async fn delete_passkey(&self, (): &mut (), _: &str) -> Result<(), ServerError> {
        Ok(())
    }

    fn installation(&self) -> Option<Installation> {
        Some(Installation { kid: "scripted".to_owned(), kept: "The key is kept in a script." })
    }

    async fn register_installation(&self, (): &mut ()) -> Result<(), ServerError> {
        Ok(())
    }
}

/// The one passkey that it knows.
fn registered() -> Registered {
    let (id, name) = ("pk_1".to_owned(), "blue key".to_owned());
    Registered { id, name, created_at: None, last_used_at: None }
}

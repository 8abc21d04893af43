//! What an answer of the challenge endpoint means (FiPA §5.2).
//!
//! **Promises.** The JSON member `error` decides, not the status (A9); a code comes only from
//! `authorization_code`, and never beside `access_token` or `error` (A11); any answer may replace
//! `auth_session` (A7). `auth_session` and the code are moved out of the parsed answer, not
//! copied.
//!
//! **Never** keep `error_description` (F10): it goes nowhere, not even into a log, because some
//! servers put what was typed into it.

use placet_core::json::{self, Limits};
use placet_core::ports::ServerError;
use placet_core::secret::Secret;
use serde_json::{Map, Value};

use crate::http::{Answer, Failure};

/// The longest error code of a server's own that is passed on.
const MAX_CODE: usize = 64;

/// An answer, understood.
#[derive(Debug)]
pub(crate) struct Reply {
    /// What it says.
    pub(crate) said: Said,
    /// The new `auth_session`, if it brought one.
    pub(crate) auth_session: Option<Secret>,
    /// As [`Answer::clock_ahead`].
    pub(crate) clock_ahead: Option<i64>,
}

/// What an answer says.
#[derive(Debug)]
pub(crate) enum Said {
    /// `authorization_code`.
    Granted(Secret),
    /// `insufficient_authorization`: all its members but `auth_session`.
    Asks(Map<String, Value>),
    /// It is over.
    Over(ServerError),
    /// 429: not looked at; seconds to wait, if it said.
    Throttled(Option<u64>),
    /// Nobody can know whether the server has done what it was asked.
    Doubt(String),
}

impl Reply {
    /// Understands what came back.
    pub(crate) fn read(heard: Result<Answer, Failure>) -> Self {
        match heard {
            Ok(answer) => Self::of(answer),
            Err(Failure::Unsent(why)) => Self::over(ServerError::Unreachable(why)),
            Err(Failure::Proxy(why)) => Self::over(ServerError::Proxy(why)),
            Err(Failure::Doubt(why)) => Self::without_session(Said::Doubt(why)),
            Err(Failure::TooLarge) => Self::over(broken("the answer is too long")),
        }
    }

    fn of(answer: Answer) -> Self {
        let status = answer.status;
        tracing::debug!(status, bytes = answer.body.len(), "the challenge endpoint answered");
        if (300..400).contains(&status) {
            return Self::over(broken("the answer is a redirect"));
        }
        let mut members = match object(&answer) {
            Ok(members) => members,
            Err(_) if status == 429 => {
                return Self::without_session(Said::Throttled(answer.retry_after));
            }
            Err(_) if status >= 500 => {
                return Self::without_session(Said::Doubt(format!("status {status}")));
            }
            Err(why) => return Self::over(why),
        };
        let auth_session = match members.shift_remove("auth_session") {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) if !text.is_empty() => Some(Secret::new(text)),
            Some(_) => return Self::over(broken("auth_session is not text")),
        };
        let said = match status {
            429 => Said::Throttled(answer.retry_after),
            _ => said(status, members),
        };
        Self { said, auth_session, clock_ahead: answer.clock_ahead }
    }

    fn over(error: ServerError) -> Self {
        Self::without_session(Said::Over(error))
    }

    fn without_session(said: Said) -> Self {
        Self { said, auth_session: None, clock_ahead: None }
    }
}

fn object(answer: &Answer) -> Result<Map<String, Value>, ServerError> {
    if !answer.is_json {
        return Err(broken("the answer is not labelled as JSON"));
    }
    match json::parse(&answer.body, Limits::SERVER) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(broken("the answer is not an object")),
        Err(why) => Err(broken(&format!("the answer cannot be read: {why}"))),
    }
}

fn said(status: u16, mut members: Map<String, Value>) -> Said {
    if members.contains_key("access_token") {
        return Said::Over(broken("the answer holds an access token"));
    }
    let code = members.shift_remove("authorization_code");
    let error = match members.get("error") {
        None => None,
        Some(Value::String(error)) if is_code(error) => Some(error.clone()),
        Some(_) => return Said::Over(broken("error is not an error code")),
    };
    match (error, code) {
        (Some(error), None) if error == "insufficient_authorization" => Said::Asks(members),
        (Some(error), None) => ended(status, error),
        (Some(_), Some(_)) => Said::Over(broken("the answer holds a code and an error")),
        (None, Some(Value::String(code))) if !code.is_empty() && status == 200 => {
            Said::Granted(Secret::new(code))
        }
        (None, Some(_)) => Said::Over(broken("authorization_code is not granted properly")),
        (None, None) if status >= 500 => Said::Doubt(format!("status {status}")),
        (None, None) => Said::Over(broken("the answer holds neither a code nor an error")),
    }
}

/// Every other error code (digest §1.3, §2.10-23).
fn ended(status: u16, error: String) -> Said {
    // Only codes that this file knows are logged: another could hold anything.
    Said::Over(match error.as_str() {
        "server_error" | "temporarily_unavailable" if status >= 500 => {
            return Said::Doubt(error);
        }
        "server_error" | "temporarily_unavailable" => ServerError::Unreachable(error),
        "access_denied" => ServerError::AccessDenied,
        "invalid_session" => ServerError::InvalidSession,
        "expired_token" => ServerError::Expired,
        "redirect_to_web" => ServerError::RedirectToWeb,
        "unmet_authentication_requirements" | "missing_interaction_type" => {
            ServerError::ServerCannot(error)
        }
        // A code for the requester cannot be bound to a key of ours (A14).
        "use_dpop_nonce" | "invalid_dpop_proof" => {
            ServerError::Unsupported("it wants a DPoP proof".to_owned())
        }
        // Polling belongs to url mode, which is not advertised.
        "authorization_pending" | "slow_down" => {
            ServerError::Unsupported("it wants to be polled".to_owned())
        }
        _ if error.len() <= MAX_CODE => ServerError::Refused(error),
        _ => ServerError::Refused("an error code of its own".to_owned()),
    })
}

/// RFC 6749 §5.2: %x20-21 / %x23-5B / %x5D-7E.
fn is_code(error: &str) -> bool {
    !error.is_empty() && error.bytes().all(|b| matches!(b, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}

fn broken(why: &str) -> ServerError {
    ServerError::Protocol(why.to_owned())
}

#[cfg(test)]
#[path = "reply_tests.rs"]
mod tests;

//! The `approval` object beside a challenge (digest §2.6.4 and §2.10-15): what the server says
//! that it will act on.
//!
//! This version shows the person the `authorization_details` that it sent itself (H2). So an
//! `approval` may only be that, or fewer of its entries; anything else is refused.
//!
//! **Promises.** Issuer, client, resource and details are held against the request; it stays the
//! same through all rounds.
//!
//! **Never** let an `approval` widen what the person saw.

use std::time::SystemTime;

use placet_core::json::{self, Digest};
use placet_core::ports::ServerError;
use placet_core::request::Authorization;
use serde_json::{Map, Value};

/// Seconds that two clocks may differ (digest §2.10-15).
const SKEW: u64 = 60;

/// An `approval` that fits the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Approval {
    hash: Digest,
    /// Seconds until its `exp`, the skew included.
    pub(crate) expires_in: Option<u64>,
}

impl Approval {
    /// Itself, if there was none before or the same.
    ///
    /// # Errors
    /// [`ServerError::Protocol`] for a change.
    pub(crate) fn same_as(self, before: Option<&Self>) -> Result<Self, ServerError> {
        match before {
            Some(before) if before.hash != self.hash => {
                Err(broken("the approval changed between two questions"))
            }
            _ => Ok(self),
        }
    }
}

/// Reads the member `approval`, if there is one.
///
/// # Errors
/// [`ServerError::Protocol`] if it is not about this request, [`ServerError::Expired`] after its
/// `exp`, [`ServerError::Unsupported`] if it demands or says what this version cannot do or show.
pub(crate) fn read(
    members: &Map<String, Value>,
    asked: &Authorization,
    client_id: &str,
    now: SystemTime,
) -> Result<Option<Approval>, ServerError> {
    let Some(approval) = members.get("approval") else { return Ok(None) };
    let approval = approval.as_object().ok_or_else(|| broken("the approval is not an object"))?;
    if approval.get("iss").and_then(Value::as_str) != Some(asked.issuer.as_str()) {
        return Err(broken("the approval is another issuer's"));
    }
    if approval.get("client_id").and_then(Value::as_str) != Some(client_id) {
        return Err(broken("the approval is for another client"));
    }
    if !asked.resource.iter().all(|resource| names(approval.get("aud"), resource)) {
        return Err(broken("the approval is not for the requested resource"));
    }
    within(approval.get("authorization_details"), asked)?;
    match approval.get("min_assurance") {
        None => {}
        Some(Value::String(level))
            if matches!(level.as_str(), "policy" | "gesture" | "gesture-trusted" | "otp") => {}
        Some(_) => {
            return Err(ServerError::Unsupported("it demands more than a code".to_owned()));
        }
    }
    let hash = json::digest(approval).map_err(|_| broken("the approval cannot be hashed"))?;
    Ok(Some(Approval { hash, expires_in: expires_in(approval, now)? }))
}

/// Every entry is one that was asked for, and none was made from another.
fn within(details: Option<&Value>, asked: &Authorization) -> Result<(), ServerError> {
    let entries = match details {
        None if asked.authorization_details.is_empty() => return Ok(()),
        None => return Err(broken("the approval has no authorization_details")),
        Some(Value::Array(entries)) => entries,
        Some(_) => return Err(broken("authorization_details of the approval is not a list")),
    };
    let known = |entry: &Value| {
        entry.as_object().is_some_and(|entry| asked.authorization_details.contains(entry))
    };
    if entries.iter().all(known) {
        Ok(())
    } else {
        // It may be a narrowing inside an entry, which the person would have to see.
        Err(ServerError::Unsupported("it approves other details than were asked for".to_owned()))
    }
}

fn expires_in(approval: &Map<String, Value>, now: SystemTime) -> Result<Option<u64>, ServerError> {
    let exp = match approval.get("exp") {
        None => return Ok(None),
        Some(exp) => exp.as_u64().ok_or_else(|| broken("exp of the approval is not a time"))?,
    };
    let now = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    match exp.saturating_add(SKEW).saturating_sub(now) {
        0 => Err(ServerError::Expired),
        left => Ok(Some(left)),
    }
}

fn names(aud: Option<&Value>, resource: &str) -> bool {
    match aud {
        Some(Value::String(one)) => one == resource,
        Some(Value::Array(all)) => all.iter().any(|one| one.as_str() == Some(resource)),
        _ => false,
    }
}

fn broken(why: &str) -> ServerError {
    ServerError::Protocol(why.to_owned())
}

#[cfg(test)]
#[path = "approval_tests.rs"]
mod tests;

//! The `approval` object beside a challenge (digest §2.6.4 and §2.10-15): what the server says
//! that it will act on.
//!
//! It is what the person is shown as the action (H2), every member of it. It may be what was asked
//! for, or fewer of its entries; anything else is refused.
//!
//! **Promises.** Issuer, client, resource and details are held against the request; it stays the
//! same through all rounds. A challenge that is said to be bound to it is (P7, [`bound`]).
//!
//! **Never** let an `approval` widen what the person saw.

use std::time::SystemTime;

use placet_core::approved;
use placet_core::passkey::Binding;
use placet_core::ports::{ServerError, Suspicion};
use placet_core::request::Authorization;
use serde_json::{Map, Value};

use crate::passkey;

/// Seconds that two clocks may differ (digest §2.10-15).
const SKEW: u64 = 60;

/// An `approval` that fits the request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Approval {
    /// To be shown, and signed.
    pub(crate) object: approved::Approval,
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
            Some(before) if before.object.hash() != self.object.hash() => {
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
    let kept = within(approval.get("authorization_details"), asked)?;
    let min_assurance = match approval.get("min_assurance") {
        None => None,
        Some(level) => match serde_json::from_value(level.clone()) {
            Ok(level) => Some(level),
            Err(_) => {
                return Err(ServerError::Unsupported("it demands an unknown level".to_owned()));
            }
        },
    };
    let Some(mut object) = approved::Approval::of(approval.clone()) else {
        return Err(broken("the approval cannot be hashed without losing digits"));
    };
    object.min_assurance = min_assurance;
    object.left_out = asked.authorization_details.len().saturating_sub(kept);
    Ok(Some(Approval { object, expires_in: expires_in(approval, now)? }))
}

/// Holds a passkey's challenge against the approval that it is said to be bound to (P7): whether a
/// signature over it covers the action.
///
/// # Errors
/// [`ServerError::Suspicious`] if it is not made from this approval.
pub(crate) fn bound(
    members: &Map<String, Value>,
    approval: Option<&Approval>,
    passkey: Option<&passkey::Asked>,
) -> Result<Binding, ServerError> {
    let Some(salt) = passkey::binding_salt(members)? else { return Ok(Binding::Unbound) };
    let Some(approval) = approval.filter(|_| members.contains_key("approval")) else {
        return Err(broken("approval_binding stands there without an approval"));
    };
    match passkey {
        // It is bound when a passkey is asked for.
        None => Ok(Binding::Unbound),
        Some(asked) if asked.wanted.client_data.challenge() == approval.object.challenge(&salt) => {
            Ok(Binding::Bound)
        }
        Some(_) => Err(ServerError::Suspicious(
            Suspicion::Binding,
            "its challenge is not made from the approval beside it".to_owned(),
        )),
    }
}

/// Every entry is one that was asked for, and none was made from another: how many there are.
fn within(details: Option<&Value>, asked: &Authorization) -> Result<usize, ServerError> {
    let entries = match details {
        None if asked.authorization_details.is_empty() => return Ok(0),
        None => return Err(broken("the approval has no authorization_details")),
        Some(Value::Array(entries)) => entries,
        Some(_) => return Err(broken("authorization_details of the approval is not a list")),
    };
    // Each that was asked for once: the same payment twice is not what was asked.
    let mut left: Vec<_> = asked.authorization_details.iter().collect();
    let mut take = |entry: &Value| {
        let place = left.iter().position(|one| entry.as_object() == Some(*one));
        place.map(|place| left.swap_remove(place)).is_some()
    };
    if entries.iter().all(&mut take) {
        Ok(entries.len())
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

//! The protected resource: tools that run only for a token whose granted details cover the call.
//!
//! `POST {issuer}/resource/{tool}` with the arguments as a JSON object. A call is covered by one
//! granted entry (RFC 9396 §2: across entries permissions add up) when every argument that the
//! entry fixes is the same in the call and the call has no argument that the entry does not name.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use serde_json::{Map, Value, json};

use super::reply::{Reply, json_reply, oauth_error, with_header};
use super::world::World;

/// `POST {issuer}/resource/{tool}`.
pub(super) async fn handle(
    State(world): State<Arc<World>>,
    Path(tool): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Reply {
    let mut inner = world.lock();
    inner.counts.resource_calls += 1;
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.strip_prefix("Bearer "));
    let Some(token) = bearer else { return challenged(401, None, "a bearer token is needed") };
    let Some(grant) = inner.grants.granted(token, world.clock.now()) else {
        return challenged(401, Some("invalid_token"), "no such token, or it has expired");
    };
    let ours = world.resource();
    let meant_for_us = |r: &String| {
        *r == ours || r.strip_prefix(&ours).is_some_and(|rest| rest == format!("/{tool}"))
    };
    if !grant.resource.is_empty() && !grant.resource.iter().any(meant_for_us) {
        return challenged(401, Some("invalid_token"), "the token is for another resource");
    }
    let Ok(arguments) = serde_json::from_slice::<Map<String, Value>>(&body) else {
        return oauth_error(400, "invalid_request", "the body must be a JSON object");
    };
    if !grant.details.iter().any(|entry| covers(entry, &tool, &arguments)) {
        return challenged(
            403,
            Some("insufficient_scope"),
            "the granted authorization_details do not cover this call",
        );
    }
    let (client_id, account) = (grant.client_id.clone(), grant.account.clone());
    inner.counts.resource_granted += 1;
    json_reply(200, &json!({"done": tool, "arguments": arguments, "for": account, "by": client_id}))
}

/// RFC 6750 §3.
fn challenged(status: u16, error: Option<&str>, why: &str) -> Reply {
    let header = match error {
        Some(error) => format!("Bearer error=\"{error}\", error_description=\"{why}\""),
        None => "Bearer".to_owned(),
    };
    with_header(
        oauth_error(status, error.unwrap_or("invalid_request"), why),
        "www-authenticate",
        &header,
    )
}

/// True if one granted entry allows this call.
///
/// `agent_intent` (draft-embesozzi-intent-agent-native-authorization): the tool is `resource.id`,
/// the arguments are `resource.properties.arguments`. Other types: the tool is in `actions` or is
/// `action` or `tool`; the arguments are `arguments`.
fn covers(entry: &Value, tool: &str, arguments: &Map<String, Value>) -> bool {
    let (named, approved) = if entry.get("type").and_then(Value::as_str) == Some("agent_intent") {
        let resource = entry.get("resource");
        let id = resource.and_then(|r| r.get("id")).and_then(Value::as_str);
        (id == Some(tool), resource.and_then(|r| r.get("properties")?.get("arguments")))
    } else {
        let listed = entry
            .get("actions")
            .and_then(Value::as_array)
            .is_some_and(|all| all.iter().any(|a| a == tool));
        let single = ["action", "tool"]
            .iter()
            .any(|name| entry.get(*name).and_then(Value::as_str) == Some(tool));
        (listed || single, entry.get("arguments"))
    };
    named
        && approved.map_or(arguments.is_empty(), |approved| approved.as_object() == Some(arguments))
}

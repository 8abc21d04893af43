//! The authorization challenge endpoint (FiPA §5, ANA §5, digest §2.6.5).
//!
//! A first request is a form and opens a session. What follows is JSON with the `auth_session`:
//! with `response` it is an answer, with `action` a refusal, with neither a refresh, which repeats
//! the challenge without counting an attempt.
//!
//! Promises: an answer is taken only with the newest `auth_session`, a refresh also with the one
//! before it; whatever else a request is, it changes nothing. What an answer leads to is in
//! `ceremony.rs`.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::ceremony::{Outcome, answered, challenge, denied, go_on, limit, push, step_on, wrong};
use super::fault::{self, Fault};
use super::instance;
use super::reply::{Reply, broken, json_reply, oauth_error};
use super::request::{self, Form, error, invalid, media_type};
use super::script::Looked;
use super::session::Known;
use super::world::{Inner, UrlEnd, World};

/// What is to be done once the lock is let go.
enum Plan {
    Say(Reply),
    Fail(Fault),
}

/// A request after the first. Unknown and doubled members are errors.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FollowUp {
    auth_session: String,
    client_id: Option<String>,
    response: Option<Map<String, Value>>,
    action: Option<String>,
    elicitation_id: Option<String>,
}

/// `POST {issuer}/challenge`.
pub(super) async fn handle(
    State(world): State<Arc<World>>,
    headers: HeaderMap,
    body: Bytes,
) -> Reply {
    let plan = match media_type(&headers) {
        Some("application/json") => follow_up(&world, &body),
        _ => first(&world, &headers, &body),
    };
    let reply = match plan {
        Plan::Say(reply) => reply,
        Plan::Fail(fault) => fault::answer(fault, &world).await,
    };
    let (slow, delay) = {
        let inner = world.lock();
        (inner.script().slow, Duration::from_millis(inner.delay_ms))
    };
    if slow {
        tokio::time::sleep(delay).await;
    }
    reply
}

fn first(world: &World, headers: &HeaderMap, body: &[u8]) -> Plan {
    let read =
        Form::read(headers, body).and_then(|form| Ok((request::read(&form, &world.config)?, form)));
    let (wanted, form) = match read {
        Ok(read) => read,
        Err(reply) => return Plan::Say(*reply),
    };
    let mut inner = world.lock();
    inner.counts.first_contacts += 1;
    let now = world.clock.now();
    if let Err(reply) = instance::admitted(&mut inner, &wanted, &form, world.issuer(), now) {
        return Plan::Say(*reply);
    }
    let script = inner.script();
    if let Some(turn) = script.first.filter(|_| inner.first_left > 0) {
        inner.first_left -= 1;
        if turn.fault == Fault::WebWithRequestUri {
            return Plan::Say(push(&mut inner, wanted).unwrap_or_else(broken));
        }
        return Plan::Fail(turn.fault);
    }
    if form.get("auth_session").is_some_and(|known| inner.sessions.known(known) == Known::Unknown) {
        return Plan::Say(oauth_error(400, "invalid_session", "the session is not known"));
    }
    if inner.account(&wanted.account).is_none_or(|a| a.wrong() >= limit(world, &script)) {
        return Plan::Say(oauth_error(400, "access_denied", "the account is locked"));
    }
    let expires = world.clock.now().saturating_add(world.config.challenge_lifetime);
    let id = inner.sessions.open(wanted, expires);
    Plan::Say(go_on(world, &mut inner, id).unwrap_or_else(broken))
}

fn follow_up(world: &World, body: &[u8]) -> Plan {
    let follow: FollowUp = match serde_json::from_slice(body) {
        Ok(follow) => follow,
        Err(e) => return Plan::Say(*invalid(&format!("not a follow-up request: {e}"))),
    };
    let mut inner = world.lock();
    let script = inner.script();
    let known = inner.sessions.known(&follow.auth_session);
    let refresh = follow.response.is_none() && follow.action.is_none();
    let id = match known {
        Known::Newest(id) => id,
        Known::Previous(id) if refresh => id,
        Known::Previous(_) | Known::Unknown => {
            return Plan::Say(oauth_error(
                400,
                "invalid_session",
                "the session is not known, or this value is not its newest",
            ));
        }
    };
    let Some(session) = inner.sessions.at(id) else { return Plan::Say(*invalid("no session")) };
    if follow.client_id.as_ref().is_some_and(|client| *client != session.wanted.client_id) {
        return Plan::Say(*error(401, "invalid_client", "the session is another client's"));
    }
    if session.over {
        return Plan::Say(oauth_error(400, "invalid_session", "the session is over"));
    }
    match (follow.response, follow.action) {
        (None, None) => Plan::Say(refreshed(world, &mut inner, id, known).unwrap_or_else(broken)),
        (None, Some(action)) => Plan::Say(refused(&mut inner, id, &action, script.actions)),
        (Some(_), Some(_)) => Plan::Say(*invalid("either response or action")),
        (Some(response), None) => {
            inner.counts.answers += 1;
            let due = script.answer.filter(|_| inner.answer_left > 0);
            if let Some(turn) = due {
                inner.answer_left -= 1;
                if turn.looked == Looked::No {
                    inner.counts.unseen += 1;
                    return unseen(world, &mut inner, id, turn.fault);
                }
            }
            let reply =
                answered(world, &mut inner, id, &response, follow.elicitation_id.as_deref())
                    .unwrap_or_else(broken);
            due.map_or(Plan::Say(reply), |turn| Plan::Fail(turn.fault))
        }
    }
}

/// An answer that a fault kept from being looked at.
fn unseen(world: &World, inner: &mut Inner, id: u64, fault: Fault) -> Plan {
    match fault {
        Fault::WrongCode => {
            let account =
                inner.sessions.at(id).map(|s| s.wanted.account.clone()).unwrap_or_default();
            if let Some(account) = inner.account(&account) {
                account.count_wrong();
            }
            inner.sessions.used(id);
            Plan::Say(wrong(world, inner, id, "").unwrap_or_else(broken))
        }
        Fault::InvalidSession => {
            inner.sessions.forget(id);
            Plan::Fail(fault)
        }
        other => Plan::Fail(other),
    }
}

fn refreshed(world: &World, inner: &mut Inner, id: u64, known: Known) -> Outcome {
    inner.counts.refreshes += 1;
    if matches!(known, Known::Newest(_)) {
        inner.sessions.used(id);
    }
    let Some(session) = inner.sessions.at(id) else { return Ok(*invalid("no session")) };
    if let Some(code) = session.code.clone() {
        return Ok(match inner.grants.redeemable(&code) {
            true => json_reply(200, &json!({"authorization_code": code})),
            false => oauth_error(400, "invalid_session", "the code was fetched and used"),
        });
    }
    if world.clock.now() > session.expires {
        session.over = true;
        return Ok(oauth_error(400, "expired_token", "the challenge has expired"));
    }
    let Some(asked) = session.asked.clone() else { return go_on(world, inner, id) };
    let ends: Vec<UrlEnd> =
        asked.pages.iter().filter_map(|p| inner.pages.get(p)).map(|p| p.end).collect();
    if ends.contains(&UrlEnd::Done) {
        step_on(inner, id);
        return go_on(world, inner, id);
    }
    if ends.contains(&UrlEnd::Denied) {
        return Ok(denied(inner, id, "refused on the page"));
    }
    if asked.pending {
        inner.polls = inner.polls.saturating_add(1);
        let error = if inner.polls == 1 { "slow_down" } else { "authorization_pending" };
        let auth_session = inner.sessions.rotate(id)?;
        return Ok(json_reply(
            400,
            &json!({"error": error, "auth_session": auth_session, "interval": 5}),
        ));
    }
    challenge(world, inner, id, &asked)
}

fn refused(inner: &mut Inner, id: u64, action: &str, understood: bool) -> Reply {
    if !understood || !matches!(action, "decline" | "cancel") {
        return *invalid("no such action");
    }
    inner.counts.declines += 1;
    denied(inner, id, "declined")
}

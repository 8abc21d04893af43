//! The pages for a browser: the authorization endpoint and the pages of url mode.
//!
//! Both ask for the account's one-time code and do nothing without it: an agent that opens the
//! address has gained nothing.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;

use super::ceremony::granted;
use super::grant::Grant;
use super::reply::{Reply, broken, oauth_error, text_reply, with_header};
use super::request::{self, Form, Wanted, invalid};
use super::totp::Verdict;
use super::world::{UrlEnd, World};

/// `GET {issuer}/authorize?…`: a form that asks for the code.
pub(super) async fn authorize(State(world): State<Arc<World>>, RawQuery(query): RawQuery) -> Reply {
    match wanted(&world, query.as_deref().unwrap_or_default(), false) {
        Ok(wanted) => {
            code_page(&format!("{} asks for access as {}", wanted.client_id, wanted.account))
        }
        Err(reply) => *reply,
    }
}

/// `POST {issuer}/authorize?…` with `otp`, or with `deny`: back to the client (RFC 6749 §4.1.2),
/// with `iss` (RFC 9207).
pub(super) async fn authorized(
    State(world): State<Arc<World>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Reply {
    let read = Form::read(&headers, &body)
        .and_then(|form| Ok((wanted(&world, query.as_deref().unwrap_or_default(), true)?, form)));
    let (wanted, form) = match read {
        Ok(read) => read,
        Err(reply) => return *reply,
    };
    let Some(redirect_uri) = wanted.redirect_uri.clone() else {
        return *invalid("redirect_uri is missing");
    };
    let mut inner = world.lock();
    let script = inner.script();
    let now = world.clock.now();
    let answer = if form.get("deny").is_some() {
        ("error", "access_denied".to_owned())
    } else {
        let verdict = inner
            .account(&wanted.account)
            .map(|a| a.check(form.get("otp").unwrap_or_default(), now));
        if verdict != Some(Verdict::Right) {
            return code_page("That code was not right.");
        }
        let expires = now.saturating_add(world.config.code_lifetime);
        match inner.grants.issue(Grant::new(
            &wanted,
            granted(&wanted, script.grant),
            Some(redirect_uri.clone()),
            expires,
        )) {
            Ok(code) => ("code", code),
            Err(e) => return broken(e),
        }
    };
    let Ok(mut place) = url::Url::parse(&redirect_uri) else {
        return *invalid("redirect_uri is no URL");
    };
    place.query_pairs_mut().append_pair(answer.0, &answer.1).append_pair("iss", world.issuer());
    if let Some(state) = &wanted.state {
        place.query_pairs_mut().append_pair("state", state);
    }
    with_header(text_reply(303, None, ""), "location", place.as_str())
}

/// `GET {issuer}/page/{name}`.
pub(super) async fn page(State(world): State<Arc<World>>, Path(name): Path<String>) -> Reply {
    match world.lock().pages.get(&name) {
        Some(page) if page.end == UrlEnd::Waiting => {
            code_page(&format!("Confirm as {}", page.account))
        }
        Some(_) => text_reply(
            200,
            Some("text/html; charset=utf-8"),
            "<p>This is over. You can close the page.</p>",
        ),
        None => oauth_error(404, "not_found", "no such page"),
    }
}

/// `POST {issuer}/page/{name}` with `otp`, or with `deny`.
pub(super) async fn paged(
    State(world): State<Arc<World>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Reply {
    let form = match Form::read(&headers, &body) {
        Ok(form) => form,
        Err(reply) => return *reply,
    };
    let mut inner = world.lock();
    let now = world.clock.now();
    let Some(account) =
        inner.pages.get(&name).filter(|p| p.end == UrlEnd::Waiting).map(|p| p.account.clone())
    else {
        return oauth_error(404, "not_found", "no such page");
    };
    let end = if form.get("deny").is_some() {
        UrlEnd::Denied
    } else if inner.account(&account).map(|a| a.check(form.get("otp").unwrap_or_default(), now))
        == Some(Verdict::Right)
    {
        UrlEnd::Done
    } else {
        return code_page("That code was not right.");
    };
    if let Some(page) = inner.pages.get_mut(&name) {
        page.end = end;
    }
    text_reply(200, Some("text/html; charset=utf-8"), "<p>Thank you. You can close the page.</p>")
}

/// The request behind a query: its own, or a pushed one (RFC 9126 §4), which is used up when asked.
fn wanted(world: &World, query: &str, use_up: bool) -> Result<Wanted, Box<Reply>> {
    let form = Form::query(query)?;
    let Some(uri) = form.get("request_uri") else { return request::read(&form, &world.config) };
    let mut inner = world.lock();
    let found = if use_up { inner.pushed.remove(uri) } else { inner.pushed.get(uri).cloned() };
    match found {
        Some(wanted) if form.get("client_id") == Some(&wanted.client_id) => Ok(wanted),
        _ => Err(invalid("no such request_uri for this client")),
    }
}

/// A page with one field. The text is made of names from the configuration only.
fn code_page(text: &str) -> Reply {
    text_reply(
        200,
        Some("text/html; charset=utf-8"),
        format!(
            "<!doctype html><title>Placet stage</title><p>{text}</p><form method=\"post\">\
             <input name=\"otp\" autocomplete=\"off\" autofocus><button>Confirm</button>\
             <button name=\"deny\" value=\"1\">Deny</button></form>"
        ),
    )
}

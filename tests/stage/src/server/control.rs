//! The control API, for tests and the demo's script.
//!
//! Everything below `/_stage` wants `Authorization: Bearer <control_token>` of the start line.
//!
//! | request | does |
//! |---|---|
//! | `GET /state` | scenario, counts, time, wrong codes in a row per account |
//! | `POST /scenario {"scenario": name}` | behaves so from now on; fault counters start anew |
//! | `GET /scenarios` | the table |
//! | `GET /journal[?wait_for=N&path=END]` | the journal; waits until N requests (to a path that ends so) are in it, at most 30 s, then 408 |
//! | `DELETE /journal` | empties it |
//! | `GET /code[?account=]` | `{"code", "step", "valid_for"}` that would be accepted now; 409 if both are used up |
//! | `POST /code/fresh[?account=]` | the same, moving the clock on if it must |
//! | `POST /clock {"advance": seconds}` | moves the stage's time forward |
//! | `POST /release` | lets every held answer go |
//! | `POST /delay {"ms": n}` | how slow `slow` is |
//! | `POST /pages {"end": "done" or "denied"}` | ends every waiting url-mode page |
//! | `POST /unlock` | forgets wrong codes |
//! | `POST /passkeys/options[?account=]` | begins to register a passkey: `PublicKeyCredentialCreationOptionsJSON` |
//! | `POST /passkeys` | ends that, with the `RegistrationResponseJSON` |
//! | `POST /registering {"as": name}` | how the passkeys endpoint behaves |
//! | `POST /down {"down": bool}` | resets every connection but the control API's, or stops that |
//! | `POST /reset` | forgets sessions, grants, journal, counts |

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, Request, State};
use axum::http::header;
use axum::middleware::{Next, from_fn_with_state};
use axum::routing::{get, post};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::reply::{Reply, json_reply, oauth_error};
use super::request::invalid;
use super::world::World;
use super::{CodeNow, Registering, Scenario, UrlEnd};

/// Longest wait of a journal request.
const PATIENCE: Duration = Duration::from_secs(30);

type Stage = State<Arc<World>>;

/// The routes below `/_stage`.
pub(super) fn router(world: &Arc<World>) -> Router {
    Router::new()
        .route("/state", get(state))
        .route("/scenario", post(scenario))
        .route("/scenarios", get(|| async { json_reply(200, &table()) }))
        .route("/journal", get(journal).delete(empty))
        .route("/code", get(code))
        .route("/code/fresh", post(fresh))
        .route("/clock", post(clock))
        .route("/release", post(release))
        .route("/delay", post(delay))
        .route("/pages", post(pages))
        .route("/unlock", post(unlock))
        .route("/passkeys/options", post(passkey_options))
        .route("/passkeys", post(passkey_made))
        .route("/registering", post(registering))
        .route("/down", post(down))
        .route("/reset", post(reset))
        .layer(from_fn_with_state(Arc::clone(world), guarded))
        .with_state(Arc::clone(world))
}

/// The scenario table.
pub(super) fn table() -> serde_json::Value {
    Scenario::ALL
        .iter()
        .map(|s| json!({"scenario": s.name(), "fixture": s.fixture(), "does": s.sentence()}))
        .collect()
}

impl World {
    /// A code that would be accepted now.
    pub(super) fn code(&self, account: &str) -> Option<CodeNow> {
        let now = self.clock.now();
        self.lock().account(account)?.code(now)
    }

    /// The same; when two codes in a row are used up it moves the stage's clock to the next step.
    pub(super) fn fresh_code(&self, account: &str) -> Option<CodeNow> {
        self.code(account).or_else(|| {
            self.clock.advance(super::totp::STEP);
            self.code(account)
        })
    }

    /// Every code that could be right now, used up or not.
    pub(super) fn codes_around(&self, account: &str) -> Vec<String> {
        let now = self.clock.now();
        self.lock().account(account).map(|a| a.around(now)).unwrap_or_default()
    }

    /// Begins to register a passkey.
    ///
    /// # Errors
    /// A sentence.
    pub(super) fn passkey_options(&self, account: &str) -> Result<Value, String> {
        if self.lock().account(account).is_none() {
            return Err("no such account".to_owned());
        }
        let (options, state) = self.relying_party.creation(account, Vec::new())?;
        self.lock().registering = Some((account.to_owned(), state));
        Ok(options)
    }

    /// Ends that.
    ///
    /// # Errors
    /// A sentence.
    pub(super) fn passkey_made(&self, made: Value) -> Result<(), String> {
        let begun = self.lock().registering.take();
        let (account, state) = begun.ok_or_else(|| "nothing was begun".to_owned())?;
        let passkey = self.relying_party.created(made, &state)?;
        let now = self.clock.now();
        self.lock().keep(&account, passkey, "stage key", now);
        Ok(())
    }

    /// Ends every waiting page of url mode.
    pub(super) fn end_pages(&self, end: UrlEnd) -> usize {
        let mut inner = self.lock();
        let waiting = inner.pages.values_mut().filter(|p| p.end == UrlEnd::Waiting);
        waiting.map(|page| page.end = end).count()
    }
}

async fn guarded(State(world): Stage, request: Request, next: Next) -> Reply {
    let sent = request.headers().get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
    if sent.and_then(|v| v.strip_prefix("Bearer ")) == Some(&world.control_token) {
        next.run(request).await
    } else {
        oauth_error(401, "invalid_token", "the control token of the start line is needed")
    }
}

async fn passkey_options(State(world): Stage, Query(whose): Query<Whose>) -> Reply {
    match world.passkey_options(&whose.of(&world)) {
        Ok(options) => json_reply(200, &options),
        Err(why) => *invalid(&why),
    }
}

async fn passkey_made(State(world): Stage, body: Bytes) -> Reply {
    let made = read(&body).and_then(|made| world.passkey_made(made).map_err(|why| invalid(&why)));
    made.map_or_else(|reply| *reply, |()| done())
}

fn done() -> Reply {
    json_reply(200, &json!({}))
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Box<Reply>> {
    serde_json::from_slice(body).map_err(|e| invalid(&e.to_string()))
}

async fn state(State(world): Stage) -> Reply {
    let inner = world.lock();
    let accounts: Vec<_> =
        inner.accounts.iter().map(|a| json!({"account": a.name(), "wrong": a.wrong()})).collect();
    json_reply(
        200,
        &json!({"scenario": inner.scenario.name(), "counts": inner.counts, "now": world.clock.now(), "accounts": accounts,
            "requests": inner.journal.entries.len()}),
    )
}

async fn scenario(State(world): Stage, body: Bytes) -> Reply {
    #[derive(Deserialize)]
    struct Body {
        scenario: String,
    }
    let named = read::<Body>(&body)
        .and_then(|b| b.scenario.parse::<Scenario>().map_err(|e| invalid(&e.to_string())));
    match named {
        Ok(named) => {
            world.play(named);
            json_reply(200, &json!({"scenario": named.name(), "does": named.sentence()}))
        }
        Err(reply) => *reply,
    }
}

#[derive(Deserialize)]
struct Wait {
    wait_for: Option<usize>,
    path: Option<String>,
}

async fn journal(State(world): Stage, Query(wait): Query<Wait>) -> Reply {
    let path = wait.path.unwrap_or_default();
    let enough = wait.wait_for.unwrap_or(0);
    match tokio::time::timeout(PATIENCE, world.wait_for(|j| j.to(&path).count() >= enough)).await {
        Ok(journal) => json_reply(200, &json!(journal)),
        Err(_) => oauth_error(408, "timeout", "not so many requests came"),
    }
}

async fn empty(State(world): Stage) -> Reply {
    world.lock().journal.entries.clear();
    done()
}

#[derive(Deserialize)]
struct Whose {
    account: Option<String>,
}

impl Whose {
    fn of(self, world: &World) -> String {
        self.account.unwrap_or_else(|| world.config.accounts.first().cloned().unwrap_or_default())
    }
}

async fn code(State(world): Stage, Query(whose): Query<Whose>) -> Reply {
    match world.code(&whose.of(&world)) {
        Some(code) => json_reply(200, &json!(code)),
        None => oauth_error(409, "used_up", "the codes of this step and the next are used"),
    }
}

async fn fresh(State(world): Stage, Query(whose): Query<Whose>) -> Reply {
    match world.fresh_code(&whose.of(&world)) {
        Some(code) => json_reply(200, &json!(code)),
        None => oauth_error(404, "not_found", "no such account"),
    }
}

async fn clock(State(world): Stage, body: Bytes) -> Reply {
    #[derive(Deserialize)]
    struct Body {
        advance: u64,
    }
    match read::<Body>(&body) {
        Ok(body) => {
            world.clock.advance(body.advance);
            json_reply(200, &json!({"now": world.clock.now()}))
        }
        Err(reply) => *reply,
    }
}

async fn release(State(world): Stage) -> Reply {
    world.release();
    done()
}

async fn delay(State(world): Stage, body: Bytes) -> Reply {
    #[derive(Deserialize)]
    struct Body {
        ms: u64,
    }
    match read::<Body>(&body) {
        Ok(body) => {
            world.lock().delay_ms = body.ms;
            done()
        }
        Err(reply) => *reply,
    }
}

async fn pages(State(world): Stage, body: Bytes) -> Reply {
    #[derive(Deserialize)]
    struct Body {
        end: UrlEnd,
    }
    match read::<Body>(&body) {
        Ok(body) => json_reply(200, &json!({"ended": world.end_pages(body.end)})),
        Err(reply) => *reply,
    }
}

async fn registering(State(world): Stage, body: Bytes) -> Reply {
    #[derive(Deserialize)]
    struct Body {
        r#as: Registering,
    }
    match read::<Body>(&body) {
        Ok(body) => {
            world.lock().registering_as = body.r#as;
            done()
        }
        Err(reply) => *reply,
    }
}

async fn unlock(State(world): Stage) -> Reply {
    world.lock().unlock_all();
    done()
}

async fn down(State(world): Stage, body: Bytes) -> Reply {
    #[derive(Deserialize)]
    struct Body {
        down: bool,
    }
    match read::<Body>(&body) {
        Ok(body) => {
            world.set_down(body.down);
            done()
        }
        Err(reply) => *reply,
    }
}

async fn reset(State(world): Stage) -> Reply {
    world.reset();
    done()
}

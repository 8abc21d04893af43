//! Which address leads where, and the journal in front of all of it.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::{Next, from_fn_with_state};
use axum::routing::{any, get, post};
use serde_json::json;

use super::clock::real_ms;
use super::fault::cut;
use super::journal::{Entry, Fate};
use super::reply::{Reply, json_reply, oauth_error};
use super::wire::{Connection, Cut};
use super::world::World;
use super::{challenge, control, metadata, registry, resource, token, web};

/// Longest body that is read.
const LONGEST: usize = 1024 * 1024;

/// The whole server.
pub(super) fn router(world: &Arc<World>) -> Router {
    let prefix = world.config.issuer_path.as_ref().map_or(String::new(), |path| format!("/{path}"));
    let at = |path: &str| format!("{prefix}{path}");
    let served = Router::new()
        .route(&metadata::path(&world.config, "oauth-authorization-server"), get(metadata::handle))
        .route(&metadata::path(&world.config, "openid-configuration"), get(metadata::handle))
        .route(&at("/moved-metadata"), get(metadata::moved))
        .route(&at("/challenge"), post(challenge::handle))
        .route(&at("/token"), post(token::handle))
        .route(&at("/passkeys"), post(registry::handle))
        .route(&at("/authorize"), get(web::authorize).post(web::authorized))
        .route(&at("/page/{name}"), get(web::page).post(web::paged))
        .route(&at("/resource/{tool}"), post(resource::handle))
        .route(&at("/elsewhere"), any(elsewhere))
        .fallback(nothing)
        .layer(from_fn_with_state(Arc::clone(world), journaled))
        .with_state(Arc::clone(world));
    served.merge(control(world))
}

/// The control API alone.
pub(super) fn control(world: &Arc<World>) -> Router {
    Router::new().nest("/_stage", control::router(world))
}

/// Where redirects lead: looks like a challenge that wants a code.
async fn elsewhere() -> Reply {
    json_reply(
        400,
        &json!({"error": "insufficient_authorization", "auth_session": "as_elsewhere", "elicitations": [
        {"mode": "form", "message": "Enter the code.", "requestedSchema": {"type": "object",
            "properties": {"otp": {"type": "string", "minLength": 6}}, "required": ["otp"]}}]}),
    )
}

async fn nothing() -> Reply {
    oauth_error(404, "not_found", "nothing is here")
}

/// Writes the request down, then its end. A client that leaves drops this future, and the guard
/// writes that down.
async fn journaled(State(world): State<Arc<World>>, request: Request, next: Next) -> Reply {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LONGEST).await else {
        return oauth_error(413, "invalid_request", "the body is too long");
    };
    let headers = parts.headers.iter();
    let entry = Entry {
        number: 0,
        at: real_ms(),
        connection: parts.extensions.get::<Connection>().map_or(0, |c| c.0),
        method: parts.method.to_string(),
        path: parts.uri.path_and_query().map_or_else(String::new, ToString::to_string),
        headers: headers
            .map(|(n, v)| (n.to_string(), String::from_utf8_lossy(v.as_bytes()).into_owned()))
            .collect(),
        body: String::from_utf8_lossy(&body).into_owned(),
        fate: Fate::Open,
        status: None,
    };
    let guard = Open::write(&world, entry);
    // Another name for this machine may be DNS rebinding: only localhost is served.
    let host = parts.headers.get(header::HOST).and_then(|h| h.to_str().ok());
    let reply = if world.is_down() {
        cut()
    } else if host != Some(&world.host) {
        oauth_error(421, "invalid_request", "this host is not served here")
    } else {
        next.run(Request::from_parts(parts, Body::from(body))).await
    };
    match reply.extensions().get::<Cut>() {
        Some(Cut) => guard.end(Fate::Reset, None),
        None => guard.end(Fate::Answered, Some(reply.status().as_u16())),
    }
    reply
}

/// An entry whose end is not yet known.
struct Open {
    world: Arc<World>,
    number: usize,
    ended: bool,
}

impl Open {
    fn write(world: &Arc<World>, mut entry: Entry) -> Self {
        let number = {
            let mut inner = world.lock();
            entry.number =
                inner.journal.entries.last().map_or(0, |last| last.number.saturating_add(1));
            let number = entry.number;
            inner.journal.entries.push(entry);
            number
        };
        world.changed();
        Self { world: Arc::clone(world), number, ended: false }
    }

    fn end(mut self, fate: Fate, status: Option<u16>) {
        self.note(fate, status);
    }

    fn note(&mut self, fate: Fate, status: Option<u16>) {
        self.ended = true;
        if let Some(entry) =
            self.world.lock().journal.entries.iter_mut().find(|e| e.number == self.number)
        {
            entry.fate = fate;
            entry.status = status;
        }
        self.world.changed();
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if !self.ended {
            self.note(Fate::ClientLeft, None);
        }
    }
}

//! Answers in the shapes of RFC 6749 §5: JSON, never stored.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};

/// What handlers return.
pub(super) type Reply = Response<Body>;

/// JSON with a status. `Cache-Control: no-store` as FiPA §5.2 and RFC 6749 §5.1 ask.
pub(super) fn json_reply(status: u16, body: &Value) -> Reply {
    text_reply(status, Some("application/json"), body.to_string())
}

/// An OAuth error (RFC 6749 §5.2).
pub(super) fn oauth_error(status: u16, error: &str, description: &str) -> Reply {
    json_reply(status, &json!({"error": error, "error_description": description}))
}

/// A body with a status and a content type, or none.
pub(super) fn text_reply(
    status: u16,
    content_type: Option<&'static str>,
    body: impl Into<Body>,
) -> Reply {
    let mut reply = Response::new(body.into());
    *reply.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = reply.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    if let Some(content_type) = content_type {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    reply
}

/// A header with text that may have been made at run time; text that is no header value is left out.
pub(super) fn with_header(mut reply: Reply, name: &'static str, value: &str) -> Reply {
    if let Ok(value) = HeaderValue::from_str(value) {
        reply.headers_mut().insert(name, value);
    }
    reply
}

/// The stage itself failed (no randomness): 500, without detail.
pub(super) fn broken(_: getrandom::Error) -> Reply {
    oauth_error(500, "server_error", "the stage has no randomness")
}

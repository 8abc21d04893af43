//! Answers that go wrong on purpose.
//!
//! A fault never changes what the stage knows; whether the work was done before is decided by the
//! caller (`script::Looked`). A reset leaves no byte of an answer on the wire.

use std::time::{Duration, SystemTime};

use super::random;
use super::reply::{Reply, broken, json_reply, oauth_error, text_reply, with_header};
use super::wire::Cut;
use super::world::World;
use serde_json::json;

/// One way for an answer to go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// An OAuth error as JSON.
    Oauth(u16, &'static str),
    /// An HTML page with this status, as a proxy in front of a server sends.
    Page(u16),
    /// 503 with `Retry-After: 1`.
    TooBusy,
    /// The connection is reset.
    Reset,
    /// The connection is reset, and every later one.
    DownFromNowOn,
    /// No answer until released, then 504.
    Hold,
    TooMany(RetryAfter),
    /// A redirect to a place on this host that answers with a right-looking challenge.
    Redirect(u16),
    Web,
    WebWithRequestUri,
    DpopNonce,
    /// `invalid_session`; the caller forgets the session.
    InvalidSession,
    /// The challenge again as after a wrong code; the caller builds it.
    WrongCode,
}

/// How `Retry-After` is written (RFC 9110 §10.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RetryAfter {
    Seconds(u32),
    DateIn(u64),
    Unsaid,
}

/// Answers with a fault. `client_id` is what a pushed request would be bound to.
pub(super) async fn answer(fault: Fault, world: &World) -> Reply {
    match fault {
        Fault::Oauth(status, error) => oauth_error(status, error, "the stage was told to say so"),
        Fault::Page(status) => page(status),
        Fault::TooBusy => with_header(page(503), "retry-after", "1"),
        Fault::Reset => cut(),
        Fault::DownFromNowOn => {
            world.set_down(true);
            cut()
        }
        Fault::Hold => {
            world.held().await;
            page(504)
        }
        Fault::TooMany(RetryAfter::Seconds(seconds)) => with_header(
            text_reply(429, Some("text/plain"), "Too many requests"),
            "retry-after",
            &seconds.to_string(),
        ),
        Fault::TooMany(RetryAfter::DateIn(seconds)) => {
            let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(seconds));
            with_header(oauth_error(429, "slow_down", "wait"), "retry-after", &date)
        }
        Fault::TooMany(RetryAfter::Unsaid) => text_reply(429, None, ""),
        Fault::Redirect(status) => with_header(
            text_reply(status, None, ""),
            "location",
            &format!("{}/elsewhere", world.issuer()),
        ),
        Fault::Web | Fault::WrongCode => json_reply(400, &json!({"error": "redirect_to_web"})),
        Fault::WebWithRequestUri => match random::name("urn:ietf:params:oauth:request_uri:") {
            Ok(uri) => json_reply(
                400,
                &json!({"error": "redirect_to_web", "request_uri": uri, "expires_in": 60}),
            ),
            Err(e) => broken(e),
        },
        Fault::DpopNonce => match random::name("") {
            Ok(nonce) => with_header(
                oauth_error(
                    400,
                    "use_dpop_nonce",
                    "authorization server requires a nonce in the DPoP proof",
                ),
                "dpop-nonce",
                &nonce,
            ),
            Err(e) => broken(e),
        },
        Fault::InvalidSession => oauth_error(400, "invalid_session", "the session is not known"),
    }
}

/// The answer that resets its connection instead of being sent.
pub(super) fn cut() -> Reply {
    let mut reply = text_reply(500, None, "");
    reply.extensions_mut().insert(Cut);
    reply
}

fn page(status: u16) -> Reply {
    text_reply(
        status,
        Some("text/html"),
        format!("<html><body><h1>{status}</h1><p>upstream failed</p></body></html>"),
    )
}

//! How a challenge and a success are put on the wire, honestly or not.

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use futures_util::stream;
use serde_json::{Value, json};

use super::elicit::Asked;
use super::random;
use super::reply::{Reply, json_reply, text_reply};
use super::script::{Approval, Dress};
use super::session::Session;

/// A challenge: ANA §5.1's members, `auth_session` if there is one to tell, `approval` if any.
pub(super) fn challenge(
    dress: Dress,
    auth_session: Option<String>,
    asked: &Asked,
    approval: Option<Value>,
    binding: Option<Value>,
) -> Reply {
    let mut body = json!({"error": "insufficient_authorization"});
    put(&mut body, "auth_session", auth_session.clone().map(Value::String));
    put(&mut body, "elicitations", asked.entries.clone().map(Value::Array));
    put(&mut body, "approval", approval);
    put(&mut body, "approval_binding", binding);
    match dress {
        Dress::Status(status) => json_reply(status, &body),
        Dress::VendorJson => text_reply(400, Some("application/x.as+json"), body.to_string()),
        Dress::TypeHtml => text_reply(400, Some("text/html"), body.to_string()),
        Dress::TypeNone => text_reply(400, None, body.to_string()),
        Dress::NotJson => {
            text_reply(400, Some("application/json"), "error=insufficient_authorization")
        }
        Dress::Empty => text_reply(400, Some("application/json"), ""),
        Dress::Truncated => truncated(&body.to_string()),
        Dress::EndlessBody => endless(),
        Dress::Oversized => {
            // Many strings of 1 KiB, so that the body as a whole is what is too large.
            put(&mut body, "padding", Some(json!(vec!["x".repeat(1024); 300])));
            json_reply(400, &body)
        }
        Dress::Deep => {
            // The root is depth 1 (digest §2.10-18); 39 more make 40.
            let deep = (0..38).fold(json!([]), |inner, _| json!([inner]));
            put(&mut body, "padding", Some(deep));
            json_reply(400, &body)
        }
        Dress::Duplicate => {
            let twice = format!(
                "{{\"error\":\"access_denied\",\"auth_session\":\"as_first\",\"elicitations\":[],{}",
                body.to_string().strip_prefix('{').unwrap_or_default()
            );
            text_reply(400, Some("application/json"), twice)
        }
        Dress::ErrorNotString => {
            put(&mut body, "error", Some(json!(400)));
            json_reply(400, &body)
        }
        Dress::ExtraMembers => {
            put(&mut body, "x_future", Some(json!({"nested": [true, {"deep": null}]})));
            put(&mut body, "error_uri", Some(json!("https://as.example/errors")));
            json_reply(400, &body)
        }
        Dress::Honest | Dress::NoSession | Dress::SameSession | Dress::SessionOnlyFirst => {
            json_reply(400, &body)
        }
    }
}

/// A success with this body.
pub(super) fn success(dress: Dress, body: &Value) -> Reply {
    match dress {
        Dress::VendorJson => text_reply(200, Some("application/x.as+json"), body.to_string()),
        _ => json_reply(200, body),
    }
}

/// The approval object (digest §2.6.4, §2.10-15): the same through all rounds but where the
/// scenario changes it.
///
/// # Errors
/// No randomness.
pub(super) fn approval(
    how: Approval,
    session: &mut Session,
    issuer: &str,
    granted: Vec<Value>,
    now: u64,
) -> Result<Option<Value>, getrandom::Error> {
    if how == Approval::None {
        return Ok(None);
    }
    if session.approval.is_none() {
        let iss = if how == Approval::Foreign { "https://other.example" } else { issuer };
        let mut made = json!({"v": 1, "iss": iss, "aud": session.wanted.resource, "client_id": session.wanted.client_id,
            "txn": random::name("")?, "iat": now, "exp": now.saturating_add(120), "authorization_details": granted,
            "reason": "This action needs a fresh code."});
        if how == Approval::MinAssurance {
            put(&mut made, "min_assurance", Some(json!("passkey")));
        }
        if how == Approval::MinBound {
            put(&mut made, "min_assurance", Some(json!("passkey-bound")));
        }
        session.approval = Some(made);
    } else if how == Approval::Changing
        && let Some(made) = session.approval.as_mut()
    {
        put(made, "reason", Some(json!("This is another action now.")));
        put(made, "txn", Some(json!(random::name("")?)));
    }
    Ok(session.approval.clone())
}

fn put(object: &mut Value, name: &str, value: Option<Value>) {
    if let (Some(members), Some(value)) = (object.as_object_mut(), value) {
        members.insert(name.to_owned(), value);
    }
}

/// A body that ends 4096 bytes before its `Content-Length`.
fn truncated(text: &str) -> Reply {
    let length = text.len().saturating_add(4096);
    // The pause before the end lets what there is go out; hyper drops unsent bytes on an error.
    let once = stream::unfold(Some(text.to_owned()), |text| async {
        match text {
            Some(text) => Some((Ok::<_, std::io::Error>(Bytes::from(text)), None)),
            None => {
                tokio::task::yield_now().await;
                None
            }
        }
    });
    let mut reply = text_reply(400, Some("application/json"), Body::from_stream(once));
    reply.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    reply
}

/// A body that goes on for as long as the client reads.
fn endless() -> Reply {
    let start = Bytes::from_static(b"{\"error\":\"insufficient_authorization\",\"padding\":\"");
    let more = Bytes::from(vec![b'x'; 8 * 1024]);
    let chunks = stream::unfold(Some(start), move |chunk| {
        let more = more.clone();
        async move { Some((Ok::<_, std::io::Error>(chunk.unwrap_or_else(|| more.clone())), None)) }
    });
    text_reply(400, Some("application/json"), Body::from_stream(chunks))
}

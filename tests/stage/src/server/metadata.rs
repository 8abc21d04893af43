//! Authorization server metadata (RFC 8414), with FiPA's and the `ana_*` members.

use std::sync::Arc;

use axum::extract::State;
use serde_json::{Value, json};

use super::Registering;
use super::config::Config;
use super::reply::{Reply, json_reply, oauth_error, text_reply, with_header};
use super::script::Metadata;
use super::world::World;

/// Path of the metadata: the well-known part goes between host and path (RFC 8414 §3.1).
pub(super) fn path(config: &Config, suffix: &str) -> String {
    match &config.issuer_path {
        Some(path) => format!("/.well-known/{suffix}/{path}"),
        None => format!("/.well-known/{suffix}"),
    }
}

/// `GET /.well-known/oauth-authorization-server{/path}`.
pub(super) async fn handle(State(world): State<Arc<World>>) -> Reply {
    let script = {
        let mut inner = world.lock();
        inner.counts.metadata += 1;
        inner.script()
    };
    let mut honest = document(&world);
    let registering = world.lock().registering_as;
    match registering {
        Registering::Missing => drop_member(&mut honest, "placet_passkeys_endpoint"),
        Registering::Foreign => {
            set(&mut honest, "placet_passkeys_endpoint", json!("https://other.example/passkeys"))
        }
        _ => {}
    }
    match script.metadata {
        Metadata::Honest => {}
        Metadata::Bare => {
            if let Some(members) = honest.as_object_mut() {
                members.retain(|name, _| !name.starts_with("ana_"));
            }
        }
        Metadata::NoActions => drop_member(&mut honest, "ana_actions_supported"),
        Metadata::NoChallengeEndpoint => {
            drop_member(&mut honest, "authorization_challenge_endpoint")
        }
        Metadata::OtherIssuer => set(&mut honest, "issuer", json!("https://other.example")),
        Metadata::IssuerSlash => set(&mut honest, "issuer", json!(format!("{}/", world.issuer()))),
        Metadata::ForeignEndpoint => set(
            &mut honest,
            "authorization_challenge_endpoint",
            json!("https://other.example/challenge"),
        ),
        Metadata::ForeignOrigin => {
            set(&mut honest, "ana_webauthn_origins_supported", json!(["https://other.example"]))
        }
        Metadata::Oversized => set(&mut honest, "padding", json!(vec!["x".repeat(1024); 300])),
        Metadata::Missing => return oauth_error(404, "not_found", "no metadata here"),
        Metadata::Html => {
            return text_reply(200, Some("text/html"), "<html><body>Welcome</body></html>");
        }
        Metadata::Redirect => {
            let place = format!("{}/moved-metadata", world.issuer());
            return with_header(text_reply(302, None, ""), "location", &place);
        }
    }
    json_reply(200, &honest)
}

/// `GET {issuer}/moved-metadata`: honest metadata where nobody should follow.
pub(super) async fn moved(State(world): State<Arc<World>>) -> Reply {
    json_reply(200, &document(&world))
}

fn document(world: &World) -> Value {
    let at = |path: &str| format!("{}/{path}", world.issuer());
    json!({
        "issuer": world.issuer(),
        "authorization_endpoint": at("authorize"),
        "token_endpoint": at("token"),
        "authorization_challenge_endpoint": at("challenge"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none"],
        "scopes_supported": ["tools", "placet:passkeys"],
        "authorization_details_types_supported": world.config.details_types,
        "authorization_response_iss_parameter_supported": true,
        "ana_profiles_supported": ["ana-http/0"],
        "ana_elicitation_modes_supported": ["form", "url"],
        "ana_actions_supported": ["accept", "decline", "cancel"],
        "ana_approval_object_supported": true,
        "ana_webauthn_encodings_supported": ["options-object", "flat"],
        "ana_webauthn_origins_supported": [world.origin()],
        "placet_passkeys_endpoint": at("passkeys"),
    })
}

fn set(object: &mut Value, name: &str, value: Value) {
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}

fn drop_member(object: &mut Value, name: &str) {
    if let Some(members) = object.as_object_mut() {
        members.shift_remove(name);
    }
}

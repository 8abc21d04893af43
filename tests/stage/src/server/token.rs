//! The token endpoint (RFC 6749 §4.1.3, RFC 7636 §4.5, RFC 9396 §7) for public clients.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use serde_json::json;

use super::fault;
use super::grant::{Redeeming, TOKEN_LIFETIME};
use super::reply::{Reply, broken, json_reply, oauth_error, with_header};
use super::request::{Form, error};
use super::world::World;

/// `POST {issuer}/token`.
pub(super) async fn handle(
    State(world): State<Arc<World>>,
    headers: HeaderMap,
    body: Bytes,
) -> Reply {
    let fault = {
        let mut inner = world.lock();
        inner.counts.token_requests += 1;
        inner.script().token
    };
    match fault {
        Some(fault) => fault::answer(fault, &world).await,
        None => redeem(&world, &headers, &body).unwrap_or_else(|reply| *reply),
    }
}

fn redeem(world: &World, headers: &HeaderMap, body: &[u8]) -> Result<Reply, Box<Reply>> {
    if headers.contains_key(header::AUTHORIZATION) {
        let refusal = oauth_error(401, "invalid_client", "public clients do not authenticate");
        return Err(Box::new(with_header(refusal, "www-authenticate", "Basic realm=\"stage\"")));
    }
    let form = Form::read(headers, body)?;
    if form.must("grant_type")? != "authorization_code" {
        return Err(error(400, "unsupported_grant_type", "only authorization_code"));
    }
    let client_id = form.must("client_id")?;
    if !world.config.clients.iter().any(|known| known == client_id) {
        return Err(error(401, "invalid_client", "no such client"));
    }
    let with = Redeeming {
        code: form.must("code")?,
        client_id,
        verifier: form.must("code_verifier")?,
        redirect_uri: form.get("redirect_uri"),
        now: world.clock.now(),
    };
    let mut inner = world.lock();
    match inner.grants.redeem(&with) {
        Err(e) => Ok(broken(e)),
        Ok(Err(why)) => Err(error(400, "invalid_grant", why)),
        Ok(Ok((token, grant))) => {
            inner.counts.tokens += 1;
            let mut answer = json!({"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_LIFETIME,
                "authorization_details": grant.details});
            if let (Some(scope), Some(members)) = (grant.scope, answer.as_object_mut()) {
                members.insert("scope".to_owned(), json!(scope));
            }
            Ok(json_reply(200, &answer))
        }
    }
}

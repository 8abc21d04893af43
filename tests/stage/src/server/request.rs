//! The first request to the challenge endpoint: a form, read strictly (FiPA §5.1, RFC 6749 §3.1).
//!
//! Promises: past [`read`] only requests exist that have a known client, an S256 challenge and
//! well-formed details. Unknown parameters are ignored (RFC 6749 §3.1); a parameter sent twice is
//! an error, but for `resource` (RFC 8707 §2).

use axum::http::{HeaderMap, header};
use serde_json::Value;

use super::config::Config;
use super::reply::{Reply, oauth_error};

/// What a client wants, after all checks.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) client_id: String,
    pub(super) account: String,
    pub(super) code_challenge: String,
    pub(super) scope: Option<String>,
    pub(super) resource: Vec<String>,
    pub(super) details: Vec<Value>,
    /// `ana_authenticators`, when it was sent.
    pub(super) authenticators: Option<Vec<String>>,
    /// `redirect_uri`, for a code that comes by way of the browser.
    pub(super) redirect_uri: Option<String>,
    pub(super) state: Option<String>,
}

/// The pairs of a form.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a form body.
    ///
    /// # Errors
    /// The reply to send: wrong content type, not UTF-8, or a parameter twice.
    pub(super) fn read(headers: &HeaderMap, body: &[u8]) -> Result<Self, Box<Reply>> {
        if media_type(headers) != Some("application/x-www-form-urlencoded") {
            return Err(invalid("the body must be application/x-www-form-urlencoded"));
        }
        if std::str::from_utf8(body).is_err() {
            return Err(invalid("the body is not UTF-8"));
        }
        Self::checked(url::form_urlencoded::parse(body).into_owned().collect())
    }

    /// Reads a query.
    ///
    /// # Errors
    /// The reply to send: a parameter twice.
    pub(super) fn query(query: &str) -> Result<Self, Box<Reply>> {
        Self::checked(url::form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    fn checked(pairs: Vec<(String, String)>) -> Result<Self, Box<Reply>> {
        for (i, (name, _)) in pairs.iter().enumerate() {
            if name != "resource" && pairs.iter().take(i).any(|(n, _)| n == name) {
                return Err(invalid(&format!("{name} is there twice")));
            }
        }
        Ok(Self(pairs))
    }

    /// The value of a parameter; an empty one counts as not sent (RFC 6749 §3.1).
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, v)| n == name && !v.is_empty()).map(|(_, v)| v.as_str())
    }

    /// A parameter that must be there.
    ///
    /// # Errors
    /// `invalid_request`.
    pub(super) fn must(&self, name: &str) -> Result<&str, Box<Reply>> {
        self.get(name).ok_or_else(|| invalid(&format!("{name} is missing")))
    }

    fn all(&self, name: &str) -> Vec<String> {
        self.0.iter().filter(|(n, _)| n == name).map(|(_, v)| v.clone()).collect()
    }
}

/// Reads an authorization request.
///
/// # Errors
/// The reply to send, with the error code of the standard that the request breaks.
pub(super) fn read(form: &Form, config: &Config) -> Result<Wanted, Box<Reply>> {
    let client_id = form.must("client_id")?;
    if !config.clients.iter().any(|known| known == client_id) {
        return Err(error(401, "invalid_client", "no such client"));
    }
    if form.must("response_type")? != "code" {
        return Err(error(400, "unsupported_response_type", "response_type must be code"));
    }
    if form.get("request_uri").is_some() || form.get("request").is_some() {
        return Err(invalid("no request objects here"));
    }
    let code_challenge = form.must("code_challenge")?;
    if form.get("code_challenge_method") != Some("S256") {
        return Err(invalid("code_challenge_method must be S256"));
    }
    // BASE64URL(SHA256(...)) is 43 characters (RFC 7636 §4.2).
    if code_challenge.len() != 43
        || !code_challenge.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    {
        return Err(invalid("code_challenge is not the base64url of a SHA-256"));
    }
    let account = form.must("login_hint")?;
    if !config.accounts.iter().any(|known| known == account) {
        return Err(error(400, "access_denied", "no such account"));
    }
    Ok(Wanted {
        client_id: client_id.to_owned(),
        account: account.to_owned(),
        code_challenge: code_challenge.to_owned(),
        scope: form.get("scope").map(str::to_owned),
        resource: resources(form)?,
        details: details(form, config)?,
        authenticators: form
            .get("ana_authenticators")
            .map(|list| list.split(' ').map(str::to_owned).collect()),
        redirect_uri: form.get("redirect_uri").map(redirect_uri).transpose()?,
        state: form.get("state").map(str::to_owned),
    })
}

/// The media type of a body, without its parameters.
pub(super) fn media_type(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::CONTENT_TYPE)?.to_str().ok()?.split(';').next().map(str::trim)
}

/// RFC 8707 §2: absolute URIs without fragments.
fn resources(form: &Form) -> Result<Vec<String>, Box<Reply>> {
    let all = form.all("resource");
    for one in &all {
        if url::Url::parse(one).map_or(true, |url| url.fragment().is_some()) {
            return Err(error(
                400,
                "invalid_target",
                "a resource is an absolute URI without a fragment",
            ));
        }
    }
    Ok(all)
}

/// RFC 9396 §2 and §5: an array of objects, each with a known `type`.
fn details(form: &Form, config: &Config) -> Result<Vec<Value>, Box<Reply>> {
    let Some(text) = form.get("authorization_details") else { return Ok(Vec::new()) };
    let bad = |why| error(400, "invalid_authorization_details", why);
    let entries: Vec<Value> = serde_json::from_str(text).map_err(|_| bad("not a JSON array"))?;
    for entry in &entries {
        match entry.get("type").and_then(Value::as_str) {
            Some(kind) if config.details_types.iter().any(|known| known == kind) => {}
            Some(_) => return Err(bad("unknown type")),
            None => return Err(bad("an entry without a type")),
        }
    }
    Ok(entries)
}

/// RFC 8252 §7.3: a loopback IP literal with any port.
fn redirect_uri(text: &str) -> Result<String, Box<Reply>> {
    let loopback = url::Url::parse(text).is_ok_and(|url| {
        url.scheme() == "http"
            && matches!(url.host_str(), Some("127.0.0.1" | "[::1]"))
            && url.fragment().is_none()
    });
    if loopback {
        Ok(text.to_owned())
    } else {
        Err(invalid("redirect_uri must be a loopback address"))
    }
}

/// `invalid_request`.
pub(super) fn invalid(why: &str) -> Box<Reply> {
    error(400, "invalid_request", why)
}

/// An OAuth error, boxed: errors are rare and replies are large.
pub(super) fn error(status: u16, code: &str, why: &str) -> Box<Reply> {
    Box::new(oauth_error(status, code, why))
}

//! The one file that speaks HTTP.
//!
//! **Promises.** Every request has a connection of its own, so "nothing was written" is known and
//! nothing is ever sent again by the library; TLS is verified against the system's certificates
//! and the configured ones, or for a server that has authorities of its own against these alone, and
//! only while they are valid; one that has a proxy is spoken to through it or not at all. A body is
//! read up to its limit and into memory that is wiped (A23). Plain http goes to the loopback
//! addresses, whatever a resolver says of `localhost`.
//!
//! **Never** follow a redirect (A12), take a proxy from the environment, or say in an error more
//! than what the transport reports.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use placet_core::json::Limits;
use placet_core::request::Timestamp;
use placet_core::secret::Secret;
use placet_core::way::{Authority, Way};
use reqwest::header;
use zeroize::{Zeroize as _, Zeroizing};

use crate::ClientOptions;
use crate::authority;
use crate::place::Place;
use crate::{date, retry_after};

/// `application/x-www-form-urlencoded`, UTF-8 (FiPA §4.1).
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";
/// JSON (ANA §5.2).
pub(crate) const JSON: &str = "application/json";

/// A `Retry-After` up to this many seconds is waited for between tries of a request without a
/// secret; the person looks at a waiting screen meanwhile.
const SHORT_WAIT: u64 = 5;

/// So many ways of servers' own are kept ready; each holds its certificates in memory.
const WAYS: usize = 8;

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    /// HTTP status.
    pub(crate) status: u16,
    /// `application/json` or `application/*+json` (A10).
    pub(crate) is_json: bool,
    /// `Retry-After` in seconds.
    pub(crate) retry_after: Option<u64>,
    /// By `Date`: milliseconds that our clock is ahead of the server's.
    pub(crate) clock_ahead: Option<i64>,
    /// The body.
    pub(crate) body: Zeroizing<Vec<u8>>,
}

/// Why there is no answer. The texts are the transport's own, for developers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// No connection: not one byte of the request was written.
    Unsent(String),
    /// The same, and the server was not even reached: its proxy made no tunnel to it.
    Proxy(String),
    /// The request may have been received.
    Doubt(String),
    /// The body is longer than allowed.
    TooLarge,
}

/// All ways out, each made when first used.
#[derive(Debug)]
pub(crate) struct Http {
    options: ClientOptions,
    secure: OnceLock<Result<reqwest::Client, String>>,
    loopback: OnceLock<Result<reqwest::Client, String>>,
    /// Those of servers that have one of their own, the last used last.
    own: Mutex<Vec<(Way, reqwest::Client)>>,
}

/// One way out.
struct Out {
    client: reqwest::Client,
    through_proxy: bool,
}

impl Http {
    pub(crate) fn new(options: ClientOptions) -> Self {
        let (secure, loopback, own) = (OnceLock::new(), OnceLock::new(), Mutex::default());
        Self { options, secure, loopback, own }
    }

    pub(crate) fn options(&self) -> &ClientOptions {
        &self.options
    }

    /// `GET`, tried up to three times (F3).
    pub(crate) async fn get(&self, way: &Way, at: &Place) -> Result<Answer, Failure> {
        self.patiently(|client, _| client.get(at.url().clone()), way, at).await
    }

    /// `POST` of a body that may be sent again: up to three times (F3).
    pub(crate) async fn post_patiently(
        &self,
        way: &Way,
        at: &Place,
        media: &'static str,
        body: Bytes,
    ) -> Result<Answer, Failure> {
        self.patiently(|client, _| post(client, at, media, body.clone()), way, at).await
    }

    /// The same with another body for each try; the last is for all that are left.
    pub(crate) async fn post_each(
        &self,
        way: &Way,
        at: &Place,
        media: &'static str,
        bodies: Vec<Bytes>,
    ) -> Result<Answer, Failure> {
        let body =
            |number: usize| bodies.get(number).or(bodies.last()).cloned().unwrap_or_default();
        self.patiently(|client, number| post(client, at, media, body(number)), way, at).await
    }

    /// `POST` of a body with a secret. Only a connection that was never made is tried again, once.
    pub(crate) async fn post_once(
        &self,
        way: &Way,
        at: &Place,
        body: Bytes,
    ) -> Result<Answer, Failure> {
        self.once(|client| post(client, at, JSON, body.clone()), way, at).await
    }

    /// `POST` of a form with a secret, as [`post_once`](Self::post_once).
    pub(crate) async fn post_form_once(
        &self,
        way: &Way,
        at: &Place,
        body: Bytes,
    ) -> Result<Answer, Failure> {
        self.once(|client| post(client, at, FORM, body.clone()), way, at).await
    }

    /// `POST` with an access token (RFC 6750 §2.1), as [`post_once`](Self::post_once).
    pub(crate) async fn post_with(
        &self,
        way: &Way,
        at: &Place,
        token: &Secret,
        body: Bytes,
    ) -> Result<Answer, Failure> {
        let bearer = bearer(token)?;
        let request = |client: &reqwest::Client| {
            post(client, at, JSON, body.clone()).header(header::AUTHORIZATION, bearer.clone())
        };
        self.once(request, way, at).await
    }

    async fn once(
        &self,
        request: impl Fn(&reqwest::Client) -> reqwest::RequestBuilder,
        way: &Way,
        at: &Place,
    ) -> Result<Answer, Failure> {
        let out = self.out(way, at)?;
        match out.send(request(&out.client)).await {
            Err(Failure::Unsent(_) | Failure::Proxy(_)) => {
                tokio::time::sleep(self.options.pauses[0]).await;
                out.send(request(&out.client)).await
            }
            other => other,
        }
    }

    /// `POST` whose answer nobody needs: once, and only `within` this time.
    pub(crate) async fn post_and_forget(
        &self,
        way: &Way,
        at: &Place,
        body: Bytes,
        within: Duration,
    ) {
        let Ok(out) = self.out(way, at) else { return };
        let sent = out.send(post(&out.client, at, JSON, body));
        let sent = tokio::time::timeout(within, sent).await;
        tracing::debug!(heard = matches!(sent, Ok(Ok(_))), "told the server that nobody answers");
    }

    async fn patiently(
        &self,
        request: impl Fn(&reqwest::Client, usize) -> reqwest::RequestBuilder,
        way: &Way,
        at: &Place,
    ) -> Result<Answer, Failure> {
        let out = self.out(way, at)?;
        for (number, pause) in self.options.pauses.into_iter().enumerate() {
            let heard = out.send(request(&out.client, number)).await;
            let wait = match &heard {
                Ok(answer) if answer.status >= 500 => answer.retry_after.unwrap_or(0),
                Ok(answer) if answer.status == 429 => match answer.retry_after {
                    Some(wait) => wait,
                    None => return heard,
                },
                Err(Failure::Unsent(_) | Failure::Proxy(_) | Failure::Doubt(_)) => 0,
                Ok(_) | Err(Failure::TooLarge) => return heard,
            };
            if wait > SHORT_WAIT {
                return heard;
            }
            tokio::time::sleep(pause.max(Duration::from_secs(wait))).await;
        }
        out.send(request(&out.client, self.options.pauses.len())).await
    }

    fn out(&self, way: &Way, at: &Place) -> Result<Out, Failure> {
        let unsent = |why: &String| Failure::Unsent(why.clone());
        let through_proxy = way.proxy.is_some();
        let client = match (way.is_ordinary(), at.is_loopback_http()) {
            (true, true) => {
                let made = self.loopback.get_or_init(|| loopback(&self.options));
                made.as_ref().map_err(unsent)?.clone()
            }
            (true, false) => {
                let made = self.secure.get_or_init(|| secure(&self.options));
                made.as_ref().map_err(unsent)?.clone()
            }
            // Nobody vouches for plain http, and no tunnel hides it.
            (false, true) => {
                return Err(Failure::Unsent("plain http has no way of its own".to_owned()));
            }
            (false, false) => self.own(way, SystemTime::now()).map_err(Failure::Unsent)?,
        };
        Ok(Out { client, through_proxy })
    }

    /// A server's own way, with those of its authorities that are valid now.
    fn own(&self, way: &Way, now: SystemTime) -> Result<reqwest::Client, String> {
        let mut valid = way.clone();
        let now = timestamp(now);
        valid.authorities.retain(|authority| authority.is_valid_at(now));
        // None left must not mean all that the system trusts.
        if valid.authorities.is_empty() && !way.authorities.is_empty() {
            return Err("none of its certificate authorities is valid now".to_owned());
        }
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        let client = match own.iter().position(|(kept, _)| *kept == valid) {
            Some(at) => own.remove(at).1,
            None => by(&self.options, &valid)?,
        };
        if own.len() >= WAYS {
            own.remove(0);
        }
        own.push((valid, client.clone()));
        Ok(client)
    }
}

/// Milliseconds since 1970; at a clock before that, nothing is valid.
fn timestamp(now: SystemTime) -> Timestamp {
    let since = now
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(-1, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
    Timestamp(since)
}

/// That the TLS library takes these as all that may vouch for a server.
pub(crate) fn usable(authorities: &[Authority]) -> Result<(), String> {
    let way = Way { authorities: authorities.to_vec(), proxy: None };
    by(&ClientOptions::default(), &way).map(drop)
}

/// By this way alone.
fn by(options: &ClientOptions, way: &Way) -> Result<reqwest::Client, String> {
    let mut builder = match way.authorities.as_slice() {
        [] => with_extra_roots(options)?,
        authorities => {
            let mut roots = Vec::new();
            for authority in authorities {
                let der = authority::der(authority).ok_or("a certificate cannot be read")?;
                roots.push(reqwest::Certificate::from_der(&der).map_err(|e| told(&e))?);
            }
            common(options).tls_certs_only(roots)
        }
    };
    if let Some(proxy) = &way.proxy {
        builder = builder.proxy(reqwest::Proxy::https(proxy.as_str()).map_err(|e| told(&e))?);
    }
    encrypted(builder)
}

fn common(options: &ClientOptions) -> reqwest::ClientBuilder {
    let mut headers = header::HeaderMap::new();
    headers.insert(header::ACCEPT, header::HeaderValue::from_static(JSON));
    reqwest::Client::builder()
        .user_agent(&options.user_agent)
        .default_headers(headers)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .no_proxy()
        .http1_only()
        // No connection is used twice: a reused one may turn out closed after bytes were written.
        .pool_max_idle_per_host(0)
        .connect_timeout(options.connect_timeout)
        .timeout(options.request_timeout)
}

fn secure(options: &ClientOptions) -> Result<reqwest::Client, String> {
    encrypted(with_extra_roots(options)?)
}

fn encrypted(builder: reqwest::ClientBuilder) -> Result<reqwest::Client, String> {
    let builder = builder.https_only(true).tls_version_min(reqwest::tls::Version::TLS_1_2);
    builder.build().map_err(|e| told(&e))
}

fn with_extra_roots(options: &ClientOptions) -> Result<reqwest::ClientBuilder, String> {
    let mut roots = Vec::new();
    for root in &options.extra_roots {
        let read = if root.starts_with(b"-----BEGIN") {
            reqwest::Certificate::from_pem_bundle(root)
        } else {
            reqwest::Certificate::from_der(root).map(|one| vec![one])
        };
        let read = read.map_err(|e| format!("a configured certificate: {}", told(&e)))?;
        if read.is_empty() {
            return Err("a configured certificate: there is none in it".to_owned());
        }
        roots.extend(read);
    }
    let builder = common(options);
    Ok(if roots.is_empty() { builder } else { builder.tls_certs_merge(roots) })
}

fn loopback(options: &ClientOptions) -> Result<reqwest::Client, String> {
    // The port comes from the URL. No certificate is loaded: this one never speaks TLS.
    let here =
        [SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), SocketAddr::from((Ipv6Addr::LOCALHOST, 0))];
    common(options)
        .tls_certs_only([])
        .resolve_to_addrs("localhost", &here)
        .build()
        .map_err(|e| told(&e))
}

/// The header's value, in a buffer that is wiped when the last holder lets go.
fn bearer(token: &Secret) -> Result<header::HeaderValue, Failure> {
    let token = token.expose().as_bytes();
    let mut value = Zeroizing::new(Vec::with_capacity(token.len().saturating_add(7)));
    value.extend_from_slice(b"Bearer ");
    value.extend_from_slice(token);
    let mut value = header::HeaderValue::from_maybe_shared(Bytes::from_owner(value))
        .map_err(|_| Failure::Unsent("the token is no header".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

fn post(
    client: &reqwest::Client,
    at: &Place,
    media: &'static str,
    body: Bytes,
) -> reqwest::RequestBuilder {
    client.post(at.url().clone()).header(header::CONTENT_TYPE, media).body(body)
}

impl Out {
    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Answer, Failure> {
        let asked_at = SystemTime::now();
        let response = request.send().await.map_err(|e| {
            if e.is_builder() {
                Failure::Unsent(told(&e))
            } else if !e.is_connect() {
                Failure::Doubt(told(&e))
            } else if self.through_proxy && !is_tls(&e) {
                Failure::Proxy(told(&e))
            } else {
                Failure::Unsent(told(&e))
            }
        })?;
        read(response, asked_at).await
    }
}

/// True if TLS refused what it heard. Behind a proxy that is the server's word: the tunnel stood.
fn is_tls(error: &reqwest::Error) -> bool {
    let first = std::error::Error::source(error);
    std::iter::successors(first, |error| error.source())
        .filter_map(|error| error.downcast_ref::<std::io::Error>())
        .any(|error| error.kind() == std::io::ErrorKind::InvalidData)
}

async fn read(mut response: reqwest::Response, asked_at: SystemTime) -> Result<Answer, Failure> {
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    let status = response.status().as_u16();
    let is_json = header(header::CONTENT_TYPE).is_some_and(is_json);
    let retry_after =
        header(header::RETRY_AFTER).and_then(|h| retry_after::seconds(h, SystemTime::now()));
    let clock_ahead =
        header(header::DATE).and_then(|date| date::ahead(date, asked_at, SystemTime::now()));
    let mut body = Zeroizing::new(Vec::with_capacity(4096));
    while let Some(chunk) = response.chunk().await.map_err(|e| Failure::Doubt(told(&e)))? {
        if body.len().saturating_add(chunk.len()) > Limits::SERVER.bytes {
            return Err(Failure::TooLarge);
        }
        body = appended(body, &chunk);
        // Wiped where the library let go of it.
        if let Ok(mut chunk) = chunk.try_into_mut() {
            chunk.as_mut().zeroize();
        }
    }
    Ok(Answer { status, is_json, retry_after, clock_ahead, body })
}

/// Grows by moving to a larger buffer and wiping the old one, which `Vec` would not do.
fn appended(mut body: Zeroizing<Vec<u8>>, chunk: &[u8]) -> Zeroizing<Vec<u8>> {
    let needed = body.len().saturating_add(chunk.len());
    if needed > body.capacity() {
        let mut larger = Zeroizing::new(Vec::with_capacity(needed.saturating_mul(2)));
        larger.extend_from_slice(&body);
        body = larger;
    }
    body.extend_from_slice(chunk);
    body
}

/// True for `application/json` and `application/<name>+json`, with any parameters (A10).
fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence.strip_prefix("application/").is_some_and(|subtype| {
        subtype == "json" || subtype.strip_suffix("+json").is_some_and(|name| !name.is_empty())
    })
}

/// What the transport says, without the address: at most 200 characters of its chain of causes.
fn told(error: &reqwest::Error) -> String {
    let kind = if error.is_timeout() { "timed out" } else { "failed" };
    let mut text = kind.to_owned();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a10_json_is_application_json_or_a_json_suffix() {
        for (content_type, json) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("application/x.as+json", true),
            ("application/problem+json;v=1", true),
            ("application/+json", false),
            ("application/jsonp", false),
            ("application/json-seq", false),
            ("text/json", false),
            ("text/html", false),
            ("application/xml", false),
            ("", false),
        ] {
            assert_eq!(is_json(content_type), json, "{content_type}");
        }
    }

    #[test]
    fn m1_a_growing_body_moves_to_a_new_buffer_instead_of_leaving_the_old_one() {
        let body = appended(Zeroizing::new(Vec::with_capacity(4)), b"abc");
        let before = body.as_ptr();
        let body = appended(body, b"defgh");
        assert_eq!(body.as_slice(), b"abcdefgh");
        assert_ne!(before, body.as_ptr());
    }
}

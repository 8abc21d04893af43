//! Authorization servers over HTTP: FiPA (draft-ietf-oauth-first-party-apps-03) with the
//! elicitations of ANA (draft-embesozzi-oauth-agent-native-authorization-00), as the one
//! implementation of [`placet_core::ports::Servers`].
//!
//! Read in the order of one authorization: `metadata` (who is it), `challenge` (the first
//! request), `reply` (what came back), `elicitation` (what it asks), `passkey` (where it asks
//! for one), `session` (the answers). Then `account` and `creation`: the person's own session, and the
//! passkeys that they keep at a server.
//!
//! **Promises.** TLS is always verified; plain http only to `http://localhost` and only when both
//! the server and this client were told so (A27). A server that has certificate authorities or a
//! proxy of its own ([`placet_core::way`]) is reached by them alone. No redirect is followed (A12), no
//! cookie kept, no proxy or key log taken from the environment. What a server may send is bounded
//! (A23). A
//! secret that the person typed is sent at most once (T5), in a buffer that is wiped.
//!
//! **Never** put a secret, a server's text or a body into a log line, an error or a URL (A25, F10).
//! Never send a DPoP proof: a code for the requester cannot be bound to a key of ours (A14).
//!
//! What is out of our hands: the HTTP library (hyper) holds a received body in a read buffer that
//! it frees unwiped, and the JSON parser may hold one unescaped string; `authorization_code` and
//! `auth_session` pass through both. A sent body is not copied by it, but for what the TLS
//! library encrypts.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod account;
mod approval;
mod authority;
mod body;
mod challenge;
mod creation;
mod date;
mod echo;
mod elicitation;
mod http;
mod instance;
mod metadata;
mod passkey;
mod place;
mod reply;
mod retry_after;
mod session;

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use placet_core::account::{Installation, Own, Registered};
use placet_core::creation::{Created, Creation};
use placet_core::form::Values;
use placet_core::passkey::Assertion;
use placet_core::ports::{ServerError, Servers, Step};
use placet_core::request::{Authorization, Server};
use placet_core::secret::Secret;

pub use account::Account;
pub use instance::Instance;
use placet_core::way::Way;

pub use authority::authorities;
pub use metadata::Metadata;
pub use session::Session;

/// What can be chosen for all servers at once.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// Lets servers whose own `danger_http_loopback` is set be reached at `http://localhost`
    /// (A27). Off by default.
    pub danger_allow_http_loopback: bool,
    /// The `User-Agent` header.
    pub user_agent: String,
    /// Certificates to trust beside the system's, each one PEM or DER.
    pub extra_roots: Vec<Vec<u8>>,
    /// How long a connection, TLS included, may take.
    pub connect_timeout: Duration,
    /// How long one request may take, from its start to the last byte of the answer.
    pub request_timeout: Duration,
    /// The pauses before the second and third try of a request without a secret (F3).
    pub pauses: [Duration; 2],
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            danger_allow_http_loopback: false,
            user_agent: concat!("Placet/", env!("CARGO_PKG_VERSION")).to_owned(),
            extra_roots: Vec::new(),
            connect_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            pauses: [Duration::from_millis(300), Duration::from_millis(1200)],
        }
    }
}

/// Speaks to authorization servers. Cheap to clone; all clones share what they remember.
///
/// Nothing is opened or loaded before the first request, so an idle Placet does not hold the
/// system's certificates in memory.
#[derive(Clone, Debug)]
pub struct Client {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    http: http::Http,
    known: metadata::Known,
    instance: OnceLock<Arc<dyn Instance>>,
}

impl Client {
    /// A client with these options.
    #[must_use]
    pub fn new(options: ClientOptions) -> Self {
        Self {
            inner: Arc::new(Inner {
                http: http::Http::new(options),
                known: metadata::Known::default(),
                instance: OnceLock::new(),
            }),
        }
    }

    /// Proves with this key which installation it is, to servers that know it. Once; all clones do.
    pub fn speak_as(&self, instance: Arc<dyn Instance>) {
        if self.inner.instance.set(instance).is_err() {
            tracing::error!("this client speaks for an installation already");
        }
    }

    fn instance(&self) -> Arc<dyn Instance> {
        self.inner.instance.get().map_or_else(instance::nobody, Arc::clone)
    }

    /// Fetches the metadata of an issuer (RFC 8414, else OpenID Connect Discovery), always anew:
    /// for the screen on which a person decides whether to trust it (S6).
    ///
    /// # Errors
    /// [`ServerError::Unreachable`] if there is none or nobody answers, [`ServerError::Protocol`]
    /// if it names another issuer (A1) or an endpoint that may not be used (A27).
    pub async fn metadata(
        &self,
        issuer: &str,
        danger_http_loopback: bool,
    ) -> Result<Metadata, ServerError> {
        self.metadata_by(&Way::default(), issuer, danger_http_loopback).await
    }

    /// As [`Client::metadata`], by the way on which this server is reached.
    async fn metadata_by(
        &self,
        way: &Way,
        issuer: &str,
        danger_http_loopback: bool,
    ) -> Result<Metadata, ServerError> {
        let loopback = self.loopback(danger_http_loopback);
        let metadata = metadata::fetch(self.http(), way, issuer, loopback).await?;
        self.inner.known.keep(way, metadata.clone(), SystemTime::now());
        Ok(metadata)
    }

    /// The metadata of an enrolled server, at most 24 hours old (A1).
    async fn known(&self, server: &Server) -> Result<Metadata, ServerError> {
        let Server { issuer, way, danger_http_loopback, .. } = server;
        match self.inner.known.find(way, issuer, SystemTime::now()) {
            Some(metadata) => Ok(metadata),
            None => self.metadata_by(way, issuer, *danger_http_loopback).await,
        }
    }

    fn http(&self) -> &http::Http {
        &self.inner.http
    }

    fn loopback(&self, server: bool) -> place::Loopback {
        if server && self.inner.http.options().danger_allow_http_loopback {
            place::Loopback::Allowed
        } else {
            place::Loopback::Refused
        }
    }
}

impl Servers for Client {
    type Session = Session;
    type Account = Account;

    async fn look_at(&self, server: &Server) -> Result<String, ServerError> {
        let Server { issuer, way, danger_http_loopback, .. } = server;
        let metadata = self.metadata_by(way, issuer, *danger_http_loopback).await?;
        let endpoint = metadata.challenge_endpoint().map(str::to_owned);
        endpoint.ok_or(ServerError::NoChallengeEndpoint)
    }

    async fn begin(&self, server: &Server, asked: &Authorization, passkeys: bool) -> Step<Session> {
        let as_anybody = challenge::begin(self, server, asked, passkeys, None);
        as_anybody.await.unwrap_or_else(Step::Refused)
    }

    async fn begin_known(
        &self,
        server: &Server,
        asked: &Authorization,
        passkeys: bool,
    ) -> Step<Session> {
        let instance = self.instance();
        let as_ourselves = challenge::begin(self, server, asked, passkeys, Some(&*instance));
        as_ourselves.await.unwrap_or_else(Step::Refused)
    }

    fn installation(&self) -> Option<Installation> {
        self.instance().installation()
    }

    async fn register_installation(&self, account: &mut Account) -> Result<(), ServerError> {
        let jwk = self.instance().public_jwk();
        let jwk = jwk.ok_or_else(|| ServerError::Unsupported("there is no key".to_owned()))?;
        account.register_installation(jwk).await
    }

    async fn answer(&self, session: Session, values: Values) -> Step<Session> {
        session.answer(values).await.unwrap_or_else(Step::Refused)
    }

    async fn present(&self, session: Session, assertion: Assertion) -> Step<Session> {
        session.present(&assertion).await.unwrap_or_else(Step::Refused)
    }

    async fn leave(&self, session: Session, declined: bool) {
        session.leave(declined).await;
    }

    async fn own(&self, server: &Server) -> Result<Own, ServerError> {
        account::own(self, server).await
    }

    async fn enter(
        &self,
        server: &Server,
        code: Secret,
        code_verifier: Secret,
    ) -> Result<Account, ServerError> {
        Account::enter(self, server, code, code_verifier).await
    }

    async fn begin_passkey(&self, account: &mut Account) -> Result<Creation, ServerError> {
        account.begin_passkey().await
    }

    async fn finish_passkey(
        &self,
        account: &mut Account,
        creation: &Creation,
        created: &Created,
        name: &str,
    ) -> Result<Registered, ServerError> {
        account.finish_passkey(creation, created, name).await
    }

    async fn passkeys(&self, account: &mut Account) -> Result<Vec<Registered>, ServerError> {
        account.passkeys().await
    }

    async fn rename_passkey(
        &self,
        account: &mut Account,
        id: &str,
        name: &str,
    ) -> Result<(), ServerError> {
        account.rename_passkey(id, name).await
    }

    async fn delete_passkey(&self, account: &mut Account, id: &str) -> Result<(), ServerError> {
        account.delete_passkey(id).await
    }
}

//! A running authorization session with one server.
//!
//! **Promises.** A [`Session`] is used up by each step, so no challenge is answered twice. The
//! newest `auth_session` of any answer is the one that is sent (A7). A secret is sent at most once
//! (T5): when nobody can know whether it arrived, the server is asked what it waits for now
//! (digest §2.6.5-7 and -9), and a 429 gives the question back unanswered (F5).
//!
//! **Never** print `auth_session`; never keep what the person typed beyond the step.

use std::time::{Duration, SystemTime};

use placet_core::form::{Filled, Form, Values};
use placet_core::passkey::{Assertion, Binding, Passkey};
use placet_core::ports::{Challenge, Delivery, ServerError, Step};
use placet_core::request::{Authorization, Server};
use placet_core::secret::Secret;
use placet_core::way::Way;

use crate::approval::{self, Approval};
use crate::elicitation::{self, Asked};
use crate::http::JSON;
use crate::passkey::{self, Home};
use crate::place::{Loopback, Place};
use crate::reply::{Reply, Said};
use crate::{Client, Metadata, body, echo};

/// What is waited when a server says 429 and not for how long.
const UNSAID_WAIT: u64 = 5;
/// How long telling a server that nobody answers may take.
const LEAVE_WITHIN: Duration = Duration::from_secs(5);

/// Everything that stays the same from the first request to the code.
#[derive(Debug)]
pub(crate) struct Conversation {
    client: Client,
    way: Way,
    metadata: Metadata,
    endpoint: Place,
    loopback: Loopback,
    /// What may stand in what a passkey signs.
    home: Home,
    client_id: String,
    asked: Authorization,
    approval: Option<Approval>,
    /// As `Challenge::clock_ahead`.
    clock_ahead: Option<i64>,
}

/// A server that waits for an answer. Holds `auth_session` as a secret.
#[derive(Debug)]
pub struct Session {
    conversation: Conversation,
    auth_session: Secret,
    asked: Asked,
    /// Of the passkey that is asked for, if one is.
    binding: Binding,
    asked_at: SystemTime,
}

impl Conversation {
    pub(crate) fn new(
        client: &Client,
        server: &Server,
        asked: &Authorization,
        metadata: Metadata,
        endpoint: Place,
        home: Home,
    ) -> Self {
        Self {
            client: client.clone(),
            way: server.way.clone(),
            metadata,
            endpoint,
            loopback: client.loopback(server.danger_http_loopback),
            home,
            client_id: server.client_id.clone(),
            asked: asked.clone(),
            approval: None,
            clock_ahead: None,
        }
    }

    /// What the server said, as the rules see it. `known` is the `auth_session` so far; `typed`
    /// is what may come back in its words.
    ///
    /// # Errors
    /// Why it is over.
    pub(crate) fn step(
        mut self,
        known: Option<Secret>,
        reply: Reply,
        last: Delivery,
        typed: &[Secret],
    ) -> Result<Step<Session>, ServerError> {
        self.clock_ahead = reply.clock_ahead.or(self.clock_ahead);
        match reply.said {
            Said::Granted(code) => Ok(Step::Granted(code)),
            Said::Over(error) => Err(error),
            Said::Doubt(why) => Err(ServerError::Unreachable(why)),
            Said::Throttled(wait) => Err(ServerError::Throttled(wait.unwrap_or(UNSAID_WAIT))),
            Said::Asks(members) => {
                let session = self.asked(known, reply.auth_session, &members, typed)?;
                Ok(session.challenged(last))
            }
        }
    }

    fn asked(
        mut self,
        known: Option<Secret>,
        new: Option<Secret>,
        members: &serde_json::Map<String, serde_json::Value>,
        typed: &[Secret],
    ) -> Result<Session, ServerError> {
        // Digest §2.10-7: nothing could be answered.
        let auth_session = new.or(known).ok_or_else(|| {
            ServerError::Protocol("it asks without ever naming an auth_session".to_owned())
        })?;
        let now = SystemTime::now();
        let mut asked = elicitation::read(members, self.loopback, &self.home)?;
        if let Some(approval) = approval::read(members, &self.asked, &self.client_id, now)? {
            asked.expires_in = match (asked.expires_in, approval.expires_in) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
            echo::free_of(approval.object.members(), typed)?;
            self.approval = Some(approval.same_as(self.approval.as_ref())?);
        }
        let passkey = asked.passkey.as_deref();
        let binding = approval::bound(members, self.approval.as_ref(), passkey)?;
        asked.message = echo::dotted(asked.message, typed);
        asked.form = echo::dotted_form(asked.form, typed)?;
        Ok(Session { conversation: self, auth_session, asked, binding, asked_at: now })
    }
}

impl Session {
    /// Sends what the person filled in, once.
    ///
    /// # Errors
    /// Why it is over.
    pub(crate) async fn answer(mut self, values: Values) -> Result<Step<Self>, ServerError> {
        let body = self.body(&values);
        let mut reply = self.post(body).await;
        self.adopt(&mut reply);
        match reply.said {
            Said::Throttled(wait) => {
                let wait = wait.unwrap_or(UNSAID_WAIT);
                let left = self.seconds_left();
                self.asked.expires_in = left;
                Ok(self.challenged(Delivery::Throttled(wait)))
            }
            Said::Doubt(why) => self.recover(Given::Values(values), why).await,
            _ => {
                let typed = secrets(values);
                self.conversation.step(Some(self.auth_session), reply, Delivery::Seen, &typed)
            }
        }
    }

    /// Sends what an authenticator signed, once. What was signed is for one challenge, so that a 429
    /// ends it: the same challenge is not signed again (P13).
    ///
    /// # Errors
    /// Why it is over.
    pub(crate) async fn present(
        mut self,
        assertion: &Assertion,
    ) -> Result<Step<Self>, ServerError> {
        let Some(asked) = &self.asked.passkey else {
            return Err(ServerError::Unsupported("it did not ask for a passkey".to_owned()));
        };
        let Conversation { client_id, .. } = &self.conversation;
        let value = passkey::answer(asked, assertion);
        let id = self.asked.id.as_deref();
        let body = body::passkey(&self.auth_session, client_id, id, &asked.name, &value);
        let mut reply = self.post(body).await;
        self.adopt(&mut reply);
        match reply.said {
            Said::Doubt(why) => self.recover(Given::Assertion, why).await,
            _ => self.conversation.step(Some(self.auth_session), reply, Delivery::Seen, &[]),
        }
    }

    async fn post(&self, body: bytes::Bytes) -> Reply {
        let Conversation { client, way, endpoint, .. } = &self.conversation;
        Reply::read(client.http().post_once(way, endpoint, body).await)
    }

    /// Nobody knows whether the answer arrived: asks the server what it waits for now.
    async fn recover(mut self, given: Given, why: String) -> Result<Step<Self>, ServerError> {
        tracing::debug!("an answer is in doubt; the server is asked what it waits for");
        let before = self.asked.clone();
        let mut reply = self.refresh().await;
        self.adopt(&mut reply);
        // A server that does not know this request has not refused what was asked of it.
        if matches!(reply.said, Said::Over(ServerError::Refused(_))) {
            return Err(ServerError::Unreachable(why));
        }
        let Said::Asks(members) = &reply.said else {
            let typed = given.secrets();
            return self.conversation.step(Some(self.auth_session), reply, Delivery::Seen, &typed);
        };
        let typed = match given {
            Given::Values(values) if !values.has_secret() => {
                return self.repeat(members, before.form, values).await;
            }
            given => given.secrets(),
        };
        let session = self.conversation.asked(
            Some(self.auth_session),
            reply.auth_session,
            members,
            &typed,
        )?;
        // Another question means that the answer was taken.
        let last =
            if same(&session.asked, &before) { Delivery::Unconfirmed } else { Delivery::Seen };
        Ok(session.challenged(last))
    }

    /// An answer without a secret is sent once more if the server still asks the same (F3).
    async fn repeat(
        self,
        members: &serde_json::Map<String, serde_json::Value>,
        before: Form,
        values: Values,
    ) -> Result<Step<Self>, ServerError> {
        let mut session = self.conversation.asked(Some(self.auth_session), None, members, &[])?;
        if session.asked.form != before {
            let last = if same_names(&session.asked.form, &before) {
                Delivery::Unconfirmed
            } else {
                Delivery::Seen
            };
            return Ok(session.challenged(last));
        }
        let body = session.body(&values);
        let mut reply = session.post(body).await;
        session.adopt(&mut reply);
        session.conversation.step(Some(session.auth_session), reply, Delivery::Seen, &[])
    }

    /// Tells the server that nobody will answer, if it lists that action (A24).
    pub(crate) async fn leave(self, declined: bool) {
        let action = if declined { "decline" } else { "cancel" };
        let Conversation { client, way, metadata, endpoint, client_id, .. } = &self.conversation;
        if metadata.understands(action) {
            let body = body::action(&self.auth_session, client_id, action);
            client.http().post_and_forget(way, endpoint, body, LEAVE_WITHIN).await;
        }
    }

    async fn refresh(&self) -> Reply {
        let Conversation { client, way, endpoint, client_id, .. } = &self.conversation;
        let body = body::refresh(&self.auth_session, client_id);
        Reply::read(client.http().post_patiently(way, endpoint, JSON, body).await)
    }

    fn body(&self, values: &Values) -> bytes::Bytes {
        let id = self.asked.id.as_deref();
        body::answer(&self.auth_session, &self.conversation.client_id, id, values)
    }

    /// A7.
    fn adopt(&mut self, reply: &mut Reply) {
        self.conversation.clock_ahead = reply.clock_ahead.or(self.conversation.clock_ahead);
        if let Some(new) = reply.auth_session.take() {
            self.auth_session = new;
        }
    }

    fn seconds_left(&self) -> Option<u64> {
        let gone = self.asked_at.elapsed().map_or(0, |gone| gone.as_secs());
        self.asked.expires_in.map(|seconds| seconds.saturating_sub(gone))
    }

    fn challenged(self, last: Delivery) -> Step<Self> {
        Step::Challenged(Challenge {
            message: self.asked.message.clone(),
            form: self.asked.form.clone(),
            passkey: self.asked.passkey.as_ref().map(|asked| {
                Box::new(Passkey { wanted: asked.wanted.clone(), binding: self.binding })
            }),
            approval: self.conversation.approval.as_ref().map(|held| Box::new(held.object.clone())),
            attempts_remaining: self.asked.attempts_remaining,
            expires_in: self.asked.expires_in,
            clock_ahead: self.conversation.clock_ahead,
            last,
            session: self,
        })
    }
}

/// What was sent.
enum Given {
    Values(Values),
    Assertion,
}

impl Given {
    fn secrets(self) -> Vec<Secret> {
        match self {
            Self::Values(values) => secrets(values),
            Self::Assertion => Vec::new(),
        }
    }
}

fn same(one: &Asked, other: &Asked) -> bool {
    one.passkey.is_some() == other.passkey.is_some() && same_names(&one.form, &other.form)
}

fn same_names(one: &Form, other: &Form) -> bool {
    one.fields.iter().map(|f| &f.name).eq(other.fields.iter().map(|f| &f.name))
}

fn secrets(values: Values) -> Vec<Secret> {
    let secret = |(_, filled)| match filled {
        Filled::Secret(secret) => Some(secret),
        _ => None,
    };
    values.0.into_iter().filter_map(secret).collect()
}

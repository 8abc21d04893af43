//! The part of an errand at a server: the person proves to it who they are, and only with the session
//! that this opens is done what they agreed to.
//!
//! **Promises.** The code of that session is redeemed here with a verifier that nobody else has, and
//! does not leave the daemon; neither does the token. A passkey is made after the approving gesture on
//! a screen that says for whom, and what an authenticator made is held against what was asked before
//! the server sees it. What is renamed or deleted stands on a screen by its name first.
//!
//! **Never** end as approved when the server did not do it.

use super::{Case, Decided, Over, SessionEnds, Yes, approved};
use crate::account::{Errand, Registered, Task, meant, own_request};
use crate::ceremony::Agreed;
use crate::display::Screen;
use crate::json::Digest;
use crate::outcome::{Assurance, Ended, Reason};
use crate::ports::{
    Authenticators as _, Event, Ports, Record as _, ServerError, Servers, Status, Turn,
};
use crate::request::Server;

/// The number of the first screen after the sign-in, beyond all that a sign-in can have.
const AFTER_SIGN_IN: u32 = 100;
/// The number of the first exchange after it.
const EXCHANGE: u32 = 100;

type AccountOf<P> = <<P as Ports>::Servers as Servers>::Account;

impl<P: Ports> Case<'_, P> {
    /// Signs the person in, and does what they agreed to.
    #[expect(clippy::too_many_arguments, reason = "as `authorize`, which it goes through")]
    pub(super) async fn errand<T: Turn>(
        &self,
        turn: &mut T,
        review: Screen,
        yes: Yes,
        least: Assurance,
        errand: &Errand,
        server: &Server,
        over: &Over<'_>,
    ) -> Result<Ended, Reason> {
        self.ports.status(self.request, Status::Answering);
        let passkeys = self.ports.authenticators().usable();
        if matches!(errand.task, Task::AddPasskey { .. }) && !passkeys {
            return Err(Reason::AssuranceUnreachable);
        }
        // The first contact: whether the server has what is needed for it at all.
        self.stands(over)?;
        self.contacting(server, Some(&server.account), 1).await?;
        let own = self.ports.servers().own(server);
        let own = match self.converse(turn, &review, own, over).await? {
            Ok(own) => own,
            Err(error) => return self.refused_at_account(turn, &review, error, over).await,
        };
        let asked = own_request(errand, &own);
        let agreed = self.agreed(least, passkeys, server);
        let signed_in =
            self.authorize(turn, review.clone(), yes, agreed, &asked, server, over).await?;
        let Ended { granted: Some(granted), .. } = signed_in else { return Ok(signed_in) };
        // What was approved so far is that the person is there: each end below is made anew.
        let signed_in = Ended { granted: None, ..signed_in };
        self.stands(over)?;
        self.contacting(server, Some(&server.account), EXCHANGE).await?;
        let enter =
            self.ports.servers().enter(server, granted.authorization_code, own.code_verifier);
        let mut account = match self.converse(turn, &review, enter, over).await? {
            Ok(account) => account,
            Err(error) => return self.refused_at_account(turn, &review, error, over).await,
        };
        let ended = SessionEnds { review: &review, signed_in, server };
        match &errand.task {
            Task::AddPasskey { name } => {
                self.add_passkey(turn, ended, &mut account, name, over).await
            }
            Task::ListPasskeys => self.list_passkeys(turn, ended, &mut account, over).await,
            Task::RenamePasskey { passkey, name } => {
                self.change_passkey(turn, ended, &mut account, passkey, Some(name), over).await
            }
            Task::RegisterInstallation => {
                self.register_installation(turn, ended, &mut account, over).await
            }
            Task::DeletePasskey { passkey } => {
                self.change_passkey(turn, ended, &mut account, passkey, None, over).await
            }
        }
    }

    async fn add_passkey<T: Turn>(
        &self,
        turn: &mut T,
        SessionEnds { review, signed_in, server }: SessionEnds<'_>,
        account: &mut AccountOf<P>,
        name: &str,
        over: &Over<'_>,
    ) -> Result<Ended, Reason> {
        let servers = self.ports.servers();
        let exchange = EXCHANGE.saturating_add(1);
        self.contacting(server, Some(&server.account), exchange).await?;
        let begun = servers.begin_passkey(account);
        let creation = match self.converse(turn, review, begun, over).await? {
            Ok(creation) => creation,
            Err(error) => return self.refused_at_account(turn, review, error, over).await,
        };
        let screen = Screen::creation(review, AFTER_SIGN_IN, &creation, name);
        let begin = |voice| self.ports.authenticators().create(creation.clone(), voice);
        let made = self.at_the_key(turn, screen, creation.timeout, begin, over).await?;
        let (yes, created) = match made {
            Ok(made) => made,
            Err(ended) => return Ok(ended),
        };
        let sign_count = match created.fits(&creation) {
            Ok(sign_count) => sign_count,
            Err(unfit) => {
                self.suspicious("authenticator", unfit.to_string()).await?;
                return Ok(Ended::no(Reason::AuthenticatorUnfit));
            }
        };
        self.stands(over)?;
        let event = Event::PasskeyMade {
            issuer: server.issuer.clone(),
            credential: Digest::of_bytes(&created.credential_id),
            sign_count,
        };
        self.record(event).await.map_err(|_| Reason::RecordUnwritable)?;
        self.contacting(server, Some(&server.account), exchange.saturating_add(1)).await?;
        let told = servers.finish_passkey(account, &creation, &created, name);
        match self.converse(turn, review, told, over).await? {
            Ok(registered) => {
                Ok(Ended { passkeys: Some(vec![registered]), ..self.done(&signed_in, yes) })
            }
            Err(ServerError::Refused(_) | ServerError::AccessDenied) => {
                Ok(Ended::no(Reason::PasskeyNotTaken))
            }
            Err(error) => self.refused_at_account(turn, review, error, over).await,
        }
    }

    async fn list_passkeys<T: Turn>(
        &self,
        turn: &mut T,
        SessionEnds { review, signed_in, server }: SessionEnds<'_>,
        account: &mut AccountOf<P>,
        over: &Over<'_>,
    ) -> Result<Ended, Reason> {
        match self.known_passkeys(turn, review, account, server, over).await? {
            // The person agreed to the list, and to nothing that is on it.
            Ok(known) => Ok(Ended { passkeys: Some(known), ..signed_in }),
            Err(ended) => Ok(ended),
        }
    }

    /// `name` is the new one; without it the passkey is deleted.
    async fn change_passkey<T: Turn>(
        &self,
        turn: &mut T,
        SessionEnds { review, signed_in, server }: SessionEnds<'_>,
        account: &mut AccountOf<P>,
        passkey: &str,
        name: Option<&str>,
        over: &Over<'_>,
    ) -> Result<Ended, Reason> {
        let known = match self.known_passkeys(turn, review, account, server, over).await? {
            Ok(known) => known,
            Err(ended) => return Ok(ended),
        };
        let Some(meant) = meant(&known, passkey) else { return Err(Reason::NoSuchPasskey) };
        let screen = Screen::passkey_change(review, AFTER_SIGN_IN, meant, name, known.len() == 1);
        let yes = match self.show(turn, &screen, over).await? {
            Decided::Yes(yes) => yes,
            Decided::No(ended) => return Ok(ended),
        };
        self.stands(over)?;
        let event = Event::PasskeyChanged {
            issuer: server.issuer.clone(),
            passkey: meant.id.clone(),
            how: if name.is_some() { "renamed" } else { "deleted" }.to_owned(),
        };
        self.record(event).await.map_err(|_| Reason::RecordUnwritable)?;
        self.contacting(server, Some(&server.account), EXCHANGE.saturating_add(2)).await?;
        let servers = self.ports.servers();
        let told = match name {
            Some(name) => {
                let told = servers.rename_passkey(account, &meant.id, name);
                self.converse(turn, &screen, told, over).await?
            }
            None => {
                let told = servers.delete_passkey(account, &meant.id);
                self.converse(turn, &screen, told, over).await?
            }
        };
        match told {
            Ok(()) => Ok(self.done(&signed_in, yes)),
            Err(error) => self.refused_at_account(turn, review, error, over).await,
        }
    }

    async fn register_installation<T: Turn>(
        &self,
        turn: &mut T,
        SessionEnds { review, signed_in, server }: SessionEnds<'_>,
        account: &mut AccountOf<P>,
        over: &Over<'_>,
    ) -> Result<Ended, Reason> {
        let servers = self.ports.servers();
        let Some(installation) = servers.installation() else {
            return Err(Reason::NoInstallationKey);
        };
        let screen = Screen::installation(review, AFTER_SIGN_IN, &installation);
        let yes = match self.show(turn, &screen, over).await? {
            Decided::Yes(yes) => yes,
            Decided::No(ended) => return Ok(ended),
        };
        self.stands(over)?;
        self.contacting(server, Some(&server.account), EXCHANGE.saturating_add(1)).await?;
        let told = servers.register_installation(account);
        if let Err(error) = self.converse(turn, &screen, told, over).await? {
            return self.refused_at_account(turn, review, error, over).await;
        }
        // From here on the server asks for it: on record even if the requester has left meanwhile.
        let (issuer, account) = (server.issuer.clone(), server.account.clone());
        let event = Event::InstallationRegistered { issuer, account, kid: installation.kid };
        self.record(event).await.map_err(|_| Reason::RecordUnwritable)?;
        Ok(self.done(&signed_in, yes))
    }

    /// The beginning of a conversation with this server.
    pub(super) fn agreed(&self, least: Assurance, passkeys: bool, server: &Server) -> Agreed {
        Agreed::new(least, passkeys)
            .known_by(self.known_by(server))
            .used_last(self.ports.record().last_method(&server.issuer))
    }

    /// How the key is kept by which this server knows this installation, if it does and the key is
    /// there.
    fn known_by(&self, server: &Server) -> Option<&'static str> {
        let known = self.ports.record().installation(&server.issuer, &server.account)?;
        let installation = self.ports.servers().installation()?;
        (installation.kid == known).then_some(installation.kept)
    }

    async fn known_passkeys<T: Turn>(
        &self,
        turn: &mut T,
        review: &Screen,
        account: &mut AccountOf<P>,
        server: &Server,
        over: &Over<'_>,
    ) -> Result<Result<Vec<Registered>, Ended>, Reason> {
        self.contacting(server, Some(&server.account), EXCHANGE.saturating_add(1)).await?;
        let known = self.ports.servers().passkeys(account);
        match self.converse(turn, review, known, over).await? {
            Ok(known) => Ok(Ok(known)),
            Err(error) => self.refused_at_account(turn, review, error, over).await.map(Err),
        }
    }

    /// The yes to the last screen, at the level at which the person signed in.
    fn done(&self, signed_in: &Ended, yes: Yes) -> Ended {
        match (signed_in.assurance, signed_in.method) {
            (Some(assurance), Some(method)) => approved(assurance, method, yes),
            _ => Ended::no(Reason::AssuranceUnreachable),
        }
    }

    /// A server's no. One that looks like an attack is on record and shown.
    async fn refused_at_account<T: Turn>(
        &self,
        turn: &mut T,
        review: &Screen,
        error: ServerError,
        over: &Over<'_>,
    ) -> Result<Ended, Reason> {
        let (reason, retry_after) = error.reason();
        match error {
            ServerError::Suspicious(suspicion, why) => {
                self.refuse(turn, review, (reason, suspicion, why), over).await
            }
            _ => Ok(Ended { retry_after, ..Ended::no(reason) }),
        }
    }
}

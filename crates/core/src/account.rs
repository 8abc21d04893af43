//! What the person does at a server for themselves: their passkeys there, this installation.
//!
//! It is done in a session of the person's own: Placet asks the server as its own requester, with a
//! PKCE verifier that no program has, the person proves who they are in the prompt, and Placet
//! redeems the code itself.
//!
//! **Promises.** No program gets anything of that session: not the code, not the token, not what the
//! key made. A scope of it asked for by anybody else is refused ([`reserved`]).
//!
//! **Never** add a member that a requester could use to choose an endpoint, a client or an account.

use serde::Serialize;

use crate::request::Authorization;
use crate::secret::Secret;
use crate::text::is_plain_line;

/// The scope of the person's own session (docs/passkey-registration.md).
pub const SCOPE: &str = "placet:passkeys";
/// What scopes of ours begin with.
const OURS: &str = "placet:";

/// Bytes of the name of a passkey.
pub const NAME_MAX: usize = 64;
/// Bytes of a server's name for a passkey.
pub const ID_MAX: usize = 128;

/// Something to be done at a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Errand {
    /// The enrolled issuer, byte for byte.
    pub issuer: String,
    /// What.
    pub task: Task,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "task")]
pub enum Task {
    /// Make a passkey and have the server know it.
    AddPasskey {
        /// What the person calls it.
        name: String,
    },
    /// Tell the requester which ones there are.
    ListPasskeys,
    /// Call one otherwise.
    RenamePasskey {
        /// The server's id of it, or its name if only one is called so.
        passkey: String,
        /// The new name.
        name: String,
    },
    /// Have the server forget one.
    DeletePasskey {
        /// As above.
        passkey: String,
    },
    /// Have the server know this installation by its key.
    RegisterInstallation,
}

/// The key that says to servers which installation this is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation {
    /// Its name: its thumbprint (RFC 7638).
    pub kid: String,
    /// What keeps others from using it, in one sentence.
    pub kept: &'static str,
}

impl Task {
    /// The kind in the record.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::AddPasskey { .. } => "add_passkey",
            Self::ListPasskeys => "list_passkeys",
            Self::RenamePasskey { .. } => "rename_passkey",
            Self::DeletePasskey { .. } => "delete_passkey",
            Self::RegisterInstallation => "register_installation",
        }
    }
}

/// What a session of one's own begins with.
#[derive(Debug)]
pub struct Own {
    /// RFC 7636: never leaves but to the token endpoint.
    pub code_verifier: Secret,
    /// S256 of it.
    pub code_challenge: String,
}

/// A passkey that a server knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// The server's name for it.
    pub id: String,
    /// What the person calls it.
    pub name: String,
    /// When it was made, as the server writes it.
    pub created_at: Option<String>,
    /// When it was last used, as the server writes it.
    pub last_used_at: Option<String>,
}

/// The one that is meant: that with this id, or the only one with this name.
#[must_use]
pub fn meant<'a>(all: &'a [Registered], passkey: &str) -> Option<&'a Registered> {
    let by_id = all.iter().find(|one| one.id == passkey);
    by_id.or_else(|| {
        let mut named = all.iter().filter(|one| one.name == passkey);
        named.next().filter(|_| named.next().is_none())
    })
}

/// True for a name that a passkey may have.
#[must_use]
pub fn is_name(name: &str) -> bool {
    !name.trim().is_empty() && name.len() <= NAME_MAX && is_plain_line(name)
}

/// True if it asks for what only the person's own session may have: with it a program could register
/// a key of its own.
#[must_use]
pub fn reserved(asked: &Authorization) -> bool {
    let ours =
        |token: &str| token.get(..OURS.len()).is_some_and(|start| start.eq_ignore_ascii_case(OURS));
    asked.scope.as_deref().is_some_and(|scope| scope.split_ascii_whitespace().any(ours))
}

/// The request of the person's own session. `max_age` 0: they prove it now, not some time ago.
pub(crate) fn own_request(errand: &Errand, own: &Own) -> Authorization {
    Authorization {
        issuer: errand.issuer.clone(),
        scope: Some(SCOPE.to_owned()),
        resource: Vec::new(),
        authorization_details: Vec::new(),
        authorization_details_raw: None,
        acr_values: None,
        max_age: Some(0),
        code_challenge: own.code_challenge.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registered(id: &str, name: &str) -> Registered {
        Registered { id: id.into(), name: name.into(), created_at: None, last_used_at: None }
    }

    #[test]
    fn a_name_that_two_have_means_neither_and_an_id_wins() {
        let all = [registered("1", "blue"), registered("2", "blue"), registered("3", "1")];
        assert_eq!(meant(&all, "1").map(|one| one.id.as_str()), Some("1"));
        assert_eq!(meant(&all, "2").map(|one| one.id.as_str()), Some("2"));
        assert_eq!(meant(&all, "blue"), None);
        assert_eq!(meant(&all[1..], "blue").map(|one| one.id.as_str()), Some("2"));
    }

    #[test]
    fn a_scope_of_ours_is_known_in_any_spelling() {
        let asks = |scope: &str| {
            let errand = Errand { issuer: String::new(), task: Task::ListPasskeys };
            let own = Own { code_verifier: Secret::new(String::new()), code_challenge: "".into() };
            let asked = own_request(&errand, &own);
            reserved(&Authorization { scope: Some(scope.into()), ..asked })
        };
        for scope in [SCOPE, "read placet:passkeys", "PLACET:Passkeys", "placet:anything"] {
            assert!(asks(scope), "{scope}");
        }
        for scope in ["", "passkeys", "placet", "not-placet:passkeys", "é placetpasskeys"] {
            assert!(!asks(scope), "{scope}");
        }
    }
}

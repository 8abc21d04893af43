//! `passkey/…` and `as/register`: what a person does at a server for themselves.
//!
//! **Promises.** As for everything that a requester sends: read in full, or an error that names the
//! member.
//!
//! **Never** a member for an endpoint, a `client_id` or an account.

use serde::{Deserialize, Serialize};

use crate::flaw::Flaw;
use crate::members::Members;
use crate::params::url;

/// Bytes of a passkey's name.
const NAME_MAX: usize = 64;
/// Bytes of a server's id of a passkey.
const ID_MAX: usize = 128;

/// `passkey/add`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AddPasskey {
    /// An enrolled issuer, byte for byte.
    pub issuer: String,
    /// What the person calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// `passkey/list`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListPasskeys {
    /// An enrolled issuer, byte for byte.
    pub issuer: String,
}

/// `passkey/rename`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RenamePasskey {
    /// An enrolled issuer, byte for byte.
    pub issuer: String,
    /// The server's id of it, or its name if only one is called so.
    pub passkey: String,
    /// The new name.
    pub name: String,
}

/// `passkey/delete`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeletePasskey {
    /// An enrolled issuer, byte for byte.
    pub issuer: String,
    /// As in [`RenamePasskey`].
    pub passkey: String,
}

/// `as/register`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RegisterAtServer {
    /// An enrolled issuer, byte for byte.
    pub issuer: String,
}

/// A passkey that a server knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passkey {
    /// The server's id of it.
    pub id: String,
    /// What the person calls it. May hold anything: escape before printing.
    pub name: String,
    /// When it was made, as the server writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// When it was last used, as the server writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<String>,
}

impl RegisterAtServer {
    pub(crate) fn read(mut members: Members) -> Result<Self, Flaw> {
        let issuer = url(&mut members, "issuer")?;
        members.end()?;
        Ok(Self { issuer })
    }
}

impl AddPasskey {
    pub(crate) fn read(mut members: Members) -> Result<Self, Flaw> {
        let issuer = url(&mut members, "issuer")?;
        let name = members.optional_text("name", NAME_MAX)?;
        members.end()?;
        Ok(Self { issuer, name })
    }
}

impl ListPasskeys {
    pub(crate) fn read(mut members: Members) -> Result<Self, Flaw> {
        let issuer = url(&mut members, "issuer")?;
        members.end()?;
        Ok(Self { issuer })
    }
}

impl RenamePasskey {
    pub(crate) fn read(mut members: Members) -> Result<Self, Flaw> {
        let issuer = url(&mut members, "issuer")?;
        let passkey = members.text("passkey", ID_MAX)?;
        let name = members.text("name", NAME_MAX)?;
        members.end()?;
        Ok(Self { issuer, passkey, name })
    }
}

impl DeletePasskey {
    pub(crate) fn read(mut members: Members) -> Result<Self, Flaw> {
        let issuer = url(&mut members, "issuer")?;
        let passkey = members.text("passkey", ID_MAX)?;
        members.end()?;
        Ok(Self { issuer, passkey })
    }
}

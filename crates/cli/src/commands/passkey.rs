//! `placet passkey`: the person's passkeys at a server.
//!
//! **Promises.** The exit status comes from the outcome object. What a server calls a passkey is
//! printed like all that comes over the socket.
//!
//! **Never** asks for a PIN or a code: those are typed into Placet's window.

use placet_wire::ask::Ask;
use placet_wire::passkeys::{
    AddPasskey, DeletePasskey, ListPasskeys, Passkey as Known, RenamePasskey,
};

use super::ask::{conclude, put};
use super::converse;
use crate::args::{Global, Passkey};
use crate::exit::{Exit, Stop};
use crate::print::Printer;

/// `placet passkey`.
pub(crate) fn passkey(
    asked: Passkey,
    global: &Global,
    printer: &mut Printer,
) -> Result<Exit, Stop> {
    let ask = match asked {
        Passkey::Add { issuer, name } => Ask::AddPasskey(AddPasskey { issuer, name }),
        Passkey::List { issuer } => Ask::ListPasskeys(ListPasskeys { issuer }),
        Passkey::Rename { issuer, passkey, name } => {
            Ask::RenamePasskey(RenamePasskey { issuer, passkey, name })
        }
        Passkey::Delete { issuer, passkey } => {
            Ask::DeletePasskey(DeletePasskey { issuer, passkey })
        }
    };
    let (mut conversation, ..) = converse(global, printer)?;
    let (ended, value) = put(&mut conversation, ask, printer)?;
    match (&ended.passkeys, ended.is_go_ahead()) {
        (Some(known), true) => {
            printer.answer(&value, || known.iter().map(line).collect())?;
            if known.is_empty() {
                printer.progress("The server knows no passkey of yours.");
            }
            Ok(Exit::Approved)
        }
        _ => conclude(&ended, &value, printer),
    }
}

fn line(known: &Known) -> String {
    let Known { id, name, created_at, last_used_at } = known;
    let mut line = format!("{id} {name}");
    line.extend(created_at.iter().map(|at| format!(", made {at}")));
    line.extend(last_used_at.iter().map(|at| format!(", last used {at}")));
    line
}

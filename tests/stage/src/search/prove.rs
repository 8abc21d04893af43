//! The proof that the search finds: a canary in each kind of place and each form, searched for.

use serde::Serialize;

use super::clipboard::clipboard;
use super::needle::Needle;
use super::places::Search;
use super::plant::{self, Form};
use crate::desktop::{Fault, Result, Screen, user::User};

/// Whether a canary of one form was found in one kind of place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// The kind of place.
    pub place: &'static str,
    /// How the canary was written.
    pub form: Form,
    /// Whether the search found it there.
    pub found: bool,
    /// Whether the same search found nothing before it was planted.
    pub clean_before: bool,
}

/// Plants a fresh canary of eight digits in every kind of place and in every form that it can
/// have there, and searches for it before and after. Processes run as `user`; the clipboard is
/// that of the display that `screen` opens, if there is one.
///
/// # Errors
/// When a canary cannot be planted; one that is not found is in the list.
pub fn prove(user: &User, screen: Option<&dyn Fn() -> Result<Screen>>) -> Result<Vec<Proof>> {
    let folder = tempfile::tempdir().map_err(|error| Fault::new("planting", error))?;
    let folder = folder.path();
    let mut proofs = vec![];
    for form in Form::ALL {
        let secret = canary()?;
        let planted = form.write(&secret);
        let needle = Needle::new(secret.as_bytes())
            .ok_or_else(|| Fault::new("planting", "the canary is too short"))?;
        let mut add = |place, before: bool, after: bool| {
            proofs.push(Proof { place, form, found: after, clean_before: !before });
        };
        let found = |search: &dyn Fn(&mut Search<'_>) -> Result<()>| -> Result<bool> {
            let mut looking = Search::new(&needle);
            search(&mut looking)?;
            Ok(!looking.report().hits.is_empty())
        };

        let stream = |bytes: Vec<u8>| {
            found(&move |search| {
                search.stream("planted", &bytes);
                Ok(())
            })
        };
        let before = stream(b"some bytes before and after".to_vec())?;
        add("stream", before, stream([b"some bytes ", planted.as_slice(), b" after"].concat())?);

        let in_folder = || {
            found(&|search| {
                search.folder(folder);
                Ok(())
            })
        };
        let before = in_folder()?;
        let file = plant::file(folder, &planted)?;
        add("file", before, in_folder()?);
        drop(file);

        let before = in_folder()?;
        let (file, open) = plant::database(folder, &planted)?;
        add("database log", before, in_folder()?);
        // Closing it writes the log back into the database.
        drop(open);
        add("database", before, in_folder()?);
        drop(file);

        let in_processes = || {
            found(&|search| {
                search.processes(user.uid);
                Ok(())
            })
        };
        if !form.has_zeros() {
            let before = in_processes()?;
            let process = plant::environment(user, &planted)?;
            add("environment", before, in_processes()?);
            drop(process);
        }
        // Zero bytes begin a new argument, and an empty one for the other half of each UTF-16.
        let before = in_processes()?;
        let process = plant::command_line(user, &planted)?;
        add("command line", before, in_processes()?);
        drop(process);

        let in_memory = |pid: Option<u32>| {
            found(&|search| {
                search.memory(pid.unwrap_or_default(), "planted");
                Ok(())
            })
        };
        let empty = plant::memory(user, b"nothing")?;
        let before = in_memory(empty.pid())?;
        let process = plant::memory(user, &planted)?;
        add("memory", before, in_memory(process.pid())?);
        let process = plant::deleted_file(user, folder, &planted)?;
        add("deleted file", before, in_memory(process.pid())?);

        if let Some(open) = screen {
            let on_display = || {
                let screen = open()?;
                found(&|search| search.display(&screen).map(drop))
            };
            let before = on_display()?;
            let copied = clipboard(open()?, &planted)?;
            add("clipboard", before, on_display()?);
            drop(copied);
        }
    }
    Ok(proofs)
}

/// Eight random digits.
fn canary() -> Result<String> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|error| Fault::new("making a canary", error))?;
    Ok(bytes.map(|byte| char::from(b'0' + byte % 10)).iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desktop::{Session, user::unprivileged};

    #[test]
    fn a_canary_is_found_in_every_place_and_form() {
        let session = Session::builder().accessibility(false).start().unwrap();
        let open = || session.open_screen();
        let proofs = prove(&unprivileged().unwrap(), Some(&open)).unwrap();
        let failed: Vec<&Proof> =
            proofs.iter().filter(|proof| !proof.found || !proof.clean_before).collect();
        assert!(failed.is_empty(), "{failed:#?}");
        assert_eq!(proofs.len(), 14 * 9 - 3);
    }
}

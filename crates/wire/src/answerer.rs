//! Who answers at the socket, as far as a client of the same user can see.
//!
//! **Promises.** [`unlike_placet`] says what a program is called that does not look like
//! `placet-desktop`, and nothing where that cannot be known.
//!
//! **Never** take silence for proof. Placet closes itself to other programs of its user, so that
//! `/proc/PID/exe` cannot be read: whoever squats the socket can close itself as well and call
//! itself the same. It is a tripwire for what was not made to deceive this look.

use std::fs::{read_link, read_to_string};
use std::io::ErrorKind;
use std::path::Path;

/// The program that serves the socket.
pub const PROGRAM: &str = "placet-desktop";

/// What the process that answers is instead of Placet: its path, or the name that it has. `None` if
/// it looks like Placet, or cannot be seen from here (another PID namespace).
#[must_use]
pub fn unlike_placet(pid: i32) -> Option<String> {
    let process = Path::new("/proc").join(pid.to_string());
    match read_link(process.join("exe")) {
        // Root reads it of everybody, so only the name counts.
        Ok(path) if is_program(&path) => None,
        Ok(path) => Some(path.to_string_lossy().into_owned()),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            let name = read_to_string(process.join("comm")).ok()?;
            let name = name.trim_end_matches('\n');
            (name != PROGRAM).then(|| name.to_owned())
        }
        Err(_) => None,
    }
}

fn is_program(path: &Path) -> bool {
    // The kernel adds a word when the file was replaced, as an update does.
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    name.is_some_and(|name| name.strip_suffix(" (deleted)").unwrap_or(&name) == PROGRAM)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_program_is_named_and_what_cannot_be_seen_is_not() {
        let me = i32::try_from(std::process::id()).unwrap_or(0);
        let path = std::env::current_exe().ok().map(|path| path.to_string_lossy().into_owned());
        assert_eq!(unlike_placet(me), path);
        assert_eq!(unlike_placet(0), None, "in another PID namespace");
        for (path, is) in [
            ("/usr/bin/placet-desktop", true),
            ("/usr/bin/placet-desktop (deleted)", true),
            ("/usr/bin/placet-desktop/python3", false),
            ("/tmp/placet-desktop2", false),
        ] {
            assert_eq!(is_program(Path::new(path)), is, "{path}");
        }
    }
}

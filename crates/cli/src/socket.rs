//! Where the daemon listens, the connection to it, and who answers there.
//!
//! **Promises.** What another user's program answers is not listened to: the kernel says whose it
//! is (`SO_PEERCRED`). A program that does not look like Placet is named.
//!
//! **Never** take a program that looks like Placet for proven: see [`placet_wire::answerer`].

use std::io;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use placet_wire::answerer::unlike_placet;

use crate::exit::Stop;

/// The socket: `--socket`, `PLACET_SOCK`, or the session's own.
pub(crate) fn path(given: Option<&Path>) -> Result<PathBuf, Stop> {
    if let Some(path) = given {
        return Ok(path.to_owned());
    }
    if let Some(path) = set("PLACET_SOCK") {
        return Ok(path);
    }
    match set("XDG_RUNTIME_DIR") {
        Some(folder) => Ok(folder.join("placet").join("agent.sock")),
        None => Err(Stop::NotRunning(
            "There is no XDG_RUNTIME_DIR, so Placet's socket cannot be found. Set PLACET_SOCK."
                .to_owned(),
        )),
    }
}

/// Connects.
pub(crate) fn connect(path: &Path) -> Result<UnixStream, Stop> {
    UnixStream::connect(path).map_err(|error| {
        let path = path.display();
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => Stop::NotRunning(format!(
                "Placet is not running (nobody listens at {path}). Start it with: placet-desktop"
            )),
            io::ErrorKind::PermissionDenied => Stop::NotRunning(format!(
                "The socket at {path} belongs to another user. Ask as the user whose Placet it is."
            )),
            _ => Stop::NotRunning(format!("Cannot connect to {path}: {error}")),
        }
    })
}

/// Refuses another user's program; says what answers if it does not look like Placet.
pub(crate) fn answerer(stream: &UnixStream) -> Result<Option<String>, Stop> {
    let unknown = |error: io::Error| {
        Stop::Lost(format!("Who answers cannot be known ({error}). That is a no."))
    };
    let credentials = peer(stream).map_err(unknown)?;
    refuse_others(rustix::process::geteuid().as_raw(), credentials.uid())?;
    Ok(credentials.pid().filter(|pid| *pid > 0).and_then(unlike_placet))
}

/// The process that answers, if it can be seen; another user's is refused.
pub(crate) fn process(stream: &UnixStream) -> Result<Option<i32>, Stop> {
    let unknown = |error: io::Error| Stop::Local(format!("Who answers cannot be known ({error})."));
    let credentials = peer(stream).map_err(unknown)?;
    refuse_others(rustix::process::geteuid().as_raw(), credentials.uid())?;
    Ok(credentials.pid().filter(|pid| *pid > 0))
}

fn refuse_others(ours: u32, theirs: u32) -> Result<(), Stop> {
    if ours == theirs {
        return Ok(());
    }
    let sentence =
        format!("Another user's program (uid {theirs}) answers at the socket. That is a no.");
    Err(Stop::Lost(sentence))
}

fn peer(stream: &UnixStream) -> io::Result<tokio::net::unix::UCred> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let _inside = runtime.enter();
    let other = stream.try_clone()?;
    other.set_nonblocking(true)?;
    let credentials = tokio::net::UnixStream::from_std(other)?.peer_cred();
    // The two share this switch.
    stream.set_nonblocking(false)?;
    credentials
}

/// An environment variable that is there and not empty.
pub(crate) fn set(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s2_what_another_user_answers_is_not_listened_to() {
        assert!(refuse_others(1000, 1000).is_ok());
        for theirs in [0, 1001, 65534] {
            let stop = refuse_others(1000, theirs).unwrap_err();
            assert!(stop.to_string().contains("Another user's program"), "{stop}");
        }
        assert!(refuse_others(0, 1000).is_err(), "root is no exception");
    }
}

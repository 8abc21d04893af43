//! Where the daemon listens, and the connection to it.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

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

/// An environment variable that is there and not empty.
pub(crate) fn set(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

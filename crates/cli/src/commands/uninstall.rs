//! `placet uninstall`: takes away what Placet keeps for this user.
//!
//! **Promises.** Says every folder and file first and asks. Removes nothing while Placet runs, nothing
//! of another user, and nothing behind a link: of a link only the link goes.
//!
//! **Never** taken for a safety: any program of the user can remove the same files.

use std::fs;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::args::{Global, Uninstall};
use crate::exit::{Exit, Stop};
use crate::init;
use crate::print::Printer;
use crate::socket::{self, set};

/// What is kept, and what it is.
struct Kept {
    path: PathBuf,
    what: &'static str,
}

/// `placet uninstall`.
pub(crate) fn uninstall(
    asked: &Uninstall,
    global: &Global,
    printer: &mut Printer,
) -> Result<Exit, Stop> {
    if is_running(global) {
        let sentence =
            "Placet is running. End it (placet quit), then do this again. Nothing was removed.";
        return Err(Stop::Local(sentence.to_owned()));
    }
    // Before anything goes: an agent whose hook finds no Placet is refused everything.
    for agent in init::still_asking() {
        let name = agent.name();
        printer.say(&format!("{name} still asks Placet. To end that: placet init {name} --undo"));
    }
    let kept = kept();
    let paths: Vec<_> = kept.iter().map(|one| one.path.display().to_string()).collect();
    if kept.is_empty() {
        printer.answer(&json!({ "removed": [] }), Vec::new)?;
        printer.progress("Placet keeps nothing here.");
        return Ok(Exit::Approved);
    }
    for one in &kept {
        printer.say(&format!("{}: {}", one.path.display(), one.what));
    }
    if !asked.yes && !agreed()? {
        printer.say("Nothing was removed.");
        return Ok(Exit::Declined);
    }
    for one in &kept {
        remove(&one.path)
            .map_err(|error| Stop::Local(format!("{}: {error}", one.path.display())))?;
        // A folder that is empty now was made for this, or nobody misses it.
        if let Some(folder) = one.path.parent().filter(|folder| folder.ends_with("autostart")) {
            let _ = fs::remove_dir(folder);
        }
    }
    printer.answer(&json!({ "removed": paths }), || {
        paths.iter().map(|path| format!("removed {path}")).collect()
    })?;
    printer.progress(
        "The programs stay where you put them; servers still know the client that you gave them.",
    );
    Ok(Exit::Approved)
}

/// Somebody answers at the socket that is named, or at the session's own.
fn is_running(global: &Global) -> bool {
    let named = socket::path(global.socket.as_deref()).ok();
    let own = set("XDG_RUNTIME_DIR").map(|at| at.join("placet").join("agent.sock"));
    [named, own].into_iter().flatten().any(|at| UnixStream::connect(at).is_ok())
}

/// Asked on the terminal. A script says `--yes`.
fn agreed() -> Result<bool, Stop> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return Err(Stop::Usage("Nobody can be asked here. Give --yes to remove them.".to_owned()));
    }
    // A question that is not seen is answered by no.
    let _ = write!(io::stderr(), "Remove all of it? The record cannot be brought back. [yes/no] ");
    let mut line = String::new();
    stdin
        .lock()
        .read_line(&mut line)
        .map_err(|error| Stop::Local(format!("the answer cannot be read: {error}")))?;
    Ok(line.trim() == "yes")
}

/// What is there.
fn kept() -> Vec<Kept> {
    let home = set("HOME");
    let in_home = |path: &str| home.as_ref().map(|home| home.join(path));
    let config = set("XDG_CONFIG_HOME").or_else(|| in_home(".config"));
    let state = set("XDG_STATE_HOME").or_else(|| in_home(".local/state"));
    let runtime = set("XDG_RUNTIME_DIR");
    let all = [
        (state.map(|at| at.join("placet")), "the record, and the index for searching it"),
        (config.as_ref().map(|at| at.join("placet")), "the agents' tokens"),
        (
            config.map(|at| at.join("autostart").join("placet.desktop")),
            "starts Placet with your session",
        ),
        (runtime.map(|at| at.join("placet")), "the socket, the lock and the tray's pictures"),
    ];
    let there = |path: &Path| fs::symlink_metadata(path).is_ok();
    all.into_iter()
        .filter_map(|(path, what)| Some(Kept { path: path?, what }))
        .filter(|one| one.path.is_absolute() && there(&one.path))
        .collect()
}

fn remove(path: &Path) -> io::Result<()> {
    let found = fs::symlink_metadata(path)?;
    if found.uid() != rustix::process::geteuid().as_raw() {
        return Err(io::Error::other("it belongs to another user, so it stays"));
    }
    // `remove_dir_all` follows no link inside.
    if found.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }
}

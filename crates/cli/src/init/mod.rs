//! `placet init`: puts Placet's hook into an agent's settings, and takes it out again.
//!
//! **Promises.** The exact change is shown before it is made, and the person agrees to it. The file is
//! written beside and moved into its place, with the mode it had; what it was is kept in a backup.
//! `--undo` takes out what was put in and nothing else: if nothing else has changed, byte for byte.
//!
//! **Never** writes what it does not understand, and never makes an agent trust a hook: where an
//! agent wants the person's own word for that (Codex), it says so.

pub(crate) mod settings;
pub(crate) mod wanted;

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;
use serde_json::{Value, json};
use similar::TextDiff;

use self::wanted::{Group, PLUGIN_MARK, Scope};
use crate::agents::Agent;
use crate::exit::{Exit, Stop};
use crate::print::{Printer, visible};

const INIT: &str = "\
Shows the change as a diff and asks on the terminal; the old file is kept beside it as \
NAME.before-placet. --undo takes out what was put in and nothing else.

Writes settings only for agents that were seen working: claude-code, codex, gemini, opencode.";

/// `placet init`.
#[derive(Debug, ClapArgs)]
#[command(after_help = INIT)]
pub(crate) struct Init {
    /// The agent
    #[arg(value_enum, value_name = "AGENT")]
    whose: Agent,
    /// Your own settings, for all projects (the default)
    #[arg(long, conflicts_with = "project")]
    user: bool,
    /// The settings of the project in the current folder
    #[arg(long)]
    project: bool,
    /// Take it out again
    #[arg(long)]
    undo: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// What is to stand where.
struct Change {
    /// The file, links followed.
    path: PathBuf,
    /// What it holds. `None`: it is not there.
    old: Option<String>,
    /// What it is to hold. `None`: it goes.
    new: Option<String>,
    /// What becomes of the backup.
    backup: Backup,
}

/// A backup stands for the time before Placet, and goes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Backup {
    /// What is there becomes the backup.
    Make,
    /// The one that is there stays: the settings had ours before.
    Leave,
    /// None is needed any more.
    Remove,
}

/// `placet init`.
pub(crate) fn init(asked: &Init, printer: &mut Printer) -> Result<Exit, Stop> {
    let scope = if asked.project { Scope::Project } else { Scope::User };
    let path = target(wanted::place(asked.whose, scope)?)?;
    let old = read(&path)?;
    let change = match asked.whose {
        Agent::Opencode => plugin(asked.undo, path, old)?,
        agent => hooks(agent, asked.undo, path, old)?,
    };
    let shown = change.path.display().to_string();
    let same = change.old == change.new;
    if !same {
        let (old, new) = (change.old.as_deref(), change.new.as_deref());
        let diff = TextDiff::from_lines(old.unwrap_or_default(), new.unwrap_or_default());
        let name = |text: Option<&str>| text.map_or("/dev/null", |_| shown.as_str()).to_owned();
        let diff = diff.unified_diff().header(&name(old), &name(new)).to_string();
        for line in diff.lines() {
            // On stderr, so that --json has stdout for itself.
            let _ = writeln!(io::stderr().lock(), "{}", visible(line));
        }
        if !asked.yes && !agreed()? {
            printer.say("Nothing was written.");
            return Ok(Exit::Declined);
        }
        make(&change)?;
    }
    let word = match (same, asked.undo) {
        (true, false) => "was there before, unchanged",
        (true, true) => "has nothing of Placet",
        (false, false) => "written",
        (false, true) => "taken back",
    };
    printer
        .answer(&json!({ "file": shown, "changed": !same }), || vec![format!("{shown}: {word}")])?;
    if !asked.undo {
        for line in next(asked.whose, scope) {
            printer.progress(&line);
        }
    }
    Ok(Exit::Approved)
}

/// The agents whose settings of the person's own still ask Placet.
pub(crate) fn still_asking() -> Vec<Agent> {
    let asks = |agent: &Agent| {
        let text = wanted::place(*agent, Scope::User).ok().and_then(|path| read(&path).ok()?);
        text.is_some_and(|text| match agent {
            Agent::Opencode => text.starts_with(PLUGIN_MARK),
            _ => settings::read(&text, "the settings")
                .is_ok_and(|value| !settings::handlers(*agent, &value).is_empty()),
        })
    };
    Agent::SEEN.into_iter().filter(asks).collect()
}

/// What the person has left to do.
fn next(agent: Agent, scope: Scope) -> Vec<String> {
    let name = agent.name();
    let mut lines = vec![format!("Give it a name that Placet shows: placet pair --name {name}")];
    if agent == Agent::Codex {
        lines.push(
            "Codex passes over hooks that you have not trusted, without a word. Start codex, type \
             /hooks, read the two of Placet and trust them; again after every change."
                .to_owned(),
        );
    }
    if scope == Scope::Project {
        lines.push("Who works in this project without Placet is refused by this hook.".to_owned());
    }
    lines.push(format!("Then look whether all is well: placet doctor {name}"));
    lines
}

fn hooks(agent: Agent, undo: bool, path: PathBuf, old: Option<String>) -> Result<Change, Stop> {
    let shown = path.display().to_string();
    let groups = wanted::groups(agent, &program()?);
    let text = old.clone().unwrap_or_default();
    let value = match text.trim().is_empty() {
        true => json!({}),
        false => settings::read(&text, &shown)?,
    };
    let with_ours = settings::handlers(agent, &value);
    if !undo {
        let backup = if with_ours.is_empty() { Backup::Make } else { Backup::Leave };
        let with = settings::put_in(agent, value.clone(), &groups);
        let new = if with == value { old.clone() } else { Some(settings::write(&with, &text)) };
        return Ok(Change { path, old, new, backup });
    }
    let Some(first) = with_ours.first() else {
        return Ok(Change { path, new: old.clone(), old, backup: Backup::Leave });
    };
    let groups = wanted::groups(agent, &first.found.program);
    let without = settings::take_out(agent, value.clone());
    let new = match read(&backup(&path))? {
        // If nothing else has changed since, the very bytes of then.
        Some(before) if becomes(agent, &before, &groups, &value) => Some(before),
        // Nothing was there before us, and nothing came since.
        None if without == json!({}) => None,
        _ => Some(settings::write(&without, &text)),
    };
    Ok(Change { path, old, new, backup: Backup::Remove })
}

/// Whether these settings are that text with these groups put in, and nothing else.
fn becomes(agent: Agent, before: &str, groups: &[Group], value: &Value) -> bool {
    let before = match before.trim().is_empty() {
        true => json!({}),
        false => match settings::read(before, "the backup") {
            Ok(before) => before,
            Err(_) => return false,
        },
    };
    // As text: the order counts too.
    let with = settings::put_in(agent, before, groups);
    settings::write(&with, "") == settings::write(value, "")
}

fn plugin(undo: bool, path: PathBuf, old: Option<String>) -> Result<Change, Stop> {
    if old.as_deref().is_some_and(|text| !text.starts_with(PLUGIN_MARK)) {
        let path = path.display();
        return Err(Stop::Local(format!("{path} is not Placet's. Nothing was written.")));
    }
    let new = if undo { None } else { Some(wanted::plugin(&program()?)) };
    Ok(Change { path, old, new, backup: Backup::Leave })
}

/// This program, as the settings name it.
pub(crate) fn program() -> Result<String, Stop> {
    let unknown =
        |why: String| Stop::Local(format!("Where this program is cannot be told ({why})."));
    let path = std::env::current_exe().map_err(|error| unknown(error.to_string()))?;
    match path.to_str() {
        Some(path) if !path.contains(char::is_control) => Ok(path.to_owned()),
        _ => Err(unknown("its path is not plain text".to_owned())),
    }
}

/// The file behind a link, so that the link stays.
fn target(path: PathBuf) -> Result<PathBuf, Stop> {
    match fs::symlink_metadata(&path) {
        Err(_) => Ok(path),
        Ok(_) => fs::canonicalize(&path).map_err(|error| cannot(&path, &error)),
    }
}

fn read(path: &Path) -> Result<Option<String>, Stop> {
    match fs::read(path) {
        Ok(bytes) => String::from_utf8(bytes).map(Some).map_err(|_| {
            Stop::Local(format!("{} is not UTF-8. Nothing was written.", path.display()))
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(cannot(path, &error)),
    }
}

fn backup(path: &Path) -> PathBuf {
    beside(path, "before-placet")
}

fn beside(path: &Path, word: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{word}"));
    path.with_file_name(name)
}

fn make(change: &Change) -> Result<(), Stop> {
    let path = &change.path;
    if read(path)? != change.old {
        let sentence = format!("{} has changed meanwhile. Nothing was written.", path.display());
        return Err(Stop::Local(sentence));
    }
    let done = match &change.new {
        Some(new) => put(change, new),
        None => fs::remove_file(path),
    };
    done.map_err(|error| cannot(path, &error))?;
    if change.backup == Backup::Remove {
        let _ = fs::remove_file(backup(path));
    }
    if let (None, Some(folder)) = (&change.new, path.parent()) {
        // A folder that is empty now was made for this, or nobody misses it.
        let _ = fs::remove_dir(folder);
    }
    Ok(())
}

fn put(change: &Change, new: &str) -> io::Result<()> {
    let path = &change.path;
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o755).create(folder)?;
    }
    let mode = match fs::metadata(path) {
        Ok(found) if found.uid() != rustix::process::geteuid().as_raw() => {
            return Err(io::Error::other("it belongs to another user"));
        }
        Ok(found) => found.permissions().mode() & 0o777,
        Err(_) => 0o600,
    };
    match (change.backup, &change.old) {
        (Backup::Make, Some(old)) => whole(&backup(path), old, mode)?,
        // One that was left behind is of another time.
        (Backup::Make, None) => drop(fs::remove_file(backup(path))),
        _ => {}
    }
    whole(path, new, mode)
}

/// Written beside, then moved into its place.
fn whole(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    let new = beside(path, &format!("{}.new", std::process::id()));
    let written = OpenOptions::new().write(true).create_new(true).mode(mode).open(&new).and_then(
        |mut file| {
            file.write_all(text.as_bytes())?;
            file.set_permissions(fs::Permissions::from_mode(mode))?;
            file.sync_all()?;
            fs::rename(&new, path)
        },
    );
    if written.is_err() {
        // What is left of the attempt is read by nobody.
        let _ = fs::remove_file(&new);
    }
    written
}

/// Asked on the terminal. A script says `--yes`.
fn agreed() -> Result<bool, Stop> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        let sentence = "Nobody can be asked here. Give --yes to make this change.";
        return Err(Stop::Usage(sentence.to_owned()));
    }
    // A question that is not seen is answered by no.
    let _ = write!(io::stderr(), "Make this change? [yes/no] ");
    let mut line = String::new();
    stdin
        .lock()
        .read_line(&mut line)
        .map_err(|error| Stop::Local(format!("the answer cannot be read: {error}")))?;
    Ok(line.trim() == "yes")
}

fn cannot(path: &Path, error: &io::Error) -> Stop {
    Stop::Local(format!("{}: {error}. Nothing was written.", path.display()))
}

//! Programs of the tests package that show or measure the whole: demo, bench.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::run::{Done, Stop, in_ci, say};
use crate::setup::{self, Group, TestUser};
use crate::test::build::build;
use crate::test::ground::{Ground, Home};
use crate::test::watch::{Aloud, watch};
use crate::workspace::Workspace;

/// How long one may take without a person.
const LIMIT: Duration = Duration::from_secs(1800);

/// What a program is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// It shows: built as the tests are, and by no means as root.
    Show,
    /// It measures: built as it is installed, and as the caller, since only root may read the memory
    /// of a program that is closed to its own user. What it measures it starts as the test user
    /// itself.
    Measure,
}

/// What is measured and what measures it; the rest of the workspace would only take longer.
const MEASURED: &[&str] = &[
    "build",
    "--release",
    "--bins",
    "--package=placet-desktop",
    "--package=placet-cli",
    "--package=placet-tests",
];

/// Installs what is missing, builds the programs, runs the one called `name` with `arguments` and
/// gives back the folder with its results, `target/<folder>`.
///
/// The program finds the others in `PLACET_BIN_DIR` and writes to `PLACET_OUT_DIR`, which is empty.
/// It runs in the caller's own session; root's runs as the test user in a fresh home instead (but
/// for one that measures), and its results are copied to the same place.
///
/// # Errors
/// If there is no such program, or it says that it was started wrongly (exit status 2), it does not
/// build, or it does not succeed.
pub(crate) fn stage_program(
    name: &str,
    folder: &str,
    arguments: &[String],
    purpose: Purpose,
) -> Result<PathBuf, Stop> {
    let workspace = Workspace::load()?;
    if workspace.owner_of_binary(name).is_none() {
        return Err(Stop::usage(format!("{folder}: not built yet: no package has a `{name}`")));
    }
    setup::system_packages(&[Group::Build, Group::Run, Group::Test], false)?;
    let mut ground = Ground::of(&workspace)?;
    let what = match purpose {
        Purpose::Show => &["build", "--workspace", "--bins"],
        Purpose::Measure => MEASURED,
    };
    ground.release = purpose == Purpose::Measure;
    say("build: programs");
    build(&ground.root, &ground.target, what)?;
    let program = ground.programs().join(name);
    ground.must_run(&program)?;
    let results = workspace.target.join(folder);
    empty(&results).map_err(|error| Stop::failed(format!("{}: {error}", results.display())))?;
    say(format!("{folder}: begins"));
    match (&ground.user, purpose) {
        (TestUser::Caller, _) | (_, Purpose::Measure) => {
            as_caller(&ground, &program, arguments, &results)?;
        }
        (TestUser::Made { .. }, Purpose::Show) => {
            as_test_user(&ground, &program, arguments, &results)?;
        }
    }
    Ok(results)
}

/// In the caller's session, with the caller's terminal.
fn as_caller(ground: &Ground, program: &Path, arguments: &[String], results: &Path) -> Done {
    let status = Command::new(program)
        .args(arguments)
        .env("PLACET_BIN_DIR", ground.programs())
        .env("PLACET_OUT_DIR", results)
        .status()
        .map_err(|error| Stop::failed(format!("{}: {error}", program.display())))?;
    if status.success() {
        return Ok(());
    }
    let reason = format!("{} ended with {status}", program.display());
    Err(if status.code() == Some(2) { Stop::usage(reason) } else { Stop::failed(reason) })
}

fn as_test_user(ground: &Ground, program: &Path, arguments: &[String], results: &Path) -> Done {
    if !in_ci() && std::env::var_os("DISPLAY").is_some() {
        say("root's display is not used: an unprivileged user runs this without one");
    }
    let home = Home::new(ground)?;
    let written = home.folder.join("out");
    fs::create_dir(&written)
        .map_err(|error| Stop::failed(format!("{}: {error}", written.display())))?;
    ground.give(&written, 0o700)?;
    let mut command = ground.as_user(program);
    home.lend(&mut command);
    command.env("PLACET_OUT_DIR", &written).current_dir(&written).args(arguments);
    let ended = watch(&mut command, &home.folder, LIMIT, Aloud::Yes)?;
    // Also what a failure left: it says most.
    copy(&written, results)
        .map_err(|error| Stop::failed(format!("{}: {error}", results.display())))?;
    if ended.well { Ok(()) } else { Err(Stop::failed(format!("{} failed", program.display()))) }
}

fn empty(folder: &Path) -> io::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)
}

/// Copies files and folders; links and whatever else another user can make are left behind.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (kind, target) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() {
            copy(&entry.path(), &target)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_not_followed_into_what_only_root_can_read() {
        let base = std::env::temp_dir().join(format!("xtask-stage-{}", std::process::id()));
        let from = base.join("from");
        empty(&from.join("inner")).unwrap();
        fs::write(from.join("inner/file"), "1").unwrap();
        std::os::unix::fs::symlink("/etc/hostname", from.join("link")).unwrap();
        copy(&from, &base.join("to")).unwrap();
        assert!(base.join("to/inner/file").exists());
        assert!(!base.join("to/link").exists());
        fs::remove_dir_all(base).unwrap();
    }
}

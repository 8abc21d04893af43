//! Tests that are not Rust: `*.test.mjs` under `node --test`, and folders that bring a `run.sh`.
//!
//! A `run.sh` installs clients that none of us wrote and prints node's TAP summary. It runs as the
//! caller, whose settings reach the package registries; it proves something about the stage's
//! server and nothing about file modes. All others run as the test user in a fresh home.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::Stop;
use crate::test::ground::{Ground, Home};
use crate::test::runner::LIMIT;
use crate::test::summary::{Tally, node};
use crate::test::watch::{Aloud, watch};
use crate::workspace::Workspace;

/// One runner of scripts.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Script {
    /// These files together.
    Node(Vec<PathBuf>),
    /// This program.
    Own(PathBuf),
}

impl Script {
    /// For people.
    pub(crate) fn label(&self) -> String {
        match self {
            Self::Node(files) => format!("node ({} files)", files.len()),
            Self::Own(program) => program.display().to_string(),
        }
    }
}

/// What there is, in the order in which it runs.
///
/// # Errors
/// If git does not list the files.
pub(crate) fn all(workspace: &Workspace) -> Result<Vec<Script>, Stop> {
    Ok(sort(&workspace.files()?))
}

fn sort(files: &[PathBuf]) -> Vec<Script> {
    let own: Vec<&PathBuf> = files
        .iter()
        .filter(|file| file.starts_with("tests") && file.file_name() == Some("run.sh".as_ref()))
        .collect();
    let has_own = |file: &Path| own.iter().any(|program| program.parent() == file.parent());
    let node: Vec<PathBuf> = files
        .iter()
        .filter(|file| file.to_string_lossy().ends_with(".test.mjs") && !has_own(file))
        .cloned()
        .collect();
    let mut scripts = Vec::new();
    if !node.is_empty() {
        scripts.push(Script::Node(node));
    }
    scripts.extend(own.into_iter().cloned().map(Script::Own));
    scripts
}

/// Runs one.
///
/// # Errors
/// If it cannot be started.
pub(crate) fn run(ground: &Ground, script: &Script) -> Result<Tally, Stop> {
    let home = Home::new(ground)?;
    let mut command = match script {
        Script::Node(files) => {
            let mut command = ground.as_user("node");
            home.lend(&mut command);
            command.args(["--test", "--test-reporter=tap"]).args(files);
            command
        }
        Script::Own(program) => {
            let mut command = Command::new("bash");
            command.arg(program).env("STAGE_AS", ground.programs().join("stage-as"));
            command.env("PLACET_BIN_DIR", ground.programs());
            command
        }
    };
    command.current_dir(&ground.root);
    let ended = watch(&mut command, &home.folder, LIMIT, Aloud::Yes)?;
    Ok(Tally::judged(node(&ended.output), ended.well))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_with_a_runner_of_its_own_is_left_to_it() {
        let files =
            ["tests/a/run.sh", "tests/a/x.test.mjs", "ui/y.test.mjs", "docs/run.sh", "ui/z.mjs"];
        let files: Vec<PathBuf> = files.iter().map(PathBuf::from).collect();
        assert_eq!(
            sort(&files),
            [Script::Node(vec!["ui/y.test.mjs".into()]), Script::Own("tests/a/run.sh".into())]
        );
    }
}

//! Tests in JavaScript: every `*.test.mjs` of the project, under `node --test`.

use std::path::PathBuf;

use crate::run::Stop;
use crate::test::ground::{Ground, Home};
use crate::test::runner::LIMIT;
use crate::test::summary::{Tally, node};
use crate::test::watch::{Aloud, watch};
use crate::workspace::Workspace;

/// Runs them; `None` if there are none.
///
/// # Errors
/// If node cannot be started.
pub(crate) fn run(workspace: &Workspace, ground: &Ground) -> Result<Option<Tally>, Stop> {
    let files: Vec<PathBuf> = workspace
        .files()?
        .into_iter()
        .filter(|file| file.to_string_lossy().ends_with(".test.mjs"))
        .collect();
    if files.is_empty() {
        return Ok(None);
    }
    let home = Home::new(ground)?;
    let mut command = ground.as_user("node");
    home.lend(&mut command);
    command.current_dir(&ground.root).args(["--test", "--test-reporter=tap"]).args(files);
    let ended = watch(&mut command, &home.folder, LIMIT, Aloud::Yes)?;
    Ok(Some(Tally::judged(node(&ended.output), ended.well)))
}

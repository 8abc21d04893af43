//! Programs of the tests package that show or measure the whole: demo, bench, redteam.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::run::{Stop, in_ci, run, say};
use crate::setup::{self, TestUser};
use crate::test::build::build;
use crate::test::ground::{Ground, Home};
use crate::workspace::Workspace;

/// Installs what is missing, builds every program, runs the one called `name` with `arguments` and
/// gives back the folder for its results, `target/<folder>`.
///
/// The program finds the others in `PLACET_BIN_DIR` and writes to `PLACET_OUT_DIR`, which is empty.
/// It runs in the caller's own session; root's runs as the test user in a fresh home instead.
///
/// # Errors
/// If there is no such program (exit status 2), it does not build, or it does not succeed.
pub(crate) fn stage_program(
    name: &str,
    folder: &str,
    arguments: &[String],
) -> Result<PathBuf, Stop> {
    let workspace = Workspace::load()?;
    if workspace.owner_of_binary(name).is_none() {
        return Err(Stop::usage(format!("{folder}: not built yet: no package has a `{name}`")));
    }
    setup::system_packages(&[setup::Group::Build, setup::Group::Run, setup::Group::Test], false)?;
    let ground = Ground::of(&workspace)?;
    say("build: programs");
    build(&ground.root, &ground.target, &["build", "--workspace", "--bins"])?;
    let program = ground.programs().join(name);
    ground.must_run(&program)?;

    let results = ground.target.join(folder);
    if results.exists() {
        fs::remove_dir_all(&results)
            .map_err(|error| Stop::failed(format!("{}: {error}", results.display())))?;
    }
    fs::create_dir_all(&results)
        .map_err(|error| Stop::failed(format!("{}: {error}", results.display())))?;
    ground.give(&results, 0o755)?;

    say(format!("{folder}: begins"));
    // Held until the program has ended.
    let _home = match ground.user {
        TestUser::Caller => {
            let mut command = Command::new(&program);
            command.env("PLACET_BIN_DIR", ground.programs()).env("PLACET_OUT_DIR", &results);
            run(command.args(arguments))?;
            None
        }
        TestUser::Made { .. } => {
            if !in_ci() && std::env::var_os("DISPLAY").is_some() {
                say("root's display is not used: an unprivileged user runs this without one");
            }
            let home = Home::new(&ground)?;
            let mut command = ground.as_user(&program);
            home.lend(&mut command);
            run(command.env("PLACET_OUT_DIR", &results).current_dir(&results).args(arguments))?;
            Some(home)
        }
    };
    Ok(results)
}

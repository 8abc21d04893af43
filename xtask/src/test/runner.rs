//! One run of one built program, as the test user in a fresh home.

use std::time::Duration;

use crate::run::Stop;
use crate::test::build::Program;
use crate::test::ground::{Ground, Home};
use crate::test::summary::{Tally, libtest};
use crate::test::watch::{Aloud, Ended, watch};

/// How long one program may take: several times what any needs on two busy cores.
pub(crate) const LIMIT: Duration = Duration::from_secs(180);

/// The same for one that opens windows, one test after the other.
const LIMIT_WITH_WINDOWS: Duration = Duration::from_secs(600);

/// Runs a test program with `arguments` of libtest's.
///
/// # Errors
/// If it cannot be started.
pub(crate) fn run_tests(
    ground: &Ground,
    program: &Program,
    arguments: &[&str],
    aloud: Aloud,
) -> Result<(Tally, Ended), Stop> {
    ground.must_run(&program.path)?;
    let home = Home::new(ground)?;
    let mut command = ground.as_user(&program.path);
    home.lend(&mut command);
    command.current_dir(&program.folder).env("CARGO_MANIFEST_DIR", &program.folder);
    command.args(arguments);
    let limit = if program.needs_display() {
        command.arg("--test-threads=1");
        LIMIT_WITH_WINDOWS
    } else {
        LIMIT
    };
    let ended = watch(&mut command, &home.folder, limit, aloud)?;
    Ok((Tally::judged(libtest(&ended.output), ended.well), ended))
}

//! `cargo xtask bench [NAME]`: ratios against other programs, measured in one run.

use crate::run::{Done, say};
use crate::setup::{Group, system_packages};
use crate::test::stage_program;

/// Runs the benchmarks; arguments (a name, `--json`) are the program's own.
///
/// # Errors
/// If something cannot be installed or built, or a goal was missed.
pub(crate) fn command(arguments: &[String]) -> Done {
    // What is not there is not compared with; the program says so in its table.
    if let Err(stop) = system_packages(&[Group::Bench], false) {
        say(stop.reason);
    }
    let folder = stage_program("placet-bench", "bench", arguments)?;
    say(format!("bench: figures are in {}", folder.display()));
    Ok(())
}

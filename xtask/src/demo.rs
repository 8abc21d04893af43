//! `cargo xtask demo`: builds, then hands over to the tests package, which plays the scenario.

use crate::run::{Done, say};
use crate::test::{Purpose, stage_program};

/// Runs the demo; its arguments (`--headless`) are the program's own.
///
/// # Errors
/// If something cannot be installed or built, or a scenario failed.
pub(crate) fn command(arguments: &[String]) -> Done {
    let folder = stage_program("placet-demo", "demo", arguments, Purpose::Show)?;
    say(format!("demo: summary and screenshots are in {}", folder.display()));
    Ok(())
}

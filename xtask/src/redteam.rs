//! `cargo xtask redteam`: the attacks of an agent that wants a yes or a code.

use crate::run::{Done, say};
use crate::test::stage_program;

/// Runs the attacks; arguments (`--json`) are the program's own.
///
/// # Errors
/// If something cannot be installed or built, or an attack that must be held was not.
pub(crate) fn command(arguments: &[String]) -> Done {
    let folder = stage_program("placet-redteam", "redteam", arguments)?;
    say(format!("redteam: the result is in {}", folder.display()));
    Ok(())
}

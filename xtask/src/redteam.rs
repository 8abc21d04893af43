//! `cargo xtask redteam`: the attacks of an agent that wants a yes or a code.

use crate::run::{Done, Stop, say};
use crate::test::{Purpose, stage_program};

/// Runs the attacks; arguments (`--json`) are the program's own.
///
/// # Errors
/// If something cannot be installed or built, or an attack that must be held was not.
pub(crate) fn command(arguments: &[String]) -> Done {
    let folder = stage_program("placet-redteam", "redteam", arguments, Purpose::Show)?;
    let (written, result) = (folder.join("redteam.json"), folder.with_extension("json"));
    std::fs::copy(&written, &result)
        .map_err(|error| Stop::failed(format!("{}: {error}", written.display())))?;
    say(format!("redteam: the result is in {}", result.display()));
    Ok(())
}

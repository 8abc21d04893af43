//! `cargo xtask check`: what must hold before a test is worth running, fastest first.
//!
//! **Promises.** Every step runs, also after one that failed; the last line names those that did.
//! A step that has nothing to say says nothing.

mod arrows;
mod lints;
mod requirements;
mod words;

use crate::run::{Done, Stop, cargo, in_ci, locked, run, say};
use crate::workspace::Workspace;
use crate::{redteam, setup};

/// How thorough to be.
#[derive(Clone, Copy, Debug, Default)]
struct Options {
    /// A requirement without a test fails.
    strict: bool,
    /// Print which test proves which requirement, and nothing else.
    table: bool,
}

type Step = (&'static str, fn(&Workspace, Options) -> Done);

/// In the order in which they run.
const STEPS: [Step; 9] = [
    ("format", |_, _| run(cargo().args(["fmt", "--all", "--check"]))),
    ("words", |workspace, _| words::check(workspace)),
    ("lints", |workspace, _| lints::check(workspace)),
    ("arrows", |workspace, _| arrows::check(workspace)),
    ("requirements", |workspace, options| requirements::check(workspace, options.strict)),
    ("redteam", |workspace, _| redteam::check(workspace)),
    ("licences", |_, _| licences()),
    ("clippy", |_, _| clippy()),
    ("docs", |_, _| docs()),
];

/// Runs the command.
///
/// # Errors
/// If a step fails or a name is unknown.
pub(crate) fn command(arguments: &[String]) -> Done {
    let mut options = Options::default();
    let mut named: Vec<&str> = Vec::new();
    for argument in arguments {
        match argument.as_str() {
            "--strict" => options.strict = true,
            "--table" => options.table = true,
            name if STEPS.iter().any(|(step, _)| *step == name) => named.push(name),
            other => return Err(Stop::usage(format!("check: what is `{other}`?"))),
        }
    }
    let workspace = Workspace::load()?;
    if options.table {
        return requirements::print_table(&workspace);
    }
    let mut failed = Vec::new();
    for (name, step) in STEPS {
        // Documentation is what CI builds, or whoever asks for it by name.
        let wanted =
            if named.is_empty() { name != "docs" || in_ci() } else { named.contains(&name) };
        if !wanted {
            continue;
        }
        say(format!("check: {name}"));
        if let Err(stop) = step(&workspace, options) {
            say(format!("check: {name} failed: {}", stop.reason));
            failed.push(name);
        }
    }
    if failed.is_empty() {
        say("check: all holds");
        return Ok(());
    }
    Err(Stop::failed(format!("check: failed: {}", failed.join(", "))))
}

/// `cargo deny`, without the advisories: those need a database from the network.
fn licences() -> Done {
    setup::cargo_deny()?;
    // cargo-deny's own cargo must be ours, not the shim that may pick another toolchain.
    run(cargo().args(["deny", "--log-level", "error", "check", "bans", "licenses", "sources"]))
}

fn clippy() -> Done {
    run(cargo()
        .args(["clippy", "--quiet", "--workspace", "--all-targets", "--keep-going"])
        .args(locked())
        .args(["--", "--deny", "warnings"]))
}

fn docs() -> Done {
    run(cargo()
        .args(["doc", "--quiet", "--workspace", "--no-deps", "--document-private-items"])
        .args(locked())
        // Private items are documented too, so a link to one leads somewhere.
        .env("RUSTDOCFLAGS", "--deny warnings --allow rustdoc::private_intra_doc_links"))
}

/// A list of complaints as one failure.
pub(crate) fn verdict(complaints: &[String]) -> Done {
    // Who has more to mend looks again afterwards.
    for complaint in complaints.iter().take(30) {
        say(format!("  {complaint}"));
    }
    match complaints.len() {
        0 => Ok(()),
        1 => Err(Stop::failed("one complaint")),
        many => Err(Stop::failed(format!("{many} complaints"))),
    }
}

//! One removal: green before, changed, red after.

use std::fs;
use std::path::Path;

use crate::removals::list::Removal;
use crate::run::Stop;
use crate::test::{Aloud, Ground, Program, build, run_tests};

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// The test turned red.
    Held,
    /// The guard is gone and the test is green: it proves nothing.
    Unnoticed,
    /// The trial itself does not work; says why.
    Broken(String),
}

impl Found {
    /// One word for the table.
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Unnoticed => "UNSEEN",
            Self::Broken(_) => "BROKEN",
        }
    }

    /// More words, where there are any.
    pub(crate) fn why(&self) -> Option<&str> {
        match self {
            Self::Broken(why) => Some(why),
            Self::Held | Self::Unnoticed => None,
        }
    }
}

/// What is wrong with the test while the guard is there; `None` if it is green.
pub(crate) fn not_green(ground: &Ground, removal: &Removal) -> Option<Found> {
    match test(ground, removal) {
        Ok((1, 0)) => None,
        Ok((passed, failed)) => Some(Found::Broken(format!(
            "before the removal, {passed} passed and {failed} failed; it should be 1 and 0"
        ))),
        Err(stop) => Some(Found::Broken(stop.reason)),
    }
}

/// Takes the guard out of the copy and runs the test, which was green; the caller mends the copy
/// afterwards.
///
/// # Errors
/// If the copy cannot be changed, or does not compile.
pub(crate) fn run(ground: &Ground, removal: &Removal) -> Result<Found, Stop> {
    remove(&ground.root.join(&removal.file), removal)?;
    Ok(match test(ground, removal)? {
        (_, 0) => Found::Unnoticed,
        _ => Found::Held,
    })
}

/// Builds and runs the one test: how many passed and failed.
fn test(ground: &Ground, removal: &Removal) -> Result<(u32, u32), Stop> {
    let (package, target, name) = &removal.test;
    let (kind, only) = target.split_once(':').unwrap_or((target, ""));
    for program in &removal.programs {
        build(&ground.root, &ground.target, &["build", "--quiet", "--bins", "--package", program])?;
    }
    let mut what = vec!["test", "--no-run", "--quiet", "--package", package.as_str()];
    match kind {
        "lib" => what.push("--lib"),
        "bin" => what.extend(["--bin", only]),
        "test" => what.extend(["--test", only]),
        other => return Err(Stop::failed(format!("what target is `{other}`?"))),
    }
    let programs = build(&ground.root, &ground.target, &what)?;
    let found = |program: &&Program| {
        program.is_test && program.kind == kind && (only.is_empty() || program.name == only)
    };
    let Some(program) = programs.iter().find(found) else {
        return Err(Stop::failed(format!("{package} has no tests in `{target}`")));
    };
    let (tally, _) = run_tests(ground, program, &["--exact", name.as_str()], Aloud::No)?;
    Ok((tally.passed, tally.failed))
}

fn remove(file: &Path, removal: &Removal) -> Result<(), Stop> {
    let wrong = |why: String| Stop::failed(format!("{}: {why}", file.display()));
    let text = fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    match text.matches(&removal.find).count() {
        1 => fs::write(file, text.replacen(&removal.find, &removal.replace, 1))
            .map_err(|error| wrong(error.to_string())),
        count => Err(wrong(format!("the guard is there {count} times, it should be once"))),
    }
}

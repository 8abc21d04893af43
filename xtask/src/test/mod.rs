//! `cargo xtask test`: everything that CI runs, in the same order.
//!
//! **Promises.** Everything is built by the caller and run as an unprivileged user, each program in
//! a fresh home. A failed check does not keep the tests from running. The last line on stdout is
//! `N passed, N failed, N skipped` over all runners, whatever happened before it; a step or a
//! runner that failed without naming a test counts as one failed.

mod build;
mod ground;
mod runner;
mod scripts;
mod stage;
mod summary;
mod watch;

pub(crate) use build::{Program, build};
pub(crate) use ground::Ground;
pub(crate) use runner::run_tests;
pub(crate) use stage::{Purpose, stage_program};
use summary::{Tally, libtest};
pub(crate) use watch::Aloud;

use crate::run::{Done, Stop, cargo, locked, output, say};
use crate::workspace::Workspace;
use crate::{check, setup};

/// Runs the command. Without arguments all of it; `--package NAME` builds and runs the tests of that
/// package alone, `--filter WORD` those whose name contains it; with either, setup and check are
/// left out.
///
/// # Errors
/// If anything failed.
pub(crate) fn command(arguments: &[String]) -> Done {
    let wanted = Wanted::parse(arguments)?;
    let mut tally = Tally::default();
    let mut failures = Vec::new();
    let mut note = |name: String, found: Tally| {
        if found.failed > 0 {
            failures.push(name);
        }
        tally.add(found);
    };
    if wanted.all() {
        for (name, step) in
            [("setup", setup::command as fn(&[String]) -> Done), ("check", check::command)]
        {
            if let Err(stop) = step(&[]) {
                say(format!("{name} failed: {}", stop.reason));
                note(name.to_owned(), Tally::ONE_FAILED);
            }
        }
    }
    if let Err(stop) = suites(&wanted, &mut note) {
        say(&stop.reason);
        note("build".to_owned(), Tally::ONE_FAILED);
    }
    for name in &failures {
        say(format!("failed: {name}"));
    }
    println!("{tally}");
    if failures.is_empty() { Ok(()) } else { Err(Stop::failed("")) }
}

/// What part of the tests.
#[derive(Debug, Default)]
struct Wanted {
    packages: Vec<String>,
    filter: Option<String>,
}

impl Wanted {
    fn parse(arguments: &[String]) -> Result<Self, Stop> {
        let mut wanted = Self::default();
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let value = arguments.next().cloned();
            match (argument.as_str(), value) {
                ("--package" | "-p", Some(name)) => wanted.packages.push(name),
                ("--filter", Some(word)) => wanted.filter = Some(word),
                _ => return Err(Stop::usage("test: [--package NAME]… [--filter WORD]")),
            }
        }
        Ok(wanted)
    }

    fn all(&self) -> bool {
        self.packages.is_empty() && self.filter.is_none()
    }
}

fn suites(wanted: &Wanted, note: &mut impl FnMut(String, Tally)) -> Done {
    let workspace = Workspace::load()?;
    let ground = Ground::of(&workspace)?;
    let mut what = vec!["build", "--bins", "--tests"];
    if wanted.packages.is_empty() {
        what.push("--workspace");
    }
    for name in &wanted.packages {
        what.extend(["--package", name.as_str()]);
    }
    say("build: programs and tests");
    let mut programs = build(&ground.root, &ground.target, &what)?;
    programs.retain(|program| program.is_test);
    // Windows last: what is fast, and says more about the cause of a failure, comes first.
    programs.sort_by_key(|program| (program.needs_display(), program.label(&ground.root)));
    for program in &programs {
        let label = program.label(&ground.root);
        say(format!("test: {label}"));
        let arguments: Vec<&str> = wanted.filter.as_deref().into_iter().collect();
        let (found, _) = run_tests(&ground, program, &arguments, Aloud::Yes)?;
        say(format!("test: {label}: {found}"));
        note(label, found);
    }
    if wanted.all() {
        let label = "examples in the documentation".to_owned();
        say(format!("test: {label}"));
        let found = examples(&ground);
        say(format!("test: {label}: {found}"));
        note(label, found);
    }
    for script in scripts::all(&workspace)?.into_iter().filter(|_| wanted.all()) {
        let label = script.label();
        say(format!("test: {label}"));
        let found = scripts::run(&ground, &script)?;
        say(format!("test: {label}: {found}"));
        note(label, found);
    }
    Ok(())
}

/// Those in the libraries' documentation. Cargo builds and runs them in one go, so they run as the
/// caller; they are pure.
fn examples(ground: &Ground) -> Tally {
    let mut command = cargo();
    command
        .current_dir(&ground.root)
        .args(["test", "--quiet", "--workspace", "--doc"])
        .args(locked())
        .env("CARGO_TARGET_DIR", &ground.target);
    match output(&mut command) {
        Ok(text) => Tally::judged(libtest(&text), true),
        Err(stop) => {
            say(&stop.reason);
            Tally::ONE_FAILED
        }
    }
}

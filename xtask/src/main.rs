//! The project's own commands: `cargo xtask <command>`.
//!
//! **Promises.** Each command says what it does while it does it (on stderr, with the seconds since
//! its start), ends with exit status 0 only if all it was asked to do succeeded, 1 if something
//! failed, 2 for wrong usage or something that is not there yet. Nothing waits for input, but for
//! `sudo`, which asks in a terminal.
//!
//! **Never** does a command change files that git tracks, and never does one end processes that it
//! did not start.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a developer's command line talks through stdout and stderr"
)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::indexing_slicing))]

mod bench;
mod check;
mod demo;
mod gallery;
mod mirror;
mod redteam;
mod removals;
mod run;
mod setup;
mod test;
mod workspace;

use std::process::ExitCode;

use run::{Done, Stop};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    match dispatch(&command, &rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(stop) => {
            if !stop.reason.is_empty() {
                eprintln!("xtask: {}", stop.reason);
            }
            ExitCode::from(stop.code)
        }
    }
}

fn dispatch(command: &str, rest: &[String]) -> Done {
    match command {
        "setup" => setup::command(rest),
        "check" => check::command(rest),
        "test" => test::command(rest),
        "demo" => demo::command(rest),
        "bench" => bench::command(rest),
        "gallery" => gallery::command(rest),
        "redteam" => redteam::command(rest),
        "removals" => removals::command(rest),
        "" | "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(())
        }
        other => Err(Stop::usage(format!("there is no command `{other}`\n\n{USAGE}"))),
    }
}

const USAGE: &str = "cargo xtask <command>

  demo      show the whole path: a small authorization server, the app, a sample agent
  test      everything that CI runs, in the same order
  check     format, words, arrows, lints, requirements, licences, clippy, docs
            (`check NAME…` runs only those; `--strict`; `--table` prints which test proves what)
  setup     install what building, running and testing need
            (`--dry-run` only says it; `build`, `run`, `test`, `bench`, `beside` name groups)
  bench     compare with other programs; prints a table, writes target/bench/*.json
            (`prompt` or all; `--json` prints that file instead; `--runs N`, 5 if not said)
  gallery   take the pictures of docs/gallery.md anew
  redteam   attack it (all, or what has these WORDS); prints a table, writes target/redteam.json
            (`--page` prints docs/redteam.md instead)
  removals  take out each listed guard and see its test turn red";

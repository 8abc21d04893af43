//! The `placet` command: agents and people ask Placet from a shell.
//!
//! **Promises.** Exit status 0 means that a person approved, and nothing else does: a lost
//! connection, an answer that cannot be read, a daemon that is not there are all a no. Data goes to
//! stdout, messages to stderr. Nothing that came over the socket reaches the terminal unescaped.
//!
//! **Never** reads a one-time code, a password or any other secret of the person: those are typed
//! into Placet's own window.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod agents;
mod args;
mod commands;
mod conversation;
mod doctor;
mod exit;
mod hook;
mod init;
mod json;
mod pkce;
mod print;
mod quoted;
mod socket;
mod token;

use std::process::ExitCode;

use clap::Parser;

use crate::args::Args;
use crate::exit::Exit;
use crate::print::Printer;

fn main() -> ExitCode {
    hook::guard_start();
    let args = match Args::try_parse() {
        Ok(args) => args,
        // Help and version are data and go to stdout; the rest is usage.
        Err(error) => {
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Approved };
            return if error.print().is_ok() { exit.into() } else { Exit::Other.into() };
        }
    };
    let mut printer = Printer::new(args.global.json, args.global.quiet);
    match commands::run(args, &mut printer) {
        Ok(exit) => exit.into(),
        Err(stop) => printer.stop(&stop).into(),
    }
}

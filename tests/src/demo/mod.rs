//! The demo: an agent asks, a person answers in a native window, the authorization server decides.
//!
//! With a display the person does it by hand and the terminal tells them the code to type
//! ([`by_hand`]). Without one, or with `--headless`, a private desktop and a scripted person
//! ([`headless`]); then every step has a screenshot, the typed codes are searched for wherever an
//! agent can read ([`hunt`]), and `summary.json` says how each scenario ended (design §8).
//!
//! **Promises.** Exit status 0 only if every scenario passed and the search was shown to find what
//! it looks for.
//!
//! **Never** use the person's own Placet, record or agents: all of it lives in a folder of its own.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::indexing_slicing,
    reason = "the demo speaks to the person at the terminal; a missing member reads as null"
)]

mod by_hand;
mod cast;
mod headless;
mod hunt;
mod scenes;
mod summary;

use std::path::PathBuf;
use std::process::ExitCode;

/// What the demo needs to know.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    /// Where the built programs are.
    pub programs: PathBuf,
    /// Where screenshots and the summary go.
    pub out: PathBuf,
}

/// The program.
#[must_use]
pub fn main() -> ExitCode {
    let headless = std::env::args().any(|word| word == "--headless") || !has_display();
    let ran = places()
        .and_then(|places| if headless { headless::run(&places) } else { by_hand::run(&places) });
    match ran {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(fault) => {
            eprintln!("demo: {fault}");
            ExitCode::FAILURE
        }
    }
}

/// Any failure of the demo itself, as a sentence.
pub(crate) type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn has_display() -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|v| !v.is_empty()))
}

fn places() -> Outcome<Places> {
    let beside = std::env::current_exe()?.parent().map(PathBuf::from).unwrap_or_default();
    let programs = std::env::var_os("PLACET_BIN_DIR").map_or(beside, PathBuf::from);
    let out = std::env::var_os("PLACET_OUT_DIR")
        .map_or_else(|| PathBuf::from("target/demo"), PathBuf::from);
    std::fs::create_dir_all(&out)?;
    Ok(Places { programs, out })
}

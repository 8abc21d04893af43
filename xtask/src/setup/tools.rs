//! Tools that cargo installs.

use std::process::Command;

use crate::run::{Done, cargo, probe, run, say};

/// The version that `deny.toml` was written for.
const CARGO_DENY: &str = "0.20.2";

/// Installs `cargo-deny` if there is none; another version than ours is used and named.
///
/// # Errors
/// If it cannot be built.
pub(crate) fn cargo_deny() -> Done {
    let found = probe(Command::new("cargo-deny").arg("--version"))
        .or_else(|| probe(cargo().args(["deny", "--version"])))
        .unwrap_or_default();
    match found.trim().strip_prefix("cargo-deny ") {
        Some(CARGO_DENY) => Ok(()),
        Some(other) => {
            say(format!("setup: cargo-deny is {other}, deny.toml was written for {CARGO_DENY}"));
            Ok(())
        }
        None => {
            say(format!("setup: building cargo-deny {CARGO_DENY} (two minutes on two cores)"));
            run(cargo()
                .args(["install", "--locked", "--quiet", "cargo-deny", "--version", CARGO_DENY])
                // It runs for seconds: a fast build of it matters more than a fast program.
                .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
                .env("CARGO_PROFILE_RELEASE_LTO", "off")
                .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
                .env("CARGO_PROFILE_RELEASE_DEBUG", "0")
                .env_remove("CARGO_TARGET_DIR"))
        }
    }
}

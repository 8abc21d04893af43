//! Building programs and tests, and finding what was built.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::run::{Stop, cargo, locked, output};

/// One program that cargo built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Program {
    /// The package's folder: the working directory of its tests, as under `cargo test`.
    pub(crate) folder: PathBuf,
    /// The target's name: the library's, the binary's, or that of the file in `tests/`.
    pub(crate) name: String,
    /// `lib`, `bin`, `test`, …
    pub(crate) kind: String,
    /// Where it is.
    pub(crate) path: PathBuf,
    /// A test runner, and not the program itself.
    pub(crate) is_test: bool,
}

impl Program {
    /// `crates/core (lib placet_core)`, for people.
    pub(crate) fn label(&self, root: &Path) -> String {
        let folder = self.folder.strip_prefix(root).unwrap_or(&self.folder);
        format!("{} ({} {})", folder.display(), self.kind, self.name)
    }

    /// True if it opens windows: such suites run one test at a time.
    pub(crate) fn needs_display(&self) -> bool {
        self.kind == "test"
            && (self.folder.ends_with("src-tauri")
                || ["desktop", "prompt"].iter().any(|word| self.name.starts_with(word)))
    }
}

/// Builds in the workspace at `root` and says what came out. `what` is cargo's
/// subcommand, and the options that choose packages and targets.
///
/// # Errors
/// If something does not compile; cargo has said what on stderr.
pub(crate) fn build(root: &Path, target: &Path, what: &[&str]) -> Result<Vec<Program>, Stop> {
    let messages = output(
        cargo()
            .current_dir(root)
            .args(what)
            .args(["--message-format", "json-render-diagnostics"])
            .args(locked())
            .env("CARGO_TARGET_DIR", target),
    )
    .map_err(|_| Stop::failed("it does not build"))?;
    Ok(parse(&messages))
}

/// The programs among cargo's messages, one JSON object a line (The Cargo Book, "External tools").
fn parse(messages: &str) -> Vec<Program> {
    messages.lines().filter_map(program).collect()
}

fn program(message: &str) -> Option<Program> {
    let message: Value = serde_json::from_str(message).ok()?;
    let target = message.get("target")?;
    let path = PathBuf::from(message.get("executable")?.as_str()?);
    Some(Program {
        folder: Path::new(message.get("manifest_path")?.as_str()?).parent()?.to_path_buf(),
        name: target.get("name")?.as_str()?.to_owned(),
        kind: target.get("kind")?.get(0)?.as_str()?.to_owned(),
        path,
        is_test: message.get("profile")?.get("test")?.as_bool()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_run_is_a_program() {
        let messages = r#"{"reason":"compiler-artifact","manifest_path":"/w/a/Cargo.toml","target":{"kind":["lib"],"name":"a"},"profile":{"test":false},"executable":null}
not json
{"reason":"compiler-artifact","manifest_path":"/w/src-tauri/Cargo.toml","target":{"kind":["test"],"name":"windows"},"profile":{"test":true},"executable":"/w/target/debug/deps/windows-1"}
{"reason":"build-finished","success":true}"#;
        let programs = parse(messages);
        assert_eq!(programs.len(), 1);
        assert_eq!(programs[0].label(Path::new("/w")), "src-tauri (test windows)");
        assert!(programs[0].is_test && programs[0].needs_display());
    }
}

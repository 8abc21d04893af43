//! The coding agents that Placet stands in front of, and how a command line of ours in their
//! settings looks.
//!
//! **Promises.** An agent that was never seen working is marked as such, here and in the help.

use std::path::Path;

use clap::ValueEnum;

use crate::quoted::quoted;

/// Seconds that the hooks written by `placet init` may take: about as long as Placet itself waits
/// for a person at most.
pub(crate) const TIMEOUT: u64 = 600;
/// Seconds after which our hook itself says no: before the agent gives up on it and, in some
/// agents, goes on as if it had said yes.
pub(crate) const WITHIN: u64 = 580;

/// A coding agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Agent {
    /// Claude Code: PreToolUse, PermissionRequest, Elicitation
    ClaudeCode,
    /// Codex: PreToolUse, PermissionRequest
    Codex,
    /// Gemini CLI: BeforeTool
    Gemini,
    /// OpenCode: by a plugin
    Opencode,
    /// GitHub Copilot CLI: preToolUse (not run: by its documentation)
    Copilot,
    /// Copilot in VS Code: PreToolUse (not run: by its documentation)
    Vscode,
    /// Cursor: beforeShellExecution, beforeMCPExecution, preToolUse (not run: by its documentation)
    Cursor,
    /// Goose: PreToolUse (not run: by its documentation)
    Goose,
    /// Cline: PreToolUse (not run: by its documentation)
    Cline,
}

impl Agent {
    /// Those whose settings `placet init` writes: the ones that were seen working.
    pub(crate) const SEEN: [Self; 4] =
        [Self::ClaudeCode, Self::Codex, Self::Gemini, Self::Opencode];

    /// The word on the command line, and the name of its pairing unless another is given.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::ClaudeCode => "claude-code",
            Self::Codex => "codex",
            Self::Gemini => "gemini",
            Self::Opencode => "opencode",
            Self::Copilot => "copilot",
            Self::Vscode => "vscode",
            Self::Cursor => "cursor",
            Self::Goose => "goose",
            Self::Cline => "cline",
        }
    }

    /// Seconds that a hook of ours takes at most if nobody says: below the agent's own limit for a
    /// hook that names none.
    pub(crate) const fn within(self) -> u64 {
        match self {
            Self::ClaudeCode | Self::Codex | Self::Opencode => 290,
            Self::Gemini => 50,
            Self::Copilot | Self::Vscode | Self::Cursor | Self::Goose | Self::Cline => 20,
        }
    }

    /// Whether it goes on when a hook fails, and has no switch against that.
    pub(crate) const fn fails_open(self) -> bool {
        matches!(self, Self::Codex | Self::Gemini)
    }

    /// The tools in which `description` is the agent's own word about the call and does nothing.
    pub(crate) const fn describes_itself(self, tool: &str) -> bool {
        matches!(
            (self, tool.as_bytes()),
            (Self::ClaudeCode | Self::Codex | Self::Vscode, b"Bash")
                | (Self::Gemini, b"run_shell_command")
                | (Self::Opencode, b"bash")
        )
    }
}

/// For an agent without a switch against a hook that fails: its shell then says no, in words that
/// every shell has. It matters when the program is gone, or was killed.
const OR_NO: &str = " || exit 2";

/// The command that an agent's settings name.
pub(crate) fn command(agent: Agent, program: &str) -> String {
    let or_no = if agent.fails_open() { OR_NO } else { "" };
    format!("{} hook {} --within {WITHIN}{or_no}", quoted(program), agent.name())
}

/// A command of ours as it was found in settings.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// The program, unquoted.
    pub(crate) program: String,
    /// Its `--within`, if it has one.
    pub(crate) within: Option<u64>,
    /// Whether the shell says no if the program cannot.
    pub(crate) or_no: bool,
}

/// Reads `PROGRAM hook AGENT [--within N] [|| exit 2]` where the program is called `placet`; anything else is
/// somebody else's.
pub(crate) fn ours(agent: Agent, command: &str) -> Option<Found> {
    let (command, or_no) = match command.strip_suffix(OR_NO) {
        Some(command) => (command, true),
        None => (command, false),
    };
    let (program, rest) = command.rsplit_once(" hook ")?;
    let rest = rest.strip_prefix(agent.name())?;
    let within = match rest.strip_prefix(" --within ") {
        Some(seconds) => Some(seconds.parse().ok()?),
        None if rest.is_empty() => None,
        None => return None,
    };
    let program = match program.strip_prefix('\'').and_then(|inner| inner.strip_suffix('\'')) {
        Some(inner) => inner.replace("'\\''", "'"),
        None if program.contains(char::is_whitespace) => return None,
        None => program.to_owned(),
    };
    let named = Path::new(&program).file_name().is_some_and(|name| name == "placet");
    named.then_some(Found { program, within, or_no })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_was_written_is_found_again_and_nothing_else_is() {
        for program in ["/usr/bin/placet", "/home/o'neil/my bin/placet", "/ü/placet"] {
            for agent in Agent::SEEN {
                let found = ours(agent, &command(agent, program)).unwrap();
                let (program, or_no) = (program.to_owned(), agent.fails_open());
                assert_eq!(found, Found { program, within: Some(WITHIN), or_no });
            }
            assert_eq!(ours(Agent::Gemini, &command(Agent::Codex, program)), None);
        }
        assert_eq!(ours(Agent::Codex, "placet hook codex").unwrap().within, None);
        for other in [
            "",
            "placet hook",
            "placet hook codex --within",
            "placet hook codex --within 5 || true",
            "placet hook codexx",
            "env A=1 placet hook codex",
            "/usr/bin/other hook codex",
            "true; placet hook codex; true",
        ] {
            assert_eq!(ours(Agent::Codex, other), None, "{other}");
        }
    }

    #[test]
    fn the_name_is_the_word_of_the_command_line() {
        for agent in Agent::value_variants() {
            let word = agent.to_possible_value().unwrap();
            assert_eq!(word.get_name(), agent.name());
            let marked = word.get_help().unwrap().to_string().contains("not run");
            assert_eq!(marked, !Agent::SEEN.contains(agent), "{agent:?}");
        }
    }
}

//! What the settings of each agent have to hold, and where they are.
//!
//! **Promises.** Every handler that is written has a time limit long enough for a person, one of its
//! own that is shorter, and, where the agent has such a switch, fails closed.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::agents::{Agent, TIMEOUT, WITHIN, command};
use crate::exit::Stop;
use crate::socket::set;

/// What stands in for the program in the plugin.
const PLUGIN: &str = include_str!("opencode.js");
/// How a plugin of ours begins.
pub(crate) const PLUGIN_MARK: &str = "// Placet asks you before OpenCode uses a tool that acts.";

/// Whose settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The person's own, for all projects.
    User,
    /// Those of the folder that the command was started in.
    Project,
}

impl Scope {
    /// The word on the command line.
    pub(crate) const fn flag(self) -> &'static str {
        match self {
            Self::User => "--user",
            Self::Project => "--project",
        }
    }
}

/// One group of handlers under an event.
#[derive(Debug)]
pub(crate) struct Group {
    /// The event.
    pub(crate) event: &'static str,
    /// Which tools.
    pub(crate) matcher: &'static str,
    /// Our handler.
    pub(crate) handler: Value,
}

impl Group {
    /// As it stands in the settings.
    pub(crate) fn value(&self) -> Value {
        json!({ "matcher": self.matcher, "hooks": [self.handler] })
    }
}

/// The groups for an agent with settings in JSON. Tools that only look are left out by the matcher:
/// the hook itself asks for whatever it is called for.
///
/// Claude Code's Elicitation is not among them: the hook would also get the addresses that Claude
/// Code itself can open, and cancel them. Who wants forms in Placet adds it by hand.
pub(crate) fn groups(agent: Agent, program: &str) -> Vec<Group> {
    let command = command(agent, program);
    let group =
        |event, matcher, handler: &Value| Group { event, matcher, handler: handler.clone() };
    match agent {
        Agent::ClaudeCode => {
            let handler = json!({ "type": "command", "command": command, "timeout": TIMEOUT,
                "onFailure": "block" });
            vec![
                group("PreToolUse", "Bash|Write|Edit|MultiEdit|NotebookEdit", &handler),
                group("PermissionRequest", "*", &handler),
            ]
        }
        Agent::Codex => {
            let handler = json!({ "type": "command", "command": command, "timeout": TIMEOUT });
            vec![group("PreToolUse", ".*", &handler), group("PermissionRequest", ".*", &handler)]
        }
        Agent::Gemini => {
            let handler = json!({ "name": "placet", "type": "command", "command": command,
                "timeout": TIMEOUT * 1000 });
            // Every tool, also one that is new, but those that look or only order the agent's own work.
            let acts = "^(?!(?:read_file|read_many_files|list_directory|glob|grep_search|\
                        get_internal_docs|ask_user|write_todos|update_topic|activate_skill|\
                        complete_task|enter_plan_mode|exit_plan_mode)$)";
            vec![group("BeforeTool", acts, &handler)]
        }
        _ => Vec::new(),
    }
}

/// OpenCode's plugin.
pub(crate) fn plugin(program: &str) -> String {
    let program = Value::from(program).to_string();
    PLUGIN.replace("@PROGRAM@", &program).replace("@WITHIN@", &WITHIN.to_string())
}

/// The settings' file.
pub(crate) fn place(agent: Agent, scope: Scope) -> Result<PathBuf, Stop> {
    let (folder, file) = match agent {
        Agent::ClaudeCode => (".claude", "settings.json"),
        Agent::Codex => (".codex", "hooks.json"),
        Agent::Gemini => (".gemini", "settings.json"),
        Agent::Opencode => (".opencode", "plugin/placet.js"),
        _ => return Err(Stop::Usage(not_run(agent))),
    };
    if scope == Scope::Project {
        let here = std::env::current_dir()
            .map_err(|error| Stop::Local(format!("the current folder is not known: {error}")))?;
        return Ok(here.join(folder).join(file));
    }
    home_of(agent, folder)
        .map(|folder| folder.join(file))
        .ok_or_else(|| Stop::Usage("There is no HOME, so the settings cannot be found.".to_owned()))
}

/// Where an agent keeps what is the person's.
pub(crate) fn folder(agent: Agent) -> Option<PathBuf> {
    let place = place(agent, Scope::User).ok()?;
    let up = if agent == Agent::Opencode { 2 } else { 1 };
    place.ancestors().nth(up).map(Path::to_owned)
}

fn home_of(agent: Agent, folder: &str) -> Option<PathBuf> {
    let home = set("HOME");
    match agent {
        Agent::ClaudeCode => set("CLAUDE_CONFIG_DIR"),
        Agent::Codex => set("CODEX_HOME"),
        Agent::Opencode => set("XDG_CONFIG_HOME")
            .or_else(|| home.as_ref().map(|home| home.join(".config")))
            .map(|config| config.join("opencode")),
        _ => None,
    }
    .or_else(|| home.map(|home| home.join(folder)))
}

/// For the agents that nobody has seen working.
pub(crate) fn not_run(agent: Agent) -> String {
    format!(
        "placet init writes no settings for {0}: nobody has seen it work with Placet. What to put \
         where, by its documentation, is in docs/agents/{0}.md.",
        agent.name()
    )
}

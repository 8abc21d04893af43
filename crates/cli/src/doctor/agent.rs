//! One agent: is the hook in its settings, as `placet init` writes it, and does the agent run it.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Finding;
use crate::agents::{Agent, TIMEOUT};
use crate::init::program;
use crate::init::settings::{self, Handler};
use crate::init::wanted::{self, Scope};
use crate::token;

/// Seconds below which a person has no time to come and read.
const SHORT: u64 = 120;

/// All that is wrong with one.
pub(super) fn look(agent: Agent) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut is_in = false;
    let user = wanted::place(agent, Scope::User).ok();
    for scope in [Scope::User, Scope::Project] {
        let Ok(path) = wanted::place(agent, scope) else { continue };
        // In the home folder both are the same file.
        if scope == Scope::Project && user.as_ref() == Some(&path) {
            continue;
        }
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => {
                let sentence = format!("{} cannot be read: {error}.", path.display());
                findings.push(Finding::of(agent, "settings_unreadable", sentence, "Mend that."));
                continue;
            }
        };
        is_in |= match agent {
            Agent::Opencode => plugin(&path, &text, scope, &mut findings),
            _ => hooks(agent, &path, &text, scope, &mut findings),
        };
    }
    let name = agent.name();
    if !is_in {
        let sentence = "Its settings have no hook of Placet, so it asks nobody here.".to_owned();
        findings.push(Finding::of(agent, "hook_absent", sentence, format!("placet init {name}")));
        return findings;
    }
    if token::of_agent(name).is_ok_and(|path| path.symlink_metadata().is_err()) {
        let sentence = "It has no pairing, so Placet shows it without a name.".to_owned();
        let mend = format!("placet pair --name {name}");
        findings.push(Finding::of(agent, "token_missing", sentence, mend));
    }
    findings
}

/// Settings in JSON. Whether there is a hook of ours in it.
fn hooks(agent: Agent, path: &Path, text: &str, scope: Scope, findings: &mut Vec<Finding>) -> bool {
    let shown = path.display().to_string();
    let again = format!("placet init {} {}", agent.name(), scope.flag());
    let mut add = |code, sentence: String, mend: String| {
        findings.push(Finding::of(agent, code, sentence, mend));
    };
    if text.trim().is_empty() {
        return false;
    }
    let value = match settings::read(text, &shown) {
        Ok(value) => value,
        Err(_) => {
            let sentence = format!("{shown} is not plain JSON that Placet understands.");
            add("settings_unreadable", sentence, "Look at that file.".to_owned());
            return false;
        }
    };
    let found = settings::handlers(agent, &value);
    if found.is_empty() {
        return false;
    }
    if value.get("disableAllHooks") == Some(&Value::Bool(true)) {
        let mend = format!("Take `disableAllHooks` out of {shown}.");
        add("hooks_disabled", format!("{shown} turns all hooks off."), mend);
    }
    for handler in &found {
        for (code, sentence) in wrong(agent, handler) {
            add(code, format!("{} in {shown} {sentence}", handler.event), again.clone());
        }
    }
    let program = found.first().map(|one| one.found.program.clone()).unwrap_or_default();
    for group in wanted::groups(agent, &program) {
        let there =
            found.iter().any(|one| one.event == group.event && one.matcher == Some(group.matcher));
        if !there {
            let sentence = format!(
                "{shown} has no hook of Placet for {} with the tools `{}`.",
                group.event, group.matcher
            );
            add("hook_changed", sentence, again.clone());
        }
    }
    if agent == Agent::Codex {
        for key in untrusted(path, &value) {
            let sentence =
                format!("Codex does not trust {key}, and passes over it without a word.");
            let mend = "Start codex, type /hooks, read the hook and trust it.".to_owned();
            add("codex_trust", sentence, mend);
        }
    }
    true
}

/// What is wrong with one handler of ours.
fn wrong(agent: Agent, one: &Handler<'_>) -> Vec<(&'static str, String)> {
    let mut all = program_wrong(&one.found.program);
    if one.handler.get("type").and_then(Value::as_str) != Some("command") {
        all.push(("hook_changed", "is no longer a command.".to_owned()));
    }
    if agent == Agent::ClaudeCode
        && one.handler.get("onFailure").and_then(Value::as_str) != Some("block")
    {
        let sentence = "has no \"onFailure\": \"block\": if it is killed, the tool runs.";
        all.push(("fails_open", sentence.to_owned()));
    }
    if agent.fails_open() && !one.found.or_no {
        let sentence = "has no `|| exit 2`: if the program is gone or killed, the tool runs.";
        all.push(("fails_open", sentence.to_owned()));
    }
    let unit = if agent == Agent::Gemini { 1000 } else { 1 };
    let timeout = one.handler.get("timeout").and_then(Value::as_u64).map(|given| given / unit);
    let within = one.found.within.unwrap_or_else(|| agent.within());
    match timeout {
        None => all.push(("timeout_short", "has no time limit of its own.".to_owned())),
        Some(timeout) if timeout <= within => {
            let sentence = format!(
                "is given up after {timeout} s, before it says no by itself after {within} s."
            );
            all.push(("timeout_short", sentence));
        }
        Some(_) if within < SHORT => {
            let sentence =
                format!("waits {within} s for a person; {SHORT} to {TIMEOUT} s are usual.");
            all.push(("timeout_short", sentence));
        }
        Some(_) => {}
    }
    all
}

fn program_wrong(named: &str) -> Vec<(&'static str, String)> {
    let real = |path: &str| fs::canonicalize(path).ok();
    match (real(named), program().ok().and_then(|path| real(&path))) {
        (None, _) => vec![("hook_changed", format!("starts {named}, which is not there."))],
        (Some(there), Some(this)) if there != this => {
            let (there, this) = (there.display(), this.display());
            vec![("hook_changed", format!("starts {there}, and this is {this}."))]
        }
        _ => Vec::new(),
    }
}

/// OpenCode's plugin. Whether it is ours.
fn plugin(path: &Path, text: &str, scope: Scope, findings: &mut Vec<Finding>) -> bool {
    let wanted = program().map(|program| wanted::plugin(&program));
    if wanted.is_ok_and(|wanted| wanted == text) {
        return true;
    }
    let sentence = format!("{} is not what this Placet writes.", path.display());
    let mend = match text.starts_with(wanted::PLUGIN_MARK) {
        true => format!("placet init opencode {}", scope.flag()),
        false => "Move that file away, then: placet init opencode".to_owned(),
    };
    findings.push(Finding::of(Agent::Opencode, "hook_changed", sentence, mend));
    true
}

/// Our hooks for which Codex has no trust on file, by its own key: file, event, group, handler.
/// Whether a trust that is on file is for this very hook only Codex can say.
fn untrusted(path: &Path, value: &Value) -> Vec<String> {
    let config = wanted::folder(Agent::Codex).map(|folder| folder.join("config.toml"));
    let state = config
        .and_then(|config: PathBuf| fs::read_to_string(config).ok())
        .and_then(|text| text.parse::<toml::Table>().ok());
    let trusts = |key: &str| {
        state.as_ref().and_then(|table| table.get("hooks")?.get("state")?.get(key)).is_some_and(
            |entry| {
                let on = entry.get("enabled").and_then(toml::Value::as_bool) != Some(false);
                on && entry.get("trusted_hash").is_some_and(toml::Value::is_str)
            },
        )
    };
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut keys = Vec::new();
    let events = value.get("hooks").and_then(Value::as_object).into_iter().flatten();
    for (event, groups) in events {
        for (group, of) in groups.as_array().into_iter().flatten().enumerate() {
            let list = of.get("hooks").and_then(Value::as_array).into_iter().flatten();
            for (at, handler) in list.enumerate() {
                let command = handler.get("command").and_then(Value::as_str).unwrap_or_default();
                if crate::agents::ours(Agent::Codex, command).is_none() {
                    continue;
                }
                let end = format!(":{}:{group}:{at}", snake(event));
                let named = [path, &real].map(|path| format!("{}{end}", path.display()));
                if !named.iter().any(|key| trusts(key)) {
                    keys.extend(named.into_iter().next());
                }
            }
        }
    }
    keys
}

/// `PreToolUse` as Codex has it in a key: `pre_tool_use`.
fn snake(event: &str) -> String {
    let mut out = String::new();
    for letter in event.chars() {
        if letter.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

//! `placet doctor`: what is missing between the person's agents and Placet.
//!
//! **Promises.** Says of each thing that is wrong how to mend it, and exits with 0 only if nothing
//! is. Looks, and changes nothing.
//!
//! **Never** proof: any program of the user can change what it looked at a moment later.

mod agent;
mod machine;

use clap::Args as ClapArgs;
use serde::Serialize;
use serde_json::json;

use crate::agents::Agent;
use crate::args::Global;
use crate::exit::{Exit, Stop};
use crate::init::wanted;
use crate::print::Printer;
use crate::token;

/// `placet doctor`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Doctor {
    /// The agents to look at [default: each of claude-code, codex, gemini and opencode that is
    /// there]
    #[arg(value_enum, value_name = "AGENT")]
    agents: Vec<Agent>,
}

/// One thing that is wrong.
#[derive(Debug, Serialize)]
pub(crate) struct Finding {
    /// A stable word.
    pub(crate) code: &'static str,
    /// Whose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) agent: Option<&'static str>,
    /// What is wrong.
    pub(crate) sentence: String,
    /// What to do.
    pub(crate) mend: String,
}

impl Finding {
    /// Not about one agent.
    pub(crate) fn new(code: &'static str, sentence: String, mend: impl Into<String>) -> Self {
        Self { code, agent: None, sentence, mend: mend.into() }
    }

    /// About one agent.
    pub(crate) fn of(
        agent: Agent,
        code: &'static str,
        sentence: String,
        mend: impl Into<String>,
    ) -> Self {
        Self { agent: Some(agent.name()), ..Self::new(code, sentence, mend) }
    }
}

/// `placet doctor`.
pub(crate) fn doctor(asked: &Doctor, global: &Global, printer: &mut Printer) -> Result<Exit, Stop> {
    if let Some(agent) = asked.agents.iter().find(|agent| !Agent::SEEN.contains(agent)) {
        return Err(Stop::Usage(wanted::not_run(*agent)));
    }
    let agents: Vec<Agent> = match asked.agents.as_slice() {
        [] => Agent::SEEN.into_iter().filter(|agent| is_there(*agent)).collect(),
        named => named.to_vec(),
    };
    let mut findings = machine::look(global, printer);
    for agent in &agents {
        findings.extend(agent::look(*agent));
    }
    let names: Vec<_> = agents.iter().map(|agent| agent.name()).collect();
    let value = json!({ "agents": names, "wrong": findings });
    printer.answer(&value, || {
        let mut lines = vec![match names.is_empty() {
            true => "looked at: Placet; no agent is here".to_owned(),
            false => format!("looked at: Placet, {}", names.join(", ")),
        }];
        for finding in &findings {
            let whose = finding.agent.map(|agent| format!("{agent}: ")).unwrap_or_default();
            lines.push(format!("wrong: {whose}{}", finding.sentence));
            lines.push(format!("  mend: {}", finding.mend));
        }
        if findings.is_empty() {
            lines.push("nothing is wrong".to_owned());
        }
        lines
    })?;
    Ok(if findings.is_empty() { Exit::Approved } else { Exit::Other })
}

/// Whether the person seems to use it: its folder is there, or a pairing of its name.
fn is_there(agent: Agent) -> bool {
    let pairing = token::of_agent(agent.name()).is_ok_and(|path| path.symlink_metadata().is_ok());
    pairing || wanted::folder(agent).is_some_and(|folder| folder.is_dir())
}

//! What an agent's hook is given, and what of it becomes the question.
//!
//! **Promises.** The tool's name and every argument go to the question as they are. A member that is
//! needed and missing, or of another type, is an error that names it. Members that only tell about
//! the session are passed over.
//!
//! **Never** takes the agent's own description of a shell command for part of the command: it goes
//! to `reason`, which the prompt shows last and as the agent's words. One that does not fit there
//! stays among the arguments.

use placet_wire::params::REASON_MAX;
use serde_json::{Map, Value, json};

use super::reply::Shape;
use crate::agents::Agent;
use crate::exit::Stop;
use crate::json;

/// What is asked.
#[derive(Debug)]
pub(crate) enum Question {
    /// A tool is about to be used.
    Tool(Call),
    /// An MCP server wants something from the person.
    Elicitation(Form),
}

/// A tool's call.
#[derive(Debug, PartialEq)]
pub(crate) struct Call {
    /// The tool's name.
    pub(crate) tool: String,
    /// Its arguments.
    pub(crate) arguments: Value,
    /// The agent's working directory, as it says.
    pub(crate) cwd: String,
    /// The agent's own words.
    pub(crate) reason: Option<String>,
}

/// What an MCP server wants.
#[derive(Debug)]
pub(crate) enum Form {
    /// Fields to fill.
    Fields {
        /// The server, as the agent calls it.
        server: String,
        /// What it says.
        message: String,
        /// The form.
        schema: Value,
    },
    /// An address to open.
    Url,
}

/// Understands a payload. The shape of the answer is told as soon as it is known, so that an error
/// further on is said in it.
pub(crate) fn understand(
    agent: Agent,
    payload: Value,
    shape: impl FnOnce(Shape),
) -> Result<Question, Stop> {
    let Value::Object(members) = payload else {
        return Err(Stop::Usage("The agent's payload is not a JSON object.".to_owned()));
    };
    let mut of = Members(members);
    match agent {
        Agent::ClaudeCode => {
            let event = of.text("hook_event_name")?;
            let (known, elicits) = match event.as_str() {
                "PreToolUse" => (Shape::PreToolUse, false),
                "PermissionRequest" => (Shape::PermissionRequest, false),
                "Elicitation" => (Shape::Elicitation, true),
                _ => return Err(unknown("hook_event_name")),
            };
            shape(known);
            if elicits {
                return form(&mut of).map(Question::Elicitation);
            }
        }
        Agent::Codex => shape(match of.text("hook_event_name")?.as_str() {
            "PreToolUse" => Shape::CodexPreToolUse,
            "PermissionRequest" => Shape::CodexPermissionRequest,
            _ => return Err(unknown("hook_event_name")),
        }),
        Agent::Vscode => {
            of.is("hook_event_name", &["PreToolUse"])?;
            shape(Shape::PreToolUse);
        }
        Agent::Gemini => {
            of.is("hook_event_name", &["BeforeTool"])?;
            shape(Shape::Decision);
        }
        Agent::Opencode => {
            of.is("event", &["tool.execute.before"])?;
            shape(Shape::Decision);
        }
        Agent::Copilot => shape(Shape::Copilot),
        Agent::Cursor => shape(Shape::Cursor),
        Agent::Goose => {
            of.is("event", &["PreToolUse"])?;
            shape(Shape::Goose);
        }
        Agent::Cline => {
            of.is("hookName", &["PreToolUse"])?;
            shape(Shape::Cline);
        }
    }
    call(agent, of).map(Question::Tool)
}

fn call(agent: Agent, mut of: Members) -> Result<Call, Stop> {
    let (tool, mut arguments, cwd) = match agent {
        Agent::ClaudeCode | Agent::Codex | Agent::Gemini | Agent::Vscode => {
            (of.text("tool_name")?, of.object("tool_input")?, of.text("cwd")?)
        }
        Agent::Opencode => (of.text("tool")?, of.object("args")?, of.text("cwd")?),
        Agent::Copilot => {
            (of.text("toolName")?, of.object_or_its_text("toolArgs")?, of.text("cwd")?)
        }
        Agent::Goose => (of.text("tool_name")?, of.object("tool_input")?, of.text("working_dir")?),
        Agent::Cursor => match of.text("hook_event_name")?.as_str() {
            "beforeShellExecution" => {
                let command = of.text("command")?;
                ("shell".to_owned(), object(json!({ "command": command })), of.text("cwd")?)
            }
            "beforeMCPExecution" | "preToolUse" => {
                let (tool, input) = (of.text("tool_name")?, of.object_or_its_text("tool_input")?);
                (tool, input, of.first("workspace_roots")?)
            }
            _ => return Err(unknown("hook_event_name")),
        },
        Agent::Cline => {
            let cwd = of.first("workspaceRoots")?;
            let mut inner = Members(of.object("preToolUse")?);
            (inner.text("toolName")?, inner.object("parameters")?, cwd)
        }
    };
    let reason = match agent.describes_itself(&tool) {
        true => own_words(&mut arguments),
        false => None,
    };
    Ok(Call { tool, arguments: Value::Object(arguments), cwd, reason })
}

fn form(of: &mut Members) -> Result<Form, Stop> {
    let (server, message) = (of.text("mcp_server_name")?, of.text("message")?);
    match of.text("mode")?.as_str() {
        "form" => {
            let schema = Value::Object(of.object("requested_schema")?);
            Ok(Form::Fields { server, message, schema })
        }
        "url" => Ok(Form::Url),
        _ => Err(unknown("mode")),
    }
}

/// Takes the agent's description of a command out of the arguments, if it fits where it goes.
fn own_words(arguments: &mut Map<String, Value>) -> Option<String> {
    let fits = |text: &String| !text.is_empty() && text.len() <= REASON_MAX;
    match arguments.get("description") {
        Some(Value::String(text)) if fits(text) => {}
        _ => return None,
    }
    match arguments.shift_remove("description") {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// The members of a payload, taken one by one.
struct Members(Map<String, Value>);

impl Members {
    fn take(&mut self, name: &'static str) -> Result<Value, Stop> {
        self.0
            .remove(name)
            .ok_or_else(|| Stop::Usage(format!("The agent's payload has no `{name}`.")))
    }

    fn text(&mut self, name: &'static str) -> Result<String, Stop> {
        match self.take(name)? {
            Value::String(text) => Ok(text),
            _ => Err(wrong(name, "text")),
        }
    }

    fn is(&mut self, name: &'static str, known: &[&str]) -> Result<(), Stop> {
        let word = self.text(name)?;
        if known.contains(&word.as_str()) { Ok(()) } else { Err(unknown(name)) }
    }

    fn object(&mut self, name: &'static str) -> Result<Map<String, Value>, Stop> {
        match self.take(name)? {
            Value::Object(members) => Ok(members),
            _ => Err(wrong(name, "an object")),
        }
    }

    /// An object, or text that holds one, read as strictly.
    fn object_or_its_text(&mut self, name: &'static str) -> Result<Map<String, Value>, Stop> {
        let value = match self.take(name)? {
            Value::String(text) => json::parse(&text, name).map_err(|_| wrong(name, "JSON"))?,
            value => value,
        };
        match value {
            Value::Object(members) => Ok(members),
            _ => Err(wrong(name, "an object")),
        }
    }

    /// The first text of a list.
    fn first(&mut self, name: &'static str) -> Result<String, Stop> {
        match self.take(name)? {
            Value::Array(items) => match items.into_iter().next() {
                Some(Value::String(text)) => Ok(text),
                _ => Err(wrong(name, "a list of texts")),
            },
            _ => Err(wrong(name, "a list of texts")),
        }
    }
}

fn wrong(name: &str, wanted: &str) -> Stop {
    Stop::Usage(format!("In the agent's payload `{name}` is not {wanted}."))
}

fn unknown(name: &str) -> Stop {
    Stop::Usage(format!("This hook does not know what the agent's payload has as `{name}`."))
}

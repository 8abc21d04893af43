//! How each agent is told yes and no.
//!
//! **Promises.** A no blocks in the agent it is for: by the status 2 and a sentence on stderr, and by
//! the agent's own words on stdout as well. Where an agent loses the sentence of a status 2 (Claude
//! Code's PermissionRequest and Elicitation), its own words go with status 0: there no word is no
//! yes either.

use serde_json::{Map, Value, json};

use super::last_word::BLOCKS;

/// What goes out.
#[derive(Debug, PartialEq)]
pub(crate) struct Reply {
    /// One JSON object.
    pub(crate) stdout: Option<Value>,
    /// One sentence.
    pub(crate) stderr: Option<String>,
    /// The exit status.
    pub(crate) status: i32,
}

/// The words of an agent for one event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Not known yet, or never: only the status and the sentence.
    #[default]
    Status,
    /// PreToolUse of Claude Code and of VS Code.
    PreToolUse,
    /// PreToolUse of Codex: it takes a deny, and an allow is an error that it passes over.
    CodexPreToolUse,
    /// PermissionRequest of Claude Code.
    PermissionRequest,
    /// PermissionRequest of Codex.
    CodexPermissionRequest,
    /// Elicitation of Claude Code.
    Elicitation,
    /// `decision`: Gemini CLI, and our own plugin for OpenCode.
    Decision,
    /// Copilot CLI.
    Copilot,
    /// Cursor.
    Cursor,
    /// Goose.
    Goose,
    /// Cline.
    Cline,
}

impl Shape {
    /// A person approved.
    pub(crate) fn yes(self) -> Reply {
        let stdout = match self {
            // Nobody asked anything that could be approved.
            Self::Status | Self::Elicitation => return self.no("There was nothing to approve."),
            Self::PreToolUse => Some(pre_tool_use(json!({ "permissionDecision": "allow" }))),
            Self::CodexPreToolUse | Self::Goose => None,
            Self::PermissionRequest | Self::CodexPermissionRequest => {
                Some(permission_request(json!({ "behavior": "allow" })))
            }
            Self::Decision => Some(json!({ "decision": "allow" })),
            Self::Copilot => Some(json!({ "permissionDecision": "allow" })),
            Self::Cursor => Some(json!({ "permission": "allow" })),
            Self::Cline => Some(json!({ "cancel": false })),
        };
        Reply { stdout, stderr: None, status: 0 }
    }

    /// A person filled a form.
    pub(crate) fn filled(self, content: Map<String, Value>) -> Reply {
        match self {
            Self::Elicitation => {
                let said = output("Elicitation", json!({ "action": "accept", "content": content }));
                Reply { stdout: Some(said), stderr: None, status: 0 }
            }
            _ => self.no("There was no form."),
        }
    }

    /// A person said no to a form, which is more than that nobody answered (S12).
    pub(crate) fn declined(self, sentence: &str) -> Reply {
        let mut reply = self.no(sentence);
        if self == Self::Elicitation {
            reply.stdout = Some(output("Elicitation", json!({ "action": "decline" })));
        }
        reply
    }

    /// Anything else.
    pub(crate) fn no(self, sentence: &str) -> Reply {
        let stdout = match self {
            Self::Status => None,
            Self::PreToolUse | Self::CodexPreToolUse => Some(pre_tool_use(json!({
                "permissionDecision": "deny", "permissionDecisionReason": sentence }))),
            Self::PermissionRequest | Self::CodexPermissionRequest => {
                Some(permission_request(json!({ "behavior": "deny", "message": sentence })))
            }
            Self::Elicitation => Some(output("Elicitation", json!({ "action": "cancel" }))),
            Self::Decision => Some(json!({ "decision": "deny", "reason": sentence })),
            Self::Copilot => Some(json!({
                "permissionDecision": "deny", "permissionDecisionReason": sentence })),
            Self::Cursor => Some(json!({
                "permission": "deny", "user_message": sentence, "agent_message": sentence })),
            Self::Goose => Some(json!({ "decision": "block", "reason": sentence })),
            Self::Cline => Some(json!({ "cancel": true, "errorMessage": sentence })),
        };
        let status = match self {
            Self::PermissionRequest | Self::Elicitation => 0,
            _ => BLOCKS,
        };
        Reply { stdout, stderr: Some(sentence.to_owned()), status }
    }
}

fn pre_tool_use(decision: Value) -> Value {
    output("PreToolUse", decision)
}

fn permission_request(decision: Value) -> Value {
    output("PermissionRequest", json!({ "decision": decision }))
}

fn output(event: &str, members: Value) -> Value {
    let mut inner = json!({ "hookEventName": event });
    if let (Value::Object(inner), Value::Object(members)) = (&mut inner, members) {
        inner.extend(members);
    }
    json!({ "hookSpecificOutput": inner })
}

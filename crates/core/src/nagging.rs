//! What makes two questions alike: for the person who has said no to the same thing often enough.
//!
//! **Promises.** Two questions that differ in letter case, in digits, in white space, in the agent's
//! own words or in what is new in every call have one [`gist`]. A word more or less makes another:
//! what is held back without asking must be what was asked about, not what resembles it.
//!
//! **Never** compare for a yes with this: a yes is for one question, to the last digit
//! ([`Request::hash`](crate::request::Request::hash)).

use serde_json::{Map, Value, json};

use crate::json::{Digest, digest};
use crate::request::Matter;

/// So many times no to one gist within ten minutes, and it is asked no more (H17).
pub const DECLINES: u32 = 3;

/// What a question is about, without what changes from one try to the next. `None` for what a
/// person sets up: they try that again because something was wrong.
#[must_use]
pub fn gist(matter: &Matter) -> Option<Digest> {
    let about = match matter {
        Matter::Approval(call) => json!({
            "tool": plain(&call.tool),
            "arguments": of(&call.arguments),
        }),
        // The PKCE challenge is another each time (RFC 7636 §4.1).
        Matter::Authorization(asked) => json!({
            "issuer": asked.issuer,
            "scope": asked.scope.as_deref().map(plain),
            "resource": asked.resource,
            "details": asked.authorization_details.iter().map(of_members).collect::<Vec<_>>(),
        }),
        Matter::Elicitation(asked) => json!({
            "server": asked.server.as_deref().map(plain),
            "message": plain(&asked.message),
            "form": of(&asked.requested_schema),
        }),
        Matter::EnrolServer(_)
        | Matter::RemoveServer(_)
        | Matter::Pair(_)
        | Matter::Errand(_)
        | Matter::Change { .. } => return None,
    };
    digest(&about).ok()
}

fn of(value: &Value) -> Value {
    match value {
        Value::Number(_) => json!(0),
        Value::String(text) => Value::String(plain(text)),
        Value::Array(items) => items.iter().map(of).collect(),
        Value::Object(members) => of_members(members),
        Value::Null | Value::Bool(_) => value.clone(),
    }
}

fn of_members(members: &Map<String, Value>) -> Value {
    members.iter().map(|(name, value)| (name.clone(), of(value))).collect::<Map<_, _>>().into()
}

/// Lower case, a 0 for each run of digits, one space for each run of white space.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.trim().chars().flat_map(char::to_lowercase) {
        let c = match c {
            _ if c.is_numeric() => '0',
            _ if c.is_whitespace() => ' ',
            _ => c,
        };
        if !(matches!(c, '0' | ' ') && out.ends_with(c)) {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::{Authorization, ToolCall};

    fn call(command: &str) -> Option<Digest> {
        gist(&Matter::Approval(ToolCall {
            tool: "shell".into(),
            arguments: json!({ "command": command, "timeout": command.len() }),
            working_directory: None,
        }))
    }

    fn authorization(scope: &str, challenge: &str) -> Option<Digest> {
        gist(&Matter::Authorization(Authorization {
            issuer: "https://as.example".into(),
            scope: Some(scope.into()),
            resource: vec![],
            authorization_details: vec![],
            authorization_details_raw: None,
            acr_values: None,
            max_age: None,
            code_challenge: challenge.into(),
        }))
    }

    #[test]
    fn h17_what_a_nagging_agent_changes_leaves_the_gist_as_it_is() {
        let first = call("git push --force origin v1");
        assert!(first.is_some());
        for again in ["git  push --force origin v12", " Git PUSH --force\torigin v3\n"] {
            assert_eq!(call(again), first, "{again}");
        }
        assert_eq!(authorization("files:write", "aaa"), authorization("files:write", "bbb"));
    }

    #[test]
    fn h17_another_word_is_another_question() {
        let first = call("git push --force origin v1");
        for other in ["git push origin v1", "git push --force origin v1 v2", "git pull origin v1"] {
            assert_ne!(call(other), first, "{other}");
        }
        assert_ne!(authorization("files:read", "aaa"), authorization("files:write", "aaa"));
    }
}

//! One line of what was asked: for lists, the history and the log.
//!
//! **Promises.** [`brief`] is pure; its line went through [`visible_line`], has at most [`BRIEF`]
//! characters, and ends with `…` if there was more. It is a pointer, never what is approved: that
//! stands in [`crate::display::Screen`], whole (H3).
//!
//! **Never** say anything of a form that seems to ask for a secret: nobody was asked, and its words are
//! not to be kept.

use serde_json::Value;

use crate::request::{Authorization, Elicitation, Matter, Server, ToolCall};
use crate::text::{Text, visible_line};

/// Characters of a line.
pub const BRIEF: usize = 120;

/// Arguments that say most of what a tool does, the most telling first.
const TELLING: [&str; 12] = [
    "command",
    "cmd",
    "script",
    "file_path",
    "path",
    "file",
    "url",
    "uri",
    "query",
    "pattern",
    "name",
    "text",
];

/// What is asked, in short; empty where there is nothing to say, or it is not to be kept. `server` is
/// the enrolled server that an authorization is for.
#[must_use]
pub fn brief(matter: &Matter, server: Option<&Server>) -> Text {
    let line = match matter {
        Matter::Approval(call) => of_call(call),
        Matter::Authorization(asked) => of_authorization(asked, server),
        Matter::Elicitation(asked) => of_form(asked),
        Matter::EnrolServer(server) | Matter::RemoveServer(server) => server.issuer.clone(),
        Matter::Pair(pairing) => pairing.name.clone(),
        Matter::Errand(errand) => errand.issuer.clone(),
        // What the book asks for is on its screen; there is nobody's word in it.
        Matter::Change { .. } => String::new(),
    };
    short(&line)
}

fn of_call(call: &ToolCall) -> String {
    match telling(&call.arguments) {
        Some(argument) => format!("{}: {argument}", head(&call.tool)),
        None => head(&call.tool),
    }
}

/// The beginning of the argument that says most.
fn telling(arguments: &Value) -> Option<String> {
    match arguments {
        Value::Object(members) => {
            let named = TELLING.iter().find_map(|name| members.get(*name).and_then(plain));
            named.or_else(|| members.values().find_map(plain))
        }
        Value::Array(items) => {
            let words: Vec<String> = items.iter().take(BRIEF).filter_map(plain).collect();
            (!words.is_empty()).then(|| words.join(" "))
        }
        value => plain(value),
    }
}

/// A value that fits into a line: text, a number, a switch, or a list of those.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(head(text)).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(head(&number.to_string())),
        Value::Bool(on) => Some(on.to_string()),
        Value::Array(items) => {
            let words: Vec<String> = items
                .iter()
                .take(BRIEF)
                .filter(|one| !one.is_array() && !one.is_object())
                .filter_map(plain)
                .collect();
            (!words.is_empty()).then(|| words.join(" "))
        }
        Value::Null | Value::Object(_) => None,
    }
}

fn of_authorization(asked: &Authorization, server: Option<&Server>) -> String {
    let kinds = asked.authorization_details.iter().take(BRIEF);
    let kinds = kinds.filter_map(|one| one.get("type").and_then(Value::as_str)).map(head);
    let scope = asked.scope.as_deref().map(head);
    let what: Vec<String> = scope.into_iter().chain(kinds).filter(|one| !one.is_empty()).collect();
    let at = server.map_or(asked.issuer.as_str(), |server| server.name.as_str());
    match what.is_empty() {
        true => head(at),
        false => format!("{} · {}", head(at), what.join(", ")),
    }
}

fn of_form(asked: &Elicitation) -> String {
    if asked.form.seems_secret() { String::new() } else { head(&asked.message) }
}

/// No more of a stranger's text is looked at than can be shown.
fn head(text: &str) -> String {
    text.chars().take(BRIEF.saturating_add(1)).collect()
}

/// Escaped, on one line and clipped: an escape is never cut in two.
fn short(line: &str) -> Text {
    let line = line.trim();
    let whole = visible_line(&head(line));
    if line.chars().count() <= BRIEF && whole.characters() <= BRIEF {
        return whole;
    }
    // The longest beginning that fits with the mark, whatever its characters become.
    let mut most = BRIEF.saturating_sub(1);
    loop {
        let beginning: String = line.chars().take(most).collect();
        let shown = visible_line(&format!("{}…", beginning.trim_end()));
        if shown.characters() <= BRIEF || most == 0 {
            return shown;
        }
        most = most.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn call(arguments: Value) -> String {
        let tool = "shell".to_owned();
        let call = ToolCall { tool, arguments, working_directory: None };
        brief(&Matter::Approval(call), None).as_str().to_owned()
    }

    fn form(schema: Value, message: &str) -> String {
        let form = crate::form::Form::parse(&schema, crate::form::Source::Requester).unwrap();
        let asked =
            Elicitation { server: None, message: message.into(), requested_schema: schema, form };
        brief(&Matter::Elicitation(asked), None).as_str().to_owned()
    }

    #[test]
    fn h16_a_line_says_the_tool_and_the_argument_that_says_most() {
        let push = json!({"timeout": 5, "command": "git push --force origin main"});
        assert_eq!(call(push), "shell: git push --force origin main");
        assert_eq!(call(json!({"z": "last", "file_path": "/etc/hosts"})), "shell: /etc/hosts");
        assert_eq!(call(json!({"argv": ["rm", "-r", "x"]})), "shell: rm -r x");
        assert_eq!(call(json!(["rm", "-r", "x"])), "shell: rm -r x");
        assert_eq!(call(json!("ls")), "shell: ls");
        assert_eq!(call(json!({})), "shell");
        assert_eq!(call(json!({"deep": {"er": 1}})), "shell");
    }

    #[test]
    fn h9_a_line_is_one_line_escaped_and_clipped_with_a_mark() {
        let evil = call(json!({"command": "a\nb\u{1b}[2J\u{202e}c"}));
        assert_eq!(evil.lines().count(), 1);
        for c in ['\n', '\u{1b}', '\u{202e}'] {
            assert!(!evil.contains(c), "{evil}");
        }
        assert!(evil.contains("⟨U+000A⟩"), "{evil}");
        for long in ["x".repeat(5000), "\u{202e}".repeat(5000), "א ".repeat(400)] {
            let line = call(json!({ "command": long }));
            assert!(line.chars().count() <= BRIEF, "{line}");
            assert!(line.contains('…'), "{line}");
            assert!(!line.ends_with("⟨U+"), "an escape is cut in two: {line}");
        }
        let fits = "y".repeat(BRIEF - "shell: ".len());
        assert_eq!(call(json!({ "command": fits })), format!("shell: {fits}"));
    }

    #[test]
    fn an_authorization_says_what_for_and_at_which_server() {
        let asked = Authorization {
            issuer: "https://as.example".into(),
            scope: Some("files:write".into()),
            resource: vec![],
            authorization_details: vec![
                json!({"type": "payment"}).as_object().unwrap().clone(),
                json!({"untyped": 1}).as_object().unwrap().clone(),
            ],
            authorization_details_raw: None,
            acr_values: None,
            max_age: None,
            code_challenge: "x".into(),
        };
        let matter = Matter::Authorization(asked);
        let server = Server {
            issuer: "https://as.example".into(),
            name: "Bank".into(),
            client_id: "placet".into(),
            account: "me".into(),
            challenge_endpoint: None,
            danger_http_loopback: false,
            way: crate::way::Way::default(),
        };
        assert_eq!(brief(&matter, Some(&server)).as_str(), "Bank · files:write, payment");
        assert_eq!(brief(&matter, None).as_str(), "https://as.example · files:write, payment");
    }

    #[test]
    fn s21_nothing_is_kept_of_a_form_that_seems_to_ask_for_a_secret() {
        let of = |name: &str| json!({"type": "object", "properties": {name: {"type": "string"}}});
        assert_eq!(form(of("branch"), "Which branch?"), "Which branch?");
        assert_eq!(form(of("password"), "Your password is hunter2, right?"), "");
    }
}

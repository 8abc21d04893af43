//! Forms for the agent at the socket: `elicitation/create` of MCP, in every spelling, each with one
//! result (S10, S12, S17, S21, H7, H8; fixtures 18 and 19 of the digest).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use placet_core::form::{Form, Kind};
use placet_core::request::Timestamp;
use placet_tests::headless::agent::Agent;
use placet_tests::headless::person::Hands;
use placet_tests::headless::{Home, chain};
use placet_wire::elicit::{Action, ElicitResult};
use placet_wire::flaw::Problem;
use placet_wire::message::Id;
use placet_wire::notice::Status;
use placet_wire::params::Cancelled;
use serde_json::{Value, json};

const METHOD: &str = "elicitation/create";
/// The year 2200.
const FAR: Timestamp = Timestamp(7_258_118_400_000);

/// A form with these properties, in the spelling of all revisions but for the mode.
fn asking(properties: Value) -> Value {
    let schema = json!({ "type": "object", "properties": properties });
    json!({ "message": "Which one?", "requestedSchema": schema })
}

/// A form that differs from others by its one field.
fn one(name: &str) -> Value {
    asking(json!({ name: { "type": "string" } }))
}

async fn result(agent: &mut Agent, id: &Id) -> ElicitResult {
    serde_json::from_value(agent.answer(id).await.expect("a result, not an error")).unwrap()
}

/// The action, the outcome and its reason.
fn said(result: &ElicitResult) -> (Action, &str, &str) {
    let outcome = &result.meta.outcome;
    (result.action, outcome.outcome.as_str(), &outcome.reason.code)
}

fn content(result: &ElicitResult) -> Value {
    assert_eq!(said(result), (Action::Accept, "approved", "approved"));
    Value::Object(result.content.clone().unwrap())
}

fn refused(problem: Problem) -> (i64, String, Option<String>) {
    let data = problem.data.unwrap();
    (problem.code, data.code, data.member)
}

/// Asks, types this, and gives back what the agent hears of it.
async fn filled(agent: &mut Agent, hands: &mut Hands, params: Value, typed: &[&str]) -> Value {
    let id = agent.call(METHOD, params).await;
    hands.asked().await.approve(typed);
    content(&result(agent, &id).await)
}

#[tokio::test]
async fn s17_the_forms_of_all_three_revisions_are_asked_and_answered() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let mut agent = home.agent().await;
    let hello = agent.hello(None).await;
    assert_eq!(hello["capabilities"]["modes"], json!(["form"]));
    // 2025-06-18: no mode; enumNames; of the defaults only that of a boolean.
    let params = json!({
        "message": "How shall it be built?",
        "requestedSchema": {
            "type": "object",
            "properties": {
                "name": { "type": "string", "title": "Name", "description": "Of the build",
                          "minLength": 2, "maxLength": 20 },
                "kind": { "type": "string", "enum": ["d", "r"], "enumNames": ["Debug", "Release"] },
                "clean": { "type": "boolean", "default": true },
            },
            "required": ["name"],
        },
    });
    let heard = filled(&mut agent, &mut hands, params, &["night", "1", "true"]).await;
    assert_eq!(heard, json!({ "name": "night", "kind": "r", "clean": true }));
    // 2025-11-25: a mode, titled choices, several of several, a wish for a task.
    let params = json!({
        "mode": "form",
        "message": "When?",
        "requestedSchema": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": {
                "at": { "type": "string", "format": "date-time" },
                "speed": { "type": "string", "oneOf": [{ "const": "n", "title": "Normal" },
                                                       { "const": "x", "title": "Express" }] },
                "days": { "type": "array", "minItems": 1, "maxItems": 2, "default": ["tue"],
                          "items": { "anyOf": [{ "const": "mon", "title": "Monday" },
                                               { "const": "tue", "title": "Tuesday" },
                                               { "const": "wed", "title": "Wednesday" }] } },
            },
        },
        "task": { "ttl": 60000 },
        "_meta": { "progressToken": 7, "placet/server": "calendar" },
    });
    let id = agent.call(METHOD, params).await;
    let shown = hands.asked().await;
    let lines = shown.screen.lines().join("\n");
    assert!(lines.contains("For the server, says the agent") && lines.contains("calendar"));
    shown.approve(&["2026-11-27T10:00:00Z", "1", "2,0"]);
    let heard = content(&result(&mut agent, &id).await);
    let days = json!(["mon", "wed"]);
    assert_eq!(heard, json!({ "at": "2026-11-27T10:00:00Z", "speed": "x", "days": days }));
    // 2026-07-28: the entry of an InputRequiredResult, without _meta.
    let params = json!({
        "mode": "form",
        "message": "Which parts?",
        "requestedSchema": {
            "type": "object",
            "properties": {
                "parts": { "type": "array", "items": { "type": "string", "enum": ["app", "docs"] } },
            },
        },
    });
    let heard = filled(&mut agent, &mut hands, params, &["0,1"]).await;
    assert_eq!(heard, json!({ "parts": ["app", "docs"] }));
    daemon.stop().await;
}

#[tokio::test]
async fn h8_each_kind_of_field_comes_back_as_its_own_type_and_what_is_empty_is_left_out() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let mut agent = home.agent().await;
    let fields = json!({
        "text": { "type": "string", "pattern": "^[A-Z]{3}-[0-9]+$", "default": "INV-1" },
        "email": { "type": "string", "format": "email", "default": "sam@example.com" },
        "uri": { "type": "string", "format": "uri" },
        "date": { "type": "string", "format": "date" },
        "moment": { "type": "string", "format": "date-time" },
        "weight": { "type": "number", "minimum": 0.5, "maximum": 30, "default": 2.5 },
        "copies": { "type": "integer", "minimum": 1, "default": 1 },
        "insured": { "type": "boolean", "default": true },
        "named": { "type": "string", "enum": ["a", "b"], "enumNames": ["A", "B"], "default": "b" },
        "titled": { "type": "string", "oneOf": [{ "const": "a", "title": "A" }] },
        "several": { "type": "array", "items": { "type": "string", "enum": ["a", "b", "c"] },
                     "minItems": 1, "maxItems": 2, "default": ["c", "a"] },
    });
    let typed = [
        "INV-42",
        "erin@example.com",
        "https://harbor.example/a?b",
        "2024-02-29",
        "2024-02-29T12:00:00+01:00",
        "1.5",
        "3",
        "false",
        "0",
        "0",
        "1,2",
    ];
    let id = agent.call(METHOD, asking(fields.clone())).await;
    let shown = hands.asked().await;
    defaults_are_there(&shown.screen.form);
    shown.approve(&typed);
    let heard = agent.answer(&id).await.unwrap()["content"].to_string();
    assert_eq!(
        heard,
        r#"{"text":"INV-42","email":"erin@example.com","uri":"https://harbor.example/a?b","date":"2024-02-29","moment":"2024-02-29T12:00:00+01:00","weight":1.5,"copies":3,"insured":false,"named":"a","titled":"a","several":["b","c"]}"#,
        "typed, and in the order of the form"
    );
    let nothing = ["", "", "", "", "", "", "", "false", "none", "none", ""];
    let heard = filled(&mut agent, &mut hands, asking(fields), &nothing).await;
    assert_eq!(heard, json!({ "insured": false }), "an empty field is no empty text");
    // A form without fields asks only whether.
    assert_eq!(filled(&mut agent, &mut hands, asking(json!({})), &[]).await, json!({}));
    daemon.stop().await;
}

fn defaults_are_there(form: &Form) {
    let kinds: Vec<&Kind> = form.fields.iter().map(|field| &field.kind).collect();
    assert!(matches!(kinds[0], Kind::Text { default: Some(text), .. } if text == "INV-1"));
    assert!(
        matches!(kinds[1], Kind::Text { default: Some(text), .. } if text == "sam@example.com")
    );
    assert!(matches!(kinds[5], Kind::Number { default: Some(2.5), integer: false, .. }));
    assert!(matches!(kinds[6], Kind::Number { default: Some(1.0), integer: true, .. }));
    assert!(matches!(kinds[7], Kind::Boolean { default: true }));
    assert!(matches!(kinds[8], Kind::Choice { default: Some(1), .. }));
    assert!(matches!(kinds[10], Kind::Choices { default, .. } if *default == [0, 2]));
}

#[tokio::test]
async fn s12_each_way_not_to_answer_is_decline_or_cancel_and_told_apart() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let mut agent = home.agent().await;

    let id = agent.call(METHOD, one("a")).await;
    hands.asked().await.deny(Some("ask my colleague"));
    let heard = result(&mut agent, &id).await;
    assert_eq!(said(&heard), (Action::Decline, "declined", "denied"));
    assert_eq!(heard.meta.outcome.note.as_deref(), Some("ask my colleague"));
    assert_eq!(heard.content, None);

    let id = agent.call(METHOD, one("b")).await;
    hands.asked().await.dismiss();
    let heard = result(&mut agent, &id).await;
    assert_eq!(
        (said(&heard), heard.content.as_ref()),
        ((Action::Cancel, "cancelled", "dismissed"), None)
    );

    let id = agent.call(METHOD, one("c")).await;
    let shown = hands.asked().await;
    agent.say(Cancelled { request_id: id.clone(), reason: None }.line().as_bytes()).await;
    shown.gone().await;
    let heard = result(&mut agent, &id).await;
    assert_eq!(said(&heard), (Action::Cancel, "cancelled", "requester_cancelled"));

    let older = agent.call(METHOD, one("d")).await;
    let shown = hands.asked().await;
    let newer = agent.call(METHOD, one("d")).await;
    shown.gone().await;
    let heard = result(&mut agent, &older).await;
    assert_eq!(said(&heard), (Action::Cancel, "superseded", "superseded"));
    hands.asked().await.approve(&["x"]);
    assert_eq!(content(&result(&mut agent, &newer).await), json!({ "d": "x" }));

    // A pause is the person's no, given beforehand.
    let id = agent.call(METHOD, one("e")).await;
    let shown = hands.asked().await;
    daemon.switches().pause(FAR).await.unwrap();
    shown.gone().await;
    assert_eq!(said(&result(&mut agent, &id).await), (Action::Decline, "declined", "paused"));
    let id = agent.call(METHOD, one("f")).await;
    assert_eq!(said(&result(&mut agent, &id).await), (Action::Decline, "declined", "paused"));
    daemon.switches().pause(Timestamp(0)).await.unwrap();

    // Nobody can be asked: no action fits, so it is an error.
    hands.session(false);
    let problem = agent.ask(METHOD, one("g")).await.unwrap_err();
    assert_eq!(problem.message, "There is no session in which a person could be asked.");
    assert_eq!(refused(problem), (-32003, "not_asked".into(), None));
    hands.session(true);

    let id = agent.call(METHOD, one("h")).await;
    let shown = hands.asked().await;
    daemon.stop().await;
    shown.gone().await;
    assert_eq!(said(&result(&mut agent, &id).await), (Action::Cancel, "cancelled", "stopping"));
    let rows = chain::rows(&home.record());
    assert!(chain::ends(&rows).values().all(|ends| ends.len() == 1), "one end each (S11)");
}

#[tokio::test]
async fn s12_a_form_that_nobody_answered_in_time_is_cancel_and_expired() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let mut agent = home.agent().await;
    let mut params = one("a");
    params["_meta"] = json!({ "placet/expires_in": 1 });
    let id = agent.call(METHOD, params).await;
    let shown = hands.asked().await;
    shown.gone().await;
    let heard = result(&mut agent, &id).await;
    assert_eq!(
        (said(&heard), heard.content.as_ref()),
        ((Action::Cancel, "expired", "time_out"), None)
    );
    daemon.stop().await;
}

#[tokio::test]
async fn s13_a_runtime_that_goes_away_takes_its_form_off_the_screen() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let mut agent = home.agent().await;
    agent.call(METHOD, one("a")).await;
    let shown = hands.asked().await;
    let request = shown.screen.request.clone();
    drop(agent);
    shown.gone().await;
    assert_eq!(hands.released().await, request);
    daemon.stop().await;
    let ends = chain::ends(&chain::rows(&home.record()));
    assert_eq!(ends[&request.0], [("cancelled".to_owned(), "requester_gone".to_owned())]);
}

#[tokio::test]
async fn s17_a_mode_that_is_not_declared_is_invalid_params_and_asks_nobody() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let mut agent = home.agent().await;
    let url = json!({ "mode": "url", "elicitationId": "550e8400", "message": "Sign in",
                      "url": "https://mcp.example/ui" });
    let stateless = json!({ "mode": "url", "message": "Sign in", "url": "https://mcp.example/ui" });
    for (params, member) in [
        (url, "mode"),
        (stateless, "mode"),
        (json!({ "mode": "Form", "message": "?", "requestedSchema": {} }), "mode"),
        (json!({ "mode": null, "message": "?", "requestedSchema": {} }), "mode"),
        (json!({ "mode": "form", "message": "?" }), "requestedSchema"),
        (json!({ "message": "", "requestedSchema": {} }), "message"),
        (json!({ "message": "?", "requestedSchema": {}, "requestState": "x" }), "requestState"),
    ] {
        let (code, _, at) = refused(agent.ask(METHOD, params).await.unwrap_err());
        assert_eq!((code, at.as_deref()), (-32602, Some(member)));
    }
    assert!(hands.asked_nothing());
    daemon.stop().await;
    assert!(chain::rows(&home.record()).iter().all(|row| row.event != "received"));
}

#[tokio::test]
async fn s21_a_form_that_asks_for_a_secret_is_declined_and_shown_to_nobody() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let mut agent = home.agent().await;
    let ok = || json!({ "type": "string" });
    for fields in [
        json!({ "name": ok(), "password": ok() }),
        json!({ "apiKey": ok() }),
        json!({ "a": { "type": "string", "title": "GitHub token" } }),
        json!({ "a": { "type": "string", "description": "The one-time code of your phone" } }),
        json!({ "a": { "type": "string", "x-sensitive": true } }),
        json!({ "pin": { "type": "integer" } }),
        json!({ "creditCard": { "type": "string", "pattern": "^[0-9]{16}$" } }),
    ] {
        let id = agent.call(METHOD, asking(fields)).await;
        let heard = result(&mut agent, &id).await;
        assert_eq!(said(&heard), (Action::Decline, "declined", "secret_in_form"));
        assert_eq!(heard.content, None);
        assert!(heard.meta.outcome.reason.sentence.contains("looks like a secret"));
    }
    assert!(hands.asked_nothing());
    daemon.stop().await;
    let ends = chain::ends(&chain::rows(&home.record()));
    assert_eq!(ends.len(), 7, "each is on record");
}

#[tokio::test]
async fn f1_a_form_that_is_not_understood_in_full_is_refused_before_anybody_is_asked() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let mut agent = home.agent().await;
    let text = || json!({ "type": "string" });
    let many: serde_json::Map<_, _> = (0..33).map(|n| (format!("f{n}"), text())).collect();
    let options: Vec<String> = (0..301).map(|n| format!("o{n}")).collect();
    let mut bad: Vec<Value> = [
        json!({ "a": { "type": "object", "properties": {} } }),
        json!({ "a": { "$ref": "#/$defs/a" } }),
        json!({ "a": { "type": "string", "allOf": [] } }),
        json!({ "a": { "type": "array", "items": { "type": "object" } } }),
        json!({ "a": { "type": "array", "items": { "type": "string" } } }),
        json!({ "a": { "type": "string", "format": "password" } }),
        json!({ "a": { "type": "string", "format": "webauthn-get" } }),
        json!({ "a": { "type": "string", "const": "x" } }),
        json!({ "a": { "type": "string", "minLength": 3, "maxLength": 2 } }),
        json!({ "a": { "type": "string", "default": 1 } }),
        json!({ "a": { "type": "integer", "minimum": 1.2, "maximum": 1.8 } }),
        json!({ "a": { "type": "string", "enum": [] } }),
        json!({ "a": { "type": "string", "enum": ["x", "x"] } }),
        json!({ "a": { "type": "string", "enum": ["x"], "enumNames": ["X", "Y"] } }),
        json!({ "a": { "type": "string", "enum": ["x"], "default": "y" } }),
        json!({ "a": { "type": ["string", "null"] } }),
        json!({ "a": { "type": "string", "enum": options } }),
        json!({ "a": "string" }),
        Value::Object(many),
    ]
    .map(|fields| asking(fields)["requestedSchema"].clone())
    .into();
    bad.extend([
        json!({}),
        json!({ "type": "object" }),
        json!({ "type": "array", "properties": {} }),
        json!({ "type": "object", "properties": {}, "required": ["a"] }),
        json!({ "type": "object", "properties": {}, "additionalProperties": true }),
        json!({ "type": "object", "properties": {}, "oneOf": [] }),
    ]);
    for schema in bad {
        let params = json!({ "message": "?", "requestedSchema": schema });
        let problem = agent.ask(METHOD, params).await.expect_err(&schema.to_string());
        let expected = (-32602, "bad_value".into(), Some("requestedSchema".into()));
        assert_eq!(refused(problem), expected, "{schema}");
    }
    assert!(hands.asked_nothing());
    daemon.stop().await;
    assert!(chain::rows(&home.record()).iter().all(|row| row.event != "received"));
}

#[tokio::test]
async fn s10_an_oversized_form_is_refused_and_the_connection_goes_on() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let mut agent = home.agent().await;
    let mut long = one("a");
    long["message"] = json!("x".repeat(16 * 1024 + 1));
    let expected = (-32602, "bad_value".into(), Some("message".into()));
    assert_eq!(refused(agent.ask(METHOD, long).await.unwrap_err()), expected);
    let large = asking(json!({ "a": { "type": "string", "description": "x".repeat(65_536) } }));
    let problem = agent.ask(METHOD, large).await.unwrap_err();
    assert_eq!(refused(problem), (-32700, "too_large".into(), None));
    let mut deep = json!({});
    for _ in 0..40 {
        deep = json!({ "a": deep });
    }
    let params = json!({ "message": "?", "requestedSchema": deep });
    agent.call(METHOD, params).await;
    assert_eq!(refused(agent.error().await).1, "not_json", "too deep to be read");
    assert!(hands.asked_nothing());
    assert_eq!(filled(&mut agent, &mut hands, one("a"), &["x"]).await, json!({ "a": "x" }));
    daemon.stop().await;
}

#[tokio::test]
async fn s5_what_is_filled_in_goes_to_the_call_that_asked_and_nowhere_else() {
    const TYPED: &str = "octocat-of-the-harbour";
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let mut agent = home.agent().await;
    let mut other = home.agent().await;
    let id = agent.call(METHOD, one("name")).await;
    let shown = hands.asked().await;
    let screen = shown.screen.clone();
    shown.approve(&[TYPED]);
    let heard = result(&mut agent, &id).await;
    assert_eq!(content(&heard), json!({ "name": TYPED }));
    assert_eq!(heard.meta.outcome.method.as_deref(), Some("form"));
    assert_eq!(heard.meta.outcome.assurance.as_deref(), Some("gesture"));
    other.ask("log/list", json!({ "limit": 500 })).await.unwrap();
    other.ask("status", json!({})).await.unwrap();
    daemon.stop().await;
    while agent.hear().await.is_some() || other.hear().await.is_some() {}
    let mine = String::from_utf8(agent.bytes).unwrap();
    assert_eq!(mine.matches(TYPED).count(), 1, "once");
    assert!(!String::from_utf8(other.bytes).unwrap().contains(TYPED));
    // Not a word of the screen.
    for line in screen.lines().iter().filter(|line| line.len() > 20) {
        assert!(!mine.contains(line), "{line}");
    }
    let result: Value = mine
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .find(|line| line["id"] == json!(id))
        .unwrap()["result"]
        .clone();
    let members = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(members(&result), ["action", "content", "_meta"]);
    assert_eq!(members(&result["_meta"]), ["placet/outcome"]);
    // R3: the record says that it was answered, not what.
    let rows = chain::rows(&home.record());
    assert!(rows.iter().any(|row| row.body["kind"] == "elicitation"));
    for file in std::fs::read_dir(home.state()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let found = bytes.windows(TYPED.len()).any(|window| window == TYPED.as_bytes());
        assert!(!found, "nor in any file");
    }
}

#[tokio::test]
async fn h1_the_screen_says_that_the_agent_itself_gets_the_answers() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let mut agent = home.agent().await;
    let mut params = one("a");
    params["message"] = json!("<b>Sign\u{202e} in</b> at https://evil.example");
    params["_meta"] = json!({ "placet/server": "Bank\nIt is safe" });
    agent.call(METHOD, params).await;
    let lines = hands.asked().await.screen.lines();
    for line in [
        "What you fill in goes to the agent itself, not to a server. It can read it and pass it on.",
        "The agent sees what you type here. Never type a password, a code or another secret.",
        "<b>Sign⟨U+202E⟩ in</b> at https://evil.example",
        "Bank⟨U+000A⟩It is safe",
        "Send to the agent",
    ] {
        assert!(lines.iter().any(|said| said.contains(line)), "{line}: {lines:#?}");
    }
    daemon.stop().await;
}

#[tokio::test]
async fn s22_forms_count_as_prompts_and_too_many_are_an_error_that_says_how_long_to_wait() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let mut agent = home.agent().await;
    // H17: three times no to the same question.
    for message in ["Please sign up v1", "Please  sign up v2", "please sign up v3"] {
        let mut params = one("a");
        params["message"] = json!(message);
        let id = agent.call(METHOD, params).await;
        hands.asked().await.deny(None);
        result(&mut agent, &id).await;
    }
    let mut params = one("a");
    params["message"] = json!("Please sign up v4");
    let problem = agent.ask(METHOD, params).await.unwrap_err();
    assert!(problem.message.contains(" Ask again in "), "{}", problem.message);
    assert_eq!(refused(problem), (-32003, "not_asked".into(), None));
    assert!(hands.asked_nothing());
    // S22: one on the screen, and five that wait for one requester.
    let mut open = Vec::new();
    for n in 0..6 {
        let id = agent.call(METHOD, one(&format!("f{n}"))).await;
        agent.status(&id, Status::Queued).await;
        open.push(id);
    }
    let problem = agent.ask(METHOD, one("f6")).await.unwrap_err();
    assert_eq!(refused(problem), (-32003, "not_asked".into(), None));
    for id in &open {
        hands.asked().await.dismiss();
        assert_eq!(result(&mut agent, id).await.action, Action::Cancel);
    }
    daemon.stop().await;
}

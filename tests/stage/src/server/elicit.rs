//! The challenges themselves: `elicitations` as ANA §5.1 has them, honest and otherwise.
//!
//! [`ask`] makes the entries of one step; what it returns also says how an answer is to be judged,
//! so that the judge reads the very schema that was sent.

use serde_json::{Map, Value, json};

use super::script::Step;

/// One challenge as it was sent.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// The `elicitations` member; None leaves it out.
    pub(super) entries: Option<Vec<Value>>,
    /// The property that holds the one-time code.
    pub(super) otp: Option<&'static str>,
    /// The property that chooses an authenticator.
    pub(super) choice: Option<&'static str>,
    /// The property that holds a passkey's assertion.
    pub(super) passkey: Option<&'static str>,
    /// Pages of url mode that belong to it.
    pub(super) pages: Vec<String>,
    /// Polls are told `authorization_pending` instead of the entry again.
    pub(super) pending: bool,
    /// No answer to this can be right.
    pub(super) unanswerable: bool,
}

/// What an entry is made from.
pub(super) struct From<'a> {
    pub(super) digits: u8,
    /// Authenticators that the request named, for the negotiated choice.
    pub(super) offered: Vec<&'static str>,
    /// Fresh page names, as many as [`pages_of`] says, and the address in front of them.
    pub(super) pages: Vec<String>,
    pub(super) page_root: &'a str,
}

/// How many url-mode pages a step needs.
pub(super) fn pages_of(step: Step) -> usize {
    match step {
        Step::Url | Step::UrlPending | Step::FormOrUrl => 1,
        Step::TwoUrls => 2,
        _ => 0,
    }
}

/// Makes the challenge of a step.
pub(super) fn ask(step: Step, from: &From<'_>) -> Asked {
    let otp = |name: &'static str, entries: Vec<Value>| Asked { otp: Some(name), ..asked(entries) };
    let code = code_property(from.digits);
    match step {
        Step::Choice => choosing(&["totp", "passkey"]),
        Step::ChoiceOfThree => choosing(&["totp", "passkey", "push"]),
        Step::NegotiatedChoice => choosing(&from.offered),
        Step::Otp => otp("otp", vec![code_form(from.digits)]),
        Step::OtpOtherName => otp(
            "totp_code",
            vec![form(
                "Please enter the code that your phone shows.",
                json!({"totp_code": {"type": "string", "title": "Code", "description": "From the authenticator app"}}),
                &["totp_code"],
            )],
        ),
        Step::OtpSensitive => otp(
            "answer",
            vec![form(
                "Tell us the code.",
                json!({"answer": {"type": "string", "title": "Answer", "x-sensitive": true}}),
                &["answer"],
            )],
        ),
        Step::OtpWithDefault => {
            let code = with(&code, "default", json!("12345678".get(..usize::from(from.digits))));
            otp("otp", vec![form("Enter the code.", json!({"otp": code}), &["otp"])])
        }
        Step::OtpNoMode => otp("otp", vec![without(&code_form(from.digits), "mode")]),
        Step::OtpWithId => {
            otp("otp", vec![with(&code_form(from.digits), "id", json!("entry-7f3a"))])
        }
        Step::OtpExtraMembers => {
            let entry = with(&code_form(from.digits), "x_future", json!({"a": [1, null, "b"]}));
            otp("otp", vec![with(&entry, "elicitationId", json!("el-0001"))])
        }
        Step::OtpExpiring => {
            otp("otp", vec![with(&code_form(from.digits), "expires_in", json!(2))])
        }
        Step::OtpUnknownMode => Asked {
            unanswerable: true,
            ..asked(vec![with(&code_form(from.digits), "mode", json!("voice"))])
        },
        Step::OtpLongTitle => {
            let code = with(&code, "title", json!("x".repeat(16 * 1024 + 1)));
            Asked {
                unanswerable: true,
                ..asked(vec![form("Enter the code.", json!({"otp": code}), &["otp"])])
            }
        }
        Step::OtpHostileText => otp("otp", vec![hostile(&code)]),
        Step::Merged => {
            let reason = json!({"reason": {"type": "string", "title": "Why is this needed?", "minLength": 3, "maxLength": 200}});
            otp(
                "otp",
                vec![code_form(from.digits), form("Say why, for the record.", reason, &["reason"])],
            )
        }
        Step::Overlapping => Asked {
            unanswerable: true,
            ..asked(vec![code_form(from.digits), code_form(from.digits)])
        },
        Step::Kinds => otp("otp", vec![kinds(&code)]),
        Step::Url => Asked { pages: from.pages.clone(), ..asked(url_entries(from)) },
        Step::UrlPending => {
            Asked { pages: from.pages.clone(), pending: true, ..asked(url_entries(from)) }
        }
        Step::TwoUrls => Asked { pages: from.pages.clone(), ..asked(url_entries(from)) },
        Step::FormOrUrl => {
            let mut entries = vec![code_form(from.digits)];
            entries.extend(url_entries(from));
            Asked { otp: Some("otp"), pages: from.pages.clone(), ..asked(entries) }
        }
        // Its entry is made anew each time that it is sent.
        passkey if passkey.is_passkey() => {
            let unanswerable = passkey == Step::PasskeyMixed;
            Asked { passkey: Some(super::passkey::PROPERTY), unanswerable, ..asked(Vec::new()) }
        }
        Step::Zero => Asked { unanswerable: true, ..asked(Vec::new()) },
        Step::Absent => Asked { entries: None, unanswerable: true, ..asked(Vec::new()) },
        bad => Asked { unanswerable: true, ..asked(malformed(bad, &code)) },
    }
}

/// The same challenge with one more member in each form entry.
pub(super) fn marked(asked: &Asked, name: &str, value: &Value) -> Asked {
    let mark = |entry: &Value| {
        if is_form(entry) { with(entry, name, value.clone()) } else { entry.clone() }
    };
    Asked {
        entries: asked.entries.as_ref().map(|all| all.iter().map(mark).collect()),
        ..asked.clone()
    }
}

/// True for entries in form mode (no mode means form).
pub(super) fn is_form(entry: &Value) -> bool {
    matches!(entry.get("mode").and_then(Value::as_str), None | Some("form"))
}

fn asked(entries: Vec<Value>) -> Asked {
    Asked {
        entries: Some(entries),
        otp: None,
        choice: None,
        passkey: None,
        pages: Vec::new(),
        pending: false,
        unanswerable: false,
    }
}

fn form(message: &str, properties: Value, required: &[&str]) -> Value {
    json!({"mode": "form", "message": message,
        "requestedSchema": {"type": "object", "properties": properties, "required": required}})
}

/// The selection of ANA Appendix A.1.1.
fn choosing(authenticators: &[&str]) -> Asked {
    let title = |id: &str| match id {
        "totp" => "Authenticator App (TOTP)",
        "passkey" => "Passkey",
        _ => "Message to your phone",
    };
    let options: Vec<Value> =
        authenticators.iter().map(|id| json!({"const": id, "title": title(id)})).collect();
    let entry = form(
        "Additional verification is required. Select your authentication method.",
        json!({"authenticator": {"type": "string", "title": "Authentication Method", "oneOf": options}}),
        &["authenticator"],
    );
    Asked { choice: Some("authenticator"), ..asked(vec![entry]) }
}

/// The code's property of ANA Appendix A.1.2.
fn code_property(digits: u8) -> Value {
    json!({"type": "string", "title": "One-Time Password", "minLength": digits, "maxLength": digits,
        "pattern": format!("^[0-9]{{{digits}}}$")})
}

fn code_form(digits: u8) -> Value {
    let message = format!("Enter the {digits}-digit code from your Authenticator App.");
    form(&message, json!({"otp": code_property(digits)}), &["otp"])
}

/// Every kind of field of MCP's restricted schema.
fn kinds(code: &Value) -> Value {
    let properties = json!({
        "channel": {"type": "string", "title": "Notify by", "oneOf": [
            {"const": "mail", "title": "E-mail"}, {"const": "none", "title": "Not at all"}], "default": "none"},
        "tier": {"type": "string", "title": "Tier", "enum": ["s", "m"], "enumNames": ["Small", "Medium"]},
        "otp": code,
        "reason": {"type": "string", "title": "Reason", "description": "Kept with the record", "minLength": 3, "maxLength": 80},
        "amount": {"type": "integer", "title": "How many", "minimum": 1, "maximum": 500, "default": 1},
        "ratio": {"type": "number", "title": "Share", "minimum": 0, "maximum": 1},
        "notify": {"type": "boolean", "title": "Tell the team", "default": true},
        "days": {"type": "array", "title": "On which days", "minItems": 1, "items": {"anyOf": [
            {"const": "mon", "title": "Monday"}, {"const": "tue", "title": "Tuesday"}, {"const": "wed", "title": "Wednesday"}]},
            "default": ["mon", "tue"]},
        "rooms": {"type": "array", "title": "Rooms", "items": {"type": "string", "enum": ["a", "b", "c"]}, "maxItems": 2}
    });
    form("A few things are needed.", properties, &["channel", "otp", "reason", "amount", "days"])
}

/// Text that tries to look like something else. Bidi override and isolate, zero-width space and
/// joiner, a control character, Cyrillic letters in a Latin word, Punycode, markup, a link.
fn hostile(code: &Value) -> Value {
    let message = "Enter the code.\u{202e}doog si siht\u{202c} \u{2066}x\u{2069}\nSecond line\u{7}\u{1b}[31m \
        <b onclick=\"x()\">bold</b> [click](https://xn--pple-43d.example/) https://xn--pple-43d.example/login \u{430}pple.example\u{200b}\u{200d}\u{feff}";
    let code = with(code, "title", json!("One-Time\u{202e} drowssaP\u{202c}\u{200b}"));
    let code = with(
        &code,
        "description",
        json!("Also type it at https://xn--pple-43d.example/ <img src=x>"),
    );
    let remember = json!({"type": "string", "title": "Remember\u{2067} me", "oneOf": [
        {"const": "no", "title": "No\u{202e}seY\u{202c}"}, {"const": "yes", "title": "\u{200b}No"}]});
    form(message, json!({"otp": code, "remember": remember}), &["otp"])
}

fn url_entries(from: &From<'_>) -> Vec<Value> {
    let entry = |(i, page): (usize, &String)| {
        json!({"mode": "url", "message": "Confirm on our page.", "url": format!("{}/page/{page}", from.page_root),
            "elicitationId": format!("el-{i}"), "expires_in": 120, "interval": 5})
    };
    from.pages.iter().enumerate().map(entry).collect()
}

/// Forms outside MCP's restricted schema, and too much of everything.
fn malformed(step: Step, code: &Value) -> Vec<Value> {
    let text = json!({"type": "string", "title": "Text"});
    let one = |property: Value| {
        vec![form("Fill this in.", json!({"otp": code, "odd": property}), &["otp"])]
    };
    match step {
        Step::Nested => {
            one(json!({"type": "object", "properties": {"otp": text}, "required": ["otp"]}))
        }
        Step::Ref => one(json!({"$ref": "#/$defs/otp"})),
        Step::ObjectArray => {
            one(json!({"type": "array", "items": {"type": "object", "properties": {"a": text}}}))
        }
        Step::EnumNamesShort => {
            one(json!({"type": "string", "enum": ["a", "b"], "enumNames": ["A"]}))
        }
        Step::AllOf => vec![json!({"mode": "form", "message": "Fill this in.",
            "requestedSchema": {"allOf": [{"type": "object", "properties": {"otp": code}}]}})],
        Step::RequiredMissing => {
            vec![form("Fill this in.", json!({"otp": code}), &["otp", "elsewhere"])]
        }
        Step::ManyEntries => (0..17)
            .map(|i| {
                form(
                    "One of many.",
                    Value::Object(Map::from_iter([(format!("p{i}"), text.clone())])),
                    &[],
                )
            })
            .collect(),
        _ => {
            let many = (0..33).map(|i| (format!("p{i}"), text.clone()));
            vec![form("Too many.", Value::Object(Map::from_iter(many)), &[])]
        }
    }
}

fn with(object: &Value, name: &str, value: Value) -> Value {
    let mut object = object.clone();
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
    object
}

fn without(object: &Value, name: &str) -> Value {
    let mut object = object.clone();
    if let Some(members) = object.as_object_mut() {
        members.shift_remove(name);
    }
    object
}

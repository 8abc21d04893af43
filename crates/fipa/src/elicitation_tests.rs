//! The drafts' own challenges, a table of bad ones, and random ones.

use placet_core::form::Kind;
use placet_core::json::{Limits, parse};
use serde_json::json;

use super::*;

fn members(text: &str) -> Map<String, Value> {
    match parse(text.as_bytes(), Limits::SERVER) {
        Ok(Value::Object(members)) => members,
        other => panic!("a fixture is an object, not {other:?}"),
    }
}

fn home() -> Home {
    Home::of(&Place::issuer("https://as.example", Loopback::Refused).unwrap(), None)
}

fn fixture(text: &str) -> Result<Asked, ServerError> {
    read(&members(text), Loopback::Refused, &home())
}

fn entries(entries: Value) -> Result<Asked, ServerError> {
    let members = json!({"error": "insufficient_authorization", "elicitations": entries});
    read(members.as_object().unwrap(), Loopback::Refused, &home())
}

/// A form entry that asks for one text of this name.
fn entry(name: &str) -> Value {
    json!({"mode":"form","message":"m","requestedSchema":{"type":"object",
        "properties":{name:{"type":"string"}}}})
}

fn with(mut entry: Value, name: &str, value: Value) -> Value {
    entry.as_object_mut().unwrap().insert(name.to_owned(), value);
    entry
}

fn names(asked: &Asked) -> Vec<&str> {
    asked.form.fields.iter().map(|field| field.name.as_str()).collect()
}

#[test]
fn the_selection_of_ana_is_a_choice_of_two() {
    let asked = fixture(include_str!("../fixtures/ana-selection.json")).unwrap();
    assert!(asked.form.is_choice());
    assert!(asked.message.starts_with("Additional verification is required."));
    let Kind::Choice { options, .. } = &asked.form.fields[0].kind else { panic!("a choice") };
    assert_eq!(options.iter().map(|o| o.value.as_str()).collect::<Vec<_>>(), ["totp", "passkey"]);
}

#[test]
fn t1_the_codes_of_ana_and_of_its_prehistory_are_secrets_whatever_their_name() {
    for (text, name) in [
        (include_str!("../fixtures/ana-totp.json"), "otp"),
        (include_str!("../fixtures/ana-prehistory-totp_code.json"), "totp_code"),
    ] {
        let asked = fixture(text).unwrap();
        assert_eq!(names(&asked), [name]);
        assert!(asked.form.asks_secret());
    }
}

#[test]
fn two_disjoint_forms_are_one_form_with_both_messages_and_the_lower_limits() {
    let asked = fixture(include_str!("../fixtures/profile-two-forms.json")).unwrap();
    assert_eq!(names(&asked), ["otp", "reason"]);
    assert_eq!(
        asked.message,
        "Enter the 6-digit code from your Authenticator App.\n\nSay why, for the record."
    );
    assert_eq!((asked.attempts_remaining, asked.expires_in), (Some(2), Some(120)));
    assert_eq!(asked.id, None, "digest §2.10-5: never for merged forms");
}

#[test]
fn a_form_beside_a_url_is_shown_and_its_id_is_kept() {
    let asked = fixture(include_str!("../fixtures/profile-form-or-url.json")).unwrap();
    assert_eq!(names(&asked), ["otp"]);
    assert_eq!(asked.id.as_deref(), Some("el-1"));
    assert_eq!((asked.attempts_remaining, asked.expires_in), (Some(4), Some(90)));
}

#[test]
fn a_missing_mode_means_form_and_unknown_members_are_ignored() {
    let mut bare = entry("a");
    bare.as_object_mut().unwrap().remove("mode");
    assert_eq!(names(&entries(json!([bare])).unwrap()), ["a"]);
    let extra = with(with(entry("a"), "x", json!([1, {}])), "elicitationId", json!(7));
    assert_eq!(names(&entries(json!([extra])).unwrap()), ["a"]);
}

#[test]
fn f1_what_this_version_cannot_show_is_unsupported() {
    for text in [
        include_str!("../fixtures/ana-prehistory-url.json"),
        include_str!("../fixtures/fipa-otp-required.json"),
    ] {
        let refused = fixture(text);
        assert!(matches!(refused, Err(ServerError::Unsupported(_))), "{text}: {refused:?}");
    }
    assert!(matches!(entries(json!([])), Err(ServerError::Unsupported(_))));
    let url = json!({"mode":"url","message":"m","url":"https://as.example/a"});
    assert!(matches!(entries(json!([url, url])), Err(ServerError::Unsupported(_))));
}

#[test]
fn f6_no_attempts_left_is_locked_and_not_a_prompt() {
    assert_eq!(
        entries(json!([with(entry("a"), "attempts_remaining", json!(0))])),
        Err(ServerError::Locked)
    );
    let many = with(entry("a"), "attempts_remaining", json!(u64::MAX));
    assert_eq!(entries(json!([many])).unwrap().attempts_remaining, Some(u32::MAX));
}

#[test]
fn f1_a_challenge_that_breaks_the_profile_is_a_protocol_error() {
    let url = json!({"mode":"url","message":"m","url":"https://as.example/a"});
    for bad in [
        json!({}),
        json!("form"),
        json!([1]),
        json!([[]]),
        json!([with(entry("a"), "mode", json!("voice"))]),
        json!([with(entry("a"), "mode", json!(null))]),
        json!([with(entry("a"), "mode", json!(1))]),
        json!([with(entry("a"), "message", json!(1))]),
        json!([{"mode":"form","message":"m"}]),
        json!([{"mode":"form","requestedSchema":{"type":"object","properties":{}}}]),
        json!([with(entry("a"), "requestedSchema", json!({"allOf":[]}))]),
        json!([with(entry("a"), "attempts_remaining", json!("3"))]),
        json!([with(entry("a"), "attempts_remaining", json!(-1))]),
        json!([with(entry("a"), "attempts_remaining", json!(1.5))]),
        json!([with(entry("a"), "expires_in", json!("60"))]),
        json!([with(entry("a"), "id", json!(7))]),
        json!([entry("a"), entry("a")]),
        json!([entry("a"), entry("b"), url]),
        json!([entry("a"), with(url.clone(), "url", json!("http://as.example/a"))]),
        json!([entry("a"), with(url.clone(), "url", json!("javascript:alert(1)"))]),
        json!([entry("a"), with(url.clone(), "url", json!("https://sam@as.example/"))]),
        json!([entry("a"), with(url.clone(), "url", json!(1))]),
    ] {
        let refused = entries(bad.clone());
        assert!(matches!(refused, Err(ServerError::Protocol(_))), "{bad}: {refused:?}");
    }
}

#[test]
fn a23_sixteen_entries_and_thirty_two_fields_are_the_most() {
    let many = |n: usize| Value::Array((0..n).map(|i| entry(&format!("p{i}"))).collect());
    assert_eq!(entries(many(16)).unwrap().form.fields.len(), 16);
    assert!(matches!(entries(many(17)), Err(ServerError::Protocol(_))));
    let fields = |n: usize| {
        let all: Map<String, Value> =
            (0..n).map(|i| (format!("p{i}"), json!({"type":"string"}))).collect();
        json!([{"message":"m","requestedSchema":{"type":"object","properties":all}}])
    };
    assert_eq!(entries(fields(32)).unwrap().form.fields.len(), 32);
    assert!(matches!(entries(fields(33)), Err(ServerError::Protocol(_))));
}

/// Random challenges made of the words of the profile: whatever comes, the answer is a form that
/// can be answered or a refusal.
#[test]
fn f1_a_random_challenge_is_understood_in_full_or_refused() {
    let (mut shown, mut refused) = (0u32, 0u32);
    for seed in 1..20_000u64 {
        let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let challenge = json!({"elicitations": dice.value(0)});
        let text = challenge.to_string();
        let members = members(&text);
        match read(&members, Loopback::Refused, &home()) {
            Ok(asked) => {
                shown += 1;
                let listed = members["elicitations"].as_array().expect("shown from a list");
                let properties: usize = listed
                    .iter()
                    .filter_map(|e| e["requestedSchema"]["properties"].as_object())
                    .map(Map::len)
                    .sum();
                assert_eq!(asked.form.fields.len(), properties, "no field is left out: {text}");
                assert_ne!(asked.attempts_remaining, Some(0), "{text}");
                assert!(listed.len() <= 16, "{text}");
                let modes = listed.iter().map(|e| e.get("mode").and_then(Value::as_str));
                assert!(modes.clone().all(|m| matches!(m, None | Some("form" | "url"))), "{text}");
            }
            Err(ServerError::Protocol(_) | ServerError::Unsupported(_) | ServerError::Locked) => {
                refused += 1;
            }
            Err(other) => panic!("{other:?} does not come from a challenge: {text}"),
        }
    }
    assert!(shown > 100 && refused > 100, "both happen: {shown} shown, {refused} refused");
}

/// xorshift64*: small, and the same on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % sides
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[usize::try_from(self.roll(from.len() as u64)).unwrap()]
    }

    /// Mostly the right thing for this depth, now and then anything.
    fn value(&mut self, depth: u32) -> Value {
        if self.roll(12) == 0 || depth > 6 {
            return self.anything(depth);
        }
        match depth {
            0 => Value::Array((0..self.roll(4)).map(|_| self.value(1)).collect()),
            1 => self.object(
                &["mode", "message", "requestedSchema", "attempts_remaining", "expires_in", "id"],
                depth,
            ),
            2 => json!({"type": "object", "properties": self.value(3), "required": []}),
            3 => {
                let names: Vec<_> = (0..1 + self.roll(3)).map(|_| self.word()).collect();
                Value::Object(names.into_iter().map(|n| (n, self.value(4))).collect())
            }
            _ => self.object(
                &["type", "title", "minLength", "pattern", "format", "enum", "oneOf", "default"],
                depth,
            ),
        }
    }

    fn object(&mut self, names: &[&str], depth: u32) -> Value {
        let mut object = Map::new();
        for name in names {
            let usual = matches!(*name, "mode" | "message" | "requestedSchema" | "type" | "title");
            if self.roll(if usual { 20 } else { 4 }) == u64::from(!usual) {
                continue;
            }
            if !usual && self.roll(3) > 0 {
                continue;
            }
            let value = match *name {
                "mode" => json!(self.pick(&["form", "form", "form", "form", "url", "voice"])),
                "message" | "title" => json!(self.word()),
                "requestedSchema" => self.value(2),
                "type" => json!(self.pick(&["string", "string", "boolean", "integer", "array"])),
                "enum" => json!([self.word(), self.word()]),
                "oneOf" => json!([{"const": self.word(), "title": self.word()}]),
                "attempts_remaining" | "expires_in" | "minLength" => json!(self.roll(5)),
                _ => self.anything(depth),
            };
            object.insert((*name).to_owned(), value);
        }
        Value::Object(object)
    }

    fn word(&mut self) -> String {
        self.pick(&["otp", "a", "b", "reason", "^[0-9]{6}$", "\u{202e}x", "", "date", "https://x"])
            .to_owned()
    }

    fn anything(&mut self, depth: u32) -> Value {
        match self.roll(if depth > 8 { 5 } else { 7 }) {
            0 => Value::Null,
            1 => json!(self.roll(2) == 0),
            2 => json!(self.roll(1000)),
            3 => json!(-1.5),
            4 => json!(self.word()),
            5 => json!([self.anything(depth + 1)]),
            _ => json!({self.word(): self.anything(depth + 1)}),
        }
    }
}

#[test]
fn f1_a_passkey_is_asked_for_alone_also_over_several_entries() {
    let passkey = &members(include_str!("../fixtures/profile-passkey-options-object.json"));
    let passkey = passkey["elicitations"][0].clone();
    let asked = entries(json!([passkey])).unwrap();
    assert!(asked.passkey.is_some() && asked.form.fields.is_empty());
    let url = json!({"mode":"url","message":"m","url":"https://as.example/a"});
    assert!(entries(json!([passkey, url])).is_ok(), "a browser is an alternative");
    for others in [json!([passkey, entry("a")]), json!([entry("a"), passkey])] {
        let refused = entries(others);
        assert!(matches!(refused, Err(ServerError::Protocol(_))), "{refused:?}");
    }
}

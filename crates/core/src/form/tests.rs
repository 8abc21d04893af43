//! Forms against the drafts' own examples and a table of bad ones.

use serde_json::{Value, json};

use super::*;
use crate::secret::Secret;

fn server(schema: &Value) -> Result<Form, BadSchema> {
    Form::parse(schema, Source::Server)
}

fn secret(text: &str) -> Vec<Typed> {
    vec![Typed::Secret(Secret::new(text.to_owned()))]
}

/// ANA A.1.2, letter by letter.
fn ana_totp() -> Form {
    server(
        &json!({"type":"object","properties":{"otp":{"type":"string","title":"One-Time Password",
        "minLength":6,"maxLength":6,"pattern":"^[0-9]{6}$"}},"required":["otp"]}),
    )
    .unwrap()
}

#[test]
fn t1_a_code_may_have_any_property_name() {
    let form = server(&json!({"type":"object","properties":{"second_factor":{"type":"string",
        "pattern":"^\\d{8}$"}},"required":["second_factor"]}))
    .unwrap();
    assert!(form.asks_secret());
    let form = server(&json!({"type":"object","properties":{"totp_code":{"type":"string",
        "description":"from your app"}}}))
    .unwrap();
    assert!(form.asks_secret(), "the pre-history's name without a pattern");
}

#[test]
fn t2_lengths_and_pattern_are_honoured_and_no_pattern_is_needed() {
    assert!(ana_totp().check(secret("12345")).is_err());
    assert!(ana_totp().check(secret("1234567")).is_err());
    assert!(ana_totp().check(secret("12345a")).is_err());
    assert!(ana_totp().check(secret("123456")).is_ok());
    let bare =
        server(&json!({"type":"object","properties":{"otp":{"type":"string"}},"required":["otp"]}))
            .unwrap();
    assert!(bare.check(secret("anything")).is_ok());
}

#[test]
fn t2_a_pattern_that_no_linear_engine_runs_is_left_out_and_the_lengths_still_hold() {
    let form = server(&json!({"type":"object","properties":{"otp":{"type":"string","maxLength":4,
        "pattern":"(?=.*[0-9])\\1"}},"required":["otp"]}))
    .unwrap();
    assert!(form.check(secret("12")).is_ok());
    assert!(form.check(secret("12345")).is_err());
}

#[test]
fn t3_spaces_and_hyphens_go_and_leading_zeros_stay() {
    let values = ana_totp().check(secret(" 012-345 ")).unwrap();
    let Some((name, Filled::Secret(code))) = values.0.first() else { panic!("a secret was typed") };
    assert_eq!((name.as_str(), code.expose()), ("otp", "012345"));
}

#[test]
fn h8_the_default_of_a_secret_is_never_filled_in() {
    let form =
        server(&json!({"type":"object","properties":{"otp":{"type":"string","default":"123456"}}}))
            .unwrap();
    assert_eq!(form.fields[0].kind, Kind::Secret { rule: TextRule::default() });
}

#[test]
fn h7_every_wrong_field_is_named_with_a_sentence() {
    let form = server(&json!({"type":"object","properties":{
        "n":{"type":"integer","minimum":1,"maximum":5},
        "e":{"type":"string","format":"email"},
        "c":{"type":"string","enum":["a","b"],"enumNames":["A","B"]},
        "ok":{"type":"boolean","default":true}},"required":["n","e","c"]}))
    .unwrap();
    let wrong = form
        .check(vec![
            Typed::Text("7".into()),
            Typed::Text("nobody".into()),
            Typed::Choice(None),
            Typed::Boolean(false),
        ])
        .unwrap_err();
    let said: Vec<_> = wrong.iter().map(|w| (w.field.as_str(), w.sentence.as_str())).collect();
    assert_eq!(
        said,
        [("n", "At most 5."), ("e", "This is not an e-mail address."), ("c", "Choose one.")]
    );
    let values = form
        .check(vec![
            Typed::Text("3".into()),
            Typed::Text("a@b.c".into()),
            Typed::Choice(Some(1)),
            Typed::Boolean(false),
        ])
        .unwrap();
    assert_eq!(values.text("c"), Some("b"));
}

#[test]
fn h7_lengths_count_code_points_and_dates_exist() {
    let form = |property: Value| {
        server(&json!({"type":"object","properties":{"p":property},"required":["p"]})).unwrap()
    };
    let text = |t: &str| vec![Typed::Text(t.to_owned())];
    assert!(form(json!({"type":"string","maxLength":2})).check(text("é🙂")).is_ok());
    assert!(form(json!({"type":"string","format":"date"})).check(text("2024-02-29")).is_ok());
    assert!(form(json!({"type":"string","format":"date"})).check(text("2023-02-29")).is_err());
    assert!(
        form(json!({"type":"string","format":"date-time"}))
            .check(text("2024-02-29T23:59:59+02:00"))
            .is_ok()
    );
    assert!(
        form(json!({"type":"string","format":"date-time"}))
            .check(text("2024-02-29 23:59"))
            .is_err()
    );
    assert!(form(json!({"type":"string","format":"uri"})).check(text("no uri")).is_err());
    assert!(form(json!({"type":"number"})).check(text("NaN")).is_err());
}

#[test]
fn h6_the_order_of_the_schema_is_kept() {
    let form = server(
        &json!({"type":"object","properties":{"zeta":{"type":"string"},"alpha":{"type":"string"}}}),
    )
    .unwrap();
    assert_eq!(form.fields.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(), ["zeta", "alpha"]);
}

#[test]
fn f1_a_schema_that_is_not_understood_is_refused_whole() {
    for schema in [
        json!([]),
        json!({"type":"object"}),
        json!({"type":"array","properties":{}}),
        json!({"type":"object","properties":{"a":{"type":"object","properties":{}}}}),
        json!({"type":"object","properties":{"a":{"$ref":"#/x"}}}),
        json!({"type":"object","properties":{"a":{"allOf":[]}}}),
        json!({"type":"object","properties":{"a":{"type":"string","enum":[]}}}),
        json!({"type":"object","properties":{"a":{"type":"string","enum":["x","x"]}}}),
        json!({"type":"object","properties":{"a":{"type":"string","enum":["x"],"enumNames":[]}}}),
        json!({"type":"object","properties":{"a":{"type":"string","oneOf":[{"title":"x"}]}}}),
        json!({"type":"object","properties":{"a":{"type":"string","enum":["x"],"default":"y"}}}),
        json!({"type":"object","properties":{"a":{"type":"string","minLength":3,"maxLength":2}}}),
        json!({"type":"object","properties":{"a":{"type":"null"}}}),
        json!({"type":"object","properties":{"a":true}}),
        json!({"type":"object","properties":{},"required":["a"]}),
        json!({"type":"object","properties":{},"patternProperties":{}}),
    ] {
        assert!(matches!(server(&schema), Err(BadSchema::Malformed(_))), "{schema}");
    }
    for schema in [
        json!({"type":"object","properties":{"a":{"type":"array","items":{"type":"string","enum":["x"]}}}}),
        json!({"type":"object","properties":{"a":{"type":"string","format":"webauthn-get"}}}),
        json!({"type":"object","properties":{"a":{"type":"string","format":"hostname"}}}),
    ] {
        assert!(matches!(server(&schema), Err(BadSchema::Unsupported(_))), "{schema}");
    }
}

#[test]
fn f1_two_forms_that_share_a_name_are_not_merged() {
    let one = || ana_totp();
    assert!(one().merged(one()).is_err());
    let other = server(&json!({"type":"object","properties":{"note":{"type":"string"}}})).unwrap();
    assert_eq!(one().merged(other).unwrap().fields.len(), 2);
}

#[test]
fn s21_a_requesters_form_has_no_secret_unless_it_says_so() {
    let form = Form::parse(
        &json!({"type":"object","properties":{"zip":{"type":"string","pattern":"^[0-9]{5}$"}}}),
        Source::Requester,
    )
    .unwrap();
    assert!(!form.asks_secret());
}

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

fn one(property: Value, required: bool) -> Form {
    let required: &[&str] = if required { &["p"] } else { &[] };
    server(&json!({"type":"object","properties":{"p":property},"required":required})).unwrap()
}

/// What one field says of a text: nothing, or what is wrong.
fn says(property: &Value, text: &str) -> Option<String> {
    let checked = one(property.clone(), true).check(vec![Typed::Text(text.to_owned())]);
    checked.err().map(|wrong| wrong[0].sentence.clone())
}

#[test]
fn h7_lengths_count_code_points() {
    let short = json!({"type":"string","minLength":2,"maxLength":3});
    assert_eq!(says(&short, "é🙂"), None);
    assert_eq!(says(&short, "é"), Some("This needs at least 2 characters.".into()));
    assert_eq!(says(&short, "é🙂ab"), Some("At most 3 characters fit here.".into()));
}

#[test]
fn h7_a_text_of_the_wrong_format_says_which_is_wanted() {
    for (format, right, wrong, sentence) in [
        ("email", "a@b.example", "a@b..example", "This is not an e-mail address."),
        ("uri", "https://a.example/", "a.example", "This is not a full web address."),
        ("date", "2024-02-29", "2023-02-29", "Write the date as YYYY-MM-DD."),
        (
            "date-time",
            "2024-02-29T23:59:59+02:00",
            "2024-02-29 23:59",
            "Write the time as YYYY-MM-DDThh:mm:ssZ.",
        ),
    ] {
        let property = json!({"type":"string","format":format});
        assert_eq!(says(&property, right), None, "{format}");
        assert_eq!(says(&property, wrong), Some(sentence.into()), "{format}");
    }
}

#[test]
fn h7_a_number_is_kept_as_typed_or_refused() {
    let any = json!({"type":"number"});
    for text in ["0.1", "-2.5e3", "123456789012345", "+7", "000000000000000000.5"] {
        assert_eq!(says(&any, text), None, "{text}");
    }
    for text in ["NaN", "inf", "infinity", "1,5", "0x10", "1 2", "1e400", "٣"] {
        assert_eq!(says(&any, text), Some("This needs a number.".into()), "{text}");
    }
    for text in ["0.30000000000000001", "1234567890123456", "1e-400"] {
        let sentence = "This number has more digits than can be kept.";
        assert_eq!(says(&any, text), Some(sentence.into()), "{text}");
    }
    let whole = json!({"type":"integer"});
    assert_eq!(says(&whole, "9007199254740991"), None);
    assert_eq!(
        says(&whole, "-9007199254740992").as_deref(),
        Some("This number is too large to be kept.")
    );
    assert_eq!(says(&whole, "1.0").as_deref(), Some("This needs a whole number."));
    let limited = json!({"type":"number","minimum":-0.5,"maximum":1e21});
    assert_eq!(says(&limited, "-0.6").as_deref(), Some("At least -0.5."));
    assert_eq!(says(&limited, "1e22").as_deref(), Some("At most 1e21."));
    assert_eq!(says(&limited, "-0.5"), None);
}

#[test]
fn h9_a_pasted_text_that_would_look_otherwise_than_it_is_is_not_sent() {
    let text = json!({"type":"string"});
    for hostile in
        ["a\u{202e}b", "a\u{200b}", "\u{7}", "a\nb", "pay\u{2066}10\u{2069}", "\u{e0041}"]
    {
        assert_eq!(
            says(&text, hostile).as_deref(),
            Some("A character in this cannot be shown as it is."),
            "{hostile:?}"
        );
    }
    for honest in ["שלום 12", "سعر", "e\u{301}", "漢字", "🙂", "a\\b \"c\""] {
        assert_eq!(says(&text, honest), None, "{honest}");
    }
}

/// The three schemas of MCP 2025-11-25 and 2026-07-28 for one of several.
#[test]
fn h8_one_of_several_is_read_in_each_of_its_forms() {
    for property in [
        json!({"type":"string","enum":["#FF0000","#00FF00"],"enumNames":["Red","Green"],"default":"#00FF00"}),
        json!({"type":"string","oneOf":[{"const":"#FF0000","title":"Red"},{"const":"#00FF00","title":"Green"}],"default":"#00FF00"}),
    ] {
        let option = |value: &str, title: &str| Choice { value: value.into(), title: title.into() };
        let options = vec![option("#FF0000", "Red"), option("#00FF00", "Green")];
        let kind = Kind::Choice { options, default: Some(1) };
        assert_eq!(one(property, true).fields[0].kind, kind);
    }
    let Kind::Choice { options, default } =
        one(json!({"type":"string","enum":["Red"]}), true).fields[0].kind.clone()
    else {
        panic!("a choice")
    };
    assert_eq!((options[0].title.as_str(), default), ("Red", None));
}

/// Both schemas of MCP 2025-11-25 and 2026-07-28 for several of several.
fn colours(more: Value) -> [Value; 2] {
    let items = [
        json!({"type":"string","enum":["r","g","b"]}),
        json!({"anyOf":[{"const":"r","title":"Red"},{"const":"g","title":"Green"},{"const":"b","title":"Blue"}]}),
    ];
    items.map(|items| {
        let mut property = more.clone();
        property["type"] = json!("array");
        property["items"] = items;
        property
    })
}

#[test]
fn h8_several_of_several_are_read_with_titles_limits_and_defaults() {
    let [plain, titled] = colours(json!({"minItems":1,"maxItems":2,"default":["b","r"]}));
    for (property, title) in [(plain, "b"), (titled, "Blue")] {
        let Kind::Choices { options, min, max, default } =
            one(property, true).fields[0].kind.clone()
        else {
            panic!("several")
        };
        assert_eq!((min, max, default), (1, 2, vec![0, 2]));
        assert_eq!(options[2], Choice { value: "b".into(), title: title.into() });
    }
}

#[test]
fn h7_several_of_several_are_counted_and_sent_in_the_order_of_the_form() {
    let chosen = |more: Value, required, chosen: &[usize]| {
        let [property, _] = colours(more);
        match one(property, required).check(vec![Typed::Choices(chosen.to_vec())]) {
            Ok(values) => match values.0.into_iter().next() {
                Some((_, Filled::List(list))) => list.join(","),
                None => "left out".into(),
                other => panic!("{other:?}"),
            },
            Err(wrong) => wrong[0].sentence.clone(),
        }
    };
    let limits = || json!({"minItems":1,"maxItems":2});
    assert_eq!(chosen(limits(), true, &[]), "Choose at least 1.");
    assert_eq!(chosen(limits(), true, &[2, 0]), "r,b");
    assert_eq!(chosen(limits(), true, &[0, 1, 2]), "Choose at most 2.");
    assert_eq!(chosen(limits(), true, &[1, 1, 9]), "g", "twice is once, and there is no tenth");
    assert_eq!(chosen(limits(), false, &[]), "left out");
    assert_eq!(chosen(json!({"minItems":2,"maxItems":2}), true, &[0]), "Choose exactly 2.");
    // An empty list is an answer where it fits.
    assert_eq!(chosen(json!({}), true, &[]), "");
    assert_eq!(chosen(json!({"default":["r"]}), false, &[]), "");
}

#[test]
fn h8_what_a_field_takes_is_said_in_words() {
    for (property, required, words) in [
        (colours(json!({"minItems":1,"maxItems":2}))[0].clone(), true, "Choose 1 to 2."),
        (colours(json!({"minItems":1,"maxItems":2}))[0].clone(), false, "Choose 1 to 2, or none."),
        (colours(json!({"minItems":2,"maxItems":2}))[0].clone(), true, "Choose exactly 2."),
        (colours(json!({"minItems":2}))[0].clone(), true, "Choose at least 2."),
        (colours(json!({"minItems":2,"maxItems":99}))[0].clone(), true, "Choose at least 2."),
        (colours(json!({"maxItems":2}))[0].clone(), true, "Choose up to 2, or none."),
        (colours(json!({}))[0].clone(), true, "Choose any number, or none."),
        (json!({"type":"string"}), true, ""),
        (json!({"type":"string"}), false, "It may stay empty."),
        (json!({"type":"string","minLength":3,"maxLength":80}), true, "3 to 80 characters."),
        (json!({"type":"string","minLength":4,"maxLength":4}), true, "Exactly 4 characters."),
        (json!({"type":"string","minLength":1}), true, ""),
        (json!({"type":"string","format":"date"}), true, "A date, written YYYY-MM-DD."),
        (json!({"type":"integer","minimum":1,"maximum":5}), true, "A whole number, 1 to 5."),
        (
            json!({"type":"integer","minimum":-9007199254740991_i64,"maximum":9007199254740991_i64}),
            true,
            "A whole number.",
        ),
        (json!({"type":"number","minimum":0.5}), true, "A number, at least 0.5."),
        (json!({"type":"boolean"}), false, ""),
        (json!({"type":"string","x-sensitive":true,"minLength":6}), true, ""),
    ] {
        let wants = one(property.clone(), required).fields[0].wants();
        assert_eq!(wants.as_ref().map_or("", crate::text::Text::as_str), words, "{property}");
    }
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
        json!({"type":"object","properties":{"a":{"type":"string","oneOf":["x"]}}}),
        json!({"type":"object","properties":{"a":{"type":"string","x-sensitive":"yes"}}}),
        json!({"type":"object","properties":{"a":{"type":"string","default":5}}}),
        json!({"type":"object","properties":{"a":{"type":"number","minimum":3,"maximum":2}}}),
        json!({"type":"object","properties":{"a":{"type":"integer","minimum":1.2,"maximum":1.8}}}),
        json!({"type":"object","properties":{"a":{"type":"integer","default":1.5}}}),
        json!({"type":"object","properties":{"a":{"type":"boolean","default":"true"}}}),
        json!({"type":"object","properties":{"a":{"type":"array"}}}),
        json!({"type":"object","properties":{"a":{"type":"array","items":{"enum":["x"]},"minItems":2}}}),
        json!({"type":"object","properties":{"a":{"type":"array","items":{"enum":["x"]},"maxItems":0}}}),
        json!({"type":"object","properties":{"a":{"type":"array","items":{"enum":["x"]},"default":"x"}}}),
        json!({"type":"object","properties":{"a":{"type":"array","items":{"enum":["x"]},"default":["y"]}}}),
        json!({"type":"object","properties":{"a":{"type":"null"}}}),
        json!({"type":"object","properties":{"a":true}}),
        json!({"type":"object","properties":{},"required":["a"]}),
        json!({"type":"object","properties":{},"patternProperties":{}}),
    ] {
        assert!(matches!(server(&schema), Err(BadSchema::Malformed(_))), "{schema}");
    }
    for schema in [
        json!({"type":"object","properties":{"a":{"type":"string","format":"webauthn-get"}}}),
        json!({"type":"object","properties":{"a":{"type":"string","format":"hostname"}}}),
        json!({"type":"object","properties":{"a":{"type":"array","items":{"type":"string"}}}}),
        json!({"type":"object","properties":{"a":{"type":"array","items":{"type":"object"}}}}),
        json!({"type":"object","properties":{"a":{"type":"array","items":{"enum":["x"]},"uniqueItems":false}}}),
        json!({"type":"object","properties":{"a":{"type":"array","items":{"enum":["x"],"enumNames":["X"]}}}}),
        json!({"type":"object","properties":{"a":{"type":"string","oneOf":[{"const":"x","minLength":2}]}}}),
        json!({"type":"object","properties":{"a":{"type":"string","enum":["x"],"oneOf":[{"const":"x"}]}}}),
        json!({"type":"object","properties":{"a":{"type":"string","enum":["x"],"x-sensitive":true}}}),
        json!({"type":"object","properties":{"a":{"type":"string","const":"x"}}}),
        json!({"type":"object","properties":{"a":{"type":"integer","multipleOf":5}}}),
        json!({"type":"object","properties":{"a":{"type":"number","exclusiveMinimum":0}}}),
        json!({"type":"object","properties":{"a":{"type":"boolean","enum":[true]}}}),
        json!({"type":"object","properties":{"a":{"type":"string","enum":(0..301).map(|n| n.to_string()).collect::<Vec<_>>()}}}),
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

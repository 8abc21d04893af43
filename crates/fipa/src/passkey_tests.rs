//! Both encodings, every rpId, every way in which a challenge can be malformed, and the answer.

use placet_core::passkey::{AuthenticatorAttachment, Keeping};

use super::*;
use crate::place::Loopback;

const CHALLENGE_TEXT: &str = "OE7yR-wMZs2_li8yDtd3hglo_sPwNWwxOybA_JjDzDs";

fn home(issuer: &str) -> Home {
    Home::of(&Place::issuer(issuer, Loopback::Allowed).unwrap(), None)
}

fn example() -> Value {
    json!({"challenge": CHALLENGE_TEXT, "timeout": 120_000, "rpId": "as.example",
        "allowCredentials": [{"type": "public-key", "id": "AQID", "transports": ["internal", "x-new"]}],
        "userVerification": "required", "hints": ["client-device", "unknown"], "extensions": {}})
}

fn schema(property: Value) -> Value {
    json!({"type": "object", "properties": {"assertion": property}, "required": ["assertion"]})
}

fn with_options(options: Value) -> Value {
    schema(json!({"type": "string", "format": "webauthn-get", "x-webauthn-options": options}))
}

fn flat(options: &Value) -> Value {
    let mut property = json!({"type": "string", "format": "webauthn-get"});
    for (name, value) in options.as_object().unwrap() {
        property[format!("x-webauthn-{name}")] = value.clone();
    }
    property
}

fn changed(name: &str, value: Value) -> Value {
    let mut options = example();
    options[name] = value;
    options
}

fn at(issuer: &str, schema: &Value) -> Result<Asked, ServerError> {
    read(schema, &home(issuer)).map(|asked| asked.expect("it asks for a passkey"))
}

fn here(schema: &Value) -> Result<Asked, ServerError> {
    at("https://as.example", schema)
}

fn protocol(read: &Result<Asked, ServerError>) -> bool {
    matches!(read, Err(ServerError::Protocol(_)))
}

/// Interop fixtures 3 and 4.
#[test]
fn p1_both_encodings_mean_the_same() {
    let entry = |text: &str| {
        let members: Value = serde_json::from_str(text).unwrap();
        members["elicitations"][0]["requestedSchema"].clone()
    };
    let whole = here(&entry(include_str!("../fixtures/profile-passkey-options-object.json")));
    let whole = whole.unwrap();
    assert_eq!(whole.name, "assertion");
    assert_eq!(whole.wanted.rp_id, "as.example");
    assert_eq!(whole.wanted.client_data.origin(), "https://as.example");
    assert_eq!(whole.wanted.timeout, Duration::from_secs(120));
    assert_eq!(whole.wanted.hints, [Hint::ClientDevice]);
    let [credential] = whole.wanted.allow_credentials.as_slice() else { panic!("one") };
    assert_eq!(credential.id, [1, 2, 3]);
    assert_eq!(credential.transports, ["internal", "hybrid"]);

    let old = entry(include_str!("../fixtures/ana-prehistory-passkey-flat.json"));
    let old = at("https://login.example.com", &old).unwrap();
    assert_eq!(old.wanted.rp_id, "example.com");
    assert_eq!(old.wanted.client_data.origin(), "https://login.example.com");
    assert_eq!(old.wanted.timeout, Duration::from_secs(60));

    let one = here(&with_options(example())).unwrap();
    assert_eq!(here(&schema(flat(&example()))).unwrap(), one);
}

#[test]
fn p1_two_encodings_that_differ_are_refused_and_hints_do_not_count() {
    let both = |other: &Value| {
        let mut property = flat(other);
        property["x-webauthn-options"] = example();
        here(&schema(property))
    };
    assert!(both(&example()).is_ok());
    assert!(both(&changed("hints", json!(["hybrid"]))).is_ok());
    assert!(both(&changed("timeout", json!(120_400))).is_ok(), "after what is made of it");
    for (name, value) in [
        ("challenge", json!("AAAAAAAAAAAAAAAAAAAAAA")),
        ("timeout", json!(60_000)),
        ("allowCredentials", json!([])),
        ("allowCredentials", json!([{"type": "public-key", "id": "AQIE"}])),
    ] {
        assert!(protocol(&both(&changed(name, value))), "{name}");
    }
    let lone = json!({"type": "string", "format": "webauthn-get", "x-webauthn-timeout": 60_000});
    assert!(protocol(&here(&schema(lone))), "no challenge");
}

#[test]
fn p2_what_is_not_exactly_as_the_standard_has_it_is_refused() {
    for (name, value) in [
        ("challenge", json!(format!("{CHALLENGE_TEXT}="))),
        ("challenge", json!(format!("{CHALLENGE_TEXT}\n"))),
        ("challenge", json!(format!(" {CHALLENGE_TEXT}"))),
        ("challenge", json!(CHALLENGE_TEXT.replace('-', "+").replace('_', "/"))),
        ("challenge", json!("AAAAAAAAAAAAAAAAAAAAAB")),
        ("challenge", json!("AAAAAAAAAAAAAAAAAAAA")),
        ("challenge", json!("A".repeat(1368))),
        ("challenge", json!("")),
        ("challenge", json!(7)),
        ("challenge", json!(null)),
        ("timeout", json!("60000")),
        ("timeout", json!(-1)),
        ("timeout", json!(1.5)),
        ("rpId", json!(["as.example"])),
        ("allowCredentials", json!({})),
        ("allowCredentials", json!(["AQID"])),
        ("allowCredentials", json!([{"type": "public-key"}])),
        ("allowCredentials", json!([{"id": "AQID"}])),
        ("allowCredentials", json!([{"type": "public-key", "id": "AQID="}])),
        ("allowCredentials", json!([{"type": "public-key", "id": ""}])),
        ("allowCredentials", json!([{"type": "public-key", "id": "A".repeat(1368)}])),
        ("allowCredentials", json!([{"type": "public-key", "id": "AQID", "transports": "usb"}])),
        ("allowCredentials", json!(vec![json!({"type": "public-key", "id": "AQID"}); 65])),
        ("userVerification", json!(true)),
        ("hints", json!("hybrid")),
        ("hints", json!([1])),
        ("extensions", json!([])),
    ] {
        let read = here(&with_options(changed(name, value.clone())));
        assert!(protocol(&read), "{name}: {value}: {read:?}");
    }
    let kind = changed("allowCredentials", json!([{"type": "password", "id": "AQID"}]));
    assert!(matches!(here(&with_options(kind)), Err(ServerError::Unsupported(_))));
    let mixed = changed(
        "allowCredentials",
        json!([{"type": "password", "id": "AQIE"},
        {"type": "public-key", "id": "AQID", "transports": null}]),
    );
    assert_eq!(here(&with_options(mixed)).unwrap().wanted.allow_credentials.len(), 1);
    let sixteen = changed("challenge", json!("AAAAAAAAAAAAAAAAAAAAAA"));
    assert!(here(&with_options(sixteen)).is_ok(), "16 bytes");
}

#[test]
fn p5_verification_is_required_whatever_the_server_asks_and_nothing_is_passed_on() {
    for asked in [json!("preferred"), json!("discouraged"), json!("new"), json!(null)] {
        let read = here(&with_options(changed("userVerification", asked)));
        assert_eq!(read.unwrap(), here(&with_options(example())).unwrap());
    }
    let extended = changed("extensions", json!({"prf": {"eval": {"first": "AQID"}}}));
    assert_eq!(here(&with_options(extended)).unwrap(), here(&with_options(example())).unwrap());
}

#[test]
fn the_time_for_a_ceremony_has_bounds() {
    for (asked, seconds) in
        [(json!(0), 15), (json!(30_000), 30), (json!(4_000_000_000_u64), 600), (json!(null), 120)]
    {
        let read = here(&with_options(changed("timeout", asked))).unwrap();
        assert_eq!(read.wanted.timeout.as_secs(), seconds);
    }
}

/// Interop fixture 15.
#[test]
fn p3_an_rp_id_is_the_issuers_host_or_a_registrable_parent_of_it() {
    for (issuer, rp_id, taken) in [
        ("https://as.example", Some("as.example"), true),
        ("https://as.example", None, true),
        ("https://login.bank.co.uk", Some("login.bank.co.uk"), true),
        ("https://login.bank.co.uk", Some("bank.co.uk"), true),
        ("https://login.bank.co.uk", Some("co.uk"), false),
        ("https://login.bank.co.uk", Some("uk"), false),
        ("https://login.bank.co.uk", Some(""), false),
        ("https://login.bank.co.uk", Some("other.co.uk"), false),
        ("https://login.bank.co.uk", Some("gin.bank.co.uk"), false),
        ("https://login.bank.co.uk", Some(".bank.co.uk"), false),
        ("https://login.bank.co.uk", Some("bank.co.uk."), false),
        ("https://login.bank.co.uk", Some("BANK.co.uk"), false),
        ("https://login.bank.co.uk", Some("https://bank.co.uk"), false),
        ("https://login.bank.co.uk", Some("a.login.bank.co.uk"), false),
        ("https://sam.github.io", Some("github.io"), false),
        ("https://sam.github.io", Some("sam.github.io"), true),
        ("https://a.b.kawasaki.jp", Some("b.kawasaki.jp"), false),
        ("https://a.city.kawasaki.jp", Some("city.kawasaki.jp"), true),
        ("https://as.example", Some("example"), false),
        ("https://as.example:8443/tenant", Some("as.example"), true),
        ("https://xn--bcher-kva.example", Some("xn--bcher-kva.example"), true),
        ("https://xn--bcher-kva.example", Some("bücher.example"), false),
        ("http://localhost:4000", Some("localhost"), true),
        ("http://localhost:4000", None, true),
        ("http://localhost:4000", Some("127.0.0.1"), false),
        ("https://127.0.0.1", Some("127.0.0.1"), false),
        ("https://127.0.0.1", None, false),
        ("https://[::1]", None, false),
        ("https://10.0.0.1", Some("0.0.1"), false),
    ] {
        let read = at(issuer, &with_options(changed("rpId", json!(rp_id))));
        match read {
            Ok(asked) => assert!(taken, "{issuer} {rp_id:?}: {asked:?}"),
            Err(error) => {
                let foreign = matches!(error, ServerError::Suspicious(Suspicion::RelyingParty, _));
                assert!(!taken && foreign, "{issuer} {rp_id:?}: {error:?}");
            }
        }
    }
}

#[test]
fn p4_the_origin_is_the_issuers_and_must_be_one_that_the_server_takes() {
    let issuer = Place::issuer("https://as.example:8443/tenant", Loopback::Refused).unwrap();
    let read = |origins: &[&str]| {
        let origins: Vec<String> = origins.iter().map(|one| (*one).to_owned()).collect();
        super::read(&with_options(example()), &Home::of(&issuer, Some(&origins)))
    };
    let asked = read(&["https://other.example", "https://as.example:8443"]).unwrap().unwrap();
    assert_eq!(asked.wanted.client_data.origin(), "https://as.example:8443");
    for origins in [&["https://other.example"][..], &[], &["https://as.example"]] {
        let refused = read(origins);
        assert!(matches!(refused, Err(ServerError::Suspicious(Suspicion::RelyingParty, _))));
    }
}

#[test]
fn f1_a_passkey_beside_anything_else_or_in_another_form_is_refused() {
    let options = example();
    let passkey =
        json!({"type": "string", "format": "webauthn-get", "x-webauthn-options": options});
    let mixed = json!({"type": "object", "properties": {"otp": {"type": "string"}, "p": passkey}});
    assert!(protocol(&here(&mixed)));
    let twice = json!({"type": "object", "properties": {"a": passkey, "b": passkey}});
    assert!(protocol(&here(&twice)));
    for (keyword, value) in [
        ("format", json!("date")),
        ("format", json!(1)),
        ("type", json!("array")),
        ("type", json!(null)),
        ("x-webauthn-appid", json!("https://as.example")),
        ("x-sensitive", json!(true)),
        ("default", json!("x")),
        ("enum", json!(["x"])),
        ("x-webauthn-options", json!("{}")),
    ] {
        let mut property = passkey.clone();
        property[keyword] = value.clone();
        let read = here(&schema(property));
        assert!(protocol(&read), "{keyword} {value}: {read:?}");
    }
    let mut create = passkey.clone();
    create["format"] = json!("webauthn-create");
    assert!(matches!(here(&schema(create)), Err(ServerError::Unsupported(_))));
    let mut schema_with = schema(passkey.clone());
    schema_with["allOf"] = json!([]);
    assert!(protocol(&here(&schema_with)));
    let mut elsewhere = schema(passkey);
    elsewhere["required"] = json!(["assertion", "otp"]);
    assert!(protocol(&here(&elsewhere)));
    let plain = json!({"type": "object", "properties": {"otp": {"type": "string"}}});
    assert_eq!(super::read(&plain, &home("https://as.example")), Ok(None));
}

#[test]
fn p6_the_answer_has_every_member_in_the_type_that_was_declared() {
    let assertion = Assertion {
        credential_id: vec![1, 2, 3],
        authenticator_data: vec![4; 37],
        signature: vec![5, 6],
        user_handle: None,
        authenticator_attachment: AuthenticatorAttachment::CrossPlatform,
        keeping: Keeping::Hardware,
    };
    let asked = here(&with_options(example())).unwrap();
    let text: Value = serde_json::from_str(&answer(&asked, &assertion)).unwrap();
    let inside: Value = serde_json::from_str(text.as_str().expect("a string")).unwrap();
    let mut property = flat(&example());
    property["type"] = json!("object");
    let asked = here(&schema(property)).unwrap();
    let object: Value = serde_json::from_str(&answer(&asked, &assertion)).unwrap();
    assert_eq!(inside, object);
    assert_eq!(object["id"], "AQID");
    assert_eq!(object["rawId"], "AQID");
    assert_eq!(object["type"], "public-key");
    assert_eq!(object["authenticatorAttachment"], "cross-platform");
    assert_eq!(object["clientExtensionResults"], json!({}));
    assert_eq!(object["response"]["signature"], "BQY");
    assert!(object["response"].get("userHandle").is_none());
    let data = bytes(object["response"]["clientDataJSON"].as_str().unwrap()).unwrap();
    assert_eq!(
        String::from_utf8(data).unwrap(),
        format!(
            "{{\"type\":\"webauthn.get\",\"challenge\":\"{CHALLENGE_TEXT}\",\"origin\":\"https://as.example\",\"crossOrigin\":false}}"
        ),
        "P4: the challenge as it came"
    );
    let named = Assertion { user_handle: Some(vec![9]), ..assertion };
    let object: Value = serde_json::from_str(&answer(&asked, &named)).unwrap();
    assert_eq!(object["response"]["userHandle"], "CQ");
}

#[test]
fn p7_a_binding_has_a_known_alg_and_a_salt_of_sixteen_bytes() {
    let salt =
        |binding: Value| binding_salt(json!({"approval_binding": binding}).as_object().unwrap());
    let right = salt(json!({"alg": "S256-JCS", "salt": "AAECAwQFBgcICQoLDA0ODw"}));
    assert_eq!(right, Ok(Some((0..16).collect())));
    assert_eq!(binding_salt(&Map::new()), Ok(None));
    assert!(matches!(
        salt(json!({"alg": "S512", "salt": "AAECAwQFBgcICQoLDA0ODw"})),
        Err(ServerError::Unsupported(_))
    ));
    for bad in [
        json!("S256-JCS"),
        json!({"salt": "AAECAwQFBgcICQoLDA0ODw"}),
        json!({"alg": "S256-JCS"}),
        json!({"alg": "S256-JCS", "salt": "AAECAwQFBgcICQoLDA0O"}),
        json!({"alg": "S256-JCS", "salt": "AAECAwQFBgcICQoLDA0ODw=="}),
        json!({"alg": "S256-JCS", "salt": 7}),
    ] {
        assert!(matches!(salt(bad.clone()), Err(ServerError::Protocol(_))), "{bad}");
    }
}

/// A small generator of challenges that are nearly right.
#[test]
fn p2_a_random_challenge_is_for_this_server_or_refused() {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut roll = move |sides: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % 1_000_003).unwrap() % sides
    };
    let values = [
        json!(CHALLENGE_TEXT),
        json!("AQID"),
        json!("as.example"),
        json!("evil.example"),
        json!("example"),
        json!(""),
        json!(null),
        json!(60_000),
        json!(-1),
        json!({}),
        json!([]),
        json!([{"type": "public-key", "id": "AQID"}]),
        json!("required"),
        json!(["hybrid"]),
    ];
    let (mut taken, mut refused) = (0, 0);
    for _ in 0..20_000 {
        let mut property = json!({"type": "string", "format": "webauthn-get"});
        let mut options = example();
        if roll(3) > 0 {
            options[MEMBERS[roll(MEMBERS.len())]] = values[roll(values.len())].clone();
        }
        match roll(3) {
            0 => property = flat(&options),
            1 => property["x-webauthn-options"] = options,
            _ => {
                property = flat(&options);
                property["x-webauthn-options"] = example();
            }
        }
        if roll(6) == 0 {
            property["type"] = values[roll(values.len())].clone();
        }
        match here(&schema(property.clone())) {
            Ok(asked) => {
                taken += 1;
                assert_eq!(asked.wanted.rp_id, "as.example", "{property}");
                assert_eq!(asked.wanted.client_data.origin(), "https://as.example");
                assert!(asked.wanted.client_data.challenge().len() >= 16, "{property}");
                assert!((15..=600).contains(&asked.wanted.timeout.as_secs()), "{property}");
            }
            Err(ServerError::Protocol(_) | ServerError::Unsupported(_)) => refused += 1,
            Err(ServerError::Suspicious(Suspicion::RelyingParty, _)) => refused += 1,
            Err(other) => panic!("{other:?}: {property}"),
        }
    }
    assert!(taken > 1000 && refused > 1000, "both happen: {taken} and {refused}");
}

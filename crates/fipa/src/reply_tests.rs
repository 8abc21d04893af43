//! The drafts' own answers and every error code of the digest (§1.3, §2.10-23).

use zeroize::Zeroizing;

use super::*;

fn answer(status: u16, body: &str) -> Reply {
    Reply::read(Ok(Answer {
        status,
        is_json: true,
        clock_ahead: None,
        retry_after: None,
        body: Zeroizing::new(body.as_bytes().to_vec()),
    }))
}

fn error(status: u16, code: &str) -> Said {
    answer(status, &serde_json::json!({"error": code, "error_description": "x"}).to_string()).said
}

fn is_protocol_error(reply: &Reply) -> bool {
    matches!(reply.said, Said::Over(ServerError::Protocol(_)))
}

#[test]
fn a11_the_code_comes_from_authorization_code() {
    let reply = answer(200, include_str!("../fixtures/fipa-success.json"));
    let Said::Granted(code) = reply.said else { panic!("granted") };
    assert_eq!(code.expose(), "uY29tL2F1dGhlbnRpY");
}

#[test]
fn a11_an_access_token_is_a_protocol_error_and_other_members_are_fine() {
    for body in [
        r#"{"access_token":"t"}"#,
        r#"{"access_token":"t","authorization_code":"c"}"#,
        r#"{"access_token":null,"authorization_code":"c"}"#,
        r#"{"access_token":"t","error":"insufficient_authorization"}"#,
    ] {
        assert!(is_protocol_error(&answer(200, body)), "{body}");
    }
    let reply = answer(200, r#"{"authorization_code":"c","auth_session":"as_2","x":1}"#);
    assert!(matches!(reply.said, Said::Granted(_)));
    assert_eq!(reply.auth_session.unwrap().expose(), "as_2");
}

#[test]
fn f1_a_code_counts_only_alone_and_with_status_200() {
    for (status, body) in [
        (200, r#"{"authorization_code":""}"#),
        (200, r#"{"authorization_code":1}"#),
        (200, r#"{"authorization_code":null}"#),
        (200, r#"{"code":"c"}"#),
        (200, r#"{"authorization_code":"c","error":"access_denied"}"#),
        (400, r#"{"authorization_code":"c"}"#),
        (500, r#"{"authorization_code":"c"}"#),
        (200, "{}"),
        (200, "[]"),
        (200, "\"c\""),
        (200, "not json"),
        (200, r#"{"authorization_code":"c"} {"#),
        (400, ""),
    ] {
        assert!(is_protocol_error(&answer(status, body)), "{status} {body}");
    }
}

#[test]
fn a9_the_error_member_decides_and_not_the_status() {
    for status in [200, 400, 401, 403, 404, 500] {
        let said = error(status, "insufficient_authorization");
        assert!(matches!(said, Said::Asks(_)), "{status}: {said:?}");
        let said = error(status, "access_denied");
        assert!(matches!(said, Said::Over(ServerError::AccessDenied)), "{status}: {said:?}");
    }
}

#[test]
fn f2_every_error_code_has_its_meaning() {
    use ServerError::{
        AccessDenied, Expired, InvalidSession, RedirectToWeb, Refused, ServerCannot, Unreachable,
        Unsupported,
    };
    let text = str::to_owned;
    for (code, meaning) in [
        ("access_denied", AccessDenied),
        ("invalid_session", InvalidSession),
        ("expired_token", Expired),
        ("redirect_to_web", RedirectToWeb),
        ("server_error", Unreachable(text("server_error"))),
        ("temporarily_unavailable", Unreachable(text("temporarily_unavailable"))),
        (
            "unmet_authentication_requirements",
            ServerCannot(text("unmet_authentication_requirements")),
        ),
        ("missing_interaction_type", ServerCannot(text("missing_interaction_type"))),
        ("use_dpop_nonce", Unsupported(text("it wants a DPoP proof"))),
        ("invalid_dpop_proof", Unsupported(text("it wants a DPoP proof"))),
        ("slow_down", Unsupported(text("it wants to be polled"))),
        ("invalid_request", Refused(text("invalid_request"))),
        ("invalid_client", Refused(text("invalid_client"))),
        ("unauthorized_client", Refused(text("unauthorized_client"))),
        ("invalid_scope", Refused(text("invalid_scope"))),
        ("invalid_target", Refused(text("invalid_target"))),
        ("invalid_authorization_details", Refused(text("invalid_authorization_details"))),
        ("stage_full_moon", Refused(text("stage_full_moon"))),
        (&"x".repeat(65), Refused(text("an error code of its own"))),
    ] {
        let Said::Over(said) = error(400, code) else { panic!("{code} ends it") };
        assert_eq!(said, meaning, "{code}");
    }
}

#[test]
fn f1_an_error_that_is_no_error_code_is_a_protocol_error() {
    for body in [
        r#"{"error":1}"#,
        r#"{"error":""}"#,
        r#"{"error":null}"#,
        r#"{"error":"a\"b"}"#,
        r#"{"error":"a\u0007b"}"#,
        r#"{"error":"é"}"#,
        r#"{"error":"a","error":"b"}"#,
    ] {
        assert!(is_protocol_error(&answer(400, body)), "{body}");
    }
}

#[test]
fn f10_what_the_server_writes_for_developers_goes_nowhere() {
    let body = r#"{"error":"access_denied","error_description":"Call 555 and read your code"}"#;
    assert!(!format!("{:?}", answer(400, body)).contains("555"));
}

#[test]
fn a7_any_answer_may_bring_a_new_auth_session() {
    for (status, body) in [
        (400, r#"{"error":"insufficient_authorization","auth_session":"as_2"}"#),
        (400, r#"{"error":"access_denied","auth_session":"as_2"}"#),
        (200, r#"{"authorization_code":"c","auth_session":"as_2"}"#),
        (429, r#"{"error":"slow_down","auth_session":"as_2"}"#),
        (500, r#"{"error":"server_error","auth_session":"as_2"}"#),
    ] {
        assert_eq!(answer(status, body).auth_session.unwrap().expose(), "as_2", "{body}");
    }
    for bad in ["1", "\"\"", "[]"] {
        let body = format!(r#"{{"error":"insufficient_authorization","auth_session":{bad}}}"#);
        assert!(is_protocol_error(&answer(400, &body)), "{body}");
    }
}

#[test]
fn m1_auth_session_and_code_do_not_print_themselves() {
    let body = r#"{"authorization_code":"c0de-value","auth_session":"as_value"}"#;
    let printed = format!("{:?}", answer(200, body));
    assert!(!printed.contains("c0de-value") && !printed.contains("as_value"), "{printed}");
    let body = r#"{"error":"insufficient_authorization","auth_session":"as_value"}"#;
    let printed = format!("{:?}", answer(400, body));
    assert!(!printed.contains("as_value"), "{printed}");
}

#[test]
fn a10_a_body_that_is_not_labelled_json_is_refused() {
    let body = include_str!("../fixtures/fipa-success.json").as_bytes();
    let reply = |status| {
        Reply::read(Ok(Answer {
            status,
            is_json: false,
            clock_ahead: None,
            retry_after: Some(7),
            body: Zeroizing::new(body.to_vec()),
        }))
    };
    assert!(is_protocol_error(&reply(200)));
    assert!(is_protocol_error(&reply(400)));
    assert!(matches!(reply(502).said, Said::Doubt(_)), "a proxy's page");
    assert!(matches!(reply(429).said, Said::Throttled(Some(7))), "429 with any body");
}

#[test]
fn a12_a_redirect_is_a_protocol_error_whatever_it_says() {
    for status in [300, 301, 302, 303, 304, 307, 308] {
        for body in [
            include_str!("../fixtures/fipa-success.json"),
            include_str!("../fixtures/ana-totp.json"),
            r#"{"error":"access_denied"}"#,
        ] {
            assert!(is_protocol_error(&answer(status, body)), "{status} {body}");
        }
    }
}

#[test]
fn t5_a_5xx_leaves_doubt_unless_its_json_says_otherwise() {
    assert!(matches!(answer(500, "<html>").said, Said::Doubt(_)));
    assert!(matches!(answer(503, "{}").said, Said::Doubt(_)));
    assert!(matches!(error(500, "server_error"), Said::Doubt(_)));
    assert!(matches!(error(400, "server_error"), Said::Over(ServerError::Unreachable(_))));
}

#[test]
fn a23_a_long_or_deep_answer_is_a_protocol_error() {
    let long = format!(r#"{{"error":"access_denied","x":"{}"}}"#, "x".repeat(16 * 1024 + 1));
    assert!(is_protocol_error(&answer(400, &long)));
    let deep = format!(r#"{{"error":"access_denied","x":{}{}}}"#, "[".repeat(32), "]".repeat(32));
    assert!(is_protocol_error(&answer(400, &deep)));
    assert!(is_protocol_error(&Reply::read(Err(Failure::TooLarge))));
}

#[test]
fn f10_a_redirect_to_web_is_named_and_its_request_uri_is_not_opened() {
    let reply = answer(400, include_str!("../fixtures/fipa-redirect-to-web.json"));
    assert!(matches!(reply.said, Said::Over(ServerError::RedirectToWeb)));
}

//! Every scenario once, driven by a naive client that answers whatever it understands.
//!
//! The trace is what such a client sees; a scenario whose trace is not in the table fails, so the
//! table grows with the scenarios.

use serde_json::{Map, Value, json};

use super::super::{Scenario, UrlEnd};
use super::{Answer, Play};

/// What each scenario looks like to a naive client: responses, in order. `cut` is a connection that
/// ends without an answer; property names stand for a form, `url` for a url entry.
const TRACES: &[(Scenario, &str)] = {
    use Scenario as S;
    &[
        (S::Selection, "authenticator, otp, code"),
        (S::Single, "otp, code"),
        (S::SelectionOfThree, "authenticator, otp, code"),
        (S::Negotiated, "authenticator, otp, code"),
        (S::RefusesTwo, "otp, otp, otp, code"),
        (S::MergedForms, "otp+reason, code"),
        (S::FormKinds, "channel+tier+otp+reason+amount+ratio+notify+days+rooms, code"),
        (S::OtpOtherName, "totp_code, code"),
        (S::OtpSensitive, "answer, code"),
        (S::OtpWithDefault, "otp, code"),
        (S::NoMode, "otp, code"),
        (S::EntryId, "otp, code"),
        (S::ExtraMembers, "otp, code"),
        (S::NoRotation, "otp, code"),
        (S::OmitsSessionLater, "authenticator, otp, code"),
        (S::CodeAtOnce, "code"),
        (S::NoActions, "otp, code"),
        (S::PlainAna, "otp, code"),
        (S::Status401, "otp, code"),
        (S::Status403, "otp, code"),
        (S::VendorJson, "otp, code"),
        (S::Narrowed, "otp, code"),
        (S::Approval, "otp, code"),
        (S::NarrowedApproval, "otp, code"),
        (S::ApprovalChanges, "authenticator, otp, code"),
        (S::ApprovalForeign, "otp, code"),
        (S::MinAssurance, "otp, code"),
        (S::Passkey, NO_PASSKEY),
        (S::PasskeyFlat, NO_PASSKEY),
        (S::PasskeyAsObject, NO_PASSKEY),
        (S::PasskeyBound, NO_PASSKEY),
        (S::PasskeyUnbound, NO_PASSKEY),
        (S::PasskeyTampered, NO_PASSKEY),
        (S::PasskeyMinBound, NO_PASSKEY),
        (S::RogueRpId, NO_PASSKEY),
        (S::SuffixRpId, NO_PASSKEY),
        (S::ForeignOrigin, NO_PASSKEY),
        (S::ShortChallenge, NO_PASSKEY),
        (S::UsedChallenge, NO_PASSKEY),
        (S::MixedSchema, NO_PASSKEY),
        (S::MalformedChallenge, NO_PASSKEY),
        (S::PasskeyResetConsumed, NO_PASSKEY),
        (S::PasskeyResetUnconsumed, NO_PASSKEY),
        (S::PasskeySelection, "authenticator, redirect_to_web"),
        (S::WebWithRequestUri, "redirect_to_web"),
        (S::WebWithoutRequestUri, "redirect_to_web"),
        (S::WebAfterOtp, "otp, redirect_to_web"),
        (S::UrlMode, "url, code"),
        (S::UrlPending, "url, code"),
        (S::FormOrUrl, "otp+url, code"),
        (S::TwoUrls, "url+url, code"),
        (S::IssuerMismatch, "otp, code"),
        (S::IssuerSlash, "otp, code"),
        (S::MetadataMissing, "otp, code"),
        (S::MetadataRedirect, "otp, code"),
        (S::MetadataNotJson, "otp, code"),
        (S::MetadataOversized, "otp, code"),
        (S::MetadataForeign, "otp, code"),
        (S::NoChallengeEndpoint, "otp, code"),
        (S::Overlapping, "otp+otp, invalid_request"),
        (S::NoSession, "otp without session"),
        (S::ZeroEntries, "nothing"),
        (S::NoEntries, "nothing"),
        (S::UnknownMode, "voice"),
        (S::NestedSchema, "otp+odd, invalid_request"),
        (S::RefSchema, "otp+odd, invalid_request"),
        (S::AllOfSchema, "nothing, invalid_request"),
        (S::ObjectArraySchema, "otp+odd, invalid_request"),
        (S::RequiredMissing, "otp, invalid_request"),
        (S::EnumNamesShort, "otp+odd, invalid_request"),
        (S::AccessToken, "otp, access_token"),
        (S::CodeAndAccessToken, "otp, code+access_token"),
        (S::Endless, "otp, otp, otp, otp, otp, otp, otp, otp, otp, otp"),
        (S::Redirects, "302"),
        (S::Redirects307, "307"),
        (S::WrongType, "text/html"),
        (S::NoType, "no type, code"),
        (S::NotJson, "not json"),
        (S::EmptyBody, "not json"),
        (S::Truncated, "cut"),
        (S::Oversized, "otp, code"),
        (S::Deep, "otp, code"),
        (
            S::ManyEntries,
            "p0+p1+p2+p3+p4+p5+p6+p7+p8+p9+p10+p11+p12+p13+p14+p15+p16, invalid_request",
        ),
        (S::LongString, "otp, invalid_request"),
        (S::DuplicateMembers, "otp, code"),
        (S::ErrorNotString, ", code"),
        (S::HostileText, "authenticator, otp+remember, code"),
        (S::HostileDescription, "otp, code"),
        (S::EchoesCode, "otp, code"),
        (S::ServerError, "server_error"),
        (S::Unavailable, "temporarily_unavailable"),
        (S::AccessDenied, "access_denied"),
        (S::InvalidClient, "invalid_client"),
        (S::Unmet, "unmet_authentication_requirements"),
        (S::MissingInteraction, "missing_interaction_type"),
        (S::OwnError, "stage_full_moon"),
        (S::Initial500Once, "500 text/html"),
        (S::Initial500, "500 text/html"),
        (S::Initial503Once, "503 text/html"),
        (S::InitialResetOnce, "cut"),
        (S::InitialReset, "cut"),
        (S::InitialTooMany, "429"),
        (S::DpopNonce, "use_dpop_nonce"),
        (S::DpopNonceForever, "use_dpop_nonce"),
        (S::InvalidSessionOnce, "otp, invalid_session"),
        (S::InvalidSessionForever, "otp, invalid_session"),
        (S::LocksAtTwo, "otp, code"),
        (S::ZeroAttempts, "otp, code"),
        (S::WrongEndsSession, "otp, code"),
        (S::Unhelpful, "otp, code"),
        (S::ExpiredToken, "otp, expired_token"),
        (S::TooManySeconds, "otp, 429"),
        (S::TooManyDate, "otp, 429"),
        (S::TooManyBare, "otp, 429"),
        (S::TooManyForever, "otp, 429"),
        (S::Otp500Consumed, "otp, 500 text/html"),
        (S::Otp500Unconsumed, "otp, 500 text/html"),
        (S::Otp503Unconsumed, "otp, 503 text/html"),
        (S::OtpResetConsumed, "otp, cut"),
        (S::OtpResetUnconsumed, "otp, cut"),
        (S::OtpDownAfter, "otp, cut"),
        (S::OtpServerError, "otp, server_error"),
        (S::Slow, "otp, code"),
        (S::Token500, "otp, code"),
        (S::TokenRedirects, "otp, code"),
    ]
};

/// Nobody has registered a passkey here; `tests/tests/fipa_passkey.rs` plays these with one.
const NO_PASSKEY: &str = "unmet_authentication_requirements";

/// Without end or waiting by nature; each has a test of its own.
const ELSEWHERE: &[Scenario] = &[
    Scenario::EndlessBody,
    Scenario::ManyProperties,
    Scenario::InitialHold,
    Scenario::OtpHoldConsumed,
    Scenario::OtpHoldUnconsumed,
    Scenario::ExpiresSoon,
];

#[tokio::test]
async fn every_scenario_looks_as_its_sentence_says() {
    let play = Play::of(Scenario::Single).await;
    play.stage.delay(1);
    let mut differing = Vec::new();
    for scenario in Scenario::ALL.iter().copied().filter(|s| !ELSEWHERE.contains(s)) {
        let expected = TRACES.iter().find(|(s, _)| *s == scenario).map_or("", |(_, trace)| *trace);
        play.stage.reset();
        play.stage.play(scenario);
        let saw = drive(&play).await;
        if saw != expected {
            differing.push(format!("{scenario}: {saw:?} instead of {expected:?}"));
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

#[tokio::test]
async fn a_once_fault_is_gone_the_second_time() {
    use Scenario as S;
    let play = Play::of(S::Single).await;
    for scenario in [
        S::Initial500Once,
        S::Initial503Once,
        S::InitialResetOnce,
        S::InitialTooMany,
        S::DpopNonce,
        S::InvalidSessionOnce,
    ] {
        play.stage.play(scenario);
        let first = drive(&play).await;
        assert_ne!(first, "otp, code", "{scenario}");
        assert_eq!(drive(&play).await, "otp, code", "{scenario}");
    }
}

#[tokio::test]
async fn wrong_codes_lead_where_their_scenario_says() {
    use Scenario as S;
    let play = Play::of(S::Single).await;
    for (scenario, seen) in [
        (S::LocksAtTwo, ["insufficient_authorization 1", "access_denied"]),
        (S::ZeroAttempts, ["insufficient_authorization 0", "insufficient_authorization 0"]),
        (S::WrongEndsSession, ["invalid_session", "invalid_session"]),
        (S::Unhelpful, ["insufficient_authorization", "insufficient_authorization"]),
        (S::HostileDescription, ["access_denied", "invalid_session"]),
    ] {
        play.stage.play(scenario);
        let mut session = play.first().await.unwrap().session();
        for expected in seen {
            let answer = play.otp(&session, &play.stage.wrong_code()).await;
            let left = answer.json()["elicitations"][0]["attempts_remaining"].as_u64();
            let saw = left.map_or(answer.error(), |left| format!("{} {left}", answer.error()));
            assert_eq!(saw, expected, "{scenario}");
            session = answer.json()["auth_session"].as_str().map_or(session, str::to_owned);
        }
    }
    play.stage.play(S::EchoesCode);
    let session = play.first().await.unwrap().session();
    let code = play.stage.wrong_code();
    assert!(play.otp(&session, &code).await.text.contains(&code));
}

#[tokio::test]
async fn negotiation_offers_only_what_was_named() {
    let play = Play::of(Scenario::Negotiated).await;
    for (named, seen) in [
        ("totp", "otp"),
        ("totp passkey", "authenticator"),
        ("passkey", "redirect_to_web"),
        ("push", "redirect_to_web"),
    ] {
        let mut parameters = play.parameters();
        parameters.push(("ana_authenticators", named.to_owned()));
        let answer = play.form(&play.at("/challenge"), &parameters).await.unwrap();
        assert_eq!(label(&answer), seen, "{named}");
    }
}

#[tokio::test]
async fn metadata_go_wrong_as_their_scenario_says() {
    use Scenario as S;
    let play = Play::of(S::Single).await;
    let url = play.at("/.well-known/oauth-authorization-server");
    let issuer = play.stage.issuer().to_owned();
    for (scenario, status, check) in [
        (S::IssuerMismatch, 200, "\"issuer\":\"https://other.example\"".to_owned()),
        (S::IssuerSlash, 200, format!("\"issuer\":\"{issuer}/\"")),
        (S::MetadataMissing, 404, String::new()),
        (S::MetadataRedirect, 302, String::new()),
        (S::MetadataNotJson, 200, "<html>".to_owned()),
        (
            S::MetadataForeign,
            200,
            "\"authorization_challenge_endpoint\":\"https://other.example/challenge\"".to_owned(),
        ),
    ] {
        play.stage.play(scenario);
        let answer = play.send(play.http.get(&url)).await.unwrap();
        assert_eq!(answer.status, status, "{scenario}");
        assert!(answer.text.contains(&check), "{scenario}: {}", answer.text);
    }
    for (scenario, absent) in [
        (S::NoChallengeEndpoint, "authorization_challenge_endpoint"),
        (S::NoActions, "ana_actions_supported"),
        (S::PlainAna, "ana_"),
    ] {
        play.stage.play(scenario);
        assert!(!play.send(play.http.get(&url)).await.unwrap().text.contains(absent), "{scenario}");
    }
}

#[test]
fn names_are_unique_and_lead_back_to_their_scenario() {
    for scenario in Scenario::ALL {
        assert_eq!(scenario.name().parse(), Ok(*scenario));
    }
    assert!("no-such".parse::<Scenario>().is_err());
}

/// Runs the naive client, at most ten rounds.
async fn drive(play: &Play) -> String {
    let mut trace: Vec<String> = Vec::new();
    let mut session = String::new();
    let mut next = play.first().await;
    for _ in 0..10 {
        let Ok(answer) = next else {
            trace.push("cut".to_owned());
            break;
        };
        trace.push(label(&answer));
        let body: Value = serde_json::from_str(&answer.text).unwrap_or_default();
        let entries = body["elicitations"].as_array().cloned().unwrap_or_default();
        if answer.header("content-type").starts_with("text/") || entries.is_empty() {
            break;
        }
        match body["auth_session"].as_str() {
            Some(new) => session = new.to_owned(),
            None if session.is_empty() => {
                trace.last_mut().unwrap().push_str(" without session");
                break;
            }
            None => {}
        }
        let mut follow = json!({"auth_session": session});
        if let Some(id) = entries[0]["id"].as_str() {
            follow["elicitation_id"] = json!(id);
        }
        match fill(play, &entries) {
            Some(response) => follow["response"] = Value::Object(response),
            None if entries[0]["mode"] == json!("url") => {
                play.stage.end_pages(UrlEnd::Done);
            }
            None => break,
        }
        next = play.follow(follow).await;
    }
    trace.join(", ")
}

/// What a response is, in a word.
fn label(answer: &Answer) -> String {
    let kind = answer.header("content-type");
    if answer.status == 429 || (300..400).contains(&answer.status) {
        return answer.status.to_string();
    }
    if kind.is_empty() {
        return "no type".to_owned();
    }
    if kind.starts_with("text/") {
        return if answer.status >= 500 {
            format!("{} {kind}", answer.status)
        } else {
            kind.to_owned()
        };
    }
    let Ok(body) = serde_json::from_str::<Value>(&answer.text) else {
        return "not json".to_owned();
    };
    if body["error"] == json!("insufficient_authorization") {
        let names: Vec<String> =
            body["elicitations"].as_array().into_iter().flatten().flat_map(names).collect();
        return if names.is_empty() { "nothing".to_owned() } else { names.join("+") };
    }
    let parts = [("authorization_code", "code"), ("access_token", "access_token")];
    let given: Vec<&str> =
        parts.iter().filter(|(m, _)| body.get(*m).is_some()).map(|(_, word)| *word).collect();
    if given.is_empty() { answer.error() } else { given.join("+") }
}

fn names(entry: &Value) -> Vec<String> {
    match entry["mode"].as_str() {
        Some("url") => vec!["url".to_owned()],
        Some("form") | None => entry["requestedSchema"]["properties"]
            .as_object()
            .map(|p| p.keys().cloned().collect())
            .unwrap_or_default(),
        Some(other) => vec![other.to_owned()],
    }
}

/// Answers every required property of every form; None if there is no form.
fn fill(play: &Play, entries: &[Value]) -> Option<Map<String, Value>> {
    let mut response = Map::new();
    let forms: Vec<&Value> =
        entries.iter().filter(|e| matches!(e["mode"].as_str(), None | Some("form"))).collect();
    if forms.is_empty() {
        return None;
    }
    for schema in forms.iter().map(|e| &e["requestedSchema"]) {
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let value = match name {
                "authenticator" => json!("totp"),
                "otp" | "totp_code" | "answer" => json!(play.stage.code()),
                "channel" => json!("mail"),
                "reason" => json!("because"),
                "amount" => json!(3),
                "days" => json!(["mon"]),
                _ => json!("x"),
            };
            response.insert(name.to_owned(), value);
        }
    }
    Some(response)
}

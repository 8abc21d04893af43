//! A client, an enrolled server and a filled form for the tests of `placet-fipa`.

#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::Duration;

use placet_core::form::{Form, Kind, Typed, Values};
use placet_core::ports::{Challenge, ServerError, Servers as _, Step};
use placet_core::request::{Authorization, Server};
use placet_core::secret::Secret;
use placet_fipa::{Client, ClientOptions, Session};
use placet_stage::server::{Config, Scenario, Stage};

/// RFC 7636 Appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// S256 of [`VERIFIER`], by the same appendix.
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
/// Details as a requester might write them: spaces, escapes and a number that a re-serializer
/// would change.
pub(crate) const DETAILS: &str = "[ {\"type\":\"tool_call\",  \"tool\":\"deploy\",\"arguments\":{\"to\":\"prod\\u002deu\",\"n\":1.0e2,\"q\":\"a+b&c=d %é\"}} ]";

/// A stage and a client that has enrolled it.
pub(crate) struct Run {
    pub(crate) stage: Stage,
    pub(crate) client: Client,
    pub(crate) server: Server,
}

/// Options that allow the stage's plain http, with short pauses and a patience of two seconds.
pub(crate) fn options() -> ClientOptions {
    ClientOptions {
        danger_allow_http_loopback: true,
        pauses: [Duration::from_millis(10), Duration::from_millis(20)],
        request_timeout: Duration::from_secs(2),
        ..ClientOptions::default()
    }
}

impl Run {
    pub(crate) async fn with(scenario: Scenario) -> Self {
        Self::start(Config { scenario, ..Config::default() }, options()).await
    }

    pub(crate) async fn start(config: Config, options: ClientOptions) -> Self {
        let stage = Stage::start(config).await.expect("the stage starts");
        let server = Server {
            issuer: stage.issuer().to_owned(),
            name: "stage".into(),
            client_id: stage.started().client_id.clone(),
            account: stage.started().account.clone(),
            challenge_endpoint: None,
            danger_http_loopback: true,
            way: placet_core::way::Way::default(),
        };
        Self { stage, client: Client::new(options), server }
    }

    pub(crate) fn asked(&self) -> Authorization {
        Authorization {
            issuer: self.server.issuer.clone(),
            scope: Some("deploy".into()),
            resource: vec![self.stage.started().resource.clone()],
            authorization_details: serde_json::from_str(DETAILS).expect("JSON"),
            authorization_details_raw: Some(DETAILS.into()),
            acr_values: None,
            max_age: Some(300),
            code_challenge: CHALLENGE.into(),
        }
    }

    pub(crate) async fn begin(&self) -> Step<Session> {
        self.client.begin(&self.server, &self.asked(), false).await
    }

    /// The first question.
    pub(crate) async fn question(&self) -> Challenge<Session> {
        question(self.begin().await)
    }

    /// Answers with what is typed for each field by name; other fields keep their defaults.
    pub(crate) async fn answer(
        &self,
        challenge: Challenge<Session>,
        typed: &[(&str, &str)],
    ) -> Step<Session> {
        let values = filled(&challenge.form, typed);
        self.client.answer(challenge.session, values).await
    }

    /// Answers with a code that the stage would accept now.
    pub(crate) async fn answer_right(&self, challenge: Challenge<Session>) -> Step<Session> {
        let code = self.stage.code();
        self.answer(challenge, &[("otp", &code)]).await
    }

    /// Bodies of everything that was sent to the challenge endpoint, as JSON, without the first.
    pub(crate) fn follow_ups(&self) -> Vec<serde_json::Value> {
        self.stage.journal().to("/challenge").filter_map(|entry| entry.json()).collect()
    }

    /// How many requests the challenge endpoint got.
    pub(crate) fn contacts(&self) -> usize {
        self.stage.journal().to("/challenge").count()
    }
}

pub(crate) fn filled(form: &Form, typed: &[(&str, &str)]) -> Values {
    let fill = |field: &placet_core::form::Field| {
        let text = typed.iter().find(|(name, _)| *name == field.name).map(|(_, text)| *text);
        match &field.kind {
            Kind::Secret { .. } => Typed::Secret(Secret::new(text.unwrap_or_default().to_owned())),
            Kind::Boolean { default } => Typed::Boolean(text.map_or(*default, |t| t == "true")),
            Kind::Choice { options, default } => Typed::Choice(match text {
                Some(text) => options.iter().position(|option| option.value == text),
                None => *default,
            }),
            Kind::Choices { options, default, .. } => Typed::Choices(match text {
                Some(text) => {
                    let chosen = text.split(',');
                    let place =
                        |value: &str| options.iter().position(|option| option.value == value);
                    chosen.filter_map(place).collect()
                }
                None => default.clone(),
            }),
            Kind::Text { default, .. } => {
                Typed::Text(text.map_or_else(|| default.clone().unwrap_or_default(), str::to_owned))
            }
            Kind::Number { default, .. } => {
                Typed::Text(text.map_or_else(
                    || default.map(|n| n.to_string()).unwrap_or_default(),
                    str::to_owned,
                ))
            }
        }
    };
    form.check(form.fields.iter().map(fill).collect()).expect("the values fit the form")
}

pub(crate) fn question(step: Step<Session>) -> Challenge<Session> {
    match step {
        Step::Challenged(challenge) => challenge,
        other => panic!("a question was expected, not {other:?}"),
    }
}

pub(crate) fn granted(step: Step<Session>) -> Secret {
    match step {
        Step::Granted(code) => code,
        other => panic!("a code was expected, not {other:?}"),
    }
}

pub(crate) fn refused(step: Step<Session>) -> ServerError {
    match step {
        Step::Refused(error) => error,
        other => panic!("a refusal was expected, not {other:?}"),
    }
}

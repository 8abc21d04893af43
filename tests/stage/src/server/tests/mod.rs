//! The stage over real HTTP, spoken to by a client that knows nothing of its insides.

mod control;
mod faults;
mod honest;
mod resource;
mod scenarios;
mod sessions;
mod tokens;

use serde_json::{Value, json};

use super::{Config, Scenario, Stage};

/// RFC 7636 Appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A stage and a client that behaves.
struct Play {
    stage: Stage,
    http: reqwest::Client,
}

/// What came back.
#[derive(Debug)]
struct Answer {
    status: u16,
    headers: reqwest::header::HeaderMap,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {:?}", self.text))
    }

    fn error(&self) -> String {
        self.json()["error"].as_str().unwrap_or_default().to_owned()
    }

    fn session(&self) -> String {
        self.json()["auth_session"].as_str().expect("an auth_session").to_owned()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }
}

impl Play {
    async fn of(scenario: Scenario) -> Self {
        Self::with(Config { scenario, ..Config::default() }).await
    }

    async fn with(config: Config) -> Self {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        Self { stage: Stage::start(config).await.unwrap(), http }
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.stage.issuer())
    }

    /// The parameters of an honest first request.
    fn parameters(&self) -> Vec<(&'static str, String)> {
        let details = json!([{"type": "agent_intent", "action": {"name": "tools/call"},
            "resource": {"type": "mcp-tool", "id": "delete_user", "properties": {"arguments": {"userId": "alice"}}}}]);
        vec![
            ("response_type", "code".to_owned()),
            ("client_id", "placet".to_owned()),
            ("login_hint", "sam@example.com".to_owned()),
            ("code_challenge", CHALLENGE.to_owned()),
            ("code_challenge_method", "S256".to_owned()),
            ("resource", self.stage.started().resource.clone()),
            ("authorization_details", details.to_string()),
        ]
    }

    async fn post(
        &self,
        url: &str,
        content_type: &str,
        body: String,
    ) -> Result<Answer, reqwest::Error> {
        self.send(self.http.post(url).header("content-type", content_type).body(body)).await
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Answer, reqwest::Error> {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Answer { status, headers, text: response.text().await? })
    }

    async fn form(
        &self,
        url: &str,
        parameters: &[(&str, String)],
    ) -> Result<Answer, reqwest::Error> {
        let body =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        self.post(url, "application/x-www-form-urlencoded", body).await
    }

    async fn first(&self) -> Result<Answer, reqwest::Error> {
        self.form(&self.at("/challenge"), &self.parameters()).await
    }

    async fn follow(&self, body: Value) -> Result<Answer, reqwest::Error> {
        self.post(&self.at("/challenge"), "application/json", body.to_string()).await
    }

    async fn answer(&self, session: &str, response: Value) -> Result<Answer, reqwest::Error> {
        self.follow(json!({"auth_session": session, "client_id": "placet", "response": response}))
            .await
    }

    async fn otp(&self, session: &str, code: &str) -> Answer {
        self.answer(session, json!({"otp": code})).await.unwrap()
    }

    async fn refresh(&self, session: &str) -> Answer {
        self.follow(json!({"auth_session": session})).await.unwrap()
    }

    /// A whole ceremony of the scenario `single`.
    async fn code(&self) -> String {
        let session = self.first().await.unwrap().session();
        let granted = self.otp(&session, &self.stage.code()).await;
        granted.json()["authorization_code"]
            .as_str()
            .unwrap_or_else(|| panic!("no code: {granted:?}"))
            .to_owned()
    }

    async fn token(&self, code: &str, change: &[(&'static str, &str)]) -> Answer {
        let mut parameters = vec![
            ("grant_type", "authorization_code".to_owned()),
            ("code", code.to_owned()),
            ("client_id", "placet".to_owned()),
            ("code_verifier", VERIFIER.to_owned()),
        ];
        for (name, value) in change {
            parameters.retain(|(n, _)| n != name);
            if !value.is_empty() {
                parameters.push((name, (*value).to_owned()));
            }
        }
        self.form(&self.at("/token"), &parameters).await.unwrap()
    }
}

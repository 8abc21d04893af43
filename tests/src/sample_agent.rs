//! A sample agent: a process of its own that pairs, asks for an authorization, redeems its code
//! with its own PKCE verifier and uses what it got.
//!
//! `sample-agent SOCKET HEARD` takes one command a line on standard input and answers with lines
//! of JSON on standard output:
//!
//! | command | answers |
//! |---|---|
//! | `{"do":"pair","name":…}` | `{"code":…}`, then `{"paired":true}` |
//! | `{"do":"authorize","issuer":…,"resource":…,"tool":…,"arguments":{…},"reason":…}` | `{"binding_code":…}`, then `{"outcome":{…},"redeemed":bool,"resource_status":n}` |
//!
//! **Promises.** Every byte that it receives, from Placet and from servers, is appended to the
//! file HEARD before it is looked at: the demo searches there for what must not be.
//!
//! **Never** does it see a one-time code; that is what the demo proves.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "test support: a failure here is the demo's failure"
)]

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use placet_wire::notice::Status;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::headless::agent::Agent;

/// The program.
#[must_use]
pub fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(socket), Some(heard)) = (args.next(), args.next()) else {
        return ExitCode::from(2);
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(serve(&socket, &heard));
    ExitCode::SUCCESS
}

async fn serve(socket: &Path, heard: &Path) {
    let mut agent = Agent::connect(socket).await.expect("Placet runs");
    // A person may take as long as any question lives.
    agent.patience = Duration::from_secs(700);
    let mut written = 0;
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        let command: Value = serde_json::from_str(&line).unwrap();
        match command["do"].as_str() {
            Some("pair") => pair(&mut agent, &command).await,
            Some("authorize") => authorize(&mut agent, &command, heard).await,
            _ => break,
        }
        keep(heard, &agent.bytes[written..]);
        written = agent.bytes.len();
        say(&json!({"done": true}));
    }
}

async fn pair(agent: &mut Agent, command: &Value) {
    agent.hello(None).await;
    let id = agent.call("placet/pair", json!({"name": command["name"]})).await;
    let code = agent.pair_code().await;
    say(&json!({"code": code}));
    let answer = agent.answer(&id).await.unwrap_or(Value::Null);
    let token = answer["token"].as_str().map(str::to_owned);
    if let Some(token) = &token {
        agent.hello(Some(token)).await;
    }
    say(&json!({"paired": token.is_some()}));
}

async fn authorize(agent: &mut Agent, command: &Value, heard: &Path) {
    let verifier = URL_SAFE_NO_PAD.encode(random());
    let details = json!([{
        "type": "agent_intent",
        "action": {"name": "tools/call"},
        "resource": {"type": "mcp-tool", "id": command["tool"],
            "properties": {"arguments": command["arguments"]}},
    }]);
    let params = json!({
        "issuer": command["issuer"],
        "resource": command["resource"],
        "authorization_details": details.to_string(),
        "code_challenge": URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier)),
        "code_challenge_method": "S256",
        "reason": command["reason"],
    });
    let id = agent.call("authorization/request", params).await;
    let status = agent.status(&id, Status::Shown).await;
    say(&json!({"binding_code": status.binding_code}));
    let mut outcome = agent.answer(&id).await.unwrap_or(Value::Null);
    let code = outcome["authorization_code"].as_str().map(str::to_owned);
    let (mut redeemed, mut status) = (false, Value::Null);
    if let Some(code) = code {
        // The verifier never left this process: nobody else can redeem the code.
        if let Some(token) = redeem(&outcome, &code, &verifier, heard).await {
            redeemed = true;
            status = json!(act(command, &token, heard).await);
        }
    }
    if let Some(outcome) = outcome.as_object_mut() {
        outcome.remove("authorization_code");
    }
    say(&json!({"outcome": outcome, "redeemed": redeemed, "resource_status": status}));
}

/// RFC 6749 §4.1.3 with RFC 7636 §4.5, at the endpoint that the metadata names (RFC 8414).
async fn redeem(outcome: &Value, code: &str, verifier: &str, heard: &Path) -> Option<String> {
    let issuer = outcome["issuer"].as_str()?;
    let metadata = get(&format!("{issuer}/.well-known/oauth-authorization-server"), heard).await?;
    let body = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "authorization_code")
        .append_pair("code", code)
        .append_pair("client_id", outcome["client_id"].as_str()?)
        .append_pair("code_verifier", verifier)
        .finish();
    let request = http()
        .post(metadata["token_endpoint"].as_str()?)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body);
    let (status, bytes) = send(request, heard).await?;
    let answer: Value = serde_json::from_slice(&bytes).ok()?;
    (status == 200).then(|| answer["access_token"].as_str().map(str::to_owned)).flatten()
}

async fn act(command: &Value, token: &str, heard: &Path) -> Option<u16> {
    let place = format!("{}/{}", command["resource"].as_str()?, command["tool"].as_str()?);
    let request = http()
        .post(place)
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .body(command["arguments"].to_string());
    send(request, heard).await.map(|(status, _)| status)
}

async fn get(place: &str, heard: &Path) -> Option<Value> {
    let (_, bytes) = send(http().get(place), heard).await?;
    serde_json::from_slice(&bytes).ok()
}

async fn send(request: reqwest::RequestBuilder, heard: &Path) -> Option<(u16, Vec<u8>)> {
    let response = request.send().await.ok()?;
    let status = response.status().as_u16();
    let mut bytes = format!("{:?}", response.headers()).into_bytes();
    let body = response.bytes().await.ok()?;
    bytes.extend_from_slice(&body);
    keep(heard, &bytes);
    Some((status, body.to_vec()))
}

fn http() -> reqwest::Client {
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
}

fn keep(heard: &Path, bytes: &[u8]) {
    let mut file = OpenOptions::new().create(true).append(true).open(heard).unwrap();
    file.write_all(bytes).unwrap();
}

fn say(line: &Value) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

fn random() -> [u8; 32] {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}

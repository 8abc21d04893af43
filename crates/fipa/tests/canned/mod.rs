//! A server that says what the test wrote down, over TCP or TLS, and keeps what it heard.

#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub(crate) mod tls;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use placet_core::ports::{Challenge, ServerError, Servers as _, Step};
use placet_core::request::{Authorization, Server};
use placet_fipa::{Client, ClientOptions, Session};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// What is said to one request; `None` closes the connection instead.
pub(crate) type Said = Option<String>;

/// One request: its first line and its body.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) line: String,
    pub(crate) body: String,
}

pub(crate) struct Canned {
    pub(crate) origin: String,
    heard: Arc<Mutex<Vec<Heard>>>,
    task: JoinHandle<()>,
}

impl Drop for Canned {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Canned {
    /// Plain http. `say` is told the origin, the number of the request and the request.
    pub(crate) async fn http(
        say: impl Fn(&str, usize, &Heard) -> Said + Send + Sync + 'static,
    ) -> Self {
        Self::start("http", 0, None, say).await
    }

    /// Plain http on this port, as if the server had come back.
    pub(crate) async fn http_at(
        port: u16,
        say: impl Fn(&str, usize, &Heard) -> Said + Send + Sync + 'static,
    ) -> Self {
        Self::start("http", port, None, say).await
    }

    /// https.
    pub(crate) async fn https(
        tls: TlsAcceptor,
        say: impl Fn(&str, usize, &Heard) -> Said + Send + Sync + 'static,
    ) -> Self {
        Self::start("https", 0, Some(tls), say).await
    }

    async fn start(
        scheme: &str,
        port: u16,
        tls: Option<TlsAcceptor>,
        say: impl Fn(&str, usize, &Heard) -> Said + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let origin = format!("{scheme}://localhost:{port}");
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (place, kept) = (origin.clone(), Arc::clone(&heard));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                match &tls {
                    None => exchange(stream, &place, &kept, &say).await,
                    Some(tls) => {
                        if let Ok(stream) = tls.accept(stream).await {
                            exchange(stream, &place, &kept, &say).await;
                        }
                    }
                }
            }
        });
        Self { origin, heard, task }
    }

    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().expect("no test panics in there").clone()
    }

    /// Requests to the challenge endpoint.
    pub(crate) fn contacts(&self) -> Vec<Heard> {
        self.heard().into_iter().filter(|heard| heard.line.starts_with("POST /ace ")).collect()
    }

    /// Stops, and says on which port it was.
    pub(crate) async fn stop(mut self) -> u16 {
        self.task.abort();
        let _ = (&mut self.task).await;
        let port = self.origin.rsplit(':').next().and_then(|port| port.parse().ok());
        port.expect("an origin with a port")
    }

    pub(crate) async fn begin(&self, client: &Client) -> Step<Session> {
        client.begin(&server_at(&self.origin), &asked_of(&self.origin), false).await
    }
}

/// The server as it is enrolled.
pub(crate) fn server_at(origin: &str) -> Server {
    Server {
        issuer: origin.to_owned(),
        name: "canned".into(),
        client_id: "placet".into(),
        account: "sam@example.com".into(),
        challenge_endpoint: None,
        danger_http_loopback: true,
        way: placet_core::way::Way::default(),
    }
}

/// A request for it.
pub(crate) fn asked_of(origin: &str) -> Authorization {
    Authorization {
        issuer: origin.to_owned(),
        scope: None,
        resource: Vec::new(),
        authorization_details: Vec::new(),
        authorization_details_raw: None,
        acr_values: None,
        max_age: None,
        code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".into(),
    }
}

async fn exchange(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    origin: &str,
    kept: &Mutex<Vec<Heard>>,
    say: &(impl Fn(&str, usize, &Heard) -> Said + Send + Sync),
) {
    let Some(heard) = read(&mut stream).await else { return };
    let number = {
        let mut kept = kept.lock().expect("no test panics in there");
        kept.push(heard.clone());
        kept.len()
    };
    if let Some(said) = say(origin, number, &heard) {
        let _ = stream.write_all(said.as_bytes()).await;
        let _ = stream.shutdown().await;
    }
}

/// One request, by its `content-length`.
async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Heard> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
            });
            let body = &bytes[end + 4..];
            if body.len() >= length.unwrap_or(0) {
                let line = head.lines().next().unwrap_or_default().to_owned();
                return Some(Heard { line, body: String::from_utf8_lossy(body).into_owned() });
            }
        }
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk).await {
            Ok(n) if n > 0 => bytes.extend_from_slice(&chunk[..n]),
            _ => return None,
        }
    }
}

/// A JSON answer.
pub(crate) fn json(status: u16, body: &str) -> Said {
    with_header(status, "content-type: application/json", body)
}

/// An answer with one header line more.
pub(crate) fn with_header(status: u16, header: &str, body: &str) -> Said {
    Some(format!(
        "HTTP/1.1 {status} Said\r\n{header}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    ))
}

/// Metadata with a challenge endpoint at `/ace`.
pub(crate) fn metadata(origin: &str) -> Said {
    json(
        200,
        &format!(
            r#"{{"issuer":"{origin}","authorization_challenge_endpoint":"{origin}/ace","token_endpoint":"{origin}/token"}}"#
        ),
    )
}

/// A challenge with these `elicitations` properties and this `auth_session`.
pub(crate) fn challenge(auth_session: &str, properties: &str) -> Said {
    json(
        400,
        &format!(
            r#"{{"error":"insufficient_authorization","auth_session":"{auth_session}","elicitations":[{{"mode":"form","message":"m","requestedSchema":{{"type":"object","properties":{properties}}}}}]}}"#
        ),
    )
}

/// Short pauses, little patience, plain http allowed.
pub(crate) fn options() -> ClientOptions {
    ClientOptions {
        danger_allow_http_loopback: true,
        pauses: [Duration::from_millis(5), Duration::from_millis(10)],
        request_timeout: Duration::from_secs(2),
        ..ClientOptions::default()
    }
}

pub(crate) fn question(step: Step<Session>) -> Challenge<Session> {
    match step {
        Step::Challenged(challenge) => challenge,
        other => panic!("a question was expected, not {other:?}"),
    }
}

pub(crate) fn refused(step: Step<Session>) -> ServerError {
    match step {
        Step::Refused(error) => error,
        other => panic!("a refusal was expected, not {other:?}"),
    }
}

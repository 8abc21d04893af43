//! How a stage is set up, and what it says when it has started.
//!
//! [`Started`] is the one line of JSON that `stage-as` prints; its member names are a contract with
//! every script that reads it.

use super::Scenario;

/// Everything that can be chosen before the start.
#[derive(Clone, Debug)]
pub struct Config {
    /// TCP port on loopback; 0 takes a free one.
    pub port: u16,
    /// Path of the issuer without slashes around it, for RFC 8414 §3.1 (`tenant` gives
    /// `http://localhost:PORT/tenant`). None: the issuer has no path.
    pub issuer_path: Option<String>,
    /// How the stage behaves until told otherwise.
    pub scenario: Scenario,
    /// Digits of a one-time code, 6 to 8.
    pub otp_digits: u8,
    /// Serve https with a certificate of its own making instead of http.
    pub tls_self_signed: bool,
    /// The public clients that may ask.
    pub clients: Vec<String>,
    /// The names that may come as `login_hint`; each gets an authenticator app of its own.
    pub accounts: Vec<String>,
    /// Known types of `authorization_details` (RFC 9396 §10).
    pub details_types: Vec<String>,
    /// TOTP secret of every account, raw bytes; None makes a random one for each.
    pub totp_secret: Option<Vec<u8>>,
    /// Wrong codes in a row after which an account is locked.
    pub max_wrong: u32,
    /// Seconds that an authorization code lives.
    pub code_lifetime: u64,
    /// Seconds that a challenge lives.
    pub challenge_lifetime: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            port: 0,
            issuer_path: None,
            scenario: Scenario::Selection,
            otp_digits: 6,
            tls_self_signed: false,
            clients: vec!["placet".to_owned()],
            accounts: vec!["sam@example.com".to_owned()],
            details_types: ["agent_intent", "agent_action", "tool_call", "payment_initiation"]
                .map(str::to_owned)
                .to_vec(),
            totp_secret: None,
            max_wrong: 5,
            code_lifetime: 60,
            challenge_lifetime: 600,
        }
    }
}

/// What a started stage tells whoever started it; `stage-as` prints it as one line of JSON.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Started {
    /// The issuer (RFC 8414 §2), without a slash at its end.
    pub issuer: String,
    /// Address of the control API, without a slash at its end.
    pub control: String,
    /// Bearer token that the control API wants.
    pub control_token: String,
    /// The first account's authenticator app, as an `otpauth:` URI.
    pub otpauth: String,
    /// The first account's name.
    pub account: String,
    /// The first client's id.
    pub client_id: String,
    /// The protected resource: `POST {resource}/{tool}` with the tool's arguments as JSON.
    pub resource: String,
    /// Digits of a one-time code.
    pub otp_digits: u8,
    /// PEM of the certificate to trust, with `tls_self_signed`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ca_pem: Option<String>,
}

//! The server side of the story: a small, real authorization server with one guarded resource.
//!
//! What it does: publishes RFC 8414 metadata, runs the authorization challenge endpoint of
//! draft-ietf-oauth-first-party-apps-03 with the elicitations of
//! draft-embesozzi-oauth-agent-native-authorization-00, verifies RFC 6238 codes, issues
//! authorization codes and tokens (RFC 6749, RFC 7636, RFC 9396), and guards one resource with
//! them. On command it misbehaves, each way a named [`Scenario`].
//!
//! What it promises: it is an independent reading of the standards (no crate of ours below it), it
//! is strict about what it receives, and it writes down every request so that a test can ask what
//! was really sent.
//!
//! What it must never do: leave loopback, or serve anything but tests and the demo: its journal
//! holds secrets by design.

mod ceremony;
mod challenge;
mod clock;
mod config;
mod control;
mod dress;
mod elicit;
mod fault;
mod grant;
mod instance;
mod journal;
mod judge;
mod metadata;
mod passkey;
mod process;
mod random;
mod registry;
mod reply;
mod request;
mod resource;
mod routes;
mod scenario;
mod script;
mod session;
mod stage;
mod tls;
mod token;
mod totp;
mod web;
mod wire;
mod world;

#[cfg(test)]
mod tests;

pub use config::{Config, Started};
pub use journal::{Entry, Fate, Journal};
pub use process::{Process, ProcessError};
pub use registry::Registering;
pub use scenario::{Scenario, UnknownScenario};
pub use stage::{Stage, StageError};
pub use totp::{Account, CodeNow, Verdict};
pub use world::{Counts, UrlEnd};

//! The agent protocol: JSON-RPC 2.0, one JSON object a line, over Placet's local socket.
//!
//! `docs/agent-protocol.md` is written from `fixtures/*.json`, which the tests read too. The daemon
//! turns a line's bytes into a [`serde_json::Value`] with its own strict reader (duplicate members,
//! depth, length) and hands it to [`message::read`]; clients write an [`ask::Ask`] with
//! [`message::line`] and read what comes back with [`heard::hear`].
//!
//! **Promises.** What [`message::read`] returns is complete and within its limits; what it refuses
//! gets one JSON-RPC error that names the member (S10). A requester cannot name an endpoint, a
//! `client_id` or a `login_hint`: that is an error that says so (S6, S7). Values that are the
//! requester's alone print as `[redacted]`.
//!
//! **Never.** No I/O, no threads, no crate of ours, no rule of what may be approved.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod answerer;
pub mod ask;
pub mod elicit;
pub mod flaw;
pub mod heard;
mod members;
pub mod message;
pub mod notice;
pub mod outcome;
pub mod params;
pub mod passkeys;
pub mod results;
pub mod sensitive;

/// The one version of this protocol so far.
pub const VERSION: &str = "0";

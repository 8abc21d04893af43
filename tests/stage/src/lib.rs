//! The stage on which Placet is tested and shown: a small authorization server, a private desktop
//! with a scripted person, an attacker in the same session, a security key that is played, a proxy, and the
//! search for leaked secrets.
//!
//! It stands apart from what it tests: it must never depend on a crate of Placet's own, so that a
//! mistake there cannot hide here.

pub mod desktop;
pub mod key;
pub mod proxy;
pub mod search;
pub mod server;
pub mod softkey;

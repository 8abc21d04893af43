//! Everything of Placet but the window: the socket, the peers, the queue, the record. Runs
//! headless: the window stands behind [`desk::Window`].
//!
//! **Promises.** Start at [`daemon::Daemon::start`]. A request comes in at [`server`], is
//! admitted, goes once through `placet_core::approval::handle` and is answered on the connection
//! that asked. What is recorded is durable before the next step ([`store`]). Stopping ends every
//! prompt that was caused.
//!
//! **Never** decide here: what may be asked and what a yes is, is said in `placet_core`.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

/// The authenticators of a machine, for who starts a [`daemon::Daemon`] with them.
pub use placet_authenticators::SecurityKeys;
pub use placet_wire::answerer;

pub mod clock;
pub mod daemon;
pub mod desk;
mod line;
mod random;
mod server;
pub mod store;

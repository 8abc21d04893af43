//! One request, top to bottom: record, judge, ask, authorize, record, answer.
//!
//! Read this file first. (The body follows; the signature is what the daemon calls.)

use std::future::Future;

use crate::outcome::{Ended, Reason};
use crate::ports::Ports;
use crate::request::Request;

/// Takes one admitted request to its one end.
///
/// `stopped` resolves with a reason when nobody needs the answer any more: the connection ended
/// (S13), the requester took it back, a twin superseded it (F12), Placet stops.
///
/// The end is on record when this returns. It never panics and always returns.
pub async fn handle<P: Ports>(
    _ports: &P,
    _request: &Request,
    _stopped: impl Future<Output = Reason> + Send,
) -> Ended {
    Ended::no(Reason::NoHuman)
}

//! A change that the book asks for and that widens what is allowed: a question like any other.
//!
//! **Promises.** It goes through `placet_core::approval::handle` once, and is brought about only by
//! the yes that was made there; what it brings about is on record.
//!
//! **Never** let it come over the socket: the book's pipes are the one way in, so that asking takes at
//! least a press in a window of the person's.

use placet_core::approval;
use placet_core::ports::{Clock as _, Event, Servers};
use placet_core::request::{Asker, Kernel, Matter, Place, Request};
use placet_core::settings::{Change, Setting};
use placet_wire::params::EXPIRES_IN_DEFAULT;

use super::case::{CasePorts, Leave, if_recorded, told};
use super::pending::{Admitted, Open, Owner, Stop};
use super::{House, Shared};
use crate::desk::Window;
use crate::random;

/// Asks, and brings it about.
pub(super) async fn ask<W: Window, S: Servers + 'static>(shared: &Shared<W, S>, change: Change) {
    let house = &shared.house;
    let Some(request) = request(house, change.clone()) else {
        return tracing::error!("a change could not be asked for");
    };
    let Ok(matter) = request.hash() else {
        return tracing::error!("a change could not be compared");
    };
    let stop = Stop::new();
    let open = Open::new(&request, Owner::Book, None, matter, stop.clone());
    // It has no name of its own, so that it is new or Placet stops.
    let Admitted::New(open) = house.registry.admit(open, false) else { return };
    let _leave = Leave { house, open: &open };
    let ports = CasePorts::new(shared, &open);
    let ended = Box::pin(approval::handle(&ports, &request, stop.stopped())).await;
    house.board.answered(&request, ended.reason);
    let ended = match event(house, change) {
        Some(event) if ended.is_approved() => if_recorded(house, &request, event, ended).await,
        _ => ended,
    };
    tracing::info!(reason = ended.reason.code(), "a change was asked for");
    house.registry.end(&open, told(&open, &ended, None));
    house.switched.send_replace(());
}

fn request(house: &House, change: Change) -> Option<Request> {
    let received_at = house.clock.now();
    Some(Request {
        id: random::request_id().ok()?,
        // Ourselves. Who pressed the book's button cannot be known, and the screen says so.
        asker: Asker {
            pairing: None,
            claims: None,
            kernel: Kernel {
                uid: rustix::process::geteuid().as_raw(),
                pid: i32::try_from(std::process::id()).ok(),
                chain: vec![],
                cwd: None,
                place: Place::Session,
            },
        },
        matter: Matter::Change { change },
        words: None,
        binding_code: random::code().ok()?,
        received_at,
        expires_at: received_at.plus_seconds(EXPIRES_IN_DEFAULT),
    })
}

/// What a yes brings about; `None` if its agent has gone meanwhile.
fn event(house: &House, change: Change) -> Option<Event> {
    let until = house.clock.now();
    match change {
        Change::Set(Setting::OnNotification { kind, .. })
            if !house.store.state().is_paired(&kind.agent) =>
        {
            None
        }
        Change::Set(setting) => Some(Event::Set { setting }),
        Change::EndPause => Some(Event::Paused { until }),
        Change::EndMute(bucket) => Some(Event::Muted { bucket, until }),
    }
}

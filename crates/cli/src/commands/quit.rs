//! `placet quit`: for a desktop without a tray, or a terminal at hand.
//!
//! **Promises.** It ends what answers at the socket by the signal that ends a program in order, so that
//! everything that waits gets a no; it says so only once the connection is closed.
//!
//! **Never** ask for a right that a program of the user has not anyway.

use std::io::Read as _;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::args::Global;
use crate::exit::{Exit, Stop};
use crate::print::Printer;
use crate::socket;

/// The record is closed by then; a Placet that hangs is said.
const ENDS_WITHIN: Duration = Duration::from_secs(10);

/// `placet quit`.
pub(crate) fn quit(global: &Global, printer: &mut Printer) -> Result<Exit, Stop> {
    let stream = socket::connect(&socket::path(global.socket.as_deref())?)?;
    let pid = socket::process(&stream)?.and_then(Pid::from_raw).ok_or_else(|| {
        let why = "Placet runs where its process cannot be seen. Quit it in its own menu.";
        Stop::Local(why.to_owned())
    })?;
    kill_process(pid, Signal::TERM).map_err(|error| {
        Stop::Local(format!("Placet (process {pid:?}) cannot be ended: {error}"))
    })?;
    if !closed(stream) {
        let pid = pid.as_raw_nonzero();
        return Err(Stop::Local(format!(
            "Placet (process {pid}) was told to end, and has not yet."
        )));
    }
    printer.answer(&json!({ "ended": true }), Vec::new)?;
    printer.progress("Placet has ended. Whatever waited got a no.");
    Ok(Exit::Approved)
}

/// Whether the other end goes away in time.
fn closed(mut stream: UnixStream) -> bool {
    if stream.set_read_timeout(Some(ENDS_WITHIN)).is_err() {
        return false;
    }
    let mut rest = [0; 512];
    loop {
        match stream.read(&mut rest) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return error.kind() == std::io::ErrorKind::ConnectionReset,
        }
    }
}

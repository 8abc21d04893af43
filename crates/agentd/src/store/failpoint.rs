//! Places where a crash test kills this very process: before, inside and after each write.
//!
//! **Promises.** Nothing of this exists in a release build. With `PLACET_FAILPOINT=ended.before`
//! in the environment a debug build dies by `SIGKILL` just before it writes an `ended` entry;
//! `.inside` is between the write and its commit, `.after` once it is durable. A number behind,
//! `ended.before#3`, lets two such moments pass.
//!
//! **Never** use it for anything but dying: a failpoint that changes behaviour would test another
//! program.

/// Where, around one write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Nothing is written yet.
    Before,
    /// Written, not committed.
    Inside,
    /// Committed and on disk.
    After,
}

impl Moment {
    /// All of them, for the crash test.
    pub const ALL: [Self; 3] = [Self::Before, Self::Inside, Self::After];

    /// The second half of a failpoint's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::Inside => "inside",
            Self::After => "after",
        }
    }
}

/// Every event of the record: the first half of a failpoint's name. A test holds this list equal
/// to `placet_core::ports::Event`.
pub const EVENTS: [&str; 21] = [
    "received",
    "repeated",
    "shown",
    "answered",
    "contacting",
    "challenged",
    "asserted",
    "installation_registered",
    "passkey_made",
    "passkey_changed",
    "ended",
    "paired",
    "unpaired",
    "server_enrolled",
    "server_removed",
    "paused",
    "muted",
    "set",
    "suspicious",
    "key_made",
    "started",
];

/// The variable that names the failpoint.
pub const VARIABLE: &str = "PLACET_FAILPOINT";

/// Dies here if the environment says so.
#[cfg(debug_assertions)]
pub(crate) fn failpoint(event: &str, moment: Moment) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};
    static WANTED: OnceLock<Option<String>> = OnceLock::new();
    static PASSED: AtomicU32 = AtomicU32::new(0);
    let Some(wanted) = WANTED.get_or_init(|| std::env::var(VARIABLE).ok()) else { return };
    let (name, count) = wanted.split_once('#').unwrap_or((wanted, "1"));
    if name.split_once('.') == Some((event, moment.as_str()))
        && Some(PASSED.fetch_add(1, Ordering::Relaxed).saturating_add(1)) == count.parse().ok()
    {
        // Nothing may run after this line: no destructor, no flush. If the signal could not be
        // sent, going on would only make the crash test fail, which is right.
        let _ =
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    }
}

/// A release build has no failpoints.
#[cfg(not(debug_assertions))]
#[inline]
pub(crate) fn failpoint(_event: &str, _moment: Moment) {}

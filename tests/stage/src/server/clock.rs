//! The time that the stage lives in.
//!
//! It runs with the machine's clock plus an offset that a test may push forward, so that nobody
//! waits thirty seconds for the next one-time code. It never runs backwards.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since 1970, as the stage sees them.
#[derive(Debug, Default)]
pub(super) struct Clock {
    ahead: AtomicU64,
}

impl Clock {
    /// Now, in seconds since 1970.
    pub(super) fn now(&self) -> u64 {
        real().as_secs().saturating_add(self.ahead.load(Ordering::SeqCst))
    }

    /// Moves the stage's time forward.
    pub(super) fn advance(&self, seconds: u64) {
        self.ahead.fetch_add(seconds, Ordering::SeqCst);
    }
}

/// Milliseconds since 1970 by the machine's clock, for the journal.
pub(super) fn real_ms() -> u64 {
    u64::try_from(real().as_millis()).unwrap_or(u64::MAX)
}

fn real() -> std::time::Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

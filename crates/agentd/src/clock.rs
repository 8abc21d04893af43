//! Time as the machine has it.
//!
//! **Promises.** [`RealClock::until`] resolves when the deadline has passed on the wall clock or on
//! the clock that counts sleep, at most a second late: a machine that slept or a clock that was
//! set is noticed (F7).
//!
//! **Never** measure a deadline by a timer alone: timers stand still while the machine sleeps.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use placet_core::ports::Clock;
use placet_core::request::Timestamp;
use rustix::time::{ClockId, clock_gettime};

/// A jump of the wall clock is noticed this soon.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// The real clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealClock;

impl Clock for RealClock {
    fn now(&self) -> Timestamp {
        // Before 1970 everything has expired: that is the safe reading of a broken clock's past,
        // and its future cannot be told from the truth.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn awake_and_asleep(&self) -> u64 {
        let time = clock_gettime(ClockId::Boottime);
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        let nanoseconds = u64::try_from(time.tv_nsec).unwrap_or(0);
        seconds.saturating_mul(1000).saturating_add(nanoseconds / 1_000_000)
    }

    async fn until(&self, deadline: Timestamp) {
        let Timestamp(from) = self.now();
        let left = u64::try_from(deadline.0.saturating_sub(from)).unwrap_or(0);
        let boot_deadline = self.awake_and_asleep().saturating_add(left);
        loop {
            let wall = u64::try_from(deadline.0.saturating_sub(self.now().0)).unwrap_or(0);
            let boot = boot_deadline.saturating_sub(self.awake_and_asleep());
            let left = wall.min(boot);
            if left == 0 {
                return;
            }
            tokio::time::sleep(LOOK_AGAIN.min(Duration::from_millis(left))).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn f7_a_deadline_in_the_past_has_passed() {
        RealClock.until(Timestamp(RealClock.now().0 - 1)).await;
        let soon = Timestamp(RealClock.now().0 + 20);
        RealClock.until(soon).await;
        assert!(RealClock.now() >= soon);
    }
}

//! Accounts and their one-time codes (RFC 6238, SHA-1, 30 seconds).
//!
//! Promises: a code is right within one step of now and only once; the step of the last accepted
//! code is remembered and no step up to it is ever accepted again. Wrong codes are counted per
//! account, over all its sessions, and at the limit the account is locked.
//! Never compares codes itself: totp-rs does, in constant time.

use serde::Serialize;
use totp_rs::{Algorithm, Builder, Secret, Totp};

/// Seconds a code is shown for (RFC 6238 §5.2).
pub(super) const STEP: u64 = 30;

/// Someone the stage knows, with one authenticator app.
#[derive(Debug)]
pub struct Account {
    name: String,
    totp: Totp,
    digits: u8,
    last_step: Option<u64>,
    wrong: u32,
}

/// What became of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// The code of a step that was not used before.
    Right,
    /// Right once, but its step was used already.
    Replayed,
    /// No code of this account now.
    Wrong,
}

/// A code that the account would accept now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct CodeNow {
    /// The digits.
    pub code: String,
    /// The RFC 6238 step that it belongs to.
    pub step: u64,
    /// Seconds for which the stage still accepts it.
    pub valid_for: u64,
}

impl Account {
    /// An account with this secret (raw bytes) and this many digits (6 to 8, see [`super::Config`]).
    pub(super) fn new(name: &str, secret: &[u8], digits: u8) -> Self {
        let totp = Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(digits)
            .with_secret(Secret::from(secret.to_vec()))
            .with_skew(1)
            .with_step_duration(STEP)
            .build_noncompliant();
        Self { name: name.to_owned(), totp, digits, last_step: None, wrong: 0 }
    }

    /// The name that comes as `login_hint`.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Digits of a code.
    pub(super) fn digits(&self) -> u8 {
        self.digits
    }

    /// The URI an authenticator app is set up with (Key Uri Format of Google Authenticator).
    pub(super) fn otpauth(&self) -> String {
        let name: String = url::form_urlencoded::byte_serialize(self.name.as_bytes()).collect();
        format!(
            "otpauth://totp/Placet%20stage:{name}?secret={}&issuer=Placet%20stage&algorithm=SHA1&digits={}&period={STEP}",
            self.totp.secret().to_base32(),
            self.digits
        )
    }

    /// Judges a code at a time in seconds since 1970, and uses it up if it is right.
    pub(super) fn check(&mut self, code: &str, now: u64) -> Verdict {
        let right_length =
            code.len() == usize::from(self.digits) && code.bytes().all(|b| b.is_ascii_digit());
        match self.totp.check(code, now).filter(|_| right_length) {
            Some(step) if self.last_step.is_some_and(|last| step <= last) => {
                self.wrong = self.wrong.saturating_add(1);
                Verdict::Replayed
            }
            Some(step) => {
                self.last_step = Some(step);
                self.wrong = 0;
                Verdict::Right
            }
            None => {
                self.wrong = self.wrong.saturating_add(1);
                Verdict::Wrong
            }
        }
    }

    /// Counts a code as wrong without looking at it.
    pub(super) fn count_wrong(&mut self) {
        self.wrong = self.wrong.saturating_add(1);
    }

    /// Wrong codes since the last right one.
    pub(super) fn wrong(&self) -> u32 {
        self.wrong
    }

    /// Forgets wrong codes.
    pub(super) fn unlock(&mut self) {
        self.wrong = 0;
    }

    /// The codes of the steps around now, two to each side.
    pub(super) fn around(&self, now: u64) -> Vec<String> {
        let current = now / STEP;
        (current.saturating_sub(2)..=current.saturating_add(2))
            .map(|step| self.totp.generate(step.saturating_mul(STEP)).to_string())
            .collect()
    }

    /// A code that would be accepted now: the current step's, or the next one's when the current
    /// step is used up. None when both are.
    pub(super) fn code(&self, now: u64) -> Option<CodeNow> {
        let current = now / STEP;
        let step = match self.last_step {
            Some(last) if last >= current => last.saturating_add(1),
            _ => current,
        };
        // One step early and one step late are accepted.
        (step <= current.saturating_add(1)).then(|| CodeNow {
            code: self.totp.generate(step.saturating_mul(STEP)).to_string(),
            step,
            valid_for: step.saturating_add(2).saturating_mul(STEP).saturating_sub(now),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238 Appendix B prints eight digits; the last six are the six-digit code.
    const RFC_KEY: &[u8] = b"12345678901234567890";

    #[test]
    fn t9_the_codes_are_those_of_rfc_6238() {
        for (time, eight) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (20_000_000_000, "65353130"),
        ] {
            assert_eq!(
                Account::new("a", RFC_KEY, 8).check(eight, time),
                Verdict::Right,
                "eight digits at {time}"
            );
            assert_eq!(
                Account::new("a", RFC_KEY, 6).check(eight.get(2..).unwrap(), time),
                Verdict::Right,
                "six digits at {time}"
            );
        }
        assert_eq!(Account::new("a", RFC_KEY, 6).code(59).unwrap().code, "287082");
        assert_eq!(Account::new("a", RFC_KEY, 6).code(1_111_111_109).unwrap().code, "081804");
    }

    #[test]
    fn t9_one_step_early_or_late_is_right_and_two_are_not() {
        for (now, verdict) in
            [(59 - 30, Verdict::Right), (59 + 30, Verdict::Right), (59 + 60, Verdict::Wrong)]
        {
            assert_eq!(Account::new("a", RFC_KEY, 6).check("287082", now), verdict, "at {now}");
        }
        // T=59 is step 1; two steps before step 1111111109/30 is too early.
        assert_eq!(
            Account::new("a", RFC_KEY, 6).check("081804", 1_111_111_109 - 60),
            Verdict::Wrong
        );
    }

    #[test]
    fn t9_a_code_is_right_once() {
        let mut account = Account::new("a", RFC_KEY, 6);
        assert_eq!(account.check("287082", 59), Verdict::Right);
        assert_eq!(account.check("287082", 59), Verdict::Replayed);
        assert_eq!(account.check("287082", 60), Verdict::Replayed, "also in the step after");
    }

    #[test]
    fn t9_an_older_code_is_refused_after_a_newer_one() {
        let mut account = Account::new("a", RFC_KEY, 6);
        let next = account.code(60).unwrap();
        assert_eq!(next.step, 2);
        assert_eq!(
            account.check(&next.code, 59),
            Verdict::Right,
            "the next step's code, one step early"
        );
        assert_eq!(account.check("287082", 59), Verdict::Replayed);
    }

    #[test]
    fn t9_other_lengths_and_letters_are_wrong() {
        for code in ["", "28708", "2870820", "28708x", "287 082", "٢٨٧٠٨٢"] {
            assert_eq!(Account::new("a", RFC_KEY, 6).check(code, 59), Verdict::Wrong, "{code:?}");
        }
    }
}

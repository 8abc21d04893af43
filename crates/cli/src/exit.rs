//! The exit status (design §8), and why a command stopped.
//!
//! **Promises.** [`Exit::Approved`] comes from an outcome object that says `approved` (or, for
//! commands that ask nobody, from an answer that was understood).

use std::fmt;
use std::process::ExitCode;

use placet_wire::flaw::Problem;
use placet_wire::outcome::Outcome;

/// The exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: approved, or done.
    Approved,
    /// 1: a person said no.
    Declined,
    /// 2: the command was not understood.
    Usage,
    /// 3: nobody answered, or not in time, or a newer twin is open.
    Over,
    /// 4: anything else.
    Other,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Approved => 0,
            Exit::Declined => 1,
            Exit::Usage => 2,
            Exit::Over => 3,
            Exit::Other => 4,
        })
    }
}

impl From<Outcome> for Exit {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Approved => Self::Approved,
            Outcome::Declined => Self::Declined,
            Outcome::Expired | Outcome::Cancelled | Outcome::Superseded => Self::Over,
            Outcome::Unreachable
            | Outcome::Locked
            | Outcome::RejectedByAs
            | Outcome::Unsupported
            | Outcome::ProtocolError
            | Outcome::RateLimited => Self::Other,
        }
    }
}

/// Why a command ended without an answer.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The caller: a value that cannot be sent.
    Usage(String),
    /// No daemon at this path.
    NotRunning(String),
    /// The connection ended, or nothing came in time.
    Lost(String),
    /// The daemon's answer was not understood.
    Garbled(String),
    /// The daemon answered with an error.
    Refused(Problem),
    /// A file or stdout of ours.
    Local(String),
}

impl Stop {
    /// A stable word for scripts.
    pub(crate) fn code(&self) -> &str {
        match self {
            Self::Usage(_) => "usage",
            Self::NotRunning(_) => "not_running",
            Self::Lost(_) => "connection_lost",
            Self::Garbled(_) => "not_understood",
            Self::Refused(problem) => {
                problem.data.as_ref().map_or("refused", |data| data.code.as_str())
            }
            Self::Local(_) => "local",
        }
    }

    /// The exit status: wrong parameters are usage, also when the daemon finds them.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) => Exit::Usage,
            Self::Refused(problem) if problem.code == -32602 => Exit::Usage,
            _ => Exit::Other,
        }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(text)
            | Self::NotRunning(text)
            | Self::Lost(text)
            | Self::Garbled(text)
            | Self::Local(text) => f.write_str(text),
            Self::Refused(problem) => f.write_str(&problem.message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_approved_exits_0() {
        for outcome in Outcome::ALL {
            let approved = Exit::from(outcome) == Exit::Approved;
            assert_eq!(approved, outcome == Outcome::Approved, "{outcome}");
        }
    }
}

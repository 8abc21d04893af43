//! Programs that a session owns, each in its own process group.
//!
//! Promises: a dropped [`Program`] is over, with its whole group; nothing is ended by name, and
//! no process id is signalled after it was reaped (it could be somebody else's by then).

use std::fs::File;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, kill_process_group, pidfd_open, waitid,
};

use super::fault::{Fault, Result, While};

/// How long a program may take to end when it is asked to, before it is killed.
const ENDS_WITHIN: Duration = Duration::from_secs(3);

/// A running program; ended, with its process group, on drop.
#[derive(Debug)]
pub struct Program {
    name: String,
    child: Child,
    log: PathBuf,
}

/// Starts programs from one thread that lives as long as the session.
///
/// The kernel's parent-death signal follows the *thread* that forked; a test's own thread may end
/// before the session does.
#[derive(Debug, Clone)]
pub(crate) struct Starter {
    orders: mpsc::Sender<Order>,
}

type Order = (Command, mpsc::Sender<std::io::Result<Child>>);

impl Starter {
    pub(crate) fn new() -> Self {
        let (orders, received) = mpsc::channel::<Order>();
        thread::spawn(move || {
            for (mut command, answer) in received {
                // Nobody waits for the answer any more: the child is dropped and lives on until
                // the session sweeps.
                let _ = answer.send(command.spawn());
            }
        });
        Self { orders }
    }

    /// Starts `command`, its standard error (and output, unless `piped`) going to a file in `logs`.
    pub(crate) fn start(
        &self,
        name: &str,
        mut command: Command,
        logs: &Path,
        piped: bool,
    ) -> Result<Program> {
        let doing = || format!("starting {name}");
        let log = logs.join(format!("{name}.log"));
        let file = File::options().create(true).append(true).open(&log).doing(doing())?;
        if !piped {
            command.stdout(file.try_clone().doing(doing())?);
        }
        command.stderr(file).process_group(0);
        let (answer, answered) = mpsc::channel();
        self.orders.send((command, answer)).doing(doing())?;
        let child = answered.recv().doing(doing())?.doing(doing())?;
        Ok(Program { name: name.to_owned(), child, log })
    }
}

impl Program {
    /// The name it was started under.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The process id, which is that of the program itself.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The program's input, if its command asked for a pipe.
    pub fn stdin(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// The program's output, if it was started by [`super::Session::spawn_piped`].
    pub fn stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// What the program wrote to its standard error so far (and output, unless piped).
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read(&self.log)
            .map(|log| String::from_utf8_lossy(&log).into_owned())
            .unwrap_or_default()
    }

    /// Waits until the program has ended by itself. The process stays a zombie until dropped.
    ///
    /// # Errors
    /// When it is still running after `within`; the message ends with its log.
    pub fn wait(&mut self, within: Duration) -> Result<ExitStatus> {
        if !self.ends_within(within)? {
            let cause = format!("still running after {within:?}; its log: {}", self.log());
            return Err(Fault::new(format!("waiting for {} to end", self.name), cause));
        }
        let doing = || format!("asking how {} ended", self.name);
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        let status = waitid(WaitId::Pid(self.id()?), options).doing(doing())?.doing(doing())?;
        // Encoded as wait(2) does: the exit code in the second byte, a signal in the first.
        let raw = match (status.exit_status(), status.terminating_signal()) {
            (Some(code), _) => (code & 0xff) << 8,
            (None, signal) => signal.unwrap_or_default() & 0x7f,
        };
        Ok(ExitStatus::from_raw(raw))
    }

    /// Whether the program is still running.
    #[must_use]
    pub fn running(&self) -> bool {
        !self.ends_within(Duration::ZERO).unwrap_or(true)
    }

    /// Sends a signal to the program and its process group.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        // Not reaped before drop, so that the number is still ours.
        kill_process_group(self.id()?, signal).doing(format!("signalling {}", self.name))
    }

    /// Asks the program to end, kills what is left of its group, and reaps it.
    pub fn stop(self) {
        drop(self);
    }

    fn id(&self) -> Result<Pid> {
        i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).doing("naming a process")
    }

    fn ends_within(&self, within: Duration) -> Result<bool> {
        let doing = || format!("watching {}", self.name);
        let process = pidfd_open(self.id()?, PidfdFlags::empty()).doing(doing())?;
        readable_within(&process, Instant::now() + within).doing(doing())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.signal(Signal::TERM);
        let _ = self.ends_within(ENDS_WITHIN);
        let _ = self.signal(Signal::KILL);
        let _ = self.child.wait();
    }
}

/// Waits until `fd` is readable; false when the deadline came first.
pub(crate) fn readable_within(
    fd: impl std::os::fd::AsFd,
    deadline: Instant,
) -> std::result::Result<bool, rustix::io::Errno> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let left = Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(left.subsec_nanos()),
        };
        let mut fds = [PollFd::new(&fd, PollFlags::IN)];
        match poll(&mut fds, Some(&left)) {
            Ok(ready) => return Ok(ready > 0),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
}

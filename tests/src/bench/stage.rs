//! The private desktop that everything is measured on, and how programs are started on it.
//!
//! It has a window manager, a tray and a notification daemon, since Placet uses them; the last two
//! are the benchmark's own and draw nothing. It has no accessibility bus: that makes the peers, whose
//! start is part of their figure, faster.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use placet_stage::desktop::{Notifications, Person, Program, Session};

use super::paint::Watch;
use super::{Outcome, Places, SOON, memory};

/// Between two measurements: what the last one left behind is done by then.
const BREATH: Duration = Duration::from_millis(300);

/// The desktop, somebody at it, and eyes.
#[derive(Debug)]
pub(super) struct Stage {
    // Dropped from top to bottom: the session last.
    pub(super) person: Person,
    pub(super) watch: Watch,
    pub(super) session: Session,
    pub(super) programs: PathBuf,
    /// Memory can be measured.
    pub(super) sees_memory: bool,
}

impl Stage {
    /// Sets it.
    ///
    /// # Errors
    /// When a part of the desktop does not start.
    pub(super) fn set(places: &Places) -> Outcome<Self> {
        let session =
            Session::builder().accessibility(false).notifications(Notifications::Fake).start()?;
        let watch = Watch::of(&session)?;
        let person = session.person()?;
        let (programs, sees_memory) = (places.programs.clone(), memory::readable());
        Ok(Self { person, watch, session, programs, sees_memory })
    }

    /// A command that becomes `program` at once: the session's own goes through setpriv(1), which
    /// would be part of every figure.
    ///
    /// # Errors
    /// When a program of ours is not there.
    pub(super) fn command(&self, program: impl AsRef<Path>) -> Outcome<Command> {
        let mut command = Command::new(self.session.install(program.as_ref())?);
        command.env_clear().envs(self.session.env()).current_dir(self.session.home());
        let user = self.session.as_user();
        if user.uid != rustix::process::geteuid().as_raw() {
            command.uid(user.uid).gid(user.gid);
        }
        Ok(command)
    }

    /// What a program takes when it is at rest, if that can be measured.
    ///
    /// # Errors
    /// When it cannot after all.
    pub(super) fn memory_of(&self, program: &Program) -> Outcome<Option<f64>> {
        if self.sees_memory { memory::at_rest(program.pid()).map(Some) } else { Ok(None) }
    }

    /// Waits until no window is left, and a moment longer.
    ///
    /// # Errors
    /// When one stays.
    pub(super) fn clear(&self) -> Outcome<()> {
        self.session.screen().await_no_window(SOON, |_| true)?;
        // Not waiting for something: the quiet is what is wanted.
        std::thread::sleep(BREATH);
        Ok(())
    }
}

//! The search for a typed code wherever an agent of the same user can read.

use std::path::PathBuf;

use placet_stage::desktop::Session;
use placet_stage::search::{Needle, Report, Search};

use super::Outcome;

/// Where to look, and whose memory rightly holds the code.
pub(super) struct Ground<'s> {
    /// The session: its files, its clipboard, its user.
    pub(super) session: &'s Session,
    /// More folders.
    pub(super) folders: Vec<PathBuf>,
    /// Processes that an agent runs: the agent, the command line.
    pub(super) memories: Vec<(u32, &'static str)>,
    /// What was recorded beside: terminal output of the command line.
    pub(super) streams: Vec<(&'static str, Vec<u8>)>,
    /// Process and reason.
    pub(super) excluded: Vec<(u32, &'static str)>,
}

impl Ground<'_> {
    /// Looks for `code` everywhere.
    ///
    /// # Errors
    /// If the code is too short to be looked for.
    pub(super) fn search(&self, code: &str) -> Outcome<Report> {
        let needle =
            Needle::new(code.as_bytes()).ok_or("the code is too short to be searched for")?;
        let mut search = Search::new(&needle);
        for (pid, why) in &self.excluded {
            search.exclude(*pid, why);
        }
        for (name, bytes) in &self.streams {
            search.stream(name, bytes);
        }
        search.folder(self.session.folder());
        for folder in &self.folders {
            search.folder(folder);
        }
        let uid = self.session.as_user().uid;
        search.processes(uid);
        for (pid, what) in &self.memories {
            search.memory(*pid, what);
        }
        if let Ok(screen) = self.session.open_screen() {
            search.display(&screen).map_err(|fault| fault.to_string())?;
        }
        Ok(search.report())
    }
}

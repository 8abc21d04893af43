//! The folders that the program uses, made closed before anything is put into them.
//!
//! **Promises.** A folder from here is ours, not a link, and open to nobody else. What the toolkit
//! takes for the user's home and configuration is empty but for links to [`DATA_ONLY`].
//!
//! **Never** go on with a folder that somebody else made.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::environment::{EMPTY_CONFIG, EMPTY_HOME, RUNTIME_FOLDER};

/// What of the user's configuration the toolkit may see, because it is data and not code: the
/// desktop's settings (light or dark, text size), and where the input method listens, without which
/// many people could not type their language.
const DATA_ONLY: [&str; 2] = ["dconf", "ibus"];

/// Where things are.
#[derive(Clone, Debug)]
pub struct Places {
    /// Socket, lock and tray pictures: `$XDG_RUNTIME_DIR/placet`.
    pub runtime: PathBuf,
    /// The record: `$XDG_STATE_HOME/placet`.
    pub state: PathBuf,
    /// Where agents ask: `PLACET_SOCK`, or `agent.sock` in the runtime folder (design §5).
    pub socket: PathBuf,
}

/// Why a folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// A variable that names it is missing.
    #[error("{0} is not set, so Placet does not know where to put its files")]
    Unnamed(&'static str),
    /// It could not be made or looked at.
    #[error("{path}: {cause}")]
    Failed {
        /// Which folder.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// It is a link, or another user's.
    #[error("{0} is not a folder of this user alone; Placet does not use it")]
    Foreign(PathBuf),
}

impl Places {
    /// Finds the folders from the environment and makes them.
    ///
    /// # Errors
    /// [`Fault`], each with a sentence for the person.
    pub fn make() -> Result<Self, Fault> {
        let variable =
            |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
        let runtime = variable("XDG_RUNTIME_DIR").ok_or(Fault::Unnamed("XDG_RUNTIME_DIR"))?;
        let state = variable("XDG_STATE_HOME").ok_or(Fault::Unnamed("HOME"))?;
        let runtime = runtime.join(RUNTIME_FOLDER);
        let socket = variable("PLACET_SOCK").unwrap_or_else(|| runtime.join("agent.sock"));
        let places = Self { runtime, state: state.join("placet"), socket };
        closed(&places.runtime)?;
        closed(&places.state)?;
        Ok(places)
    }

    /// Empties the folders that the toolkit takes for the user's home and configuration. To be
    /// called before the toolkit starts, in every process that uses it.
    ///
    /// # Errors
    /// [`Fault`] if something could not be removed.
    pub fn empty_folders(&self) -> Result<(), Fault> {
        let (home, config) = (self.runtime.join(EMPTY_HOME), self.runtime.join(EMPTY_CONFIG));
        emptied(&home)?;
        emptied(&config)?;
        let Some(real) = std::env::var_os("PLACET_CONFIG_HOME") else { return Ok(()) };
        for name in DATA_ONLY {
            let link = config.join(name);
            symlink(Path::new(&real).join(name), &link)
                .map_err(|cause| Fault::Failed { path: link, cause })?;
        }
        Ok(())
    }

    /// Where the tray's pictures are written for the panel.
    #[must_use]
    pub fn pictures(&self) -> PathBuf {
        self.runtime.join("tray")
    }
}

fn emptied(path: &Path) -> Result<(), Fault> {
    match fs::remove_dir_all(path) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
            Err(Fault::Failed { path: path.to_path_buf(), cause })
        }
        _ => closed(path),
    }
}

fn closed(path: &Path) -> Result<(), Fault> {
    let failed = |cause| Fault::Failed { path: path.to_path_buf(), cause };
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
    let found = fs::symlink_metadata(path).map_err(failed)?;
    if !found.is_dir() || found.uid() != rustix::process::geteuid().as_raw() {
        return Err(Fault::Foreign(path.to_path_buf()));
    }
    if found.mode() & 0o077 != 0 {
        fs::set_permissions(path, fs::Permissions::from_mode(0o700)).map_err(failed)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(root: &Path) -> Places {
        let runtime = root.join("run");
        Places { socket: runtime.join("agent.sock"), runtime, state: root.join("state") }
    }

    #[test]
    fn s1_a_folder_is_made_closed_and_an_open_one_is_closed() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a/b");
        closed(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o700);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).unwrap();
        closed(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o700);
    }

    #[test]
    fn s1_a_link_is_not_taken_for_a_folder() {
        let root = tempfile::tempdir().unwrap();
        let link = root.path().join("link");
        symlink(root.path(), &link).unwrap();
        assert!(matches!(closed(&link), Err(Fault::Foreign(path)) if path == link));
    }

    #[test]
    fn m2_what_somebody_put_into_the_toolkits_folder_is_gone_at_the_next_start() {
        let root = tempfile::tempdir().unwrap();
        let places = places(root.path());
        let gtk = places.runtime.join(EMPTY_CONFIG).join("gtk-3.0");
        fs::create_dir_all(&gtk).unwrap();
        fs::write(gtk.join("settings.ini"), "[Settings]\ngtk-modules=evil\n").unwrap();
        places.empty_folders().unwrap();
        assert!(!gtk.exists());
        places.empty_folders().unwrap();
    }
}

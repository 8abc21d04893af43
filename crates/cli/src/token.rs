//! The file in which an agent keeps its pairing: `{"name": …, "token": …}`.
//!
//! **Promises.** Written with mode 0600 in a folder with mode 0700, whole or not at all. The place
//! is made and tried before the person is asked, so that a token once given is not lost.
//!
//! **Never** proof of anything: any process of the user can read it. It is attribution (design §5).

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use placet_wire::params::is_agent_name;
use placet_wire::results::Paired;
use placet_wire::sensitive::Sensitive;

use crate::args::Global;
use crate::exit::Stop;
use crate::socket::set;

/// The file that the caller named, if any: `--token-file`, `--agent`, `PLACET_TOKEN_FILE`.
pub(crate) fn named(global: &Global) -> Result<Option<PathBuf>, Stop> {
    if let Some(path) = &global.token_file {
        return Ok(Some(path.clone()));
    }
    match &global.agent {
        Some(name) => of_agent(name).map(Some),
        None => Ok(set("PLACET_TOKEN_FILE")),
    }
}

/// Where the pairing of `name` is kept.
pub(crate) fn of_agent(name: &str) -> Result<PathBuf, Stop> {
    if !is_agent_name(name) {
        let sentence =
            "A name takes ASCII letters, digits and ._- and begins with a letter or digit.";
        return Err(Stop::Usage(sentence.to_owned()));
    }
    let config = set("XDG_CONFIG_HOME").or_else(|| set("HOME").map(|home| home.join(".config")));
    match config {
        Some(folder) => Ok(folder.join("placet").join("agents").join(format!("{name}.json"))),
        None => Err(Stop::Usage("There is no HOME. Give --token-file.".to_owned())),
    }
}

/// Reads the token.
pub(crate) fn read(path: &Path) -> Result<Sensitive, Stop> {
    let bytes = fs::read(path).map_err(|error| {
        Stop::Usage(format!("{}: {error}. Pair first: placet pair", path.display()))
    })?;
    serde_json::from_slice::<Paired>(&bytes)
        .map(|paired| paired.token)
        .map_err(|_| Stop::Usage(format!("{} is no pairing of Placet.", path.display())))
}

/// A file that will hold a token: made, empty, beside its last place.
pub(crate) struct Place {
    path: PathBuf,
    beside: PathBuf,
    file: File,
}

impl Place {
    /// Makes the folder and the file.
    pub(crate) fn make(path: PathBuf) -> Result<Self, Stop> {
        let cannot = |error| Stop::Local(format!("{} cannot be written: {error}", path.display()));
        if let Some(folder) = path.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(cannot)?;
        }
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.new", std::process::id()));
        let beside = path.with_file_name(name);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&beside)
            .map_err(cannot)?;
        Ok(Self { path, beside, file })
    }

    /// Writes the pairing and puts the file in its place.
    pub(crate) fn keep(mut self, paired: &Paired) -> Result<PathBuf, Stop> {
        let write = || {
            serde_json::to_writer(&mut self.file, paired)?;
            self.file.write_all(b"\n")?;
            self.file.sync_all()?;
            fs::rename(&self.beside, &self.path)
        };
        let mut write = write;
        match write() {
            Ok(()) => Ok(self.path.clone()),
            Err(error) => {
                Err(Stop::Local(format!("{} cannot be written: {error}", self.path.display())))
            }
        }
    }
}

impl Drop for Place {
    /// Takes the file away if it did not reach its place.
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.beside);
    }
}

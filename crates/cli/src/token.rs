//! The file in which an agent keeps its pairing: `{"name": …, "token": …}`.
//!
//! **Promises.** Written with mode 0600 in a folder with mode 0700, whole or not at all. The place
//! is made and tried before the person is asked, so that a token once given is not lost.
//!
//! **Never** proof of anything: any process of the user can read it. It is attribution (design §5).

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
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

/// A place where a token can be kept: tried out.
pub(crate) struct Place {
    path: PathBuf,
    beside: PathBuf,
}

impl Place {
    /// Makes the folder and sees whether a file can be written there. Nothing is left behind, also
    /// if the command is ended while the person is asked.
    pub(crate) fn make(path: PathBuf) -> Result<Self, Stop> {
        if let Some(folder) = path.parent() {
            let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
            made.map_err(|error| cannot(&path, &error))?;
        }
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.new", std::process::id()));
        let place = Self { beside: path.with_file_name(name), path };
        place.open().map_err(|error| cannot(&place.path, &error))?;
        place.clear();
        Ok(place)
    }

    /// Writes the pairing beside and moves it into its place.
    pub(crate) fn keep(self, paired: &Paired) -> Result<PathBuf, Stop> {
        let kept = self.open().and_then(|mut file| {
            serde_json::to_writer(&mut file, paired)?;
            file.write_all(b"\n")?;
            file.sync_all()?;
            fs::rename(&self.beside, &self.path)
        });
        match kept {
            Ok(()) => Ok(self.path),
            Err(error) => {
                self.clear();
                Err(cannot(&self.path, &error))
            }
        }
    }

    fn open(&self) -> io::Result<File> {
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&self.beside)
    }

    fn clear(&self) {
        // What cannot be taken away now is empty or unfinished, and for the user alone.
        let _ = fs::remove_file(&self.beside);
    }
}

fn cannot(path: &Path, error: &io::Error) -> Stop {
    Stop::Local(format!("{} cannot be written: {error}", path.display()))
}

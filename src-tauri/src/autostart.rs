//! Whether Placet starts when the person logs in: one file in the person's own autostart folder
//! (Desktop Application Autostart Specification 0.5).
//!
//! **Promises.** The file is written whole or not at all, and starts the program that wrote it. A file
//! that starts something else is said to be that, and is replaced only when the person turns this on.
//!
//! **Never** taken for a safety: any program of the user can change the file.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use placet_texts::text;
use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};

use crate::view::clipped;

/// The file's name in the person's folder and in the system's.
const NAME: &str = "placet.desktop";
/// Where an installed package puts its own.
const SYSTEM: &str = "/etc/xdg/autostart";
/// What we write, but for the program.
const TEMPLATE: &str = include_str!("../linux/placet-autostart.desktop");
/// So much of what is started is shown.
const SHOWN: usize = 300;
/// Longer than any such file.
const LONGEST: u64 = 16 * 1024;
const TEMPLATE_EXEC: &str = "Exec=placet-desktop --hidden";

/// How it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Autostart {
    /// Nothing starts Placet.
    Off,
    /// This program is started.
    On,
    /// The file is there and starts something else: this.
    Other(String),
}

/// The autostart file of a configuration folder.
#[derive(Clone, Debug)]
pub struct File {
    path: PathBuf,
    system: PathBuf,
}

impl File {
    /// The person's own. `None`: it is not known where their configuration is.
    #[must_use]
    pub fn of_person() -> Option<Self> {
        let config = std::env::var_os("PLACET_CONFIG_HOME").map(PathBuf::from)?;
        Some(Self::in_folder(&config, Path::new(SYSTEM)))
    }

    fn in_folder(config: &Path, system: &Path) -> Self {
        Self { path: config.join("autostart").join(NAME), system: system.join(NAME) }
    }

    /// Whether it is there, and what it starts. The person's file stands above the system's, as the
    /// specification has it; `Hidden=true` in it turns both off.
    #[must_use]
    pub fn look(&self, program: &Path) -> Autostart {
        let text = match (read(&self.path), read(&self.system)) {
            (Some(text), _) | (None, Some(text)) => text,
            (None, None) => return Autostart::Off,
        };
        // Letter for letter what is written here, or what a package brought: a file of another shape
        // may start something else than it seems to.
        if written(program).as_deref() == Some(&*text) || text == TEMPLATE {
            return Autostart::On;
        }
        let value = |key: &str| {
            text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('=').map(str::trim))
        };
        if value("Hidden") == Some("true") || value("X-GNOME-Autostart-enabled") == Some("false") {
            return Autostart::Off;
        }
        match value("Exec") {
            None | Some("") => Autostart::Off,
            Some(named) => Autostart::Other(clipped(named, SHOWN)),
        }
    }

    /// Turns it on, for `program`.
    ///
    /// # Errors
    /// When the file cannot be written; then the old one stands.
    pub fn turn_on(&self, program: &Path) -> io::Result<()> {
        let text = written(program).ok_or_else(|| io::Error::other(text!("answer-no-place")))?;
        self.write(&text)
    }

    /// Turns it off.
    ///
    /// # Errors
    /// When the file cannot be taken away.
    pub fn turn_off(&self) -> io::Result<()> {
        if self.system.exists() {
            return self.write("[Desktop Entry]\nType=Application\nName=Placet\nHidden=true\n");
        }
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn write(&self, text: &str) -> io::Result<()> {
        let folder =
            self.path.parent().ok_or_else(|| io::Error::other(text!("answer-no-folder")))?;
        fs::create_dir_all(folder)?;
        let beside = folder.join(format!(".{NAME}.{}.new", std::process::id()));
        // What somebody else put there is not written to: it might be a pipe that nobody reads.
        let _ = fs::remove_file(&beside);
        let put = || {
            let mut file = fs::OpenOptions::new().write(true).create_new(true).open(&beside)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&beside, &self.path)
        };
        let written = put();
        if written.is_err() {
            // What is left of the attempt starts nothing: its name does not end as such a file's does.
            let _ = fs::remove_file(&beside);
        }
        written
    }
}

/// The file as it stands there: a plain file of a few lines, or nothing.
fn read(path: &Path) -> Option<String> {
    let file = fs::OpenOptions::new()
        .read(true)
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
        .open(path)
        .ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut text = String::new();
    file.take(LONGEST).read_to_string(&mut text).ok()?;
    Some(text)
}

/// What is written for this program. `None`: the file that it was started from is gone, or has no
/// name that such a file can hold.
fn written(program: &Path) -> Option<String> {
    let exec = exec(program)?;
    // The kernel's word for a file that was replaced: proc(5), /proc/pid/exe.
    (!exec.contains(" (deleted)\""))
        .then(|| TEMPLATE.replace(TEMPLATE_EXEC, &format!("Exec={exec}")))
}

/// The program as `Exec` wants it (Desktop Entry Specification 1.5, "The Exec key"): quoted, with
/// what the quotes do not hold escaped, then escaped once more as a string of such a file.
fn exec(program: &Path) -> Option<String> {
    let path = program.to_str().filter(|path| !path.contains(char::is_control))?;
    let mut quoted = String::from("\"");
    for letter in path.chars() {
        match letter {
            '"' | '`' | '$' => quoted.push_str("\\\\"),
            // A backslash is one of a pair in the quotes, and each of the pair again in the file.
            '\\' => quoted.push_str("\\\\\\"),
            '%' => quoted.push('%'),
            _ => {}
        }
        quoted.push(letter);
    }
    quoted.push_str("\" --hidden");
    Some(quoted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(root: &Path) -> File {
        File::in_folder(&root.join("config"), &root.join("system"))
    }

    #[test]
    fn it_is_turned_on_and_off_again_and_leaves_nothing() {
        let root = tempfile::tempdir().unwrap();
        let (file, program) = (file(root.path()), Path::new("/opt/placet/placet-desktop"));
        assert_eq!(file.look(program), Autostart::Off);
        file.turn_on(program).unwrap();
        assert_eq!(file.look(program), Autostart::On);
        let text = fs::read_to_string(&file.path).unwrap();
        assert!(text.contains("\nExec=\"/opt/placet/placet-desktop\" --hidden\n"), "{text}");
        file.turn_off().unwrap();
        file.turn_off().unwrap();
        assert_eq!(file.look(program), Autostart::Off);
        assert_eq!(fs::read_dir(file.path.parent().unwrap()).unwrap().count(), 0);
    }

    #[test]
    fn a_file_that_starts_something_else_is_named_and_replaced_only_when_turned_on() {
        let root = tempfile::tempdir().unwrap();
        let (file, program) = (file(root.path()), Path::new("/opt/placet/placet-desktop"));
        fs::create_dir_all(file.path.parent().unwrap()).unwrap();
        let ours = written(program).unwrap();
        for (text, seems) in [
            ("[Desktop Entry]\nExec=/tmp/evil --hidden\n".to_owned(), "/tmp/evil --hidden"),
            // The first is not the one that counts.
            (format!("{ours}Exec=/tmp/evil\n"), "\"/opt/placet/placet-desktop\" --hidden"),
        ] {
            fs::write(&file.path, text).unwrap();
            assert_eq!(file.look(program), Autostart::Other(seems.to_owned()));
        }
        file.turn_on(program).unwrap();
        assert_eq!(file.look(program), Autostart::On);
    }

    #[test]
    fn a_pipe_that_somebody_put_there_is_neither_read_nor_written_to() {
        let root = tempfile::tempdir().unwrap();
        let (file, program) = (file(root.path()), Path::new("/opt/placet/placet-desktop"));
        let folder = file.path.parent().unwrap();
        fs::create_dir_all(folder).unwrap();
        let beside = folder.join(format!(".{NAME}.{}.new", std::process::id()));
        for path in [&file.path, &beside] {
            let made = std::process::Command::new("mkfifo").arg(path).status().unwrap();
            assert!(made.success());
        }
        assert_eq!(file.look(program), Autostart::Off);
        file.turn_on(program).unwrap();
        assert_eq!(file.look(program), Autostart::On);
    }

    #[test]
    fn a_program_whose_file_was_replaced_is_not_written_down() {
        let root = tempfile::tempdir().unwrap();
        let gone = Path::new("/opt/placet/placet-desktop (deleted)");
        assert!(file(root.path()).turn_on(gone).is_err());
    }

    #[test]
    fn the_systems_own_is_turned_off_by_a_file_of_the_persons() {
        let root = tempfile::tempdir().unwrap();
        let (file, program) = (file(root.path()), Path::new("/usr/bin/placet-desktop"));
        fs::create_dir_all(file.system.parent().unwrap()).unwrap();
        fs::write(&file.system, TEMPLATE).unwrap();
        assert_eq!(file.look(program), Autostart::On);
        file.turn_off().unwrap();
        assert_eq!(file.look(program), Autostart::Off);
        assert!(file.system.exists());
    }

    /// Expected values: by hand from the specification; GLib's reader agrees (`g_shell_parse_argv` of
    /// the value gives the path back).
    #[test]
    fn a_path_with_signs_of_its_own_is_quoted_as_the_specification_wants() {
        let quoted = |path: &str| exec(Path::new(path)).unwrap();
        assert_eq!(quoted("/a b/placet"), r#""/a b/placet" --hidden"#);
        assert_eq!(quoted("/100%/p"), r#""/100%%/p" --hidden"#);
        assert_eq!(quoted("/$x/`y`"), r#""/\\$x/\\`y\\`" --hidden"#);
        assert_eq!(quoted(r"/a\b"), r#""/a\\\\b" --hidden"#);
        assert_eq!(exec(Path::new("/a\nExec=evil")), None);
    }
}

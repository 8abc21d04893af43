//! Whether Placet starts when the person logs in: one file in the person's own autostart folder
//! (Desktop Application Autostart Specification 0.5).
//!
//! **Promises.** The file is written whole or not at all, and starts the program that wrote it. A file
//! that starts something else is said to be that, and is replaced only when the person turns this on.
//!
//! **Never** taken for a safety: any program of the user can change the file.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The file's name in the person's folder and in the system's.
const NAME: &str = "placet.desktop";
/// Where an installed package puts its own.
const SYSTEM: &str = "/etc/xdg/autostart";
/// What we write, but for the program.
const TEMPLATE: &str = include_str!("../linux/placet-autostart.desktop");
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
        let Some(exec) = exec(program) else { return Autostart::Off };
        let read = |path: &Path| fs::read_to_string(path).ok();
        let Some(text) = read(&self.path).or_else(|| read(&self.system)) else {
            return Autostart::Off;
        };
        let value = |key: &str| {
            text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('=').map(str::trim))
        };
        if value("Hidden") == Some("true") || value("X-GNOME-Autostart-enabled") == Some("false") {
            return Autostart::Off;
        }
        match value("Exec") {
            None | Some("") => Autostart::Off,
            Some(named) if named == exec || named == "placet-desktop --hidden" => Autostart::On,
            Some(named) => Autostart::Other(named.to_owned()),
        }
    }

    /// Turns it on, for `program`.
    ///
    /// # Errors
    /// When the file cannot be written; then the old one stands.
    pub fn turn_on(&self, program: &Path) -> io::Result<()> {
        let exec = exec(program).ok_or_else(|| io::Error::other("its path is not plain text"))?;
        let text = TEMPLATE.replace(TEMPLATE_EXEC, &format!("Exec={exec}"));
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
        let folder = self.path.parent().ok_or_else(|| io::Error::other("it has no folder"))?;
        fs::create_dir_all(folder)?;
        let beside = folder.join(format!(".{NAME}.{}.new", std::process::id()));
        let written = fs::write(&beside, text).and_then(|()| fs::rename(&beside, &self.path));
        if written.is_err() {
            // What is left of the attempt starts nothing: its name does not end as such a file's does.
            let _ = fs::remove_file(&beside);
        }
        written
    }
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
        fs::write(&file.path, "[Desktop Entry]\nExec=/tmp/evil --hidden\n").unwrap();
        assert_eq!(file.look(program), Autostart::Other("/tmp/evil --hidden".to_owned()));
        file.turn_on(program).unwrap();
        assert_eq!(file.look(program), Autostart::On);
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

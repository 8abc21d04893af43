//! The environment that the program lets itself have.
//!
//! A toolkit reads dozens of variables that load code (`LD_PRELOAD`, `GTK_MODULES`,
//! `GIO_EXTRA_MODULES`), replace what is drawn (`GTK_THEME`, `FONTCONFIG_FILE`) or open a debugger
//! (`GTK_DEBUG`, `WEBKIT_INSPECTOR_SERVER`). Nobody knows them all, so the program names what it
//! needs and starts itself again with nothing else.
//!
//! **Promises.** [`restart_clean`] returns only in a process whose environment is exactly what
//! [`cleaned`] makes of it; cleaning what is clean changes nothing, so it restarts at most once.
//! The user's own files are kept from the toolkit: `HOME` and `XDG_CONFIG_HOME` name empty folders
//! of ours, so that no `settings.ini`, style sheet, theme, font or module of the user is found. The
//! real ones are in `PLACET_HOME` and `PLACET_CONFIG_HOME`, for our own files and for programs that
//! are started for the person.
//!
//! **What it does not do.** A library that was preloaded into the first process runs there before
//! `main` and can stop the restart. That needs the hardened install, where the loader itself
//! ignores such variables (design §2).
//!
//! **Never** add a variable here because a library would like to have it.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Variables by name and value, sorted.
pub type Environment = BTreeMap<OsString, OsString>;

/// Where programs are looked up; not the person's, which may name a folder of an agent.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";
/// Where icons and schemas are looked up (XDG Base Directory Specification, the default).
const DATA_DIRS: &str = "/usr/local/share:/usr/share";
/// Our folder inside `XDG_RUNTIME_DIR`.
pub const RUNTIME_FOLDER: &str = "placet";
/// The empty configuration folder, inside [`RUNTIME_FOLDER`].
pub const EMPTY_CONFIG: &str = "config";
/// The empty home, inside [`RUNTIME_FOLDER`].
pub const EMPTY_HOME: &str = "home";

/// Taken over as they are.
const PLAIN: &[&str] = &[
    "USER",
    "LOGNAME",
    "DISPLAY",
    "XAUTHORITY",
    "WAYLAND_DISPLAY",
    "XDG_SESSION_ID",
    "XDG_SESSION_TYPE",
    "XDG_SESSION_CLASS",
    "XDG_SESSION_DESKTOP",
    "XDG_CURRENT_DESKTOP",
    "TZ",
    "PLACET_SOCK",
    "PLACET_LOG",
];

/// Taken over if they are absolute paths, as the XDG Base Directory Specification wants.
const FOLDERS: &[&str] =
    &["HOME", "XDG_RUNTIME_DIR", "XDG_STATE_HOME", "PLACET_HOME", "PLACET_CONFIG_HOME"];

/// Only in debug builds: crash points and test switches.
const TEST_PREFIXES: &[&str] = &["PLACET_TEST_", "PLACET_FAILPOINT"];

/// Only in debug builds and only for the book, which holds no secret: driving it in tests.
const AUTOMATION: &[&str] =
    &["TAURI_AUTOMATION", "TAURI_WEBVIEW_AUTOMATION", "WEBKIT_INSPECTOR_SERVER"];

/// Only in debug builds and only for the desktop: where the card reader of a test is
/// (decision 0058). In a released one an agent that starts Placet could show it a played key, which
/// learns from the PIN that a person types for it.
const READER: &str = "PCSCLITE_CSOCK_NAME";

/// Which of the program's processes an environment is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Process {
    /// Tray and prompt.
    Desktop,
    /// The book.
    Book,
}

/// What of `given` may stay, with the fixed values put in.
#[must_use]
pub fn cleaned(given: &Environment, process: Process) -> Environment {
    let mut kept: Environment = given
        .iter()
        .filter(|(name, value)| allowed(name, value, process))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    kept.insert("PATH".into(), PATH.into());
    kept.insert("XDG_DATA_DIRS".into(), DATA_DIRS.into());
    if let Some(runtime) = kept.get(OsStr::new("XDG_RUNTIME_DIR")) {
        let ours = Path::new(runtime).join(RUNTIME_FOLDER);
        let (home, config) = (ours.join(EMPTY_HOME), ours.join(EMPTY_CONFIG));
        // In a process that was cleaned before, both are ours already and say nothing.
        if let Some(real) = folder(given, "HOME").filter(|named| *named != home) {
            let state = real.join(".local/state");
            kept.entry("XDG_STATE_HOME".into()).or_insert(state.into_os_string());
            let authority = real.join(".Xauthority");
            kept.entry("XAUTHORITY".into()).or_insert(authority.into_os_string());
            kept.insert("PLACET_CONFIG_HOME".into(), real.join(".config").into_os_string());
            kept.insert("PLACET_HOME".into(), real.into_os_string());
        }
        if let Some(real) = folder(given, "XDG_CONFIG_HOME").filter(|named| *named != config) {
            kept.insert("PLACET_CONFIG_HOME".into(), real.into_os_string());
        }
        kept.insert("HOME".into(), home.into_os_string());
        kept.insert("XDG_CONFIG_HOME".into(), config.into_os_string());
    }
    kept
}

/// Starts the program again with [`cleaned`] variables, unless they are so already.
///
/// # Errors
/// When the program cannot find or start itself; it must then not go on.
pub fn restart_clean(process: Process) -> std::io::Result<()> {
    let given: Environment = std::env::vars_os().collect();
    let clean = cleaned(&given, process);
    if given == clean {
        return Ok(());
    }
    let program = std::env::current_exe()?;
    // Replaces this process, so the process id stays and nobody waits for a child.
    Err(Command::new(program).args(std::env::args_os().skip(1)).env_clear().envs(clean).exec())
}

fn allowed(name: &OsStr, value: &OsStr, process: Process) -> bool {
    let Some(name) = name.to_str() else { return false };
    if PLAIN.contains(&name) {
        return !value.is_empty();
    }
    if FOLDERS.contains(&name) {
        return Path::new(value).is_absolute();
    }
    match name {
        "LANG" | "LANGUAGE" => is_locale(value),
        "DBUS_SESSION_BUS_ADDRESS" => is_local_bus(value),
        _ if name.starts_with("LC_") => is_locale(value),
        _ => cfg!(debug_assertions) && allowed_in_tests(name, value, process),
    }
}

/// What only a debug build takes over.
fn allowed_in_tests(name: &str, value: &OsStr, process: Process) -> bool {
    match process {
        _ if TEST_PREFIXES.iter().any(|prefix| name.starts_with(prefix)) => true,
        Process::Desktop => name == READER && Path::new(value).is_absolute(),
        Process::Book => AUTOMATION.contains(&name),
    }
}

/// A locale's name, not a path to somebody's own locale files.
fn is_locale(value: &OsStr) -> bool {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"_.@-:".contains(b);
    !value.is_empty() && value.as_bytes().iter().all(plain)
}

/// Only sockets: the other transports of a D-Bus address start programs (`unixexec:`,
/// `autolaunch:`; D-Bus Specification, "Server Addresses").
fn is_local_bus(value: &OsStr) -> bool {
    value.as_bytes().split(|b| *b == b';').all(|address| address.starts_with(b"unix:"))
}

fn folder(given: &Environment, name: &str) -> Option<PathBuf> {
    given.get(OsStr::new(name)).map(PathBuf::from).filter(|path| path.is_absolute())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(pairs: &[(&str, &str)]) -> Environment {
        pairs.iter().map(|(name, value)| (name.into(), value.into())).collect()
    }

    const SESSION: &[(&str, &str)] = &[
        ("HOME", "/home/ada"),
        ("USER", "ada"),
        ("LANG", "de_DE.UTF-8"),
        ("LC_TIME", "C"),
        ("DISPLAY", ":0"),
        ("XDG_RUNTIME_DIR", "/run/user/1000"),
        ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/run/user/1000/bus"),
    ];

    fn with(name: &str, value: &str) -> Environment {
        let mut all = given(SESSION);
        all.insert(name.into(), value.into());
        all
    }

    #[test]
    fn m2_variables_that_load_code_or_open_a_debugger_do_not_stay() {
        for name in [
            "LD_PRELOAD",
            "LD_LIBRARY_PATH",
            "LD_AUDIT",
            "GTK_MODULES",
            "GTK3_MODULES",
            "GTK_PATH",
            "GTK_DEBUG",
            "GTK_THEME",
            "GTK_IM_MODULE",
            "GTK_IM_MODULE_FILE",
            "GIO_EXTRA_MODULES",
            "GIO_MODULE_DIR",
            "GDK_BACKEND",
            "GDK_PIXBUF_MODULE_FILE",
            "FONTCONFIG_FILE",
            "GSETTINGS_BACKEND",
            "GCONV_PATH",
            "LOCPATH",
            "WEBKIT_INSPECTOR_SERVER",
            "TAURI_WEBVIEW_AUTOMATION",
            "WEBKIT_EXEC_PATH",
            "WAYLAND_SOCKET",
            "AT_SPI_BUS_ADDRESS",
            "NO_AT_BRIDGE",
            "RUST_LOG",
            "PLACET_ANYTHING_ELSE",
            "BASH_ENV",
        ] {
            let clean = cleaned(&with(name, "/tmp/evil"), Process::Desktop);
            assert!(!clean.contains_key(OsStr::new(name)), "{name} stayed");
        }
    }

    #[test]
    fn m2_what_the_session_needs_stays_as_it_is() {
        let clean = cleaned(&given(SESSION), Process::Desktop);
        for (name, value) in SESSION.iter().filter(|(name, _)| *name != "HOME") {
            assert_eq!(clean.get(OsStr::new(name)), Some(&OsString::from(value)), "{name}");
        }
    }

    #[test]
    fn m2_cleaning_what_is_clean_changes_nothing() {
        for process in [Process::Desktop, Process::Book] {
            let once = cleaned(&with("XDG_CONFIG_HOME", "/home/ada/conf"), process);
            assert_eq!(cleaned(&once, process), once);
        }
    }

    #[test]
    fn m2_the_toolkit_reads_empty_folders_and_we_still_know_the_real_ones() {
        let of = |env: &Environment, name: &str| env.get(OsStr::new(name)).cloned();
        let clean = cleaned(&given(SESSION), Process::Desktop);
        assert_eq!(of(&clean, "XDG_CONFIG_HOME"), Some("/run/user/1000/placet/config".into()));
        assert_eq!(of(&clean, "PLACET_CONFIG_HOME"), Some("/home/ada/.config".into()));
        assert_eq!(of(&clean, "HOME"), Some("/run/user/1000/placet/home".into()));
        assert_eq!(of(&clean, "PLACET_HOME"), Some("/home/ada".into()));
        let own = cleaned(&with("XDG_CONFIG_HOME", "/srv/conf"), Process::Desktop);
        assert_eq!(of(&own, "PLACET_CONFIG_HOME"), Some("/srv/conf".into()));
    }

    #[test]
    fn what_is_found_by_the_home_folder_is_still_found() {
        let of = |env: &Environment, name: &str| env.get(OsStr::new(name)).cloned();
        let clean = cleaned(&given(SESSION), Process::Desktop);
        assert_eq!(of(&clean, "XDG_STATE_HOME"), Some("/home/ada/.local/state".into()));
        assert_eq!(of(&clean, "XAUTHORITY"), Some("/home/ada/.Xauthority".into()));
        let named = cleaned(&with("XAUTHORITY", "/run/user/1000/xauth"), Process::Desktop);
        assert_eq!(of(&named, "XAUTHORITY"), Some("/run/user/1000/xauth".into()));
    }

    #[test]
    fn m2_programs_and_data_are_looked_up_in_the_systems_folders_only() {
        let mut hostile = with("PATH", "/tmp/evil:/usr/bin");
        hostile.insert("XDG_DATA_DIRS".into(), "/tmp/evil".into());
        let clean = cleaned(&hostile, Process::Desktop);
        assert!(!clean.values().any(|value| value.to_string_lossy().contains("evil")));
    }

    #[test]
    fn m2_values_that_start_programs_or_name_files_do_not_stay() {
        for (name, value) in [
            ("DBUS_SESSION_BUS_ADDRESS", "unixexec:path=/tmp/evil"),
            ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/run/bus;unixexec:path=/tmp/evil"),
            ("DBUS_SESSION_BUS_ADDRESS", "autolaunch:"),
            ("LC_ALL", "/tmp/evil"),
            ("LANG", "../../tmp/evil"),
            ("XDG_STATE_HOME", "evil/relative"),
        ] {
            let clean = cleaned(&with(name, value), Process::Desktop);
            assert_ne!(clean.get(OsStr::new(name)), Some(&OsString::from(value)), "{name}={value}");
        }
    }

    #[test]
    fn only_the_book_of_a_debug_build_can_be_driven_by_a_test() {
        let driven = with("TAURI_WEBVIEW_AUTOMATION", "true");
        let name = OsStr::new("TAURI_WEBVIEW_AUTOMATION");
        assert!(!cleaned(&driven, Process::Desktop).contains_key(name));
        assert_eq!(cleaned(&driven, Process::Book).contains_key(name), cfg!(debug_assertions));
    }

    /// Run for a release build as well (`cargo test --release`), where it stays in neither.
    #[test]
    fn only_the_desktop_of_a_debug_build_takes_a_tests_card_reader() {
        let name = OsStr::new(READER);
        let led = with(READER, "/tmp/run/pcscd/pcscd.comm");
        assert_eq!(cleaned(&led, Process::Desktop).contains_key(name), cfg!(debug_assertions));
        assert!(!cleaned(&led, Process::Book).contains_key(name));
        let relative = with(READER, "pcscd.comm");
        assert!(!cleaned(&relative, Process::Desktop).contains_key(name));
    }
}

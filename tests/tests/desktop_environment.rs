//! What the session's variables and the user's files can do to the program: each trap is first
//! seen to catch an ordinary GTK program, then not to catch ours.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod desktop_support;

use std::path::PathBuf;
use std::process::Command;

use desktop_support::{SOON, alone, ask, desktop, pixels, run, start};
use placet_stage::desktop::{Program, Session, Theme};
use rustix::process::Signal;

/// Code that leaves a file behind when it is loaded as a GTK module, and when a program that it
/// was preloaded into starts GTK.
const TRAP: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>
static void mark(const char *path) { close(open(path, O_CREAT | O_WRONLY, 0666)); }
void gtk_module_init(int *argc, char ***argv) { mark("MARKS/module"); }
int gtk_init_check(int *argc, char ***argv) {
  mark("MARKS/preload");
  return ((int (*)(int *, char ***))dlsym(RTLD_NEXT, "gtk_init_check"))(argc, argv);
}
void gtk_init(int *argc, char ***argv) {
  mark("MARKS/preload");
  ((void (*)(int *, char ***))dlsym(RTLD_NEXT, "gtk_init"))(argc, argv);
}
"#;

/// The trap, built where the session's user can read it.
struct Trap {
    library: PathBuf,
    marks: PathBuf,
}

impl Trap {
    fn set(session: &Session) -> Self {
        Self::of(session, TRAP)
    }

    fn of(session: &Session, code: &str) -> Self {
        let marks = session.home().join("marks");
        session.write_home("marks/.keep", b"").unwrap();
        let code = code.replace("MARKS", marks.to_str().unwrap());
        let source = session.write_home("trap.c", code.as_bytes()).unwrap();
        let library = session.home().join("trap.so");
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-o"])
            .args([&library, &source])
            .arg("-ldl")
            .status()
            .unwrap();
        assert!(built.success());
        Self { library, marks }
    }

    /// What was caught since the last look.
    fn caught(&self) -> Vec<String> {
        let mut caught = Vec::new();
        for name in ["module", "preload"] {
            if std::fs::remove_file(self.marks.join(name)).is_ok() {
                caught.push(name.to_owned());
            }
        }
        caught
    }

    fn path(&self) -> &str {
        self.library.to_str().unwrap()
    }
}

/// An ordinary GTK program with these variables, once its window is up.
fn ordinary(session: &Session, variables: &[(&str, &str)]) -> Program {
    let mut command = session.command("zenity").unwrap();
    command.args(["--question", "--title=Ordinary", "--text=?"]).envs(variables.to_vec());
    let program = session.spawn("zenity", command).unwrap();
    session
        .screen()
        .await_window(SOON, |window| window.title == "Ordinary" && window.mapped)
        .unwrap();
    program
}

/// Ours with these variables, once its prompt is up.
fn ours(session: &Session, variables: &[(&str, &str)]) -> (Program, Program) {
    let mut command = desktop(session);
    command.envs(variables.to_vec());
    let program = start(session, command);
    let asked = ask(session, "agent");
    session
        .screen()
        .await_window(SOON, |window| window.title == "Placet" && window.mapped)
        .unwrap();
    (program, asked)
}

#[test]
fn m2_a_library_named_in_the_environment_is_not_loaded() {
    let _alone = alone();
    let session = Session::builder().accessibility(false).start().unwrap();
    let trap = Trap::set(&session);
    for (name, catches) in
        [("LD_PRELOAD", "preload"), ("GTK_MODULES", "module"), ("GTK3_MODULES", "module")]
    {
        let variables = [(name, trap.path())];
        let zenity = ordinary(&session, &variables);
        let caught = trap.caught();
        if name != "GTK3_MODULES" {
            assert_eq!(caught, [catches], "the trap does not work: {name}");
        }
        zenity.stop();
        let (program, asked) = ours(&session, &variables);
        assert!(trap.caught().is_empty(), "{name} loaded code into Placet");
        asked.stop();
        program.stop();
    }
}

#[test]
fn m2_a_module_named_in_the_users_settings_is_not_loaded() {
    let _alone = alone();
    let session = Session::builder().accessibility(false).start().unwrap();
    let trap = Trap::set(&session);
    let settings = format!("[Settings]\ngtk-modules={}\n", trap.path());
    session.write_home(".config/gtk-3.0/settings.ini", settings.as_bytes()).unwrap();
    let zenity = ordinary(&session, &[]);
    assert_eq!(trap.caught(), ["module"], "the trap does not work");
    zenity.stop();
    let (program, asked) = ours(&session, &[]);
    assert!(trap.caught().is_empty(), "settings.ini loaded code into Placet");
    asked.stop();
    program.stop();
    // The same with a folder that is named, and with one that an agent put where ours is.
    let named = session.home().join(".config");
    let (program, asked) = ours(&session, &[("XDG_CONFIG_HOME", named.to_str().unwrap())]);
    assert!(trap.caught().is_empty(), "XDG_CONFIG_HOME loaded code into Placet");
    asked.stop();
    program.stop();
    let own = session.run_dir().join("placet/config/gtk-3.0");
    let prepared = "mkdir -p \"$1\" && cp \"$HOME/.config/gtk-3.0/settings.ini\" \"$1\"";
    let mut agent = session.command("sh").unwrap();
    assert!(agent.args(["-c", prepared, "sh"]).arg(&own).status().unwrap().success());
    let (_program, _asked) = ours(&session, &[]);
    assert!(trap.caught().is_empty(), "a prepared folder loaded code into Placet");
}

#[test]
fn h20_the_users_style_sheet_does_not_change_the_prompt() {
    let _alone = alone();
    let session = Session::builder().start().unwrap();
    let sheet = b"* { color: #ff00ff; background: #ff00ff; }";
    session.write_home(".config/gtk-3.0/gtk.css", sheet).unwrap();
    let zenity = ordinary(&session, &[]);
    assert!(await_painted(&session, "zenity") > 1000, "the trap does not work");
    zenity.stop();
    let (_program, _asked) = ours(&session, &[]);
    assert_eq!(await_painted(&session, "placet"), 0);
}

#[test]
fn h20_a_theme_of_the_users_does_not_change_the_prompt() {
    let _alone = alone();
    let session = Session::builder().theme(Theme::Dark).start().unwrap();
    let theme = b"* { color: #ff00ff; background: #ff00ff; }";
    session.write_home(".local/share/themes/Adwaita-dark/gtk-3.0/gtk.css", theme).unwrap();
    let zenity = ordinary(&session, &[]);
    assert!(await_painted(&session, "zenity") > 1000, "the trap does not work");
    zenity.stop();
    let (_program, _asked) = ours(&session, &[]);
    assert_eq!(await_painted(&session, "placet"), 0);
}

/// Waits until a program's buttons are there, and counts the pixels that have the trap's colour.
fn await_painted(session: &Session, program: &str) -> usize {
    let eyes = session.eyes().unwrap();
    eyes.await_node(program, SOON, |node| node.role == "push button").unwrap();
    magenta(session)
}

/// How many pixels of the screen have the colour of the trap.
fn magenta(session: &Session) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("screen.png");
    session.screenshot(&file).unwrap();
    pixels(&file).chunks_exact(4).filter(|pixel| pixel[..3] == [255, 0, 255]).count()
}

/// Everything that a process of ours may have in its environment.
const ALLOWED: &[&str] = &[
    "DBUS_SESSION_BUS_ADDRESS",
    "DISPLAY",
    "HOME",
    "LANG",
    "LANGUAGE",
    "LOGNAME",
    "PATH",
    "PLACET_CONFIG_HOME",
    "PLACET_HOME",
    "PLACET_LOG",
    "PLACET_SOCK",
    "TZ",
    "USER",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "XDG_CONFIG_HOME",
    "XDG_CURRENT_DESKTOP",
    "XDG_DATA_DIRS",
    "XDG_RUNTIME_DIR",
    "XDG_SESSION_CLASS",
    "XDG_SESSION_DESKTOP",
    "XDG_SESSION_ID",
    "XDG_SESSION_TYPE",
    "XDG_STATE_HOME",
];

const HOSTILE: &[(&str, &str)] = &[
    ("GTK_DEBUG", "interactive"),
    ("GTK_THEME", "HighContrastInverse"),
    ("GTK_PATH", "/tmp"),
    ("GIO_EXTRA_MODULES", "/tmp"),
    ("GDK_SCALE", "3"),
    ("FONTCONFIG_FILE", "/tmp/fonts.conf"),
    ("NO_AT_BRIDGE", "1"),
    ("AT_SPI_BUS_ADDRESS", "unix:path=/tmp/nobody"),
    ("WEBKIT_INSPECTOR_SERVER", "127.0.0.1:9999"),
    ("TAURI_WEBVIEW_AUTOMATION", "true"),
    ("LC_ALL", "/tmp/locale"),
    ("XDG_DATA_DIRS", "/tmp/data"),
    ("AN_AGENTS_TOKEN", "SECRET"),
];

#[test]
fn m2_the_environment_holds_nothing_outside_of_the_list_and_stays_readable_to_a_screen_reader() {
    let _alone = alone();
    let session = Session::builder().start().unwrap();
    let (program, _asked) = ours(&session, HOSTILE);
    let eyes = session.eyes().unwrap();
    eyes.await_node("placet", SOON, |node| node.name.contains("Approve")).unwrap();
    let file = format!("/proc/{}/environ", program.pid());
    if rustix::process::geteuid().is_root() {
        let environment = std::fs::read_to_string(&file).unwrap();
        for variable in environment.split_terminator('\0') {
            let (name, value) = variable.split_once('=').unwrap();
            assert!(ALLOWED.contains(&name) || name.starts_with("LC_"), "{variable}");
            assert!(!value.contains("/tmp/locale") && !value.contains("/tmp/data"), "{variable}");
        }
        assert!(environment.contains("XDG_RUNTIME_DIR="), "this is not its environment");
    }
    // Another process of the same user cannot even look.
    assert!(!readable(&session, &file));
}

#[test]
fn m2_no_other_process_of_the_user_reads_its_memory_and_no_core_is_left() {
    let _alone = alone();
    let session = Session::builder().accessibility(false).start().unwrap();
    let zenity = ordinary(&session, &[]);
    let (mut program, _asked) = ours(&session, &[]);
    for file in ["maps", "environ", "auxv", "stack"] {
        let of = |pid: u32| readable(&session, &format!("/proc/{pid}/{file}"));
        assert!(file == "stack" || of(zenity.pid()), "{file} says nothing");
        assert!(!of(program.pid()), "{file} is open");
    }
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", program.pid())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    let words: Vec<&str> = core.split_whitespace().collect();
    assert_eq!(words[4..6], ["0", "0"], "{core}");
    program.signal(Signal::ABORT).unwrap();
    program.wait(SOON).unwrap();
    let left = std::fs::read_dir(session.home()).unwrap().flatten();
    assert!(!left.into_iter().any(|entry| entry.file_name().to_string_lossy().starts_with("core")));
}

/// Whether a program of the session's user can read a file.
fn readable(session: &Session, file: &str) -> bool {
    session.command("cat").unwrap().arg(file).output().unwrap().status.success()
}

/// A module that leaves a file behind as soon as it is loaded.
const CONSTRUCTOR: &str = r#"
#include <fcntl.h>
#include <unistd.h>
__attribute__((constructor)) static void loaded(void) {
  close(open("MARKS/module", O_CREAT | O_WRONLY, 0666));
}
"#;

#[test]
fn m2_a_module_that_is_named_in_the_settings_of_the_running_desktop_is_not_loaded() {
    let _alone = alone();
    let session = Session::builder().accessibility(false).start().unwrap();
    let trap = Trap::of(&session, CONSTRUCTOR);
    session.attacker().unwrap().name_in_xsettings("Gtk/Modules", trap.path()).unwrap();
    let zenity = ordinary(&session, &[]);
    assert_eq!(trap.caught(), ["module"], "the trap does not work");
    zenity.stop();
    let (program, asked) = ours(&session, &[]);
    assert!(trap.caught().is_empty(), "XSETTINGS loaded code into Placet");
    // It is on record.
    let begun = std::time::Instant::now();
    while !run(&session, &["log", "--json"]).out.contains("refused_module") {
        assert!(begun.elapsed() < SOON, "not on record: {}", program.log());
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    // The same while it runs, by another name.
    let again = session.home().join("again.so");
    std::fs::copy(trap.path(), &again).unwrap();
    session.attacker().unwrap().name_in_xsettings("Gtk/Modules", again.to_str().unwrap()).unwrap();
    let begun = std::time::Instant::now();
    while !program.log().contains("again.so") {
        assert!(begun.elapsed() < SOON, "not refused: {}", program.log());
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert!(trap.caught().is_empty(), "a change of XSETTINGS loaded code into Placet");
    asked.stop();
}

#[test]
fn m2_a_settings_file_that_comes_just_before_the_toolkit_loads_nothing() {
    let _alone = alone();
    let session = Session::builder().accessibility(false).start().unwrap();
    let trap = Trap::of(&session, CONSTRUCTOR);
    let settings = format!("[Settings]\ngtk-modules={}\n", trap.path());
    session.write_home("settings.ini", settings.as_bytes()).unwrap();
    // As fast as a program of the user can, all the time.
    let race =
        "while :; do mkdir -p \"$1\" && ln -f \"$HOME/settings.ini\" \"$1\"; done 2>/dev/null";
    let folder = session.run_dir().join("placet/config/gtk-3.0");
    let mut racing = session.command("sh").unwrap();
    racing.args(["-c", race, "sh"]).arg(&folder);
    let racing = session.spawn("racing", racing).unwrap();
    for _ in 0..5 {
        // It may not start at all: its own folder is not empty when it was emptied.
        let mut command = desktop(&session);
        command.arg("--hidden");
        let program = session.spawn("raced", command).unwrap();
        let begun = std::time::Instant::now();
        while program.running() && !run(&session, &["status"]).success {
            assert!(begun.elapsed() < SOON, "neither up nor ended: {}", program.log());
        }
        // The socket comes before the toolkit.
        let ask = ask(&session, "agent");
        let up = |window: &placet_stage::desktop::Window| window.title == "Placet" && window.mapped;
        let begun = std::time::Instant::now();
        while program.running() && !session.screen().windows().unwrap().iter().any(up) {
            assert!(begun.elapsed() < SOON, "neither up nor ended: {}", program.log());
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        ask.stop();
        program.stop();
        assert!(trap.caught().is_empty(), "settings.ini loaded code into Placet");
    }
    racing.stop();
}

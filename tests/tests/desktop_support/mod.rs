//! The real program on a private desktop.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub,
    reason = "test support: a failure here is the test's failure, and no test uses all of it"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use placet_agentd::store::Store;
use placet_core::json::Digest;
use placet_core::ports::{Entry as Recorded, Event, Record as _};
use placet_core::request::Timestamp;
use placet_stage::desktop::{Entry, Program, Session, TrayItem};

/// Longer than anything takes on a busy machine; no test waits for it when all is well.
pub const SOON: Duration = Duration::from_secs(20);

/// One desktop at a time: two cores do not carry more.
pub fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A program of ours, built before (`cargo build -p placet-desktop -p placet-cli`).
pub fn built(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.ancestors().nth(2).unwrap();
    let program = folder.join(name);
    assert!(program.exists(), "{} is not built", program.display());
    program
}

/// `placet-desktop`, to be started.
pub fn desktop(session: &Session) -> Command {
    session.command(built("placet-desktop")).unwrap()
}

/// Starts `placet-desktop` and waits until its socket takes connections.
pub fn start(session: &Session, mut command: Command) -> Program {
    // A first start would open the book.
    command.arg("--hidden");
    let program = session.spawn("placet-desktop", command).unwrap();
    await_socket(session, || assert!(program.running(), "it ended: {}", program.log()));
    program
}

/// Waits until `placet status` is answered; `check` is called before each try.
pub fn await_socket(session: &Session, check: impl Fn()) {
    let begun = Instant::now();
    while !run(session, &["status"]).success {
        check();
        assert!(begun.elapsed() < SOON, "no socket");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Waits until a window asks for attention, or has it: where no other window has the focus, a window
/// manager may give it to this one.
pub fn await_attention(session: &Session, window: u32) {
    let begun = Instant::now();
    let screen = session.screen();
    let active = || screen.active().unwrap().is_some_and(|active| active.id == window);
    while !screen.is_urgent(window).unwrap() && !active() {
        assert!(begun.elapsed() < SOON, "nobody's attention is asked for");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What a command said.
pub struct Said {
    pub success: bool,
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// Runs `placet` to its end.
pub fn run(session: &Session, arguments: &[&str]) -> Said {
    let mut placet = session.command(built("placet")).unwrap();
    let output = placet.args(arguments).output().unwrap();
    Said {
        success: output.status.success(),
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The folder of the session's record.
pub fn state(session: &Session) -> PathBuf {
    session.home().join(".local/state/placet")
}

/// Puts a record into the session's home that holds these events: what an earlier Placet left.
pub fn recorded(session: &Session, events: Vec<Event>) {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("record");
    let started = Event::Started { version: "0.0.0-test".to_owned(), station: None };
    let (store, thread) = Store::open(&folder, started, Timestamp(1)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for event in events {
        let entry = Recorded { at: Timestamp(1), request: None, event };
        runtime.block_on(store.append(entry)).unwrap();
    }
    drop(store);
    // Closing writes all of it into the one file.
    thread.close();
    let bytes = std::fs::read(folder.join("record.db")).unwrap();
    let written = session.write_home(".local/state/placet/record.db", &bytes).unwrap();
    for (mode, path) in [("700", state(session)), ("600", written)] {
        let mut chmod = session.command("chmod").unwrap();
        assert!(chmod.arg(mode).arg(path).status().unwrap().success());
    }
}

/// That an agent of this name is paired. Its token goes where `placet --agent NAME` looks for it.
pub fn paired(session: &Session, name: &str) -> Event {
    let token = format!("token-of-{name}");
    let pairing = format!(r#"{{"name":"{name}","token":"{token}"}}"#);
    let path = format!(".config/placet/agents/{name}.json");
    session.write_home(&path, pairing.as_bytes()).unwrap();
    Event::Paired { name: name.to_owned(), token_hash: Digest::of_bytes(token.as_bytes()) }
}

/// The code that `placet pair` printed for the person.
pub fn pairing_code(pairing: &Program) -> String {
    let begun = Instant::now();
    loop {
        let said = pairing.log();
        let line = said.lines().find_map(|line| line.rsplit_once("window: "));
        if let Some((_, code)) = line.filter(|_| said.ends_with('\n')) {
            return code.to_owned();
        }
        assert!(begun.elapsed() < SOON, "no code: {said}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A paired agent asks to run a shell command and waits for the answer.
pub fn ask_as(session: &Session, agent: &str, command: &str) -> Program {
    let mut placet = session.command(built("placet")).unwrap();
    placet.args(["--agent", agent, "request", "--json", "--", command]);
    session.spawn(agent, placet).unwrap()
}

/// An agent asks for `git push` and waits for the answer.
pub fn ask(session: &Session, name: &str) -> Program {
    ask_for(session, name, "git push origin v2")
}

/// An agent asks to run a shell command and waits for the answer.
pub fn ask_for(session: &Session, name: &str, command: &str) -> Program {
    let mut placet = session.command(built("placet")).unwrap();
    placet.args([
        "request",
        "--json",
        "--reason",
        "SECRET-REASON the agent's own words",
        "--",
        command,
    ]);
    session.spawn(name, placet).unwrap()
}

/// The tray's item, known to a panel or a watcher.
pub fn icon(session: &Session) -> TrayItem {
    let begun = Instant::now();
    loop {
        // Listed anew now and then: one that was known before it could say its name is not
        // announced again.
        match TrayItem::find(session.bus(), "placet", Duration::from_secs(2)) {
            Ok(icon) => return icon,
            Err(fault) if begun.elapsed() > SOON => {
                let known = TrayItem::all(session.bus());
                panic!("{fault}; known: {known:?}; {}", logs(session));
            }
            Err(_) => {}
        }
    }
}

/// What all programs of the session wrote, for a failure's message.
pub fn logs(session: &Session) -> String {
    let files = std::fs::read_dir(session.folder().join("log")).unwrap().flatten();
    files
        .map(|file| {
            let written = std::fs::read_to_string(file.path()).unwrap_or_default();
            format!("{}: {written}\n", file.file_name().display())
        })
        .collect()
}

/// Waits for a menu with a label that contains `part`.
pub fn await_label(icon: &TrayItem, part: &str) -> Entry {
    icon.await_menu(SOON, |menu| menu.labels().iter().any(|label| label.contains(part))).unwrap()
}

/// Waits until the icon's picture is this file of `icons/tray`, byte for byte of its pixels.
pub fn await_picture(icon: &TrayItem, name: &str) {
    let wanted =
        pixels(&Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../icons/tray/{name}.png")));
    let begun = Instant::now();
    loop {
        let shown = icon.property("IconName").unwrap();
        // The file is replaced while it is looked at.
        if std::fs::metadata(&shown).is_ok() && pixels(Path::new(&shown)) == wanted {
            return;
        }
        assert!(begun.elapsed() < SOON, "the icon never showed {name}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The pixels of a PNG, as ImageMagick reads them.
pub fn pixels(png: &Path) -> Vec<u8> {
    Command::new("convert").arg(png).args(["-depth", "8", "rgba:-"]).output().unwrap().stdout
}

/// Where pictures for people go, if they are wanted.
pub fn picture(session: &Session, name: &str) {
    if let Ok(folder) = std::env::var("PLACET_PICTURES") {
        session.screenshot(&Path::new(&folder).join(format!("{name}.png"))).unwrap();
    }
}

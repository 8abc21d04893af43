//! The first start: the steps for a new person, an agent with a name, a yes, and all of it gone again.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod desktop_support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use desktop_support::{
    SOON, alone, await_label, await_socket, built, desktop, icon, pairing_code, picture, run,
};
use placet_stage::desktop::{Session, keys};
use placet_tests::hands::Hands;

const TITLE: &str = "Placet: the book";

/// Every file below these folders.
fn files(folders: &[PathBuf]) -> BTreeSet<PathBuf> {
    fn below(folder: &Path, all: &mut BTreeSet<PathBuf>) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if std::fs::symlink_metadata(&path).is_ok_and(|found| found.is_dir()) {
                below(&path, all);
            }
            all.insert(path);
        }
    }
    let mut all = BTreeSet::new();
    folders.iter().for_each(|folder| below(folder, &mut all));
    all
}

/// What is Placet's by its name, or by that of the engine that draws the book.
fn of_placet(session: &Session) -> BTreeSet<PathBuf> {
    let ours = |path: &PathBuf| {
        let path = path.strip_prefix(session.folder()).unwrap();
        let path = path.to_string_lossy().to_lowercase();
        ["placet", "webkit", "autostart"].iter().any(|word| path.contains(word))
    };
    files(&[session.home(), session.run_dir()]).into_iter().filter(ours).collect()
}

fn await_file(path: &Path, there: bool) {
    let begun = Instant::now();
    while path.exists() != there {
        assert!(begun.elapsed() < SOON, "{} is there: {}", path.display(), !there);
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_first_start_leads_to_a_named_agent_and_a_yes_and_uninstalling_leaves_nothing() {
    let _alone = alone();
    let session = Session::builder().panel(true).start().unwrap();
    let before = of_placet(&session);
    let mut program = session.spawn("placet-desktop", desktop(&session)).unwrap();
    await_socket(&session, || assert!(program.running(), "it ended: {}", program.log()));
    // Nobody opened it: it is the first start.
    let book = session.screen().await_window(SOON, |window| window.title == TITLE && window.mapped);
    let book = book.unwrap();
    session.screen().await_active(SOON, |active| active.id == book.id).unwrap();

    // The second step, by keyboard, pressed until the page is there to be pressed.
    let entry = session.home().join(".config/autostart/placet.desktop");
    let begun = Instant::now();
    while !entry.exists() {
        assert!(begun.elapsed() < SOON, "autostart was not turned on");
        session.person().unwrap().key(keys::RETURN).unwrap();
        std::thread::sleep(Duration::from_millis(300));
    }
    let text = std::fs::read_to_string(&entry).unwrap();
    let exec = format!("Exec=\"{}\" --hidden", built("placet-desktop").display());
    assert!(text.lines().any(|line| line == exec), "{text}");

    // The third.
    let mut placet = session.command(built("placet")).unwrap();
    placet.args(["pair", "--name", "my-agent"]);
    let mut pairing = session.spawn("pair", placet).unwrap();
    let code = pairing_code(&pairing);
    let mut hands = Hands::new(&session).unwrap();
    hands.prompt_saying("Pair with").unwrap();
    picture(&session, "first-steps");
    hands.type_into("Code from the agent's terminal", &code).unwrap();
    hands.approve("Pair").unwrap();
    assert!(pairing.wait(SOON).unwrap().success(), "{}", pairing.log());

    // And the try: the line of the page.
    let mut placet = session.command(built("placet")).unwrap();
    placet.args(["--agent", "my-agent", "request", "--reason", "a first try", "--", "echo hello"]);
    let mut tried = session.spawn("try", placet).unwrap();
    hands.prompt_saying("do this?").unwrap();
    hands.approve("Approve").unwrap();
    assert_eq!(tried.wait(SOON).unwrap().code(), Some(0), "{}", tried.log());
    picture(&session, "first-steps-done");

    // While it runs nothing is removed.
    let refused = run(&session, &["uninstall", "--yes"]);
    assert!(!refused.success && refused.err.contains("placet quit"), "{}", refused.err);
    assert!(entry.exists());
    // The menu is drawn anew when what waited is answered.
    let icon = icon(&session);
    await_label(&icon, "Nothing is waiting");
    icon.press("Quit").unwrap();
    assert!(program.wait(SOON).unwrap().success(), "{}", program.log());
    // Nobody can be asked at this terminal.
    let unasked = run(&session, &["uninstall"]);
    assert_eq!(unasked.code, Some(2), "{}", unasked.err);
    assert!(entry.exists());
    let removed = run(&session, &["uninstall", "--yes"]);
    assert!(removed.success, "{}", removed.err);
    await_file(&entry, false);
    let left: Vec<_> = of_placet(&session).difference(&before).cloned().collect();
    assert_eq!(left, Vec::<PathBuf>::new());
}

/// The books that this process started: a process is there long before its window.
fn books_of(parent: u32) -> Vec<u32> {
    let is_book = |pid: &u32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        line.split(|byte| *byte == 0).any(|word| word == b"--book")
            && status.contains(&format!("\nPPid:\t{parent}\n"))
    };
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(is_book).collect()
}

#[test]
fn a_later_start_and_one_by_autostart_open_no_book() {
    let _alone = alone();
    let session = Session::builder().panel(true).start().unwrap();
    for hidden in [true, false] {
        let mut command = desktop(&session);
        if hidden {
            command.arg("--hidden");
        }
        let mut program = session.spawn("placet-desktop", command).unwrap();
        await_socket(&session, || assert!(program.running(), "it ended: {}", program.log()));
        // Whatever the start opens is asked for before the icon is there.
        await_label(&icon(&session), "Nothing is waiting");
        let asked = desktop_support::ask(&session, "agent");
        session.screen().await_window(SOON, |one| one.title == "Placet" && one.mapped).unwrap();
        assert_eq!(books_of(program.pid()), [0u32; 0], "a book was opened; hidden: {hidden}");
        drop(asked);
        icon(&session).press("Quit").unwrap();
        assert!(program.wait(SOON).unwrap().success(), "{}", program.log());
    }
}

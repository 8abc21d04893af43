//! Starting: once, twice, hidden, without a display, after a crash.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod desktop_support;

use std::io::{BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use desktop_support::{SOON, alone, ask, await_attention, built, desktop, run, start};
use placet_stage::desktop::{Notifications, Program, Session, Window, WindowManager};
use rustix::process::Signal;

/// A second start waits this long for the first at most, and some.
const LONG: Duration = Duration::from_secs(60);

/// Starts `placet-desktop` once more.
fn again(session: &Session, arguments: &[&str]) -> Program {
    let mut command = desktop(session);
    command.args(arguments);
    session.spawn("again", command).unwrap()
}

fn prompt(session: &Session) -> Window {
    session.screen().await_window(SOON, |window| window.title == "Placet" && window.mapped).unwrap()
}

#[test]
fn f9_a_bus_that_goes_away_under_an_open_prompt_answers_nothing_and_the_prompt_still_works() {
    let _alone = alone();
    let session =
        Session::builder().panel(true).notifications(Notifications::Fake).start().unwrap();
    let mut program = start(&session, desktop(&session));
    desktop_support::icon(&session);
    let mut asked = ask(&session, "agent");
    let window = prompt(&session);
    let posted = |note: &placet_stage::desktop::Posted| note.app == "Placet";
    session.fake_notifications().unwrap().await_posted(SOON, posted).unwrap();
    let bus =
        session.own_processes().into_iter().find(|(name, _)| name == "dbus-daemon").unwrap().1;
    let pid = rustix::process::Pid::from_raw(i32::try_from(bus).unwrap()).unwrap();
    rustix::process::kill_process(pid, Signal::KILL).unwrap();
    let begun = Instant::now();
    while session.bus().await_owner("org.freedesktop.DBus", Duration::from_millis(100)).is_ok() {
        assert!(begun.elapsed() < SOON, "the bus is still there");
    }
    // Some time in which a library may end the program for it.
    std::thread::sleep(Duration::from_secs(1));
    assert!(program.running(), "it ended with the bus: {}", program.log());
    assert!(asked.running(), "it answered: {}", asked.log());
    // A later question comes as well, and the person still answers the first.
    let later = ask(&session, "later");
    let mut person = session.person().unwrap();
    let begun = Instant::now();
    while asked.wait(Duration::from_millis(500)).is_err() {
        assert!(begun.elapsed() < SOON, "the prompt does not answer: {}", program.log());
        // Its heading; no control is there.
        person.click(window.x + 20, window.y + 20).unwrap();
        std::thread::sleep(Duration::from_millis(900));
        person.key(placet_stage::desktop::keys::ESCAPE).unwrap();
    }
    assert_eq!(asked.wait(SOON).unwrap().code(), Some(3), "{}", asked.log());
    assert!(later.running(), "{}", later.log());
    assert!(run(&session, &["status"]).out.contains("waiting: 1"));
    program.signal(Signal::TERM).unwrap();
    assert!(program.wait(SOON).unwrap().success(), "{}", program.log());
}

#[test]
fn a_second_start_brings_up_what_waits_in_the_first_and_exits_with_0() {
    let _alone = alone();
    let session = Session::builder().start().unwrap();
    let first = start(&session, desktop(&session));
    let asked = ask(&session, "agent");
    let window = prompt(&session);
    let mut second = again(&session, &[]);
    assert_eq!(second.wait(SOON).unwrap().code(), Some(0), "{}", second.log());
    assert_eq!(second.log().trim(), "Placet is running already: its prompt is open.");
    await_attention(&session, window.id);
    assert!(first.running() && asked.running());
}

#[test]
fn a_second_start_says_so_when_nothing_waits_and_autostart_disturbs_nobody() {
    let _alone = alone();
    let session = Session::builder().start().unwrap();
    let _first = start(&session, desktop(&session));
    let mut second = again(&session, &[]);
    assert_eq!(second.wait(SOON).unwrap().code(), Some(0), "{}", second.log());
    assert_eq!(second.log().trim(), "Placet is running already: its book is open.");
    let asked = ask(&session, "agent");
    let window = prompt(&session);
    let mut hidden = session.spawn("hidden", {
        let mut command = desktop(&session);
        command.arg("--hidden");
        command
    });
    let hidden = hidden.as_mut().unwrap();
    assert_eq!(hidden.wait(SOON).unwrap().code(), Some(0), "{}", hidden.log());
    let active = session.screen().active().unwrap();
    assert!(active.is_none_or(|active| active.id != window.id), "it was brought up");
    assert!(asked.running());
}

#[test]
fn of_many_started_at_once_one_runs_and_the_others_exit_with_0() {
    let _alone = alone();
    let session = Session::builder().start().unwrap();
    let mut all: Vec<Program> =
        (0..5).map(|n| session.spawn(&format!("start-{n}"), desktop(&session)).unwrap()).collect();
    desktop_support::await_socket(&session, || ());
    let begun = Instant::now();
    while all.iter().filter(|program| program.running()).count() > 1 {
        assert!(begun.elapsed() < SOON, "several are running");
        std::thread::sleep(Duration::from_millis(20));
    }
    for program in all.iter_mut().filter(|program| !program.running()) {
        assert_eq!(program.wait(SOON).unwrap().code(), Some(0), "{}", program.log());
    }
    assert_eq!(all.iter().filter(|program| program.running()).count(), 1);
    assert!(run(&session, &["status"]).success);
}

#[test]
fn f8_after_a_kill_the_next_start_is_the_first_again() {
    let _alone = alone();
    let session = Session::builder().start().unwrap();
    let mut first = start(&session, desktop(&session));
    let mut asked = ask(&session, "agent");
    prompt(&session);
    first.signal(Signal::KILL).unwrap();
    assert_eq!(first.wait(SOON).unwrap().signal(), Some(9));
    assert_ne!(asked.wait(SOON).unwrap().code(), Some(0), "{}", asked.log());
    let _second = start(&session, desktop(&session));
    let log = run(&session, &["log", "--json"]);
    assert!(log.out.contains("restarted"), "{}", log.out);
}

#[test]
fn s13_a_signal_to_end_cancels_what_waits_and_exits_with_0() {
    let _alone = alone();
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let session = Session::builder().accessibility(false).start().unwrap();
        let mut program = start(&session, desktop(&session));
        let mut asked = ask(&session, "agent");
        prompt(&session);
        program.signal(signal).unwrap();
        assert_eq!(asked.wait(SOON).unwrap().code(), Some(3), "{signal:?}: {}", asked.log());
        assert_eq!(program.wait(SOON).unwrap().code(), Some(0), "{signal:?}: {}", program.log());
    }
}

#[test]
fn s1_its_folders_are_open_to_nobody_else() {
    let _alone = alone();
    let session = Session::builder().accessibility(false).start().unwrap();
    let _desktop = start(&session, desktop(&session));
    for folder in [session.run_dir().join("placet"), session.home().join(".local/state/placet")] {
        let found = std::fs::metadata(&folder).unwrap();
        assert_eq!(found.mode() & 0o777, 0o700, "{}", folder.display());
        assert_eq!(found.uid(), session.as_user().uid, "{}", folder.display());
    }
    let socket = std::fs::metadata(session.run_dir().join("placet/agent.sock")).unwrap();
    assert_eq!(socket.mode() & 0o777, 0o600);
}

#[test]
fn f9_without_a_display_it_says_so_and_leaves_no_socket() {
    let _alone = alone();
    let session = Session::builder()
        .window_manager(WindowManager::None)
        .accessibility(false)
        .start()
        .unwrap();
    let mut command = desktop(&session);
    command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
    let mut program = session.spawn("blind", command).unwrap();
    assert_eq!(program.wait(SOON).unwrap().code(), Some(1), "{}", program.log());
    assert_eq!(program.log().trim(), "There is no display that Placet can use.");
    assert!(!session.run_dir().join("placet/agent.sock").exists());
}

#[test]
fn s1_a_squatted_socket_is_left_alone_and_the_person_hears_of_it() {
    let _alone = alone();
    let session = Session::builder().notifications(Notifications::Fake).start().unwrap();
    let squat =
        "mkdir -p -m 700 $XDG_RUNTIME_DIR/placet && echo mine >$XDG_RUNTIME_DIR/placet/agent.sock";
    assert!(session.command("sh").unwrap().args(["-c", squat]).status().unwrap().success());
    let mut program = session.spawn("squatted", desktop(&session)).unwrap();
    assert_eq!(program.wait(SOON).unwrap().code(), Some(1), "{}", program.log());
    let sentence = program.log().trim().to_owned();
    assert!(sentence.starts_with("Placet cannot start: "), "{sentence}");
    let posted = session.fake_notifications().unwrap();
    posted.await_posted(SOON, |note| note.summary == sentence).unwrap();
    let kept = std::fs::read_to_string(session.run_dir().join("placet/agent.sock")).unwrap();
    assert_eq!(kept, "mine\n");
}

/// Whoever holds the lock before autostart could keep Placet away without a word.
#[test]
fn s1_what_holds_the_lock_and_is_no_placet_is_said_aloud_also_at_autostart() {
    let _alone = alone();
    let session = Session::builder().notifications(Notifications::Fake).start().unwrap();
    let posted = session.fake_notifications().unwrap();
    let alarmed = |why: &str, arguments: &[&str]| {
        let mut program = again(&session, arguments);
        assert_eq!(program.wait(LONG).unwrap().code(), Some(1), "{}", program.log());
        // Programs of one name share a log; this one's sentence is the last.
        let log = program.log();
        let sentence = log.lines().last().unwrap_or_default().to_owned();
        assert!(
            sentence.starts_with("Placet cannot start: its place is taken, and "),
            "{sentence}"
        );
        assert!(sentence.contains(why), "{sentence}");
        posted.await_posted(SOON, |note| note.summary == sentence).unwrap();
    };
    // The lock alone.
    let hold = "mkdir -p -m 700 $XDG_RUNTIME_DIR/placet; \
                exec flock $XDG_RUNTIME_DIR/placet/agent.lock sh -c 'echo held; exec sleep 1000'";
    let mut command = session.command("sh").unwrap();
    command.args(["-c", hold]);
    let mut holder = session.spawn_piped("holder", command).unwrap();
    first_line(&mut holder);
    alarmed("nobody answers", &["--hidden"]);
    holder.signal(Signal::TERM).unwrap();
    holder.wait(SOON).unwrap();

    // The lock and a socket that speaks the protocol perfectly.
    let mut command = session.command(built("placet-headless")).unwrap();
    command.args([session.run_dir().join("placet"), session.home().join("squatter")]);
    command.stdin(Stdio::piped());
    let mut squatter = session.spawn_piped("squatter", command).unwrap();
    first_line(&mut squatter);
    alarmed("placet-headless answers", &["--hidden"]);
    alarmed("placet-headless answers", &[]);
    let said = run(&session, &["status"]);
    assert!(said.err.contains("placet-headless answers at the socket"), "{}", said.err);
}

fn first_line(program: &mut Program) {
    let mut line = String::new();
    BufReader::new(program.stdout().unwrap()).read_line(&mut line).unwrap();
    assert!(!line.is_empty(), "{}", program.log());
}

#[test]
fn it_says_its_version_and_what_it_understands() {
    let _alone = alone();
    let session = Session::builder()
        .window_manager(WindowManager::None)
        .accessibility(false)
        .start()
        .unwrap();
    let said = |argument: &str| desktop(&session).arg(argument).output().unwrap();
    let version = said("--version");
    assert!(version.status.success());
    assert_eq!(
        version.stdout,
        format!("placet-desktop {}\n", env!("CARGO_PKG_VERSION")).as_bytes()
    );
    assert!(String::from_utf8(said("--help").stdout).unwrap().contains("--hidden"));
    let wrong = said("--approve-all");
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8(wrong.stderr).unwrap().contains("--approve-all"));
}

//! The desktop tried on programs that are not ours: zenity, notify-send, GTK itself.

use std::time::{Duration, Instant};

use super::*;

const SOON: Duration = Duration::from_secs(15);

/// The test's own display, for one test at a time: two cores do not carry more.
fn alone() -> std::sync::MutexGuard<'static, ()> {
    static ONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    ONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn question(session: &Session) -> Program {
    let mut zenity = session.command("zenity").unwrap();
    zenity.args(["--question", "--title=Stage", "--text=Shall we?", "--no-wrap"]);
    session.spawn("zenity", zenity).unwrap()
}

fn asked(session: &Session) -> (Eyes, Node) {
    let eyes = session.eyes().unwrap();
    let window =
        eyes.await_window("zenity", SOON, |window| window.named("push button", "Yes").is_some());
    (eyes, window.unwrap())
}

#[test]
fn a_person_presses_a_button_that_they_see() {
    let _alone = alone();
    let session = Session::builder().start().unwrap();
    let mut zenity = question(&session);
    let (_, window) = asked(&session);
    assert!(window.words().contains(&"Shall we?"), "{}", window.outline());
    let mut person = session.person().unwrap();
    person.click_on(window.named("push button", "Yes").unwrap()).unwrap();
    assert_eq!(zenity.wait(SOON).unwrap().code(), Some(0));
}

#[test]
fn everything_in_a_session_runs_as_its_user_and_ends_with_it() {
    let _alone = alone();
    let session = Session::builder().panel(true).notifications(Notifications::Xfce).start().unwrap();
    // One that leaves its process group and session, as a daemon does.
    let mut strayed = session.command("setsid").unwrap();
    strayed.args(["--fork", "sleep", "1000"]);
    session.spawn("strayed", strayed).unwrap().wait(SOON).unwrap();
    let zenity = question(&session);
    asked(&session);
    let processes = session.processes();
    assert!(processes.len() >= 9, "{processes:?}");
    for pid in &processes {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let uid = status.lines().find_map(|line| line.strip_prefix("Uid:")).unwrap();
        let uid: u32 = uid.split_whitespace().next().unwrap().parse().unwrap();
        assert_eq!(uid, session.as_user().uid, "{status}");
    }
    let (folder, display) = (session.folder().to_path_buf(), session.display());
    drop(session);
    drop(zenity);
    for pid in processes {
        assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists(), "{pid} is still there");
    }
    assert!(!folder.exists());
    assert!(!std::path::Path::new(&format!("/tmp/.X{display}-lock")).exists());
    assert!(!std::path::Path::new(&format!("/tmp/.X11-unix/X{display}")).exists());
}

#[test]
fn a_session_ends_when_its_test_panics() {
    let _alone = alone();
    let left = std::thread::spawn(|| {
        let session = Session::builder().start().unwrap();
        let processes = session.processes();
        assert!(!processes.is_empty());
        std::panic::panic_any(processes);
    });
    let processes = left.join().unwrap_err().downcast::<Vec<u32>>().unwrap();
    for pid in *processes {
        assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists(), "{pid} is still there");
    }
}

#[test]
#[ignore = "prints how long a start takes"]
fn how_long_a_start_takes() {
    let _alone = alone();
    for (name, builder) in [
        ("plain", Session::builder()),
        ("no accessibility", Session::builder().accessibility(false)),
        ("full", Session::builder().panel(true).notifications(Notifications::Xfce)),
    ] {
        for _ in 0..5 {
            let begun = Instant::now();
            let session = builder.clone().start().unwrap();
            let started = begun.elapsed();
            let begun = Instant::now();
            drop(session);
            println!("{name}: started in {started:?}, ended in {:?}", begun.elapsed());
        }
    }
}

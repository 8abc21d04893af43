//! The desktop tried on programs that are not ours: zenity, notify-send, GTK itself.

use std::time::{Duration, Instant};

use super::*;

const SOON: Duration = Duration::from_secs(15);

/// The test's own display, for one test at a time: two cores do not carry more.
pub(super) fn alone() -> std::sync::MutexGuard<'static, ()> {
    static ONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    ONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Gone, or dead and not yet reaped by the machine's first process.
fn ended(pid: u32) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { return true };
    stat.rsplit(')').next().unwrap().trim_start().starts_with(['Z', 'X'])
}

pub(super) fn question(session: &Session) -> Program {
    let mut zenity = session.command("zenity").unwrap();
    zenity.args(["--question", "--title=Stage", "--text=Shall we?", "--no-wrap"]);
    session.spawn("zenity", zenity).unwrap()
}

pub(super) fn asked(session: &Session) -> (Eyes, Node) {
    let eyes = session.eyes().unwrap();
    let window =
        eyes.await_window("zenity", SOON, |window| window.named("push button", "Yes").is_some());
    (eyes, window.unwrap())
}

/// A screenshot for whoever wants to look: into the folder that `PLACET_STAGE_PICTURES` names.
pub(super) fn picture(session: &Session, name: &str) {
    if let Ok(folder) = std::env::var("PLACET_STAGE_PICTURES") {
        session.screenshot(&std::path::Path::new(&folder).join(name)).unwrap();
    }
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
    let session =
        Session::builder().panel(true).notifications(Notifications::Xfce).start().unwrap();
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
        assert!(ended(pid), "{pid} is still there");
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
        assert!(ended(pid), "{pid} is still there");
    }
}

#[test]
fn a_killed_run_is_cleaned_up_by_the_next() {
    let _alone = alone();
    // As a run whose process id was given to nobody since: Linux gives out at most 2^22.
    let folder = std::env::temp_dir().join("placet-stage-5000000-killed");
    std::fs::create_dir_all(folder.join("run")).unwrap();
    let mut strayed = std::process::Command::new("sleep")
        .arg("1000")
        .stdout(std::process::Stdio::null())
        .env("PLACET_STAGE", &folder)
        .spawn()
        .unwrap();
    drop(
        Session::builder()
            .accessibility(false)
            .window_manager(WindowManager::None)
            .start()
            .unwrap(),
    );
    let gone = ended(strayed.id());
    strayed.kill().unwrap();
    strayed.wait().unwrap();
    assert!(gone);
    assert!(!folder.exists());
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

#[test]
fn a_session_has_the_tray_the_theme_and_the_notifications_that_were_asked_for() {
    let _alone = alone();
    let session = Session::builder()
        .panel(true)
        .notifications(Notifications::Xfce)
        .theme(Theme::Dark)
        .text_scale(2.0)
        .start()
        .unwrap();
    let notify = |arguments: &[&str]| {
        let mut command = session.command("notify-send").unwrap();
        command.args(arguments);
        session.spawn("notify-send", command).unwrap()
    };
    assert!(notify(&["--app-name=Stage", "A title", "A body"]).wait(SOON).unwrap().success());
    let _zenity = question(&session);
    let (eyes, window) = asked(&session);
    assert!(window.is(State::Showing));
    let shown = eyes.await_node("xfce4-notifyd", SOON, |node| node.name.contains("A title"));
    picture(&session, "dark.png");
    shown.unwrap();
}

#[test]
fn the_fake_daemon_records_what_is_posted_and_answers_for_the_person() {
    let _alone = alone();
    let session = Session::builder()
        .window_manager(WindowManager::None)
        .accessibility(false)
        .notifications(Notifications::Fake)
        .start()
        .unwrap();
    let mut command = session.command("notify-send").unwrap();
    command.args(["--app-name=Stage", "--action=review=Review", "Title", "Body"]);
    let mut notify = session.spawn("notify-send", command).unwrap();
    let fake = session.fake_notifications().unwrap();
    let posted = fake.await_posted(SOON, |posted| posted.summary == "Title").unwrap();
    assert_eq!((posted.app.as_str(), posted.body.as_str()), ("Stage", "Body"));
    assert_eq!(posted.actions, [("review".to_owned(), "Review".to_owned())]);
    fake.invoke(posted.id, "review").unwrap();
    notify.wait(SOON).unwrap();
    assert_eq!(notify.log().trim(), "review");
}

#[test]
fn without_a_daemon_nothing_is_activated() {
    let _alone = alone();
    let session = Session::builder().accessibility(false).start().unwrap();
    let mut command = session.command("notify-send").unwrap();
    command.args(["Title", "Body"]);
    let mut notify = session.spawn("notify-send", command).unwrap();
    assert!(!notify.wait(SOON).unwrap().success());
    assert_eq!(session.bus().owner("org.freedesktop.Notifications").unwrap(), None);
}

//! The tray: a real panel for the picture, its own item on the bus for states and menu.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod desktop_support;

use desktop_support::{
    SOON, alone, ask, ask_for, await_label, await_picture, desktop, icon, picture, recorded, run,
    start, state,
};
use placet_stage::desktop::Session;

#[test]
fn h16_the_icon_counts_what_waits_and_the_menu_names_it() {
    let _alone = alone();
    let session = Session::builder().panel(true).start().unwrap();
    let _desktop = start(&session, desktop(&session));
    let icon = icon(&session);
    await_label(&icon, "Nothing is waiting");
    await_picture(&icon, "idle");
    picture(&session, "tray-idle");
    let first = ask_for(&session, "first", "git push");
    await_label(&icon, "1 request is waiting");
    await_picture(&icon, "waiting-1");
    let second = ask_for(&session, "second", "rm -r build");
    let menu = await_label(&icon, "2 requests are waiting");
    await_picture(&icon, "waiting-2");
    picture(&session, "tray-waiting");
    let wants = menu.labels().iter().filter(|label| label.contains("wants to use shell")).count();
    assert_eq!(wants, 2, "{:?}", menu.labels());
    first.stop();
    await_picture(&icon, "waiting-1");
    second.stop();
    await_label(&icon, "Nothing is waiting");
    await_picture(&icon, "idle");
}

#[test]
fn h16_a_menu_shows_neither_arguments_nor_the_agents_own_words() {
    let _alone = alone();
    let session = Session::builder().panel(true).start().unwrap();
    let _desktop = start(&session, desktop(&session));
    let icon = icon(&session);
    let _asked = ask_for(&session, "agent", "git push SECRET-ARGUMENT");
    let menu = await_label(&icon, "1 request is waiting");
    assert!(!menu.labels().iter().any(|label| label.contains("SECRET")), "{:?}", menu.labels());
    // The number that the prompt shows too.
    let number = menu.labels().iter().find_map(|label| {
        Some(label.strip_suffix(" · An unpaired program wants to use shell")?.to_owned())
    });
    let number = number.unwrap_or_else(|| panic!("{:?}", menu.labels()));
    let code = format!("Request {number}");
    session.eyes().unwrap().await_node("placet", SOON, |node| node.name == code).unwrap();
}

#[test]
fn h1_an_entry_of_the_menu_opens_the_prompt_and_decides_nothing() {
    let _alone = alone();
    let session = Session::builder().panel(true).start().unwrap();
    let _desktop = start(&session, desktop(&session));
    let icon = icon(&session);
    let asked = ask(&session, "agent");
    await_label(&icon, "wants to use shell");
    icon.press("wants to use shell").unwrap();
    let eyes = session.eyes().unwrap();
    let prompt = eyes.await_node("placet", SOON, |node| node.name.contains("Approve"));
    prompt.unwrap();
    picture(&session, "tray-opened");
    assert!(asked.running(), "pressing the entry answered: {}", asked.log());
}

#[test]
fn f1_pause_declines_what_waits_and_what_comes_until_it_is_resumed() {
    let _alone = alone();
    let session = Session::builder().panel(true).start().unwrap();
    let _desktop = start(&session, desktop(&session));
    let icon = icon(&session);
    let mut waiting = ask(&session, "waiting");
    await_label(&icon, "1 request is waiting");
    icon.press("Pause for 15 minutes").unwrap();
    assert_eq!(waiting.wait(SOON).unwrap().code(), Some(1), "{}", waiting.log());
    await_label(&icon, "Paused until");
    await_picture(&icon, "paused");
    picture(&session, "tray-paused");
    let mut later = ask(&session, "later");
    assert_eq!(later.wait(SOON).unwrap().code(), Some(1), "{}", later.log());
    assert!(later.log().contains("paused"), "{}", later.log());
    icon.press("Resume").unwrap();
    await_label(&icon, "Pause for 15 minutes");
    await_picture(&icon, "idle");
    let again = ask(&session, "again");
    await_label(&icon, "1 request is waiting");
    assert!(again.running());
}

#[test]
fn f1_quit_cancels_what_waits_and_takes_the_icon_away() {
    let _alone = alone();
    let session = Session::builder().panel(true).start().unwrap();
    let mut desktop = start(&session, desktop(&session));
    let icon = icon(&session);
    let mut waiting = ask(&session, "waiting");
    await_label(&icon, "1 request is waiting");
    icon.press("Quit Placet (what waits gets a no)").unwrap();
    assert_eq!(waiting.wait(SOON).unwrap().code(), Some(3), "{}", waiting.log());
    assert!(waiting.log().contains("stopping"), "{}", waiting.log());
    assert!(desktop.wait(SOON).unwrap().success(), "{}", desktop.log());
    assert!(!session.run_dir().join("placet/agent.sock").exists(), "the socket stayed");
    assert_eq!(placet_stage::desktop::TrayItem::all(session.bus()).unwrap().len(), 0);
}

#[test]
fn r8_a_damaged_record_is_trouble_in_the_tray_with_a_sentence() {
    let _alone = alone();
    let session = Session::builder().panel(true).start().unwrap();
    let mut program = start(&session, desktop(&session));
    let icon1 = icon(&session);
    let asked = ask(&session, "agent");
    await_label(&icon1, "1 request is waiting");
    asked.stop();
    await_label(&icon1, "Nothing is waiting");
    icon1.press("Quit").unwrap();
    program.wait(SOON).unwrap();
    damage(&session.home().join(".local/state/placet"));
    let _desktop = start(&session, desktop(&session));
    let icon = icon(&session);
    let menu = await_label(&icon, "Placet answers no to everything");
    await_picture(&icon, "trouble");
    picture(&session, "tray-trouble");
    assert!(menu.labels()[0].contains("damaged"), "{:?}", menu.labels());
    let mut refused = ask(&session, "refused");
    assert_eq!(refused.wait(SOON).unwrap().code(), Some(4), "{}", refused.log());
}

#[test]
fn f1_a_record_of_the_future_or_one_that_may_not_be_written_is_trouble_in_the_tray() {
    let _alone = alone();
    for (says, is_newer) in [("has version 99", true), ("may not be written", false)] {
        let session = Session::builder().panel(true).start().unwrap();
        recorded(&session, vec![]);
        let record = state(&session).join("record.db");
        if is_newer {
            let connection = rusqlite::Connection::open(&record).unwrap();
            connection.pragma_update(None, "user_version", 99).unwrap();
        } else {
            let mut chmod = session.command("chmod").unwrap();
            assert!(chmod.arg("400").arg(&record).status().unwrap().success());
        }
        let before = std::fs::read(&record).unwrap();
        let _desktop = start(&session, desktop(&session));
        let icon = icon(&session);
        let menu = await_label(&icon, "Placet answers no to everything");
        await_picture(&icon, "trouble");
        assert!(menu.labels()[0].contains(says), "{:?}", menu.labels());
        let mut refused = ask(&session, "refused");
        assert_eq!(refused.wait(SOON).unwrap().code(), Some(4), "{}", refused.log());
        assert_eq!(std::fs::read(&record).unwrap(), before, "it was changed");
    }
}

/// Changes one letter of what is on record.
fn damage(folder: &std::path::Path) {
    let file = folder.join("record.db");
    let mut bytes = std::fs::read(&file).unwrap();
    let needle = b"git push origin v2";
    let found = bytes.windows(needle.len()).enumerate().filter(|(_, window)| window == needle);
    // One of them can be what an entry left behind when its page was parted.
    let all: Vec<usize> = found.map(|(at, _)| at).collect();
    assert!(!all.is_empty());
    all.into_iter().for_each(|at| bytes[at] = b'G');
    std::fs::write(&file, bytes).unwrap();
}

#[test]
fn without_a_panel_there_is_no_icon_and_everything_else_works() {
    let _alone = alone();
    let session = Session::builder().start().unwrap();
    let _desktop = start(&session, desktop(&session));
    let asked = ask(&session, "agent");
    let eyes = session.eyes().unwrap();
    eyes.await_node("placet", SOON, |node| node.name.contains("Approve")).unwrap();
    let opened = run(&session, &["open"]);
    assert!(opened.success, "{}", opened.err);
    assert!(asked.running());
}

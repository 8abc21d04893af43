//! The tray tried on a program that is not ours: an indicator in Python, over the library that
//! Tauri opens at run time.

use std::io::{BufRead, BufReader};
use std::process::ChildStdout;
use std::time::Duration;

use super::tests::alone;
use super::*;

const SOON: Duration = Duration::from_secs(15);

const INDICATOR: &str = r#"
import ctypes, gi
gi.require_version("Gtk", "3.0")
from gi.repository import Gtk
library = ctypes.CDLL("libayatana-appindicator3.so.1")
library.app_indicator_new.restype = ctypes.c_void_p
icon = ctypes.c_void_p(library.app_indicator_new(b"stage-indicator", b"dialog-information", 0))
menu = Gtk.Menu()
pause = Gtk.MenuItem.new_with_mnemonic("_Pause a__b")
greyed = Gtk.MenuItem.new_with_label("Not now")
greyed.set_sensitive(False)
tick = Gtk.CheckMenuItem.new_with_label("Tick")
def paused(item):
    item.set_label("Resume")
    print("paused", flush=True)
pause.connect("activate", paused)
for item in (pause, greyed, Gtk.SeparatorMenuItem(), tick):
    menu.append(item)
menu.show_all()
library.app_indicator_set_status(icon, 1)
library.app_indicator_set_menu(icon, ctypes.c_void_p(hash(menu)))
print("up", flush=True)
Gtk.main()
"#;

fn indicator(session: &Session) -> (Program, BufReader<ChildStdout>) {
    let mut python = session.command("python3").unwrap();
    python.args(["-c", INDICATOR]);
    let mut program = session.spawn_piped("indicator", python).unwrap();
    let output = BufReader::new(program.stdout().unwrap());
    (program, output)
}

fn try_the_menu(session: &Session) {
    let (_program, mut output) = indicator(session);
    let item = TrayItem::find(session.bus(), "stage-indicator", SOON).unwrap();
    assert_eq!(item.property("Status").unwrap(), "Active");
    let menu = item.await_menu(SOON, |menu| menu.labels().len() == 3).unwrap();
    assert_eq!(menu.labels(), ["Pause a_b", "Not now", "Tick"]);
    assert_eq!(menu.children.last().unwrap().checked, Some(false));
    assert!(item.press("Not now").is_err(), "what is greyed cannot be pressed");
    assert!(item.press("Nothing like it").is_err());
    item.press("Pause").unwrap();
    let mut lines = String::new();
    while !lines.contains("paused") {
        assert_ne!(output.read_line(&mut lines).unwrap(), 0, "it ended");
    }
    item.await_menu(SOON, |menu| menu.labels().contains(&"Resume")).unwrap();
}

#[test]
fn a_menu_in_a_panel_s_tray_is_read_and_pressed_by_its_labels() {
    let _alone = alone();
    let session = Session::builder().panel(true).start().unwrap();
    try_the_menu(&session);
    let (_program, _output) = indicator(&session);
    TrayItem::find(session.bus(), "stage-indicator", SOON).unwrap();
    // The panel draws the icon at the right end of its bar.
    let eyes = session.eyes().unwrap();
    eyes.await_node("xfce4-panel", SOON, |node| node.role == "panel" || node.role == "frame")
        .unwrap();
    super::tests::picture(&session, "tray.png");
}

#[test]
fn a_menu_without_any_panel_is_read_and_pressed_as_well() {
    let _alone = alone();
    let session = Session::builder().accessibility(false).start().unwrap();
    let _watcher = TrayWatcher::serve(session.bus_address()).unwrap();
    try_the_menu(&session);
}

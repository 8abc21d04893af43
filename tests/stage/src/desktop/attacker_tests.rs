//! What a window can tell about input: seen by an X client of our own that asks the X server which
//! device each event came from.

use std::time::{Duration, Instant};

use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xinput::{self, ConnectionExt as _, XIEventMask};
use x11rb::protocol::xproto::{
    ConnectionExt as _, CreateWindowAux, EventMask, InputFocus, WindowClass,
};

use super::program::readable_within;
use super::tests::alone;
use super::*;

/// A window that covers the left upper corner and notes where its input comes from.
struct Target {
    screen: Screen,
    window: u32,
}

impl Target {
    fn open(session: &Session) -> Self {
        let attacker = session.attacker().unwrap();
        let screen = attacker.into_screen();
        let connection = screen.connection();
        connection.xinput_xi_query_version(2, 2).unwrap().reply().unwrap();
        let window = connection.generate_id().unwrap();
        let core = EventMask::EXPOSURE | EventMask::STRUCTURE_NOTIFY;
        let events = CreateWindowAux::new().event_mask(core).override_redirect(1);
        let (root, kind) = (screen.root(), WindowClass::INPUT_OUTPUT);
        connection.create_window(0, window, root, 0, 0, 200, 200, 0, kind, 0, &events).unwrap();
        let mask = XIEventMask::BUTTON_PRESS | XIEventMask::KEY_PRESS;
        let masks = [xinput::EventMask { deviceid: 1, mask: vec![mask] }];
        connection.xinput_xi_select_events(window, &masks).unwrap().check().unwrap();
        connection.map_window(window).unwrap().check().unwrap();
        let target = Self { screen, window };
        target.next(|event| matches!(event, Event::Expose(_)).then_some(()));
        let connection = target.screen.connection();
        connection
            .set_input_focus(InputFocus::PARENT, window, x11rb::CURRENT_TIME)
            .unwrap()
            .check()
            .unwrap();
        target
    }

    fn next<T>(&self, fits: impl Fn(&Event) -> Option<T>) -> T {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            while let Some(event) = self.screen.connection().poll_for_event().unwrap() {
                if let Some(found) = fits(&event) {
                    return found;
                }
            }
            assert!(
                readable_within(self.screen.connection().stream(), deadline).unwrap(),
                "no event"
            );
        }
    }

    /// The name of the device behind the next click or key.
    fn device(&self) -> String {
        let source = self.next(|event| match event {
            Event::XinputButtonPress(press) => Some(press.sourceid),
            Event::XinputKeyPress(press) => Some(press.sourceid),
            _ => None,
        });
        let devices =
            self.screen.connection().xinput_xi_query_device(0u16).unwrap().reply().unwrap();
        let device = devices.infos.into_iter().find(|device| device.deviceid == source).unwrap();
        String::from_utf8(device.name).unwrap()
    }

    /// Whether the next core click was made up with XSendEvent.
    fn made_up(&self) -> bool {
        self.next(|event| match event {
            Event::ButtonPress(press) => Some(press.response_type & 0x80 != 0),
            _ => None,
        })
    }
}

#[test]
fn a_person_s_input_comes_from_their_own_devices() {
    let _alone = alone();
    let session = bare();
    let target = Target::open(&session);
    let mut person = session.person().unwrap();
    person.click(50, 50).unwrap();
    assert_eq!(target.device(), "TigerVNC pointer");
    assert_eq!(session.screen().pointer().unwrap(), (50, 50));
    person.type_text("a").unwrap();
    assert_eq!(target.device(), "TigerVNC keyboard");
}

#[test]
fn injected_input_comes_from_the_xtest_device_or_just_as_well_from_the_person_s() {
    let _alone = alone();
    let session = bare();
    let target = Target::open(&session);
    let attacker = session.attacker().unwrap();
    attacker.click(Device::XTest, 60, 60).unwrap();
    assert_eq!(target.device(), "Virtual core XTEST pointer");
    attacker.type_text(Device::XTest, "a").unwrap();
    assert_eq!(target.device(), "Virtual core XTEST keyboard");
    attacker.click(Device::Person, 70, 70).unwrap();
    assert_eq!(target.device(), "TigerVNC pointer");
    attacker.type_text(Device::Person, "a").unwrap();
    assert_eq!(target.device(), "TigerVNC keyboard");
}

#[test]
fn a_sent_click_arrives_and_says_that_it_was_sent() {
    let _alone = alone();
    let session = bare();
    let target = Target::open(&session);
    let listen = x11rb::protocol::xproto::ChangeWindowAttributesAux::new()
        .event_mask(EventMask::BUTTON_PRESS);
    let connection = target.screen.connection();
    connection.change_window_attributes(target.window, &listen).unwrap().check().unwrap();
    session.attacker().unwrap().send_click(80, 80).unwrap();
    assert!(target.made_up());
}

#[test]
fn an_assistive_program_presses_a_button_without_any_event() {
    let _alone = alone();
    let session = Session::builder().start().unwrap();
    let mut zenity = super::tests::question(&session);
    let (eyes, window) = super::tests::asked(&session);
    let no = window.named("push button", "No").unwrap();
    assert!(session.attacker().unwrap().press_by_accessibility(&eyes, no, "click").unwrap());
    assert_eq!(zenity.wait(Duration::from_secs(15)).unwrap().code(), Some(1));
}

fn bare() -> Session {
    Session::builder().accessibility(false).window_manager(WindowManager::None).start().unwrap()
}

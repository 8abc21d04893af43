//! What any program of the same session can do to another's window.
//!
//! Each way tells the receiver something else: XTEST input comes from the XTEST device, or, asked
//! for, from the person's own device (no difference is left to see); XSendEvent marks its events;
//! an accessibility action comes with no event at all. Used only in tests, against our own windows.

use x11rb::connection::{Connection, RequestConnection};
use x11rb::protocol::xinput::{self, ConnectionExt as _};
use x11rb::protocol::xproto::{
    BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, ButtonPressEvent, ClientMessageEvent,
    ConnectionExt as _, EventMask, KEY_PRESS_EVENT, KEY_RELEASE_EVENT, KeyButMask, KeyPressEvent,
    MOTION_NOTIFY_EVENT, PropMode,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::wrapper::ConnectionExt as _;

use super::bus::Bus;
use super::eyes::Eyes;
use super::fault::{Fault, Result, While};
use super::node::Node;
use super::person::keys;
use super::screen::Screen;
use super::xsettings;

/// ICCCM 4.1.3.1.
const ICONIC_STATE: u32 = 3;

/// Whose device the injected input claims to come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Device {
    /// The X server's own XTEST device: what `xdotool` does.
    XTest,
    /// The device that the person uses (`XTestFakeDeviceButtonEvent`, `…KeyEvent`).
    Person,
}

/// A program that means ill, with a connection of its own to the display.
#[derive(Debug)]
pub struct Attacker {
    screen: Screen,
    /// XInput's number of the person's pointer and keyboard.
    pointer: u8,
    keyboard: u8,
    /// The first of the extension events of XInput.
    xinput_events: u8,
}

impl Attacker {
    pub(crate) fn new(screen: Screen) -> Result<Self> {
        let doing = "preparing an attack";
        let connection = screen.connection();
        let name = xinput::X11_EXTENSION_NAME;
        let extension = connection.extension_information(name).doing(doing)?.doing(doing)?;
        connection.xinput_xi_query_version(2, 2).doing(doing)?.reply().doing(doing)?;
        // 0: all devices.
        let devices = connection.xinput_xi_query_device(0u16).doing(doing)?.reply().doing(doing)?;
        let find = |name: &str| {
            let device = devices.infos.iter().find(|device| device.name == name.as_bytes());
            device
                .and_then(|device| u8::try_from(device.deviceid).ok())
                .doing(format!("finding {name}"))
        };
        let (pointer, keyboard) = (find("TigerVNC pointer")?, find("TigerVNC keyboard")?);
        Ok(Self { pointer, keyboard, xinput_events: extension.first_event, screen })
    }

    /// The attacker's own view of the display.
    #[must_use]
    pub fn screen(&self) -> &Screen {
        &self.screen
    }

    #[cfg(test)]
    pub(crate) fn into_screen(self) -> Screen {
        self.screen
    }

    /// Moves the pointer (by XTEST).
    ///
    /// # Errors
    /// When the X server refuses, as for all that follow.
    pub fn move_to(&self, x: i32, y: i32) -> Result<()> {
        let doing = "injecting a movement";
        let (x, y) = (i16::try_from(x).doing(doing)?, i16::try_from(y).doing(doing)?);
        let request = self.screen.connection().xtest_fake_input(
            MOTION_NOTIFY_EVENT,
            0,
            0,
            self.screen.root(),
            x,
            y,
            0,
        );
        request.doing(doing)?.check().doing(doing)
    }

    /// Presses a pointer button (1 is left) where the pointer is.
    ///
    /// # Errors
    /// When the X server refuses.
    pub fn press(&self, device: Device, button: u8) -> Result<()> {
        self.inject(device, BUTTON_PRESS_EVENT, button)
    }

    /// Lets a pointer button go.
    ///
    /// # Errors
    /// When the X server refuses.
    pub fn release(&self, device: Device, button: u8) -> Result<()> {
        self.inject(device, BUTTON_RELEASE_EVENT, button)
    }

    /// Moves there and clicks once with the left button.
    ///
    /// # Errors
    /// When the X server refuses.
    pub fn click(&self, device: Device, x: i32, y: i32) -> Result<()> {
        self.move_to(x, y)?;
        self.press(device, 1)?;
        self.release(device, 1)
    }

    /// Presses a key and keeps it down.
    ///
    /// # Errors
    /// When no key has the symbol, or the X server refuses.
    pub fn key_down(&self, device: Device, keysym: u32) -> Result<()> {
        self.inject(device, KEY_PRESS_EVENT, self.keycode(keysym)?.0)
    }

    /// Lets a key go.
    ///
    /// # Errors
    /// When no key has the symbol, or the X server refuses.
    pub fn key_up(&self, device: Device, keysym: u32) -> Result<()> {
        self.inject(device, KEY_RELEASE_EVENT, self.keycode(keysym)?.0)
    }

    /// Presses keys one after the other and lets them go in reverse.
    ///
    /// # Errors
    /// When no key has a symbol, or the X server refuses.
    pub fn chord(&self, device: Device, keysyms: &[u32]) -> Result<()> {
        for keysym in keysyms {
            self.key_down(device, *keysym)?;
        }
        for keysym in keysyms.iter().rev() {
            self.key_up(device, *keysym)?;
        }
        Ok(())
    }

    /// The number of the key that has a symbol now.
    ///
    /// # Errors
    /// When no key has it, or the X server refuses.
    pub fn key_of(&self, keysym: u32) -> Result<u8> {
        self.keycode(keysym).map(|(code, _)| code)
    }

    /// Presses a key by its number and lets it go, whatever it means now: as a finger does.
    ///
    /// # Errors
    /// When the X server refuses.
    pub fn strike(&self, device: Device, code: u8) -> Result<()> {
        self.inject(device, KEY_PRESS_EVENT, code)?;
        self.inject(device, KEY_RELEASE_EVENT, code)
    }

    /// Types a text, with Shift where a key needs it.
    ///
    /// # Errors
    /// When no key types a character, or the X server refuses.
    pub fn type_text(&self, device: Device, text: &str) -> Result<()> {
        for character in text.chars() {
            let keysym = keys::of(character);
            match self.keycode(keysym)? {
                (_, false) => self.chord(device, &[keysym])?,
                (_, true) => self.chord(device, &[keys::SHIFT, keysym])?,
            }
        }
        Ok(())
    }

    /// Sends a made-up click (press and release of the left button) to the window at a place.
    ///
    /// # Errors
    /// When the X server refuses.
    pub fn send_click(&self, x: i32, y: i32) -> Result<()> {
        let doing = "sending a click";
        let (window, inner_x, inner_y) = self.window_at(x, y)?;
        let (root_x, root_y) = (i16::try_from(x).doing(doing)?, i16::try_from(y).doing(doing)?);
        for (kind, state, mask) in [
            (BUTTON_PRESS_EVENT, KeyButMask::default(), EventMask::BUTTON_PRESS),
            (BUTTON_RELEASE_EVENT, KeyButMask::BUTTON1, EventMask::BUTTON_RELEASE),
        ] {
            let event = ButtonPressEvent {
                response_type: kind,
                detail: 1,
                sequence: 0,
                time: x11rb::CURRENT_TIME,
                root: self.screen.root(),
                event: window,
                child: x11rb::NONE,
                root_x,
                root_y,
                event_x: inner_x,
                event_y: inner_y,
                state,
                same_screen: true,
            };
            let request = self.screen.connection().send_event(true, window, mask, event);
            request.doing(doing)?.check().doing(doing)?;
        }
        Ok(())
    }

    /// Sends a made-up key (press and release) to a window.
    ///
    /// # Errors
    /// When no key has the symbol, or the X server refuses.
    pub fn send_key(&self, window: u32, keysym: u32) -> Result<()> {
        let doing = "sending a key";
        let (detail, shift) = self.keycode(keysym)?;
        let state = if shift { KeyButMask::SHIFT } else { KeyButMask::default() };
        for (kind, mask) in
            [(KEY_PRESS_EVENT, EventMask::KEY_PRESS), (KEY_RELEASE_EVENT, EventMask::KEY_RELEASE)]
        {
            let event = KeyPressEvent {
                response_type: kind,
                detail,
                sequence: 0,
                time: x11rb::CURRENT_TIME,
                root: self.screen.root(),
                event: window,
                child: x11rb::NONE,
                root_x: 1,
                root_y: 1,
                event_x: 1,
                event_y: 1,
                state,
                same_screen: true,
            };
            let request = self.screen.connection().send_event(true, window, mask, event);
            request.doing(doing)?.check().doing(doing)?;
        }
        Ok(())
    }

    /// Writes a string among the settings of the running desktop (XSETTINGS): its property is open
    /// to every client. Programs follow.
    ///
    /// # Errors
    /// When nobody announces settings, or the X server refuses.
    pub fn name_in_xsettings(&self, name: &str, value: &str) -> Result<()> {
        let selection = self.screen.atom("_XSETTINGS_S0")?;
        let doing = "changing the settings of the desktop";
        let connection = self.screen.connection();
        let owner = connection.get_selection_owner(selection).doing(doing)?.reply().doing(doing)?;
        let property = self.screen.atom("_XSETTINGS_SETTINGS")?;
        let found = self.screen.bytes(owner.owner, property, property)?;
        let data = xsettings::with(&found, name, value).doing(doing)?;
        connection
            .change_property8(PropMode::REPLACE, owner.owner, property, property, &data)
            .doing(doing)?
            .check()
            .doing(doing)
    }

    /// Makes an icon of another program's window, as a task list does (ICCCM 4.1.4).
    ///
    /// # Errors
    /// When the X server refuses.
    pub fn iconify(&self, window: u32) -> Result<()> {
        let doing = "making an icon of a window";
        let name = self.screen.atom("WM_CHANGE_STATE")?;
        let event = ClientMessageEvent::new(32, window, name, [ICONIC_STATE, 0, 0, 0, 0]);
        let to_manager = EventMask::SUBSTRUCTURE_REDIRECT | EventMask::SUBSTRUCTURE_NOTIFY;
        let request =
            self.screen.connection().send_event(false, self.screen.root(), to_manager, event);
        request.doing(doing)?.check().doing(doing)
    }

    /// Does what an assistive program would: the node's action `name` (`press`, `click`, `activate`).
    /// True if the program says that it did it.
    ///
    /// # Errors
    /// When the node has no such action or is gone.
    pub fn press_by_accessibility(&self, eyes: &Eyes, node: &Node, name: &str) -> Result<bool> {
        let doing = format!("doing {name} to {:?}", node.name);
        let index = node.actions.iter().position(|action| action.eq_ignore_ascii_case(name));
        let index = index
            .ok_or_else(|| Fault::new(doing.clone(), format!("it only has {:?}", node.actions)))?;
        let index = i32::try_from(index).doing(doing.clone())?;
        self.accessibility(eyes.bus(), node, "org.a11y.atspi.Action", "DoAction", index)
    }

    /// Writes into a text field as an assistive program would. True if the program says it did.
    ///
    /// # Errors
    /// When the node takes no text or is gone.
    pub fn write_by_accessibility(&self, eyes: &Eyes, node: &Node, text: &str) -> Result<bool> {
        let interface = "org.a11y.atspi.EditableText";
        self.accessibility(eyes.bus(), node, interface, "SetTextContents", text.to_owned())
    }

    /// Gives a node the keyboard focus as an assistive program would.
    ///
    /// # Errors
    /// When the node cannot take it or is gone.
    pub fn focus_by_accessibility(&self, eyes: &Eyes, node: &Node) -> Result<bool> {
        self.accessibility(eyes.bus(), node, "org.a11y.atspi.Component", "GrabFocus", ())
    }

    fn accessibility<B>(
        &self,
        bus: &Bus,
        node: &Node,
        interface: &str,
        method: &str,
        body: B,
    ) -> Result<bool>
    where
        B: serde::Serialize + zbus::wire::DynamicType + Send + Sync + 'static,
    {
        let reply = bus.call(&node.at.0, node.at.1.as_str(), interface, method, body)?;
        reply.body().deserialize().doing("reading whether it was done")
    }

    fn inject(&self, device: Device, kind: u8, detail: u8) -> Result<()> {
        let doing = "injecting input";
        let connection = self.screen.connection();
        let (kind, id) = match device {
            Device::XTest => (kind, 0),
            // The same events of XInput 1 stand in the same order after DeviceValuator.
            Device::Person if kind >= BUTTON_PRESS_EVENT => (
                self.xinput_events + xinput::DEVICE_BUTTON_PRESS_EVENT + kind - BUTTON_PRESS_EVENT,
                self.pointer,
            ),
            Device::Person => (
                self.xinput_events + xinput::DEVICE_KEY_PRESS_EVENT + kind - KEY_PRESS_EVENT,
                self.keyboard,
            ),
        };
        let request = connection.xtest_fake_input(kind, detail, 0, self.screen.root(), 0, 0, id);
        request.doing(doing)?.check().doing(doing)?;
        // A round trip: what was injected has been queued when this returns.
        connection.get_input_focus().doing(doing)?.reply().doing(doing).map(drop)
    }

    /// The key that has a symbol, and whether it needs Shift.
    fn keycode(&self, keysym: u32) -> Result<(u8, bool)> {
        let doing = "looking at the keyboard";
        let setup = self.screen.connection().setup();
        let (first, count) = (setup.min_keycode, setup.max_keycode - setup.min_keycode + 1);
        let request = self.screen.connection().get_keyboard_mapping(first, count);
        let mapping = request.doing(doing)?.reply().doing(doing)?;
        let per_key = usize::from(mapping.keysyms_per_keycode);
        for (code, symbols) in (first..).zip(mapping.keysyms.chunks(per_key)) {
            if let Some(column) = symbols.iter().take(2).position(|symbol| *symbol == keysym) {
                return Ok((code, column == 1));
            }
        }
        Err(Fault::new(doing, format!("no key has the symbol {keysym:#x}")))
    }

    /// The innermost window at a place, and the place in its coordinates.
    fn window_at(&self, x: i32, y: i32) -> Result<(u32, i16, i16)> {
        let doing = "finding the window at a place";
        let connection = self.screen.connection();
        let root = self.screen.root();
        let (x, y) = (i16::try_from(x).doing(doing)?, i16::try_from(y).doing(doing)?);
        let mut window = root;
        loop {
            let request = connection.translate_coordinates(root, window, x, y);
            let inside = request.doing(doing)?.reply().doing(doing)?;
            if inside.child == x11rb::NONE {
                return Ok((window, inside.dst_x, inside.dst_y));
            }
            window = inside.child;
        }
    }
}

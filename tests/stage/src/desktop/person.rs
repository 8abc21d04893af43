//! The scripted person: hands on the X server's own input device.
//!
//! What they do reaches programs as "TigerVNC pointer" and "TigerVNC keyboard", as a person's does
//! at a real desk, and never through XTEST. Every call returns when the X server has taken it;
//! what a program makes of it is for [`super::Eyes`] to see.
//!
//! Coordinates are pixels of the screen, origin at the top left.

use std::path::Path;
use std::time::Duration;

use super::fault::{Result, While};
use super::node::Node;
use super::rfb::Rfb;

/// X key symbols (keysymdef.h) of keys that type nothing.
pub mod keys {
    /// Backspace.
    pub const BACKSPACE: u32 = 0xff08;
    /// Tab.
    pub const TAB: u32 = 0xff09;
    /// Enter.
    pub const RETURN: u32 = 0xff0d;
    /// Enter of the number block.
    pub const KP_ENTER: u32 = 0xff8d;
    /// Escape.
    pub const ESCAPE: u32 = 0xff1b;
    /// Home.
    pub const HOME: u32 = 0xff50;
    /// Arrow to the left.
    pub const LEFT: u32 = 0xff51;
    /// Arrow up.
    pub const UP: u32 = 0xff52;
    /// Arrow to the right.
    pub const RIGHT: u32 = 0xff53;
    /// Arrow down.
    pub const DOWN: u32 = 0xff54;
    /// Page up.
    pub const PAGE_UP: u32 = 0xff55;
    /// Page down.
    pub const PAGE_DOWN: u32 = 0xff56;
    /// End.
    pub const END: u32 = 0xff57;
    /// Delete.
    pub const DELETE: u32 = 0xffff;
    /// The left shift key.
    pub const SHIFT: u32 = 0xffe1;
    /// The left control key.
    pub const CONTROL: u32 = 0xffe3;
    /// The left alt key.
    pub const ALT: u32 = 0xffe9;
    /// The left super key.
    pub const SUPER: u32 = 0xffeb;
    /// The space bar.
    pub const SPACE: u32 = 0x20;

    /// The key that types `character`: Latin-1 directly, everything else by its code point
    /// (X11 protocol, appendix A).
    #[must_use]
    pub fn of(character: char) -> u32 {
        match u32::from(character) {
            latin @ (0x20..=0x7e | 0xa0..=0xff) => latin,
            0x0a | 0x0d => RETURN,
            0x09 => TAB,
            other => 0x0100_0000 | other,
        }
    }
}

/// The left mouse button, for [`Person::press`].
const LEFT: u8 = 1;
/// The wheel, turned towards the person and away.
const WHEEL_ON: u8 = 5;
const WHEEL_BACK: u8 = 4;

/// Somebody at the desktop.
#[derive(Debug)]
pub struct Person {
    rfb: Rfb,
    at: (u16, u16),
    held: u8,
}

impl Person {
    /// Sits down at the desktop whose VNC socket this is.
    ///
    /// # Errors
    /// When nobody listens there.
    pub fn sit_down(socket: &Path) -> Result<Self> {
        Ok(Self { rfb: Rfb::connect(socket)?, at: (0, 0), held: 0 })
    }

    /// Moves the pointer.
    ///
    /// # Errors
    /// When the point is not on the screen or the server has gone (as for all that follow).
    pub fn move_to(&mut self, x: i32, y: i32) -> Result<()> {
        let doing = || format!("moving to {x}, {y}");
        let (x, y) = (u16::try_from(x).doing(doing())?, u16::try_from(y).doing(doing())?);
        (x < self.rfb.size.0 && y < self.rfb.size.1).then_some(()).doing(doing())?;
        self.at = (x, y);
        self.pointer()
    }

    /// Presses button `1` (left) to `8` and keeps it down.
    ///
    /// # Errors
    /// When the server has gone.
    pub fn press(&mut self, button: u8) -> Result<()> {
        self.held |= bit(button);
        self.pointer()
    }

    /// Lets a button go.
    ///
    /// # Errors
    /// When the server has gone.
    pub fn release(&mut self, button: u8) -> Result<()> {
        self.held &= !bit(button);
        self.pointer()
    }

    /// Moves there and clicks once. Two clicks at one place within 400 ms are a double click.
    ///
    /// # Errors
    /// When the point is not on the screen or the server has gone.
    pub fn click(&mut self, x: i32, y: i32) -> Result<()> {
        self.move_to(x, y)?;
        self.press(LEFT)?;
        self.release(LEFT)
    }

    /// Moves there, presses the left button, and lets it go after `time`.
    ///
    /// # Errors
    /// When the point is not on the screen or the server has gone.
    pub fn hold(&mut self, x: i32, y: i32, time: Duration) -> Result<()> {
        self.move_to(x, y)?;
        self.press(LEFT)?;
        // Not waiting for something: the time is what is being done.
        std::thread::sleep(time);
        self.release(LEFT)
    }

    /// Moves there and turns the wheel by so many notches: towards the end of what is under it, or
    /// back if there are fewer than none.
    ///
    /// # Errors
    /// When the point is not on the screen or the server has gone.
    pub fn wheel(&mut self, x: i32, y: i32, notches: i32) -> Result<()> {
        self.move_to(x, y)?;
        let button = if notches < 0 { WHEEL_BACK } else { WHEEL_ON };
        for _ in 0..notches.unsigned_abs() {
            self.press(button)?;
            self.release(button)?;
        }
        Ok(())
    }

    /// Clicks in the middle of something seen.
    ///
    /// # Errors
    /// When it is not on the screen or the server has gone.
    pub fn click_on(&mut self, node: &Node) -> Result<()> {
        let (x, y) = node.middle().doing(format!("finding the place of {:?}", node.name))?;
        self.click(x, y)
    }

    /// Holds the left button down in the middle of something seen, for `time`.
    ///
    /// # Errors
    /// When it is not on the screen or the server has gone.
    pub fn hold_on(&mut self, node: &Node, time: Duration) -> Result<()> {
        let (x, y) = node.middle().doing(format!("finding the place of {:?}", node.name))?;
        self.hold(x, y, time)
    }

    /// Presses a key and keeps it down.
    ///
    /// # Errors
    /// When the server has gone.
    pub fn key_down(&mut self, keysym: u32) -> Result<()> {
        self.rfb.key(keysym, true)?;
        self.rfb.settle()
    }

    /// Lets a key go.
    ///
    /// # Errors
    /// When the server has gone.
    pub fn key_up(&mut self, keysym: u32) -> Result<()> {
        self.rfb.key(keysym, false)?;
        self.rfb.settle()
    }

    /// Presses a key and lets it go; see [`keys`].
    ///
    /// # Errors
    /// When the server has gone.
    pub fn key(&mut self, keysym: u32) -> Result<()> {
        self.chord(&[keysym])
    }

    /// Presses keys one after the other and lets them go in reverse.
    ///
    /// # Errors
    /// When the server has gone.
    pub fn chord(&mut self, keysyms: &[u32]) -> Result<()> {
        for keysym in keysyms {
            self.rfb.key(*keysym, true)?;
        }
        for keysym in keysyms.iter().rev() {
            self.rfb.key(*keysym, false)?;
        }
        self.rfb.settle()
    }

    /// Types a text, key by key; the X server adds Shift where a character needs it.
    ///
    /// # Errors
    /// When the server has gone.
    pub fn type_text(&mut self, text: &str) -> Result<()> {
        for character in text.chars() {
            let keysym = keys::of(character);
            self.rfb.key(keysym, true)?;
            self.rfb.key(keysym, false)?;
        }
        self.rfb.settle()
    }

    fn pointer(&mut self) -> Result<()> {
        self.rfb.pointer(self.at.0, self.at.1, self.held)?;
        self.rfb.settle()
    }
}

fn bit(button: u8) -> u8 {
    1u8.checked_shl(u32::from(button.saturating_sub(1))).unwrap_or(0)
}

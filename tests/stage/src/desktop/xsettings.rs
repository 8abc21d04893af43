//! A small XSETTINGS manager: the theme, the text scale and the animations that programs follow.
//!
//! A desktop environment's settings daemon would be one more program that differs from machine to
//! machine; the protocol (XSETTINGS 0.5, freedesktop.org) is one property on one window.

use x11rb::connection::Connection;
use x11rb::protocol::xproto::{
    AtomEnum, ConnectionExt, CreateWindowAux, PropMode, Window, WindowClass,
};
use x11rb::wrapper::ConnectionExt as _;

use super::fault::{Fault, Result, While};
use super::screen::Screen;

/// Light or dark, by the name of GTK's own theme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// Adwaita.
    #[default]
    Light,
    /// Adwaita's dark variant.
    Dark,
    /// High contrast.
    Contrast,
}

/// What is announced.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Settings {
    pub(crate) theme: Theme,
    /// 1.0 for 96 dots per inch.
    pub(crate) text_scale: f64,
    pub(crate) animations: bool,
}

/// Owns the XSETTINGS selection of screen 0 as long as its X connection lives.
#[derive(Debug)]
pub(crate) struct XSettings {
    window: Window,
    serial: u32,
}

impl XSettings {
    pub(crate) fn announce(screen: &Screen, settings: Settings) -> Result<Self> {
        let doing = "announcing the settings of the desktop";
        let connection = screen.connection();
        let window = connection.generate_id().doing(doing)?;
        let (root, none) = (screen.root(), &CreateWindowAux::new());
        connection
            .create_window(0, window, root, 0, 0, 1, 1, 0, WindowClass::INPUT_ONLY, 0, none)
            .doing(doing)?;
        let mut announced = Self { window, serial: 0 };
        announced.change(screen, settings)?;
        let selection = screen.atom("_XSETTINGS_S0")?;
        connection.set_selection_owner(window, selection, x11rb::CURRENT_TIME).doing(doing)?;
        let owner = connection.get_selection_owner(selection).doing(doing)?.reply().doing(doing)?;
        if owner.owner != window {
            return Err(Fault::new(doing, "somebody else announces them"));
        }
        // Every program of the session starts later than this: no MANAGER message is needed.
        Ok(announced)
    }

    /// Announces new settings; running programs follow.
    pub(crate) fn change(&mut self, screen: &Screen, settings: Settings) -> Result<()> {
        let doing = "changing the settings of the desktop";
        self.serial += 1;
        let property = screen.atom("_XSETTINGS_SETTINGS")?;
        let data = encode(self.serial, settings);
        screen
            .connection()
            .change_property8(PropMode::REPLACE, self.window, property, property, &data)
            .doing(doing)?
            .check()
            .doing(doing)?;
        // What does not speak XSETTINGS reads the X resources.
        let dpi = format!("Xft.dpi:\t{}\n", dpi(settings));
        let resources = AtomEnum::RESOURCE_MANAGER;
        screen
            .connection()
            .change_property8(
                PropMode::REPLACE,
                screen.root(),
                resources,
                AtomEnum::STRING,
                dpi.as_bytes(),
            )
            .doing(doing)?
            .check()
            .doing(doing)
    }
}

fn dpi(settings: Settings) -> i32 {
    // A screen has at most a few hundred dots per inch.
    #[allow(clippy::cast_possible_truncation)]
    let dpi = (96.0 * settings.text_scale).round() as i32;
    dpi
}

/// The property's bytes, in the byte order of a little-endian machine.
fn encode(serial: u32, settings: Settings) -> Vec<u8> {
    let theme = match settings.theme {
        Theme::Light => "Adwaita",
        Theme::Dark => "Adwaita-dark",
        Theme::Contrast => "HighContrast",
    };
    let numbers = [
        ("Xft/DPI", dpi(settings) * 1024),
        ("Xft/Antialias", 1),
        ("Gtk/EnableAnimations", i32::from(settings.animations)),
    ];
    let strings = [
        ("Net/ThemeName", theme),
        ("Net/IconThemeName", "Adwaita"),
        ("Gtk/FontName", "DejaVu Sans 10"),
    ];
    // Byte order (0: least significant first), three unused, serial, number of settings.
    let mut data = vec![0, 0, 0, 0];
    data.extend(serial.to_le_bytes());
    data.extend(6u32.to_le_bytes());
    for (name, value) in numbers {
        setting(&mut data, 0, name, serial);
        data.extend(value.to_le_bytes());
    }
    for (name, value) in strings {
        setting(&mut data, 1, name, serial);
        data.extend(u32::try_from(value.len()).unwrap_or_default().to_le_bytes());
        padded(&mut data, value);
    }
    data
}

/// What is announced with one string more, or another value of it if it is the last: all that are
/// added by this function are at the end.
pub(crate) fn with(announced: &[u8], name: &str, value: &str) -> Option<Vec<u8>> {
    let number = |at: usize| -> Option<u32> {
        Some(u32::from_le_bytes(announced.get(at..at + 4)?.try_into().ok()?))
    };
    let (serial, count) = (number(4)? + 1, number(8)?);
    let mut named = Vec::new();
    named.extend([1, 0]);
    named.extend(u16::try_from(name.len()).ok()?.to_le_bytes());
    padded(&mut named, name);
    let before = announced.windows(named.len()).position(|part| part == named);
    let kept = announced.get(12..before.unwrap_or(announced.len()))?;
    let mut data = vec![0, 0, 0, 0];
    data.extend(serial.to_le_bytes());
    data.extend((count + u32::from(before.is_none())).to_le_bytes());
    data.extend(kept);
    setting(&mut data, 1, name, serial);
    data.extend(u32::try_from(value.len()).ok()?.to_le_bytes());
    padded(&mut data, value);
    Some(data)
}

/// Type, unused, length of the name, name, serial of its last change.
fn setting(data: &mut Vec<u8>, kind: u8, name: &str, serial: u32) {
    data.extend([kind, 0]);
    data.extend(u16::try_from(name.len()).unwrap_or_default().to_le_bytes());
    padded(data, name);
    data.extend(serial.to_le_bytes());
}

fn padded(data: &mut Vec<u8>, text: &str) {
    data.extend(text.as_bytes());
    data.resize(data.len().next_multiple_of(4), 0);
}

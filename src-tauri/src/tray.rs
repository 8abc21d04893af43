//! The icon in the panel and its menu, drawn from [`crate::view`].
//!
//! **Promises.** Without a panel, a watcher or the indicator library there is no icon and
//! everything else works. Lives on the main thread; the menu is made anew only when it would say
//! something else, because panels close an open menu that changes.
//!
//! **Never** decide here: a chosen line is handed on as [`Act`].

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use gtk::gdk_pixbuf::{Colorspace, Pixbuf};
use tauri::AppHandle;
use tauri::image::Image;
use tauri::menu::{Menu, MenuItem, PredefinedMenuItem};
use tauri::tray::{TrayIcon, TrayIconBuilder};

use crate::view::{Act, Line, Picture, State};

/// The icon, if there is one.
pub struct Tray {
    app: AppHandle,
    icon: TrayIcon,
    shown: State,
}

impl Tray {
    /// Puts the icon up, drawn for `state`. Its pictures are written into `pictures` for the panel
    /// to read. `None` if the system has no such thing; the log says why.
    pub fn put_up(
        app: &AppHandle,
        pictures: &Path,
        state: &State,
        act: impl Fn(Act) + Send + Sync + 'static,
    ) -> Option<Self> {
        // The indicator library is opened at run time, and its binding panics if it is missing.
        let icon = catch_unwind(AssertUnwindSafe(|| {
            TrayIconBuilder::with_id("placet")
                .temp_dir_path(pictures)
                .icon(image(state.picture())?)
                .title(title(state.picture()))
                .menu(&menu(app, state)?)
                .on_menu_event(move |_, event| {
                    if let Some(chosen) = Act::of(event.id().as_ref()) {
                        act(chosen);
                    }
                })
                .build(app)
        }));
        match icon {
            Ok(Ok(icon)) => Some(Self { app: app.clone(), icon, shown: state.clone() }),
            Ok(Err(error)) => {
                tracing::warn!(%error, "no tray icon");
                None
            }
            Err(_) => {
                tracing::warn!("no tray icon: libayatana-appindicator3 is missing");
                None
            }
        }
    }

    /// Shows `state`.
    pub fn show(&mut self, state: &State) {
        if self.shown == *state {
            return;
        }
        if let Err(error) = self.draw(state) {
            tracing::warn!(%error, "the tray icon could not be drawn");
        }
        self.shown = state.clone();
    }

    fn draw(&self, state: &State) -> tauri::Result<()> {
        if self.shown.picture() != state.picture() {
            self.icon.set_icon(Some(image(state.picture())?))?;
            self.icon.set_title(Some(title(state.picture())))?;
        }
        if self.shown.menu() != state.menu() {
            self.icon.set_menu(Some(menu(&self.app, state)?))?;
        }
        Ok(())
    }
}

fn menu(app: &AppHandle, state: &State) -> tauri::Result<Menu<tauri::Wry>> {
    let menu = Menu::new(app)?;
    for line in state.menu() {
        match line {
            Line::Says(label) => {
                menu.append(&MenuItem::new(app, plain(&label), false, None::<&str>)?)?;
            }
            Line::Does(act, label) => menu.append(&MenuItem::with_id(
                app,
                act.word(),
                plain(&label),
                true,
                None::<&str>,
            )?)?,
            Line::Divider => menu.append(&PredefinedMenuItem::separator(app)?)?,
        }
    }
    Ok(menu)
}

/// `&` would mark a key in a menu and vanish from a stranger's name.
fn plain(label: &str) -> String {
    label.replace('&', "&&")
}

/// The count as text, for panels that show a label and for screen readers.
fn title(picture: Picture) -> String {
    match picture {
        Picture::Waiting(count) => count.to_string(),
        _ => String::new(),
    }
}

fn image(picture: Picture) -> tauri::Result<Image<'static>> {
    Image::from_bytes(png(picture))
}

/// The PNG of a picture.
#[must_use]
pub fn png(picture: Picture) -> &'static [u8] {
    macro_rules! tray {
        ($name:literal) => {
            include_bytes!(concat!("../../icons/tray/", $name, ".png"))
        };
    }
    match picture {
        Picture::Idle | Picture::Waiting(0) => tray!("idle"),
        Picture::Paused => tray!("paused"),
        Picture::Trouble => tray!("trouble"),
        Picture::Waiting(1) => tray!("waiting-1"),
        Picture::Waiting(2) => tray!("waiting-2"),
        Picture::Waiting(3) => tray!("waiting-3"),
        Picture::Waiting(4) => tray!("waiting-4"),
        Picture::Waiting(5) => tray!("waiting-5"),
        Picture::Waiting(6) => tray!("waiting-6"),
        Picture::Waiting(7) => tray!("waiting-7"),
        Picture::Waiting(8) => tray!("waiting-8"),
        Picture::Waiting(9) => tray!("waiting-9"),
        Picture::Waiting(_) => tray!("waiting-many"),
    }
}

/// The program's own picture.
const PLACET: &[u8] = include_bytes!("../../icons/128.png");

/// Writes the program's own picture for notifications; `None` if that failed, and then they have
/// none.
#[must_use]
pub fn write_picture(folder: &Path) -> Option<PathBuf> {
    let path = folder.join("placet.png");
    std::fs::create_dir_all(folder).ok()?;
    std::fs::write(&path, PLACET).ok()?;
    Some(path)
}

/// Gives every window of this process the program's picture. GTK must have been started.
pub fn mark_windows() {
    let Ok(image) = Image::from_bytes(PLACET) else { return };
    let (Ok(width), Ok(height)) = (i32::try_from(image.width()), i32::try_from(image.height()))
    else {
        return;
    };
    let pixels = gtk::glib::Bytes::from(image.rgba());
    let row = width.saturating_mul(4);
    let picture = Pixbuf::from_bytes(&pixels, Colorspace::Rgb, true, 8, width, height, row);
    gtk::Window::set_default_icon(&picture);
}

#[cfg(test)]
mod tests {
    use super::*;

    const PICTURES: [Picture; 5] = [
        Picture::Idle,
        Picture::Waiting(1),
        Picture::Waiting(20),
        Picture::Paused,
        Picture::Trouble,
    ];

    /// Relative luminance of sRGB (WCAG 2.2, "relative luminance").
    fn luminance(rgb: [u8; 3]) -> f64 {
        let linear = |v: u8| {
            let v = f64::from(v) / 255.0;
            if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(rgb[0]) + 0.7152 * linear(rgb[1]) + 0.0722 * linear(rgb[2])
    }

    fn contrast(a: [u8; 3], b: [u8; 3]) -> f64 {
        let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
        a.max(b) / a.min(b)
    }

    #[test]
    fn h20_every_picture_is_seen_on_a_white_and_on_a_dark_panel() {
        for picture in PICTURES {
            let image = image(picture).unwrap();
            // The shape's own colour: the most frequent among opaque pixels.
            let mut counts = std::collections::BTreeMap::new();
            for pixel in image.rgba().chunks_exact(4).filter(|pixel| pixel[3] == 255) {
                *counts.entry([pixel[0], pixel[1], pixel[2]]).or_insert(0) += 1;
            }
            let (colour, _) = counts.into_iter().max_by_key(|(_, count)| *count).unwrap();
            for panel in [[255, 255, 255], [0x24, 0x24, 0x24]] {
                let found = contrast(colour, panel);
                assert!(found >= 3.0, "{picture:?} on {panel:?}: {found:.2}");
            }
        }
    }

    #[test]
    fn h20_no_two_states_look_the_same_without_colour() {
        let shapes: std::collections::BTreeSet<Vec<u8>> = PICTURES
            .iter()
            .map(|picture| {
                let image = image(*picture).unwrap();
                let pixels = image.rgba().chunks_exact(4);
                // What is neither white nor clear is the shape.
                pixels.map(|p| u8::from(p[3] > 127 && p[..3] != [255, 255, 255])).collect()
            })
            .collect();
        assert_eq!(shapes.len(), PICTURES.len());
    }

    #[test]
    fn a_strangers_ampersand_stays_an_ampersand() {
        assert_eq!(plain("R&D_bot"), "R&&D_bot");
    }
}

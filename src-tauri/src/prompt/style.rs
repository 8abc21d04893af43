//! How the prompt looks: one style sheet of our own, in a light and a dark palette and with more
//! contrast, as the desktop's settings say.
//!
//! **Promises.** Every property of everything inside the prompt is set here, above the priority of
//! the user's `gtk.css` and of any theme: a file of the user cannot hide a label (design §6). Sizes
//! are in points and in parts of them, so the desktop's text scale holds for all of it. Text
//! stands out from its ground by at least 4.5 to 1, with more contrast by at least 7 to 1.
//!
//! **Never** load an image, an icon theme or a file.

use std::cell::RefCell;
use std::rc::Rc;

use gtk::gdk;
use gtk::glib;
use gtk::prelude::*;

/// Above `GTK_STYLE_PROVIDER_PRIORITY_USER` (800), at which `gtk.css` is loaded.
const PRIORITY: u32 = 1000;
/// Points, at a text scale of 1.
const TEXT_POINTS: f64 = 10.5;

/// What the person wants it to look like; each unset part follows the desktop.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Appearance {
    /// The palette.
    pub scheme: Option<Scheme>,
    /// How large text is beside the desktop's own text scale; 1 if unset.
    pub text_scale: Option<f64>,
    /// No moving parts.
    pub reduced_motion: Option<bool>,
}

/// The palettes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
    /// Black on white.
    LightContrast,
    /// White on black.
    DarkContrast,
}

/// The style sheet in force.
pub(super) struct Style {
    provider: gtk::CssProvider,
    wanted: RefCell<Appearance>,
}

impl Style {
    /// Puts the style sheet in force and keeps following the desktop's settings.
    pub(super) fn put_on(wanted: Appearance) -> Rc<Self> {
        let provider = gtk::CssProvider::new();
        if let Some(screen) = gdk::Screen::default() {
            gtk::StyleContext::add_provider_for_screen(&screen, &provider, PRIORITY);
        }
        let style = Rc::new(Self { provider, wanted: RefCell::new(wanted) });
        style.refresh();
        if let Some(settings) = gtk::Settings::default() {
            for name in ["gtk-theme-name", "gtk-application-prefer-dark-theme", "gtk-xft-dpi"] {
                let weak = Rc::downgrade(&style);
                settings.connect_notify_local(Some(name), move |_, _| {
                    if let Some(style) = weak.upgrade() {
                        style.refresh();
                    }
                });
            }
        }
        style
    }

    /// Changes what the person wants.
    pub(super) fn want(&self, wanted: Appearance) {
        self.wanted.replace(wanted);
        self.refresh();
    }

    /// Whether nothing may move.
    pub(super) fn reduced_motion(&self) -> bool {
        self.wanted.borrow().reduced_motion.unwrap_or_else(|| {
            gtk::Settings::default().is_some_and(|settings| !settings.is_gtk_enable_animations())
        })
    }

    /// The width of the prompt's page in pixels, before it is fitted to the monitor.
    pub(super) fn page_width(&self) -> i32 {
        let dots = gdk::Screen::default().map_or(96.0, |screen| screen.resolution()).max(48.0);
        (self.points() * dots / 72.0 * 44.0).round() as i32
    }

    fn points(&self) -> f64 {
        TEXT_POINTS * self.wanted.borrow().text_scale.unwrap_or(1.0).clamp(0.5, 4.0)
    }

    fn refresh(&self) {
        let scheme = self.wanted.borrow().scheme.unwrap_or_else(of_desktop);
        let sheet = sheet(&scheme.palette(), self.points());
        if let Err(error) = self.provider.load_from_data(sheet.as_bytes()) {
            tracing::error!(%error, "the prompt's style sheet has an error");
        }
    }
}

/// What the desktop's settings say.
fn of_desktop() -> Scheme {
    let Some(settings) = gtk::Settings::default() else { return Scheme::Light };
    let theme = settings.gtk_theme_name().map_or_else(String::new, glib::GString::into);
    let theme = theme.to_lowercase();
    let contrast = theme.contains("highcontrast");
    let dark = settings.is_gtk_application_prefer_dark_theme()
        || theme.contains("dark")
        || theme.contains("inverse");
    match (dark, contrast) {
        (false, false) => Scheme::Light,
        (true, false) => Scheme::Dark,
        (false, true) => Scheme::LightContrast,
        (true, true) => Scheme::DarkContrast,
    }
}

/// Colours by what they are for.
struct Palette {
    ground: &'static str,
    text: &'static str,
    quiet: &'static str,
    card: &'static str,
    line: &'static str,
    code: &'static str,
    accent: &'static str,
    on_accent: &'static str,
    button: &'static str,
    button_over: &'static str,
    control_line: &'static str,
    warn_ground: &'static str,
    warn_text: &'static str,
    wrong_ground: &'static str,
    wrong_text: &'static str,
    said: &'static str,
    ring: &'static str,
}

impl Scheme {
    fn palette(self) -> Palette {
        match self {
            Self::Light => Palette {
                ground: "#f6f7f8",
                text: "#1d2127",
                quiet: "#565e68",
                card: "#ffffff",
                line: "#d9dde2",
                code: "#f1f3f5",
                accent: "#1f5fa8",
                on_accent: "#ffffff",
                button: "#ffffff",
                button_over: "#eef1f4",
                control_line: "#8a929c",
                warn_ground: "#fdf3d8",
                warn_text: "#5f4500",
                wrong_ground: "#fdeceb",
                wrong_text: "#9b1c14",
                said: "#eceef1",
                ring: "#1f5fa8",
            },
            Self::Dark => Palette {
                ground: "#1c1e22",
                text: "#e9ebee",
                quiet: "#a9b0b9",
                card: "#25282d",
                line: "#3a3f46",
                code: "#1a1c20",
                accent: "#2f6fbe",
                on_accent: "#ffffff",
                button: "#2d3137",
                button_over: "#383d44",
                control_line: "#7b838d",
                warn_ground: "#3a3116",
                warn_text: "#f2dc9b",
                wrong_ground: "#43211f",
                wrong_text: "#ffb9b2",
                said: "#2b2e34",
                ring: "#84b6f4",
            },
            Self::LightContrast => Palette {
                ground: "#ffffff",
                text: "#000000",
                quiet: "#1a1a1a",
                card: "#ffffff",
                line: "#000000",
                code: "#ffffff",
                accent: "#00306e",
                on_accent: "#ffffff",
                button: "#ffffff",
                button_over: "#e0e0e0",
                control_line: "#000000",
                warn_ground: "#ffffff",
                warn_text: "#3d2c00",
                wrong_ground: "#ffffff",
                wrong_text: "#7a0000",
                said: "#ffffff",
                ring: "#00306e",
            },
            Self::DarkContrast => Palette {
                ground: "#000000",
                text: "#ffffff",
                quiet: "#f0f0f0",
                card: "#000000",
                line: "#ffffff",
                code: "#000000",
                accent: "#a8cdff",
                on_accent: "#000000",
                button: "#000000",
                button_over: "#333333",
                control_line: "#ffffff",
                warn_ground: "#000000",
                warn_text: "#ffe28a",
                wrong_ground: "#000000",
                wrong_text: "#ffb3ad",
                said: "#000000",
                ring: "#a8cdff",
            },
        }
    }
}

fn sheet(palette: &Palette, points: f64) -> String {
    let Palette {
        ground,
        text,
        quiet,
        card,
        line,
        code,
        accent,
        on_accent,
        button,
        button_over,
        control_line,
        warn_ground,
        warn_text,
        wrong_ground,
        wrong_text,
        said,
        ring,
    } = palette;
    format!(
        r#"
.placet, .page, .page * {{ all: unset; }}
.placet {{
  background-color: {ground}; color: {text};
  font-family: "Cantarell", "Inter", "Noto Sans", "Open Sans", "DejaVu Sans", "Liberation Sans", sans-serif;
  font-size: {points:.2}pt; font-weight: 400; font-style: normal;
  caret-color: {text};
}}
.page .body {{ padding: 1.2em 1.5em 1.1em 1.5em; }}
.page .heading {{ font-size: 1.5em; font-weight: 700; }}
.page .title {{ font-size: 0.92em; font-weight: 700; color: {quiet}; }}
.page .card {{ background-color: {card}; border: 1px solid {line}; border-radius: 0.55em; padding: 0.75em 0.95em; }}
.page .side {{ padding: 0 0.95em; }}
.page .given {{ color: {quiet}; font-size: 0.85em; font-weight: 700; border-top: 1px solid {line}; padding-top: 0.7em; margin-top: 0.35em; }}
.page .label {{ color: {quiet}; }}
.page .verbatim, .page .verbatim text {{ font-family: "DejaVu Sans Mono", "Noto Sans Mono", "Liberation Mono", monospace; font-size: 0.95em; }}
.page .block {{ background-color: {code}; border: 1px solid {line}; border-radius: 0.35em; padding: 0.5em 0.65em; }}
.page .block text, .page .block textview {{ background-color: {code}; color: {text}; }}
.page textview text selection, .page entry selection {{ background-color: {accent}; color: {on_accent}; }}
.page undershoot.top {{ background-image: linear-gradient(to bottom, alpha({quiet}, 0.3), alpha({quiet}, 0) 30%); }}
.page undershoot.bottom {{ background-image: linear-gradient(to top, alpha({quiet}, 0.3), alpha({quiet}, 0) 30%); }}
.page .banner {{ background-color: {warn_ground}; color: {warn_text}; border: 1px solid {warn_text}; border-radius: 0.35em; padding: 0.45em 0.75em; font-size: 0.92em; }}
.page .problem {{ background-color: {wrong_ground}; color: {wrong_text}; border: 1px solid {wrong_text}; border-radius: 0.35em; padding: 0.6em 0.85em; font-weight: 700; }}
.page .wrong {{ color: {wrong_text}; font-weight: 700; }}
.page .ask {{ font-weight: 700; }}
.page .help {{ color: {quiet}; font-size: 0.92em; }}
.page .sent, .page .beside {{ padding-left: 2.05em; }}
.page .said {{ background-color: {said}; border: 1px dashed {control_line}; border-radius: 0.35em; padding: 0.65em 0.9em; }}
.page .said .value {{ font-style: italic; }}
.page entry, .page .field {{ background-color: {card}; color: {text}; border: 1px solid {control_line}; border-radius: 0.35em; padding: 0.4em 0.6em; min-height: 1.5em; }}
.page entry:focus, .page .field:focus {{ border-color: {ring}; box-shadow: 0 0 0 1px {ring}; }}
.page entry.bad, .page .field.bad {{ border-color: {wrong_text}; }}
.page .secret {{ font-size: 1.15em; }}
.page radiobutton, .page checkbutton {{ padding: 0.2em 0.1em; border: 1px solid transparent; border-radius: 0.35em; }}
.page radiobutton:focus, .page checkbutton:focus {{ border-color: {ring}; }}
.page radio, .page check {{ min-width: 1em; min-height: 1em; margin: 0 0.55em 0 0.2em; border: 1px solid {control_line}; background-color: {card}; color: {on_accent}; }}
.page radio {{ border-radius: 100%; }}
.page check {{ border-radius: 0.2em; }}
.page radio:checked, .page check:checked {{ background-color: {accent}; border-color: {accent}; -gtk-icon-source: builtin; }}
.page scrollbar {{ background-color: transparent; }}
.page scrollbar slider {{ min-width: 0.45em; min-height: 2.2em; margin: 2px; border-radius: 1em; background-color: {control_line}; }}
.page scrollbar.horizontal slider {{ min-height: 0.45em; min-width: 2.2em; }}
.page .foot {{ background-color: {card}; border-top: 1px solid {line}; padding: 0.75em 1.5em 1em 1.5em; }}
.page .status {{ color: {quiet}; font-size: 0.92em; }}
.page .status.urgent {{ color: {wrong_text}; font-weight: 700; }}
.page .notice {{ font-size: 0.92em; font-weight: 700; color: {text}; }}
.page button {{ background-color: {button}; color: {text}; border: 1px solid {control_line}; border-radius: 0.4em; padding: 0.5em 1.05em; min-height: 1.4em; }}
.page button:hover {{ background-color: {button_over}; }}
.page button:focus {{ border-color: {ring}; box-shadow: 0 0 0 2px {ring}; }}
.page button:active {{ background-color: {line}; }}
.page button.plain {{ background-color: transparent; border-color: {line}; padding: 0.5em 0.6em; }}
.page button.plain:hover {{ background-color: {button_over}; }}
.page button.plain:focus {{ border-color: {ring}; }}
.page button.approve {{ background-color: {accent}; border-color: {accent}; color: {on_accent}; font-weight: 700; padding: 0.32em 1.2em; }}
.page button.approve:focus {{ border-color: {on_accent}; box-shadow: 0 0 0 2px {ring}; }}
.page button.approve .how {{ font-size: 0.78em; font-weight: 400; }}
.page button.unarmed, .page button.approve.unarmed {{ opacity: 0.6; }}
.page button:disabled, .page button.approve:disabled {{ background-color: {ground}; border-color: {line}; color: {quiet}; }}
.page entry:disabled, .page .field:disabled {{ color: {quiet}; background-color: {ground}; }}

"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// WCAG 2.1 relative luminance.
    fn luminance(colour: &str) -> f64 {
        let part = |from: usize| {
            let value =
                f64::from(u8::from_str_radix(colour.get(from..from + 2).unwrap(), 16).unwrap())
                    / 255.0;
            if value <= 0.03928 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
    }

    /// WCAG 2.1 contrast ratio.
    fn contrast(one: &str, other: &str) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn every_text_stands_out_from_its_ground() {
        for (scheme, least) in [
            (Scheme::Light, 4.5),
            (Scheme::Dark, 4.5),
            (Scheme::LightContrast, 7.0),
            (Scheme::DarkContrast, 7.0),
        ] {
            let p = scheme.palette();
            for (name, text, ground) in [
                ("text", p.text, p.ground),
                ("text on a card", p.text, p.card),
                ("text of code", p.text, p.code),
                ("what the agent said", p.text, p.said),
                ("label", p.quiet, p.card),
                ("title", p.quiet, p.ground),
                ("approve", p.on_accent, p.accent),
                ("button", p.text, p.button),
                ("button under the pointer", p.text, p.button_over),
                ("warning", p.warn_text, p.warn_ground),
                ("wrong", p.wrong_text, p.wrong_ground),
                ("wrong beside a field", p.wrong_text, p.ground),
            ] {
                let ratio = contrast(text, ground);
                assert!(ratio >= least, "{scheme:?}: {name} has {ratio:.2} to 1");
            }
        }
    }

    #[test]
    fn the_edges_of_controls_can_be_seen() {
        for scheme in [Scheme::Light, Scheme::Dark, Scheme::LightContrast, Scheme::DarkContrast] {
            let p = scheme.palette();
            assert!(contrast(p.control_line, p.card) >= 3.0, "{scheme:?}");
            assert!(contrast(p.ring, p.card) >= 4.5, "{scheme:?}: the focus");
            assert!(contrast(p.ring, p.ground) >= 4.5, "{scheme:?}: the focus");
        }
    }
}

//! When a window is painted, seen from outside and for every program alike.
//!
//! The X server reports that something was drawn (DAMAGE extension, on the root window, which
//! covers all that is inside it). After each report the window's part of the screen is read back. It
//! is painted as soon as that has many colours: an empty window has one, or what was there before;
//! text has dozens, since its edges are smooth. GTK draws a whole window before it shows any of it.
//!
//! **Promises.** The time is that of the picture that proved it, so it is never too early; the
//! reading adds about a millisecond to everyone's.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use placet_stage::desktop::{Screen, Session, Window};
use x11rb::connection::Connection as _;
use x11rb::protocol::damage::{ConnectionExt as _, Damage, ReportLevel};
use x11rb::protocol::xproto::{ConnectionExt as _, ImageFormat};

use super::Outcome;
use super::agent::{Moment, now};

/// So many colours are text.
const COLOURS: usize = 24;
/// So many rows are read at once.
const STRIPE: u16 = 64;
/// How long to wait between two looks if the server reports nothing.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// A pair of eyes on the whole screen.
#[derive(Debug)]
pub(super) struct Watch {
    screen: Screen,
    size: (i32, i32),
    damage: Damage,
}

impl Watch {
    /// Begins to watch.
    ///
    /// # Errors
    /// When the server has no DAMAGE extension.
    pub(super) fn of(session: &Session) -> Outcome<Self> {
        let screen = session.open_screen()?;
        let (width, height) = screen.size()?;
        let connection = screen.connection();
        connection.damage_query_version(1, 1)?.reply()?;
        let damage = connection.generate_id()?;
        connection.damage_create(damage, screen.root(), ReportLevel::NON_EMPTY)?.check()?;
        Ok(Self { screen, size: (i32::from(width), i32::from(height)), damage })
    }

    /// The moment at which a window that fits is painted.
    ///
    /// # Errors
    /// When none is `within` the time.
    pub(super) fn await_painted(
        &self,
        within: Duration,
        fits: impl Fn(&Window) -> bool,
    ) -> Outcome<Moment> {
        let until = Instant::now() + within;
        loop {
            self.await_drawing()?;
            let windows = self.screen.windows()?;
            for window in windows.iter().filter(|window| window.mapped && fits(window)) {
                if self.is_painted(window)? {
                    return Ok(now());
                }
            }
            if Instant::now() > until {
                return Err(format!("nothing was painted; there are {windows:?}").into());
            }
        }
    }

    /// Waits until something was drawn since the last call, or a short while.
    fn await_drawing(&self) -> Outcome<()> {
        let connection = self.screen.connection();
        let until = Instant::now() + LOOK_AGAIN;
        let mut drawn = false;
        // What is still in the queue is over with one look.
        while let Some(_event) = connection.poll_for_event()? {
            drawn = true;
        }
        while !drawn {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let time =
                rustix::event::Timespec { tv_sec: 0, tv_nsec: i64::from(left.subsec_nanos()) };
            let mut polled =
                [rustix::event::PollFd::new(connection.stream(), rustix::event::PollFlags::IN)];
            rustix::event::poll(&mut polled, Some(&time))?;
            while let Some(_event) = connection.poll_for_event()? {
                drawn = true;
            }
        }
        // From here on new drawing is reported again, also what comes while we look.
        connection.damage_subtract(self.damage, x11rb::NONE, x11rb::NONE)?;
        connection.flush()?;
        Ok(())
    }

    fn is_painted(&self, window: &Window) -> Outcome<bool> {
        let Some((x, y, width, height)) = inside(window, self.size) else { return Ok(false) };
        let (format, root) = (ImageFormat::Z_PIXMAP, self.screen.root());
        for (top, rows) in stripes(height) {
            let Some(y) = i16::try_from(top).ok().and_then(|top| y.checked_add(top)) else { break };
            let request = self.screen.connection().get_image(format, root, x, y, width, rows, !0);
            // A window may go away between the list and the look at it.
            let Ok(image) = request?.reply() else { return Ok(false) };
            if has_text(&image.data) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// From the top to the bottom in parts: most windows begin with text, and the rest need not be read.
fn stripes(height: u16) -> impl Iterator<Item = (u16, u16)> {
    (0..height).step_by(usize::from(STRIPE)).map(move |top| (top, STRIPE.min(height - top)))
}

/// The part of a window that is on the screen.
fn inside(window: &Window, size: (i32, i32)) -> Option<(i16, i16, u16, u16)> {
    let (left, top) = (window.x.max(0), window.y.max(0));
    let right = (window.x.saturating_add_unsigned(window.width)).min(size.0);
    let bottom = (window.y.saturating_add_unsigned(window.height)).min(size.1);
    let (width, height) = (right - left, bottom - top);
    if width <= 0 || height <= 0 {
        return None;
    }
    Some((
        left.try_into().ok()?,
        top.try_into().ok()?,
        width.try_into().ok()?,
        height.try_into().ok()?,
    ))
}

/// Whether these pixels, of four bytes each, are of many colours.
fn has_text(pixels: &[u8]) -> bool {
    let mut colours = BTreeSet::new();
    let mut before: &[u8] = &[];
    for pixel in pixels.chunks_exact(4) {
        // Most pixels are as the one before.
        if pixel != before {
            before = pixel;
            colours.insert(pixel);
            if colours.len() >= COLOURS {
                return true;
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(x: i32, y: i32, width: u32, height: u32) -> Window {
        Window { id: 1, title: String::new(), pid: None, x, y, width, height, mapped: true }
    }

    #[test]
    fn only_what_is_on_the_screen_is_read() {
        assert_eq!(inside(&window(-5, 90, 20, 20), (100, 100)), Some((0, 90, 15, 10)));
        assert_eq!(inside(&window(10, 10, 20, 20), (100, 100)), Some((10, 10, 20, 20)));
        assert_eq!(inside(&window(100, 0, 20, 20), (100, 100)), None);
    }

    #[test]
    fn every_row_is_read_once() {
        let all = |height| stripes(height).collect::<Vec<_>>();
        assert_eq!(all(130), [(0, 64), (64, 64), (128, 2)]);
        assert_eq!(all(64), [(0, 64)]);
        assert_eq!(all(0), []);
    }

    #[test]
    fn an_empty_window_is_not_painted_and_text_is() {
        let pixels = |shades: u8| -> Vec<u8> {
            (0..4000u32).flat_map(|at| [(at % u32::from(shades)) as u8, 0, 0, 0]).collect()
        };
        assert!(!has_text(&[]));
        assert!(!has_text(&pixels(1)), "one colour");
        assert!(!has_text(&pixels(4)), "a frame and a line");
        assert!(has_text(&pixels(60)), "smooth edges");
    }
}

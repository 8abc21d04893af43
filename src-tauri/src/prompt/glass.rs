//! What the screen itself makes of what is drawn on it, on X11: what of it is lit, in which colours,
//! moved or distorted, and how much the pointer hides. All of it any client can set.
//!
//! **Promises.** [`Sight::Whole`] only if the prompt lies whole on what is lit, the colours leave text
//! apart from the page, no monitor shows a part or another picture of what is drawn, and the pointer
//! that lies over the prompt is a pointer by its size.
//!
//! **Never** take it for what reached the eye: a program can set it all back at each look.

use x11rb::protocol::randr::{ConnectionExt as _, GetCrtcInfoReply, SetConfig};
use x11rb::protocol::render::Transform;
use x11rb::protocol::xfixes::ConnectionExt as _;
use x11rb::protocol::xproto::Window;
use x11rb::rust_connection::RustConnection;

use super::area::{Area, covers};
use super::cover::{Looked, Sight};
use super::pointer;
use super::ramp::shows_text;

/// The screen.
pub(super) struct Glass<'a> {
    pub(super) connection: &'a RustConnection,
    pub(super) root: Window,
}

impl Glass<'_> {
    /// Says which versions are spoken: what is newer the server would not answer.
    pub(super) fn ready(connection: &RustConnection) -> Looked<()> {
        connection.randr_query_version(1, 3)?.reply()?;
        connection.xfixes_query_version(2, 0)?.reply()?;
        Ok(())
    }

    /// How a window at `ours` shows on a screen as large as `whole`.
    pub(super) fn look(&self, ours: Area, whole: Area) -> Looked<Sight> {
        let screen = self.connection.randr_get_screen_resources_current(self.root)?.reply()?;
        let asked = screen
            .crtcs
            .iter()
            .map(|crtc| {
                let info = self.connection.randr_get_crtc_info(*crtc, screen.config_timestamp)?;
                let ramps = self.connection.randr_get_crtc_gamma(*crtc)?;
                let transform = self.connection.randr_get_crtc_transform(*crtc)?;
                let panning = self.connection.randr_get_panning(*crtc)?;
                Ok((info, ramps, transform, panning))
            })
            .collect::<Result<Vec<_>, x11rb::errors::ConnectionError>>()?;
        let pointer = self.connection.xfixes_get_cursor_image()?;
        let (mut lit, mut shows, mut straight) = (Vec::new(), true, true);
        for (info, ramps, transform, panning) in asked {
            let (info, ramps, transform) = (info.reply()?, ramps.reply()?, transform.reply()?);
            if info.status != SetConfig::SUCCESS {
                return Err("the screen is being set up anew".into());
            }
            shows &= shows_text([&ramps.red, &ramps.green, &ramps.blue]);
            // RandR's list of monitors does not say what is lit: any client can put one on it where
            // nothing is.
            if info.mode == x11rb::NONE || info.outputs.is_empty() {
                continue;
            }
            straight &= is_straight(&transform.current_transform);
            // A server that cannot pan says so instead of a size.
            if let Ok(panning) = panning.reply() {
                let size = screen.modes.iter().find(|mode| mode.id == info.mode);
                let size = size.map(|mode| (mode.width, mode.height));
                straight &= !pans((panning.width, panning.height), size);
            }
            lit.push(area(&info));
        }
        // A display that nobody lights, like one that is watched over the network.
        if !covers(ours, if lit.is_empty() { std::slice::from_ref(&whole) } else { &lit }) {
            return Ok(Sight::OffScreen);
        }
        if !straight {
            return Ok(Sight::Distorted);
        }
        if !shows {
            return Ok(Sight::Recoloured);
        }
        let pointer = pointer.reply()?;
        let corner = (
            i32::from(pointer.x) - i32::from(pointer.xhot),
            i32::from(pointer.y) - i32::from(pointer.yhot),
        );
        let painted = pointer::painted(&pointer.cursor_image, pointer.width, corner);
        let hides = painted
            .is_some_and(|(area, pixels)| area.meets(ours) && !pointer::is_a_pointer(area, pixels));
        Ok(if hides { Sight::UnderPointer } else { Sight::Whole })
    }
}

fn area(of: &GetCrtcInfoReply) -> Area {
    Area::at((of.x.into(), of.y.into()), of.width.into(), of.height.into())
}

/// RandR's numbers have sixteen bits after the point.
const ONE: i32 = 1 << 16;

/// Whether a monitor shows what is drawn as it is, or a little larger or smaller: people whose
/// monitors differ set that.
fn is_straight(of: &Transform) -> bool {
    let scale = ONE / 2..=2 * ONE;
    let askew = [of.matrix12, of.matrix13, of.matrix21, of.matrix23, of.matrix31, of.matrix32];
    askew == [0; 6]
        && of.matrix33 == ONE
        && scale.contains(&of.matrix11)
        && scale.contains(&of.matrix22)
}

/// Whether a monitor shows a part of a larger picture, which follows the pointer.
fn pans((width, height): (u16, u16), mode: Option<(u16, u16)>) -> bool {
    // Either is 0 if that way is not panned.
    (width, height) != (0, 0)
        && mode.is_none_or(|(wide, high)| {
            // A monitor that stands on its side has its mode's sizes the other way round.
            (width, height) != (wide, high) && (width, height) != (high, wide)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scaled(x: i32, y: i32) -> Transform {
        Transform { matrix11: x, matrix22: y, matrix33: ONE, ..Transform::default() }
    }

    #[test]
    fn a_monitor_that_is_as_it_is_or_a_little_scaled_is_straight() {
        for (x, y) in [(ONE, ONE), (ONE * 3 / 2, ONE * 3 / 2), (2 * ONE, 2 * ONE)] {
            assert!(is_straight(&scaled(x, y)));
        }
    }

    #[test]
    fn what_moves_turns_bends_or_shrinks_the_picture_is_not_straight() {
        assert!(!is_straight(&Transform { matrix13: 200 * ONE, ..scaled(ONE, ONE) }), "moved");
        assert!(!is_straight(&Transform { matrix12: ONE / 8, ..scaled(ONE, ONE) }), "askew");
        assert!(!is_straight(&Transform { matrix32: 1, ..scaled(ONE, ONE) }), "bent");
        assert!(!is_straight(&scaled(8 * ONE, 8 * ONE)), "tiny");
        assert!(!is_straight(&scaled(ONE, -ONE)), "turned over");
        assert!(!is_straight(&scaled(ONE / 8, ONE / 8)), "a corner of it fills the screen");
    }

    #[test]
    fn a_monitor_pans_if_more_is_drawn_than_it_shows() {
        let mode = Some((1920, 1080));
        assert!(!pans((0, 0), mode));
        assert!(!pans((1920, 1080), mode));
        assert!(!pans((1080, 1920), mode), "on its side");
        assert!(pans((3840, 2160), mode));
        assert!(pans((1920, 1200), mode));
        assert!(pans((1920, 0), None), "of no known size");
    }
}

//! Where the window is: within the part of the monitor that windows may use.
//!
//! **Promises.** The window is never larger than that part and its foot never below it. It comes up
//! on the monitor where the pointer is and stays on its own from then on.

use gtk::gdk;
use gtk::prelude::*;

/// Pixels that a window manager's frame may take.
const FRAME: i32 = 48;

/// The part of the monitor that windows may use.
pub(super) fn room(of: &gtk::Window) -> gdk::Rectangle {
    let Some(display) = gdk::Display::default() else {
        return gdk::Rectangle::new(0, 0, 800, 600);
    };
    let at_pointer = || {
        let (_, x, y) = display.default_seat()?.pointer()?.position();
        display.monitor_at_point(x, y)
    };
    let monitor = match of.window().filter(|_| of.is_mapped()) {
        Some(window) => display.monitor_at_window(&window),
        None => at_pointer().or_else(|| display.primary_monitor()),
    };
    monitor.map_or_else(|| gdk::Rectangle::new(0, 0, 800, 600), |monitor| monitor.workarea())
}

/// Makes it this large, as far as there is room, and keeps all of it in sight. `height` is asked for
/// the height at a width, and told the most there is room for.
pub(super) fn put(window: &gtk::Window, width: i32, height: impl Fn(i32, i32) -> i32) {
    let room = room(window);
    let (width, most) = (width.min(room.width() - 16), room.height() - FRAME);
    let height = height(width, most).min(most);
    window.resize(width.max(1), height.max(1));
    if !window.is_mapped() {
        let x = room.x() + (room.width() - width) / 2;
        let y = room.y() + (room.height() - FRAME - height).max(0) / 3;
        window.move_(x, y);
        // GTK itself asks for the size only after a window that was up before came up again: the
        // person would see the new question in the size of the last one.
        if let Some(window) = window.window() {
            window.move_resize(x, y, width.max(1), height.max(1));
        }
        return;
    }
    let (x, y) = window.position();
    let rightmost = room.x() + room.width() - width;
    let lowest = room.y() + room.height() - FRAME - height;
    let to = (x.min(rightmost).max(room.x()), y.min(lowest).max(room.y()));
    if to != (x, y) {
        window.move_(to.0, to.1);
    }
}

//! Whether what is drawn for the pointer is a pointer, or a page over ours: without the display.
//!
//! Any client can give our window a pointer of any size. It is no window, lies over everything and
//! goes along with the person's hand.

use super::area::Area;

/// What a person sets who needs a large one is at most so wide or high, in pixels.
const LARGEST: i32 = 256;
/// And has at most so many that are not see-through: an arrow of that size has.
const MOST: usize = 128 * 128;
/// A pixel that is fainter (of 255) hides nothing.
const FAINT: u32 = 16;

/// What of a pointer's picture is painted: its place on the screen, if the picture's upper left
/// corner is at `corner`, and how many pixels. `None` if it is nothing.
pub(super) fn painted(
    pixels: &[u32],
    width: u16,
    (left, top): (i32, i32),
) -> Option<(Area, usize)> {
    let (mut found, mut count): (Option<Area>, usize) = (None, 0);
    for (y, row) in (top..).zip(pixels.chunks(usize::from(width.max(1)))) {
        for (x, pixel) in (left..).zip(row) {
            // Alpha stands in the highest byte.
            if pixel >> 24 < FAINT {
                continue;
            }
            count += 1;
            let here = Area::at((x, y), 1, 1);
            found = Some(found.map_or(here, |before| before.with(here)));
        }
    }
    found.map(|area| (area, count))
}

/// Whether this can be a pointer.
pub(super) fn is_a_pointer(area: Area, pixels: usize) -> bool {
    area.right - area.left <= LARGEST && area.bottom - area.top <= LARGEST && pixels <= MOST
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOLID: u32 = 0xff_00_00_00;

    fn of(width: u16, height: usize, is: impl Fn(usize, usize) -> bool) -> bool {
        let row = |y| (0..usize::from(width)).map(move |x| (x, y));
        let pixels: Vec<u32> =
            (0..height).flat_map(row).map(|(x, y)| if is(x, y) { SOLID } else { 0 }).collect();
        painted(&pixels, width, (10, 10)).is_none_or(|(area, count)| is_a_pointer(area, count))
    }

    #[test]
    fn small_and_large_arrows_are_pointers_whatever_is_empty_around_them() {
        assert!(of(24, 24, |x, y| x <= y && x < 16));
        assert!(of(192, 192, |x, y| x <= y && x + y < 192), "for who sees little");
        assert!(of(1000, 1000, |x, y| x < 10 && y < 10));
        assert!(of(1000, 1000, |_, _| false), "nothing");
    }

    #[test]
    fn a_page_and_a_strip_are_not() {
        assert!(!of(200, 200, |_, _| true));
        assert!(!of(600, 8, |_, _| true));
        assert!(!of(400, 400, |x, y| (x, y) == (0, 0) || (x, y) == (399, 399)), "two far apart");
    }

    #[test]
    fn it_is_where_its_painted_part_is() {
        let mut pixels = vec![0; 100];
        pixels[23] = SOLID;
        let (area, count) = painted(&pixels, 10, (-3, 5)).unwrap();
        assert_eq!((area, count), (Area::at((0, 7), 1, 1), 1));
    }
}

//! Rectangles on the screen, and whether some of them cover another: without the display.

/// A rectangle on the screen, in pixels. The right and the bottom edge are outside of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) left: i32,
    pub(super) top: i32,
    pub(super) right: i32,
    pub(super) bottom: i32,
}

impl Area {
    /// From its upper left corner.
    pub(super) fn at((left, top): (i32, i32), width: i32, height: i32) -> Self {
        Self { left, top, right: left + width, bottom: top + height }
    }

    /// With a border of so many pixels.
    pub(super) fn wider(self, border: i32) -> Self {
        Self {
            left: self.left - border,
            top: self.top - border,
            right: self.right + border,
            bottom: self.bottom + border,
        }
    }

    /// Whether both have a pixel in common.
    pub(super) fn meets(self, other: Self) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }

    /// The smallest that holds both.
    pub(super) fn with(self, other: Self) -> Self {
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }

    /// What is left of it without `other`: at most four, which do not meet.
    fn without(self, other: Self) -> Vec<Self> {
        if !self.meets(other) {
            return vec![self];
        }
        let (top, bottom) = (self.top.max(other.top), self.bottom.min(other.bottom));
        [
            Self { bottom: top, ..self },
            Self { top: bottom, ..self },
            Self { top, bottom, right: other.left, ..self },
            Self { top, bottom, left: other.right, ..self },
        ]
        .into_iter()
        .filter(|part| part.left < part.right && part.top < part.bottom)
        .collect()
    }
}

/// A stranger can make a shape of as many rectangles as it likes; a round corner has some dozens.
const MOST: usize = 1024;

/// Whether every pixel of `area` is in one of `parts`. Too many parts to tell: no.
pub(super) fn covers(area: Area, parts: &[Area]) -> bool {
    if parts.len() > MOST {
        return false;
    }
    let mut open = vec![area];
    for part in parts {
        open = open.into_iter().flat_map(|one| one.without(*part)).collect();
        if open.is_empty() {
            return true;
        }
        if open.len() > MOST {
            return false;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(left: i32, top: i32, right: i32, bottom: i32) -> Area {
        Area { left, top, right, bottom }
    }

    #[test]
    fn one_or_two_monitors_beside_each_other_cover_what_lies_on_them() {
        let (left, right) = (area(0, 0, 100, 100), area(100, 0, 200, 80));
        assert!(covers(area(10, 10, 90, 90), &[left]));
        assert!(covers(area(50, 10, 150, 80), &[left, right]));
        assert!(!covers(area(50, 10, 150, 81), &[left, right]), "the second is lower");
        assert!(!covers(area(-1, 10, 90, 90), &[left, right]));
        assert!(!covers(area(300, 10, 310, 20), &[left, right]));
        assert!(!covers(left, &[]));
    }

    #[test]
    fn a_hole_of_one_pixel_is_seen() {
        let ours = area(0, 0, 100, 100);
        let around = [
            area(0, 0, 100, 50),
            area(0, 51, 100, 100),
            area(0, 50, 30, 51),
            area(31, 50, 100, 51),
        ];
        assert!(!covers(ours, &around));
        let whole: Vec<Area> = around.into_iter().chain([area(30, 50, 31, 51)]).collect();
        assert!(covers(ours, &whole));
    }

    #[test]
    fn a_shape_that_has_too_many_parts_to_be_looked_at_does_not_cover() {
        let dots: Vec<Area> = (0..20_000)
            .map(|n| (n % 200 * 4, n / 200 * 4))
            .map(|(x, y)| area(x, y, x + 1, y + 1))
            .collect();
        assert!(!covers(area(0, 0, 800, 400), &dots));
    }
}

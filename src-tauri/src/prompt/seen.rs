//! What of the page was in sight.
//!
//! **Promises.** A part counts as seen once every line of pixels of it was within the visible range
//! of the page when that was painted, not all at once if it is higher than the page (H3). Scrolling
//! past does not count, whoever scrolls. A long text that was opened and scrolls by itself counts line
//! by line ([`Lines`]). What stays on the page from one screen to the next stays
//! seen; what is new, or changed its text, does not.
//!
//! **Never** take this for more than it is: it was on the glass, and may not have been read.

use std::cell::RefCell;

use gtk::prelude::*;

/// Where the first part stands that was not in sight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unseen {
    /// Nothing was painted yet.
    NotYet,
    /// Further down.
    Below,
    /// Further up.
    Above,
    /// Further down in a long text that scrolls by itself.
    Within,
    /// Further up in it.
    WithinAbove,
}

/// The parts of the page, and what of each was in sight.
#[derive(Default)]
pub(super) struct Seen(RefCell<Vec<(gtk::Widget, Range)>>);

impl Seen {
    /// The page was painted with this range of `body` in sight.
    pub(super) fn look(&self, body: &gtk::Box, from: f64, to: f64) -> Option<Unseen> {
        let mut leaves = Vec::new();
        gather(body.upcast_ref(), &mut leaves);
        let mut parts = self.0.borrow_mut();
        // Held until here, so that no new part can be taken for an old one.
        let mut old = std::mem::take(&mut *parts).into_iter().peekable();
        let mut left: Vec<(gtk::Widget, Range)> = Vec::new();
        let mut first = None;
        for leaf in leaves {
            let Some((_, top)) = leaf.translate_coordinates(body, 0, 0) else { continue };
            let known = left.iter().position(|(widget, _)| *widget == leaf);
            let mut range = match known {
                Some(at) => left.swap_remove(at).1,
                None => loop {
                    match old.next() {
                        Some((widget, range)) if widget == leaf => break range,
                        Some(other) => left.push(other),
                        None => break Range::default(),
                    }
                },
            };
            let height = leaf.allocated_height();
            range.add(height, f64::from(top), from, to);
            if !range.whole {
                let way = if f64::from(top) < from { Unseen::Above } else { Unseen::Below };
                first = first.or(Some(way));
            }
            parts.push((leaf, range));
        }
        first
    }

    /// This part says something else now.
    pub(super) fn forget(&self, part: &impl IsA<gtk::Widget>) {
        self.0.borrow_mut().retain(|(widget, _)| widget != part.upcast_ref::<gtk::Widget>());
    }

    /// Forgets the page.
    pub(super) fn clear(&self) {
        self.0.borrow_mut().clear();
    }
}

/// Everything visible that is no box of other things.
fn gather(widget: &gtk::Widget, leaves: &mut Vec<gtk::Widget>) {
    if !widget.is_visible() {
        return;
    }
    match widget.downcast_ref::<gtk::Box>() {
        Some(several) => several.children().iter().for_each(|child| gather(child, leaves)),
        None => leaves.push(widget.clone()),
    }
}

/// What of a long text was in sight, by its lines.
#[derive(Debug, Default)]
pub(super) struct Lines(RefCell<Range>);

impl Lines {
    /// The page was painted with this range of `body` in sight, in which `view` stands and scrolls by
    /// itself. Where the first line is that was not in sight yet; none if all were.
    pub(super) fn look(
        &self,
        view: &gtk::TextView,
        body: &gtk::Box,
        from: f64,
        to: f64,
    ) -> Option<Unseen> {
        let (_, top) = view.translate_coordinates(body, 0, 0)?;
        let mut range = self.0.borrow_mut();
        let begin = (from - f64::from(top)).ceil().max(0.0) as i32;
        let end = (to - f64::from(top)).floor().min(f64::from(view.allocated_height())) as i32;
        let at = |y| {
            let (_, y) = view.window_to_buffer_coords(gtk::TextWindowType::Widget, 0, y);
            let (line, _) = view.line_at_y(y);
            let (top, height) = view.line_yrange(&line);
            (y, line.line(), top, height)
        };
        let (y, line, line_top, _) = at(begin);
        let first = line + i32::from(line_top < y);
        if begin < end {
            let (y, line, line_top, height) = at(end);
            let last = line + i32::from(line_top + height <= y);
            let count = view.buffer().map_or(0, |buffer| buffer.line_count());
            range.add(count, 0.0, f64::from(first), f64::from(last));
        }
        if range.whole {
            return None;
        }
        let missing = range.spans.first().filter(|span| span.0 <= 0.0).map_or(0.0, |span| span.1);
        Some(if missing < f64::from(first) { Unseen::WithinAbove } else { Unseen::Within })
    }

    /// Forgets what was in sight.
    pub(super) fn clear(&self) {
        self.0.replace(Range::default());
    }
}

/// What of one part was in sight: from its top, in pixels, ordered and apart.
#[derive(Clone, Debug, Default, PartialEq)]
struct Range {
    height: i32,
    spans: Vec<(f64, f64)>,
    whole: bool,
}

impl Range {
    /// The part stands at `top` and is so high; `from` to `to` was in sight.
    fn add(&mut self, height: i32, top: f64, from: f64, to: f64) {
        if self.whole {
            return;
        }
        if self.height != height {
            // It was laid out anew: what was where is not known.
            self.spans.clear();
            self.height = height;
        }
        let end = f64::from(height);
        let new = ((from - top).max(0.0), (to - top).min(end));
        if new.0 < new.1 {
            self.spans.push(new);
            self.spans.sort_by(|one, other| one.0.total_cmp(&other.0));
        }
        let mut joined: Vec<(f64, f64)> = Vec::new();
        for span in self.spans.drain(..) {
            match joined.last_mut().filter(|last| span.0 <= last.1) {
                Some(last) => last.1 = last.1.max(span.1),
                None => joined.push(span),
            }
        }
        self.spans = joined;
        self.whole = self.spans.first().is_some_and(|span| span.0 <= 0.0 && span.1 >= end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h3_a_part_was_seen_once_all_of_it_was_in_sight() {
        let mut part = Range::default();
        part.add(100, 350.0, 0.0, 400.0);
        assert!(!part.whole);
        part.add(100, 350.0, 60.0, 460.0);
        assert!(part.whole);
        part.add(200, 350.0, 0.0, 10.0);
        assert!(part.whole, "it stays so");
    }

    #[test]
    fn h3_the_middle_of_a_high_part_that_was_jumped_over_was_not_seen() {
        let mut part = Range::default();
        part.add(1_000, 0.0, 0.0, 400.0);
        part.add(1_000, 0.0, 600.0, 1_000.0);
        assert!(!part.whole);
        part.add(1_000, 0.0, 300.0, 700.0);
        assert!(part.whole);
    }

    #[test]
    fn h3_a_part_that_was_laid_out_anew_is_to_be_seen_anew() {
        let mut part = Range::default();
        part.add(1_000, 0.0, 0.0, 900.0);
        part.add(1_200, 0.0, 800.0, 1_200.0);
        assert!(!part.whole);
    }
}

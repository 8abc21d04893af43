//! The parts of a screen that are read: sections, rows, folds, the agent's own words.
//!
//! **Promises.** Every row is drawn, every character of it (H3): a long value, and what is too much
//! for a section, is folded at first and counts as unread until the person opened it and each of its lines was in
//! sight ([`super::seen`]). What is folded
//! is no widget before, and one text after, so that the largest question is drawn at once and opened
//! in pieces between which the window lives. All text is drawn as text, never as markup
//! (H9). The labels stand in the widget tree in the order of [`Screen::lines`], so that a screen
//! reader says what the eye sees (H20).
//!
//! **Never** make a link, an image or a tooltip of a stranger's text.
//!
//! [`Screen::lines`]: placet_core::display::Screen::lines

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gtk::glib;
use gtk::prelude::*;
use placet_core::display::{Part, Row, Section};
use placet_core::section::{FOLD_AFTER_LINES, INDENT};
use placet_core::text::Text;
use placet_texts::text;

use super::place::room;
use super::pour::Pour;
use super::seen::{Lines, Unseen};

/// This much of a folded value is seen before it is opened.
const HEAD_CHARACTERS: usize = 800;
/// Fewer columns than this are not worth breaking at.
const LEAST_COLUMNS: usize = 20;
/// An opened value is at most this part of the monitor's height; it scrolls.
const OPEN_PART: f64 = 0.5;
/// No line of text needs to be narrower than this many characters,
const NARROWEST: i32 = 24;
/// nor one that stands beside another: both fit on a small monitor at twice the size.
pub(super) const BESIDE_NARROWEST: i32 = 12;
/// Bytes of an opened text that are put into its view at once: some tens of milliseconds.
const PIECE: usize = 64 * 1024;
/// A label beside its value has at least this width, in characters,
const LABEL_CHARACTERS: i32 = 14;
/// and at most this one.
const LABEL_MOST: i32 = 22;

/// A fold: the button that opens it and whether it was.
pub(super) struct Fold {
    /// Works like a button of the prompt.
    pub(super) button: gtk::Button,
    begun: Cell<bool>,
    opened: Rc<Cell<bool>>,
    /// Where all of it stands, once it was opened.
    view: Rc<RefCell<Option<gtk::TextView>>>,
    lines: Lines,
    open: Box<dyn Fn()>,
}

impl Fold {
    /// True once the person opened it and all of it is there.
    pub(super) fn opened(&self) -> bool {
        self.opened.get()
    }

    /// Called when the page was painted with this range of `body` in sight: where of its text
    /// something was not in sight yet. Nothing before it is opened.
    pub(super) fn look(&self, body: &gtk::Box, from: f64, to: f64) -> Option<Unseen> {
        let view = self.view.borrow();
        let view = view.as_ref().filter(|_| self.opened())?;
        self.lines.look(view, body, from, to)
    }

    /// Forgets what of it was in sight.
    pub(super) fn forget(&self) {
        self.lines.clear();
    }

    /// Shows all of it.
    pub(super) fn open(&self) {
        if !self.begun.replace(true) {
            (self.open)();
        }
    }
}

/// How loud a section is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// What will happen: it is read first.
    Main,
    /// The rest.
    Side,
}

/// Draws a section into `into`, which is emptied first, and returns its folds.
pub(super) fn draw(section: &Section, weight: Weight, into: &gtk::Box) -> Vec<Rc<Fold>> {
    let mut folds = Vec::new();
    clear(into);
    into.add(&label(&section.title, &["title"]));
    let card = vertical(if weight == Weight::Main { 7 } else { 3 });
    card.style_context().add_class(if weight == Weight::Main { "card" } else { "side" });
    let seen = section.fold().unwrap_or(section.rows.len());
    rows(section.rows.get(..seen).unwrap_or_default(), &card, &mut folds);
    if seen < section.rows.len() {
        let (place, count) = (vertical(4), section.count());
        let words = if count == 1 {
            text!("prompt-show-all")
        } else {
            text!("prompt-show-rows", count = grouped(count))
        };
        folds.push(fold(words, section.page(seen), INDENT, section.title.as_str(), None, &place));
        card.add(&place);
    }
    into.add(&card);
    into.show_all();
    folds
}

/// Draws the agent's own words: framed, marked as theirs.
pub(super) fn draw_words(section: &Section, into: &gtk::Box) {
    clear(into);
    into.add(&label(&section.title, &["title"]));
    let frame = vertical(6);
    frame.style_context().add_class("said");
    for row in &section.rows {
        if !row.label.as_str().is_empty() {
            frame.add(&label(&row.label, &["label"]));
        }
        frame.add(&label(&row.value, &["value"]));
    }
    into.add(&frame);
    into.show_all();
}

/// A label that shows text as it is.
pub(super) fn label(text: &Text, classes: &[&str]) -> gtk::Label {
    plain_label(text.as_str(), classes)
}

/// As [`label`], for words of ours.
pub(super) fn plain_label(text: &str, classes: &[&str]) -> gtk::Label {
    let label = gtk::Label::new(None);
    label.set_xalign(0.0);
    label.set_yalign(0.0);
    label.set_line_wrap_mode(pango::WrapMode::WordChar);
    label.set_hexpand(true);
    // Not `set_label`: that one would read markup if it were ever switched on.
    label.set_text(text);
    narrowest(&label, NARROWEST);
    without_hyphens(&label);
    for class in classes {
        label.style_context().add_class(class);
    }
    label
}

/// As [`label`], for words that come later. It always wraps: GTK goes on taking a box for one whose
/// height does not depend on its width if that was so before.
pub(super) fn changing_label(classes: &[&str]) -> gtk::Label {
    let label = plain_label("", classes);
    label.set_line_wrap(true);
    label
}

/// A label takes what the window gives it, but not less than so many characters. Without a least
/// width GTK would first lay out each text as narrow as can be, one character a line, several times
/// before the window comes up. What fits into one line at its least width does not wrap: such a
/// text is laid out once, and any other for each width that it could have.
pub(super) fn narrowest(label: &gtk::Label, characters: i32) {
    label.set_width_chars(characters);
    label.set_max_width_chars(characters);
    let text = label.text();
    let one_line = usize::try_from(characters).is_ok_and(|least| text.len() <= least)
        && text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    label.set_line_wrap(!one_line);
}

/// Pango shows a hyphen where it breaks a word over two lines: a character that nobody wrote.
fn without_hyphens(label: &gtk::Label) {
    let attributes = pango::AttrList::new();
    attributes.insert(pango::AttrInt::new_insert_hyphens(false));
    label.set_attributes(Some(&attributes));
}

/// A button with one label that may wrap where there is little room.
pub(super) fn button(words: &str, classes: &[&str]) -> (gtk::Button, gtk::Label) {
    let button = gtk::Button::new();
    let label = gtk::Label::new(None);
    label.set_text(words);
    label.set_line_wrap(true);
    label.set_justify(gtk::Justification::Center);
    without_hyphens(&label);
    button.add(&label);
    for class in classes {
        button.style_context().add_class(class);
    }
    (button, label)
}

/// A vertical box.
pub(super) fn vertical(spacing: i32) -> gtk::Box {
    gtk::Box::new(gtk::Orientation::Vertical, spacing)
}

/// Removes everything from a box.
pub(super) fn clear(container: &gtk::Box) {
    for child in container.children() {
        container.remove(&child);
    }
}

fn rows(rows: &[Row], card: &gtk::Box, folds: &mut Vec<Rc<Fold>>) {
    let columns = gtk::SizeGroup::new(gtk::SizeGroupMode::Horizontal);
    for row in rows {
        let block = row.verbatim && row.value.lines() > 1;
        if row.part == Part::Heading {
            card.add(&label(&row.value, &["given"]));
        } else if row.folds() || row.stacks() {
            let stacked = vertical(4);
            if !row.label.as_str().is_empty() {
                stacked.add(&name(row));
            }
            if row.folds() {
                folds.push(fold_value(row, &stacked));
            } else {
                stacked.add(&value(row, block));
            }
            card.add(&stacked);
        } else if row.label.as_str().is_empty() {
            card.add(&value(row, block));
        } else {
            let beside = gtk::Box::new(gtk::Orientation::Horizontal, 12);
            let name = name(row);
            name.set_hexpand(false);
            narrowest(&name, LABEL_CHARACTERS);
            name.set_max_width_chars(LABEL_MOST);
            columns.add_widget(&name);
            beside.pack_start(&name, false, false, 0);
            let value = value(row, false);
            narrowest(&value, BESIDE_NARROWEST);
            beside.pack_start(&value, true, true, 0);
            card.add(&beside);
        }
    }
}

/// The label of a row; one that the requester chose looks as verbatim as it is.
fn name(row: &Row) -> gtk::Label {
    let name = label(&row.label, &["label"]);
    if row.part == Part::Given {
        name.style_context().add_class("verbatim");
    }
    name
}

fn value(row: &Row, block: bool) -> gtk::Label {
    let drawn = label(&row.value, &["value"]);
    if row.verbatim {
        drawn.style_context().add_class("verbatim");
        drawn.set_line_wrap_mode(pango::WrapMode::Char);
    }
    if block {
        drawn.style_context().add_class("block");
    }
    drawn
}

fn fold_value(row: &Row, into: &gtk::Box) -> Rc<Fold> {
    let text = row.value.as_str();
    let lines = row.value.lines();
    let head = plain_label(head(text), &["value", "block"]);
    let words = if lines > FOLD_AFTER_LINES {
        text!("prompt-show-lines", count = grouped(lines))
    } else {
        text!("prompt-show-characters", count = grouped(row.value.characters()))
    };
    if row.verbatim {
        head.style_context().add_class("verbatim");
        head.set_line_wrap_mode(pango::WrapMode::Char);
    }
    into.add(&head);
    fold(words, text.to_owned(), "", row.label.as_str(), Some(head), into)
}

/// A button at the end of `into` that says `words`; in its place, and in that of what was seen
/// before, comes all of `text`. A line that goes on below is indented by `hang`.
fn fold(
    words: String,
    text: String,
    hang: &'static str,
    name: &str,
    before: Option<gtk::Label>,
    into: &gtk::Box,
) -> Rc<Fold> {
    let (button, _) = button(&words, &[]);
    button.set_halign(gtk::Align::Start);
    into.add(&button);
    let opened = Rc::new(Cell::new(false));
    let shown = Rc::new(RefCell::new(None));
    let shows = Rc::clone(&shown);
    let (name, place, pressed, done) =
        (name.to_owned(), into.clone(), button.clone(), Rc::clone(&opened));
    let text = RefCell::new(text);
    let open = Box::new(move || {
        // The focus goes to the text, so that it can be scrolled by keyboard at once.
        let (all, view) = view_of(&name);
        shows.replace(Some(view.clone()));
        let width = place.allocated_width();
        if let Some(before) = &before {
            place.remove(before);
        }
        place.remove(&pressed);
        place.add(&all);
        all.show_all();
        // Measured only now: its font comes from where it stands.
        let (columns, line) = letters(&view, width);
        let mut pour = Pour::new(text.take(), columns, hang);
        let Some((buffer, first)) = view.buffer().zip(pour.next(PIECE)) else {
            done.set(true);
            return;
        };
        // The view learns its own height only later, while it scrolls.
        let needed = i64::from(line) * (first.lines().count() as i64 + 1);
        let window = place.toplevel().and_then(|top| top.downcast::<gtk::Window>().ok());
        let height = window.map_or(0, |window| room(&window).height());
        let most = (f64::from(height) * OPEN_PART) as i64;
        all.set_min_content_height(needed.min(most).try_into().unwrap_or(0));
        buffer.set_text(&first);
        buffer.place_cursor(&buffer.start_iter());
        view.grab_focus();
        let (weak, done) = (buffer.downgrade(), Rc::clone(&done));
        let go_on = move || {
            // Another screen may have taken the place of this one.
            let Some(buffer) = weak.upgrade() else { return glib::ControlFlow::Break };
            match pour.next(PIECE) {
                Some(piece) => {
                    buffer.insert(&mut buffer.end_iter(), &piece);
                    glib::ControlFlow::Continue
                }
                None => {
                    done.set(true);
                    glib::ControlFlow::Break
                }
            }
        };
        pour_on(go_on);
    });
    let begun = Cell::new(false);
    Rc::new(Fold { button, begun, opened, view: shown, lines: Lines::default(), open })
}

/// At once if there is little left, else whenever there is nothing more urgent to do.
fn pour_on(mut go_on: impl FnMut() -> glib::ControlFlow + 'static) {
    if go_on() == glib::ControlFlow::Continue {
        glib::idle_add_local(go_on);
    }
}

/// An empty view for an opened value.
fn view_of(name: &str) -> (gtk::ScrolledWindow, gtk::TextView) {
    let view = gtk::TextView::new();
    view.set_editable(false);
    view.set_cursor_visible(false);
    view.set_accepts_tab(false);
    view.set_wrap_mode(gtk::WrapMode::None);
    view.style_context().add_class("value");
    // Always in a fixed width, so that its lines can be broken by columns.
    view.style_context().add_class("verbatim");
    view.drag_dest_unset();
    if let Some(accessible) = view.accessible() {
        accessible.set_name(name);
    }
    let scroller = gtk::ScrolledWindow::new(gtk::Adjustment::NONE, gtk::Adjustment::NONE);
    // Sideways only for letters that are wider than a column.
    scroller.set_policy(gtk::PolicyType::Automatic, gtk::PolicyType::Automatic);
    scroller.set_overlay_scrolling(false);
    scroller.style_context().add_class("block");
    scroller.add(&view);
    (scroller, view)
}

/// The beginning of a folded value.
fn head(text: &str) -> &str {
    let by_lines = text.match_indices('\n').nth(FOLD_AFTER_LINES - 1).map(|(at, _)| at);
    let by_characters = text.char_indices().nth(HEAD_CHARACTERS).map(|(at, _)| at);
    let end = by_lines.unwrap_or(text.len()).min(by_characters.unwrap_or(text.len()));
    text.get(..end).unwrap_or(text)
}

/// How many characters fit into a line of the view, if its frame has this width, and how high a
/// line is, in pixels.
fn letters(view: &gtk::TextView, width: i32) -> (usize, i32) {
    let (letter, line) = view.create_pango_layout(Some("0")).pixel_size();
    // The frame, its padding and the scroll bar take about four letters.
    let fit = width / letter.max(1) - 4;
    (usize::try_from(fit).unwrap_or(0).max(LEAST_COLUMNS), line)
}

/// 3,000 instead of 3000.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_of_a_fold_is_twelve_lines_or_eight_hundred_characters() {
        let lines = "line\n".repeat(40);
        assert_eq!(head(&lines).lines().count(), 12);
        assert_eq!(head(&"ä".repeat(3_000)).chars().count(), 800);
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(
            [0, 999, 1_000, 12_345, 1_234_567].map(grouped),
            ["0", "999", "1,000", "12,345", "1,234,567"]
        );
    }
}

//! The foot of the prompt, always in sight: time left, the request's code, who else waits, what
//! stands in the way, an optional reason, and the two answers.
//!
//! **Promises.** Deny comes first and Approve last, apart from each other. What changes while a
//! screen stands is here and nowhere else. The approving control says how it is worked.
//!
//! **Never** let a control act on its own: the gate's gestures do ([`super::gesture`]).

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gtk::prelude::*;
use placet_core::code_time;
use placet_core::display::{Screen, Step};
use placet_texts::text;

use super::fields::Line;
use super::gate::Gate;
use super::gesture::Progress;
use super::sections::{BESIDE_NARROWEST, button, changing_label, narrowest, plain_label, vertical};

/// The reason for the agent has at most this many characters, as the agent's own words have (H2).
const REASON_LIMIT: i32 = 280;
/// Fewer seconds than this are few.
const URGENT_SECONDS: u64 = 30;

/// The foot.
pub(super) struct Footer {
    /// All of it.
    pub(super) whole: gtk::Box,
    /// The refusing control.
    pub(super) deny: gtk::Button,
    /// Opens the line for a reason.
    pub(super) reason: gtk::Button,
    /// The approving control.
    pub(super) approve: gtk::Button,
    /// Denies this and everything that waits from the same requester.
    pub(super) deny_all: gtk::Button,
    /// Denies this, and everything from the same requester for an hour.
    pub(super) mute: gtk::Button,
    /// The line for a reason.
    pub(super) reason_line: Line,
    deny_label: gtk::Label,
    mute_label: gtk::Label,
    approve_label: gtk::Label,
    how: gtk::Label,
    /// Approve can be worked at all, so that it says how.
    workable: Cell<bool>,
    /// There is an agent that could read a reason.
    to_agent: Cell<bool>,
    filled: Rc<Cell<f64>>,
    reason_box: gtk::Box,
    time: gtk::Label,
    code: gtk::Label,
    code_time: gtk::Label,
    deny_all_label: gtk::Label,
    waiting: gtk::Label,
    notice: gtk::Label,
    said: RefCell<String>,
}

impl Footer {
    /// An empty foot.
    pub(super) fn new(gate: &Rc<Gate>) -> Self {
        let whole = vertical(8);
        whole.style_context().add_class("foot");

        let status = vertical(2);
        let line = gtk::Box::new(gtk::Orientation::Horizontal, 16);
        // Both are always short.
        let time = plain_label("", &["status"]);
        let code = plain_label("", &["status"]);
        code.set_xalign(1.0);
        for label in [&time, &code] {
            narrowest(label, BESIDE_NARROWEST);
        }
        line.pack_start(&time, true, true, 0);
        line.pack_start(&code, true, true, 0);
        let code_time = changing_label(&["status"]);
        code_time.set_no_show_all(true);
        let waiting = changing_label(&["status"]);
        let notice = changing_label(&["notice"]);
        let (deny_all, deny_all_label) = button("", &["plain"]);
        deny_all.set_halign(gtk::Align::Start);
        deny_all.set_no_show_all(true);
        waiting.set_no_show_all(true);
        status.add(&line);
        status.add(&code_time);
        status.add(&waiting);
        status.add(&deny_all);
        status.add(&notice);
        if let Some(accessible) = status.accessible() {
            // What stands here changes while a screen stands, and is no part of what is decided.
            accessible.set_role(gtk::atk::Role::Footer);
        }

        let reason_box = vertical(4);
        let words = text!("prompt-reason");
        reason_box.add(&plain_label(&words, &["label"]));
        let reason_line = Line::new("", &words, gate);
        reason_line.widget().set_max_length(REASON_LIMIT);
        reason_box.add(reason_line.widget());
        let (mute, mute_label) = button("", &["plain"]);
        mute.set_halign(gtk::Align::Start);
        mute_label.show();
        reason_box.add(&mute);
        reason_box.set_no_show_all(true);

        let answers = gtk::Box::new(gtk::Orientation::Horizontal, 8);
        let (deny, deny_label) = button("", &["deny"]);
        let (reason, _) = button(&text!("prompt-deny-reason"), &["plain"]);
        let Approve { button: approve, label: approve_label, how, filled } = approve_control();
        answers.pack_start(&deny, false, false, 0);
        answers.pack_start(&reason, false, false, 0);
        // Not from the end: the order in the box is the order in which it is read.
        let space = gtk::Box::new(gtk::Orientation::Horizontal, 0);
        answers.pack_start(&space, true, true, 0);
        answers.pack_start(&approve, false, false, 0);

        whole.add(&status);
        whole.add(&reason_box);
        whole.add(&answers);
        whole.show_all();
        Self {
            whole,
            deny,
            reason,
            approve,
            deny_all,
            mute,
            mute_label,
            reason_line,
            deny_label,
            approve_label,
            how,
            workable: Cell::new(true),
            to_agent: Cell::new(true),
            filled,
            reason_box,
            time,
            code,
            code_time,
            deny_all_label,
            waiting,
            notice,
            said: RefCell::default(),
        }
    }

    /// Names the answers, the mute and the request's code; closes the line for a reason.
    pub(super) fn name(&self, screen: &Screen, deny: &str, keep_reason: bool) {
        let (approve, mute) = (screen.approve.as_str(), screen.mute.as_str());
        let code = screen.binding_code.as_str();
        self.to_agent.set(screen.step != Step::Change);
        self.mute_label.set_text(mute);
        self.approve_label.set_text(approve);
        self.deny_label.set_text(deny);
        for (control, name) in [(&self.approve, approve), (&self.deny, deny), (&self.mute, mute)] {
            if let Some(accessible) = control.accessible() {
                accessible.set_name(name);
            }
        }
        let code = if code.is_empty() { String::new() } else { text!("prompt-code", code = code) };
        self.code.set_text(&code);
        if !keep_reason {
            self.show_reason(false);
        }
    }

    /// Opens or closes the line for a reason; closing forgets it.
    pub(super) fn show_reason(&self, on: bool) {
        if !on {
            self.clear_reason();
        }
        self.reason.set_visible(!on && self.to_agent.get());
        self.reason_box.set_visible(on);
        for child in self.reason_box.children() {
            child.set_visible(on);
        }
        if on {
            self.reason_line.widget().grab_focus();
        }
    }

    /// The line for a reason is open.
    pub(super) fn reasoning(&self) -> bool {
        self.reason_box.is_visible()
    }

    /// The reason, if there is one.
    pub(super) fn note(&self) -> Option<String> {
        if !self.reasoning() {
            return None;
        }
        let note = self.reason_line.text();
        let note = note.trim();
        (!note.is_empty()).then(|| note.to_owned())
    }

    /// Shows the seconds left, or that it is over.
    pub(super) fn time(&self, seconds: u64) {
        let words = match seconds {
            0 => text!("prompt-time-over"),
            _ => text!("prompt-time-left", time = clock(seconds)),
        };
        if self.time.text() != words {
            self.time.set_text(&words);
        }
        class(&self.time, "urgent", seconds < URGENT_SECONDS);
    }

    /// Says for how many seconds a code of an authenticator app stands; nothing where none is asked
    /// for.
    pub(super) fn code_time(&self, seconds: Option<u64>) {
        if self.code_time.get_visible() != seconds.is_some() {
            self.code_time.set_text("");
            self.code_time.set_visible(seconds.is_some());
        }
        let Some(seconds) = seconds else { return };
        // The later words are shorter: nothing below them moves away while a person aims at it.
        let late = seconds < code_time::SHORT;
        let words = match late {
            false => text!("prompt-code-next", seconds = seconds),
            true => text!("prompt-code-wait", seconds = seconds),
        };
        if self.code_time.text() != words {
            self.code_time.set_text(&words);
        }
        class(&self.code_time, "urgent", late);
    }

    /// Shows who else waits; true if that changed what stands here.
    #[must_use = "what changed may need more room"]
    pub(super) fn waiting(&self, names: &[String]) -> bool {
        let (words, shown) = (waiting_words(names), !names.is_empty());
        if self.waiting.text() == words && self.waiting.get_visible() == shown {
            return false;
        }
        self.waiting.set_text(&words);
        self.waiting.set_visible(shown);
        true
    }

    /// Offers to deny so many others from the same requester together with this; true if that
    /// changed what stands here.
    pub(super) fn same(&self, others: usize) -> bool {
        let words = text!("prompt-deny-all", count = others.saturating_add(1));
        if self.deny_all_label.text() == words && self.deny_all.get_visible() == (others > 0) {
            return false;
        }
        self.deny_all_label.set_text(&words);
        self.deny_all_label.show();
        self.deny_all.set_visible(others > 0);
        true
    }

    /// Says what stands in the way, or nothing.
    pub(super) fn notice(&self, words: Option<&str>) {
        let words = words.unwrap_or_default();
        if *self.said.borrow() == words {
            return;
        }
        self.said.replace(words.to_owned());
        // It keeps its line, so that nothing moves while a person aims.
        self.notice.set_text(words);
    }

    /// Shows whether the answers count now, and whether Approve can be worked at all.
    pub(super) fn ready(&self, armed: bool, deny: bool, asking: bool, approve: bool) {
        for control in [&self.deny, &self.reason, &self.deny_all, &self.mute, &self.approve] {
            class(control, "unarmed", !armed);
        }
        if self.deny.is_sensitive() != deny {
            self.deny.set_sensitive(deny);
        }
        // While the server is asked there is only Cancel, which is in the place of Deny.
        if self.reason.is_sensitive() != asking {
            self.reason.set_sensitive(asking);
            self.deny_all.set_sensitive(asking);
            self.mute.set_sensitive(asking);
        }
        if self.workable.replace(asking) != asking {
            self.how.set_text(&if asking { text!("prompt-how") } else { String::new() });
        }
        if self.approve.is_sensitive() != approve {
            self.approve.set_sensitive(approve);
        }
    }

    /// Shows how far the press on Approve is; without motion in words alone.
    pub(super) fn progress(&self, progress: Progress, motion: bool) {
        let (words, part) = match progress {
            Progress::None if !self.workable.get() => (String::new(), 0.0),
            Progress::None => (text!("prompt-how"), 0.0),
            Progress::Holding(part) => (text!("prompt-keep-holding"), part),
            Progress::Enough => (text!("prompt-let-go"), 1.0),
        };
        if self.how.text() != words {
            self.how.set_text(&words);
        }
        let part = if motion { part } else { 0.0 };
        if (self.filled.replace(part) - part).abs() > f64::EPSILON {
            self.approve.queue_draw();
        }
    }

    fn clear_reason(&self) {
        self.reason_line.clear();
    }
}

struct Approve {
    button: gtk::Button,
    label: gtk::Label,
    how: gtk::Label,
    filled: Rc<Cell<f64>>,
}

/// The approving control: its label, how it is worked, and a fill over both while it is held.
fn approve_control() -> Approve {
    let button = gtk::Button::new();
    button.style_context().add_class("approve");
    let words = vertical(0);
    let label = gtk::Label::new(None);
    label.set_line_wrap(true);
    label.set_justify(gtk::Justification::Center);
    let worked = text!("prompt-how");
    let how = gtk::Label::new(Some(&worked));
    how.style_context().add_class("how");
    // Room for the longest of what it says, so that nothing moves while it is held.
    let room = [&worked, &text!("prompt-keep-holding"), &text!("prompt-let-go")];
    how.set_width_chars(
        room.map(|words| words.chars().count()).into_iter().max().unwrap_or(0) as i32
    );
    words.add(&label);
    words.add(&how);

    // Over everything in the button and without a window of its own, which would catch the press.
    let filled = Rc::new(Cell::new(0.0));
    button.connect_local("draw", true, {
        let filled = Rc::clone(&filled);
        move |values| {
            let button = values.first()?.get::<gtk::Button>().ok()?;
            let context = values.get(1)?.get::<gtk::cairo::Context>().ok()?;
            let colour = button.style_context().color(gtk::StateFlags::NORMAL);
            let width = f64::from(button.allocated_width()) * filled.get();
            context.set_source_rgba(colour.red(), colour.green(), colour.blue(), 0.3);
            context.rectangle(0.0, 0.0, width, f64::from(button.allocated_height()));
            let _ = context.fill();
            Some(false.to_value())
        }
    });
    button.add(&words);
    if let Some(accessible) = button.accessible() {
        accessible.set_description(&text!("prompt-how-told"));
    }
    Approve { button, label, how, filled }
}

fn class(widget: &impl IsA<gtk::Widget>, name: &str, on: bool) {
    let style = widget.style_context();
    if style.has_class(name) == on {
        return;
    }
    if on {
        style.add_class(name);
    } else {
        style.remove_class(name);
    }
}

/// 4:07, or 1:02:03.
fn clock(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

/// “2 more waiting: claude, codex”.
fn waiting_words(names: &[String]) -> String {
    let mut distinct: Vec<String> = Vec::new();
    for name in names {
        let name = placet_core::text::visible_line(name).as_str().to_owned();
        if !distinct.contains(&name) {
            distinct.push(name);
        }
    }
    text!("prompt-more-waiting", count = names.len(), names = distinct.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h12_time_left_reads_like_a_clock() {
        assert_eq!([5, 65, 600, 3_723].map(clock), ["0:05", "1:05", "10:00", "1:02:03"]);
    }

    #[test]
    fn h16_who_waits_is_counted_and_named_once() {
        let names = ["claude", "claude", "codex\u{202E}"].map(str::to_owned);
        assert_eq!(waiting_words(&names), "3 more waiting: claude, codex⟨U+202E⟩");
    }
}

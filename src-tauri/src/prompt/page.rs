//! What stands in the window: the page with the screen on it, and the foot.
//!
//! **Promises.** All of a screen was in sight before Approve works ([`super::seen`]). What a screen has
//! in common with the one before stays in place: opened folds, plain
//! text, scrolling; a secret never does. The widgets stand in the order in which they are read.
//! Every control of ours is in one list, by which the gate's gestures find what it does.
//!
//! **Never** show a part of a screen.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gtk::gdk;
use gtk::prelude::*;
use placet_core::display::{Screen, Section, Step};
use placet_texts::text;

use super::fields::Field;
use super::footer::Footer;
use super::gate::Gate;
use super::sections::{Fold, Weight, changing_label, clear, draw, draw_words, label, vertical};
use super::seen::{Seen, Unseen};

/// Pixels at an edge that are shaded where the page goes on beyond it.
const SHADE: i32 = 16;

/// What a control of ours does when it is worked.
#[derive(Clone)]
pub(super) enum Does {
    Deny,
    Reason,
    DenyAll,
    Mute,
    Open(Rc<Fold>),
    Toggle(gtk::Button),
}

/// The page.
pub(super) struct Page {
    /// All of it, the foot included.
    pub(super) whole: gtk::Box,
    /// The foot.
    pub(super) footer: Footer,
    /// The fields of the form, in order.
    pub(super) fields: RefCell<Vec<Field>>,
    /// Which widget does what.
    pub(super) controls: RefCell<Vec<(gtk::Widget, Does)>>,
    gate: Rc<Gate>,
    parts: Parts,
    scroller: gtk::ScrolledWindow,
    body: gtk::Box,
    folds: RefCell<[Vec<Rc<Fold>>; 3]>,
    seen: Seen,
    unseen: Cell<Option<Unseen>>,
    /// The page stands where it begins: what flashes by before does not count as seen.
    settled: Cell<bool>,
    /// Nothing of it was answered before, so it is read from its top, the fields last.
    first: Cell<bool>,
    /// The size of the window that it was painted in last, and how large its text was.
    painted_in: Cell<((i32, i32), i32)>,
}

struct Parts {
    heading: gtk::Label,
    banners: gtk::Box,
    sections: [gtk::Box; 3],
    problem: gtk::Label,
    fields: gtk::Box,
    words: gtk::Box,
}

impl Page {
    /// An empty page.
    pub(super) fn new(gate: &Rc<Gate>) -> Self {
        let whole = vertical(0);
        whole.style_context().add_class("page");
        let body = vertical(13);
        body.style_context().add_class("body");
        let parts = Parts {
            heading: changing_label(&["heading"]),
            banners: vertical(6),
            sections: [vertical(5), vertical(2), vertical(2)],
            problem: changing_label(&["problem"]),
            fields: vertical(12),
            words: vertical(5),
        };
        parts.problem.set_no_show_all(true);
        body.add(&parts.heading);
        body.add(&parts.banners);
        parts.sections.iter().for_each(|section| body.add(section));
        body.add(&parts.problem);
        body.add(&parts.fields);
        body.add(&parts.words);
        let scroller = gtk::ScrolledWindow::new(gtk::Adjustment::NONE, gtk::Adjustment::NONE);
        scroller.set_policy(gtk::PolicyType::Never, gtk::PolicyType::Automatic);
        scroller.set_overlay_scrolling(false);
        scroller.set_min_content_height(96);
        scroller.add(&body);
        // The field with the focus scrolls into sight.
        body.set_focus_vadjustment(&scroller.vadjustment());
        let footer = Footer::new(gate);
        whole.pack_start(&scroller, true, true, 0);
        whole.pack_start(&footer.whole, false, false, 0);
        whole.show_all();
        let page = Self {
            whole,
            footer,
            fields: RefCell::default(),
            controls: RefCell::default(),
            gate: Rc::clone(gate),
            parts,
            scroller,
            body,
            folds: RefCell::default(),
            seen: Seen::default(),
            unseen: Cell::new(Some(Unseen::NotYet)),
            settled: Cell::new(false),
            first: Cell::new(true),
            painted_in: Cell::default(),
        };
        let footer = &page.footer;
        let (deny, deny_all) = (&footer.deny, &footer.deny_all);
        for control in [deny, &footer.reason, deny_all, &footer.mute, &footer.approve] {
            page.watch(control);
        }
        page
    }

    /// Draws `screen`; `before` is the screen of the same request that it follows. Fields take input
    /// only while the person is asked, else there is only Cancel.
    pub(super) fn draw(&self, before: Option<&Screen>, screen: &Screen, asking: bool) {
        let parts = &self.parts;
        self.unseen.set(Some(Unseen::NotYet));
        // While somebody is asked, `scroll` follows.
        self.settled.set(!asking);
        self.first.set(screen.step == Step::Review);
        self.say(&parts.heading, screen.heading.as_str());
        if before.is_none_or(|before| before.banners != screen.banners) {
            clear(&parts.banners);
            for banner in &screen.banners {
                parts.banners.add(&label(banner, &["banner"]));
            }
            parts.banners.show_all();
        }
        parts.banners.set_visible(!screen.banners.is_empty());
        let sections = |screen: &Screen| -> [Section; 3] {
            [screen.action.clone(), screen.asker.clone(), screen.destination.clone()]
        };
        let old = before.map(sections);
        for (number, section) in sections(screen).iter().enumerate() {
            let same = old.as_ref().and_then(|old| old.get(number)) == Some(section);
            if let (false, Some(place), Some(folds)) =
                (same, parts.sections.get(number), self.folds.borrow_mut().get_mut(number))
            {
                let weight = if number == 0 { Weight::Main } else { Weight::Side };
                *folds = draw(section, weight, place);
                folds.iter().for_each(|fold| self.watch(&fold.button));
            }
        }
        self.say(&parts.problem, screen.problem.as_ref().map_or("", |text| text.as_str()));
        parts.problem.set_visible(screen.problem.is_some());
        let same_form = before
            .is_some_and(|before| before.form == screen.form && before.fields == screen.fields);
        if !same_form {
            clear(&parts.fields);
            let drawn =
                screen.fields.iter().map(|view| Field::draw(view, &parts.fields, &self.gate));
            self.fields.replace(drawn.collect());
            parts.fields.show();
        }
        parts.fields.set_visible(!screen.fields.is_empty());
        for field in self.fields.borrow().iter() {
            field.wipe();
            field.mark(None);
            field.enable(asking);
        }
        if before.is_none_or(|before| before.words != screen.words) {
            clear(&parts.words);
            if let Some(words) = &screen.words {
                draw_words(words, &parts.words);
            }
        }
        parts.words.set_visible(screen.words.is_some());
        // At the key nothing has left yet: that is a no, and not the end of waiting for a server.
        let at_key = screen.step == Step::Authenticator;
        let cancel = text!("prompt-cancel");
        let deny = if asking || at_key { screen.deny.as_str() } else { &cancel };
        self.footer.name(screen, deny, before.is_some() && asking);
        self.list_controls();
        if before.is_none() {
            self.scroller.vadjustment().set_value(0.0);
        }
    }

    /// Deny for what is asked first, also where it has fields: an agent can bring a form at any time,
    /// and keys that were meant for another window would stand in it (H5). Else the first field, and
    /// after something went wrong the first secret one, which is empty now.
    pub(super) fn focus_first(&self, asking: bool, wrong: bool) {
        let fields = self.fields.borrow();
        let secret = fields.iter().find(|field| wrong && field.is_secret());
        match secret.or_else(|| fields.first()).filter(|_| asking && !self.first.get()) {
            Some(field) => field.focus(),
            None => self.footer.deny.grab_focus(),
        }
    }

    /// Whether the approving chord counts with the focus here: on Approve, or in a field.
    pub(super) fn sends(&self, widget: &gtk::Widget) -> bool {
        let of = |field: &Field| {
            field.secret(widget).is_some()
                || field.line(widget).is_some()
                || field.toggles().iter().any(|toggle| toggle == widget)
        };
        self.footer.approve == *widget || self.fields.borrow().iter().any(of)
    }

    /// Brings what is to be filled in into sight, with what went wrong above it; but first who asks,
    /// and who gets the answer (H1).
    pub(super) fn scroll(&self) {
        self.settled.set(true);
        self.scroller.queue_draw();
        if self.first.get() || self.fields.borrow().is_empty() {
            return;
        }
        let top = |widget: &gtk::Widget| widget.translate_coordinates(&self.body, 0, 0);
        let parts = &self.parts;
        let problem = parts.problem.is_visible().then(|| top(parts.problem.upcast_ref())).flatten();
        let Some((_, fields)) = top(parts.fields.upcast_ref()) else { return };
        let from = problem.map_or(fields, |(_, problem)| problem);
        self.reveal(from, fields + parts.fields.allocated_height());
    }

    /// Brings the field with this number into sight.
    pub(super) fn scroll_to(&self, number: usize) {
        let fields = self.fields.borrow();
        let Some(place) = fields.get(number).map(Field::place) else { return };
        if let Some((_, top)) = place.translate_coordinates(&self.body, 0, 0) {
            self.reveal(top - SHADE, top + place.allocated_height());
        }
    }

    fn reveal(&self, from: i32, end: i32) {
        let adjustment = self.scroller.vadjustment();
        // Too much to be seen at once: from its beginning.
        let end = f64::from(end + SHADE).min(f64::from(from) + adjustment.page_size());
        adjustment.clamp_page(f64::from(from), end);
    }

    /// True while a fold is closed: not all was seen (H3).
    pub(super) fn folded(&self) -> bool {
        self.folds.borrow().iter().flatten().any(|fold| !fold.opened())
    }

    /// It was painted in a window of this size, with text so large. What was in sight of a larger
    /// window, or with other text, is forgotten: a program can make the window small, or the text
    /// large again, before anybody has read a word.
    pub(super) fn painted_in(&self, size: (i32, i32), text: i32) {
        let (before, text_before) = self.painted_in.replace((size, text));
        if size.0 < before.0 || size.1 < before.1 || text != text_before {
            self.seen.clear();
            self.folds.borrow().iter().flatten().for_each(|fold| fold.forget());
            self.unseen.set(Some(Unseen::NotYet));
        }
    }

    /// Called when it was painted: true if that changed what was seen.
    pub(super) fn look(&self) -> bool {
        if !self.settled.get() {
            return false;
        }
        let adjustment = self.scroller.vadjustment();
        let from = adjustment.value();
        let to = from + adjustment.page_size();
        let unseen = self.seen.look(&self.body, from, to);
        // Each is to be looked at, also behind the first that was not read.
        let folds = self.folds.borrow();
        let within: Vec<_> =
            folds.iter().flatten().filter_map(|fold| fold.look(&self.body, from, to)).collect();
        let unseen = within.first().copied().or(unseen);
        self.unseen.replace(unseen) != unseen
    }

    /// Where something is that was not in sight yet (H3).
    pub(super) fn unseen(&self) -> Option<Unseen> {
        self.unseen.get()
    }

    /// Scrolls by keyboard, wherever the focus is; true if the key was for that.
    pub(super) fn turn(&self, key: &gdk::keys::Key, focused: Option<&gtk::Widget>) -> bool {
        use gdk::keys::constants as name;
        let adjustment = self.scroller.vadjustment();
        let page = adjustment.page_increment();
        let view = focused.and_then(|widget| widget.downcast_ref::<gtk::TextView>());
        let text = view.is_some();
        let inner = |down: bool| {
            view.and_then(gtk::prelude::ScrollableExt::vadjustment).is_some_and(|inner| {
                let most = inner.upper() - inner.page_size();
                if down { inner.value() + 1.0 < most } else { inner.value() > 1.0 }
            })
        };
        let line = text || focused.is_some_and(|widget| widget.is::<gtk::Entry>());
        let to = match *key {
            // A long text keeps the keys until it is at its end.
            name::Page_Down | name::KP_Page_Down if !inner(true) => adjustment.value() + page,
            name::Page_Up | name::KP_Page_Up if !inner(false) => adjustment.value() - page,
            name::Home | name::KP_Home if !line => adjustment.lower(),
            name::End | name::KP_End if !line => adjustment.upper(),
            _ => return false,
        };
        adjustment.set_value(to);
        true
    }

    /// Says something in a label that stays in its place.
    fn say(&self, label: &gtk::Label, words: &str) {
        if label.text() != words {
            label.set_text(words);
            self.seen.forget(label);
        }
    }

    /// Forgets every secret.
    pub(super) fn wipe(&self) {
        self.fields.borrow().iter().for_each(Field::wipe);
    }

    /// Forgets the screen.
    pub(super) fn clear(&self) {
        self.wipe();
        self.fields.replace(Vec::new());
        self.folds.replace(Default::default());
        self.seen.clear();
        self.unseen.set(Some(Unseen::NotYet));
        self.list_controls();
        let parts = &self.parts;
        for place in parts.sections.iter().chain([&parts.banners, &parts.fields, &parts.words]) {
            clear(place);
        }
        parts.heading.set_text("");
        parts.problem.set_text("");
        self.footer.show_reason(false);
    }

    /// As [`Self::height_at`], for the first showing. The page then asks for just this width, since
    /// GTK would measure all of it a second time for the least width that it could have; and for no
    /// scroll bar, if all of it is in sight. Whoever calls this calls [`Self::let_go`] once the page
    /// is painted.
    pub(super) fn hold(&self, width: i32, most: i32) -> i32 {
        self.body.set_size_request(width, -1);
        let height = self.height_at(width);
        if height <= most {
            self.scroller.set_policy(gtk::PolicyType::Never, gtk::PolicyType::External);
        }
        height
    }

    /// The window may be made narrower or lower again, and the page scrolls where there is too little
    /// room.
    pub(super) fn let_go(&self) {
        self.body.set_size_request(-1, -1);
        self.scroller.set_policy(gtk::PolicyType::Never, gtk::PolicyType::Automatic);
    }

    /// Whether a part of it cannot be seen in a window of this size, however it is scrolled.
    pub(super) fn is_cut(&self, width: i32, height: i32) -> bool {
        let (narrowest, _) = self.whole.preferred_width();
        let (lowest, _) = self.whole.preferred_height_for_width(width.max(narrowest));
        width < narrowest || height < lowest
    }

    /// How high it is at this width, in pixels, if nothing has to scroll.
    pub(super) fn height_at(&self, width: i32) -> i32 {
        let (_, body) = self.body.preferred_height_for_width(width);
        let (_, foot) = self.footer.whole.preferred_height_for_width(width);
        body + foot + 2
    }

    /// Which widget does what, for the gate.
    fn list_controls(&self) {
        let mut controls: Vec<(gtk::Widget, Does)> = vec![
            (self.footer.deny.clone().upcast(), Does::Deny),
            (self.footer.reason.clone().upcast(), Does::Reason),
            (self.footer.deny_all.clone().upcast(), Does::DenyAll),
            (self.footer.mute.clone().upcast(), Does::Mute),
        ];
        for fold in self.folds.borrow().iter().flatten() {
            controls.push((fold.button.clone().upcast(), Does::Open(Rc::clone(fold))));
        }
        for toggle in self.fields.borrow().iter().flat_map(Field::toggles) {
            controls.push((toggle.clone().upcast(), Does::Toggle(toggle)));
        }
        self.controls.replace(controls);
    }

    /// A button that says it was clicked while the gate judges nothing was not clicked by a person.
    fn watch(&self, button: &gtk::Button) {
        let gate = Rc::downgrade(&self.gate);
        button.connect_clicked(move |_| {
            if let Some(gate) = gate.upgrade().filter(|gate| !gate.judging()) {
                gate.without_event();
            }
        });
    }
}

//! What the tray shows, as data: its picture and its menu, made from what is going on.
//!
//! **Promises.** Pure: the same state gives the same picture and menu. Everything that can be done
//! from the icon is in the menu, because panels show no tooltip and swallow the left click.
//! A stranger's text in here is a pairing's name, a heading or, for the book alone, the line of what was
//! asked, all of them escaped (H9).
//!
//! **Never** offer to approve or deny from a menu: it opens the prompt, where decisions are made.

use std::time::Duration;

use placet_core::request::RequestId;
use placet_core::settings::Settings;
use placet_texts::text;
use serde::{Deserialize, Serialize};

/// One request that waits for the person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// Which one.
    pub id: RequestId,
    /// Who asks, escaped.
    pub name: String,
    /// The prompt's heading, escaped.
    pub heading: String,
    /// The number that prompt and terminal show.
    #[serde(default)]
    pub code: String,
    /// What was asked, on one line, escaped, for the book alone; may be empty.
    #[serde(default)]
    pub brief: String,
    /// The local time of asking, such as `15:20`.
    #[serde(default)]
    pub asked_at: String,
    /// The whole action, if a notification may approve it now; for the notification alone.
    #[serde(skip)]
    pub offer: Option<String>,
}

/// A requester that is muted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Muted {
    /// Whose requests: [`placet_core::request::Request::bucket`].
    pub bucket: String,
    /// Who that is, for people.
    pub name: String,
    /// The local time at which it ends, such as `15:20`.
    pub until: String,
}

/// What is going on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Oldest first.
    pub waiting: Vec<Waiting>,
    /// The local time at which a pause ends, such as `15:20`; `None` if there is no pause.
    pub paused_until: Option<String>,
    /// The screen is locked or the machine sleeps, as the desktop says: no request is shown.
    #[serde(default)]
    pub away: bool,
    /// Who is muted.
    #[serde(default)]
    pub muted: Vec<Muted>,
    /// The local time at which the quiet hours end, if they hold now: no notification is shown.
    #[serde(default)]
    pub quiet_until: Option<String>,
    /// What is set.
    #[serde(default)]
    pub settings: Settings,
    /// One sentence, if something is wrong.
    pub trouble: Option<String>,
}

/// The picture in the panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Picture {
    /// Nothing waits.
    Idle,
    /// So many wait.
    Waiting(usize),
    /// Everything is declined.
    Paused,
    /// Something is wrong.
    Trouble,
}

/// One line of the menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// Says something, cannot be chosen.
    Says(String),
    /// Can be chosen.
    Does(Act, String),
    /// A divider.
    Divider,
}

/// What a line of the menu does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Opens the prompt for this request.
    Open(RequestId),
    /// Declines everything for this long.
    Pause(Duration),
    /// Ends the pause.
    Resume,
    /// Lets the requests of this bucket through again.
    Unmute(String),
    /// Opens the book.
    Book,
    /// Ends the program; everything that waits gets a no.
    Quit,
}

/// The pauses that are offered, in minutes.
const PAUSES: [u64; 2] = [15, 60];
/// Longer labels make menus wider than the screen; the whole text is in the prompt.
const LABEL_LIMIT: usize = 84;

impl Waiting {
    /// Its line in a menu: the number first, and no argument, because programs of the session can read
    /// the menu of an icon on its bus.
    fn entry(&self) -> String {
        let sentence = sentence(&self.name, &self.heading);
        match self.code.is_empty() {
            true => sentence,
            false => text!("tray-entry", code = &self.code, sentence = sentence),
        }
    }
}

impl State {
    /// The picture: trouble first, since it may be why nothing waits.
    #[must_use]
    pub fn picture(&self) -> Picture {
        if self.trouble.is_some() {
            Picture::Trouble
        } else if !self.waiting.is_empty() {
            Picture::Waiting(self.waiting.len())
        } else if self.paused_until.is_some() {
            Picture::Paused
        } else {
            Picture::Idle
        }
    }

    /// What is so, in one sentence, for the book.
    #[must_use]
    pub fn said(&self) -> String {
        match (&self.paused_until, self.waiting.len(), &self.quiet_until) {
            (Some(until), ..) => text!("tray-paused", until = until),
            (None, 0, Some(until)) => text!("tray-quiet", until = until),
            (None, 0, None) => text!("tray-ready"),
            (None, count, _) => text!("tray-waiting", count = count),
        }
    }

    /// The menu, top to bottom.
    #[must_use]
    pub fn menu(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        lines.extend(self.trouble.iter().map(|sentence| Line::Says(label(sentence))));
        // Also for the person whose screen is not locked, if a program pretends that it is.
        if self.away {
            lines.push(Line::Says(text!("tray-away")));
        }
        if let Some(until) = &self.quiet_until {
            lines.push(Line::Says(text!("tray-quiet", until = until)));
        }
        lines.push(Line::Says(text!("tray-waiting", count = self.waiting.len())));
        lines.extend(
            self.waiting
                .iter()
                .map(|one| Line::Does(Act::Open(one.id.clone()), label(&one.entry()))),
        );
        lines.push(Line::Divider);
        match &self.paused_until {
            Some(until) => {
                lines.push(Line::Says(text!("tray-paused", until = until)));
                lines.push(Line::Does(Act::Resume, text!("tray-resume")));
            }
            None => lines.extend(PAUSES.map(|minutes| {
                let words = text!("tray-pause", minutes = minutes);
                Line::Does(Act::Pause(Duration::from_secs(minutes * 60)), words)
            })),
        }
        lines.extend(self.muted.iter().map(|one| {
            let words = text!("tray-unmute", name = &one.name, until = &one.until);
            Line::Does(Act::Unmute(one.bucket.clone()), label(&words))
        }));
        lines.push(Line::Divider);
        lines.push(Line::Does(Act::Book, text!("tray-book")));
        lines.push(Line::Does(Act::Quit, text!("tray-quit", waiting = self.waiting.len())));
        lines
    }
}

/// "NAME asks: HEADING", for the menu and the notification; a heading that names the asker itself
/// ("NAME wants …") stands alone.
#[must_use]
pub fn sentence(name: &str, heading: &str) -> String {
    let words = match names_asker(name, heading) {
        true => heading.to_owned(),
        false => text!("tray-asks", name = name, heading = heading),
    };
    // Ours, for who has no name, at the beginning of a sentence.
    let unnamed = text!("asker-unpaired");
    match words.strip_prefix(&unnamed).filter(|_| name == unnamed) {
        Some(rest) => {
            let mut letters = unnamed.chars();
            let first = letters.next().into_iter().flat_map(char::to_uppercase);
            first.chain(letters).chain(rest.chars()).collect()
        }
        None => words,
    }
}

/// True for "NAME wants …": the headings of `desk` that begin with who asks.
fn names_asker(name: &str, heading: &str) -> bool {
    // Stands for the tool or the issuer; neither has a line feed.
    const ANY: &str = "\n";
    let wants = [
        text!("board-approval", who = name, tool = ANY),
        text!("board-authorization", who = name, issuer = ANY),
    ];
    wants.iter().filter_map(|wants| wants.split_once(ANY)).any(|(before, after)| {
        heading.strip_prefix(before).is_some_and(|rest| rest.ends_with(after))
    })
}

/// At most `limit` characters and a sign that there were more: for places that have no room. The
/// whole text is in the prompt.
#[must_use]
pub fn clipped(text: &str, limit: usize) -> String {
    let mut rest = text.chars();
    let mut head: String = rest.by_ref().take(limit).collect();
    if rest.next().is_some() {
        head.push('…');
    }
    head
}

impl Act {
    /// The word under which a menu knows this act.
    #[must_use]
    pub fn word(&self) -> String {
        match self {
            Self::Open(id) => format!("open {}", id.0),
            Self::Pause(time) => format!("pause {}", time.as_secs()),
            Self::Resume => "resume".to_owned(),
            Self::Unmute(bucket) => format!("unmute {bucket}"),
            Self::Book => "book".to_owned(),
            Self::Quit => "quit".to_owned(),
        }
    }

    /// The act of a word; `None` for any that [`Act::word`] does not make.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        match word.split_once(' ') {
            Some(("open", id)) => Some(Self::Open(RequestId(id.to_owned()))),
            Some(("pause", seconds)) => {
                seconds.parse().ok().map(Duration::from_secs).map(Self::Pause)
            }
            Some(("unmute", bucket)) => Some(Self::Unmute(bucket.to_owned())),
            None if word == "resume" => Some(Self::Resume),
            None if word == "book" => Some(Self::Book),
            None if word == "quit" => Some(Self::Quit),
            _ => None,
        }
    }
}

fn label(text: &str) -> String {
    clipped(text, LABEL_LIMIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(count: usize) -> Vec<Waiting> {
        (1..=count)
            .map(|n| Waiting {
                id: RequestId(format!("req_{n}")),
                name: "build-bot".to_owned(),
                heading: "Let build-bot do this?".to_owned(),
                code: String::new(),
                brief: String::new(),
                asked_at: String::new(),
                offer: None,
            })
            .collect()
    }

    fn labels(state: &State) -> Vec<String> {
        let says = |line| match line {
            Line::Says(label) => Some(format!("({label})")),
            Line::Does(_, label) => Some(label),
            Line::Divider => None,
        };
        state.menu().into_iter().filter_map(says).collect()
    }

    #[test]
    fn h16_the_picture_counts_what_waits() {
        for n in [1, 2, 9, 10, 20] {
            let state = State { waiting: waiting(n), ..State::default() };
            assert_eq!(state.picture(), Picture::Waiting(n));
        }
        assert_eq!(State::default().picture(), Picture::Idle);
    }

    #[test]
    fn trouble_is_seen_before_anything_else_and_waiting_before_a_pause() {
        let mut state = State {
            waiting: waiting(2),
            paused_until: Some("15:20".into()),
            trouble: Some("The disk is full.".into()),
            ..State::default()
        };
        assert_eq!(state.picture(), Picture::Trouble);
        assert_eq!(labels(&state)[0], "(The disk is full.)");
        state.trouble = None;
        assert_eq!(state.picture(), Picture::Waiting(2));
        state.waiting.clear();
        assert_eq!(state.picture(), Picture::Paused);
    }

    #[test]
    fn the_idle_menu_offers_pause_book_and_quit() {
        assert_eq!(
            labels(&State::default()),
            [
                "(Nothing is waiting)",
                "Pause for 15 minutes",
                "Pause for 1 hour",
                "Open the book",
                "Quit Placet"
            ]
        );
    }

    #[test]
    fn h16_every_waiting_request_has_its_entry_and_quit_says_what_happens_to_it() {
        let state = State { waiting: waiting(2), ..State::default() };
        let labels = labels(&state);
        assert_eq!(labels[0], "(2 requests are waiting)");
        assert_eq!(labels[1], "build-bot asks: Let build-bot do this?");
        assert_eq!(labels.last().unwrap(), "Quit Placet (what waits gets a no)");
        let opens: Vec<_> = state
            .menu()
            .into_iter()
            .filter_map(|line| match line {
                Line::Does(Act::Open(id), _) => Some(id.0),
                _ => None,
            })
            .collect();
        assert_eq!(opens, ["req_1", "req_2"]);
    }

    #[test]
    fn s16_an_entry_begins_with_the_number_and_has_no_argument() {
        let mut state = State { waiting: waiting(1), ..State::default() };
        state.waiting[0].code = "VQ7Z-CCMK".into();
        state.waiting[0].heading = "build-bot wants to use shell".into();
        state.waiting[0].brief = "shell: git push --force origin main".into();
        assert_eq!(labels(&state)[1], "VQ7Z-CCMK · build-bot wants to use shell");
    }

    #[test]
    fn a_heading_that_names_the_asker_is_not_doubled_and_none_hides_the_asker() {
        let doubled = sentence("build-bot", "build-bot wants to use git");
        assert_eq!(doubled, "build-bot wants to use git");
        for (name, heading) in
            [("build", "build-bot wants to use git"), ("Trust", "Trust https://as.example?")]
        {
            assert_eq!(sentence(name, heading), format!("{name} asks: {heading}"));
        }
        let unnamed = sentence("an unpaired program", "an unpaired program wants to use shell");
        assert_eq!(unnamed, "An unpaired program wants to use shell");
    }

    #[test]
    fn h18_no_menu_decides_anything() {
        let states = [
            State::default(),
            State { waiting: waiting(3), ..State::default() },
            State { paused_until: Some("15:20".into()), ..State::default() },
        ];
        for state in states {
            for label in labels(&state) {
                let label = label.to_lowercase();
                assert!(!label.contains("approve") && !label.contains("allow"), "{label}");
            }
        }
    }

    #[test]
    fn a_paused_menu_says_until_when_and_offers_to_resume() {
        let state = State { paused_until: Some("15:20".into()), ..State::default() };
        let labels = labels(&state);
        assert!(labels.contains(&"(Paused until 15:20: every answer is no)".to_owned()));
        assert!(labels.contains(&"Resume".to_owned()));
        assert!(!labels.iter().any(|label| label.starts_with("Pause for")));
    }

    #[test]
    fn h16_who_is_muted_stands_in_the_menu_and_can_be_heard_again() {
        let one = |bucket: &str, name: &str| Muted {
            bucket: bucket.to_owned(),
            name: name.to_owned(),
            until: "15:20".to_owned(),
        };
        let muted = vec![one("", "all unpaired programs"), one("build-bot", "build-bot")];
        let state = State { muted, ..State::default() };
        let labels = labels(&state);
        for words in [
            "Unmute all unpaired programs (muted until 15:20)",
            "Unmute build-bot (muted until 15:20)",
        ] {
            assert!(labels.contains(&words.to_owned()), "{labels:?}");
        }
    }

    #[test]
    fn a_word_of_the_menu_is_the_act_it_was_made_from() {
        for act in [
            Act::Open(RequestId("req_00ff".into())),
            Act::Unmute(String::new()),
            Act::Unmute("set up".to_owned()),
            Act::Pause(Duration::from_secs(900)),
            Act::Resume,
            Act::Book,
            Act::Quit,
        ] {
            assert_eq!(Act::of(&act.word()), Some(act));
        }
        for wrong in ["", "pause", "pause x", "quit now", "approve req_1"] {
            assert_eq!(Act::of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_long_heading_does_not_make_the_menu_wider_than_the_screen() {
        let mut state = State { waiting: waiting(1), ..State::default() };
        state.waiting[0].heading = "x".repeat(500);
        assert!(labels(&state).iter().all(|label| label.chars().count() <= LABEL_LIMIT + 1));
    }

    #[test]
    fn every_word_of_ours_in_the_menu_can_be_translated() {
        let muted = [Muted { bucket: "7".into(), name: "7".into(), until: "8".into() }];
        let one = Waiting {
            id: RequestId("7".into()),
            name: "7".into(),
            heading: "8".into(),
            code: "7".into(),
            brief: "9".into(),
            asked_at: "9".into(),
            offer: None,
        };
        for (count, until, away) in
            [(0, None, false), (1, Some("9".to_owned()), true), (2, None, true)]
        {
            let state = State {
                waiting: vec![one.clone(); count],
                paused_until: until.clone(),
                away,
                muted: muted.to_vec(),
                quiet_until: Some("9".into()),
                settings: Settings::default(),
                trouble: None,
            };
            let quietly = State { quiet_until: until, paused_until: None, ..state.clone() };
            let said =
                placet_texts::pretended(|| [labels(&state), vec![state.said(), quietly.said()]]);
            for words in said.concat() {
                assert!(!words.contains(|c: char| c.is_ascii_lowercase()), "{words}");
            }
        }
    }
}

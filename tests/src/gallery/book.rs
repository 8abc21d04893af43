//! The pages of the book: the program's own window, told and answered what Placet would say.
//!
//! **Promises.** Each look is a desktop whose settings say so; nothing of it is said to the page.
//!
//! **Never** take a picture before the screen has the page's last frame.

use std::path::Path;
use std::time::{Duration, Instant};

use placet_core::display::Screen;
use placet_core::ports::{Seat, Surroundings};
use placet_core::request::{
    Asker, Kernel, Matter, Place, Process, Request, RequestId, Timestamp, ToolCall,
};
use placet_stage::desktop::{Session, Theme, Window};
use serde_json::{Value, json};
use x11rb::protocol::xproto::{ConfigureWindowAux, ConnectionExt as _};

use super::{Outcome, SIZE, SOON};
use crate::book::{Driven, answered, await_text};

/// The pages, by their files' names.
pub const PAGES: &[(&str, &str)] = &[
    ("book-waiting", "What waits for the person, and where things are."),
    ("book-history", "The history: what was asked, by whom, and how it ended."),
    ("book-detail", "One request of the history: what happened, and what was shown."),
    ("book-agents", "The agents that have a name, while everything is paused."),
    ("book-servers", "The servers that are trusted."),
    ("book-settings", "The settings: quiet hours, and what may be approved on a notification."),
    ("book-health", "How well Placet is set up here."),
    ("book-first-steps", "The first steps of a new person."),
];

/// 27 November 2026, 10:42 UTC, in milliseconds.
const THEN: i64 = 1_795_776_120_000;

/// All pages in one look, as pictures.
pub(super) fn take(look: &str, out: &Path) -> Outcome<()> {
    let (theme, scale) = match look {
        "dark" => (Theme::Dark, 1.0),
        "large" => (Theme::Light, 2.0),
        "contrast" => (Theme::Contrast, 1.0),
        _ => (Theme::Light, 1.0),
    };
    let builder = Session::builder().size(SIZE.0, SIZE.1).accessibility(false);
    let session = builder.theme(theme).text_scale(scale).animations(false).start()?;
    let book = Driven::open(&session);
    leaf_through(book, &mut |name, book| {
        book.script("document.activeElement?.blur(); scrollTo(0, 0); done(1)");
        stretch(&session, book)?;
        let window = book.frame(&session);
        Ok(session.screen().picture_of(&window, &out.join(format!("{name}-{look}.png")))?)
    })
}

/// Makes the window as high as the page, as a person can, as far as the screen goes.
fn stretch(session: &Session, book: &Driven) -> Outcome<()> {
    let window = book.frame(session);
    let asked = book.script("done([document.body.scrollHeight, innerWidth])");
    let number = |n: usize| asked.get(n).and_then(Value::as_f64).ok_or("the page has no size");
    let dots = f64::from(window.width) / number(1)?;
    let height = (number(0)? * dots).ceil().clamp(480.0, f64::from(SIZE.1) - 80.0) as u32;
    let screen = session.screen();
    let place = ConfigureWindowAux::new().x(20).y(20).height(height);
    screen.connection().configure_window(window.id, &place)?.check()?;
    let lies =
        |one: &Window| one.id == window.id && one.height == height && one.y < 60 && one.x < 60;
    screen.await_window(SOON, lies)?;
    let begun = Instant::now();
    loop {
        let inner = book.script("done(innerHeight)").as_f64().unwrap_or_default();
        if (inner * dots - f64::from(height)).abs() < 3.0 {
            return Ok(());
        }
        if begun.elapsed() > SOON {
            return Err(format!("the page stays {inner} high, not {height}").into());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Turns to each of the pages, full of what a person might have there, and calls `each` with its name
/// in [`PAGES`].
///
/// # Errors
/// What `each` says.
pub fn leaf_through(
    book: Driven,
    each: &mut dyn FnMut(&str, &Driven) -> Outcome<()>,
) -> Outcome<()> {
    Leafing { book, asked: 0 }.all(each)
}

/// The book, and how much it has asked.
struct Leafing {
    book: Driven,
    asked: u64,
}

impl Leafing {
    fn all(&mut self, each: &mut dyn FnMut(&str, &Driven) -> Outcome<()>) -> Outcome<()> {
        self.book.tell(&page(
            &[
                ("claude-code", "Let claude-code do this?"),
                ("build-bot", "Let build-bot do this?"),
                ("an unpaired program", "Pair with deploy-bot?"),
            ],
            &json!(null),
        ));
        await_text(&self.book, "#waiting", "build-bot");
        each("book-waiting", &self.book)?;
        self.book.tell(&page(&[], &json!(null)));

        let nothing =
            json!({"before": null, "outcome": null, "agent": null, "server": null, "words": ""});
        self.turn_to("history", &json!({"history": nothing}), &json!({"history": pasts()}));
        await_text(&self.book, "#past", "build-bot");
        each("book-history", &self.book)?;
        self.press("#past button");
        self.answer(&json!({"detail": "req_4"}), &json!({"detail": detail()?}));
        await_text(&self.book, "#detail", "What was shown");
        each("book-detail", &self.book)?;

        self.book.tell(&page(&[], &json!("14:30")));
        self.turn_to("agents", &json!("agents"), &agents());
        await_text(&self.book, "#agents-all", "build-bot");
        await_text(&self.book, "#agents-stopped", "14:30");
        each("book-agents", &self.book)?;
        self.book.tell(&page(&[], &json!(null)));
        self.turn_to("servers", &json!("servers"), &servers());
        await_text(&self.book, "#servers-all", "Harbor");
        each("book-servers", &self.book)?;
        self.turn_to("settings", &json!("agents"), &agents());
        await_text(&self.book, "#offer-agents", "build-bot");
        each("book-settings", &self.book)?;
        self.turn_to("health", &json!("health"), &health());
        await_text(&self.book, "#health-all", "Install");
        each("book-health", &self.book)?;
        let beginning = json!({"autostart": "off", "program": "/usr/bin/placet-desktop --hidden",
            "agents": [], "asked": false});
        self.turn_to("start", &json!("beginning"), &json!({"beginning": beginning}));
        await_text(&self.book, "#start-auto", "/usr/bin/placet-desktop");
        each("book-first-steps", &self.book)
    }

    fn press(&self, button: &str) {
        self.book.script(&format!("document.querySelector('{button}').click(); done(1)"));
    }

    fn turn_to(&mut self, page: &str, asked: &Value, answer: &Value) {
        self.press(&format!("[data-page={page}]"));
        self.answer(asked, answer);
    }

    fn answer(&mut self, asked: &Value, answer: &Value) {
        self.asked += 1;
        answered(&mut self.book, self.asked, asked, answer);
    }
}

/// The requests' codes, and what was asked in short.
const CODES: &[&str] = &["KXRT-8842", "MWPD-3317", "QJHN-6025", "TBVF-9174"];
const BRIEFS: &[&str] =
    &["bash: git push --force origin main", "payments, 1240.00 EUR", "deploy-bot", "build-bot"];

/// What Placet says without being asked.
fn page(waiting: &[(&str, &str)], paused_until: &Value) -> Value {
    let waiting: Vec<Value> = waiting
        .iter()
        .enumerate()
        .map(|(n, (name, heading))| {
            json!({"id": format!("req_{n}"), "name": name, "heading": heading,
            "code": CODES.get(n), "brief": BRIEFS.get(n), "asked_at": "10:42"})
        })
        .collect();
    let offers = json!([{"agent": "build-bot", "tool": "cargo_check"}]);
    let settings = json!({"quiet": {"from": 1320, "to": 420}, "on_notification": offers});
    let state = json!({"waiting": waiting, "paused_until": paused_until, "trouble": null,
        "away": false, "muted": [], "quiet_until": null, "settings": settings});
    let places = json!([
        {"label": "Record", "path": "/home/erin/.local/state/placet/record.db"},
        {"label": "Socket", "path": "/run/user/1000/placet/agent.sock"}]);
    json!({"show": {"version": env!("CARGO_PKG_VERSION"), "state": state, "places": places}})
}

fn pasts() -> Value {
    let of = |number: i64, agent: &str, server: &str, kind: &str, outcome: &str, reason: &str| {
        let heading = match (kind, agent) {
            ("pairing", _) => "Pair with build-bot?".to_owned(),
            (_, "") => "Let an unpaired program do this?".to_owned(),
            (_, name) => format!("Let {name} do this?"),
        };
        json!({"seq": number, "request": format!("req_{number}"), "at": THEN + (number - 4) * 1_260_000,
            "kind": kind, "agent": agent, "server": server, "heading": heading,
            "outcome": outcome, "reason": reason, "code": CODES.get(4 - number as usize),
            "brief": BRIEFS.get(4 - number as usize)})
    };
    let bank = "https://auth.harbor.example";
    json!([
        of(4, "claude-code", "", "approval", "approved", "approved"),
        of(3, "build-bot", bank, "authorization", "declined", "denied"),
        of(2, "", "", "approval", "expired", "nobody_answered"),
        of(1, "", "", "pairing", "approved", "approved"),
    ])
}

fn detail() -> Outcome<Value> {
    let screen = screen();
    let pasts = pasts();
    let step = |seq: i64, event: &str, summary: &str| json!({"seq": seq, "at": THEN + seq * 4_000, "event": event, "summary": summary});
    let shown = json!({"at": THEN + 4_000, "display_hash": screen.hash()?.as_str(), "holds": true,
        "screen": screen});
    Ok(json!({"past": pasts.get(0), "account": "", "shown": [shown],
        "receipt": {"digest": screen.hash()?.as_str(), "seal": "file"}, "steps": [
        step(1, "received", "approval by claude-code"),
        step(2, "shown", "round 1"),
        step(3, "answered", "approve, held press"),
        step(4, "ended", "approved"),
    ]}))
}

/// The screen of a request, as the program makes it.
fn screen() -> Screen {
    let process = |pid: i32, name: &str, exe: &str| Process {
        pid,
        name: name.into(),
        exe: Some(exe.into()),
        exe_hash: None,
    };
    let request = Request {
        id: RequestId("req_4".into()),
        asker: Asker {
            pairing: Some("claude-code".into()),
            claims: Some("claude-code 2.1".into()),
            kernel: Kernel {
                uid: 1000,
                pid: Some(48_211),
                chain: vec![
                    process(48_211, "node", "/usr/bin/node"),
                    process(46_990, "code", "/usr/share/code/code"),
                ],
                cwd: Some("/home/erin/work/harbor".into()),
                place: Place::Session,
            },
        },
        matter: Matter::Approval(ToolCall {
            tool: "bash".into(),
            arguments: json!({"command": "git push --force origin main", "timeout": 120}),
            working_directory: Some("/home/erin/work/harbor".into()),
        }),
        words: Some("The tests pass, so I would like to push now.".into()),
        binding_code: "KXRT-8842".into(),
        received_at: Timestamp(THEN),
        expires_at: Timestamp(THEN).plus_seconds(280),
    };
    let surroundings =
        Surroundings { hardened: false, observable: true, seat: Seat::Here, sees_cover: true };
    Screen::review(&request, None, surroundings)
}

fn agents() -> Value {
    json!({"agents": [
        {"name": "claude-code", "paired_at": THEN - 864_000_000, "last_used": THEN},
        {"name": "build-bot", "paired_at": THEN - 1_260_000 * 3, "last_used": null}]})
}

fn servers() -> Value {
    json!({"servers": [
        {"name": "Harbor Bank", "issuer": "https://auth.harbor.example", "account": "erin@harbor.example",
         "client_id": "placet", "challenge_endpoint": "https://auth.harbor.example/challenge", "plain_http": false,
         "authorities": [{"subject": "CN=Harbor Bank Root, O=Harbor Bank", "until": "2031-03-01",
            "sha256": "9f2c61d0b7a34e58c1f00d7e5a96b3128e47d5f0c2a1b89364e7d0f5a1c3b2e6"}], "proxy": null},
        {"name": "Staging", "issuer": "http://localhost:8931", "account": "", "client_id": "placet-dev",
         "challenge_endpoint": null, "plain_http": true, "authorities": [], "proxy": null}]})
}

fn health() -> Value {
    let good = |what: &str, state: &str, means: &str| json!({"what": what, "good": true, "state": state, "means": means, "better": ""});
    json!({"health": [
        good("Socket", "Placet answers there", "Agents of this user ask there, and Placet hears them."),
        good("Record", "Whole at the start, and can be written: 1284 entries",
            "What was asked, shown and answered is kept, and a changed or missing entry is noticed when Placet starts."),
        {"what": "Notifications", "good": false, "state": "Nobody shows them",
         "means": "The prompt still opens by itself.",
         "better": "Start the notification service of your desktop."},
        good("Tray", "A panel shows the icon", "What waits can be reached from the icon."),
        good("Locked screen", "The login manager says so",
            "While the screen is locked nothing is decided and what was typed is wiped."),
        {"what": "Install", "good": false, "state": "Not hardened",
         "means": "A program that runs as you can replace Placet, or change its record. What you approve counts as a gesture, or as a code, and no more.",
         "better": "There is no hardened install yet."}]})
}

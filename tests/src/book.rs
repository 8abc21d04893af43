//! The book that a test or the gallery drives through WebKit's own driver; debug builds of the book
//! allow that.
//!
//! **Promises.** The page is the program's own in the program's own window; only what Placet would say
//! to it is said here. What was not asked or does not come within [`SOON`] is a failure.
//!
//! **Never** take a picture of a frame that is not the page's last: [`Driven::frame`].

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "test support: a failure here is the test's failure"
)]

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use placet_stage::desktop::{Program, Session, Window};
use serde_json::{Value, json};
use x11rb::protocol::xproto::{ConnectionExt as _, ImageFormat};

/// The title of its window.
pub const TITLE: &str = "Placet: the book";
/// Longer than anything takes on a busy machine.
const SOON: Duration = Duration::from_secs(20);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(20);
/// A colour that no page has, as the display has it (blue, green, red).
const MARK: [u8; 3] = [0xfe, 0x01, 0xfd];

/// The driven book.
#[derive(Debug)]
pub struct Driven {
    at: String,
    client: reqwest::Client,
    runtime: tokio::runtime::Runtime,
    said: PathBuf,
    // Its input stays open until the end.
    to: File,
    _driver: Program,
}

/// `placet-desktop`, wherever this program stands.
fn desktop() -> PathBuf {
    let beside = std::env::current_exe().unwrap();
    let named = std::env::var_os("PLACET_BIN_DIR").map(PathBuf::from);
    let places = named.iter().map(PathBuf::as_path).chain(beside.ancestors().skip(1).take(2));
    let mut programs = places.map(|place| place.join("placet-desktop"));
    programs.find(|program| program.exists()).expect("placet-desktop is not built")
}

impl Driven {
    /// Opens it; it shows nothing yet.
    #[must_use]
    pub fn open(session: &Session) -> Self {
        Self::opened(session, "")
    }

    /// With these settings of the shell's in its environment.
    #[must_use]
    pub fn opened(session: &Session, set: &str) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let program = session.install(&desktop()).unwrap();
        let (fifo, said) =
            (session.folder().join("tmp/to-book"), session.folder().join("tmp/said"));
        assert!(session.command("mkfifo").unwrap().arg(&fifo).status().unwrap().success());
        let wrapper = format!(
            "#!/bin/sh\n{set} exec {} --book <{} >{}\n",
            program.display(),
            fifo.display(),
            said.display()
        );
        let wrapper = session.write_home("book.sh", wrapper.as_bytes()).unwrap();
        let mut chmod = session.command("chmod").unwrap();
        assert!(chmod.arg("+x").arg(&wrapper).status().unwrap().success());
        let mut driver = session.command("WebKitWebDriver").unwrap();
        driver.arg(format!("--port={port}")).env("TAURI_WEBVIEW_AUTOMATION", "true");
        let driver = session.spawn("driver", driver).unwrap();
        // Readable and writable at once: opening does not wait for the other side.
        let to = File::options().read(true).write(true).open(&fifo).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut driven = Self {
            at: format!("http://127.0.0.1:{port}"),
            client: reqwest::Client::new(),
            runtime,
            said,
            to,
            _driver: driver,
        };
        let options = json!({"binary": wrapper, "args": []});
        let wanted =
            json!({"capabilities": {"alwaysMatch": {"webkitgtk:browserOptions": options}}});
        let session = driven.call("/session", &wanted);
        driven.at = format!("{}/session/{}", driven.at, session["sessionId"].as_str().unwrap());
        driven
    }

    /// A command of the WebDriver protocol.
    pub fn call(&self, path: &str, body: &Value) -> Value {
        let begun = Instant::now();
        let answer = loop {
            let sent = self.runtime.block_on(async {
                let sent = self.client.post(format!("{}{path}", self.at)).body(body.to_string());
                sent.send().await?.text().await
            });
            match sent {
                Ok(answer) => break answer,
                // The driver takes a moment to listen.
                Err(error) => assert!(begun.elapsed() < SOON, "{error}"),
            }
            std::thread::sleep(PAUSE);
        };
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert!(answer["value"].get("error").is_none(), "{path}: {answer}");
        answer["value"].clone()
    }

    /// Runs a script with the page's rights; it calls `done` with its answer.
    pub fn script(&self, script: &str) -> Value {
        let script = format!("const done = arguments[arguments.length - 1]; {script}");
        self.call("/execute/async", &json!({"script": script, "args": []}))
    }

    /// Shows what waits.
    pub fn show(&mut self, waiting: &Value) {
        self.state(&json!({"waiting": waiting, "paused_until": null, "trouble": null}));
    }

    /// Shows a state.
    pub fn state(&mut self, state: &Value) {
        self.tell(&json!({"show": {"version": "1.2.3", "state": state, "places": []}}));
    }

    /// Says a line, as Placet does; what is to be shown gets the program's own words for its state
    /// (`State::said`).
    pub fn tell(&mut self, line: &Value) {
        let mut line = line.clone();
        if let Some(shown) = line.get_mut("show").filter(|shown| shown.get("said").is_none()) {
            let waiting = shown["state"]["waiting"].as_array().map_or(0, Vec::len);
            let said = match (shown["state"]["paused_until"].as_str(), waiting) {
                (Some(until), _) => format!("Paused until {until}: every answer is no"),
                (None, 0) => "Ready".to_owned(),
                (None, 1) => "1 request is waiting".to_owned(),
                (None, many) => format!("{many} requests are waiting"),
            };
            shown["said"] = said.into();
        }
        writeln!(self.to, "{line}").unwrap();
    }

    /// What the book said to Placet so far.
    #[must_use]
    pub fn said(&self) -> String {
        std::fs::read_to_string(&self.said).unwrap()
    }

    /// Turns to a page.
    pub fn turn_to(&self, page: &str) {
        self.script(&format!("document.querySelector('[data-page={page}]').click(); done(1)"));
    }

    /// The window, once the screen shows the page as it is now: a mark in its corner comes and goes
    /// on the screen, and frames come in order.
    pub fn frame(&self, session: &Session) -> Window {
        let screen = session.screen();
        // Also in the language that nobody speaks.
        let ours = |title: &str| title == TITLE || title.starts_with("[!! ");
        let window = screen.await_window(SOON, |window| ours(&window.title)).unwrap();
        let pixel = || -> [u8; 3] {
            let place = (i16::try_from(window.x).unwrap(), i16::try_from(window.y).unwrap());
            let format = ImageFormat::Z_PIXMAP;
            let (x, y, all) = (place.0 + 2, place.1 + 2, u32::MAX);
            let image = screen.connection().get_image(format, screen.root(), x, y, 1, 1, all);
            image.unwrap().reply().unwrap().data[..3].try_into().unwrap()
        };
        let [blue, green, red] = MARK;
        let there = format!(
            "const mark = document.createElement('div'); mark.id = 'frame-mark';
             mark.style.cssText = 'position: fixed; inset: 0 auto auto 0; width: 8px; height: 8px; background: rgb({red}, {green}, {blue})';
             document.documentElement.append(mark); done(1)"
        );
        for (script, wanted) in [
            (there.as_str(), true),
            ("document.getElementById('frame-mark').remove(); done(1)", false),
        ] {
            self.script(script);
            let begun = Instant::now();
            while (pixel() == MARK) != wanted {
                assert!(begun.elapsed() < SOON, "the frame does not come; mark: {wanted}");
                std::thread::sleep(PAUSE);
            }
        }
        window
    }
}

/// Answers the book's next question with `answer`, which Placet would have looked up.
pub fn answered(book: &mut Driven, number: u64, asked: &Value, answer: &Value) {
    let line = format!("{}\n", json!({"ask": [number, asked]}));
    let begun = Instant::now();
    while !book.said().ends_with(&line) {
        assert!(begun.elapsed() < SOON, "{} was not asked: {}", line, book.said());
        std::thread::sleep(PAUSE);
    }
    book.tell(&json!({"answer": [number, answer]}));
}

/// Waits until the element has this text.
pub fn await_text(book: &Driven, of: &str, wanted: &str) {
    let begun = Instant::now();
    loop {
        let text = book.script(&format!("done(document.querySelector({of:?})?.textContent ?? '')"));
        if text.as_str().unwrap().contains(wanted) {
            return;
        }
        assert!(begun.elapsed() < SOON, "{of}: {text}");
        std::thread::sleep(PAUSE);
    }
}

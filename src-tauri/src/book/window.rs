//! The book's own process: one window, and the three [`commands`].
//!
//! **Promises.** The page comes from inside the program and can load nothing else: strict content
//! security policy, no navigation, no new window, nothing kept on disk.
//!
//! **Never** give the window a command of the core or of a plugin.

use std::io::BufRead;
use std::process::ExitCode;

use placet_texts::text;
use tauri::{AppHandle, Manager, WebviewUrl, WebviewWindowBuilder};
use tokio::sync::watch;

use super::commands::{self, Asked, Numbered, Pages};
use super::{FromBook, ToBook};

/// The window's name, as `capabilities/book.json` knows it.
const LABEL: &str = "book";
/// Of the window, with ordinary text.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 640.0;

/// Runs the book until its window is closed or its input ends.
#[must_use]
pub fn run() -> ExitCode {
    let (sender, pages) = watch::channel(Numbered::default());
    let asked = Asked::default();
    let built = tauri::Builder::default()
        .manage(Pages(pages))
        .manage(asked.clone())
        .invoke_handler(tauri::generate_handler![commands::book, commands::look, commands::ask])
        .setup(move |app| {
            open(app.handle())?;
            let app = app.handle().clone();
            std::thread::spawn(move || hear(&app, &sender, &asked));
            Ok(())
        })
        .build(crate::context());
    match built {
        Ok(app) => {
            app.run(|_, _| {});
            ExitCode::SUCCESS
        }
        Err(error) => {
            tracing::error!(%error, "the book cannot open its window");
            ExitCode::FAILURE
        }
    }
}

fn open(app: &AppHandle) -> tauri::Result<()> {
    WebviewWindowBuilder::new(app, LABEL, WebviewUrl::App("index.html".into()))
        .title(text!("book-title"))
        .initialization_script(texts())
        .inner_size(WIDTH * text_scale(), HEIGHT * text_scale())
        .min_inner_size(320.0, 240.0)
        // What a test drives keeps its files in the test's own home; nothing else can be driven.
        .incognito(!driven())
        .zoom_hotkeys_enabled(true)
        .on_navigation(|url| url.scheme() == "tauri")
        .on_new_window(|_, _| tauri::webview::NewWindowResponse::Deny)
        .on_download(|_, _| false)
        .build()
        .map(|_| ())
}

/// How large the desktop's text is; the page follows it by itself. A window of one size would hold
/// half as much of a line at twice the text. One larger than the screen is made to fit by the window
/// manager.
fn text_scale() -> f64 {
    let dots = gtk::gdk::Screen::default().map_or(96.0, |screen| screen.resolution());
    (dots / 96.0).clamp(1.0, 2.5)
}

/// What the page says in words (`ui/text.js`): ours alone, as JSON, which is an expression of a script.
fn texts() -> String {
    let texts = serde_json::to_string(&placet_texts::book()).unwrap_or_default();
    format!("globalThis.PLACET_TEXTS = Object.freeze({texts});")
}

/// True for the book of a debug build that a test drives: WebKit has no automation in a private
/// context. In a release build the variable does not come through [`crate::environment`].
fn driven() -> bool {
    cfg!(debug_assertions) && std::env::var_os("TAURI_WEBVIEW_AUTOMATION").is_some()
}

/// Follows what Placet says; its end is the book's end.
fn hear(app: &AppHandle, pages: &watch::Sender<Numbered>, asked: &Asked) {
    for line in std::io::stdin().lock().lines() {
        let Ok(said) =
            line.map_err(drop).and_then(|line| serde_json::from_str(&line).map_err(drop))
        else {
            break;
        };
        match said {
            ToBook::Show(page) => pages.send_modify(|now| {
                *now = Numbered { number: now.number.saturating_add(1), page: Some(page) };
            }),
            ToBook::Answer(number, answer) => asked.answer(number, answer),
            ToBook::Raise => {
                if let Some(window) = app.get_webview_window(LABEL) {
                    // The person asked for it in the menu; a window manager may still say no.
                    let _ = window.unminimize();
                    let _ = window.set_focus();
                    // Answered by the window's own thread: by one that is closing it is not.
                    if window.is_visible().is_ok() {
                        // A Placet that is gone ends the book by itself.
                        let _ = super::say(&FromBook::Raised);
                    }
                }
            }
        }
    }
    app.exit(0);
}

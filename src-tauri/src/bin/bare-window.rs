//! A Tauri window with one line in it and nothing else: what opening the book is measured beside.
//!
//! **Never** part of a package.

#![expect(clippy::exit, reason = "what the macro makes ends a program that cannot start at all")]

use std::process::ExitCode;

use tauri::http::Response;
use tauri::{WebviewUrl, WebviewWindowBuilder};

/// The whole page.
const PAGE: &[u8] = b"<!doctype html><title>Bare</title><h1>A bare window with a line of text</h1>";

fn main() -> ExitCode {
    let Ok(address) = "bare://localhost/".parse() else { return ExitCode::FAILURE };
    let built = tauri::Builder::default()
        .register_uri_scheme_protocol("bare", |_, _| Response::new(PAGE.to_vec()))
        .setup(|app| {
            WebviewWindowBuilder::new(app, "bare", WebviewUrl::CustomProtocol(address))
                .title("Bare")
                .inner_size(720.0, 640.0)
                .incognito(true)
                .build()?;
            Ok(())
        })
        .build(tauri::generate_context!());
    match built {
        Ok(app) => {
            app.run(|_, _| {});
            ExitCode::SUCCESS
        }
        Err(_) => ExitCode::FAILURE,
    }
}

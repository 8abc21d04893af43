//! What stays in this process's memory of a code after it was sent (M1). Linux: reads
//! `/proc/self/mem`.
//!
//! The server is another process (this file's own program, started again), because a server in
//! this one would hold what it received.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod canned;

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::process::{Child, Command, Stdio};

use canned::{challenge, json, metadata, options, question};
use placet_core::form::{Filled, Values};
use placet_core::ports::{Servers as _, Step};
use placet_core::secret::Secret;
use placet_fipa::{Client, ClientOptions};

const OTP: &str = r#"{"otp":{"type":"string"}}"#;
const LENGTH: usize = 24;

/// A random text of which only a masked copy is kept.
struct Masked([u8; LENGTH], u8);

impl Masked {
    fn new() -> (Self, Secret) {
        let mut bytes = [0; LENGTH];
        File::open("/dev/urandom").expect("randomness").read_exact(&mut bytes).expect("bytes");
        let letters = bytes.map(|b| b'a' + b % 26);
        let mut text = String::with_capacity(LENGTH);
        letters.iter().for_each(|b| text.push(char::from(*b)));
        let masked = letters.map(|b| b ^ 0xa5);
        // The arrays above are on this stack, which the search does not leave out.
        let (mut bytes, mut letters) = (bytes, letters);
        zeroize::Zeroize::zeroize(&mut bytes);
        zeroize::Zeroize::zeroize(&mut letters);
        (Self(masked, 0xa5), Secret::new(text))
    }

    /// How often the text stands in what this process can write to.
    fn found(&self) -> usize {
        let maps = std::fs::read_to_string("/proc/self/maps").expect("the map");
        let mut memory = File::open("/proc/self/mem").expect("the memory");
        let mut hits = 0;
        let mut page = vec![0; 1 << 20];
        let own = page.as_ptr().addr();
        for line in maps.lines().filter(|line| line.contains(" rw-p ")) {
            let (from, to) = line.split_whitespace().next().unwrap().split_once('-').unwrap();
            let at = |hex| usize::from_str_radix(hex, 16).unwrap();
            let (mut from, to) = (at(from), at(to));
            while from < to {
                let most = page.len().min(to - from);
                memory.seek(SeekFrom::Start(from as u64)).unwrap();
                let Ok(n) = memory.read(&mut page[..most]) else { break };
                hits += page[..n]
                    .windows(LENGTH)
                    .enumerate()
                    .filter(|(i, _)| !(own..own + page.len()).contains(&(from + i)))
                    .filter(|(_, w)| w.iter().zip(&self.0).all(|(b, m)| b ^ self.1 == *m))
                    .count();
                if n < LENGTH || from + n >= to {
                    break;
                }
                from += n - (LENGTH - 1);
            }
        }
        page.fill(0);
        hits
    }
}

/// The server's process; ends with its standard input.
struct Elsewhere {
    child: Child,
    origin: String,
    /// PEM, or nothing for plain http.
    root: String,
    _output: Box<dyn std::io::BufRead + Send>,
}

impl Elsewhere {
    fn start(scheme: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "serve", "--ignored", "--nocapture"])
            .env("CANNED_SCHEME", scheme)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut output = BufReader::new(child.stdout.take().expect("its output"));
        let mut value = |name: &str| loop {
            let mut line = String::new();
            assert!(output.read_line(&mut line).expect("a line") > 0, "it says where it is");
            if let Some((_, value)) = line.trim_end().split_once(name) {
                return value.to_owned();
            }
        };
        let (origin, root) = (value("ORIGIN "), value("ROOT"));
        Self {
            child,
            origin,
            root: root.trim_start().replace('|', "\n"),
            _output: Box::new(output),
        }
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

#[tokio::test]
#[ignore = "the server's process of the tests below"]
async fn serve() {
    let say = |origin: &str, number: usize, _: &canned::Heard| match number {
        1 => metadata(origin),
        2 => challenge("as_1", OTP),
        _ => json(
            400,
            r#"{"error":"insufficient_authorization","elicitations":[{"message":"again","requestedSchema":{"type":"object","properties":{"otp":{"type":"string"}}}}]}"#,
        ),
    };
    let (canned, root) = if std::env::var("CANNED_SCHEME").as_deref() == Ok("https") {
        let made = canned::tls::made("localhost", |_| {});
        (canned::Canned::https(made.tls, say).await, made.root)
    } else {
        (canned::Canned::http(say).await, String::new())
    };
    println!("ORIGIN {}\nROOT {}", canned.origin, root.replace('\n', "|"));
    let _ = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await;
}

async fn sent_and_searched(scheme: &str) -> usize {
    let elsewhere = Elsewhere::start(scheme);
    let extra_roots =
        if elsewhere.root.is_empty() { vec![] } else { vec![elsewhere.root.clone().into_bytes()] };
    let client = Client::new(ClientOptions { extra_roots, ..options() });
    let server = canned::server_at(&elsewhere.origin);
    let first = question(client.begin(&server, &canned::asked_of(&elsewhere.origin), false).await);
    let (masked, secret) = Masked::new();
    assert!(masked.found() > 0, "the search finds what is there");
    let values = Values(vec![("otp".into(), Filled::Secret(secret))]);
    let again = client.answer(first.session, values).await;
    assert!(matches!(again, Step::Challenged(_)), "{again:?}");
    drop(again);
    drop(client);
    tokio::task::yield_now().await;
    masked.found()
}

#[tokio::test]
async fn m1_a_code_that_was_sent_is_nowhere_in_memory_any_more() {
    assert_eq!(sent_and_searched("http").await, 0, "over plain http");
    assert_eq!(sent_and_searched("https").await, 0, "over TLS");
}

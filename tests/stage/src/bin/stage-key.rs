//! `stage-key`: a security key to be played by hand or by a script, lying on a virtual card reader.
//!
//! With `--port` it lies on a reader that is there already; without, it starts a PC/SC daemon with
//! one reader of its own, and the first line says what `PCSCLITE_CSOCK_NAME` has to be for those who
//! are to find it. It takes commands on standard input, a line each, and says on standard output
//! what happens, an object of JSON a line. It ends with its standard input.
//!
//! For tests and the demo only: its keys live in memory. A PIN on its command line can be read by
//! everybody; one that is searched for is set by the command `pin`.

use std::io::Write as _;
use std::process::ExitCode;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Parser;
use placet_stage::key::card::lie_on_reader;
use placet_stage::key::reader::Reader;
use placet_stage::key::{Event, Lie, Settings, StageKey};
use placet_stage::softkey::Made;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};

/// A security key that is played.
///
/// Commands on standard input: touch | keep-touching | stop-touching | remove | insert | lie WORD |
/// honest | credential RP_ID USER | retries | pin WORD
#[derive(Debug, Parser)]
#[command(name = "stage-key", version)]
struct Args {
    /// The virtual reader's TCP port on loopback; without it, a reader is started
    #[arg(long)]
    port: Option<u16>,
    /// Its PIN; empty for none
    #[arg(long, default_value = "2580")]
    pin: String,
    /// It verifies the user itself
    #[arg(long)]
    built_in_uv: bool,
    /// It never waits for a touch
    #[arg(long)]
    no_touch: bool,
    /// Print the words of the lies and end
    #[arg(long)]
    list_lies: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "stage-key: {error}");
            ExitCode::from(2)
        }
    }
}

async fn run(args: Args) -> std::io::Result<()> {
    if args.list_lies {
        Lie::ALL.iter().try_for_each(|(word, _)| writeln!(std::io::stdout(), "{word}"))?;
        return Ok(());
    }
    let key = StageKey::new(Settings {
        pin: Some(args.pin).filter(|pin| !pin.is_empty()),
        built_in_uv: args.built_in_uv,
        touch: !args.no_touch,
        ..Settings::default()
    });
    let reader = match args.port {
        Some(_) => None,
        None => Some(Reader::start()?),
    };
    let port = args.port.or_else(|| Some(reader.as_ref()?.ports()[0]));
    let port = port.ok_or_else(|| std::io::Error::other("there is no reader"))?;
    say(&json!({
        "event": "ready",
        "port": port,
        "socket": reader.as_ref().map(Reader::socket),
    }))?;
    tokio::select! {
        ended = lie_on_reader(&key, port) => ended,
        ended = tell(&key) => ended,
        ended = obey(&key) => ended,
    }
}

/// What happens to the key.
async fn tell(key: &StageKey) -> std::io::Result<()> {
    let mut events = key.watch();
    let mut told = 0;
    loop {
        let news: Vec<_> = events.borrow_and_update().iter().skip(told).cloned().collect();
        told += news.len();
        for event in news {
            say(&match event {
                Event::Command(command) => json!({"event": "command", "command": command}),
                Event::Waiting(command) => json!({"event": "waiting", "command": command}),
                Event::Touched => json!({"event": "touched"}),
                Event::Status(status) => json!({"event": "status", "status": status}),
                Event::Cancelled => json!({"event": "cancelled"}),
            })?;
        }
        if events.changed().await.is_err() {
            return Ok(());
        }
    }
}

/// What it is told.
async fn obey(key: &StageKey) -> std::io::Result<()> {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let words: Vec<_> = line.split_whitespace().collect();
        match words[..] {
            [] => continue,
            ["touch"] => key.touch(),
            ["keep-touching"] => key.keep_touching(true),
            ["stop-touching"] => key.keep_touching(false),
            ["remove"] => key.remove(),
            ["insert"] => key.insert(),
            ["honest"] => key.lie(None),
            ["pin", word] => key.set_pin(word),
            ["retries"] => {
                say(&json!({"event": "retries", "retries": key.retries()}))?;
                continue;
            }
            ["lie", word] => match Lie::named(word) {
                Some(lie) => key.lie(Some(lie)),
                None => {
                    say(&json!({"event": "error", "what": "no such lie"}))?;
                    continue;
                }
            },
            ["credential", rp_id, user] => {
                let made = key.credential(rp_id, user.as_bytes());
                let attested = Made::unattested(rp_id, &made.id, &made.public_key);
                say(&json!({
                    "event": "credential",
                    "id": URL_SAFE_NO_PAD.encode(&made.id),
                    "public_key": URL_SAFE_NO_PAD.encode(&made.public_key),
                    "attestation_object": URL_SAFE_NO_PAD.encode(attested.attestation_object),
                    "rp_id": made.rp_id,
                    "user_handle": URL_SAFE_NO_PAD.encode(&made.user_handle),
                }))?;
                continue;
            }
            _ => {
                say(&json!({"event": "error", "what": "no such command"}))?;
                continue;
            }
        }
        say(&json!({"event": "done", "command": words.first()}))?;
    }
    Ok(())
}

fn say(what: &Value) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{what}")?;
    out.flush()
}

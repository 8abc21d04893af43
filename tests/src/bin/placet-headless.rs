//! A daemon without a window, as a program that a test may kill.
//!
//! `placet-headless RUNTIME STATE` prints `ready` when its socket takes connections. Its person
//! approves everything, with the right code and a key in software. Lines on standard input tell it more:
//! `code ABCD-EFGH` is what an agent's terminal printed, `suspicious`, `pause` and `mute` put such an entry
//! on record, `rest` makes its person look at the next screens and do nothing (`asked` is printed for
//! each), `stop` or the end of the input stops it in good order.
//!
//! `placet-headless knock SOCKET` only connects, says hello, and prints how much it hears.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "test support: a failure here is the test's failure"
)]

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use placet_agentd::daemon::{Daemon, Options};
use placet_core::display::Step;
use placet_core::ports::{Seat, Station, Surroundings};
use placet_core::request::Timestamp;
use placet_core::settings::{Change, Setting};
use placet_tests::headless::person::{self, Hands, Told};
use placet_tests::headless::server::{OTP, Scripted};
use placet_tests::passkey::Played;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::sync::watch;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args[0] == "knock" {
        return knock(PathBuf::from(&args[1])).await;
    }
    let options = Options {
        runtime_dir: PathBuf::from(&args[0]),
        state_dir: PathBuf::from(&args[1]),
        socket: None,
        surroundings: Surroundings {
            hardened: false,
            observable: true,
            seat: Seat::Unknown,
            sees_cover: true,
        },
        station: Station::default(),
        version: "0.0.0-test".to_owned(),
        allow_http_loopback: true,
    };
    let (window, hands) = person::window();
    let key = Played::default();
    key.key(|key| key.make("passkeys.example")).unwrap();
    let daemon = Daemon::start_with(options, window, Scripted, key).await.unwrap();
    println!("ready");
    let (code_in, code) = watch::channel(None);
    let rests = Arc::new(AtomicBool::new(false));
    tokio::spawn(approve_everything(hands, code, Arc::clone(&rests)));
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        match line.split_once(' ').unwrap_or((&line, "")) {
            ("code", printed) => drop(code_in.send_replace(Some(printed.to_owned()))),
            ("rest", _) => rests.store(true, Ordering::SeqCst),
            ("suspicious", _) => drop(daemon.switches().suspicious("test", "told so").await),
            ("pause", _) => drop(daemon.switches().pause(Timestamp(0)).await),
            ("set", _) => {
                let change = Change::Set(Setting::Quiet(None));
                let _ = daemon.switches().change(change).await;
            }
            ("mute", _) => drop(daemon.switches().mute("nobody", Timestamp(0)).await),
            _ => break,
        }
        println!("done");
    }
    daemon.stop().await;
}

async fn approve_everything(
    mut hands: Hands,
    mut code: watch::Receiver<Option<String>>,
    rests: Arc<AtomicBool>,
) {
    loop {
        let Told::Asked(shown) = hands.told().await else { continue };
        if rests.load(Ordering::SeqCst) {
            println!("asked");
            continue;
        }
        match shown.screen.step {
            Step::Pair => {
                let printed = code.wait_for(Option::is_some).await.unwrap().clone().unwrap();
                shown.approve(&[&printed]);
            }
            Step::Challenge => shown.approve(&[OTP]),
            Step::Review | Step::Server | Step::Passkey | Step::Change => shown.approve(&[]),
            // The key has no PIN; what is only to be read is left.
            Step::Authenticator | Step::Pin | Step::Refused => shown.dismiss(),
        }
    }
}

async fn knock(socket: PathBuf) {
    let mut agent = placet_tests::headless::agent::Agent::connect(&socket).await.unwrap();
    agent.call("placet/hello", serde_json::json!({ "versions": ["0"] })).await;
    agent.hear().await;
    println!("heard {} bytes", agent.bytes.len());
}

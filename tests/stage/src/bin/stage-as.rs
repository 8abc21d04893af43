//! `stage-as`: the stage's authorization server as a process of its own.
//!
//! Prints one line of JSON when it serves (issuer, control address, the account's `otpauth:` URI),
//! then serves until its standard input closes, or on SIGTERM or SIGINT. For tests and the demo
//! only: it serves loopback, prints a secret, and its journal keeps more.

use std::io::{Read as _, Write as _};
use std::process::ExitCode;

use clap::Parser;
use placet_stage::server::{Config, Scenario, Stage, Started, UnknownScenario};
use tokio::signal::unix::{SignalKind, signal};

/// A small authorization server for tests and the demo.
#[derive(Debug, Parser)]
#[command(name = "stage-as", version)]
struct Args {
    /// TCP port on loopback; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Path of the issuer, one segment
    #[arg(long)]
    issuer_path: Option<String>,
    /// How to behave; see --list-scenarios
    #[arg(long, default_value = "selection", value_parser = named)]
    scenario: Scenario,
    /// Digits of a one-time code, 6 to 8
    #[arg(long, default_value_t = 6)]
    otp_digits: u8,
    /// Serve https with a certificate of its own making; the start line holds it as ca_pem
    #[arg(long)]
    tls_self_signed: bool,
    /// A name that may come as login_hint; may be repeated
    #[arg(long = "account", default_value = "sam@example.com")]
    accounts: Vec<String>,
    /// A client that may ask; may be repeated
    #[arg(long = "client", default_value = "placet")]
    clients: Vec<String>,
    /// A known type of authorization_details, beside the usual ones; may be repeated
    #[arg(long = "details-type")]
    details_types: Vec<String>,
    /// Only the line of JSON: nothing for people on standard error
    #[arg(long)]
    print_json: bool,
    /// Serve on when standard input closes
    #[arg(long)]
    ignore_stdin: bool,
    /// Print the scenarios and end
    #[arg(long)]
    list_scenarios: bool,
}

fn named(name: &str) -> Result<Scenario, UnknownScenario> {
    name.parse()
}

fn main() -> ExitCode {
    match run(Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            let _ = writeln!(std::io::stderr(), "stage-as: {e}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main(worker_threads = 2)]
async fn run(args: Args) -> Result<(), Box<dyn std::error::Error>> {
    if args.list_scenarios {
        return Ok(list(args.print_json)?);
    }
    let mut config = Config {
        port: args.port,
        issuer_path: args.issuer_path,
        scenario: args.scenario,
        otp_digits: args.otp_digits,
        tls_self_signed: args.tls_self_signed,
        accounts: args.accounts,
        clients: args.clients,
        ..Config::default()
    };
    config.details_types.extend(args.details_types);
    // Before the start line: whoever reads it may send a signal at once.
    let mut terminated = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut stage = Stage::start(config).await?;
    announce(stage.started(), args.scenario, args.print_json)?;
    tokio::select! {
        _ = terminated.recv() => {}
        _ = interrupted.recv() => {}
        () = input_closed(), if !args.ignore_stdin => {}
        () = stage.ended() => return Err("the server ended by itself".into()),
    }
    drop(stage);
    Ok(())
}

fn announce(started: &Started, scenario: Scenario, only_json: bool) -> std::io::Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "{}", serde_json::to_string(started)?)?;
    out.flush()?;
    if !only_json {
        let text = format!(
            "Serving {} as {scenario}: {}\nAccount {}; set up an authenticator app with\n  {}\n",
            started.issuer,
            scenario.sentence(),
            started.account,
            started.otpauth
        );
        std::io::stderr().write_all(text.as_bytes())?;
    }
    Ok(())
}

fn list(json: bool) -> std::io::Result<()> {
    let mut out = std::io::stdout();
    for s in Scenario::ALL {
        if json {
            let row = serde_json::json!({"scenario": s.name(), "fixture": s.fixture(), "does": s.sentence()});
            writeln!(out, "{row}")?;
        } else {
            writeln!(out, "{:<26} {:>3}  {}", s.name(), s.fixture(), s.sentence())?;
        }
    }
    Ok(())
}

/// Waits for the end of standard input. The reading thread is nobody's to wait for: tokio's own
/// would keep the program alive until the next byte comes.
async fn input_closed() {
    let (ended, closed) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let mut buffer = [0_u8; 256];
        let mut input = std::io::stdin().lock();
        while matches!(input.read(&mut buffer), Ok(n) if n > 0) {}
        // Nobody listens any more when a signal came first.
        let _ = ended.send(());
    });
    let _ = closed.await;
}

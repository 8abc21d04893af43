//! The demo without a display: a private desktop, a scripted person, a picture of every step.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use placet_stage::desktop::{Notifications, Program, Session, TrayItem};
use placet_stage::search::prove;
use placet_stage::server;

use super::cast::{self, Agent};
use super::scenes;
use super::summary::{Scenario, Summary};
use super::{Outcome, Places};
use crate::hands::Hands;
use crate::headless::receipts;
use crate::key::Key;

/// How long the app may take to be in the tray.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// Everything on the stage.
pub(super) struct Stage<'s> {
    /// The private desktop.
    pub(super) session: &'s Session,
    /// The person.
    pub(super) hands: Hands<'s>,
    /// The authorization server.
    pub(super) server: server::Process,
    /// The person's security key, on a reader of its own.
    pub(super) key: Key,
    /// The sample agent.
    pub(super) agent: Agent,
    /// Its process.
    pub(super) agent_program: Program,
    /// The app.
    pub(super) desktop: Program,
    /// Where pictures go.
    pub(super) out: PathBuf,
    /// Where the programs are.
    pub(super) programs: PathBuf,
    shots: usize,
}

/// Plays all scenes; true if all passed.
///
/// # Errors
/// If the stage itself cannot be set.
pub(super) fn run(places: &Places) -> Outcome<bool> {
    println!("demo: a private desktop, a scripted person; pictures go to {}", places.out.display());
    let session = Session::builder().panel(true).notifications(Notifications::Xfce).start()?;
    let mut summary = Summary::default();
    let proofs = prove(session.as_user(), Some(&|| session.open_screen()))?;
    let found = proofs.iter().filter(|proof| proof.found && proof.clean_before).count();
    println!("the search finds {found} of {} planted copies", proofs.len());
    summary.search_proof = (found, proofs.len());
    std::fs::write(places.out.join("search-proof.json"), serde_json::to_string_pretty(&proofs)?)?;

    let mut stage = set(&session, places)?;
    for (name, scene) in scenes::ALL {
        let began = Instant::now();
        let scenario = Scenario { name: (*name).to_owned(), ..Scenario::default() };
        let mut scenario = scene(&mut stage, scenario.clone()).unwrap_or_else(|fault| {
            // What the screen looked like when it went wrong is the first thing to look at.
            let shot = stage.picture(&format!("{name}-fault")).unwrap_or_default();
            Scenario { faults: vec![fault.to_string()], screenshots: vec![shot], ..scenario }
        });
        scenario.passed = scenario.faults.is_empty();
        scenario.seconds = began.elapsed().as_secs_f64();
        summary.add(scenario);
    }
    if summary.failed > 0 {
        eprintln!("what the app said:\n{}", stage.desktop.log());
    }
    summary.write(&places.out)
}

fn set<'s>(session: &'s Session, places: &Places) -> Outcome<Stage<'s>> {
    let server = cast::server(&places.programs)?;
    // Before the app, which is told where its reader is.
    let key = Key::on_a_reader(session, &places.programs.join("stage-key"))?;
    let mut app = session.command(places.programs.join("placet-desktop"))?;
    key.shown_to(&mut app);
    app.args(["--hidden", "--danger-allow-http-loopback"]);
    let desktop = session.spawn("placet-desktop", app)?;
    TrayItem::find(session.bus(), "placet", READY_WITHIN)
        .map_err(|fault| format!("{fault}\nwhat the app said:\n{}", desktop.log()))?;

    let mut sample = session.command(places.programs.join("sample-agent"))?;
    sample.arg(session.run_dir().join("placet/agent.sock")).arg(cast::heard(&session.home()));
    sample.stdin(Stdio::piped());
    let mut agent_program = session.spawn_piped("sample-agent", sample)?;
    let pipes = agent_program.stdin().zip(agent_program.stdout());
    let (stdin, stdout) = pipes.ok_or("the agent has no pipes")?;
    Ok(Stage {
        session,
        hands: Hands::new(session)?,
        server,
        key,
        agent: Agent::new(stdin, stdout),
        agent_program,
        desktop,
        out: places.out.clone(),
        programs: places.programs.clone(),
        shots: 0,
    })
}

impl Stage<'_> {
    /// Takes a picture of the whole screen; gives back the file's name.
    ///
    /// # Errors
    /// If it cannot be taken.
    pub(super) fn picture(&mut self, name: &str) -> Outcome<String> {
        self.shots += 1;
        let file = format!("{:02}-{name}.png", self.shots);
        self.session.screenshot(&self.out.join(&file))?;
        Ok(file)
    }

    /// Starts a `placet` command whose output is a pipe.
    ///
    /// # Errors
    /// If it does not start.
    pub(super) fn placet(&self, words: &[&str]) -> Outcome<Program> {
        let mut command = self.session.command(self.programs.join("placet"))?;
        command.arg("--json").args(words).stdin(Stdio::null());
        Ok(self.session.spawn_piped("placet", command)?)
    }

    /// Waits for a `placet` command: what it printed, as JSON, and its exit status.
    ///
    /// # Errors
    /// If it does not end or prints something else.
    pub(super) fn printed(program: &mut Program) -> Outcome<(serde_json::Value, i32)> {
        let mut text = String::new();
        program.stdout().ok_or("no pipe")?.read_to_string(&mut text)?;
        let status = program.wait(Duration::from_secs(30))?;
        let value = serde_json::from_str(&text)
            .map_err(|error| format!("{error} in {text:?}; it said {}", program.log()))?;
        Ok((value, status.code().unwrap_or(-1)))
    }

    /// The app's record.
    #[must_use]
    pub(super) fn record(&self) -> PathBuf {
        self.session.home().join(".local/state/placet")
    }

    /// `display_hash` of the end whose receipt has this digest.
    #[must_use]
    pub(super) fn shown(&self, receipt: &str) -> Option<String> {
        let file = find(&self.record(), "db").or_else(|| find(&self.record(), "sqlite"))?;
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
        let database = rusqlite::Connection::open_with_flags(file, flags).ok()?;
        let mut ends = database.prepare("SELECT body FROM record WHERE event = 'ended'").ok()?;
        let mut ends = ends.query([]).ok()?;
        while let Some(row) = ends.next().ok()? {
            let body: serde_json::Value =
                serde_json::from_str(&row.get::<_, String>(0).ok()?).ok()?;
            let token = body.get("receipt").and_then(serde_json::Value::as_str).unwrap_or_default();
            if receipts::digest(token) == receipt {
                return body.get("display_hash")?.as_str().map(str::to_owned);
            }
        }
        None
    }
}

fn find(folder: &Path, ending: &str) -> Option<PathBuf> {
    let mut files = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
    files.find(|path| path.extension().is_some_and(|e| e == ending))
}

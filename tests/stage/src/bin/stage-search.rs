//! Looks for a secret in every place and form that [`placet_stage::search`] knows, from a shell.
//!
//! The secret is read from standard input (one line), never from the command line or the
//! environment, where it would be found. Exit status: 0 when it is nowhere, 1 when it was found or
//! a canary of `--prove` was not, 2 when the search itself failed.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use placet_stage::desktop::{Fault, Result, Screen, user::unprivileged};
use placet_stage::search::{Needle, Report, Search, prove};
use zeroize::Zeroizing;

/// Looks for a secret (one line on standard input) where an agent could read it.
#[derive(Parser)]
struct Arguments {
    /// Files of recorded bytes: what an agent received
    #[arg(long)]
    stream: Vec<PathBuf>,
    /// Folders (or single files) to look in, links not followed
    #[arg(long)]
    folder: Vec<PathBuf>,
    /// Look in environments, command lines and names of all processes, as far as this user can
    #[arg(long, value_name = "UID")]
    user: Option<u32>,
    /// Look in the memory of these processes
    #[arg(long, value_name = "PID")]
    memory: Vec<u32>,
    /// Look in the memory of every process that this user may read
    #[arg(long, value_name = "UID")]
    memory_of_user: Option<u32>,
    /// Leave out the memory of a process where the secret rightly is: PID=WHY
    #[arg(long, value_name = "PID=WHY")]
    exclude: Vec<String>,
    /// Look in the selections and window properties of the display
    #[arg(long)]
    display: bool,
    /// First plant canaries in every place and form, and check that they are found
    #[arg(long)]
    prove: bool,
    /// Write the report as JSON
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(fault) => {
            let _ = writeln!(std::io::stderr(), "stage-search: {fault}");
            ExitCode::from(2)
        }
    }
}

/// True when the secret is nowhere, and every canary was found.
fn run(arguments: &Arguments) -> Result<bool> {
    let mut output = std::io::stdout().lock();
    let written = |error| Fault::new("writing the report", error);
    let mut sound = true;
    if arguments.prove {
        let screen: Option<&dyn Fn() -> Result<Screen>> =
            if arguments.display { Some(&Screen::from_environment) } else { None };
        for proof in prove(&unprivileged()?, screen)? {
            sound &= proof.found && proof.clean_before;
            let (said, form) = (if proof.found { "found" } else { "MISSED" }, proof.form);
            writeln!(output, "canary {said}: {} {form:?}", proof.place).map_err(written)?;
        }
    }
    let mut line = Zeroizing::new(String::new());
    std::io::stdin()
        .read_line(&mut line)
        .map_err(|error| Fault::new("reading the secret", error))?;
    let secret = line.trim_end_matches(['\r', '\n']);
    if secret.is_empty() && arguments.prove {
        return Ok(sound);
    }
    let needle = Needle::new(secret.as_bytes())
        .ok_or_else(|| Fault::new("reading the secret", "it has fewer than six bytes"))?;
    let report = search(arguments, &needle)?;
    if arguments.json {
        let json = serde_json::to_string_pretty(&report);
        let json = json.map_err(|error| Fault::new("writing the report", error))?;
        writeln!(output, "{json}").map_err(written)?;
    } else {
        write!(output, "{report}").map_err(written)?;
    }
    Ok(sound && report.hits.is_empty())
}

fn search(arguments: &Arguments, needle: &Needle) -> Result<Report> {
    let mut search = Search::new(needle);
    for exclusion in &arguments.exclude {
        let (pid, why) = exclusion.split_once('=').unwrap_or((exclusion, "no reason given"));
        let pid = pid.parse().map_err(|error| Fault::new(format!("reading {exclusion}"), error))?;
        search.exclude(pid, why);
    }
    for path in &arguments.stream {
        let bytes = std::fs::read(path)
            .map_err(|error| Fault::new(format!("reading {}", path.display()), error))?;
        search.stream(&path.display().to_string(), &bytes);
    }
    for path in &arguments.folder {
        search.folder(path);
    }
    if let Some(uid) = arguments.user {
        search.processes(uid);
    }
    for pid in &arguments.memory {
        search.memory(*pid, "named");
    }
    if let Some(uid) = arguments.memory_of_user {
        search.memory_of_user(uid);
    }
    if arguments.display {
        search.display(&Screen::from_environment()?)?;
    }
    Ok(search.report())
}

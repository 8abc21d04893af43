//! The demo with a display: the person does it, the terminal tells them what to type.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use super::cast::{self, Agent};
use super::{Outcome, Places};

/// Plays the main scene with a real person; true if the agent reached the resource.
///
/// # Errors
/// If something does not start.
pub(super) fn run(places: &Places) -> Outcome<bool> {
    let folder = tempfile::tempdir()?;
    let server = cast::server(&places.programs)?;
    let started = server.started().clone();
    println!("A test authorization server runs at {}.", started.issuer);
    let mut desktop = Ending(dressed(places, folder.path(), "placet-desktop", |command| {
        command.args(["--hidden", "--danger-allow-http-loopback"]);
    })?);
    let socket = folder.path().join("placet/agent.sock");
    wait_for(&socket, &mut desktop.0)?;

    println!(
        "\n1. Placet asks whether to look at that server, then whether to trust it. Hold the button, \
         or go to it with Tab and press Ctrl+Enter."
    );
    let status = dressed(places, folder.path(), "placet", |command| {
        command.args(["--quiet", "as", "add", &started.issuer, "--client-id", &started.client_id]);
        command.args(["--account", &started.account, "--name", "Example server"]);
        command.arg("--danger-allow-http-loopback");
    })?
    .wait()?;
    if !status.success() {
        println!("The server is not trusted, so the demo ends here.");
        return Ok(false);
    }

    let heard = cast::heard(folder.path());
    let mut sample = Ending(dressed(places, folder.path(), "sample-agent", |command| {
        command.arg(&socket).arg(&heard).stdin(Stdio::piped()).stdout(Stdio::piped());
    })?);
    let pipes = sample.0.stdin.take().zip(sample.0.stdout.take());
    let (stdin, stdout) = pipes.ok_or("the agent has no pipes")?;
    let mut agent = Agent::new(stdin, stdout);
    agent.tell(&json!({"do": "pair", "name": "demo-agent"}))?;
    let code = agent.hear("code")?;
    println!(
        "\n2. An agent wants a name. Type its code into Placet: {}",
        code["code"].as_str().unwrap_or("")
    );
    if agent.hear("paired")?["paired"] != true {
        println!("The agent is not paired, so the demo ends here.");
        return Ok(false);
    }
    agent.hear("done")?;

    agent.tell(&cast::deletion(&started))?;
    let binding = agent.hear("binding_code")?;
    println!(
        "\n3. The agent asks to delete a user. Its question has the code {}.",
        binding["binding_code"].as_str().unwrap_or("")
    );
    println!(
        "   Approve, choose the authenticator app, and type this code (your phone would show it): {}",
        server.code()?.code
    );
    println!("   A code lives for 30 seconds; if it is not accepted, wait: a new one is printed.");
    let answer = listen(&server, agent)?;
    let outcome = answer["outcome"]["outcome"].as_str().unwrap_or("").to_owned();
    println!(
        "\nThe agent heard: {outcome}. It redeemed its code: {}. The resource answered: {}.",
        answer["redeemed"], answer["resource_status"]
    );
    let kept = places.out.join("agent-heard.bin");
    std::fs::copy(&heard, &kept)?;
    println!("All that it ever received is in {}.", kept.display());
    Ok(answer["resource_status"] == 200)
}

/// Prints a fresh code every half minute until the agent has its outcome.
fn listen(server: &placet_stage::server::Process, mut agent: Agent) -> Outcome<serde_json::Value> {
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let answer = agent.hear("outcome").map_err(|fault| fault.to_string());
            let _ = tell.send(answer);
        });
        loop {
            match told.recv_timeout(Duration::from_secs(30)) {
                Ok(answer) => return Ok(answer?),
                Err(_) => println!("   A new code: {}", server.code()?.code),
            }
        }
    })
}

/// A program in the person's session, with Placet's socket and record in a folder of the demo.
fn dressed(
    places: &Places,
    folder: &Path,
    program: &str,
    more: impl FnOnce(&mut Command),
) -> Outcome<Child> {
    let mut command = Command::new(places.programs.join(program));
    if let (Some(runtime), Some(name)) =
        (std::env::var_os("XDG_RUNTIME_DIR"), std::env::var_os("WAYLAND_DISPLAY"))
    {
        // A relative name is looked up in XDG_RUNTIME_DIR, which is about to be another.
        command.env("WAYLAND_DISPLAY", Path::new(&runtime).join(name));
    }
    command.env("XDG_RUNTIME_DIR", folder).env("XDG_STATE_HOME", folder.join("state"));
    more(&mut command);
    Ok(command.spawn()?)
}

fn wait_for(socket: &Path, desktop: &mut Child) -> Outcome<()> {
    let until = Instant::now() + Duration::from_secs(30);
    while std::os::unix::net::UnixStream::connect(socket).is_err() {
        if let Some(status) = desktop.try_wait()? {
            return Err(format!("placet-desktop ended: {status}").into());
        }
        if Instant::now() > until {
            return Err("placet-desktop does not answer".into());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// Ends its process, also when the demo fails.
struct Ending(Child);

impl Drop for Ending {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

//! The gallery: each state of the real prompt and each page of the book, in each look, as pictures and
//! as one page of Markdown.
//!
//! **Promises.** The pictures are taken off the screen of a private desktop, of the window that a
//! person would see; nothing is drawn for them. A state that does not come up ends it.
//!
//! **Never** let a window of a state before stand for another: each picture has a program of its own.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it speaks to the terminal")]

pub mod book;

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use placet_stage::desktop::Session;
use serde_json::{Value, json};

/// Anything that goes wrong, as a sentence.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Far longer than a window takes on a busy machine.
const SOON: Duration = Duration::from_secs(20);
/// The display: more pixels than most have, so that twice the text is not cut.
const SIZE: (u16, u16) = (1920, 1600);

/// A state: its file's name, what it is, and what `prompt-preview` is told.
struct Shot {
    name: &'static str,
    what: &'static str,
    told: fn() -> Value,
}

const STATES: &[Shot] = &[
    Shot {
        name: "plain",
        what: "A named agent asks to run one tool. No server, no code.",
        told: || json!({"ask": "plain"}),
    },
    Shot {
        name: "unpaired",
        what: "The same, by a program that has no name here.",
        told: || json!({"ask": "unpaired"}),
    },
    Shot {
        name: "payment",
        what: "An authorization, before the server is asked: each member of its details.",
        told: || json!({"ask": "payment"}),
    },
    Shot {
        name: "choice",
        what: "The server asks which authenticator.",
        told: || json!({"ask": "choice"}),
    },
    Shot { name: "code", what: "The one-time code.", told: || json!({"ask": "otp"}) },
    Shot {
        name: "wrong-code",
        what: "The server did not take the code.",
        told: || json!({"ask": "otp", "problem": "That code was not accepted. Type the next one."}),
    },
    Shot {
        name: "fields",
        what: "A form with every kind of field.",
        told: || json!({"ask": "kinds"}),
    },
    Shot {
        name: "for-the-agent",
        what: "A form whose answers go to the agent itself.",
        told: || json!({"ask": "elicitation"}),
    },
    Shot {
        name: "waiting",
        what: "The server is asked; others wait.",
        told: || json!({"wait": "otp", "waiting": ["build-bot", "an unpaired program"]}),
    },
    Shot {
        name: "long",
        what: "An argument of 3,000 lines, folded; all of it has to be in sight once.",
        told: || json!({"ask": "long", "lines": 3000}),
    },
    Shot {
        name: "hostile",
        what: "Text that hides, reorders and pretends, as it is shown.",
        told: || json!({"ask": "hostile"}),
    },
    Shot {
        name: "right-to-left",
        what: "Arguments in scripts that run from right to left.",
        told: || json!({"ask": "leftwards"}),
    },
    Shot {
        name: "pairing",
        what: "An agent wants a name: its terminal shows the code.",
        told: || json!({"ask": "pair"}),
    },
    Shot { name: "server", what: "Trust a server?", told: || json!({"ask": "enrol"}) },
    Shot {
        name: "look-alike",
        what: "A server whose name looks like one that is trusted.",
        told: || json!({"ask": "look-alike"}),
    },
];

/// What the person sees when a server asks for a passkey, up to each end of its ceremony.
const AT_THE_KEY: &[Shot] = &[
    Shot {
        name: "key-signs",
        what: "The server asks for a passkey whose signature is tied to the action.",
        told: || json!({"ask": "passkey"}),
    },
    Shot {
        name: "key-proves",
        what: "The server asks for one that only proves who is there.",
        told: || json!({"ask": "proof"}),
    },
    Shot {
        name: "key-looking",
        what: "Placet looks for a security key.",
        told: || json!({"wait": "key-looking"}),
    },
    Shot {
        name: "key-several",
        what: "Several keys are there: the one that is touched is used.",
        told: || json!({"wait": "key-choosing"}),
    },
    Shot { name: "key-pin", what: "The key's PIN.", told: || json!({"ask": "key-pin"}) },
    Shot {
        name: "key-wrong-pin",
        what: "The PIN was wrong, with the tries that are left.",
        told: || json!({"ask": "key-pin", "wrong": true, "tries": 7}),
    },
    Shot {
        name: "key-touch",
        what: "The key waits for the touch.",
        told: || json!({"wait": "key-touch"}),
    },
    Shot {
        name: "key-removed",
        what: "The key was taken out: the question stands again.",
        told: || json!({"ask": "passkey", "problem": "The security key was taken out. Nothing was signed."}),
    },
    Shot {
        name: "key-refused",
        what: "The server asked for a passkey of another site.",
        told: || json!({"ask": "key-refused"}),
    },
];

/// A look: its file's name, what it is, and what `prompt-preview` is told.
const LOOKS: &[(&str, &str, &str, f64)] = &[
    ("light", "Light", "light", 1.0),
    ("dark", "Dark", "dark", 1.0),
    ("large", "Text at 200 %", "light", 2.0),
    ("contrast", "High contrast", "dark-contrast", 1.0),
];

/// The program.
#[must_use]
pub fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("gallery: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Outcome<()> {
    let beside = std::env::current_exe()?.parent().map(PathBuf::from).unwrap_or_default();
    let programs = std::env::var_os("PLACET_BIN_DIR").map_or(beside, PathBuf::from);
    let out = std::env::var_os("PLACET_OUT_DIR")
        .map_or_else(|| PathBuf::from("target/gallery"), PathBuf::from);
    std::fs::create_dir_all(&out)?;
    let session = Session::builder().size(SIZE.0, SIZE.1).accessibility(false).start()?;
    for (look, ..) in LOOKS {
        book::take(look, &out).map_err(|fault| format!("the book, {look}: {fault}"))?;
        println!("gallery: the book, {look}");
    }
    for state in STATES.iter().chain(AT_THE_KEY) {
        for (look, _, scheme, scale) in LOOKS {
            let appearance = json!({"look": scheme, "scale": scale, "still": true});
            let file = out.join(format!("{}-{look}.png", state.name));
            take(&session, &programs, &appearance, &(state.told)(), &file)
                .map_err(|fault| format!("{}, {look}: {fault}", state.name))?;
        }
        println!("gallery: {}", state.name);
    }
    std::fs::write(out.join("gallery.md"), page()?)?;
    Ok(())
}

/// One picture, by a program of its own.
fn take(
    session: &Session,
    programs: &Path,
    appearance: &Value,
    told: &Value,
    file: &Path,
) -> Outcome<()> {
    let mut command = session.command(programs.join("prompt-preview"))?;
    command.stdin(Stdio::piped());
    let mut program = session.spawn_piped("prompt-preview", command)?;
    let mut input = program.stdin().ok_or("it has no input")?;
    let mut heard = BufReader::new(program.stdout().ok_or("it has no output")?);
    await_event(&mut heard, "ready")?;
    writeln!(input, "{appearance}")?;
    writeln!(input, "{told}")?;
    await_event(&mut heard, "painted")?;
    let screen = session.screen();
    let window = screen.await_window(SOON, |window| window.title == "Placet")?;
    screen.picture_of(&window, file)?;
    drop(input);
    program.stop();
    screen.await_no_window(SOON, |window| window.title == "Placet")?;
    Ok(())
}

/// Reads on until an event with this member; the end of the output is a fault.
fn await_event(heard: &mut impl BufRead, name: &str) -> Outcome<()> {
    loop {
        let mut line = String::new();
        if heard.read_line(&mut line)? == 0 {
            return Err(format!("it ended before it was {name}").into());
        }
        let event: Value = serde_json::from_str(&line)?;
        if event.get(name).is_some() {
            return Ok(());
        }
    }
}

fn page() -> Result<String, std::fmt::Error> {
    let mut page = String::from(
        "# Gallery\n\nThe real windows, taken off the screen of a private desktop by `cargo xtask gallery`, \
         which writes this page too. The samples are made up. The prompt is told how to look; the book \
         follows the settings of a desktop that looks so.\n",
    );
    let of = |shots: &[Shot]| shots.iter().map(|shot| (shot.name, shot.what)).collect::<Vec<_>>();
    for (title, states) in [
        ("The prompt", of(STATES)),
        ("A security key", of(AT_THE_KEY)),
        ("The book", book::PAGES.to_vec()),
    ] {
        write!(page, "\n## {title}\n")?;
        for (file, what) in states {
            write!(page, "\n### {what}\n\n| ")?;
            for (_, name, ..) in LOOKS {
                write!(page, "{name} | ")?;
            }
            page.push_str("\n|");
            page.push_str(&"---|".repeat(LOOKS.len()));
            page.push_str("\n| ");
            for (look, name, ..) in LOOKS {
                write!(page, "![{what} {name}.](gallery/{file}-{look}.png) | ")?;
            }
            page.push('\n');
        }
    }
    write!(page, "\n## What was changed after looking\n\n")?;
    for change in CHANGED {
        writeln!(page, "- {change}")?;
    }
    Ok(page.replace(" \n", "\n"))
}

/// What these pictures led to.
const CHANGED: &[&str] = &[
    "The book's pages fit into one row of buttons; “First steps” stood alone in a second one.",
    "Where the desktop's text is twice as large, the book's window is too: it held half as much of a line.",
    "Fields beside each other are as high as each other, and boxes to tick have an edge that is seen.",
    "In the history an outcome that is its own reason is said once, and not as “approved (approved)”.",
    "Sentences among a server's facts are in the letters of sentences; only paths keep those of code.",
    "In what was shown, names stand beside their values, as in the prompt.",
    "With more contrast, the book's buttons and warnings have more of it as well.",
    "Buttons that end a pause or a mute say which; a screen reader's name of a button begins with its words.",
];

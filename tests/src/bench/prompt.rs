//! The benchmark `prompt`: its figures and their goals. How they are measured is in [`super::life`].

use super::figures::{Figure, Goal, Report};
use super::life::{Peers, Samples, live};
use super::machine::Machine;
use super::peers::{self, Sitter};
use super::stage::Stage;
use super::{Outcome, Places};

/// Lives `runs` lives and sums them up.
///
/// # Errors
/// When anything cannot be measured.
pub(super) fn run(places: &Places, runs: usize) -> Outcome<Report> {
    let machine = Machine::here(&std::env::temp_dir());
    let peers = Peers {
        pinentry: peers::pinentry(),
        zenity: peers::zenity(),
        keepassxc: peers::keepassxc(),
    };
    for (there, name) in [
        (peers.pinentry.is_some(), "pinentry-gtk2"),
        (peers.zenity.is_some(), "zenity"),
        (peers.keepassxc.is_some(), "keepassxc"),
    ] {
        if !there {
            eprintln!("bench: {name} is not installed, so nothing is compared with it");
        }
    }
    let mut stage = Stage::set(places)?;
    if !stage.sees_memory {
        eprintln!("bench: memory is for root to read, so it is left out");
    }
    let mut samples = Samples::default();
    eprintln!("bench: once without counting, so that everything was read from the disk before");
    live(&mut stage, &peers, &mut Samples::default())?;
    for run in 1..=runs {
        eprintln!("bench: {run} of {runs}");
        live(&mut stage, &peers, &mut samples)?;
    }
    Ok(Report { name: "prompt", machine: machine.afterwards(), figures: figures(&samples) })
}

const MS: &str = "ms";
const MIB: &str = "MiB";

/// All of them, in the order of reading.
fn figures(s: &Samples) -> Vec<Figure> {
    let at_most = |most| Some(Goal::RatioAtMost(most));
    let asked = "request to prompt painted";
    let (long, form) = ("the same, an argument of 3,000 lines", "the same, ten kinds of fields");
    let (fresh, shown, read) = (
        "memory, nothing pending, after the start",
        "memory, nothing pending, after ten prompts",
        "memory, nothing pending, after the book was read",
    );
    let (pinentry, zenity, none) = ("pinentry-gtk2", "zenity", "an empty program");
    let window = "zenity, asking";
    let mut figures: Vec<Figure> = [
        Figure::beside(asked, MS, &s.painted, pinentry, &s.painted_pinentry, at_most(0.5)),
        Figure::beside(asked, MS, &s.painted, zenity, &s.painted_zenity, at_most(0.25)),
        Figure::beside(long, MS, &s.painted_long, pinentry, &s.painted_pinentry, at_most(0.5)),
        Figure::beside(form, MS, &s.painted_form, pinentry, &s.painted_pinentry, at_most(0.5)),
        Figure::alone("the same, the first after a start", MS, &s.first_painted, None),
        Figure::alone("yes to the agent's answer", MS, &s.answered, None),
        Figure::beside(fresh, MIB, &s.fresh, window, &s.memory_zenity, at_most(1.3)),
        Figure::beside(shown, MIB, &s.after_prompts, window, &s.memory_zenity, at_most(1.3)),
        Figure::beside(read, MIB, &s.after_book, window, &s.memory_zenity, at_most(1.3)),
        Figure::beside(fresh, MIB, &s.fresh, Sitter::NAME, &s.memory_keepassxc, None),
        Figure::alone("web processes, nothing pending", "processes", &s.web, Some(0.0)),
        Figure::alone("start to tray and socket ready", MS, &s.start, Some(300.0)),
        Figure::beside("start to tray ready", MS, &s.start, Sitter::NAME, &s.start_keepassxc, None),
        Figure::beside(
            "the book opened",
            MS,
            &s.opened,
            "a bare Tauri window",
            &s.opened_bare,
            None,
        ),
        Figure::beside("placet status", MS, &s.status, none, &s.nothing, at_most(2.0)),
    ]
    .into_iter()
    .flatten()
    .collect();
    // What nobody is there to be compared with is still measured.
    for (name, unit, ours) in [
        (asked, MS, &s.painted),
        (fresh, MIB, &s.fresh),
        (shown, MIB, &s.after_prompts),
        (read, MIB, &s.after_book),
    ] {
        if !figures.iter().any(|figure| figure.figure == name) {
            figures.extend(Figure::alone(name, unit, ours, None));
        }
    }
    figures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_installed_is_not_compared_with_and_the_rest_stays() {
        let one = || vec![1.0];
        let samples = Samples {
            painted: one(),
            painted_pinentry: one(),
            fresh: one(),
            start: one(),
            ..Samples::default()
        };
        let figures = figures(&samples);
        let peers: Vec<_> = figures.iter().map(|figure| figure.peer.as_deref()).collect();
        assert_eq!(peers, [Some("pinentry-gtk2"), None, None]);
        assert_eq!(figures.last().and_then(Figure::reached), None, "memory without a peer");
    }
}

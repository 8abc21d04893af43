//! `cargo xtask removals`: takes out each listed guard and sees its test turn red.
//!
//! A test that stays green without the code that it watches proves nothing. The list is
//! `tests/removals/*.txt`; `tests/removals/README.md` describes it.
//!
//! **Promises.** The removals happen in a copy, built in a folder of its own under `target`; the
//! source is never touched. A removal is *held* only if its test passes before, the changed code
//! compiles, and the test then fails.

mod list;
mod trial;

use std::fs::{self, File};
use std::io;
use std::path::Path;

use crate::mirror;
use crate::run::{Done, Stop, say};
use crate::setup::test_user;
use crate::test::Ground;
use crate::workspace::Workspace;
use list::Removal;
use trial::Found;

/// Runs the command; an argument keeps only the removals whose name, requirement or list contains
/// it.
///
/// # Errors
/// If a list cannot be read, or a guard's removal went unnoticed.
pub(crate) fn command(arguments: &[String]) -> Done {
    let workspace = Workspace::load()?;
    let mut removals = read(&workspace)?;
    removals.retain(|removal| {
        arguments.is_empty() || arguments.iter().any(|word| removal.label().contains(word))
    });
    let files = workspace.files()?;
    let _alone = alone(&workspace.target.join("removals"))?;
    let ground = Ground {
        root: workspace.target.join("removals/source"),
        target: workspace.target.join("removals/target"),
        user: test_user()?,
        release: false,
    };
    mirror::update(&workspace.root, &files, &ground.root)?;
    // All that must be green first: so each change is built once, and no unchanged code in between.
    let greens: Vec<Option<Found>> =
        removals.iter().map(|removal| trial::not_green(&ground, removal)).collect();
    let mut held = 0;
    for (removal, not_green) in removals.iter().zip(greens) {
        let found = match not_green {
            Some(found) => found,
            None => trial::run(&ground, removal).unwrap_or_else(|stop| Found::Broken(stop.reason)),
        };
        mirror::update(&workspace.root, &files, &ground.root)?;
        held += usize::from(found == Found::Held);
        println!("{:<8} {}", found.word(), removal.label());
        if let Some(why) = found.why() {
            println!("         {why}");
        }
    }
    println!("{held} held, {} tried", removals.len());
    if held == removals.len() { Ok(()) } else { Err(Stop::failed("")) }
}

/// Waits until no other run has the copy; it is ours until the file is dropped.
fn alone(folder: &Path) -> Result<File, Stop> {
    let wrong = |error: io::Error| Stop::failed(format!("{}: {error}", folder.display()));
    fs::create_dir_all(folder).map_err(wrong)?;
    let file = File::create(folder.join("lock")).map_err(wrong)?;
    if file.try_lock().is_err() {
        say("removals: waiting for another run to end");
        file.lock().map_err(wrong)?;
    }
    Ok(file)
}

fn read(workspace: &Workspace) -> Result<Vec<Removal>, Stop> {
    let mut removals = Vec::new();
    for file in workspace.files()? {
        if !file.starts_with("tests/removals") || file.extension().is_none_or(|ext| ext != "txt") {
            continue;
        }
        let text = fs::read_to_string(workspace.root.join(&file))
            .map_err(|error| Stop::failed(format!("{}: {error}", file.display())))?;
        let list =
            list::parse(&text).map_err(|why| Stop::failed(format!("{}: {why}", file.display())))?;
        say(format!("removals: {} has {}", file.display(), list.len()));
        removals.extend(list);
    }
    Ok(removals)
}

//! `cargo xtask gallery`: takes the pictures of `docs/gallery.md` anew, page and all.

use std::fs;

use crate::run::{Done, Stop, say};
use crate::test::{Purpose, stage_program};
use crate::workspace::Workspace;

/// Runs it and puts what it made into `docs/`.
///
/// # Errors
/// If something cannot be installed or built, or a state of the prompt did not come up.
pub(crate) fn command(arguments: &[String]) -> Done {
    let made = stage_program("placet-gallery", "gallery", arguments, Purpose::Show)?;
    let docs = Workspace::load()?.root.join("docs");
    let pictures = docs.join("gallery");
    let fault = |error: std::io::Error| Stop::failed(format!("{}: {error}", pictures.display()));
    fs::create_dir_all(&pictures).map_err(fault)?;
    for entry in fs::read_dir(&made).map_err(fault)? {
        let path = entry.map_err(fault)?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let place = match name {
            "gallery.md" => docs.join(name),
            name if name.ends_with(".png") => pictures.join(name),
            _ => continue,
        };
        fs::copy(&path, place).map_err(fault)?;
    }
    say("gallery: see docs/gallery.md");
    Ok(())
}

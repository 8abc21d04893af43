//! `placet-desktop`: see [`placet_desktop::start`].

use std::process::ExitCode;

fn main() -> ExitCode {
    placet_desktop::start::start(std::env::args_os().skip(1))
}

//! `cargo xtask demo`: see [`placet_tests::demo`].

fn main() -> std::process::ExitCode {
    placet_tests::demo::main()
}

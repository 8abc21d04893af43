//! `cargo xtask bench`: see [`placet_tests::bench`].

fn main() -> std::process::ExitCode {
    placet_tests::bench::main()
}

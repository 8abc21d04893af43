//! `cargo xtask gallery`: see [`placet_tests::gallery`].

fn main() -> std::process::ExitCode {
    placet_tests::gallery::main()
}

//! The sample agent of the demo: see [`placet_tests::sample_agent`].

fn main() -> std::process::ExitCode {
    placet_tests::sample_agent::main()
}

//! The program `stage-as` from outside: its start line, its ends, and the control API over a plain
//! socket.

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::net::TcpStream;
    use std::path::Path;
    use std::process::{Command, Stdio};

    use placet_stage::server::{Fate, Process, ProcessError, Scenario, Started};

    const PROGRAM: &str = env!("CARGO_BIN_EXE_stage-as");

    fn spawn(args: &[&str]) -> Process {
        Process::spawn(Path::new(PROGRAM), args).unwrap()
    }

    /// Says something that is no request to the issuer's token endpoint.
    fn knock(started: &Started) {
        let host = started.issuer.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(host).unwrap();
        let request = format!(
            "POST /token HTTP/1.1\r\nHost: {host}\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    }

    #[test]
    fn the_start_line_names_issuer_control_and_account() {
        let stage = spawn(&[
            "--otp-digits",
            "8",
            "--issuer-path",
            "tenant",
            "--account",
            "kim@example.com",
        ]);
        let started = stage.started();
        assert!(
            started.issuer.starts_with("http://localhost:") && started.issuer.ends_with("/tenant")
        );
        assert_eq!(started.account, "kim@example.com");
        assert!(
            started.otpauth.starts_with("otpauth://totp/Placet%20stage:kim%40example.com?secret=")
        );
        assert_eq!(stage.code().unwrap().code.len(), 8);
    }

    #[test]
    fn the_control_api_answers_over_a_plain_socket() {
        let stage = spawn(&[]);
        stage.play(Scenario::Single).unwrap();
        knock(stage.started());
        let journal = stage.journal_with(1, "/token").unwrap();
        assert_eq!(
            (journal.entries[0].body.as_str(), journal.entries[0].fate),
            ("hello", Fate::Answered)
        );
        assert_eq!(stage.counts().unwrap().token_requests, 1);
        stage.reset().unwrap();
        assert!(stage.journal().unwrap().entries.is_empty());
        let before = stage.code().unwrap();
        stage.advance(60).unwrap();
        assert_eq!(stage.code().unwrap().step, before.step + 2);
    }

    #[test]
    fn beside_tls_the_control_api_stays_plain() {
        let stage = spawn(&["--tls-self-signed"]);
        assert!(stage.started().issuer.starts_with("https://localhost:"));
        assert!(
            stage.started().ca_pem.as_ref().unwrap().starts_with("-----BEGIN CERTIFICATE-----")
        );
        stage.play(Scenario::Single).unwrap();
    }

    #[test]
    fn it_ends_when_its_input_closes_and_on_sigterm() {
        let start = || {
            let mut command = Command::new(PROGRAM);
            let mut child = command
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let mut line = String::new();
            BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
            assert!(serde_json::from_str::<Started>(&line).is_ok(), "{line}");
            child
        };
        let mut closing = start();
        drop(closing.stdin.take());
        assert!(closing.wait().unwrap().success());
        let mut terminated = start();
        let pid = rustix::process::Pid::from_child(&terminated);
        let _input_stays_open = terminated.stdin.take();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        assert!(terminated.wait().unwrap().success());
    }

    #[test]
    fn a_wrong_command_line_is_an_error_and_no_server() {
        for args in
            [&["--scenario", "no-such"][..], &["--otp-digits", "9"], &["--issuer-path", "a/b"]]
        {
            let refused = Process::spawn(Path::new(PROGRAM), args);
            assert!(matches!(refused, Err(ProcessError::Said(_))), "{args:?}");
        }
    }

    #[test]
    fn the_scenarios_are_listed() {
        let printed =
            Command::new(PROGRAM).args(["--list-scenarios", "--print-json"]).output().unwrap();
        let lines = String::from_utf8(printed.stdout).unwrap();
        let names: Vec<String> = lines
            .lines()
            .map(|line| {
                serde_json::from_str::<serde_json::Value>(line).unwrap()["scenario"]
                    .as_str()
                    .unwrap()
                    .to_owned()
            })
            .collect();
        assert_eq!(names, Scenario::ALL.iter().map(|s| s.name()).collect::<Vec<_>>());
    }
}

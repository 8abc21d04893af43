//! The program `stage-key`, with a reader that the test plays.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

struct Program {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Program {
    fn start(port: u16) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_stage-key"))
            .args(["--port", &port.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    fn says(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    fn told(&mut self, line: &str) -> Value {
        writeln!(self.child.stdin.as_mut().unwrap(), "{line}").unwrap();
        self.says()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn send(card: &mut TcpStream, frame: &[u8]) {
    let length = u16::try_from(frame.len()).unwrap().to_be_bytes();
    card.write_all(&[&length[..], frame].concat()).unwrap();
}

fn ask(card: &mut TcpStream, frame: &[u8]) -> Vec<u8> {
    send(card, frame);
    let mut length = [0; 2];
    card.read_exact(&mut length).unwrap();
    let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
    card.read_exact(&mut answer).unwrap();
    answer
}

const SELECT: &[u8] = b"\x00\xa4\x04\x00\x08\xa0\x00\x00\x06\x47\x2f\x00\x01\x00";

#[test]
fn a_played_key_is_a_card_until_it_is_pulled_out_and_again_when_it_is_put_back() {
    let reader = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = reader.local_addr().unwrap().port();
    let mut program = Program::start(port);
    assert_eq!(program.says(), json!({"event": "ready", "port": port, "socket": null}));
    let (mut card, _) = reader.accept().unwrap();
    send(&mut card, &[1]);
    assert_eq!(ask(&mut card, &[4]), [0x3b, 0x80, 0x80, 0x01, 0x01]);
    // Nothing is said before the applet was chosen.
    assert_eq!(ask(&mut card, b"\x80\x10\x00\x00\x01\x04\x00"), [0x69, 0x85]);
    assert_eq!(ask(&mut card, SELECT), b"U2F_V2\x90\x00");
    let info = ask(&mut card, b"\x80\x10\x00\x00\x01\x04\x00");
    assert_eq!((info[0], &info[info.len() - 2..]), (0, &[0x90, 0x00][..]));
    assert_eq!(program.says(), json!({"event": "command", "command": 4}));
    assert_eq!(program.says(), json!({"event": "status", "status": 0}));
    assert_eq!(program.told("remove"), json!({"event": "done", "command": "remove"}));
    assert_eq!(card.read(&mut [0]).unwrap(), 0, "the card is gone");
    assert_eq!(program.told("insert"), json!({"event": "done", "command": "insert"}));
    let (mut card, _) = reader.accept().unwrap();
    assert_eq!(ask(&mut card, SELECT), b"U2F_V2\x90\x00");
}

#[test]
fn commands_are_answered_and_what_is_none_is_said() {
    let reader = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let mut program = Program::start(reader.local_addr().unwrap().port());
    program.says();
    assert_eq!(program.told("retries"), json!({"event": "retries", "retries": 8}));
    assert_eq!(program.told("lie not-verified")["event"], "done");
    assert_eq!(program.told("lie about-it")["event"], "error");
    assert_eq!(program.told("dance")["event"], "error");
    let made = program.told("credential as.example sam");
    assert_eq!((&made["event"], &made["user_handle"]), (&json!("credential"), &json!("c2Ft")));
    // It ends with its standard input.
    drop(program.child.stdin.take());
    assert!(program.child.wait().unwrap().success());
}

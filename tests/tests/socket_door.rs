//! The door: where the socket is, who may come in, and what is seen of who did (S1, S2, S4).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use placet_agentd::daemon::{SocketError, StartError};
use placet_agentd::store::StoreError;
use placet_tests::headless::agent::{Agent, shell};
use placet_tests::headless::{Home, chain};
use placet_wire::notice::Status;
use serde_json::json;

fn mode(path: &Path) -> u32 {
    path.symlink_metadata().unwrap().mode() & 0o7777
}

#[tokio::test]
async fn s1_the_socket_is_0600_in_a_0700_folder_and_gone_after_stopping() {
    let home = Home::new();
    let (daemon, _hands) = home.start().await;
    assert!(home.socket().symlink_metadata().unwrap().file_type().is_socket());
    assert_eq!((mode(&home.socket()), mode(&home.runtime())), (0o600, 0o700));
    assert_eq!((mode(&home.record()), mode(&home.state())), (0o600, 0o700));
    for beside in ["record.db-wal", "record.db-shm", "record.lock"] {
        assert_eq!(mode(&home.state().join(beside)), 0o600, "{beside}");
    }
    daemon.stop().await;
    assert!(!home.socket().exists());
}

#[tokio::test]
async fn s1_a_folder_that_is_a_link_or_open_to_others_is_refused() {
    let home = Home::new();
    let elsewhere = home.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    symlink(&elsewhere, home.runtime()).unwrap();
    let refused = home.try_start(home.options()).await.unwrap_err();
    assert!(
        matches!(&refused, StartError::Socket(SocketError::Folder(StoreError::NotPrivate { why, .. })) if why == "is a link"),
        "{refused}"
    );
    assert!(std::fs::read_dir(&elsewhere).unwrap().next().is_none(), "nothing was made there");

    std::fs::remove_file(home.runtime()).unwrap();
    std::fs::create_dir(home.runtime()).unwrap();
    std::fs::set_permissions(home.runtime(), PermissionsExt::from_mode(0o755)).unwrap();
    let refused = home.try_start(home.options()).await.unwrap_err().to_string();
    assert!(refused.contains("chmod 700"), "{refused}");
    assert_eq!(mode(&home.runtime()), 0o755, "and it is not for us to change");
}

#[tokio::test]
async fn s1_a_folder_of_another_user_is_refused() {
    if !rustix::process::geteuid().is_root() {
        // Whoever is not root has /proc/1, which is root's: a folder, not ours.
        let home = Home::new();
        let mut options = home.options();
        options.socket = Some("/proc/1/agent.sock".into());
        assert!(matches!(home.try_start(options).await, Err(StartError::Socket(_))));
        return;
    }
    let home = Home::new();
    std::fs::create_dir(home.runtime()).unwrap();
    std::fs::set_permissions(home.runtime(), PermissionsExt::from_mode(0o700)).unwrap();
    std::os::unix::fs::chown(home.runtime(), Some(65534), Some(65534)).unwrap();
    let refused = home.try_start(home.options()).await.unwrap_err().to_string();
    assert!(refused.contains("belongs to another user"), "{refused}");
}

#[tokio::test]
async fn s1_a_second_daemon_leaves_the_first_alone() {
    let home = Home::new();
    let (daemon, _hands) = home.start().await;
    let second = home.try_start(home.options()).await.unwrap_err();
    assert!(matches!(second, StartError::Socket(SocketError::AlreadyRunning(_))), "{second}");
    home.agent().await.hello(None).await;
    // Nor may one with another socket write to the same record: the chain would fork.
    let other = Home::new();
    let mut options = other.options();
    options.state_dir = home.state();
    let second = other.try_start(options).await.unwrap_err();
    assert!(matches!(second, StartError::Store(StoreError::InUse(_))), "{second}");
    assert!(!other.socket().exists(), "a daemon that did not start leaves no socket");
    daemon.stop().await;
}

#[tokio::test]
async fn s1_a_socket_that_answers_is_not_taken_away_and_a_dead_one_is() {
    let home = Home::new();
    std::fs::create_dir(home.runtime()).unwrap();
    std::fs::set_permissions(home.runtime(), PermissionsExt::from_mode(0o700)).unwrap();
    let squatter = UnixListener::bind(home.socket()).unwrap();
    let refused = home.try_start(home.options()).await.unwrap_err();
    assert!(matches!(refused, StartError::Socket(SocketError::Taken(_))), "{refused}");
    std::os::unix::net::UnixStream::connect(home.socket()).expect("it still answers");
    drop(squatter);
    let (daemon, _hands) = home.start().await;
    daemon.stop().await;

    std::fs::write(home.socket(), "a file").unwrap();
    let refused = home.try_start(home.options()).await.unwrap_err();
    assert!(matches!(refused, StartError::Socket(SocketError::NotASocket(_))), "{refused}");
    assert_eq!(std::fs::read_to_string(home.socket()).unwrap(), "a file");
}

#[tokio::test]
async fn s2_another_user_who_reaches_the_socket_hears_nothing_and_is_on_record() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: only root can become another user");
        return;
    }
    let home = Home::new();
    let (daemon, _hands) = home.start().await;
    // As if the modes had failed: everybody may reach it.
    for folder in [home.path(), &home.path().join("run"), &home.runtime()] {
        std::fs::set_permissions(folder, PermissionsExt::from_mode(0o755)).unwrap();
    }
    std::fs::set_permissions(home.socket(), PermissionsExt::from_mode(0o666)).unwrap();
    // The program lies where another user may not look: it is copied to where they may.
    let program = home.path().join("knock");
    std::fs::copy(env!("CARGO_BIN_EXE_placet-headless"), &program).unwrap();
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
    let socket = home.socket();
    let knock = tokio::task::spawn_blocking(move || {
        Command::new("setpriv")
            .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
            .arg(program)
            .arg("knock")
            .arg(socket)
            .output()
            .unwrap()
    });
    let heard = knock.await.unwrap();
    assert!(heard.status.success(), "{heard:?}");
    assert!(heard.stdout.starts_with(b"heard 0 bytes"), "{heard:?}");
    home.agent().await.hello(None).await;
    daemon.stop().await;
    let suspicious: Vec<_> =
        chain::rows(&home.record()).into_iter().filter(|row| row.event == "suspicious").collect();
    assert_eq!(suspicious.len(), 1);
    assert_eq!(suspicious[0].body["detail"], "uid 65534");
}

#[tokio::test]
async fn s4_the_peer_is_told_shown_and_recorded_as_the_kernel_sees_it_and_its_claims_apart() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let mut agent = home.agent().await;
    let hello = agent.hello(None).await;
    let me = std::env::current_exe().unwrap();
    assert_eq!(hello["peer"]["pid"], std::process::id());
    assert_eq!(hello["peer"]["uid"], rustix::process::geteuid().as_raw());
    assert_eq!(hello["peer"]["program"], me.to_str().unwrap());
    assert_eq!(hello["paired"], json!(null));

    let id = agent.call("approval/request", shell("true")).await;
    let shown = hands.asked().await;
    let lines = shown.screen.lines();
    let says = lines.iter().position(|line| line == "Says it is").unwrap();
    assert_eq!(lines[says + 1], "test-agent 1");
    assert!(lines.contains(&"This program is not paired.".to_owned()));
    assert!(lines.contains(&me.to_str().unwrap().to_owned()));
    shown.approve(&[]);
    agent.ended(&id).await;
    daemon.stop().await;

    let rows = chain::rows(&home.record());
    let asker = &rows.iter().find(|row| row.event == "received").unwrap().body["asker"];
    assert_eq!(asker["claims"], "test-agent 1");
    assert_eq!(asker["pairing"], json!(null));
    assert_eq!(asker["kernel"]["pid"], std::process::id());
    let hash = asker["kernel"]["chain"][0]["exe_hash"].as_str().unwrap();
    let sum = Command::new("sha256sum").arg(&me).output().unwrap().stdout;
    let sum = String::from_utf8(sum).unwrap();
    assert_eq!(hash.strip_prefix("sha256:").unwrap(), sum.split(' ').next().unwrap());
    assert_eq!(
        asker["kernel"]["chain"][1]["pid"],
        std::os::unix::process::parent_id(),
        "the chain goes up to who started it"
    );
}

#[tokio::test]
async fn s4_a_name_that_looks_like_that_of_a_paired_agent_is_refused() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let mut agent = home.agent().await;
    let id = agent.call("placet/pair", json!({ "name": "claude-code" })).await;
    let code = agent.pair_code().await.unwrap();
    hands.asked().await.approve(&[&code]);
    agent.answer(&id).await.unwrap();
    for (name, how) in [
        ("claude-code", "is claude-code"),
        ("Claude.Code", "looks like claude-code"),
        ("cIaude_c0de", "looks like claude-code"),
    ] {
        let problem = agent.ask("placet/pair", json!({ "name": name })).await.unwrap_err();
        assert!(problem.message.contains(how), "{name}: {}", problem.message);
    }
    daemon.stop().await;
}

#[tokio::test]
async fn s4_two_that_wait_for_one_name_or_for_two_that_look_alike_do_not_both_get_it() {
    for second in ["claude-code", "cIaude-code"] {
        let home = Home::new();
        let (daemon, mut hands) = home.start().await;
        let (mut one, mut two) = (home.agent().await, home.agent().await);
        let first = one.call("placet/pair", json!({ "name": "claude-code" })).await;
        let code = one.pair_code().await.unwrap();
        let shown = hands.asked().await;
        let other = two.call("placet/pair", json!({ "name": second })).await;
        let its_code = two.pair_code().await.unwrap();
        shown.approve(&[&code]);
        let token = one.answer(&first).await.unwrap()["token"].as_str().unwrap().to_owned();
        hands.asked().await.approve(&[&its_code]);
        let refused = two.answer(&other).await.unwrap();
        assert_eq!(refused["reason"]["code"], "name_taken", "{second}: {refused}");
        assert_eq!(one.hello(Some(&token)).await["paired"]["name"], "claude-code");
        let list = one.ask("pairing/list", json!({})).await.unwrap();
        assert_eq!(list["pairings"].as_array().unwrap().len(), 1, "{list}");
        daemon.stop().await;
    }
}

#[tokio::test]
async fn s4_a_wrong_token_is_not_paired_and_a_right_one_is_until_it_is_revoked() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let mut agent = home.agent().await;
    assert_eq!(agent.hello(Some("wrong")).await["paired"], json!(null));

    let id = agent.call("placet/pair", json!({ "name": "worker" })).await;
    let code = agent.pair_code().await.unwrap();
    let shown = hands.asked().await;
    let screen = shown.screen.lines().join("\n");
    assert!(!screen.contains(&code), "the screen must not say what is to be typed");
    shown.approve(&["ABCD-2345"]);
    let shown = hands.asked().await;
    assert!(shown.screen.problem.is_some(), "that was not the code");
    shown.approve(&[&code.to_lowercase().replace('-', " ")]);
    let paired = agent.answer(&id).await.unwrap();
    let token = paired["token"].as_str().unwrap().to_owned();
    assert_eq!((paired["name"].as_str(), token.len()), (Some("worker"), 43));

    let mut other = home.agent().await;
    assert_eq!(other.hello(Some(&token)).await["paired"]["name"], "worker");
    let list = other.ask("pairing/list", json!({})).await.unwrap();
    assert_eq!(list["pairings"][0]["name"], "worker");
    let taken = other.ask("placet/pair", json!({ "name": "worker" })).await.unwrap_err();
    assert_eq!(taken.data.unwrap().code, "bad_value");

    other.ask("pairing/revoke", json!({ "name": "worker" })).await.unwrap();
    let id = other.call("approval/request", shell("true")).await;
    let asker = hands.asked().await.screen.asker;
    assert_eq!(asker.rows[0].value.as_str(), "This program is not paired.", "at once");
    other.status(&id, Status::Shown).await;
    assert_eq!(home.agent().await.hello(Some(&token)).await["paired"], json!(null));
    daemon.stop().await;

    let all = std::fs::read(home.record()).unwrap();
    let holds = |text: &str| all.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(!holds(&token), "only its hash is stored");
    assert!(holds("token_hash"));
}

#[tokio::test]
async fn a_pairing_outlives_a_restart_and_three_wrong_codes_end_it() {
    let home = Home::new();
    let (daemon, mut hands) = home.start().await;
    let mut agent = home.agent().await;
    let id = agent.call("placet/pair", json!({ "name": "worker" })).await;
    let code = agent.pair_code().await.unwrap();
    hands.asked().await.approve(&[&code]);
    let token = agent.answer(&id).await.unwrap()["token"].as_str().unwrap().to_owned();
    let id = agent.call("placet/pair", json!({ "name": "second" })).await;
    for _ in 0..3 {
        hands.asked().await.approve(&["ABCD-2345"]);
    }
    assert_eq!(agent.ended(&id).await.reason.code, "wrong_pairing_code");
    daemon.stop().await;

    let (daemon, _hands) = home.start().await;
    let mut agent = home.agent().await;
    assert_eq!(agent.hello(Some(&token)).await["paired"]["name"], "worker");
    let list = agent.ask("pairing/list", json!({})).await.unwrap();
    assert_eq!(list["pairings"].as_array().unwrap().len(), 1);
    daemon.stop().await;
}

#[tokio::test]
async fn at_most_64_connections_are_open_and_the_next_hears_why() {
    let home = Home::new();
    let (daemon, _hands) = home.start().await;
    let mut open = Vec::new();
    for _ in 0..64 {
        let mut agent = home.agent().await;
        agent.hello(None).await;
        open.push(agent);
    }
    let mut one_more = home.agent().await;
    assert_eq!(one_more.error().await.data.unwrap().code, "busy");
    assert!(one_more.is_closed().await);
    drop(open.pop());
    // The place is free once the daemon noticed: knock until it lets in.
    let status = tokio::time::timeout(std::time::Duration::from_secs(10), async {
        loop {
            let mut agent = Agent::connect(&home.socket()).await.unwrap();
            let id = agent.call("status", json!({})).await;
            if let Ok(answer) = agent.try_answer(&id).await {
                return answer.unwrap();
            }
        }
    });
    assert_eq!(status.await.unwrap()["record"]["ok"], true);
    open[0].hello(None).await;
    daemon.stop().await;
}

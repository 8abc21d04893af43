//! `placet-fipa` on a server's own way: a certificate authority instead of those that the system
//! trusts, a proxy, and what either of them does wrong. Real TLS, a real proxy.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod fipa_support;

use std::time::Duration;

use fipa_support::{Run, granted, options, question, refused};
use placet_core::ports::{Clock as _, ServerError, Servers as _};
use placet_core::way::{Authority, Proxy, Way};
use placet_fipa::{Client, ClientOptions};
use placet_stage::proxy::{self, Manner};
use placet_stage::server::{Config, Scenario};

/// A stage that speaks https, whose authority nobody trusts yet.
async fn secure() -> Run {
    let config = Config { tls_self_signed: true, scenario: Scenario::Single, ..Config::default() };
    let mut run = Run::start(config, options()).await;
    run.server.danger_http_loopback = false;
    run
}

fn authorities(run: &Run) -> Vec<Authority> {
    let pem = run.stage.started().ca_pem.clone().expect("the stage has an authority");
    placet_fipa::authorities(&pem, placet_agentd::clock::RealClock.now()).expect("it is one")
}

fn vouched_for_by(authorities: Vec<Authority>) -> Way {
    Way { authorities, proxy: None }
}

fn through(run: &Run, proxy: &str) -> Way {
    Way { authorities: authorities(run), proxy: Some(Proxy::parse(proxy).expect("a proxy")) }
}

/// As if the system trusted this stage's authority.
fn trusting(run: &Run) -> Client {
    let pem = run.stage.started().ca_pem.clone().expect("the stage has an authority");
    Client::new(ClientOptions { extra_roots: vec![pem.into_bytes()], ..options() })
}

fn is_unreachable(error: &ServerError) -> bool {
    matches!(error, ServerError::Unreachable(_))
}

#[tokio::test]
async fn a27_a_server_with_an_authority_of_its_own_is_reached_by_it_and_by_no_other() {
    let mut run = secure().await;
    let error = refused(run.begin().await);
    assert!(is_unreachable(&error), "the system does not trust it: {error:?}");
    run.server.way = vouched_for_by(authorities(&secure().await));
    let error = refused(run.begin().await);
    assert!(is_unreachable(&error), "another authority of the same name: {error:?}");
    let looked = run.client.look_at(&run.server).await.expect_err("nor at enrolment");
    assert!(is_unreachable(&looked), "{looked:?}");
    assert_eq!(run.stage.journal().entries.len(), 0, "not one request was heard");

    run.server.way = vouched_for_by(authorities(&run));
    assert!(run.client.look_at(&run.server).await.is_ok());
    let otp = run.question().await;
    granted(run.answer_right(otp).await);
    run.server.way.authorities.insert(0, authorities(&secure().await).remove(0));
    run.question().await;
}

#[tokio::test]
async fn a27_what_the_system_trusts_does_not_count_for_a_server_with_an_authority_of_its_own() {
    let mut run = secure().await;
    run.client = trusting(&run);
    run.server.way = vouched_for_by(authorities(&secure().await));
    let error = refused(run.begin().await);
    assert!(is_unreachable(&error), "{error:?}");
    assert_eq!(run.stage.journal().entries.len(), 0);
    run.server.way = Way::default();
    run.question().await;
}

#[tokio::test]
async fn a27_an_authority_of_one_server_vouches_for_no_other() {
    let one = secure().await;
    let mut other = secure().await;
    let mut first = one.server.clone();
    first.way = vouched_for_by(authorities(&one));
    assert!(one.client.look_at(&first).await.is_ok());
    // Its authority is trusted for it, by the very client that now meets the other server.
    other.client = one.client.clone();
    for way in [Way::default(), vouched_for_by(authorities(&one))] {
        other.server.way = way;
        let error = refused(other.begin().await);
        assert!(is_unreachable(&error), "{error:?}");
    }
    assert_eq!(other.stage.journal().entries.len(), 0);
}

#[tokio::test]
async fn a27_an_authority_that_is_not_valid_any_more_vouches_for_nothing() {
    let mut run = secure().await;
    let mut old = authorities(&run);
    old[0].not_after = placet_core::request::Timestamp(1_700_000_000_000);
    // Not even if the system trusts it, which would be the fallback.
    run.client = trusting(&run);
    run.server.way = vouched_for_by(old);
    let error = refused(run.begin().await);
    assert!(
        matches!(&error, ServerError::Unreachable(why) if why.contains("valid now")),
        "{error:?}"
    );
    assert_eq!(run.stage.journal().entries.len(), 0);
}

#[tokio::test]
async fn all_that_is_said_to_a_server_with_a_proxy_goes_through_it() {
    let mut run = secure().await;
    let proxy = proxy::Proxy::start(Manner::Tunnels).await.expect("a proxy");
    run.server.way = through(&run, proxy.url());
    run.client.look_at(&run.server).await.expect("it is looked at");
    let otp = run.question().await;
    let wrong = run.stage.wrong_code();
    let otp = question(run.answer(otp, &[("otp", &wrong)]).await);
    run.client.leave(otp.session, true).await;
    let host = run.stage.issuer().strip_prefix("https://").expect("https").to_owned();
    let asked = proxy.asked();
    let heard = run.stage.journal().entries.len();
    assert_eq!(asked.len(), heard, "each request had a tunnel of its own: {asked:?}");
    assert!(heard >= 3, "metadata, the first request, the code");
    let tunnel = format!("CONNECT {host} HTTP/1.1");
    assert!(asked.iter().all(|line| *line == tunnel), "{asked:?}");
}

#[tokio::test]
async fn a_proxy_that_makes_no_tunnel_is_at_fault_and_nothing_goes_around_it() {
    for manner in
        [Manner::Refuses, Manner::WantsPassword, Manner::Hangs, Manner::Babbles, Manner::Closes]
    {
        let mut run = secure().await;
        // It could be reached without the proxy.
        let patience = Duration::from_millis(300);
        let pem = run.stage.started().ca_pem.clone().expect("an authority");
        run.client = Client::new(ClientOptions {
            connect_timeout: patience,
            extra_roots: vec![pem.into_bytes()],
            ..options()
        });
        let proxy = proxy::Proxy::start(manner).await.expect("a proxy");
        run.server.way = through(&run, proxy.url());
        let error = refused(run.begin().await);
        assert!(matches!(error, ServerError::Proxy(_)), "{manner:?}: {error:?}");
        let error = run.client.look_at(&run.server).await.expect_err("nor at enrolment");
        assert!(matches!(error, ServerError::Proxy(_)), "{manner:?}: {error:?}");
        assert!(!proxy.asked().is_empty(), "{manner:?}");
        assert_eq!(run.stage.journal().entries.len(), 0, "{manner:?}");
    }
    let mut run = secure().await;
    let gone = proxy::Proxy::start(Manner::Tunnels).await.expect("a proxy").url().to_owned();
    run.server.way = through(&run, &gone);
    let error = refused(run.begin().await);
    assert!(matches!(error, ServerError::Proxy(_)), "nobody is there: {error:?}");
}

#[tokio::test]
async fn t5_a_code_goes_out_once_if_the_proxy_fails_when_it_is_sent() {
    let mut run = secure().await;
    let proxy = proxy::Proxy::start(Manner::Tunnels).await.expect("a proxy");
    run.server.way = through(&run, proxy.url());
    let otp = run.question().await;
    drop(proxy);
    let before = run.stage.journal().entries.len();
    let error = refused(run.answer_right(otp).await);
    assert!(matches!(error, ServerError::Proxy(_)), "{error:?}");
    assert_eq!(run.stage.journal().entries.len(), before, "no code went around it");
}

#[tokio::test]
async fn a27_behind_a_proxy_a_server_must_still_be_vouched_for() {
    let mut run = secure().await;
    let proxy = proxy::Proxy::start(Manner::Tunnels).await.expect("a proxy");
    run.server.way = through(&run, proxy.url());
    run.server.way.authorities = authorities(&secure().await);
    let error = refused(run.begin().await);
    assert!(is_unreachable(&error), "the proxy did its part: {error:?}");
    run.server.way.authorities.clear();
    let error = refused(run.begin().await);
    assert!(is_unreachable(&error), "nor by the system: {error:?}");
    assert_eq!(run.stage.journal().entries.len(), 0);
}

#[tokio::test]
async fn a1_metadata_that_came_on_another_way_are_not_used() {
    let mut run = secure().await;
    run.client = trusting(&run);
    run.question().await;
    let proxy = proxy::Proxy::start(Manner::Tunnels).await.expect("a proxy");
    run.server.way = through(&run, proxy.url());
    run.question().await;
    assert_eq!(proxy.asked().len(), 2, "the metadata anew, and the first request");
}

#[tokio::test]
async fn a_way_of_its_own_is_never_plain_http() {
    let mut run = Run::with(Scenario::Single).await;
    let proxy = proxy::Proxy::start(Manner::Tunnels).await.expect("a proxy");
    let proxied = Some(Proxy::parse(proxy.url()).expect("a proxy"));
    let own = authorities(&secure().await);
    for way in [Way { proxy: proxied, ..Way::default() }, vouched_for_by(own)] {
        run.server.way = way;
        let error = refused(run.begin().await);
        assert!(is_unreachable(&error), "{error:?}");
    }
    assert_eq!((proxy.asked().len(), run.contacts()), (0, 0));
}

/// Starts this test once more with the variables set: they are read at the start of a process.
#[tokio::test]
async fn no_proxy_is_taken_from_the_environment_and_none_is_taken_out_by_it() {
    const TRAP: &str = "PLACET_TEST_TRAP";
    let Ok(trap) = std::env::var(TRAP) else {
        let trap = proxy::Proxy::start(Manner::Refuses).await.expect("a proxy");
        let mut child = tokio::process::Command::new(std::env::current_exe().expect("this test"));
        child.args([
            "--exact",
            "no_proxy_is_taken_from_the_environment_and_none_is_taken_out_by_it",
        ]);
        for name in
            ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"]
        {
            child.env(name, trap.url());
        }
        child.env("NO_PROXY", "localhost").env("no_proxy", "localhost").env(TRAP, trap.url());
        let output = child.output().await.expect("it runs");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains("1 passed"), "{said}");
        assert_eq!(trap.asked(), [""; 0], "nobody went there");
        return;
    };
    assert_eq!(std::env::var("HTTPS_PROXY").as_ref(), Ok(&trap));
    let mut run = secure().await;
    run.server.way = vouched_for_by(authorities(&run));
    run.question().await;
    // And NO_PROXY does not let anything go around the proxy that the person set.
    let proxy = proxy::Proxy::start(Manner::Tunnels).await.expect("a proxy");
    run.server.way = through(&run, proxy.url());
    run.question().await;
    assert_eq!(proxy.asked().len(), 2);
}

//! Calls that nobody has to decide: answered at once.
//!
//! **Promises.** They read; the two that change something narrow what is allowed
//! (`pairing/revoke`, which also ends what that agent has open) or only bring the window up (`ui/open`).

use std::sync::Arc;

use placet_core::json::Digest;
use placet_core::outcome::Reason;
use placet_core::ports::Clock as _;
use placet_core::request::{Kernel, Place, Request};
use placet_keys::Use;
use placet_keys::receipt::Receipt;
use placet_wire::VERSION;
use placet_wire::ask::Ask;
use placet_wire::flaw::{Fault, Flaw};
use placet_wire::message::Id;
use placet_wire::notice::{PairCode, RequestStatus};
use placet_wire::params::{Hello, ListLog, RevokePairing, ShowReceipt};
use placet_wire::results::{
    App, Authority, Capabilities, HelloAnswer, KeyList, KeyState, LogEntry, LogPage, Muted, Opened,
    PairedName, PairingEntry, PairingList, Peer, Process, PublicKey, ReceiptAnswer, RecordState,
    Revoked, Server, ServerList, Session, StatusAnswer,
};

use super::case::Answer;
use super::lines::success;
use super::{House, Shared};
use crate::desk::Window;
use crate::store::KnownKey;
use crate::store::history::{Receipted, Which};

/// `placet/hello`, and the hash of the token that it brought.
///
/// # Errors
/// [`Flaw`] if no version fits. A token that is not known is no error: nobody is paired then.
pub(super) fn hello(
    id: &Id,
    hello: &Hello,
    kernel: &Kernel,
    house: &House,
) -> Result<(Answer, Option<Digest>), Flaw> {
    if !hello.versions.iter().any(|version| version == VERSION) {
        let sentence = format!("has none that is spoken here: {VERSION}");
        return Err(Flaw::of(Fault::NoCommonVersion, "versions", sentence));
    }
    let token = hello.token.as_ref().map(|token| Digest::of_bytes(token.expose().as_bytes()));
    let name =
        token.as_ref().and_then(|token| house.store.state().pairing(token).map(str::to_owned));
    let answer = HelloAnswer {
        version: VERSION.to_owned(),
        app: App { name: "placet".to_owned(), version: house.version.clone() },
        capabilities: Capabilities {
            methods: Ask::METHODS.map(str::to_owned).to_vec(),
            notifications: vec![RequestStatus::METHOD.to_owned(), PairCode::METHOD.to_owned()],
            intake: vec!["start".to_owned()],
            delivery: vec!["code".to_owned()],
            modes: vec!["form".to_owned()],
        },
        peer: peer(kernel),
        paired: name.map(|name| PairedName { name }),
    };
    Ok((written(id, &answer)?, token))
}

/// All others.
///
/// # Errors
/// [`Flaw`] if the record cannot be read or written.
pub(super) async fn at_once<W: Window, S, A>(
    id: &Id,
    ask: &Ask,
    shared: &Shared<W, S, A>,
) -> Result<Answer, Flaw> {
    let house = &shared.house;
    match ask {
        Ask::Status => written(id, &status(house)),
        Ask::ListServers => written(id, &servers(house)),
        Ask::ListPairings => written(id, &pairings(house)),
        Ask::RevokePairing(asked) => written(id, &revoke(asked, house).await?),
        Ask::ListLog(asked) => written(id, &log(asked, house).await?),
        Ask::ListKeys => written(id, &keys(house)),
        Ask::Open => written(id, &Opened { shown: shared.desk.open(), waiting: waiting(house) }),
        // The others are decided by a person (see `case`), so this is a mistake of ours.
        _ => Err(Flaw::new(Fault::Internal, "this method is not answered at once")),
    }
}

/// True for the calls of [`at_once`].
pub(super) const fn is_at_once(ask: &Ask) -> bool {
    matches!(
        ask,
        Ask::Status
            | Ask::ListServers
            | Ask::ListPairings
            | Ask::RevokePairing(_)
            | Ask::ListLog(_)
            | Ask::ListKeys
            | Ask::Open
    )
}

fn written<T: serde::Serialize>(id: &Id, result: &T) -> Result<Answer, Flaw> {
    success(id, result).ok_or_else(|| Flaw::new(Fault::Internal, "the answer could not be written"))
}

fn peer(kernel: &Kernel) -> Peer {
    let place = match kernel.place {
        Place::Session => "session",
        Place::Ssh => "ssh",
        Place::Container => "container",
        Place::Unknown => "unknown",
    };
    Peer {
        uid: kernel.uid,
        pid: kernel.pid,
        program: kernel.chain.first().and_then(|process| process.exe.clone()),
        chain: kernel
            .chain
            .iter()
            .map(|process| Process { pid: process.pid, name: process.name.clone() })
            .collect(),
        place: place.to_owned(),
    }
}

fn status(house: &House) -> StatusAnswer {
    let state = house.store.state();
    let paused_until = state.paused_until();
    StatusAnswer {
        version: house.version.clone(),
        uptime_s: house.clock.awake_and_asleep().saturating_sub(house.started_ms) / 1000,
        waiting: waiting(house),
        paused_until: (paused_until > house.clock.now()).then_some(paused_until.0),
        muted: muted(house),
        paired_agents: count(state.pairings().len()),
        servers: count(state.servers().len()),
        tier: if house.surroundings.hardened { "hardened" } else { "unhardened" }.to_owned(),
        session: Session {
            observable: house.surroundings.observable,
            display: house.station.drawn_on().map(str::to_owned),
            seat: Some(house.surroundings.seat.as_str().to_owned()),
        },
        record: RecordState {
            entries: state.entries(),
            head: state.head().map(|head| head.as_str().to_owned()),
            ok: house.store.trouble().borrow().is_none(),
        },
        keys: Use::ALL.map(|used_for| key(house, used_for)).to_vec(),
    }
}

fn key(house: &House, used_for: Use) -> KeyState {
    let keys = house.store.keys();
    let keys = keys.borrow();
    let used = used_for.as_str().to_owned();
    match keys.of(used_for) {
        Ok(key) => KeyState {
            used_for: used,
            kid: Some(key.kid().to_owned()),
            seal: Some(key.seal().as_str().to_owned()),
            sentence: key.seal().sentence().to_owned(),
            ok: true,
        },
        Err(trouble) => KeyState {
            used_for: used,
            kid: None,
            seal: None,
            sentence: trouble.to_string(),
            ok: false,
        },
    }
}

fn keys(house: &House) -> KeyList {
    let now = house.store.keys();
    let now = now.borrow().receipts.as_ref().ok().map(|key| key.kid().to_owned());
    let state = house.store.state();
    let ours = state.keys().find(|(purpose, _)| *purpose == Use::Receipts.as_str());
    let known = ours.map(|(_, known)| known).unwrap_or_default();
    let public = |known: &KnownKey| PublicKey {
        jwk: known.public.clone(),
        at: known.at.0,
        current: now.as_deref() == Some(known.kid.as_str()),
    };
    KeyList { keys: known.iter().map(public).collect() }
}

/// `receipt/show`. Like the log it is for every program of the session; one that is confined from it
/// sees only what was asked under its own name (R7).
///
/// # Errors
/// [`Flaw`] if there is none, or none for this peer: the two are not told apart.
pub(super) async fn receipt(
    id: &Id,
    asked: &ShowReceipt,
    (kernel, pairing): (&Kernel, Option<&str>),
    house: &Arc<House>,
) -> Result<Answer, Flaw> {
    let which = match asked.which.as_str() {
        "last" => Which::Last,
        digest if digest.starts_with("sha256:") => Which::Digest(digest.to_owned()),
        request => Which::Request(request.to_owned()),
    };
    let look = {
        let house = Arc::clone(house);
        tokio::task::spawn_blocking(move || house.history.receipt(&which)).await
    };
    let found = look
        .map_err(|error| error.to_string())
        .and_then(|found| found.map_err(|error| error.to_string()));
    let found = found.map_err(|error| {
        tracing::error!(%error, "the record could not be read");
        Flaw::new(Fault::Internal, "the record could not be read")
    })?;
    let seen = found.filter(|found| is_for(kernel.place, pairing, &found.token));
    let seen =
        seen.ok_or_else(|| Flaw::of(Fault::BadValue, "which", "names no receipt on record"))?;
    let Receipted { seq, at, token: receipt, digest } = seen;
    written(id, &ReceiptAnswer { receipt, digest, seq, at })
}

fn is_for(place: Place, pairing: Option<&str>, token: &str) -> bool {
    let asked_by = || Receipt::peek(token).and_then(|receipt| receipt.requester.pairing);
    match place {
        Place::Session => true,
        Place::Ssh | Place::Container | Place::Unknown => {
            pairing.is_some_and(|name| asked_by().as_deref() == Some(name))
        }
    }
}

fn muted(house: &House) -> Vec<Muted> {
    let now = house.clock.now();
    let state = house.store.state();
    let muted = state.muted().filter(|(_, until)| *until > now);
    muted
        .map(|(bucket, until)| Muted { who: Request::who(bucket).to_owned(), until: until.0 })
        .collect()
}

fn servers(house: &House) -> ServerList {
    let servers = house
        .store
        .state()
        .servers()
        .iter()
        .map(|server| Server {
            issuer: server.issuer.clone(),
            name: server.name.clone(),
            client_id: server.client_id.clone(),
            account: server.account.clone(),
            danger_http_loopback: server.danger_http_loopback,
            authorities: server.way.authorities.iter().map(authority).collect(),
            proxy: server.way.proxy.as_ref().map(|proxy| proxy.as_str().to_owned()),
        })
        .collect();
    ServerList { servers }
}

fn authority(authority: &placet_core::way::Authority) -> Authority {
    Authority {
        subject: authority.subject.clone(),
        sha256: authority.sha256.clone(),
        not_after: authority.not_after.0,
    }
}

fn pairings(house: &House) -> PairingList {
    let state = house.store.state();
    let entry = |(name, paired): (&str, &crate::store::Paired)| PairingEntry {
        name: name.to_owned(),
        paired_at: paired.at.0,
    };
    PairingList { pairings: state.pairings().map(entry).collect() }
}

async fn revoke(asked: &RevokePairing, house: &House) -> Result<Revoked, Flaw> {
    let revoked = house.revoke(&asked.name).await;
    revoked
        .map(|revoked| Revoked { revoked })
        .map_err(|error| Flaw::new(Fault::Internal, error.to_string()))
}

async fn log(asked: &ListLog, house: &House) -> Result<LogPage, Flaw> {
    let lines = house.store.log(asked.limit, asked.before).await;
    let lines = lines.map_err(|error| {
        tracing::error!(%error, "the record could not be read");
        Flaw::new(Fault::Internal, "the record could not be read")
    })?;
    let state = house.store.state();
    // The number leads a person to one prompt: while that waits, it is its asker's alone to tell.
    let over = |line: &crate::store::Line| {
        line.request.as_ref().is_none_or(|request| !state.is_open(request))
    };
    let entry = |line: crate::store::Line| LogEntry {
        code: line.code.clone().filter(|_| over(&line)),
        brief: line.brief.clone().filter(|_| over(&line)),
        agent: line.agent,
        sentence: line.reason.as_deref().and_then(sentence),
        reason: line.reason,
        seq: line.seq,
        at: line.at.0,
        request: line.request.map(|id| id.0),
        event: line.event,
        digest: line.hash,
        summary: line.summary,
        outcome: line.outcome,
        receipt: line.receipt,
    };
    Ok(LogPage { entries: lines.into_iter().map(entry).collect() })
}

/// What a reason's code says, if this version knows it.
fn sentence(code: &str) -> Option<String> {
    let reason = Reason::ALL.iter().find(|reason| reason.code() == code);
    reason.map(|reason| reason.sentence().to_owned())
}

fn waiting(house: &House) -> u32 {
    count(house.board.waiting().borrow().len())
}

fn count(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use placet_keys::receipt::{Requester, Seen};

    use super::*;

    #[test]
    fn r7_a_program_that_is_confined_sees_the_receipts_of_its_own_pairing_alone() {
        let of = |pairing: Option<&str>| {
            let text = || "x".to_owned();
            let receipt = Receipt {
                jti: text(),
                iss: text(),
                iat: 0,
                exp: 0,
                aud: text(),
                txn: text(),
                kind: text(),
                outcome: text(),
                reason: text(),
                approval_hash: text(),
                display_hash: None,
                issuer: None,
                requester: Requester {
                    pairing: pairing.map(str::to_owned),
                    kernel: Seen { uid: 0, place: text(), program: None, program_hash: None },
                    claims: Some("worker".to_owned()),
                },
                method: None,
                assurance: None,
                observable: true,
                app_version: text(),
                seal: text(),
                prev: None,
                meaning: text(),
            };
            format!("x.{}.x", URL_SAFE_NO_PAD.encode(serde_json::to_vec(&receipt).unwrap()))
        };
        for place in [Place::Ssh, Place::Container, Place::Unknown] {
            assert!(is_for(place, Some("worker"), &of(Some("worker"))));
            assert!(!is_for(place, Some("other"), &of(Some("worker"))), "{place:?}");
            assert!(!is_for(place, None, &of(Some("worker"))), "{place:?}");
            assert!(!is_for(place, None, &of(None)), "{place:?}");
            assert!(!is_for(place, Some("worker"), &of(None)), "a claim is no pairing");
            assert!(!is_for(place, Some("worker"), "garbage"));
        }
        assert!(is_for(Place::Session, None, &of(Some("worker"))), "as with the log");
    }
}

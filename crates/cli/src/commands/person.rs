//! The person's own commands: how Placet is, what is trusted, what was recorded.

use std::io::Read as _;
use std::path::Path;

use placet_wire::ask::Ask;
use placet_wire::params::{AddServer, CA_MAX, RemoveServer, RevokePairing};
use placet_wire::passkeys::RegisterAtServer;
use placet_wire::results::{
    Opened, PairingList, Revoked, Server, ServerList, Session, StatusAnswer,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::ask::{conclude, put};
use super::converse;
use crate::args::{Agents, Global, Servers};
use crate::conversation::Conversation;
use crate::exit::{Exit, Stop};
use crate::print::Printer;
use crate::socket;

/// `placet status`: one call, no hello, so that it costs next to nothing. Who names an agent is told
/// if there is none of that name.
pub(crate) fn status(global: &Global, printer: &mut Printer) -> Result<Exit, Stop> {
    let mut conversation = match global.agent {
        Some(_) => converse(global, printer)?.0,
        None => Conversation::open(&socket::path(global.socket.as_deref())?, printer)?,
    };
    let (at, value): (StatusAnswer, Value) = conversation.call(Ask::Status, |_| {})?;
    printer.answer(&value, || {
        let session = match at.session.observable {
            true => "other programs can watch or inject input",
            false => "closed to other programs",
        };
        let record = match at.record.ok {
            true => "whole",
            false => "NOT WHOLE: see placet log",
        };
        let mut lines = vec![
            format!("Placet {}, running for {} s, {}", at.version, at.uptime_s, at.tier),
            format!("waiting: {}", at.waiting),
            format!("agents: {}, servers: {}", at.paired_agents, at.servers),
            format!("session: {session}"),
            format!("display: {}", display(&at.session)),
            format!("record: {}, {record}", count(at.record.entries, "entry", "entries")),
        ];
        lines.extend(at.keys.iter().filter(|key| key.used_for == "receipts").map(|key| {
            match (key.ok, key.seal.as_deref()) {
                (true, Some("file")) => {
                    "receipts: signed, with a key that any program of yours can read".to_owned()
                }
                (true, _) => "receipts: signed".to_owned(),
                (false, _) => format!("receipts: NOT SIGNED: {}", key.sentence),
            }
        }));
        lines.extend(at.paused_until.map(|until| {
            format!("paused until {}: every request is declined at once", utc(until))
        }));
        lines.extend(
            at.muted.iter().map(|muted| format!("muted until {}: {}", utc(muted.until), muted.who)),
        );
        if at.paused_until.is_some() || !at.muted.is_empty() {
            lines.push("to end that: the menu of Placet's icon, or its book".to_owned());
        }
        lines
    })?;
    Ok(Exit::Approved)
}

fn count(of: u64, one: &str, many: &str) -> String {
    format!("{of} {}", if of == 1 { one } else { many })
}

/// Which display the prompt is on, and whether the person is there.
fn display(session: &Session) -> String {
    let display = session.display.as_deref().unwrap_or("not known");
    match session.seat.as_deref() {
        Some("here") => format!("{display}, where you are logged in"),
        Some("elsewhere") => format!("{display}, NOT the screen that you are logged in at"),
        _ => display.to_owned(),
    }
}

/// `placet hello`.
pub(crate) fn hello(global: &Global, printer: &mut Printer) -> Result<Exit, Stop> {
    let (_, answer, value) = converse(global, printer)?;
    printer.answer(&value, || {
        let peer = &answer.peer;
        let chain: Vec<_> = peer.chain.iter().map(|p| format!("{} ({})", p.name, p.pid)).collect();
        let paired = answer.paired.as_ref().map_or("no", |paired| &paired.name);
        vec![
            format!("{} {}, protocol {}", answer.app.name, answer.app.version, answer.version),
            format!("you: uid {}, {}", peer.uid, peer.program.as_deref().unwrap_or("unknown")),
            format!("started by: {}", chain.join(" < ")),
            format!("place: {}", peer.place),
            format!("paired: {paired}"),
            format!("methods: {}", answer.capabilities.methods.join(" ")),
        ]
    })?;
    Ok(Exit::Approved)
}

/// `placet open`.
pub(crate) fn open(global: &Global, printer: &mut Printer) -> Result<Exit, Stop> {
    let (opened, value): (Opened, Value) = quick(global, printer, Ask::Open)?;
    printer.answer(&value, || vec![format!("waiting: {}", opened.waiting)])?;
    if opened.shown && opened.waiting == 0 {
        printer.progress("Nothing is waiting. The book is open.");
    }
    if opened.shown || opened.waiting == 0 {
        return Ok(Exit::Approved);
    }
    printer.say("Placet has no window in this session.");
    Ok(Exit::Other)
}

/// `placet as`.
pub(crate) fn servers(
    asked: Servers,
    global: &Global,
    printer: &mut Printer,
) -> Result<Exit, Stop> {
    let ask = match asked {
        Servers::List => {
            let (list, value): (ServerList, Value) = quick(global, printer, Ask::ListServers)?;
            printer.answer(&value, || list.servers.iter().map(server).collect())?;
            if list.servers.is_empty() {
                printer.progress("No server is trusted yet; `placet as add` adds one.");
            }
            return Ok(Exit::Approved);
        }
        Servers::Add(add) => Ask::AddServer(AddServer {
            issuer: add.issuer,
            client_id: add.client_id,
            account: add.account,
            name: add.name,
            danger_allow_http_loopback: add.danger_allow_http_loopback,
            ca: add.ca.as_deref().map(certificates).transpose()?,
            proxy: add.proxy,
        }),
        Servers::Register { issuer } => Ask::RegisterAtServer(RegisterAtServer { issuer }),
        Servers::Remove { issuer, account } => Ask::RemoveServer(RemoveServer { issuer, account }),
    };
    let (mut conversation, ..) = converse(global, printer)?;
    let (ended, value) = put(&mut conversation, ask, printer)?;
    conclude(&ended, &value, printer)
}

/// `placet agents`.
pub(crate) fn agents(asked: Agents, global: &Global, printer: &mut Printer) -> Result<Exit, Stop> {
    match asked {
        Agents::List => {
            let (list, value): (PairingList, Value) = quick(global, printer, Ask::ListPairings)?;
            printer.answer(&value, || {
                let line = |entry: &placet_wire::results::PairingEntry| {
                    format!("{} since {}", entry.name, utc(entry.paired_at))
                };
                list.pairings.iter().map(line).collect()
            })?;
            if list.pairings.is_empty() {
                printer.progress("No agent has a name yet; `placet pair` gives it one.");
            }
            Ok(Exit::Approved)
        }
        Agents::Remove { name } => {
            let ask = Ask::RevokePairing(RevokePairing { name });
            let (revoked, value): (Revoked, Value) = quick(global, printer, ask)?;
            let word = if revoked.revoked { "removed" } else { "unknown" };
            printer.answer(&value, || vec![word.to_owned()])?;
            if !revoked.revoked {
                printer
                    .say("No agent has this name; `placet agents list` shows those that have one.");
            }
            Ok(if revoked.revoked { Exit::Approved } else { Exit::Other })
        }
    }
}

/// A call that asks nobody.
pub(super) fn quick<T: DeserializeOwned>(
    global: &Global,
    printer: &mut Printer,
    ask: Ask,
) -> Result<(T, Value), Stop> {
    let (mut conversation, ..) = converse(global, printer)?;
    conversation.call(ask, |_| {})
}

/// The text of a file of certificates: what is in it now is what the person will be asked about.
fn certificates(file: &Path) -> Result<String, Stop> {
    let sorry = |why: &str| Stop::Usage(format!("--ca: {} {why}", file.display()));
    let most = u64::try_from(CA_MAX).unwrap_or(u64::MAX);
    let open = std::fs::File::open(file).map_err(|error| sorry(&format!("({error})")))?;
    let mut text = String::new();
    // One byte more than is taken, to know that it is too long; a pipe or a device ends there too.
    open.take(most.saturating_add(1))
        .read_to_string(&mut text)
        .map_err(|error| sorry(&format!("cannot be read as text ({error})")))?;
    if text.len() > CA_MAX {
        return Err(sorry(&format!("has more than {CA_MAX} bytes; give the authority alone")));
    }
    if text.trim().is_empty() {
        return Err(sorry("is empty"));
    }
    Ok(text)
}

fn server(server: &Server) -> String {
    let danger = if server.danger_http_loopback { ", DANGER: plain http" } else { "" };
    let mut line = format!(
        "{} ({}) for {} as {}{danger}",
        server.issuer, server.name, server.account, server.client_id
    );
    for (number, authority) in server.authorities.iter().enumerate() {
        let by = if number == 0 { ", vouched for only by" } else { "or by" };
        line.push_str(&format!("{by} {} (SHA-256 {}) ", authority.subject, authority.sha256));
    }
    let mut line = line.trim_end().to_owned();
    if let Some(proxy) = &server.proxy {
        line.push_str(&format!(", through {proxy}"));
    }
    line
}

/// Milliseconds since 1970 as `2026-11-18T11:06:40Z`, by the civil calendar.
pub(super) fn utc(at: i64) -> String {
    let seconds = at.div_euclid(1000);
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Days since 0000-03-01, in eras of 400 years of 146097 days each.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected values: `date -u -d @SECONDS +%FT%TZ`.
    #[test]
    fn times_are_those_of_date() {
        for (at, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400_000, "2000-02-29T00:00:00Z"),
            (1_795_000_000_123, "2026-11-18T11:06:40Z"),
            (4_107_542_399_000, "2100-02-28T23:59:59Z"),
            (-1, "1969-12-31T23:59:59Z"),
        ] {
            assert_eq!(utc(at), text);
        }
    }
}

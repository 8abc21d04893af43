//! `placet receipt`: show one, verify one, print the key.
//!
//! **Promises.** `verify` exits with 0 only for a receipt whose signature holds, whose time is not
//! over, that is meant for whom it was said to be, that was not used before, and that is of a yes.
//! With `--key` it asks nobody. Without, the Placet that runs here says which keys are its own, and
//! a receipt of such a key that is not on its record is refused: Placet did not make it.
//!
//! **Never** taken for proof that an action is authorized: what a receipt means, it says itself.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use placet_keys::PublicKey;
use placet_keys::receipt::{self, Receipt};
use placet_wire::ask::Ask;
use placet_wire::outcome::Outcome;
use placet_wire::params::ShowReceipt;
use placet_wire::results::{KeyList, ReceiptAnswer};
use serde_json::{Value, json};

use super::converse;
use super::person::{quick, utc};
use crate::args::{self, Global, VerifyReceipt};
use crate::exit::{Exit, Stop};
use crate::print::Printer;

/// A receipt has about 1,500 bytes.
const BYTES_MAX: u64 = 64 * 1024;

/// `placet receipt`.
pub(crate) fn receipt(
    asked: &args::Receipt,
    global: &Global,
    printer: &mut Printer,
) -> Result<Exit, Stop> {
    match asked {
        args::Receipt::Show { which } => show(which, global, printer),
        args::Receipt::Verify(asked) => verify(asked, global, printer),
        args::Receipt::Key => key(global, printer),
    }
}

fn show(which: &str, global: &Global, printer: &mut Printer) -> Result<Exit, Stop> {
    let (found, _) = on_record(which, global, printer)?;
    let read = Receipt::peek(&found.receipt);
    let value = json!({
        "receipt": found.receipt, "digest": found.digest, "seq": found.seq, "at": found.at,
        "claims": read,
    });
    printer.answer(&value, || vec![found.receipt.clone()])?;
    for line in read.iter().flat_map(told) {
        printer.progress(&line);
    }
    printer.progress(&format!("digest: {}", found.digest));
    Ok(Exit::Approved)
}

fn key(global: &Global, printer: &mut Printer) -> Result<Exit, Stop> {
    let (list, value): (KeyList, Value) = quick(global, printer, Ask::ListKeys)?;
    let current = list.keys.iter().find(|key| key.current);
    if printer.is_json() {
        printer.object(&value)?;
    } else if let Some(key) = current {
        printer.object(&key.jwk)?;
    }
    if current.is_none() {
        printer.say("There is no key to sign receipts with now; `placet status` says why.");
        return Ok(Exit::Other);
    }
    Ok(Exit::Approved)
}

fn verify(asked: &VerifyReceipt, global: &Global, printer: &mut Printer) -> Result<Exit, Stop> {
    let token = match names_one_on_record(&asked.which) {
        true => on_record(&asked.which, global, printer)?.0.receipt,
        false => read(&asked.which)?,
    };
    let (token, now) = (token.trim(), now());
    let judged = match &asked.key {
        Some(key) => Receipt::verify(token, &given(key)?)
            .map(|receipt| (receipt, None))
            .map_err(|refused| refused.to_string()),
        None => with_the_record(token, global, printer)?,
    };
    let (receipt, is_on_record) = match judged {
        Ok(judged) => judged,
        Err(why) => return refused(&why, None, printer),
    };
    if asked.aud.as_ref().is_some_and(|aud| *aud != receipt.aud) {
        return refused("it is meant for somebody else", Some(&receipt), printer);
    }
    let is_over = receipt.is_over(now);
    if let Some(list) = asked.used.as_deref().filter(|_| !is_over)
        && was_used(list, &receipt.jti)?
    {
        return refused("it was used before", Some(&receipt), printer);
    }
    let value = json!({
        "holds": true, "in_time": !is_over, "on_record": is_on_record,
        "digest": receipt::digest(token), "claims": receipt,
    });
    printer.answer(&value, || {
        let time = match is_over {
            true => format!("its time is over since {}", utc(receipt.exp.saturating_mul(1000))),
            false => format!("in time until {}", utc(receipt.exp.saturating_mul(1000))),
        };
        let mut lines = vec![format!("holds, {time}")];
        lines.extend(told(&receipt));
        lines
    })?;
    if is_over {
        return Ok(Exit::Over);
    }
    let outcome = serde_json::from_value::<Outcome>(json!(receipt.outcome));
    Ok(outcome.map_or(Exit::Other, Exit::from))
}

/// What is said of one that does not count.
fn refused(why: &str, receipt: Option<&Receipt>, printer: &mut Printer) -> Result<Exit, Stop> {
    let value = json!({ "holds": false, "why": why, "claims": receipt });
    printer.answer(&value, || vec![format!("REFUSED: {why}")])?;
    Ok(Exit::Other)
}

/// In a few lines, the meaning last.
fn told(receipt: &Receipt) -> Vec<String> {
    let who = receipt.requester.pairing.as_deref().unwrap_or("an unpaired program");
    let at = utc(receipt.iat.saturating_mul(1000));
    let how = match (&receipt.method, &receipt.assurance) {
        (Some(method), Some(assurance)) => format!(", by {method}, assurance {assurance}"),
        _ => String::new(),
    };
    let mut lines = vec![
        format!("{} ({}) at {at}{how}", receipt.outcome, receipt.reason),
        format!("request {}, {}, asked by {who}, for: {}", receipt.txn, receipt.kind, receipt.aud),
    ];
    if receipt.seal == "file" {
        lines.push("key: in a file that any program of that user can read".to_owned());
    }
    lines.push(receipt.meaning.clone());
    lines
}

/// The keys are the running Placet's, and so is the word on whether it made this receipt.
fn with_the_record(
    token: &str,
    global: &Global,
    printer: &mut Printer,
) -> Result<Result<(Receipt, Option<bool>), String>, Stop> {
    let (mut talk, hello, _) = converse(global, printer)?;
    let (list, _): (KeyList, Value) = talk.call(Ask::ListKeys, |_| {})?;
    let keys: Vec<PublicKey> =
        list.keys.iter().filter_map(|key| PublicKey::from_jwk(&key.jwk).ok()).collect();
    let receipt = match Receipt::verify(token, &keys) {
        Ok(receipt) => receipt,
        Err(refused) => return Ok(Err(refused.to_string())),
    };
    // One that is confined from the session does not see all of the record.
    if hello.peer.place != "session" {
        return Ok(Ok((receipt, None)));
    }
    let ask = Ask::ShowReceipt(ShowReceipt { which: receipt.txn.clone() });
    Ok(match talk.call::<ReceiptAnswer>(ask, |_| {}) {
        Ok((found, _)) if found.receipt == token => Ok((receipt, Some(true))),
        Ok(_) => Err("the record has another receipt of this request".to_owned()),
        Err(Stop::Refused(problem)) if problem.code == -32602 => Err(
            "it is signed with this Placet's key and is not on its record: Placet did not make \
                 it"
            .to_owned(),
        ),
        Err(stop) => return Err(stop),
    })
}

fn names_one_on_record(which: &str) -> bool {
    which == "last" || which.starts_with("req_") || which.starts_with("sha256:")
}

fn on_record(
    which: &str,
    global: &Global,
    printer: &mut Printer,
) -> Result<(ReceiptAnswer, Value), Stop> {
    quick(global, printer, Ask::ShowReceipt(ShowReceipt { which: which.to_owned() }))
}

/// A file, or stdin.
fn read(from: &str) -> Result<String, Stop> {
    let unread = |error: io::Error| Stop::Usage(format!("{from} cannot be read: {error}"));
    let mut text = String::new();
    match from {
        "-" => io::stdin().lock().take(BYTES_MAX).read_to_string(&mut text).map_err(unread)?,
        path => File::open(path)
            .and_then(|file| file.take(BYTES_MAX).read_to_string(&mut text))
            .map_err(unread)?,
    };
    Ok(text)
}

/// The keys of `--key`.
fn given(key: &str) -> Result<Vec<PublicKey>, Stop> {
    let text = match key.strip_prefix('@') {
        Some(path) => fs::read_to_string(path)
            .map_err(|error| Stop::Usage(format!("{path} cannot be read: {error}")))?,
        None => key.to_owned(),
    };
    let value: Value = serde_json::from_str(&text)
        .map_err(|error| Stop::Usage(format!("--key is not JSON: {error}")))?;
    let one = |jwk: &Value| {
        // As `placet receipt key --json` prints them.
        let jwk = jwk.get("jwk").unwrap_or(jwk);
        PublicKey::from_jwk(jwk).map_err(|error| Stop::Usage(format!("--key: {error}")))
    };
    match value.get("keys").and_then(Value::as_array) {
        Some(keys) => keys.iter().map(one).collect(),
        None => Ok(vec![one(&value)?]),
    }
}

/// Whether the list has it; if not, it has it from now on. Held for itself alone meanwhile, so that
/// of two at once one is refused.
fn was_used(list: &Path, jti: &str) -> Result<bool, Stop> {
    let unusable = |error: io::Error| Stop::Local(format!("{}: {error}", list.display()));
    let mut file = OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .mode(0o600)
        .open(list)
        .map_err(unusable)?;
    file.lock().map_err(unusable)?;
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(unusable)?;
    if text.lines().any(|line| line == jti) {
        return Ok(true);
    }
    // A line that was cut off must not swallow this one.
    let begin = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    file.write_all(format!("{begin}{jti}\n").as_bytes()).map_err(unusable)?;
    file.sync_all().map_err(unusable)?;
    Ok(false)
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

//! From what was asked to what is to be decided.
//!
//! **Promises.** A [`Matter`] holds nothing that a requester could use to lead an answer astray:
//! endpoints, `client_id` and account come from enrolment (S6, S7). `authorization_details` is
//! read strictly for the person and kept byte for byte for the server (A5).
//!
//! **Never** contact a server: that is for after a person agreed.

use placet_core::account::{Errand, Task, is_name};
use placet_core::form::{Form, Source};
use placet_core::json::{Limits, parse};
use placet_core::ports::Clock as _;
use placet_core::request::{Authorization, Elicitation, Matter, Pairing, Server, ToolCall};
use placet_core::way::{Proxy, Way};
use placet_wire::ask::Ask;
use placet_wire::elicit::Elicit;
use placet_wire::flaw::{Fault, Flaw};
use placet_wire::params::{
    AddServer, ApprovalRequest, AuthorizationRequest, EXPIRES_IN_DEFAULT, Pair, RemoveServer,
};
use serde_json::{Map, Value};

use super::House;
use crate::random;

/// Seconds that a request lives at least: less than this nobody can read.
const EXPIRES_IN_LEAST: u64 = 15;
/// Seconds that a request lives at most (digest §2.6.5-10).
const EXPIRES_IN_MOST: u64 = 600;

/// What is to be decided, and what came with it.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) matter: Matter,
    pub(super) words: Option<String>,
    pub(super) request_id: Option<String>,
    pub(super) expires_in: u64,
}

impl Asked {
    fn plain(matter: Matter) -> Self {
        Self { matter, words: None, request_id: None, expires_in: EXPIRES_IN_DEFAULT }
    }
}

/// Reads what is to be decided out of a call.
///
/// # Errors
/// [`Flaw`] if that cannot be: the call gets a JSON-RPC error and nothing is recorded.
pub(super) fn asked(ask: Ask, house: &House) -> Result<Asked, Flaw> {
    match ask {
        Ask::Approval(asked) => Ok(approval(asked)),
        Ask::Authorization(asked) => authorization(asked),
        Ask::Elicit(asked) => elicitation(*asked),
        Ask::Pair(asked) => pair(&asked, house),
        Ask::AddServer(asked) => add_server(asked, house),
        Ask::RemoveServer(asked) => remove_server(&asked, house),
        Ask::RegisterAtServer(asked) => errand(asked.issuer, Task::RegisterInstallation, house),
        Ask::AddPasskey(asked) => {
            let name = asked.name.unwrap_or_else(|| "Security key".to_owned());
            errand(asked.issuer, Task::AddPasskey { name: named(name)? }, house)
        }
        Ask::ListPasskeys(asked) => errand(asked.issuer, Task::ListPasskeys, house),
        Ask::RenamePasskey(asked) => {
            let (passkey, name) = (asked.passkey, named(asked.name)?);
            errand(asked.issuer, Task::RenamePasskey { passkey, name }, house)
        }
        Ask::DeletePasskey(asked) => {
            errand(asked.issuer, Task::DeletePasskey { passkey: asked.passkey }, house)
        }
        // All others are answered at once (see `answer`), so this is a mistake of ours.
        _ => Err(Flaw::new(Fault::Internal, "this method asks nobody")),
    }
}

fn approval(asked: ApprovalRequest) -> Asked {
    let matter = Matter::Approval(ToolCall {
        tool: asked.tool,
        arguments: asked.arguments,
        working_directory: asked.working_directory,
    });
    Asked {
        words: asked.reason,
        request_id: asked.request_id,
        expires_in: lifetime(asked.expires_in),
        ..Asked::plain(matter)
    }
}

fn authorization(asked: AuthorizationRequest) -> Result<Asked, Flaw> {
    let authorization_details =
        asked.authorization_details.as_deref().map(details).transpose()?.unwrap_or_default();
    let matter = Matter::Authorization(Authorization {
        issuer: asked.issuer,
        scope: asked.scope,
        resource: asked.resource,
        authorization_details,
        authorization_details_raw: asked.authorization_details,
        acr_values: asked.acr_values,
        max_age: asked.max_age,
        code_challenge: asked.code_challenge,
    });
    Ok(Asked {
        words: asked.reason,
        request_id: asked.request_id,
        expires_in: lifetime(asked.expires_in),
        ..Asked::plain(matter)
    })
}

/// A form that is not understood in full is shown to nobody (F1).
fn elicitation(asked: Elicit) -> Result<Asked, Flaw> {
    let form = Form::parse(&asked.requested_schema, Source::Requester).map_err(|why| {
        Flaw::of(Fault::BadValue, "requestedSchema", format!("is refused: {why}"))
    })?;
    let expires_in = lifetime(asked.expires_in());
    let matter = Matter::Elicitation(Elicitation {
        server: asked.server().map(str::to_owned),
        message: asked.message,
        requested_schema: asked.requested_schema,
        form,
    });
    Ok(Asked { expires_in, ..Asked::plain(matter) })
}

/// RFC 9396 §2: an array of objects, each with a `type`.
fn details(raw: &str) -> Result<Vec<Map<String, Value>>, Flaw> {
    let flaw = |sentence: &str| Flaw::of(Fault::BadValue, "authorization_details", sentence);
    let Value::Array(entries) =
        parse(raw.as_bytes(), Limits::INTAKE).map_err(|refused| flaw(&refused.to_string()))?
    else {
        return Err(flaw("does not hold a JSON array (RFC 9396 §2)"));
    };
    let typed = |entry: Value| match entry {
        Value::Object(entry) if entry.get("type").is_some_and(Value::is_string) => Ok(entry),
        _ => Err(flaw("has an entry that is not an object with a type (RFC 9396 §2)")),
    };
    entries.into_iter().map(typed).collect()
}

fn pair(asked: &Pair, house: &House) -> Result<Asked, Flaw> {
    if let Some(taken) = house.store.state().paired_like(&asked.name) {
        let how = if taken == asked.name { "is" } else { "looks like" };
        let sentence = format!(
            "{how} {taken}, the name of a paired agent; take another, or revoke that pairing first"
        );
        return Err(Flaw::of(Fault::BadValue, "name", sentence));
    }
    let code = random::code().map_err(|error| Flaw::new(Fault::Internal, error.to_string()))?;
    Ok(Asked::plain(Matter::Pair(Pairing { name: asked.name.clone(), code })))
}

fn add_server(asked: AddServer, house: &House) -> Result<Asked, Flaw> {
    if asked.danger_allow_http_loopback && !house.allow_http_loopback {
        let sentence = "is for development: quit Placet and start placet-desktop with --danger-allow-http-loopback";
        return Err(Flaw::of(Fault::BadValue, "danger_allow_http_loopback", sentence));
    }
    let not_a_url = || Flaw::of(Fault::BadValue, "issuer", "is not a full web address");
    let issuer = url::Url::parse(&asked.issuer).map_err(|_| not_a_url())?;
    let host = issuer.host_str().ok_or_else(not_a_url)?.to_owned();
    match issuer.scheme() {
        "https" => {}
        // Nobody is asked about what would not be looked at (RFC 8414 §2: an issuer is https).
        "http" if asked.danger_allow_http_loopback => {}
        "http" => {
            let sentence = "is not encrypted: a server is reached by https. For one of your own at http://localhost, add danger_allow_http_loopback (--danger-allow-http-loopback)";
            return Err(Flaw::of(Fault::BadValue, "issuer", sentence));
        }
        _ => return Err(Flaw::of(Fault::BadValue, "issuer", "does not begin with https://")),
    }
    let way = way(&asked, house)?;
    let state = house.store.state();
    // Another account of a server that has a name already.
    let called = state.accounts(&asked.issuer).next().map(|known| known.name.clone());
    let new = Server {
        name: asked.name.or(called).unwrap_or(host),
        issuer: asked.issuer,
        client_id: asked.client_id,
        account: asked.account,
        // Found when the person has agreed to look.
        challenge_endpoint: None,
        danger_http_loopback: asked.danger_allow_http_loopback,
        way,
    };
    if let Some(known) = state.unlike(&new) {
        let sentence = format!(
            "is enrolled for {:?} as {:?} by another name, ca or proxy, which all accounts of a server share: give the same (placet as list), or remove that one first",
            known.account, known.name
        );
        return Err(Flaw::of(Fault::BadValue, "issuer", sentence));
    }
    drop(state);
    Ok(Asked::plain(Matter::EnrolServer(new)))
}

/// Read here, from the text that came: the person is shown what will be trusted, and not where it
/// lay.
fn way(asked: &AddServer, house: &House) -> Result<Way, Flaw> {
    let flaw = |member: &str, why: &str| Flaw::of(Fault::BadValue, member, why);
    if asked.danger_allow_http_loopback {
        let alone = "goes with https alone, not with danger_allow_http_loopback";
        for (member, given) in [("ca", asked.ca.is_some()), ("proxy", asked.proxy.is_some())] {
            if given {
                return Err(flaw(member, alone));
            }
        }
    }
    let now = house.clock.now();
    let authorities = asked.ca.as_deref().map(|pem| placet_fipa::authorities(pem, now));
    let authorities = authorities.transpose().map_err(|why| flaw("ca", why))?;
    let proxy = asked.proxy.as_deref().map(Proxy::parse).transpose();
    let proxy = proxy.map_err(|why| flaw("proxy", why))?;
    Ok(Way { authorities: authorities.unwrap_or_default(), proxy })
}

fn remove_server(asked: &RemoveServer, house: &House) -> Result<Asked, Flaw> {
    let state = house.store.state();
    let accounts: Vec<&Server> = state.accounts(&asked.issuer).collect();
    let list = "as/list (placet as list) names those that are, byte for byte";
    match (accounts.as_slice(), &asked.account) {
        ([], _) => Err(Flaw::of(Fault::BadValue, "issuer", format!("is not enrolled; {list}"))),
        ([only], None) => Ok(Asked::plain(Matter::RemoveServer((*only).clone()))),
        (several, None) => {
            let names: Vec<String> =
                several.iter().map(|server| format!("{:?}", server.account)).collect();
            let sentence = format!(
                "is needed (--account): this server is enrolled for {}",
                names.join(" and ")
            );
            Err(Flaw::of(Fault::BadValue, "account", sentence))
        }
        (accounts, Some(account)) => {
            match accounts.iter().find(|server| server.account == *account) {
                Some(server) => Ok(Asked::plain(Matter::RemoveServer((*server).clone()))),
                None => Err(Flaw::of(
                    Fault::BadValue,
                    "account",
                    format!("is not enrolled at this server; {list}"),
                )),
            }
        }
    }
}

fn errand(issuer: String, task: Task, house: &House) -> Result<Asked, Flaw> {
    if house.store.state().accounts(&issuer).next().is_none() {
        return Err(not_enrolled());
    }
    let matter = Matter::Errand(Errand { issuer, task });
    // Two sign-ins of a person who looks for their key take longer than one answer.
    Ok(Asked { expires_in: EXPIRES_IN_MOST, ..Asked::plain(matter) })
}

/// A name that looks the same wherever it stands.
fn named(name: String) -> Result<String, Flaw> {
    match is_name(&name) {
        true => Ok(name),
        false => Err(Flaw::of(Fault::BadValue, "name", "takes one line that can be seen")),
    }
}

fn not_enrolled() -> Flaw {
    let sentence = "is not enrolled; as/list (placet as list) names those that are, byte for byte";
    Flaw::of(Fault::BadValue, "issuer", sentence)
}

fn lifetime(asked: Option<u64>) -> u64 {
    asked.unwrap_or(EXPIRES_IN_DEFAULT).clamp(EXPIRES_IN_LEAST, EXPIRES_IN_MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a5_details_are_an_array_of_objects_with_a_type_and_nothing_twice() {
        assert_eq!(details(r#"[{"type":"pay","amount":1.0}]"#).unwrap().len(), 1);
        assert!(details("[]").unwrap().is_empty());
        for bad in [
            "{}",
            "[1]",
            r#"[{"a":1}]"#,
            r#"[{"type":1}]"#,
            r#"[{"type":"a","type":"b"}]"#,
            "[",
            &format!("{}{}", "[".repeat(40), "]".repeat(40)),
        ] {
            assert_eq!(details(bad).unwrap_err().member.as_deref(), Some("authorization_details"));
        }
    }

    #[test]
    fn a_request_lives_between_a_quarter_of_a_minute_and_ten() {
        assert_eq!([lifetime(None), lifetime(Some(1)), lifetime(Some(3600))], [300, 15, 600]);
    }
}

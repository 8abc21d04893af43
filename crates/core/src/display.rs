//! What is shown, as data: the prompt and the book draw exactly this, and its hash is what a
//! decision is bound to (R5, design §6).
//!
//! **Promises.** Every text of a stranger in here went through [`crate::text::visible`] (H9).
//! Every member of what is asked has a row (H3): nothing is cut, nothing is hidden. The order is
//! the action, who asks, where the answer goes, the fields, and last the agent's own words (design §6).
//! [`Screen::lines`] is the whole screen as text, in reading order: what a screen reader says
//! (H20).
//!
//! **Never** put markup, links or images here, nor a value that a person typed.

mod account;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::approved::Approval;
use crate::change;
use crate::code_time;
use crate::field::fields;
pub use crate::field::{FieldView, Input, OptionView};
use crate::form::{Form, Kind};
use crate::json::{Digest, Refused, digest};
use crate::layout::laid_out;
use crate::names::host_in_letters;
use crate::passkey::{Binding, CeremonyStep};
use crate::ports::{Seat, Surroundings};
use crate::request::{
    Asker, Authorization, Elicitation, Kernel, Matter, Place, Request, RequestId, Server,
    Timestamp, ToolCall,
};
pub use crate::section::{Part, Row, Section};
use crate::text::{Text, called, clipped, name, phrase, prose, sentence, visible, visible_line};

/// The agent's own words are clipped at this many characters (H2).
pub const WORDS_LIMIT: usize = 280;
/// More characters than this are not shown: 8 MiB, the largest question, are well below, unless
/// most of it has to be written out.
pub const SHOWN_CHARACTERS: usize = 12 << 20;
/// Nor are more lines.
pub const SHOWN_LINES: usize = 600_000;

/// One state of the prompt, complete.
#[derive(Clone, Debug, Serialize)]
pub struct Screen {
    /// Which request.
    pub request: RequestId,
    /// Which step of it.
    pub step: Step,
    /// Counted from 1; each screen of a request has another number.
    pub round: u32,
    /// One question.
    pub heading: Text,
    /// Warnings that stay: a test server, an unhardened install.
    pub banners: Vec<Text>,
    /// What will happen.
    pub action: Section,
    /// Who asks.
    pub asker: Section,
    /// Where the answer goes.
    pub destination: Section,
    /// What went wrong with the last answer.
    pub problem: Option<Text>,
    /// What to fill in, drawn; the same fields as `form`, in order.
    pub fields: Vec<FieldView>,
    /// The agent's own words, last, framed.
    pub words: Option<Section>,
    /// False if it is too large to be shown in full: then it cannot be approved (H3).
    pub approvable: bool,
    /// The whole action once more, for a notification that may answer it; `None` if none may.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_notification: Option<Text>,
    /// The label of the approving control.
    pub approve: Text,
    /// The label of the refusing control.
    pub deny: Text,
    /// The label of what mutes who asks; a control of the prompt's own, like that for a reason.
    #[serde(skip)]
    pub mute: Text,
    /// A short code that the agent may print as well.
    pub binding_code: Text,
    /// When it is over.
    pub expires_at: Timestamp,
    /// Milliseconds that this computer's clock is ahead of the server's, as far as is known: what
    /// the age of a code is counted by ([`crate::code_time`]).
    #[serde(skip)]
    pub clock_ahead: i64,
    /// What the values are checked against.
    #[serde(skip)]
    pub form: Form,
}

/// Which step of a request a screen belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The action, before anything else happens.
    Review,
    /// A server's question.
    Challenge,
    /// A server's question for a passkey.
    Passkey,
    /// At the authenticator: to be touched, looked for, waited for.
    Authenticator,
    /// The authenticator's PIN.
    Pin,
    /// What was asked was refused as an attack would be: nothing but to be read.
    Refused,
    /// Trust or forget a server.
    Server,
    /// Name an agent.
    Pair,
    /// A change that the book asks for.
    Change,
}

impl Screen {
    /// The first screen of a request: the action, complete, before anything happens.
    #[must_use]
    pub fn review(request: &Request, server: Option<&Server>, surroundings: Surroundings) -> Self {
        let (step, heading, action, destination, approve) = match &request.matter {
            Matter::Approval(call) => (
                Step::Review,
                phrase("Let {} do this?", &[&spoken_of(&request.asker)]),
                tool_call(call),
                Section {
                    title: "Where the answer goes".into(),
                    rows: vec![plain("Only your yes or no goes to the agent. No server is asked.")],
                },
                "Approve",
            ),
            Matter::Authorization(asked) => (
                Step::Review,
                phrase("Let {} do this?", &[&spoken_of(&request.asker)]),
                authorization(asked),
                server_section(server),
                "Approve and continue",
            ),
            Matter::Elicitation(asked) => (
                Step::Review,
                phrase("Answer {}?", &[&spoken_of(&request.asker)]),
                elicitation(asked),
                Section {
                    title: "Where the answer goes".into(),
                    rows: vec![plain(
                        "What you fill in goes to the agent itself, not to a server. It can read it and pass it on.",
                    )],
                },
                "Send to the agent",
            ),
            Matter::EnrolServer(new) => (
                Step::Server,
                "Look at this server?".into(),
                enrolment(new),
                Section {
                    title: "What this means".into(),
                    rows: vec![plain(
                        "Placet will ask this address what it is. Then you decide whether to trust it.",
                    )],
                },
                "Look at this server",
            ),
            Matter::RemoveServer(old) => (
                Step::Server,
                "Forget this server?".into(),
                enrolment(old),
                Section {
                    title: "What this means".into(),
                    rows: vec![plain("Placet will no longer ask this server. Agents get a no.")],
                },
                "Forget this server",
            ),
            Matter::Pair(pairing) => (
                Step::Pair,
                phrase("Pair with {}?", &[&called(&pairing.name)]),
                Section {
                    title: "What this means".into(),
                    rows: vec![
                        row("Name", &pairing.name),
                        plain(
                            "A paired agent may ask you for authorizations. It approves nothing by itself.",
                        ),
                    ],
                },
                Section {
                    title: "Check the code".into(),
                    rows: vec![plain(
                        "Type the code that the agent's terminal prints. If you did not start this, deny.",
                    )],
                },
                "Pair",
            ),
            Matter::Errand(errand) => account::asked(errand, server),
            Matter::Change { change } => change::asked(change),
        };
        let (action, approvable) = shown_in_full(action);
        let form = match &request.matter {
            Matter::Pair(_) => pairing_form(),
            Matter::Elicitation(asked) => asked.form.clone(),
            _ => Form::default(),
        };
        Self {
            request: request.id.clone(),
            step,
            round: 1,
            heading,
            banners: banners(&request.matter, server_of(&request.matter).or(server), surroundings),
            action,
            asker: match &request.matter {
                Matter::Change { .. } => change::asker(),
                _ => asker(&request.asker),
            },
            destination,
            problem: None,
            fields: fields(&form, false),
            words: words(request.words.as_deref()),
            approvable,
            on_notification: None,
            approve: approve.into(),
            deny: "Deny".into(),
            mute: mute(request),
            binding_code: visible_line(&request.binding_code),
            expires_at: request.expires_at,
            clock_ahead: 0,
            form,
        }
    }

    /// With what a notification may show and answer: this is a plain approval of a kind that the
    /// person marked as low-risk. Nothing changes if the whole of it does not fit there (H3).
    #[must_use]
    pub fn offered(mut self) -> Self {
        let plain = self.step == Step::Review && self.fields.is_empty() && self.approvable;
        self.on_notification = plain.then(|| in_short(&self.action)).flatten();
        self
    }

    /// With a warning that stays: this new server could be taken for one that is enrolled.
    #[must_use]
    pub fn resembling(mut self, enrolled: &Server) -> Self {
        self.banners.push(phrase(
            "It looks like {} at {}, which you trust already, and is another server.",
            &[&called(&enrolled.name), &visible_line(&enrolled.issuer)],
        ));
        self
    }

    /// With a warning that stays: this server is enrolled already.
    #[must_use]
    pub fn replacing(mut self, enrolled: &Server) -> Self {
        self.banners.push(phrase(
            "You trust this server already, for the account {}. This takes its place.",
            &[&called(&enrolled.account)],
        ));
        self
    }

    /// What Placet found at a server that is to be enrolled: now it can be trusted.
    #[must_use]
    pub fn found(review: &Self, found: &Server) -> Self {
        let means = "Placet will show this server's questions and send your codes to it.";
        Self {
            round: review.round.saturating_add(1),
            heading: "Trust this server?".into(),
            action: enrolment(found),
            destination: Section { title: "What this means".into(), rows: vec![plain(means)] },
            approve: "Trust this server".into(),
            ..review.clone()
        }
    }

    /// A server's question, on the same screen as the action (H1).
    #[must_use]
    pub fn challenge(
        review: &Self,
        round: u32,
        message: &str,
        form: Form,
        problem: Option<Text>,
        expires_at: Timestamp,
    ) -> Self {
        let mut screen = Self::asking(review, round, message, problem, expires_at);
        screen.step = Step::Challenge;
        screen.fields = fields(&form, true);
        screen.approve = match (form.asks_secret(), form.is_choice()) {
            (true, _) => "Approve with this code".into(),
            (_, true) => "Continue with this".into(),
            _ => "Send to the server".into(),
        };
        screen.form = form;
        screen
    }

    /// Counts the age of codes by the server's clock; says so if this computer's is far from it.
    #[must_use]
    pub fn by_the_servers_clock(mut self, ahead: Option<i64>) -> Self {
        self.clock_ahead = ahead.unwrap_or(0);
        if let (Some(warning), true) = (code_time::astray(self.clock_ahead), self.takes_code()) {
            let secret = self.fields.iter_mut().find(|field| field.input == Input::Secret);
            if let Some(field) = secret {
                field.help.push(warning);
            }
        }
        self
    }

    /// A server's question that takes a one-time code.
    #[must_use]
    pub fn takes_code(&self) -> bool {
        self.step == Step::Challenge && self.form.asks_secret()
    }

    /// A server's question for a passkey, on the same screen as the action; it says what the
    /// signature will be worth.
    #[must_use]
    pub fn passkey(
        review: &Self,
        round: u32,
        message: &str,
        binding: Binding,
        problem: Option<Text>,
        expires_at: Timestamp,
    ) -> Self {
        let mut screen = Self::asking(review, round, message, problem, expires_at);
        screen.step = Step::Passkey;
        let (worth, approve) = match binding {
            Binding::Bound => (
                "Your passkey signs this action: its signature is tied to what the server will do, as it stands above.",
                "Sign this with your passkey",
            ),
            Binding::Unbound => (
                "Your passkey proves that it is you. Its signature is not tied to this action.",
                "Prove that it is you",
            ),
        };
        screen.destination.rows.push(plain(worth));
        screen.approve = approve.into();
        screen
    }

    fn asking(
        review: &Self,
        round: u32,
        message: &str,
        problem: Option<Text>,
        expires_at: Timestamp,
    ) -> Self {
        let mut says = row("The server says", message);
        says.value = prose(message);
        let mut screen = Self { round, problem, expires_at, ..review.clone() };
        screen.destination.rows.push(says);
        screen
    }

    /// With what the server says that it will act on as the action, since that is what an answer is
    /// for (H2).
    #[must_use]
    pub fn acting_on(mut self, approval: &Approval) -> Self {
        let (action, approvable) = shown_in_full(to_be_done(&self.action, approval));
        self.action = action;
        self.approvable = self.approvable && approvable;
        self
    }

    /// While the authenticator works: the same action, and what the person is to do. Nothing on it
    /// approves.
    #[must_use]
    pub fn authenticator(asked: &Self, step: CeremonyStep) -> Self {
        let heading = match step {
            CeremonyStep::Looking => "Put in your security key, or hold it to the reader",
            CeremonyStep::Choosing => "Touch the security key that you want to use",
            CeremonyStep::Touch => "Touch your security key",
            CeremonyStep::Working => "The security key is at work",
        };
        Self {
            step: Step::Authenticator,
            heading: heading.into(),
            problem: None,
            approve: "Waiting for the security key".into(),
            ..asked.clone()
        }
    }

    /// The PIN of the authenticator, on the same screen as the action.
    #[must_use]
    pub fn pin(asked: &Self, round: u32, retries_left: Option<u8>, wrong_before: bool) -> Self {
        let form = pin_form();
        let left = |n: u8| match n {
            1 => Text::from("One try is left before the security key blocks its PIN."),
            n => sentence("{} tries are left before it blocks its PIN.", &[&n.to_string()]),
        };
        let problem = match (wrong_before, retries_left) {
            (false, None) => None,
            (false, Some(n)) => (n <= FEW_TRIES).then(|| left(n)),
            (true, None) => Some("That PIN was wrong.".into()),
            (true, Some(n)) => Some(phrase("That PIN was wrong. {}", &[&left(n)])),
        };
        Self {
            step: Step::Pin,
            round,
            heading: "Type the PIN of your security key".into(),
            problem,
            fields: fields(&form, false),
            approve: "Use this PIN".into(),
            form,
            ..asked.clone()
        }
    }

    /// What was asked was refused as an attack would be. Nothing on it approves.
    #[must_use]
    pub fn refused(review: &Self, round: u32, why: &'static str) -> Self {
        Self {
            step: Step::Refused,
            round,
            heading: "Placet refused this".into(),
            problem: Some(why.into()),
            fields: Vec::new(),
            form: Form::default(),
            approvable: false,
            approve: "Refused".into(),
            deny: "Close".into(),
            ..review.clone()
        }
    }

    /// The same screen after a wrong answer of ours (a pairing code).
    #[must_use]
    pub fn again(&self, problem: Text) -> Self {
        Self { round: self.round.saturating_add(1), problem: Some(problem), ..self.clone() }
    }

    /// SHA-256 of the JCS of this screen (R5).
    ///
    /// # Errors
    /// As [`digest`].
    pub fn hash(&self) -> Result<Digest, Refused> {
        digest(self)
    }

    /// The whole screen as text in reading order (H20). Time left and the number of waiting
    /// requests are not part of it: they change while it stands.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut out = vec![self.heading.as_str().to_owned()];
        out.extend(self.banners.iter().map(|text| text.as_str().to_owned()));
        for section in [&self.action, &self.asker, &self.destination] {
            section.push_lines(&mut out);
        }
        out.extend(self.problem.iter().map(|text| text.as_str().to_owned()));
        for field in &self.fields {
            field.push_lines(&mut out);
        }
        if let Some(words) = &self.words {
            words.push_lines(&mut out);
        }
        out.push(self.deny.as_str().to_owned());
        out.push(self.approve.as_str().to_owned());
        out
    }
}

/// A notification shows at most this much of an action; some daemons cut what is longer.
const SHORT_CHARACTERS: usize = 200;
/// Nor more lines.
const SHORT_LINES: usize = 4;

/// All of an action on a few short lines; `None` if it is more. Titles of ours over rows say nothing
/// of the action.
fn in_short(action: &Section) -> Option<Text> {
    let rows = action.rows.iter().filter(|row| row.part != Part::Heading);
    let lines = rows.map(|row| match row.label.as_str() {
        "" => row.value.clone(),
        _ => phrase("{}: {}", &[&row.label, &row.value]),
    });
    // A line feed in a value could pose as another row.
    let lines =
        lines.map(|line| (line.lines() == 1).then_some(line)).collect::<Option<Vec<_>>>()?;
    let text = lines.iter().cloned().reduce(|all, line| phrase("{}\n{}", &[&all, &line]))?;
    (lines.len() <= SHORT_LINES && text.characters() <= SHORT_CHARACTERS).then_some(text)
}

/// Whom a mute would hit: programs without a name are muted all together.
fn mute(request: &Request) -> Text {
    let whom = match request.bucket() {
        // No pairing has a space in its name.
        whom @ ("" | "set up") => visible_line(Request::who(whom)),
        name => called(name),
    };
    phrase("Deny, and mute {} for 1 hour", &[&whom])
}

/// The action, or that it is too large, and whether it can be approved. What a person cannot be
/// shown in full is not shown in part.
fn shown_in_full(action: Section) -> (Section, bool) {
    let characters = action.characters();
    if characters <= SHOWN_CHARACTERS && action.lines() <= SHOWN_LINES {
        return (action, true);
    }
    let words = sentence(
        "This is too large to be shown in full: {} characters on {} lines. What cannot be shown in full cannot be approved.",
        &[&characters.to_string(), &action.lines().to_string()],
    );
    (Section { rows: vec![fact(Text::default(), words, false)], ..action }, false)
}

/// The name under which a change is asked for.
pub const BOOK: &str = "Placet's book";

/// The name under which a requester is spoken of: its pairing, or that it has none. Never what it
/// calls itself.
#[must_use]
pub fn name_of(asker: &Asker) -> &str {
    asker.pairing.as_deref().unwrap_or("an unpaired program")
}

/// As [`name_of`], for a sentence: no name can go on with it or be taken for having none.
#[must_use]
pub fn spoken_of(asker: &Asker) -> Text {
    asker.pairing.as_deref().map_or_else(|| "an unpaired program".into(), called)
}

pub(crate) fn plain(words: &'static str) -> Row {
    fact(Text::default(), words.into(), false)
}

pub(crate) fn row(label: &'static str, value: &str) -> Row {
    fact(label.into(), visible_line(value), false)
}

fn code(label: &'static str, value: &str) -> Row {
    fact(label.into(), visible(value), true)
}

fn fact(label: Text, value: Text, verbatim: bool) -> Row {
    Row { label, value, verbatim, part: Part::Fact }
}

/// A title over rows that the requester named.
fn heading(words: Text) -> Row {
    Row { part: Part::Heading, ..fact(Text::default(), words, false) }
}

fn tool_call(call: &ToolCall) -> Section {
    let mut rows = vec![row("Tool", &call.tool)];
    if let Some(folder) = &call.working_directory {
        rows.push(code("In the folder", folder));
    }
    match &call.arguments {
        Value::Object(members) if members.is_empty() => {}
        Value::Object(members) => {
            rows.push(heading("Arguments, as the agent gave them".into()));
            rows.extend(members.iter().map(|(name, value)| member(name, value)));
        }
        other => {
            let (kind, text) = typed(other);
            rows.push(fact(Text::from("Arguments").and(kind), text, true));
        }
    }
    Section { title: "What it wants to do".into(), rows }
}

/// Stands over every form whose answers the agent gets (digest §3.5).
const NO_SECRET_HERE: &str =
    "The agent sees what you type here. Never type a password, a code or another secret.";

fn elicitation(asked: &Elicitation) -> Section {
    let server = match &asked.server {
        Some(name) => row("For the server, says the agent", name),
        None => plain("The agent does not say for which server."),
    };
    let says = Row { value: prose(&asked.message), ..row("It says", "") };
    Section { title: "What it asks".into(), rows: vec![server, says] }
}

fn authorization(asked: &Authorization) -> Section {
    let mut rows = Vec::new();
    if let Some(scope) = &asked.scope {
        rows.push(row("Scope", scope));
    }
    rows.extend(asked.resource.iter().map(|resource| row("At", resource)));
    if let Some(values) = &asked.acr_values {
        rows.push(row("Proof wanted", values));
    }
    if let Some(seconds) = asked.max_age {
        rows.push(row("Sign-in not older than", &format!("{seconds} s")));
    }
    let count = asked.authorization_details.len();
    for (number, details) in asked.authorization_details.iter().enumerate() {
        rows.push(heading(match count {
            1 => "Permission, as the agent asked for it".into(),
            _ => sentence(
                "Permission {} of {}, as the agent asked for it",
                &[&number.saturating_add(1).to_string(), &count.to_string()],
            ),
        }));
        rows.extend(permission(details));
    }
    if rows.is_empty() {
        rows.push(plain("It does not say what for: a general sign-in."));
    }
    Section { title: "What it wants to do".into(), rows }
}

/// One permission; of what kind it is comes first.
fn permission(details: &Map<String, Value>) -> Vec<Row> {
    let (kind, rest): (Vec<_>, Vec<_>) = details.iter().partition(|(name, _)| *name == "type");
    kind.into_iter().chain(rest).map(|(name, value)| member(name, value)).collect()
}

/// What the server says that it will act on, every member of it (H2, H3), in place of the
/// permissions as the agent asked for them. Scope and the like, which a signature over it does not
/// cover, stand below under a title of their own.
fn to_be_done(review: &Section, approval: &Approval) -> Section {
    let facts = review.rows.iter().take_while(|row| row.part == Part::Fact);
    let beside: Vec<Row> = facts.filter(|row| !row.label.as_str().is_empty()).cloned().collect();
    let mut rows = Vec::new();
    let members = approval.members();
    let details = members.get("authorization_details").and_then(Value::as_array);
    let count = details.map_or(0, Vec::len);
    for (number, entry) in details.into_iter().flatten().enumerate() {
        rows.push(heading(match count {
            1 => "Permission, as the server will give it".into(),
            _ => sentence(
                "Permission {} of {}, as the server will give it",
                &[&number.saturating_add(1).to_string(), &count.to_string()],
            ),
        }));
        match entry {
            Value::Object(entry) => rows.extend(permission(entry)),
            other => rows.push(member("authorization_details", other)),
        }
    }
    match approval.left_out {
        0 => {}
        1 => rows.push(plain("The server leaves out one permission that was asked for.")),
        n => rows.push(fact(
            Text::default(),
            sentence(
                "The server leaves out {} permissions that were asked for.",
                &[&n.to_string()],
            ),
            false,
        )),
    }
    if let Some(Value::String(reason)) = members.get("reason") {
        let why = fact("The server's reason".into(), prose(reason), false);
        rows.push(why);
    }
    rows.push(heading("The rest of what the server will act on".into()));
    for (name, value) in members {
        let said = name == "authorization_details" && value.is_array()
            || name == "reason" && value.is_string();
        if !said {
            rows.push(member(name, value));
        }
    }
    if !beside.is_empty() {
        rows.push(heading("Beside it, as the agent asked for it".into()));
        rows.extend(beside);
    }
    Section { title: "What the server will do".into(), rows }
}

/// A member that the requester named, with the type of its value beside the name.
fn member(called: &str, value: &Value) -> Row {
    let (kind, text) = typed(value);
    Row { part: Part::Given, ..fact(name(called).and(kind), text, true) }
}

/// Text stands as it is; anything else as JSON, with its type, so that the text `5` and the number 5
/// do not look the same.
fn typed(value: &Value) -> (&'static str, Text) {
    match value {
        Value::String(text) => ("", visible(text)),
        Value::Null => (" (null)", Text::default()),
        Value::Bool(on) => (" (yes or no)", Text::from(if *on { "true" } else { "false" })),
        Value::Number(number) => (" (number)", visible(&number.to_string())),
        Value::Array(_) => (" (list)", visible(&laid_out(value))),
        Value::Object(_) => (" (object)", visible(&laid_out(value))),
    }
}

fn asker(asker: &Asker) -> Section {
    let Kernel { uid: _, pid, chain, cwd, place } = &asker.kernel;
    let mut rows = vec![match &asker.pairing {
        Some(name) => row("Paired as", name),
        None => plain("This program is not paired."),
    }];
    if let Some(claim) = &asker.claims {
        rows.push(row("Says it is", claim));
    }
    if let Some(process) = chain.first() {
        let path = process.exe.as_deref().unwrap_or("not readable");
        rows.push(Row { verbatim: true, ..row("Program", path) });
    }
    if chain.len() > 1 {
        let names: Vec<&str> = chain.iter().map(|process| process.name.as_str()).collect();
        rows.push(row("Started by", &names.join(" ← ")));
    }
    if let Some(folder) = cwd {
        rows.push(Row { verbatim: true, ..row("In the folder", folder) });
    }
    if let Some(pid) = pid {
        rows.push(row("Process", &pid.to_string()));
    }
    match place {
        Place::Session => {}
        Place::Ssh => rows.push(plain("It comes in over SSH.")),
        Place::Container => rows.push(plain("It runs in a container.")),
        Place::Unknown => rows.push(plain("Placet cannot see where it runs.")),
    }
    Section { title: "Who asks".into(), rows }
}

fn server_section(server: Option<&Server>) -> Section {
    let mut rows = Vec::new();
    if let Some(server) = server {
        rows.push(row("Server", &server.name));
        rows.extend(address(&server.issuer));
        rows.push(row("Your account", &server.account));
    }
    rows.push(plain("Your answer goes from Placet to this server. The agent does not see it."));
    Section { title: "Where the answer goes".into(), rows }
}

/// An issuer; one in Punycode also in the letters that it stands for.
fn address(issuer: &str) -> Vec<Row> {
    let mut rows = vec![Row { verbatim: true, ..row("Address", issuer) }];
    if let Some(letters) = host_in_letters(issuer) {
        rows.push(Row { verbatim: true, ..row("In letters", &letters) });
        rows.push(plain("Letters of other scripts can look like those of a name that you know."));
    }
    rows
}

fn enrolment(server: &Server) -> Section {
    let mut rows = vec![row("Name", &server.name)];
    rows.extend(address(&server.issuer));
    rows.push(row("Your account", &server.account));
    rows.push(row("Placet's client_id", &server.client_id));
    // Not known before Placet looked.
    if let Some(endpoint) = &server.challenge_endpoint {
        rows.push(Row { verbatim: true, ..row("Takes answers at", endpoint) });
    }
    Section { title: "The server".into(), rows }
}

fn server_of(matter: &Matter) -> Option<&Server> {
    match matter {
        Matter::EnrolServer(server) | Matter::RemoveServer(server) => Some(server),
        _ => None,
    }
}

fn banners(matter: &Matter, server: Option<&Server>, surroundings: Surroundings) -> Vec<Text> {
    let mut banners = Vec::new();
    if matches!(matter, Matter::Elicitation(_)) {
        banners.push(NO_SECRET_HERE.into());
    }
    if server.is_some_and(|server| server.danger_http_loopback) {
        banners.push("Test server on this machine: the connection is not encrypted.".into());
    }
    if surroundings.seat == Seat::Elsewhere {
        banners.push("This is not the screen that you are logged in at.".into());
    }
    if !surroundings.sees_cover {
        banners.push("Placet cannot see here whether something lies over this window.".into());
    }
    if !surroundings.hardened {
        banners.push("This installation is not hardened: other programs of your account could press its buttons.".into());
    }
    banners
}

fn words(raw: Option<&str>) -> Option<Section> {
    let (text, complete) = clipped(raw?, WORDS_LIMIT);
    let mut rows = vec![fact(Text::default(), text, false)];
    if !complete {
        rows.push(plain("It said more, which is not shown. Decide by what stands above."));
    }
    Some(Section { title: "In the agent's own words (not checked)".into(), rows })
}

/// The field of [`Screen::pin`].
pub const PIN: &str = "pin";

/// With so few tries left it is said before one is wrong.
const FEW_TRIES: u8 = 3;

/// CTAP 2.1, 6.5.1: at least four code points, at most 63 bytes.
fn pin_form() -> Form {
    use crate::form::{Field, TextRule};
    let rule = TextRule { min: Some(4), max: Some(63), ..TextRule::default() };
    Form {
        fields: vec![Field {
            name: PIN.to_owned(),
            title: Some("PIN of the security key".to_owned()),
            description: None,
            required: true,
            kind: Kind::Secret { rule },
        }],
    }
}

/// The field of [`pairing_form`].
pub const PAIRING_CODE: &str = "code";

fn pairing_form() -> Form {
    use crate::form::{Field, TextRule};
    Form {
        fields: vec![Field {
            name: PAIRING_CODE.to_owned(),
            title: Some("Code from the agent's terminal".to_owned()),
            description: None,
            required: true,
            kind: Kind::Text { rule: TextRule::default(), default: None },
        }],
    }
}

#[cfg(test)]
#[path = "display_tests.rs"]
mod tests;

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

use placet_texts::text;
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
use crate::names::{alike, host_in_letters};
use crate::ours;
use crate::passkey::{Binding, CeremonyStep};
use crate::ports::{Seat, Surroundings};
use crate::request::{
    Asker, Authorization, Elicitation, Kernel, Matter, Place, Request, RequestId, Server,
    Timestamp, ToolCall,
};
pub use crate::section::{Part, Row, Section};
use crate::text::{Text, called, clipped, name, prose, visible, visible_line};
use crate::way::{Authority, Way};

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
                ours!("screen-let", who = spoken_of(&request.asker)),
                tool_call(call),
                Section {
                    title: ours!("screen-destination"),
                    rows: vec![plain(ours!("screen-only-yes-or-no"))],
                },
                ours!("screen-approve"),
            ),
            Matter::Authorization(asked) => (
                Step::Review,
                ours!("screen-let", who = spoken_of(&request.asker)),
                authorization(asked),
                server_section(server, server.map_or_else(|| plain(Text::default()), account)),
                ours!("screen-approve-and-continue"),
            ),
            Matter::Elicitation(asked) => (
                Step::Review,
                ours!("screen-answer", who = spoken_of(&request.asker)),
                elicitation(asked),
                Section {
                    title: ours!("screen-destination"),
                    rows: vec![plain(ours!("screen-goes-to-agent"))],
                },
                ours!("screen-send-to-agent"),
            ),
            Matter::EnrolServer(new) => (
                Step::Server,
                ours!("screen-look"),
                enrolment(new),
                Section {
                    title: ours!("screen-means"),
                    rows: vec![plain(ours!("screen-look-means"))],
                },
                ours!("screen-look-yes"),
            ),
            Matter::RemoveServer(old) => (
                Step::Server,
                ours!("screen-forget"),
                enrolment(old),
                Section {
                    title: ours!("screen-means"),
                    rows: vec![plain(ours!("screen-forget-means"))],
                },
                ours!("screen-forget-yes"),
            ),
            Matter::Pair(pairing) => (
                Step::Pair,
                ours!("screen-pair", name = called(&pairing.name)),
                Section {
                    title: ours!("screen-means"),
                    rows: vec![
                        row(ours!("row-name"), &pairing.name),
                        plain(ours!("screen-pair-means")),
                    ],
                },
                Section {
                    title: ours!("screen-check-code"),
                    rows: vec![plain(ours!("screen-type-code"))],
                },
                ours!("screen-pair-yes"),
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
            approve,
            deny: ours!("screen-deny"),
            mute: mute(request),
            // The code of a pairing looks the same, and only that one is to be typed.
            binding_code: match &request.matter {
                Matter::Pair(_) => Text::default(),
                _ => visible_line(&request.binding_code),
            },
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
        self.banners.push(ours!(
            "screen-resembles",
            name = called(&enrolled.name),
            issuer = visible_line(&enrolled.issuer)
        ));
        self
    }

    /// With a warning that stays: this server is enrolled already, for this account.
    #[must_use]
    pub fn replacing(mut self, enrolled: &Server, new: &Server) -> Self {
        self.banners.push(ours!("screen-replaces", account = called(&enrolled.account)));
        if enrolled.way != new.way {
            let given_up =
                enrolled.way.authorities.iter().filter(|one| !new.way.authorities.contains(one));
            self.banners.extend(given_up.map(|authority| {
                ours!("screen-vouched-before", authority = called(&authority.subject))
            }));
            if let Some(proxy) =
                enrolled.way.proxy.as_ref().filter(|_| enrolled.way.proxy != new.way.proxy)
            {
                self.banners.push(ours!("screen-proxy-before", proxy = proxy.as_str()));
            }
        }
        self
    }

    /// With a warning that stays: this server is enrolled already, for other accounts.
    #[must_use]
    pub fn beside(mut self, enrolled: &[Server], new: &Server) -> Self {
        self.banners.push(ours!("screen-adds-account", accounts = all_called(enrolled)));
        if let Some(like) = enrolled.iter().find(|server| alike(&server.account, &new.account)) {
            let (new, like) = (called(&new.account), called(&like.account));
            self.banners.push(ours!("screen-account-alike", account = new, like = like));
        }
        self
    }

    /// Only one account of a server is to be forgotten.
    #[must_use]
    pub fn forgetting_one(mut self, stay: &[Server]) -> Self {
        self.heading = ours!("screen-forget-account");
        let means = ours!("screen-forget-account-means", accounts = all_called(stay));
        self.destination.rows = vec![plain(means)];
        self.approve = ours!("screen-forget-account-yes");
        self
    }

    /// With the choice between several accounts of the server. The one that was used last is chosen at
    /// first, else the one that was enrolled first: one that came later is used only when the person
    /// has chosen it.
    #[must_use]
    pub fn choosing(mut self, accounts: &[Server], last: Option<&str>) -> Self {
        let used = accounts.iter().position(|server| Some(server.account.as_str()) == last);
        let mut order: Vec<&Server> = accounts.iter().collect();
        if let Some(used) = used {
            let used = order.remove(used);
            order.insert(0, used);
        }
        let alike = order.iter().enumerate().find_map(|(at, one)| {
            let later = order.iter().skip(at.saturating_add(1));
            let mut like = later.filter(|other| alike(&one.account, &other.account));
            like.next().map(|other| (one, other))
        });
        if let Some((one, other)) = alike {
            let (one, other) = (called(&one.account), called(&other.account));
            self.banners.push(ours!("screen-accounts-alike", one = one, other = other));
        }
        self.form = account_form(&order);
        self.fields = fields(&self.form, false);
        let chosen = plain(ours!("screen-account-below"));
        self.destination = server_section(order.first().copied(), chosen);
        self
    }

    /// As [`choosing`](Self::choosing) was answered: from here on it is for this account.
    #[must_use]
    pub fn chosen(mut self, server: &Server) -> Self {
        self.form = Form::default();
        self.fields = Vec::new();
        self.destination = server_section(Some(server), account(server));
        self
    }

    /// What Placet found at a server that is to be enrolled: now it can be trusted.
    #[must_use]
    pub fn found(review: &Self, found: &Server) -> Self {
        let means = ours!("screen-trust-means");
        Self {
            round: review.round.saturating_add(1),
            heading: ours!("screen-trust"),
            action: enrolment(found),
            destination: Section { title: ours!("screen-means"), rows: vec![plain(means)] },
            approve: ours!("screen-trust-yes"),
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
        screen.destination.rows.extend(form_says(&form));
        screen.fields = fields(&form, true);
        screen.approve = match (form.asks_secret(), form.is_choice()) {
            (true, _) => ours!("screen-approve-code"),
            (_, true) => ours!("screen-continue"),
            _ => ours!("screen-send-to-server"),
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
            Binding::Bound => (ours!("screen-bound"), ours!("screen-sign")),
            Binding::Unbound => (ours!("screen-unbound"), ours!("screen-prove")),
        };
        screen.destination.rows.push(plain(worth));
        screen.approve = approve;
        screen
    }

    fn asking(
        review: &Self,
        round: u32,
        message: &str,
        problem: Option<Text>,
        expires_at: Timestamp,
    ) -> Self {
        let mut says = row(ours!("row-server-says"), message);
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
            CeremonyStep::Looking => ours!("key-looking"),
            CeremonyStep::Choosing => ours!("key-choosing"),
            CeremonyStep::Touch => ours!("key-touch"),
            CeremonyStep::Working => ours!("key-working"),
        };
        Self {
            step: Step::Authenticator,
            heading,
            problem: None,
            approve: ours!("key-waiting"),
            ..asked.clone()
        }
    }

    /// The PIN of the authenticator, on the same screen as the action.
    #[must_use]
    pub fn pin(asked: &Self, round: u32, retries_left: Option<u8>, wrong_before: bool) -> Self {
        let form = pin_form();
        let left = |n: u8| ours!("pin-tries", tries = n);
        let problem = match (wrong_before, retries_left) {
            (false, None) => None,
            (false, Some(n)) => (n <= FEW_TRIES).then(|| left(n)),
            (true, None) => Some(ours!("pin-wrong")),
            (true, Some(n)) => Some(ours!("pin-wrong").then(&left(n))),
        };
        Self {
            step: Step::Pin,
            round,
            heading: ours!("pin-type"),
            problem,
            fields: fields(&form, false),
            approve: ours!("pin-use"),
            form,
            ..asked.clone()
        }
    }

    /// What was asked was refused as an attack would be. Nothing on it approves.
    #[must_use]
    pub fn refused(review: &Self, round: u32, why: Text) -> Self {
        Self {
            step: Step::Refused,
            round,
            heading: ours!("screen-refused"),
            problem: Some(why),
            fields: Vec::new(),
            form: Form::default(),
            approvable: false,
            approve: ours!("screen-refused-no"),
            deny: ours!("screen-close"),
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
        _ => ours!("row-in-short", label = &row.label, value = &row.value),
    });
    // A line feed in a value could pose as another row.
    let lines =
        lines.map(|line| (line.lines() == 1).then_some(line)).collect::<Option<Vec<_>>>()?;
    let text = lines.iter().cloned().reduce(|all, line| all.above(&line))?;
    (lines.len() <= SHORT_LINES && text.characters() <= SHORT_CHARACTERS).then_some(text)
}

/// Whom a mute would hit: programs without a name are muted all together.
fn mute(request: &Request) -> Text {
    let whom = match request.bucket() {
        // No pairing has a space in its name.
        whom @ ("" | "set up") => muted(whom),
        name => called(name),
    };
    ours!("screen-mute", whom = whom)
}

/// The action, or that it is too large, and whether it can be approved. What a person cannot be
/// shown in full is not shown in part.
fn shown_in_full(action: Section) -> (Section, bool) {
    let characters = action.characters();
    if characters <= SHOWN_CHARACTERS && action.lines() <= SHOWN_LINES {
        return (action, true);
    }
    let words = ours!("screen-too-large", characters = characters, lines = action.lines());
    (Section { rows: vec![fact(Text::default(), words, false)], ..action }, false)
}

/// The name under which a change is asked for.
#[must_use]
pub fn book() -> Text {
    ours!("asker-book")
}

/// The name under which a requester is spoken of: its pairing, or that it has none. Never what it
/// calls itself.
#[must_use]
pub fn name_of(asker: &Asker) -> Text {
    asker.pairing.as_deref().map_or_else(|| ours!("asker-unpaired"), visible_line)
}

/// Whom a mute stops, in words ([`Request::bucket`]).
#[must_use]
pub fn muted(bucket: &str) -> Text {
    match bucket {
        "" => ours!("mute-unpaired"),
        "set up" => ours!("mute-set-up"),
        agent => visible_line(agent),
    }
}

/// As [`name_of`], for a sentence: no name can go on with it or be taken for having none.
#[must_use]
pub fn spoken_of(asker: &Asker) -> Text {
    asker.pairing.as_deref().map_or_else(|| ours!("asker-unpaired"), called)
}

pub(crate) fn plain(words: Text) -> Row {
    fact(Text::default(), words, false)
}

pub(crate) fn row(label: Text, value: &str) -> Row {
    fact(label, visible_line(value), false)
}

fn code(label: Text, value: &str) -> Row {
    fact(label, visible(value), true)
}

fn fact(label: Text, value: Text, verbatim: bool) -> Row {
    Row { label, value, verbatim, part: Part::Fact }
}

/// A title over rows that the requester named.
fn heading(words: Text) -> Row {
    Row { part: Part::Heading, ..fact(Text::default(), words, false) }
}

fn tool_call(call: &ToolCall) -> Section {
    let mut rows = vec![row(ours!("row-tool"), &call.tool)];
    if let Some(folder) = &call.working_directory {
        rows.push(code(ours!("row-folder"), folder));
    }
    match &call.arguments {
        Value::Object(members) if members.is_empty() => {}
        Value::Object(members) => {
            rows.push(heading(ours!("screen-arguments")));
            rows.extend(members.iter().map(|(name, value)| member(name, value)));
        }
        other => {
            let (kind, text) = typed(other);
            rows.push(fact(kind.after(ours!("row-arguments")), text, true));
        }
    }
    Section { title: ours!("screen-wants"), rows }
}

fn elicitation(asked: &Elicitation) -> Section {
    let server = match &asked.server {
        Some(name) => row(ours!("row-for-server"), name),
        None => plain(ours!("screen-no-server-said")),
    };
    let says = Row { value: prose(&asked.message), ..row(ours!("row-says"), "") };
    let mut rows = vec![server, says];
    rows.extend(form_says(&asked.form));
    Section { title: ours!("screen-asks"), rows }
}

/// What a form says of itself.
fn form_says(form: &Form) -> impl Iterator<Item = Row> + '_ {
    form.says.iter().map(|said| Row { value: prose(said), ..row(ours!("row-form-says"), "") })
}

fn authorization(asked: &Authorization) -> Section {
    let mut rows = Vec::new();
    if let Some(scope) = &asked.scope {
        rows.push(row(ours!("row-scope"), scope));
    }
    rows.extend(asked.resource.iter().map(|resource| row(ours!("row-at"), resource)));
    if let Some(values) = &asked.acr_values {
        rows.push(row(ours!("row-proof"), values));
    }
    if let Some(seconds) = asked.max_age {
        rows.push(fact(ours!("row-max-age"), ours!("row-seconds", seconds = seconds), false));
    }
    let count = asked.authorization_details.len();
    for (number, details) in asked.authorization_details.iter().enumerate() {
        rows.push(heading(ours!(
            "screen-permission-asked",
            number = number.saturating_add(1),
            count = count
        )));
        rows.extend(permission(details));
    }
    if rows.is_empty() {
        rows.push(plain(ours!("screen-general")));
    }
    Section { title: ours!("screen-wants"), rows }
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
        rows.push(heading(ours!(
            "screen-permission-given",
            number = number.saturating_add(1),
            count = count
        )));
        match entry {
            Value::Object(entry) => rows.extend(permission(entry)),
            other => rows.push(member("authorization_details", other)),
        }
    }
    match approval.left_out {
        0 => {}
        n => rows.push(plain(ours!("screen-left-out", count = n))),
    }
    if let Some(Value::String(reason)) = members.get("reason") {
        let why = fact(ours!("row-reason"), prose(reason), false);
        rows.push(why);
    }
    rows.push(heading(ours!("screen-rest")));
    for (name, value) in members {
        let said = name == "authorization_details" && value.is_array()
            || name == "reason" && value.is_string();
        if !said {
            rows.push(member(name, value));
        }
    }
    if !beside.is_empty() {
        rows.push(heading(ours!("screen-beside")));
        rows.extend(beside);
    }
    Section { title: ours!("screen-will-do"), rows }
}

/// A member that the requester named, with the type of its value beside the name.
fn member(called: &str, value: &Value) -> Row {
    let (kind, text) = typed(value);
    Row { part: Part::Given, ..fact(kind.after(name(called)), text, true) }
}

/// Text stands as it is; anything else as JSON, with its type, so that the text `5` and the number 5
/// do not look the same.
fn typed(value: &Value) -> (Typed, Text) {
    match value {
        Value::String(text) => (Typed::Text, visible(text)),
        Value::Null => (Typed::Null, Text::default()),
        Value::Bool(on) => (Typed::Bool, visible(if *on { "true" } else { "false" })),
        Value::Number(number) => (Typed::Number, visible(&number.to_string())),
        Value::Array(_) => (Typed::List, visible(&laid_out(value))),
        Value::Object(_) => (Typed::Object, visible(&laid_out(value))),
    }
}

/// Of which type a value is, said behind its label.
#[derive(Clone, Copy)]
enum Typed {
    Text,
    Null,
    Bool,
    Number,
    List,
    Object,
}

impl Typed {
    fn after(self, label: Text) -> Text {
        match self {
            Self::Text => label,
            Self::Null => ours!("row-null", label = label),
            Self::Bool => ours!("row-yes-or-no", label = label),
            Self::Number => ours!("row-number", label = label),
            Self::List => ours!("row-list", label = label),
            Self::Object => ours!("row-object", label = label),
        }
    }
}

fn asker(asker: &Asker) -> Section {
    let Kernel { uid: _, pid, chain, cwd, place } = &asker.kernel;
    let mut rows = vec![match &asker.pairing {
        Some(name) => row(ours!("row-paired-as"), name),
        None => plain(ours!("screen-not-paired")),
    }];
    if let Some(claim) = &asker.claims {
        rows.push(row(ours!("row-says-it-is"), claim));
    }
    if let Some(process) = chain.first() {
        let path = process.exe.as_deref().map_or_else(|| ours!("row-not-readable"), visible_line);
        rows.push(fact(ours!("row-program"), path, true));
    }
    if chain.len() > 1 {
        let names: Vec<&str> = chain.iter().map(|process| process.name.as_str()).collect();
        rows.push(row(ours!("row-started-by"), &names.join(" ← ")));
    }
    if let Some(folder) = cwd {
        rows.push(Row { verbatim: true, ..row(ours!("row-folder"), folder) });
    }
    if let Some(pid) = pid {
        rows.push(row(ours!("row-process"), &pid.to_string()));
    }
    match place {
        Place::Session => {}
        Place::Ssh => rows.push(plain(ours!("screen-ssh"))),
        Place::Container => rows.push(plain(ours!("screen-container"))),
        Place::Unknown => rows.push(plain(ours!("screen-nowhere"))),
    }
    Section { title: ours!("screen-asker"), rows }
}

/// The accounts by name, for a sentence.
fn all_called(servers: &[Server]) -> Text {
    let names = servers.iter().map(|server| called(&server.account));
    names.reduce(|all, name| ours!("screen-and", some = all, more = name)).unwrap_or_default()
}

fn account(server: &Server) -> Row {
    row(ours!("row-account"), &server.account)
}

fn server_section(server: Option<&Server>, account: Row) -> Section {
    let mut rows = Vec::new();
    if let Some(server) = server {
        rows.push(row(ours!("row-server"), &server.name));
        rows.extend(address(&server.issuer));
        rows.push(account);
        rows.extend(own_way(&server.way));
    }
    rows.push(plain(ours!("screen-goes-to-server")));
    Section { title: ours!("screen-destination"), rows }
}

/// Whom the person trusts beside the server itself: who may vouch for it, and what is in between.
fn own_way(way: &Way) -> Vec<Row> {
    let mut rows = Vec::new();
    for (number, authority) in way.authorities.iter().enumerate() {
        rows.extend(vouching(number, authority));
    }
    if let Some(proxy) = &way.proxy {
        rows.push(Row { verbatim: true, ..row(ours!("row-proxy"), proxy.as_str()) });
    }
    rows
}

fn vouching(number: usize, authority: &Authority) -> [Row; 2] {
    let label = if number == 0 { ours!("row-authority") } else { ours!("row-authority-more") };
    let hash = Row { verbatim: true, ..row(ours!("row-sha256"), &authority.sha256) };
    [row(label, &authority.subject), hash]
}

/// The same where it is about to be trusted: with what it means.
fn way_to_be_trusted(way: &Way) -> Vec<Row> {
    let mut rows = Vec::new();
    for (number, authority) in way.authorities.iter().enumerate() {
        let (from, until) = (authority.not_before.day(), authority.not_after.day());
        rows.extend(vouching(number, authority));
        let valid = ours!("screen-valid", from = from, until = until);
        rows.push(fact(ours!("row-valid"), valid, false));
    }
    if !way.authorities.is_empty() {
        rows.push(plain(ours!("screen-authority-means")));
    }
    if let Some(proxy) = &way.proxy {
        rows.push(Row { verbatim: true, ..row(ours!("row-proxy"), proxy.as_str()) });
        if let Some(letters) = host_in_letters(proxy.as_str()) {
            rows.push(Row { verbatim: true, ..row(ours!("row-letters"), &letters) });
        }
        rows.push(plain(ours!("screen-proxy-means")));
    }
    rows
}

/// An issuer; one in Punycode also in the letters that it stands for.
fn address(issuer: &str) -> Vec<Row> {
    let mut rows = vec![Row { verbatim: true, ..row(ours!("row-address"), issuer) }];
    if let Some(letters) = host_in_letters(issuer) {
        rows.push(Row { verbatim: true, ..row(ours!("row-letters"), &letters) });
        rows.push(plain(ours!("screen-other-scripts")));
    }
    rows
}

fn enrolment(server: &Server) -> Section {
    let mut rows = vec![row(ours!("row-name"), &server.name)];
    rows.extend(address(&server.issuer));
    rows.push(row(ours!("row-account"), &server.account));
    rows.push(row(ours!("row-client-id"), &server.client_id));
    // Not known before Placet looked.
    if let Some(endpoint) = &server.challenge_endpoint {
        rows.push(Row { verbatim: true, ..row(ours!("row-endpoint"), endpoint) });
    }
    rows.extend(way_to_be_trusted(&server.way));
    Section { title: ours!("screen-server"), rows }
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
        // Stands over every form whose answers the agent gets (digest §3.5).
        banners.push(ours!("banner-no-secret"));
    }
    if server.is_some_and(|server| server.danger_http_loopback) {
        banners.push(ours!("banner-test-server"));
    }
    if matches!(matter, Matter::EnrolServer(new) if !new.way.authorities.is_empty()) {
        banners.push(ours!("banner-own-authority"));
    }
    if surroundings.seat == Seat::Elsewhere {
        banners.push(ours!("banner-elsewhere"));
    }
    if !surroundings.sees_cover {
        banners.push(ours!("banner-blind"));
    }
    if !surroundings.hardened {
        banners.push(ours!("banner-unhardened"));
    }
    banners
}

fn words(raw: Option<&str>) -> Option<Section> {
    let (text, complete) = clipped(raw?, WORDS_LIMIT);
    let mut rows = vec![fact(Text::default(), text, false)];
    if !complete {
        rows.push(plain(ours!("screen-said-more")));
    }
    Some(Section { title: ours!("screen-own-words"), rows })
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
            title: Some(text!("pin-field")),
            description: None,
            required: true,
            kind: Kind::Secret { rule },
        }],
        says: Vec::new(),
    }
}

/// The field of [`Screen::choosing`].
pub const ACCOUNT: &str = "account";

fn account_form(accounts: &[&Server]) -> Form {
    use crate::form::{Choice, Field};
    let option =
        |server: &&Server| Choice { value: server.account.clone(), title: server.account.clone() };
    Form {
        fields: vec![Field {
            name: ACCOUNT.to_owned(),
            title: Some(text!("account-field")),
            description: None,
            required: true,
            kind: Kind::Choice { options: accounts.iter().map(option).collect(), default: Some(0) },
        }],
        says: Vec::new(),
    }
}

/// The field of [`pairing_form`].
pub const PAIRING_CODE: &str = "code";

fn pairing_form() -> Form {
    use crate::form::{Field, TextRule};
    Form {
        fields: vec![Field {
            name: PAIRING_CODE.to_owned(),
            title: Some(text!("pairing-field")),
            description: None,
            required: true,
            kind: Kind::Text { rule: TextRule::default(), default: None },
        }],
        says: Vec::new(),
    }
}

#[cfg(test)]
#[path = "display_tests.rs"]
mod tests;

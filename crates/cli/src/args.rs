//! What can be typed. Help texts are the documentation; completions and the manual come from here.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand};

const EXIT: &str = "\
Exit status:
  0  approved (or done)
  1  declined: a person said no, or Placet is paused
  2  usage
  3  expired, cancelled or superseded
  4  any other outcome, Placet not running, connection lost
Ctrl-C takes an open question back.

Environment:
  PLACET_SOCK        the socket; otherwise $XDG_RUNTIME_DIR/placet/agent.sock
  PLACET_TOKEN_FILE  the same as --token-file";

const REQUEST: &str = "\
Asks only: running the command afterwards is yours to do.

  placet request --reason 'new release' -- git push origin v2 && git push origin v2
  placet request --tool delete_user --arg userId=alice
  echo '{\"path\": \"/etc/hosts\"}' | placet request --tool write_file --arguments -";

const AUTHORIZE: &str = "\
Secrets. The person's one-time code never comes here. The authorization code does; it is useless \
without the PKCE verifier. Programs that hold a verifier of their own give --code-challenge, and \
stdout then carries nothing that can be redeemed alone. Without --code-challenge a verifier is made \
for this one call and printed beside the code (--json is needed): whoever reads this stdout can \
then redeem the code, so send it into a program, not to a terminal, a file or a log.

  placet authorize --issuer https://as.example --scope files:write --code-challenge E9Melhoa2Ow…";

const ELICIT: &str = "\
The answers come here and can be read by whoever reads this stdout, so no secret may be asked for: a \
form with a field that looks like one is declined and shown to nobody. Stdout gets one JSON object, \
MCP's ElicitResult: {\"action\": \"accept\", \"content\": {…}}. Use the content only if the exit status \
is 0.

  placet elicit --message 'Which branch?' --schema @form.json
  echo '{\"type\": \"object\", \"properties\": {\"branch\": {\"type\": \"string\"}}}' |
    placet elicit --message 'Which branch?' --schema -";

const RECEIPT: &str = "\
A receipt shows what this Placet observed. It is not an authorization. While its key is kept in a \
file, any program of yours can read that key and sign whatever it likes.

  placet receipt show last > receipt.jws
  placet receipt key > key.json
  placet receipt verify receipt.jws --key @key.json --used seen.txt

verify exits with 0 only for a receipt that holds, is in time and is of a yes; 1 for one of a no; 3 \
for one whose time is over, or of a question that nobody answered; 4 for any other outcome, and for \
one that does not hold, is not meant for whom --aud names, or was used before.";

/// Ask a person, in a window that the asking program does not control.
#[derive(Debug, Parser)]
#[command(name = "placet", version, after_help = EXIT, arg_required_else_help = true)]
#[command(disable_help_subcommand = true)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, ClapArgs)]
pub(crate) struct Global {
    /// Print the answer as one JSON object; errors too
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print no progress
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// The socket to ask at
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) socket: Option<PathBuf>,
    /// The pairing to speak as: a file that `placet pair` wrote
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) token_file: Option<PathBuf>,
    /// The pairing to speak as, by name
    #[arg(long, global = true, value_name = "NAME", conflicts_with = "token_file")]
    pub(crate) agent: Option<String>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Ask a person to approve one action
    #[command(after_help = REQUEST)]
    Request(Request),
    /// Ask for an authorization code of an authorization server
    #[command(after_help = AUTHORIZE)]
    Authorize(Authorize),
    /// Ask a person to fill in a form; the answers come here
    #[command(after_help = ELICIT)]
    Elicit(Elicit),
    /// Give this agent a name; prints a code that the person types into Placet
    Pair(Pair),
    /// Say how Placet is
    Status,
    /// Say how Placet sees you and what it can do
    Hello,
    /// Bring up what is waiting, or the book if nothing is
    Open,
    /// End Placet; whatever waits gets a no
    Quit,
    /// The record, newest first
    Log(Log),
    /// Signed receipts of what was decided
    #[command(subcommand, after_help = RECEIPT)]
    Receipt(Receipt),
    /// Authorization servers that you trust
    #[command(subcommand, name = "as")]
    Servers(Servers),
    /// Your passkeys at a server that you trust; you sign in there, in Placet's window
    #[command(subcommand)]
    Passkey(Passkey),
    /// Agents that have a name
    #[command(subcommand)]
    Agents(Agents),
    /// Ask for a coding agent: its hook starts this
    Hook(crate::hook::Hook),
    /// Put Placet's hook into a coding agent's settings, or take it out
    Init(crate::init::Init),
    /// Find out what is missing between your agents and Placet
    Doctor(crate::doctor::Doctor),
    /// Remove what Placet keeps for you: record, tokens, autostart entry
    Uninstall(Uninstall),
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print a manual page: of placet, or of one command
    #[command(hide = true)]
    Man {
        /// The command
        command: Option<String>,
    },
}

/// `placet request`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Request {
    /// The tool's name; not needed with a command after -- [default then: shell]
    #[arg(long, required_unless_present = "command")]
    pub(crate) tool: Option<String>,
    /// One argument, as text; may be repeated
    #[arg(long = "arg", value_name = "NAME=VALUE", conflicts_with = "arguments")]
    pub(crate) args: Vec<String>,
    /// All arguments as JSON; - reads them from stdin
    #[arg(long, value_name = "JSON")]
    pub(crate) arguments: Option<String>,
    /// The working directory to show [default: the current one]
    #[arg(long, value_name = "PATH")]
    pub(crate) cwd: Option<String>,
    #[command(flatten)]
    pub(crate) asking: Asking,
    /// A shell command: one word is taken as it stands, several are quoted
    #[arg(last = true, conflicts_with_all = ["args", "arguments"])]
    pub(crate) command: Vec<String>,
}

/// `placet authorize`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Authorize {
    /// The server: an issuer that the person enrolled, letter for letter
    #[arg(long)]
    pub(crate) issuer: String,
    /// OAuth scope
    #[arg(long)]
    pub(crate) scope: Option<String>,
    /// Resource indicator (RFC 8707); may be repeated
    #[arg(long)]
    pub(crate) resource: Vec<String>,
    /// authorization_details (RFC 9396): a JSON array, sent as it stands; @FILE reads a file
    #[arg(long, value_name = "JSON")]
    pub(crate) details: Option<String>,
    /// acr_values (RFC 9470)
    #[arg(long)]
    pub(crate) acr_values: Option<String>,
    /// max_age in seconds (RFC 9470)
    #[arg(long)]
    pub(crate) max_age: Option<u64>,
    /// S256 challenge of your own PKCE verifier (RFC 7636)
    #[arg(long, value_name = "CHALLENGE", value_parser = challenge)]
    pub(crate) code_challenge: Option<String>,
    #[command(flatten)]
    pub(crate) asking: Asking,
}

/// `placet elicit`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Elicit {
    /// What is asked, in one or a few sentences
    #[arg(long, value_name = "TEXT")]
    pub(crate) message: String,
    /// The form, MCP's requestedSchema, as JSON; @FILE reads a file, - stdin
    #[arg(long, value_name = "JSON")]
    pub(crate) schema: String,
    /// The MCP server that asks, if it is one: shown as your word
    #[arg(long, value_name = "NAME")]
    pub(crate) server: Option<String>,
    /// Seconds until the answer is no, 15 to 600 [default: 300]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(15..=600))]
    pub(crate) expires_in: Option<u64>,
}

/// What both kinds of question take.
#[derive(Debug, ClapArgs)]
pub(crate) struct Asking {
    /// Why, in your own words: shown last and marked as yours
    #[arg(long)]
    pub(crate) reason: Option<String>,
    /// Seconds until the answer is no, 15 to 600 [default: 300]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(15..=600))]
    pub(crate) expires_in: Option<u64>,
    /// Your name for it: asking again with the same joins the one prompt
    #[arg(long, value_name = "ID")]
    pub(crate) request_id: Option<String>,
}

/// `placet pair`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Pair {
    /// The name: letters, digits and ._-
    #[arg(long, default_value = "agent")]
    pub(crate) name: String,
}

/// `placet uninstall`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Uninstall {
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
}

/// `placet log`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Log {
    /// How many requests that are over; with --json, entries; 1 to 500
    #[arg(long, default_value_t = 20)]
    pub(crate) limit: u64,
    /// Only entries before this number
    #[arg(long, value_name = "SEQ")]
    pub(crate) before: Option<u64>,
}

/// `placet receipt`.
#[derive(Debug, Subcommand)]
pub(crate) enum Receipt {
    /// Print a receipt
    Show {
        /// last, a request (req_…) or the digest that its requester was given (sha256:…)
        #[arg(default_value = "last")]
        which: String,
    },
    /// Say whether a receipt holds
    Verify(VerifyReceipt),
    /// Print the public key that receipts are signed with now, as a JWK; --json prints older ones too
    Key,
}

/// `placet receipt verify`.
#[derive(Debug, ClapArgs)]
pub(crate) struct VerifyReceipt {
    /// A file, - for stdin, or what `placet receipt show` takes
    #[arg(default_value = "last")]
    pub(crate) which: String,
    /// The key to trust, a JWK or a set of them; @FILE reads a file [default: ask the Placet that
    /// runs here, and whether it has the receipt on record]
    #[arg(long, value_name = "JWK")]
    pub(crate) key: Option<String>,
    /// For whom it has to be: the server's issuer, or as in `agent NAME`
    #[arg(long, value_name = "AUDIENCE")]
    pub(crate) aud: Option<String>,
    /// A list of the receipts that were used: one that is on it is refused, this one is added
    #[arg(long, value_name = "FILE")]
    pub(crate) used: Option<PathBuf>,
}

/// `placet as`.
#[derive(Debug, Subcommand)]
pub(crate) enum Servers {
    /// Trust a server: Placet shows its metadata and asks you in its window
    Add(AddServer),
    /// List them
    List,
    /// Have one know this installation by its key; you sign in there, in Placet's window
    Register {
        /// The issuer, letter for letter
        issuer: String,
    },
    /// Trust one no longer; Placet asks you in its window
    Remove {
        /// The issuer, letter for letter
        issuer: String,
        /// Which of your accounts there, if you have several
        #[arg(long)]
        account: Option<String>,
    },
}

/// `placet as add`.
#[derive(Debug, ClapArgs)]
pub(crate) struct AddServer {
    /// The issuer (RFC 8414)
    pub(crate) issuer: String,
    /// Placet's client there
    #[arg(long)]
    pub(crate) client_id: String,
    /// Your account there; with another one, a server is trusted for both
    #[arg(long)]
    pub(crate) account: String,
    /// What you call it [default: its host]
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Allow http://localhost: for development only, shows a banner for ever
    #[arg(long)]
    pub(crate) danger_allow_http_loopback: bool,
    /// Certificates (PEM) of the only authorities that may vouch for it, instead of those that the
    /// system trusts
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<std::path::PathBuf>,
    /// What to reach it through, as http://host:port; no environment variable is ever read for this
    #[arg(long, value_name = "URL")]
    pub(crate) proxy: Option<String>,
}

/// `placet passkey`.
#[derive(Debug, Subcommand)]
pub(crate) enum Passkey {
    /// Make one on a security key, and have the server know it
    Add {
        /// The issuer, letter for letter
        issuer: String,
        /// What you call it [default: Security key]
        #[arg(long)]
        name: Option<String>,
    },
    /// List those that the server knows
    List {
        /// The issuer, letter for letter
        issuer: String,
    },
    /// Call one otherwise
    Rename {
        /// The issuer, letter for letter
        issuer: String,
        /// The server's id of it, or its name if only one is called so
        passkey: String,
        /// The new name
        name: String,
    },
    /// Have the server forget one; you see which before it does
    Delete {
        /// The issuer, letter for letter
        issuer: String,
        /// The server's id of it, or its name if only one is called so
        passkey: String,
    },
}

/// `placet agents`.
#[derive(Debug, Subcommand)]
pub(crate) enum Agents {
    /// List them
    List,
    /// Take a name back
    Remove {
        /// The name
        name: String,
    },
}

/// An S256 challenge is the base64url of a SHA-256, without padding (RFC 7636 §4.2).
fn challenge(given: &str) -> Result<String, String> {
    let plain = given.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if given.len() == 43 && plain {
        return Ok(given.to_owned());
    }
    Err("an S256 challenge has 43 letters, digits, - and _".to_owned())
}

//! One function a command.

mod ask;
mod elicit;
mod log;
mod pair;
mod passkey;
mod person;
mod quit;
mod receipt;
mod uninstall;

use clap::CommandFactory;
use placet_wire::results::HelloAnswer;
use serde_json::Value;

use crate::args::{Args, Command, Global};
use crate::conversation::Conversation;
use crate::exit::{Exit, Stop};
use crate::print::Printer;
use crate::{socket, token};

/// Runs the command.
pub(crate) fn run(args: Args, printer: &mut Printer) -> Result<Exit, Stop> {
    let global = &args.global;
    match args.command {
        Command::Request(request) => ask::request(request, global, printer),
        Command::Authorize(authorize) => ask::authorize(authorize, global, printer),
        Command::Elicit(elicit) => elicit::elicit(elicit, global, printer),
        Command::Pair(pair) => pair::pair(pair, global, printer),
        Command::Status => person::status(global, printer),
        Command::Hello => person::hello(global, printer),
        Command::Open => person::open(global, printer),
        Command::Quit => quit::quit(global, printer),
        Command::Log(asked) => log::log(&asked, global, printer),
        Command::Receipt(asked) => receipt::receipt(&asked, global, printer),
        Command::Servers(servers) => person::servers(servers, global, printer),
        Command::Passkey(asked) => passkey::passkey(asked, global, printer),
        Command::Agents(agents) => person::agents(agents, global, printer),
        Command::Hook(asked) => crate::hook::hook(&asked, global, printer),
        Command::Init(asked) => crate::init::init(&asked, printer),
        Command::Doctor(asked) => crate::doctor::doctor(&asked, global, printer),
        Command::Uninstall(asked) => uninstall::uninstall(&asked, global, printer),
        Command::Completions { shell } => completions(shell, printer),
        Command::Man { command } => man(command.as_deref(), printer),
    }
}

/// Connects and says hello, as the pairing that the caller named.
fn converse(
    global: &Global,
    printer: &mut Printer,
) -> Result<(Conversation, HelloAnswer, Value), Stop> {
    let file = token::named(global)?;
    let token = file.as_deref().map(token::read).transpose()?;
    let mut conversation = Conversation::open(&socket::path(global.socket.as_deref())?, printer)?;
    let (answer, value) = conversation.hello(token)?;
    if let (Some(file), None) = (&file, &answer.paired) {
        let file = file.display();
        printer
            .say(&format!("Placet does not know the pairing in {file}. Pair again: placet pair"));
    }
    Ok((conversation, answer, value))
}

fn completions(shell: clap_complete::Shell, printer: &mut Printer) -> Result<Exit, Stop> {
    let mut out = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "placet", &mut out);
    printer.data(&out)?;
    Ok(Exit::Approved)
}

fn man(name: Option<&str>, printer: &mut Printer) -> Result<Exit, Stop> {
    let mut command = Args::command();
    command.build();
    let page = match name {
        None => command,
        Some(name) => match command.find_subcommand(name) {
            Some(found) => found.clone(),
            None => return Err(Stop::Usage(format!("There is no command {name}."))),
        },
    };
    let mut out = Vec::new();
    clap_mangen::Man::new(page)
        .render(&mut out)
        .map_err(|error| Stop::Local(format!("the manual cannot be written: {error}")))?;
    printer.data(&out)?;
    Ok(Exit::Approved)
}

//! The command line: arguments, files, progress, colours and exit codes. No other module prints;
//! results go to standard output, everything else to standard error.
//!
//! A program with patterns of its own calls [`Lab::main`](crate::Lab::main).

mod archive;
mod args;
mod campaign;
mod capacity;
mod claims;
mod compare;
mod crossover;
mod diff;
mod examples;
mod exit;
mod explain;
mod explore;
mod figures;
mod fuzz;
mod hunt;
mod hunted;
mod job;
mod list;
mod man;
mod moved;
mod new;
mod output;
mod points;
mod precision;
mod progress;
#[cfg(any(test, feature = "internals"))]
pub mod readers;
mod replay;
mod report_again;
mod results;
mod run;
mod seek;
mod sensitivity;
mod sought;
mod source;
mod sweep;
mod swept;
mod topics;
mod trace;
mod unfinished;
mod verify_model;
mod walk;
mod work;

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{CommandFactory, Parser};
use terminal_size::{Width, terminal_size_of};

use crate::experiment::stop::Runaway;
use crate::report::export::Exports;
use crate::report::text::Terminal;
use crate::scenario::{self, Registries};
use args::{Cli, Command, When};
pub use exit::Exit;

/// The reason why a command failed. The user can correct each of them.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The rendered problems of a scenario.
    #[error("{0}")]
    Scenario(String),
    /// A name that does not exist, or arguments that do not fit.
    #[error("{0}")]
    Usage(String),
    /// A file that could not be read or written.
    #[error(transparent)]
    File(#[from] output::FileError),
    /// A folder that cannot hold results.
    #[error(transparent)]
    Results(#[from] results::ResultsError),
    /// A run that made ten times the events that were expected of it.
    #[error("{0}\nhint: {RUNAWAY}")]
    Runaway(Runaway),
    /// A manual page could not be rendered.
    #[error("cannot render: {0}")]
    Render(#[from] std::io::Error),
}

/// Advice on a run that made ten times the events that were expected of it.
const RUNAWAY: &str = "that is ten times what was expected of it (see `driftlab validate -v`): \
                       lower what kept it busy, or allow more with --limit-events";

/// The surroundings of a command: registries, terminal and interrupt flag.
pub struct Session {
    /// Print results only.
    pub quiet: bool,
    /// The terminal that standard output is written for.
    pub terminal: Terminal,
    /// The folders beside that of a scenario that it may name data in.
    pub allowed: Vec<PathBuf>,
    /// True if standard error is coloured.
    pub colour_errors: bool,
    /// The parts that scenarios can name.
    pub registries: Registries,
    /// The files of a folder of results.
    pub exports: Exports,
}

/// Runs the program with these parts.
pub fn main_with(registries: Registries, exports: Exports) -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            return explained(&error);
        }
    };
    let session = Session {
        quiet: cli.quiet,
        allowed: cli.allow_path,
        terminal: Terminal {
            columns: columns(),
            colour: wants_colour(cli.color, std::io::stdout().is_terminal()),
        },
        colour_errors: wants_colour(cli.color, std::io::stderr().is_terminal()),
        registries,
        exports,
    };
    let only_prints = cli.command.only_prints();
    match dispatch(&session, cli.command) {
        Ok(_) if only_prints && OUTPUT_FAILED.load(Ordering::Relaxed) => Exit::BadInput,
        Ok(exit) => exit,
        Err(Error::Scenario(rendered)) => {
            complain(&rendered);
            Exit::BadInput
        }
        Err(error) => {
            complain(&format!("error: {error}\n"));
            Exit::BadInput
        }
    }
}

/// The first words to somebody who types the name of the program alone.
const WELCOME: &str = "\
driftlab runs the same operations under every way of keeping data consistent between services, and
says what each costs, what breaks, and what readers see meanwhile.

  driftlab examples                     the scenarios that come with it
  driftlab examples sysops-ticket       writes one of them to this folder
  driftlab compare sysops-ticket.toml   runs it: an answer, a summary, checks, and a page
  driftlab walk                         things that go wrong, each told event by event
  driftlab new shop                     asks for your own services and writes a scenario that runs
  driftlab explain                      everything that can be explained
  driftlab --help                       every command
";

/// Prints help, or what is wrong with the arguments and what may have been meant.
fn explained(error: &clap::Error) -> Exit {
    use clap::error::{ContextKind, ContextValue, ErrorKind};
    if std::env::args_os().len() == 1 {
        complain(WELCOME);
        return Exit::BadInput;
    }
    // Help and usage go where they belong; a closed pipe is not worth a word.
    let _ = error.print();
    let surplus = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(surplus)) => surplus.ends_with(".toml"),
        _ => false,
    };
    if error.kind() == ErrorKind::UnknownArgument && surplus {
        complain(
            "hint: one scenario at a time: what is to be compared are the variants in it;\n      \
             `driftlab diff A B` compares two folders of results\n",
        );
    }
    if error.use_stderr() { Exit::BadInput } else { Exit::Held }
}

fn dispatch(session: &Session, command: Command) -> Result<Exit, Error> {
    match command {
        Command::Compare(args) => compare::compare(session, &args),
        Command::Sweep(args) => sweep::sweep(session, &args),
        Command::Crossover(args) => crossover::crossover(session, &args),
        Command::Capacity(args) => capacity::capacity(session, &args),
        Command::Sensitivity(args) => sensitivity::sensitivity(session, &args),
        Command::Report(args) => report_again::report(session, &args),
        Command::Diff(args) => diff::diff(session, &args),
        Command::Campaign(args) => campaign::campaign(session, &args),
        Command::Run(args) => run::run(session, &args),
        Command::Trace(args) => trace::trace(session, &args),
        Command::Walk(args) => walk::walk(session, &args),
        Command::Fuzz(args) => fuzz::fuzz(session, &args),
        Command::Replay(args) => replay::replay(session, &args),
        Command::Claims(args) => claims::claims(session, &args),
        Command::VerifyModel(args) => verify_model::verify_model(session, &args),
        Command::New(args) => new::new(session, &args),
        Command::Examples(args) => examples::examples(session, &args),
        Command::Validate(args) => source::validate(session, &args),
        Command::List(args) => list::list(session, &args),
        Command::Explore(args) => explore::explore(session, &args),
        Command::Explain { name } => explain::explain(session, &name),
        Command::Fingerprints { files } => run::fingerprints(session, &files),
        Command::Schema => {
            let schema = scenario::schema(&session.registries);
            print(&format!("{schema:#}\n"))
        }
        Command::Man(args) => man::man(session, &args),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            let mut command = explain::with_names(Cli::command(), session);
            clap_complete::generate(shell, &mut command, "driftlab", &mut script);
            print(&String::from_utf8_lossy(&script))
        }
    }
}

/// The columns of the terminal of standard output; a fixed number for a file or a pipe, so that it
/// gets the same lines on every machine.
fn columns() -> usize {
    let size = terminal_size_of(std::io::stdout());
    size.map_or(Terminal::default().columns, |(Width(columns), _)| columns.into())
}

fn wants_colour(choice: When, terminal: bool) -> bool {
    match choice {
        When::Always => true,
        When::Never => false,
        When::Auto => terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
    }
}

/// Prints a result on standard output.
fn print(text: &str) -> Result<Exit, Error> {
    write(text.as_bytes())
}

/// True once standard output could not be written: its reader has gone, or the disk is full.
static OUTPUT_GONE: AtomicBool = AtomicBool::new(false);
/// True if that was an error. It is none if the reader, such as `head`, has closed the pipe.
static OUTPUT_FAILED: AtomicBool = AtomicBool::new(false);

/// Prints a result that is already bytes on standard output. A failure changes no verdict: the work
/// continues and files are written.
fn write(bytes: &[u8]) -> Result<Exit, Error> {
    let mut output = std::io::stdout();
    if !OUTPUT_GONE.load(Ordering::Relaxed)
        && let Err(error) = output.write_all(bytes).and_then(|()| output.flush())
    {
        OUTPUT_GONE.store(true, Ordering::Relaxed);
        if error.kind() != std::io::ErrorKind::BrokenPipe {
            OUTPUT_FAILED.store(true, Ordering::Relaxed);
            complain(&format!("error: cannot write to standard output: {error}\n"));
        }
    }
    Ok(Exit::Held)
}

/// An argument as it is typed in a shell.
fn quote(argument: &str) -> String {
    // An argument with a zero byte cannot be quoted, since no shell can pass it.
    shlex::try_quote(argument).map_or_else(|_| argument.to_owned(), |quoted| quoted.into_owned())
}

/// Prints a remark about the work on standard error, unless quiet.
fn remark(session: &Session, text: &str) {
    if !session.quiet {
        complain(text);
    }
}

/// Prints an error on standard error.
fn complain(text: &str) {
    // If standard error is closed, too, the error cannot be shown anywhere.
    let _ = std::io::stderr().write_all(text.as_bytes());
}

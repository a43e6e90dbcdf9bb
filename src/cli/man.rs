//! `driftlab man`: manual pages, from the same declarations as the help.

use std::io;

use clap::CommandFactory;
use clap_mangen::roff::{Roff, bold, roman};

use super::args::{Cli, Man};
use super::exit::MEANINGS;
use super::{Error, Exit, Session, output, remark, write};
use crate::report::export::File;
use crate::scenario::nearest;

/// `driftlab man`.
pub fn man(session: &Session, args: &Man) -> Result<Exit, Error> {
    // Exit codes have a section of their own in every page.
    let mut program = Cli::command().disable_help_subcommand(true).after_help(None::<&str>);
    program.build();
    let commands = program.get_subcommands().filter(|command| !command.is_hide_set());
    let mut commands = std::iter::once(&program).chain(commands);
    if let Some(folder) = &args.out {
        let pages = commands.map(page).collect::<io::Result<Vec<_>>>()?;
        output::write_all(folder, &pages)?;
        remark(session, &format!("{} manual pages in {}\n", pages.len(), folder.display()));
        return Ok(Exit::Held);
    }
    let name = args.command.as_deref().unwrap_or(program.get_name());
    match commands.find(|command| command.get_name() == name) {
        Some(command) => write(&page(command)?.bytes()),
        None => {
            let names = program.get_subcommands().map(clap::Command::get_name);
            let hint = nearest(name, names)
                .map_or_else(String::new, |near| format!("\nhint: did you mean `{near}`?"));
            Err(Error::Usage(format!("no command is called `{name}`{hint}")))
        }
    }
}

/// A command's page.
fn page(command: &clap::Command) -> io::Result<File> {
    let man = clap_mangen::Man::new(command.clone())
        .source(concat!("driftlab ", env!("CARGO_PKG_VERSION")))
        .manual("driftlab manual");
    let mut page = Vec::new();
    man.render(&mut page)?;
    let mut exits = Roff::new();
    exits.control("SH", ["EXIT STATUS"]);
    for (exit, meaning) in MEANINGS {
        exits.control("TP", []).text([bold((exit as u8).to_string())]).text([roman(meaning)]);
    }
    page.extend(exits.to_roff().into_bytes());
    Ok(File::new(man.get_filename(), page))
}

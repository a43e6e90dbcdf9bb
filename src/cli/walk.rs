//! `driftlab walk`: the walkthroughs, listed and told.

use std::io::{BufRead, IsTerminal};

use super::args::Walk as Args;
use super::compare::{check, find, interrupt};
use super::trace::write_page;
use super::{Error, Exit, Session, complain, examples, print, quote, remark};
use crate::experiment::stop::Stop;
use crate::report::story::{self, Heading};
use crate::scenario::{Scenario, nearest};
use crate::search::explanation::operation::Story;
use crate::walks::{Walk, Walks};

/// `driftlab walk`.
pub fn walk(session: &Session, args: &Args) -> Result<Exit, Error> {
    let all = Walks::all();
    let Some(name) = &args.name else {
        let how = "`driftlab walk NAME` tells one of them.";
        let how = session.terminal.fill("", "", how);
        return print(&(story::walk::list(&all, session.terminal) + "\n" + &how));
    };
    let walk = all.find(name).ok_or_else(|| unknown(&all, name))?;
    let scenario = Scenario::from_text(examples::text(&walk.scenario)?, &session.registries)
        .map_err(|invalid| Error::Scenario(invalid.to_string()))?;
    for name in &args.variants {
        find(&scenario, name)?;
    }
    let stop = interrupt(session, Stop::default());
    let stories = walk.stories(&scenario, &args.variants, &stop);
    check(&stop)?;
    let Some(stories) = stories else {
        return match stop.is_set() {
            true => Ok(Exit::Interrupted),
            false => Err(Error::Usage("the operation does not arrive under this variant".into())),
        };
    };
    if let Some(path) = &args.page {
        let heading = Heading {
            scenario: &scenario.name,
            command: &command(walk, args),
            profile: &scenario.profile.to_string(),
            look_for: &walk.look_for,
        };
        write_page(path, story::page(heading, &stories))?;
        remark(session, &format!("shown in {}\n", path.display()));
    }
    tell(session, args, walk, (&scenario, &stories))
}

/// Tells the stories, one after the other, and what there is beside them.
fn tell(
    session: &Session,
    args: &Args,
    walk: &Walk,
    (scenario, stories): (&Scenario, &[Story]),
) -> Result<Exit, Error> {
    use story::walk::{beginning, end, events, further, head};
    let terminal = session.terminal;
    let about = scenario.about.as_deref().unwrap_or_default();
    let mut steps = Steps::new(args.step);
    print(&beginning(walk, about, terminal))?;
    steps.explain();
    for story in stories {
        print(&head(story, terminal))?;
        for event in events(story) {
            steps.wait()?;
            print(&event)?;
        }
        steps.wait()?;
        print(&end(story, terminal))?;
    }
    let file = format!("{}.toml", walk.scenario);
    let mut commands = vec![
        format!("driftlab examples {}", walk.scenario),
        trace(&file, stories),
        format!("driftlab compare {file}"),
    ];
    commands.extend(walk.then.iter().cloned());
    print(&further(&commands, terminal))
}

/// The pauses behind events: none off a terminal, and none once the reader has had enough.
struct Steps {
    is_waiting: bool,
}

impl Steps {
    fn new(is_wanted: bool) -> Self {
        let is_terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
        Self { is_waiting: is_wanted && is_terminal }
    }

    /// Says which keys there are.
    fn explain(&self) {
        if self.is_waiting {
            complain("\n(Enter: the next event; q and Enter: the rest at once)\n");
        }
    }

    /// Waits for the Enter key.
    fn wait(&mut self) -> Result<(), Error> {
        if self.is_waiting {
            let mut line = String::new();
            let read = std::io::stdin().lock().read_line(&mut line)?;
            self.is_waiting = read > 0 && line.trim() != "q";
        }
        Ok(())
    }
}

/// The command that shows every record of the first story.
fn trace(file: &str, stories: &[Story]) -> String {
    let Some(first) = stories.first() else { return String::new() };
    let (variant, operation) = (quote(&first.variant), quote(&first.operation.name));
    format!("driftlab trace {file} --variant {variant} --operation {operation}")
}

/// The command that tells the same again.
fn command(walk: &Walk, args: &Args) -> String {
    match args.variants.is_empty() {
        true => format!("driftlab walk {}", walk.name),
        false => {
            format!("driftlab walk {} --variant {}", walk.name, quote(&args.variants.join(",")))
        }
    }
}

/// The error of a name that no walkthrough has.
fn unknown(all: &Walks, name: &str) -> Error {
    let near = nearest(name, all.walks.iter().map(|walk| &*walk.name));
    let hint = near.map_or_else(
        || "`driftlab walk` lists them".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    Error::Usage(format!("no walkthrough is called `{name}`\nhint: {hint}"))
}

//! `driftlab explain`: the page of a name, with references.

use clap::builder::PossibleValuesParser;

use super::topics::{GLOSSARY, Sort, Topic, Topics, plain, reference};
use super::{Error, Exit, Session, print};
use crate::scenario::either;

/// The most names that are proposed for an unknown one.
const PROPOSED: usize = 3;

/// The name of the reference of scenario files.
const REFERENCE: &str = "scenario";

/// `driftlab explain`.
pub fn explain(session: &Session, words: &[String]) -> Result<Exit, Error> {
    let topics = Topics::of(&session.registries, &session.exports);
    let name = words.join(" ");
    match name.as_str() {
        "" => print(&overview(session, &topics)),
        "glossary" => print(GLOSSARY),
        REFERENCE => print(&reference(&session.registries)),
        name => print(&answer(session, &topics, inside(&topics, name))?),
    }
}

/// The name of a key without the word that all keys of the reference may begin with.
fn inside<'n>(topics: &Topics<'_>, name: &'n str) -> &'n str {
    let key = name.strip_prefix(REFERENCE).and_then(|rest| rest.strip_prefix('.'));
    key.filter(|_| topics.find(name).named.is_empty()).unwrap_or(name)
}

/// The command line with the names that can be explained, for shells that complete them.
pub fn with_names(command: clap::Command, session: &Session) -> clap::Command {
    let topics = Topics::of(&session.registries, &session.exports);
    let sorts = Sort::ALL.into_iter().filter(|sort| *sort != Sort::Setting);
    let names = sorts.flat_map(|sort| topics.of_sort(sort)).map(|topic| plain(&topic.name));
    let names = PossibleValuesParser::new(names.chain(["glossary".to_owned()]));
    command.mut_subcommand("explain", |explain| {
        explain.mut_arg("name", |name| name.value_parser(names))
    })
}

/// The pages of the topics with this name, and the topics that it may mean as well.
fn answer(session: &Session, topics: &Topics<'_>, name: &str) -> Result<String, Error> {
    let found = topics.find(name);
    let terminal = session.terminal;
    let lines = |topics: &[&Topic<'_>]| {
        let width = topics.iter().map(|topic| topic.name.chars().count()).max().unwrap_or(0) + 4;
        let line = |topic: &&Topic<'_>| {
            let head = format!("{:width$}", format!("  {}", topic.name));
            let text = format!("{}: {}", topic.sort.name(), topic.title);
            terminal.fill(&head, &" ".repeat(width), &text)
        };
        topics.iter().map(line).collect::<String>()
    };
    match (found.named.as_slice(), found.related.as_slice()) {
        ([], []) => Err(Error::Usage(unknown(topics, name))),
        ([], [only]) => Ok(only.page(terminal)),
        ([], related) => Ok(format!("`{name}` may be one of these:\n\n{}", lines(related))),
        (named, related) => {
            let pages: Vec<String> = named.iter().map(|topic| topic.page(terminal)).collect();
            let mut text = pages.join("\n");
            let told = named.iter().flat_map(|topic| &topic.see).flat_map(|it| topics.named(it));
            let mut see: Vec<&Topic<'_>> = Vec::new();
            for topic in told.chain(related.iter().copied()) {
                if !named.iter().chain(&see).any(|known| known.name == topic.name) {
                    see.push(topic);
                }
            }
            if !see.is_empty() {
                text += &format!("\nSee also:\n\n{}", lines(&see));
            }
            Ok(text)
        }
    }
}

/// The answer to an unknown name.
fn unknown(topics: &Topics<'_>, name: &str) -> String {
    let mut near = topics.alike(name);
    near.truncate(PROPOSED);
    let hint = match near.as_slice() {
        [] => "`driftlab explain` lists what can be explained".to_owned(),
        near => format!("did you mean {}?", either(near.iter().copied())),
    };
    format!("nothing is called `{name}`\nhint: {hint}")
}

/// An overview of all topics, by name.
fn overview(session: &Session, topics: &Topics<'_>) -> String {
    let head = "`driftlab explain NAME` explains each of these, and `driftlab explain glossary` \
                prints all terms.";
    let below = "Tables of a scenario file have keys in turn (`services.workers`); patterns, \
                 techniques and faults have settings (`event-based.publish`).";
    let mut text = session.terminal.fill("", "", head);
    for sort in Sort::ALL.into_iter().filter(|sort| *sort != Sort::Setting) {
        let is_shown = |topic: &&Topic<'_>| sort != Sort::Key || !topic.name.contains('.');
        let names: Vec<&str> =
            topics.of_sort(sort).filter(is_shown).map(|topic| topic.name.as_str()).collect();
        let (head, rest) = (format!("{:13}", format!("{}s", sort.name())), " ".repeat(13));
        text += &format!("\n{}", session.terminal.fill(&head, &rest, &names.join(", ")));
    }
    text + "\n" + &session.terminal.fill("", "", below)
}

//! `driftlab new`: a few questions, and a commented scenario that runs.

use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;

use super::args::New;
use super::examples::put;
use super::{Error, Exit, Session, complain, print, quote, remark};
use crate::scenario::{self, Source, nearest, render};

/// How many services an operation of a new scenario may change.
const MOST_SERVICES: usize = 6;

/// `driftlab new`.
pub fn new(session: &Session, args: &New) -> Result<Exit, Error> {
    let plan = Plan::ask(session, args)?;
    let text = plan.text();
    let file = args.out.clone().unwrap_or_else(|| PathBuf::from(format!("{}.toml", args.name)));
    let source = Source { name: file.display().to_string(), text };
    let files = |_: &str| Err(std::io::ErrorKind::NotFound.into());
    let (found, problems) = scenario::load(&source, &files, &session.registries);
    if found.is_none() || scenario::any_error(&problems) {
        return Err(Error::Scenario(render(&source, &problems, session.colour_errors)));
    }
    let folder = file.parent().unwrap_or(std::path::Path::new("")).to_owned();
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let folder = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder };
    put(&folder, &[(&name, source.text.as_bytes())])?;
    remark(session, &format!("wrote {}; change it as you like, and run\n", source.name));
    print(&format!("driftlab compare {}\n", quote(&source.name)))
}

/// The answers of which a scenario is made.
struct Plan {
    name: String,
    /// The services that an operation changes; the first is asked by the client.
    services: Vec<String>,
    operation: String,
    /// Operations in a second.
    rate: f64,
    patterns: Vec<String>,
    /// The service that crashes, if one does.
    crash: Option<String>,
}

impl Plan {
    /// Takes what is given, asks for the rest on a terminal, and takes defaults elsewhere.
    fn ask(session: &Session, args: &New) -> Result<Self, Error> {
        let is_asked =
            !args.yes && std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        let ask = |question: &str, default: &str| match is_asked {
            true => answer(question, default),
            false => Ok(default.to_owned()),
        };
        let services = match args.services.is_empty() {
            true => names(&ask(
                "The services that one operation changes; the client asks the first",
                "order,stock,payment",
            )?),
            false => args.services.clone(),
        };
        let operation = match &args.operation {
            Some(operation) => operation.clone(),
            None => ask("The name of the operation", "buy")?,
        };
        let rate = match args.rate {
            Some(rate) => rate,
            None => ask("How many of them arrive in a second: from some rate on they queue", "20")?
                .parse()
                .map_err(|_| Error::Usage("the rate is not a number".into()))?,
        };
        let known: Vec<&str> = session.registries.patterns.iter().map(|it| it.name).collect();
        let patterns = match args.patterns.is_empty() {
            true => names(&ask(
                &format!("The patterns to compare, of {}", known.join(", ")),
                "two-phase-commit,orchestrated,event-based",
            )?),
            false => args.patterns.clone(),
        };
        let last = services.last().cloned().unwrap_or_default();
        let crash = match &args.crash {
            Some(crash) => crash.clone(),
            None => ask("The service that crashes for 10 s, or `none`", &last)?,
        };
        let crash = (crash != NONE).then_some(crash);
        let plan = Self { name: args.name.clone(), services, operation, rate, patterns, crash };
        plan.checked(&known)
    }

    /// The plan, if a scenario can be made of it.
    fn checked(self, known: &[&str]) -> Result<Self, Error> {
        let wrong = |text: String| Err(Error::Usage(text));
        let mut all = [&self.name, &self.operation].into_iter().chain(&self.services);
        if let Some(name) = all.find(|name| !is_plain(name)) {
            return wrong(format!("`{name}` is no name: letters, digits, `-` and `_` make one"));
        }
        drop(all);
        let count = self.services.len();
        let mut different = self.services.clone();
        different.sort();
        different.dedup();
        if !(2..=MOST_SERVICES).contains(&count) || different.len() < count {
            return wrong(format!("expected 2 to {MOST_SERVICES} different services"));
        }
        if !(self.rate > 0.0 && self.rate <= 10_000.0) {
            return wrong("expected a rate above 0 and up to 10,000 a second".into());
        }
        if let Some(name) = self.patterns.iter().find(|name| !known.iter().any(|it| it == name)) {
            let hint = nearest(name, known.iter().copied()).map_or_else(
                || format!("the patterns are {}", known.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            return wrong(format!("no pattern is called `{name}`\nhint: {hint}"));
        }
        match &self.crash {
            Some(crash) if !self.services.contains(crash) => wrong(format!(
                "`{crash}` is none of the services\nhint: they are {}, or `{NONE}`",
                self.services.join(", ")
            )),
            _ => Ok(self),
        }
    }

    /// The scenario: the first service has a row for each operation, the second counts them, and
    /// each further one has a row that belongs to one of the first.
    fn text(&self) -> String {
        let Self { name, operation, services, patterns, crash, .. } = self;
        // A whole rate has its decimal point, as TOML wants it.
        let rate = format!("{:?}", self.rate);
        let [first, second, others @ ..] = &services[..] else { return String::new() };
        let others = others.to_vec();
        let text = minijinja::render!(
            TEMPLATE, name, operation, services, patterns, crash, rate, first, second, others
        );
        text + "\n"
    }
}

/// The text of a new scenario, with gaps for the answers.
const TEMPLATE: &str = include_str!("new/scenario.toml");

/// The answer that says that no service crashes.
const NONE: &str = "none";

/// Returns whether a name needs no quotes in a scenario file.
fn is_plain(name: &str) -> bool {
    let plain = |it: char| it.is_ascii_alphanumeric() || it == '-' || it == '_';
    !name.is_empty() && name.len() <= 100 && name.chars().all(plain)
}

fn names(text: &str) -> Vec<String> {
    text.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
}

/// Asks on the terminal; an empty line is the default.
fn answer(question: &str, default: &str) -> Result<String, Error> {
    complain(&format!("{question} [{default}]: "));
    let _ = std::io::stderr().flush();
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    let line = line.trim();
    Ok(if line.is_empty() { default.to_owned() } else { line.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Registries, Scenario};

    fn plan(services: &[&str], crash: Option<&str>) -> Plan {
        let registries = Registries::builtin();
        let known = registries.patterns.iter().map(|it| it.name);
        Plan {
            name: "shop".into(),
            services: services.iter().map(|name| (*name).into()).collect(),
            operation: "buy".into(),
            rate: 20.0,
            patterns: known
                .filter(|name| *name != "local-transaction")
                .map(str::to_owned)
                .collect(),
            crash: crash.map(str::to_owned),
        }
    }

    #[test]
    fn every_plan_makes_a_scenario_without_a_warning() {
        let registries = Registries::builtin();
        for (services, crash) in [
            (&["order", "stock"][..], None),
            (&["order", "stock", "payment"], Some("stock")),
            (&["a", "b", "c", "d", "e", "f"], Some("a")),
        ] {
            let text = plan(services, crash).text();
            let source = Source { name: "shop.toml".into(), text };
            let files = |_: &str| Err(std::io::ErrorKind::NotFound.into());
            let (found, problems) = scenario::load(&source, &files, &registries);
            assert!(found.is_some(), "{}", render(&source, &problems, false));
            assert!(problems.is_empty(), "{}", render(&source, &problems, false));
        }
        let text = plan(&["order", "stock"], None).text();
        let scenario = Scenario::from_text(&text, &registries).expect("it is valid");
        assert_eq!(scenario.system.services.len(), 2);
    }

    #[test]
    fn answers_that_make_no_scenario_are_refused() {
        let known = ["two-phase-commit", "orchestrated"];
        let refused = |plan: Plan| plan.checked(&known).err().expect("it is refused").to_string();
        let good = || Plan { patterns: vec!["orchestrated".into()], ..plan(&["a", "b"], None) };
        assert!(good().checked(&known).is_ok());
        let one = Plan { services: vec!["a".into()], ..good() };
        assert!(refused(one).contains("2 to 6 different services"));
        let twice = Plan { services: vec!["a".into(), "a".into()], ..good() };
        assert!(refused(twice).contains("different"));
        let quoted = Plan { operation: "a\"b".into(), ..good() };
        assert!(refused(quoted).contains("is no name"));
        let misspelt = Plan { patterns: vec!["orchestrate".into()], ..good() };
        assert!(refused(misspelt).contains("did you mean `orchestrated`?"));
        let stranger = Plan { crash: Some("c".into()), ..good() };
        assert!(refused(stranger).contains("they are a, b"));
        assert!(refused(Plan { rate: f64::NAN, ..good() }).contains("rate"));
    }
}

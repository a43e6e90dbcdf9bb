//! `driftlab replay`: a counterexample run again, or a whole folder of them.

use std::path::{Path, PathBuf};

use super::args::Replay as Args;
use super::compare::{check, interrupt};
use super::{Error, Exit, Session, output, print, quote, remark, source};
use crate::checks::Verdict;
use crate::checks::properties::Finding;
use crate::experiment::stop::Stop;
use crate::experiment::trace::trace;
use crate::report;
use crate::report::export::File;
use crate::report::human::some;
use crate::scenario::counterexample::{self, Counterexample, CounterexampleText};
use crate::scenario::{Scenario, Source, render};
use crate::search::explanation::of_case;
use crate::search::replay::{Identity, Replayed, replay as run_again, shape};
use crate::search::trial::Trial;

/// `driftlab replay`.
pub fn replay(session: &Session, args: &Args) -> Result<Exit, Error> {
    if args.file.is_dir() {
        return suite(session, args);
    }
    let stop = interrupt(session, Stop::default());
    let read = read(session, &args.file, &stop)?;
    remark(session, &format!("replaying {}\n", args.file.display()));
    let Some(again) = read.again()? else { return Ok(Exit::Interrupted) };
    print(&details(&read, &again))?;
    if args.trace || args.page.is_some() {
        tell(session, &args.file, &read, &again, args)?;
    }
    check(&stop)?;
    Ok(if stop.is_set() { Exit::Interrupted } else { exit(again.judgement.verdict) })
}

/// Explains a violation on the terminal or as a page; without a violation, prints only the trace.
fn tell(
    session: &Session,
    file: &Path,
    read: &Read,
    again: &Replayed,
    args: &Args,
) -> Result<(), Error> {
    let property = &read.written.property;
    let is_violated = |it: &&Finding| it.property == *property && it.verdict() == Verdict::Violated;
    let Some(finding) = again.tried.findings.iter().find(is_violated) else {
        print(&stories(read, again))?;
        return Ok(());
    };
    let mut explanation = of_case(&read.trial(), &again.case, finding);
    if read.stop.is_set() {
        return Ok(()); // Half an explanation explains nothing.
    }
    explanation.replay = format!("driftlab replay {} --trace", quote(&file.display().to_string()));
    if args.trace {
        print(&format!("\n{}", report::failure::terminal(&explanation, session.terminal)))?;
    }
    if let Some(path) = &args.page {
        let page = report::failure::page(&explanation);
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        output::write_all(folder.unwrap_or(Path::new(".")), &[File::new(name, page)])?;
        remark(session, &format!("explained in {}\n", path.display()));
    }
    Ok(())
}

/// Replays every counterexample of a folder, one line each, and with `--trace` its trace.
fn suite(session: &Session, args: &Args) -> Result<Exit, Error> {
    let folder = &args.file;
    if args.page.is_some() {
        let message =
            format!("`{}` is a folder; a page explains one counterexample", folder.display());
        return Err(Error::Usage(format!("{message}\nhint: name a counterexample in it")));
    }
    let files = files(folder)?;
    if files.is_empty() {
        let hint = "`driftlab fuzz` writes what it finds to reports/SCENARIO/counterexamples";
        let folder = folder.display();
        return Err(Error::Usage(format!("no counterexample is in `{folder}`\nhint: {hint}")));
    }
    let stop = interrupt(session, Stop::default());
    remark(session, &format!("replaying {}\n", some(files.len(), "counterexample")));
    let mut verdicts = Vec::new();
    for path in &files {
        let read = read(session, path, &stop)?;
        let Some(again) = read.again()? else { break };
        let verdict = again.judgement.verdict;
        let Counterexample { variant, property, .. } = &read.written;
        let other = if again.identity == Identity::Same { "" } else { ", not the same run" };
        let (name, verdict_name) = (path.display(), verdict.name());
        print(&format!("{verdict_name:9} {name}: {variant}, {property}{other}\n"))?;
        if args.trace {
            tell(session, path, &read, &again, args)?;
        }
        verdicts.push(verdict);
    }
    let count = |verdict| verdicts.iter().filter(|it| **it == verdict).count();
    let (violated, undecided) = (count(Verdict::Violated), count(Verdict::Undecided));
    let (all, held) = (verdicts.len(), count(Verdict::Held));
    print(&format!("{all} replayed: {violated} violated, {undecided} undecided, {held} held\n"))?;
    check(&stop)?;
    Ok(if stop.is_set() { Exit::Interrupted } else { exit(Verdict::all(verdicts)) })
}

fn exit(verdict: Verdict) -> Exit {
    match verdict {
        Verdict::Held => Exit::Held,
        Verdict::Violated => Exit::Violated,
        Verdict::Undecided => Exit::Undecided,
    }
}

/// The counterexamples of a folder, in the order of their names; none if there is no such folder.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut files = output::files_in(folder)?;
    files.retain(|path| path.extension().is_some_and(|ending| ending == "toml"));
    files.sort();
    Ok(files)
}

/// A counterexample and its scenario.
struct Read {
    scenario: Scenario,
    written: Counterexample,
    stop: Stop,
}

impl Read {
    fn trial(&self) -> Trial<'_> {
        let named = self.scenario.variants.iter();
        let variant = named.clone().find(|it| it.name.is_called(&self.written.variant));
        // Resolving has found it.
        let variant = variant.unwrap_or(&self.scenario.variants[0]);
        let trial = Trial::new(&self.scenario, variant).until(&self.stop);
        if self.written.degraded { trial.degraded() } else { trial }
    }

    /// Runs it again; nothing if that was stopped.
    fn again(&self) -> Result<Option<Replayed>, Error> {
        let again = run_again(&self.trial(), &self.written);
        check(&self.stop)?;
        Ok((!self.stop.is_set()).then_some(again))
    }
}

/// Returns whether a text is that of a scenario.
fn is_scenario(text: &str) -> bool {
    let read: Result<toml::Table, _> = toml::from_str(text);
    read.is_ok_and(|table| table.contains_key("scenario") && !table.contains_key("counterexample"))
}

/// Reads a counterexample and the scenario that it names.
fn read(session: &Session, path: &Path, stop: &Stop) -> Result<Read, Error> {
    let written = parse(session, path)?;
    let scenario = source::load(session, &place(path, written.text.scenario()))?;
    written.resolve(session, scenario, stop)
}

/// A counterexample without its scenario.
struct Written {
    source: Source,
    text: CounterexampleText,
}

/// Reads a counterexample as far as that is possible without its scenario.
fn parse(session: &Session, path: &Path) -> Result<Written, Error> {
    let name = path.display().to_string();
    let text = String::from_utf8(output::read_text(path)?)
        .map_err(|_| Error::Usage(format!("`{name}` is not UTF-8 text")))?;
    let source = Source { name, text };
    if is_scenario(&source.text) {
        return Err(Error::Usage(format!(
            "`{}` is a scenario, not a counterexample\nhint: `driftlab compare` runs it, and \
             `driftlab fuzz` looks for counterexamples",
            source.name
        )));
    }
    let (read, problems) = counterexample::read(&source, &session.registries);
    let rendered = render(&source, &problems, session.colour_errors);
    let Some(text) = read else { return Err(Error::Scenario(rendered)) };
    remark(session, &rendered);
    Ok(Written { source, text })
}

impl Written {
    /// The counterexample in this scenario, whose runs end once they are stopped.
    fn resolve(self, session: &Session, scenario: Scenario, stop: &Stop) -> Result<Read, Error> {
        let colour = session.colour_errors;
        let written = self.text.resolve(&scenario);
        let written =
            written.map_err(|problems| Error::Scenario(render(&self.source, &problems, colour)))?;
        Ok(Read { scenario, written, stop: stop.clone() })
    }
}

/// The path of the scenario of a counterexample: as written, or relative to the counterexample.
fn place(path: &Path, scenario: &str) -> PathBuf {
    let written = PathBuf::from(scenario);
    let beside = path.parent().unwrap_or(Path::new("")).join(scenario);
    if !written.exists() && beside.exists() { beside } else { written }
}

/// The outcome of a replayed run as text.
fn details(read: &Read, again: &Replayed) -> String {
    let Counterexample { variant, property, .. } = &read.written;
    let verdict = again.judgement.verdict.name();
    let system = &read.scenario.system;
    let mut text = format!("{variant}: {property} is {verdict}\n");
    if !again.judgement.why.is_empty() {
        text += &format!("  {}\n", again.judgement.why);
    }
    text += &report::fuzz::case(system, &again.case);
    for (fault, struck) in again.case.faults.iter().zip(&again.tried.struck) {
        if !struck {
            text += &format!("  never fired: {fault}\n");
        }
    }
    text += &format!("  {}", again.identity.text());
    if again.identity != Identity::Same {
        text += &format!("; its fingerprint is {:016x} now", again.fingerprint);
    }
    text += "\n";
    if again.identity != Identity::Other && read.scenario.hash != read.written.scenario_hash {
        text += "  the scenario has changed since; the operations and faults are still the same\n";
    }
    text
}

/// The trace of every operation that the violation is about, or of all operations.
fn stories(read: &Read, again: &Replayed) -> String {
    let trial = read.trial();
    let setup = trial.setup(&again.case);
    let all = (0..again.case.operations.len() as u32).collect();
    let ops: Vec<u32> = match again.ops.is_empty() {
        true => all,
        false => again.ops.iter().map(|op| op.0).collect(),
    };
    let run = (read.written.variant.as_str(), again.case.seed);
    let told = ops.into_iter().map(|op| {
        let trace = trace(&setup, again.case.seed, op);
        format!("\n{}", report::trace::text(trial.system(), run, &trace))
    });
    told.collect()
}

/// A counterexample of the scenario that was found earlier, run again.
pub struct Known {
    /// Its file.
    pub path: PathBuf,
    /// The verdict on its property.
    pub verdict: Verdict,
    variant: String,
    property: String,
    shape: String,
}

impl Known {
    /// Returns whether a failure is this one: the same property of the same variant, in the same
    /// way.
    pub fn is(&self, variant: &str, property: &str, shape: &str) -> bool {
        self.variant == variant && self.property == property && self.shape == shape
    }
}

/// Replays what was found earlier in a scenario with this path, and says what became of it.
pub fn known(
    session: &Session,
    (scenario, typed): (&Scenario, &Path),
    folder: &Path,
    stop: &Stop,
) -> Result<Vec<Known>, Error> {
    let mut known = Vec::new();
    if !folder.exists() {
        return Ok(known);
    }
    for path in files(folder)? {
        let written = parse(session, &path)?;
        let named = place(&path, written.text.scenario());
        // The scenario of a plan may be nowhere else on this machine.
        let read = match named == typed {
            true => written.resolve(session, scenario.clone(), stop)?,
            false => written.resolve(session, source::load(session, &named)?, stop)?,
        };
        if read.scenario.name != scenario.name {
            continue;
        }
        let Some(again) = read.again()? else { break };
        let verdict = again.judgement.verdict;
        print(&format!("found earlier: {}: {}\n", path.display(), verdict.name()))?;
        let shape = shape(&read.scenario.system, &again.case);
        let Counterexample { variant, property, .. } = read.written;
        known.push(Known { path, verdict, variant, property, shape });
    }
    Ok(known)
}

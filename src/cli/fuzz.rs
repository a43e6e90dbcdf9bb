//! `driftlab fuzz`: random faults against what the patterns promise, and what they break.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
#[expect(
    clippy::disallowed_types,
    reason = "how long to go on is the user's time, not a run's"
)]
use std::time::Instant;

use super::args::Fuzz as Args;
use super::compare::{choose, interrupt, pool};
use super::progress::FuzzProgress;
use super::replay::{Known, known};
use super::{Error, Exit, Session, output, print, remark, source};
use crate::checks::Verdict;
use crate::experiment::fuzz::{Fuzz, Fuzzed};
use crate::experiment::replay::{counterexample, shape};
use crate::experiment::shrink::{Shrunk, Step, shrink, violates};
use crate::experiment::trial::{Case, Trial};
use crate::kernel::Span;
use crate::report;
use crate::scenario::Scenario;

/// How many runs of each variant are made if nobody says for how long.
const RUNS: u64 = 10_000;

/// `driftlab fuzz`.
pub fn fuzz(session: &Session, args: &Args) -> Result<Exit, Error> {
    let scenario = source::load(session, &args.scenario)?;
    let variants = choose(&scenario, &args.variants)?;
    let folder = match &args.out {
        Some(folder) => folder.clone(),
        None => PathBuf::from("reports").join(&scenario.name).join("counterexamples"),
    };
    output::probe(&folder)?;
    let known = known(session, &scenario, &folder)?;
    let fuzz = Fuzz {
        trials: variants.iter().map(|variant| Trial::new(&scenario, variant)).collect(),
        faults: &session.registries.faults,
        seed: args.seed.unwrap_or(scenario.seed),
        operations: usize::from(args.operations),
        most: args.faults,
        uniform: args.uniform,
    };
    remark(session, &intent(&scenario, &fuzz));
    let stop = interrupt();
    let fuzzed = pool(args.threads)?.install(|| search(session, args, &fuzz, &stop));
    let names: Vec<&str> = variants.iter().map(|variant| &*variant.name.shown).collect();
    print(&report::fuzz::table(&names, &fuzzed))?;
    let hunt = Hunt { session, args, scenario: &scenario, fuzz: &fuzz, folder: &folder };
    hunt.tell(&fuzzed, &known)?;
    let interrupted = stop.load(std::sync::atomic::Ordering::Relaxed);
    Ok(verdict(&fuzzed, &known, interrupted))
}

/// What is about to be done.
fn intent(scenario: &Scenario, fuzz: &Fuzz) -> String {
    let variants = match fuzz.trials.len() {
        1 => "1 variant".to_owned(),
        several => format!("{several} variants"),
    };
    let Fuzz { operations, most, seed, .. } = fuzz;
    let how = if fuzz.uniform { "uniform" } else { "swarm" };
    format!(
        "{}: {variants}, {operations} operations and up to {most} faults a run, {how}, seed {seed}\n",
        scenario.name
    )
}

/// Makes the runs, with progress.
#[expect(clippy::disallowed_types, reason = "how long to go on is the user's time, not a run's")]
fn search(session: &Session, args: &Args, fuzz: &Fuzz, stop: &AtomicBool) -> Fuzzed {
    let runs = match (args.runs, args.time) {
        (Some(runs), _) => Some(runs),
        (None, Some(_)) => None,
        (None, None) => Some(RUNS),
    };
    let began = Instant::now();
    let total = runs.map(|runs| runs.saturating_mul(fuzz.trials.len() as u64));
    let progress = FuzzProgress::new(total, session.quiet);
    let fuzzed = fuzz.run(runs, stop, &mut |fuzzed| {
        progress.show(fuzzed, began.elapsed());
        let elapsed = Span::from_secs_f64(began.elapsed().as_secs_f64());
        args.time.is_none_or(|time| elapsed < time)
    });
    progress.finish();
    let seconds = began.elapsed().as_secs_f64();
    let rate = fuzzed.runs() as f64 / seconds.max(1e-9);
    let rate = report::human::number(rate);
    let took = report::human::nanos(seconds * 1e9);
    remark(session, &format!("{rate} runs a second, {took}\n\n"));
    fuzzed
}

/// What follows when something was found.
struct Hunt<'a> {
    session: &'a Session,
    args: &'a Args,
    scenario: &'a Scenario,
    fuzz: &'a Fuzz<'a>,
    folder: &'a Path,
}

impl Hunt<'_> {
    /// Shrinks every violation, says what it is, and writes it down unless it is known. What a run
    /// that has been shrunk violates beside its property is only named: it is the same failure.
    fn tell(&self, fuzzed: &Fuzzed, known: &[Known]) -> Result<(), Error> {
        let mut told: Vec<(usize, Shrunk)> = Vec::new();
        for (at, property, run) in fuzzed.violations() {
            let same = |(other, shrunk): &&(usize, Shrunk)| {
                *other == at && violates(&shrunk.tried, property)
            };
            if told.iter().find(same).is_some() {
                continue;
            }
            let case = self.fuzz.case(at, run);
            let trial = &self.fuzz.trials[at];
            let mut say = |step: Step| self.say(step);
            let Some(shrunk) = shrink(trial, &case, property, &mut say) else { continue };
            self.show(trial, property, &shrunk)?;
            print(&history(run, &case, &shrunk))?;
            self.keep(trial, property, &shrunk, known)?;
            told.push((at, shrunk));
        }
        Ok(())
    }

    /// A step of shrinking.
    fn say(&self, Step { what, faults, operations, runs }: Step) {
        let left = format!("{faults} faults, {operations} operations");
        remark(self.session, &format!("  shrinking, run {runs}: {what} ({left} left)\n"));
    }

    /// What is violated, why, and in which case.
    fn show(&self, trial: &Trial<'_>, property: &str, shrunk: &Shrunk) -> Result<(), Error> {
        let variant = &trial.variant().name.shown;
        print(&format!("\n{variant}: {property} is violated\n  {}\n", why(shrunk, property)))?;
        let others = shrunk.tried.findings.iter().map(|found| &*found.property);
        let others = others.filter(|it| *it != property && violates(&shrunk.tried, it));
        let others: Vec<&str> = others.collect();
        if !others.is_empty() {
            print(&format!("  and with it: {}\n", others.join(", ")))?;
        }
        print(&report::fuzz::case(trial.system(), &shrunk.case))?;
        Ok(())
    }

    /// Writes a failure down unless one of its shape is.
    fn keep(
        &self,
        trial: &Trial<'_>,
        property: &str,
        shrunk: &Shrunk,
        known: &[Known],
    ) -> Result<Exit, Error> {
        let variant = &trial.variant().name;
        let shape = shape(trial.system(), &shrunk.case);
        let same = |known: &&Known| known.is(&variant.lasting, property, &shape);
        match known.iter().find(same) {
            Some(known) => print(&format!("  known: {}\n", known.path.display())),
            None => self.write(trial, shrunk, property),
        }
    }

    /// Writes it down beside those that are known.
    fn write(&self, trial: &Trial<'_>, shrunk: &Shrunk, property: &str) -> Result<Exit, Error> {
        let variant = &trial.variant().name.lasting;
        let scenario = self.args.scenario.display().to_string();
        let again = format!(
            "driftlab fuzz {scenario} --variant {} --seed {} --operations {} --faults {}",
            trial.variant().name.shown,
            self.fuzz.seed,
            self.fuzz.operations,
            self.fuzz.most
        );
        let found = (&shrunk.case, &shrunk.tried);
        let written = counterexample(trial, found, property, (&scenario, &again));
        let why = why(shrunk, property);
        let remark = format!("{variant}: {property} is violated.\n{why}");
        let name = free_name(self.folder, &format!("{variant}-{}", slug(property)));
        let text = written.text(&self.scenario.system, &remark);
        output::write_all(self.folder, &[(name.clone(), text.into_bytes())])?;
        let path = self.folder.join(name);
        print(&format!("  again: driftlab replay {} --trace\n", path.display()))
    }
}

/// Why a property is violated, in words.
fn why<'a>(shrunk: &'a Shrunk, property: &str) -> &'a str {
    let found = shrunk.tried.findings.iter().find(|found| found.property == property);
    found.map_or("", |found| &found.judgement.why)
}

/// How a failure was found and made small.
fn history(run: u64, case: &Case, shrunk: &Shrunk) -> String {
    let (faults, operations) = (case.faults.len(), case.operations.len());
    let from = format!("{faults} faults and {operations} operations");
    let end = if shrunk.finished { "" } else { ", when the runs were used up" };
    format!("  found in run {run}, shrunk from {from} in {} runs{end}\n", shrunk.runs)
}

/// A property as a part of a file's name.
fn slug(property: &str) -> String {
    let letter = |letter: char| if letter.is_alphanumeric() { letter } else { '-' };
    property.to_lowercase().chars().map(letter).collect()
}

/// A name that no file in the folder has yet.
fn free_name(folder: &Path, stem: &str) -> String {
    let numbered = |number: u32| match number {
        1 => format!("{stem}.toml"),
        _ => format!("{stem}-{number}.toml"),
    };
    let free = |name: &String| !folder.join(name).exists();
    (1..).map(numbered).find(free).unwrap_or_default()
}

/// What everything together says: what is known counts as long as it is not mended.
fn verdict(fuzzed: &Fuzzed, known: &[Known], interrupted: bool) -> Exit {
    match fuzzed.verdict() {
        Verdict::Violated => Exit::Violated,
        _ if known.iter().any(|known| known.verdict == Verdict::Violated) => Exit::Violated,
        _ if interrupted => Exit::Interrupted,
        Verdict::Undecided => Exit::Undecided,
        Verdict::Held => Exit::Held,
    }
}

//! The handling of a counterexample: it is shrunk, reported, and written to a file unless it is
//! known.

use std::path::Path;

use super::replay::Known;
use super::{Error, Exit, Session, output, print, quote, remark};
use crate::report;
use crate::report::export::File;
use crate::report::human::some;
use crate::search::explanation::of_case;
use crate::search::replay::{counterexample, shape};
use crate::search::shrink::{Shrunk, Step, shrink, violates};
use crate::search::trial::{Case, Trial};

/// The counterexamples of a scenario: their folder, and those that were reported already.
pub struct Hunt<'a> {
    session: &'a Session,
    path: &'a Path,
    folder: &'a Path,
    known: &'a [Known],
    /// The cases that were shrunk so far, by the stream name of their variant.
    told: Vec<(String, Shrunk)>,
}

impl<'a> Hunt<'a> {
    /// A hunt in the scenario from this path, without any reported case. Counterexamples that are
    /// not `known` are written to `folder`.
    pub fn new(session: &'a Session, path: &'a Path, folder: &'a Path, known: &'a [Known]) -> Self {
        Self { session, path, folder, known, told: Vec::new() }
    }

    /// Shrinks a case that violates a property, reports it, and writes it to a file unless it is
    /// known. `found` has the run and the command that found it. Other properties that the shrunk
    /// run violates are only named, since they belong to the same failure.
    pub fn tell(
        &mut self,
        trial: &Trial<'_>,
        case: &Case,
        property: &str,
        found: &str,
        again: &str,
    ) -> Result<(), Error> {
        let variant = trial.variant().name.stream_name.to_string();
        let same = |(other, shrunk): &(String, Shrunk)| {
            *other == variant && violates(&shrunk.tried, property)
        };
        if self.told.iter().any(same) {
            return Ok(());
        }
        let mut say = |step: Step| self.say(step);
        let Some(shrunk) = shrink(trial, case, property, &mut say) else { return Ok(()) };
        show(trial, property, &shrunk)?;
        print(&history(found, case, &shrunk))?;
        self.keep(trial, property, &shrunk, again)?;
        self.told.push((variant, shrunk));
        Ok(())
    }

    /// A step of shrinking.
    fn say(&self, Step { what, faults, operations, runs }: Step) {
        let left = format!("{}, {}", some(faults, "fault"), some(operations, "operation"));
        remark(self.session, &format!("  shrinking, run {runs}: {what} ({left} left)\n"));
    }

    /// Writes a failure to a file unless there is one of its shape.
    fn keep(
        &self,
        trial: &Trial<'_>,
        property: &str,
        shrunk: &Shrunk,
        again: &str,
    ) -> Result<Exit, Error> {
        let variant = &trial.variant().name;
        let shape = shape(trial.system(), &shrunk.case);
        let same = |known: &&Known| known.is(&variant.stream_name, property, &shape);
        match self.known.iter().find(same) {
            Some(known) => print(&format!("  known: {}\n", known.path.display())),
            None => self.write(trial, shrunk, property, again),
        }
    }

    /// Writes a failure to a new file beside the known ones.
    fn write(
        &self,
        trial: &Trial<'_>,
        shrunk: &Shrunk,
        property: &str,
        again: &str,
    ) -> Result<Exit, Error> {
        let variant = &trial.variant().name.stream_name;
        let scenario = self.path.display().to_string();
        let Shrunk { case, .. } = shrunk;
        let written = counterexample(trial, case, property, &scenario, again);
        let why = why(shrunk, property);
        let remark = format!("{variant}: {property} is violated.\n{why}");
        let stem = free_stem(
            self.folder,
            &output::file_name(&format!("{variant}-{}", property.to_lowercase())),
        );
        let (name, page) = (format!("{stem}.toml"), format!("{stem}.html"));
        let text = written.text(&trial.scenario().system, &remark);
        let again = format!(
            "driftlab replay {} --trace",
            quote(&self.folder.join(&name).display().to_string())
        );
        let mut files = vec![File::new(name, text)];
        let found = shrunk.tried.findings.iter().find(|found| found.property == property);
        if let Some(finding) = found.filter(|_| !trial.stop().is_set()) {
            let mut explanation = of_case(trial, &shrunk.case, finding);
            explanation.replay.clone_from(&again);
            if let Some(cause) = report::failure::cause(&explanation) {
                print(&format!("  {cause}\n"))?;
            }
            print(&format!("  explained: {}\n", self.folder.join(&page).display()))?;
            files.push(File::new(page, report::failure::page(&explanation)));
        }
        output::write_all(self.folder, &files)?;
        print(&format!("  again: {again}\n"))
    }
}

/// Prints which property is violated, why, and in which case.
fn show(trial: &Trial<'_>, property: &str, shrunk: &Shrunk) -> Result<Exit, Error> {
    let variant = &trial.variant().name.shown;
    print(&format!("\n{variant}: {property} is violated\n  {}\n", why(shrunk, property)))?;
    if trial.gives_up(property) {
        print(
            "  the pattern promises that with its defaults; the settings of this variant do not\n",
        )?;
    }
    let others = shrunk.tried.findings.iter().map(|found| &*found.property);
    let others = others.filter(|it| *it != property && violates(&shrunk.tried, it));
    let others: Vec<&str> = others.collect();
    if !others.is_empty() {
        print(&format!("  and with it: {}\n", others.join(", ")))?;
    }
    print(&report::fuzz::case(trial.system(), &shrunk.case))
}

/// The reason why a property is violated, in words.
fn why<'a>(shrunk: &'a Shrunk, property: &str) -> &'a str {
    let found = shrunk.tried.findings.iter().find(|found| found.property == property);
    found.map_or("", |found| &found.judgement.why)
}

/// The run in which a failure was found, and the steps of shrinking, in words.
fn history(found: &str, case: &Case, shrunk: &Shrunk) -> String {
    let (faults, operations) = (case.faults.len(), case.operations.len());
    let from = format!("{} and {}", some(faults, "fault"), some(operations, "operation"));
    let end = if shrunk.finished { "" } else { ", stopped at the limit of runs" };
    format!("  found {found}, shrunk from {from} in {} runs{end}\n", shrunk.runs)
}

/// A name, without its ending, that no counterexample in the folder has yet.
fn free_stem(folder: &Path, stem: &str) -> String {
    let numbered = |number: u32| match number {
        1 => stem.to_owned(),
        _ => format!("{stem}-{number}"),
    };
    let free = |name: &String| !folder.join(format!("{name}.toml")).exists();
    (1..).map(numbered).find(free).unwrap_or_default()
}

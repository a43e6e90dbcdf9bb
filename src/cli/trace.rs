//! `driftlab trace`: one operation of a run, under one variant or several.

use std::collections::BTreeMap;
use std::path::Path;

use super::args::{Trace as Args, TraceFormat};
use super::compare::{check, find, intent, interrupt};
use super::{Error, Exit, Session, output, print, quote, remark, source};
use crate::checks::OperationRow;
use crate::experiment::compare::{Study, limited};
use crate::kernel::Time;
use crate::report;
use crate::report::export::File;
use crate::report::story::Heading;
use crate::scenario::estimate::size;
use crate::scenario::{Scenario, Variant};
use crate::search::explanation::operation::{RecordedRun, Story};
use crate::search::explanation::selection::{Met, Ranking, Selection};

/// `driftlab trace`.
pub fn trace(session: &Session, args: &Args) -> Result<Exit, Error> {
    let scenario = source::load(session, &args.scenario)?;
    let variants = variants(&scenario, &args.variants)?;
    let seed = args.seed.unwrap_or(scenario.seed);
    let study = Study { variants, twins: false, ..Study::of(&scenario, [seed]) };
    source::bound(session, &args.scenario, std::slice::from_ref(&study), &args.limits)?;
    bound(&study.variants, args)?;
    let stop = interrupt(session, args.limits.stop());
    remark(session, &intent(&study));
    let mut selection = args.choice.selection();
    let mut stories: Vec<Story> = Vec::new();
    for variant in &study.variants {
        let name = variant.name.shown.to_string();
        let run = RecordedRun::new(&name, limited(&scenario, variant, &stop), seed);
        check(&stop)?;
        if stop.is_set() {
            return Ok(Exit::Interrupted);
        }
        let chosen = run.find(&selection).and_then(|op| run.story(op));
        let story = chosen.ok_or_else(|| absent(&run, &name, &selection))?;
        // The other variants show the same operation, whose number may differ there.
        selection = Selection::Name(story.operation.name.clone());
        stories.push(story);
    }
    let command = command(args, seed, &stories);
    let heading = Heading {
        scenario: &scenario.name,
        command: &command,
        profile: &scenario.profile.to_string(),
        look_for: &[],
    };
    if let Some(path) = &args.page {
        write_page(path, report::story::page(heading, &stories))?;
        remark(session, &format!("shown in {}\n", path.display()));
    }
    match args.format {
        TraceFormat::Text => print(&report::story::text(&stories)),
        TraceFormat::Mermaid => print(&report::story::mermaid(&stories)),
        TraceFormat::Json => {
            let document = report::story::document(heading, &stories);
            print(&(serde_json::to_string_pretty(&document).expect("plain data") + "\n"))
        }
    }
}

/// The variants that were asked for, or the first.
fn variants<'a>(scenario: &'a Scenario, names: &[String]) -> Result<Vec<&'a Variant>, Error> {
    match names {
        [] => Ok(scenario.variants.first().into_iter().collect()),
        names => names.iter().map(|name| find(scenario, name)).collect(),
    }
}

/// The bytes of the history that an event of a run leaves, at most.
const BYTES_OF_EVENT: u64 = 120;

/// Refuses a run whose whole history would take more memory than is allowed.
fn bound(variants: &[&Variant], args: &Args) -> Result<(), Error> {
    let allowed = args.limits.bounds().memory;
    for variant in variants {
        let needed = variant.estimate.events().saturating_mul(BYTES_OF_EVENT);
        if needed > allowed {
            return Err(Error::Usage(format!(
                "the history of a run of `{}` takes about {}, and at most {} are allowed\nhint: \
                 shorten the load of the scenario, or allow more with --limit-memory",
                variant.name.shown,
                size(needed),
                size(allowed)
            )));
        }
    }
    Ok(())
}

/// The command that prints these stories again.
fn command(args: &Args, seed: u64, stories: &[Story]) -> String {
    let variants: Vec<&str> = stories.iter().map(|story| story.variant.as_str()).collect();
    format!(
        "driftlab trace {} --variant {} --seed {seed} --operation {}",
        quote(&args.scenario.display().to_string()),
        quote(&variants.join(",")),
        stories.first().map_or(0, |story| story.row.op.0)
    )
}

/// Writes a page, in place of one that driftlab wrote.
pub fn write_page(path: &Path, page: String) -> Result<(), Error> {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(output::write_all(folder.unwrap_or(Path::new(".")), &[File::new(name, page)])?)
}

/// The error of a choice that fits no operation, with what there is instead.
fn absent(run: &RecordedRun, variant: &str, selection: &Selection) -> Error {
    let seed = run.seed();
    let rows = run.operations();
    let (what, hint) = match selection {
        Selection::Number(number) => (
            format!("no operation {number} arrives with seed {seed}"),
            "their numbers are in operations.csv, and `driftlab run FILE --format csv` prints them"
                .to_owned(),
        ),
        Selection::Name(name) => (
            format!("no operation `{name}` arrives with seed {seed} under `{variant}`"),
            "a name is that of a load and a number from 0, such as `shoppers#3`".to_owned(),
        ),
        Selection::Worst(Ranking::LockWait) => (
            format!("no operation waited for a lock with seed {seed} under `{variant}`"),
            "another seed or load may have more operations on the same rows".to_owned(),
        ),
        Selection::Worst(ranking) => (
            format!("no operation has a {} with seed {seed} under `{variant}`", ranking.name()),
            outcomes(rows),
        ),
        Selection::Outcome(headline) => (
            format!("no operation is {} with seed {seed} under `{variant}`", headline.name()),
            outcomes(rows),
        ),
        Selection::First(met) => (
            format!("no operation met {} with seed {seed} under `{variant}`", met.name()),
            met_instead(rows),
        ),
        Selection::At(at) => {
            (format!("nothing was under way at {at} under `{variant}`"), before(rows, *at))
        }
    };
    Error::Usage(format!("{what}\nhint: {hint}"))
}

/// The outcomes of a run, each with its number of operations.
fn outcomes(rows: &[OperationRow]) -> String {
    let mut counts: BTreeMap<_, usize> = BTreeMap::new();
    for row in rows {
        *counts.entry(row.headline).or_default() += 1;
    }
    let told: Vec<String> =
        counts.iter().map(|(headline, count)| format!("{count} {}", headline.id())).collect();
    match told.is_empty() {
        true => "no operation arrives at all".into(),
        false => format!("there are {}", told.join(", ")),
    }
}

/// The anomalies of a run, each with the number of operations that met it.
fn met_instead(rows: &[OperationRow]) -> String {
    let counted = Met::all().filter_map(|met| {
        let count = rows.iter().filter(|row| met.is_met(row)).count();
        (count > 0).then(|| format!("{count} met {}", met.name()))
    });
    let told: Vec<String> = counted.collect();
    match told.is_empty() {
        true => "no operation met any anomaly".into(),
        false => told.join(", "),
    }
}

/// The last operation that arrived before a time.
fn before(rows: &[OperationRow], at: Time) -> String {
    match rows.iter().rev().find(|row| row.arrived <= at) {
        Some(row) => format!("operation {} arrived last before, at {}", row.op.0, row.arrived),
        None => match rows.first() {
            Some(row) => format!("operation {} is the first, at {}", row.op.0, row.arrived),
            None => "no operation arrives at all".into(),
        },
    }
}

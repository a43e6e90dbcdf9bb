//! The reading of scenario files and of the CSV files that they name, and the reporting of their
//! problems.

use std::io;
use std::path::{Path, PathBuf};

use super::args::{Limits, Validate};
use super::output::FileError;
use super::{Error, Exit, Session, complain, output, print, remark};
use crate::experiment::compare::Study;
use crate::kernel::Span;
use crate::report;
use crate::report::text::align;
use crate::scenario::estimate::{number, size};
use crate::scenario::{self, Problem, Scenario, Source, Variant, any_error, nearest, render};
use crate::search::trial::{Offer, Trial};

/// Loads a scenario; its warnings are shown, its errors end the command.
pub fn load(session: &Session, path: &Path) -> Result<Scenario, Error> {
    let (scenario, rendered) = examine(session, path)?;
    match scenario {
        Some(scenario) => {
            remark(session, &rendered);
            Ok(scenario)
        }
        None => Err(Error::Scenario(rendered)),
    }
}

/// Refuses studies that exceed the limits, and announces the expected cost of long work.
pub fn bound(
    session: &Session,
    path: &Path,
    studies: &[Study<'_>],
    limits: &Limits,
) -> Result<(), Error> {
    let (mut time, mut events) = (Span::ZERO, 0.0);
    for study in studies {
        refuse(session, path, study, limits)?;
        let variants = &study.variants;
        let each = study.runs() / variants.len().max(1) as u64;
        let times = variants.iter().map(|variant| variant.estimate.time().saturating_mul(each));
        time = times.fold(time, |sum, time| sum + time);
        let of = |variant: &&Variant| variant.estimate.events() as f64;
        events += variants.iter().map(of).sum::<f64>() * each as f64;
    }
    if time >= LONG {
        let (events, time) = (number(events), report::human::nanos(time.as_nanos() as f64));
        let text = format!("expected: about {events} events, {time} of work for a core\n");
        remark(session, &text);
    }
    Ok(())
}

/// Refuses a study that exceeds the limits.
pub fn refuse(
    session: &Session,
    path: &Path,
    study: &Study<'_>,
    limits: &Limits,
) -> Result<(), Error> {
    let Study { scenario, variants, .. } = study;
    let problems = excesses(scenario, variants, study.runs(), limits);
    match problems.is_empty() {
        true => Ok(()),
        false => Err(Error::Scenario(excess(session, path, scenario, &problems))),
    }
}

/// Refuses a trial of these operations whose runs exceed the limits.
pub fn bound_trial(trial: &Trial<'_>, operations: &[Offer], limits: &Limits) -> Result<(), Error> {
    let excess = limits.bounds().exceeded(&trial.estimate(operations), 1);
    excess.map_or(Ok(()), |excess| {
        let name = &trial.variant().name.shown;
        let hint = format!("offer fewer operations, or allow more with {}", excess.option());
        Err(Error::Usage(format!("`{name}` comes to {excess}\nhint: {hint}")))
    })
}

/// The core time from which the expected cost of work is announced.
const LONG: Span = Span::from_secs(10);

/// The rendered problem of a study that exceeds the limits.
fn excess(session: &Session, path: &Path, scenario: &Scenario, problems: &[Problem]) -> String {
    let (name, text) = (path.display().to_string(), scenario.inputs.text().to_owned());
    render(&Source { name, text }, problems, session.colour_errors)
}

/// The problem of the first variant of which this many runs exceed the limits.
fn excesses(
    scenario: &Scenario,
    variants: &[&Variant],
    runs: u64,
    limits: &Limits,
) -> Vec<Problem> {
    let refused = |variant: &&Variant| limits.bounds().refuse(scenario, variant, runs);
    variants.iter().find_map(refused).into_iter().collect()
}

/// The expectations of a scenario, variant by variant, as a table.
fn expectations(scenario: &Scenario) -> String {
    let mut table = vec![["  a run of", "events", "memory", "time"].map(str::to_owned)];
    for Variant { name, estimate, .. } in &scenario.variants {
        table.push([
            format!("  {}", name.shown),
            number(estimate.events() as f64),
            size(estimate.bytes(1)),
            report::human::nanos(estimate.time().as_nanos() as f64),
        ]);
    }
    align("", &table, |column| column > 0)
}

/// `driftlab validate`: every problem of every file.
pub fn validate(session: &Session, args: &Validate) -> Result<Exit, Error> {
    let mut exit = Exit::Held;
    for path in &args.files {
        let (scenario, rendered) = match examine(session, path) {
            Ok(examined) => examined,
            Err(error) => {
                complain(&format!("error: {error}\n"));
                exit = Exit::BadInput;
                continue;
            }
        };
        complain(&rendered);
        match scenario {
            Some(scenario) => {
                let all: Vec<&Variant> = scenario.variants.iter().collect();
                let problems = excesses(&scenario, &all, 1, &args.limits);
                if !problems.is_empty() {
                    complain(&excess(session, path, &scenario, &problems));
                    exit = Exit::BadInput;
                    continue;
                }
                let variants = match scenario.variants.len() {
                    1 => "1 variant".to_owned(),
                    several => format!("{several} variants"),
                };
                print(&format!("{}: valid, {variants}\n", path.display()))?;
                if args.verbose {
                    print(&expectations(&scenario))?;
                }
            }
            None => exit = Exit::BadInput,
        }
    }
    Ok(exit)
}

/// A scenario, unless it has errors, and the rendering of all its problems.
fn examine(session: &Session, path: &Path) -> Result<(Option<Scenario>, String), Error> {
    let source = read(path)?;
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    let files = |relative: &str| read_data(session, &folder, relative);
    let (scenario, problems) = scenario::load(&source, &files, &session.registries);
    let rendered = render(&source, &problems, session.colour_errors);
    Ok((scenario.filter(|_| !any_error(&problems)), rendered))
}

/// Reads the text of a scenario file, or of standard input if it is called `-`.
fn read(path: &Path) -> Result<Source, Error> {
    let is_input = path == Path::new(INPUT);
    let name = if is_input { "standard input".into() } else { path.display().to_string() };
    let bytes = match is_input {
        true => output::read_input().map_err(FileError::new("read", Path::new(&name)))?,
        false => output::read_text(path).map_err(|error| match neighbour(path) {
            Some(near) if error.is_missing() => {
                Error::Usage(format!("{error}\nhint: did you mean `{near}`?"))
            }
            _ => error.into(),
        })?,
    };
    let is_utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Source { name, text }),
        Err(_) if is_utf16 => Err(Error::Usage(format!(
            "`{name}` is UTF-16 text\nhint: save it as UTF-8, for instance with `iconv -f UTF-16 \
             -t UTF-8`"
        ))),
        Err(_) => Err(Error::Usage(format!("`{name}` is not UTF-8 text"))),
    }
}

/// The name of a scenario that is read from standard input.
const INPUT: &str = "-";

/// Reads a CSV file that a scenario in a folder names; the file must lie in that folder, or in a
/// folder that is allowed.
fn read_data(session: &Session, folder: &Path, relative: &str) -> io::Result<Vec<u8>> {
    let place = folder.join(relative).canonicalize()?;
    let own = if folder == Path::new("") { Path::new(".") } else { folder };
    let allowed = session.allowed.iter().map(PathBuf::as_path);
    let holds = |folder: &Path| folder.canonicalize().is_ok_and(|it| place.starts_with(it));
    if !allowed.chain([own]).any(holds) {
        let outside =
            "it lies outside of the scenario's folder; `--allow-path DIR` allows a folder";
        return Err(io::Error::other(outside));
    }
    output::read_at_most(&place, output::MOST_BYTES)
}

/// The scenario file beside a missing one whose name is nearest.
fn neighbour(path: &Path) -> Option<String> {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let entries = std::fs::read_dir(folder.unwrap_or(Path::new("."))).ok()?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".toml")).collect();
    names.sort();
    let near = nearest(path.file_name()?.to_str()?, names.iter().map(String::as_str))?;
    Some(path.with_file_name(near).display().to_string())
}

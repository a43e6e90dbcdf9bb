//! `driftlab explore`: every plan with one or two faults, judged by the guarantees of the pattern.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, RwLock};
#[expect(clippy::disallowed_types, reason = "how long the user has to wait, not a run")]
use std::time::Instant;

use super::args::{Explore as Args, Format};
use super::compare::{check, interrupt, pool};
use super::hunt::Hunt;
use super::progress::Progress;
use super::replay::known;
use super::run::variant;
use super::{Error, Exit, Session, output, print, quote, remark, source, write};
use crate::checks::Verdict;
use crate::report;
use crate::report::export::File;
use crate::search::explore::{Exploration, Explored, Outcome, Watch};
use crate::search::trial::Trial;

/// `driftlab explore`.
pub fn explore(session: &Session, args: &Args) -> Result<Exit, Error> {
    let scenario = source::load(session, &args.scenario)?;
    let stop = interrupt(session, args.limits.stop());
    let trial = Trial::new(&scenario, variant(&scenario, args.variant.as_deref())?).until(&stop);
    let folder = match &args.out {
        Some(folder) => folder.clone(),
        None => PathBuf::from("reports").join(&scenario.name),
    };
    output::probe(&folder)?;
    let counterexamples = folder.join("counterexamples");
    let known = known(session, (&scenario, &args.scenario), &counterexamples, &stop)?;
    let seed = args.seed.unwrap_or(scenario.seed);
    let count = args.operations.unwrap_or(scenario.explore.operations);
    let operations = trial.offers(seed, usize::from(count));
    let exploration = Exploration {
        trial,
        seed,
        operations,
        depth: args.faults,
        outage: scenario.explore.outage,
        cap: args.cap,
    };
    source::bound_trial(&exploration.trial, &exploration.operations, &args.limits)?;
    remark(session, &intent(&exploration));
    let pool = pool(args.workers.threads())?;
    let shown = Shown::new(session.quiet, pool.current_num_threads());
    let explored = pool.install(|| exploration.run(&shown));
    shown.finish();
    check(&stop)?;
    show(session, args, &folder, &explored)?;
    let mut hunt = Hunt::new(session, &args.scenario, &counterexamples, &known);
    tell(&mut hunt, &exploration, &explored, &command(args, &exploration))?;
    check(&stop)?;
    Ok(match explored.verdict() {
        _ if stop.is_set() => Exit::Interrupted,
        Verdict::Violated => Exit::Violated,
        _ if args.require_coverage && !explored.coverage.is_whole() => Exit::Uncovered,
        Verdict::Undecided => Exit::Undecided,
        Verdict::Held => Exit::Held,
    })
}

/// The announcement of an exploration.
fn intent(exploration: &Exploration) -> String {
    let Exploration { trial, seed, operations, depth, .. } = exploration;
    let names: Vec<String> = operations.iter().map(|offer| offer.name.to_string()).collect();
    let faults = if *depth == 1 { "1 fault".to_owned() } else { format!("{depth} faults") };
    format!(
        "{}, variant {}: {}, every plan with at most {faults}, seed {seed}\n",
        trial.scenario().name,
        trial.variant().name.shown,
        names.join(", ")
    )
}

/// The command that writes the same bytes again.
fn command(args: &Args, exploration: &Exploration) -> String {
    let mut command = format!(
        "driftlab explore {} --variant {} --faults {} --operations {} --seed {}",
        quote(&args.scenario.display().to_string()),
        quote(&exploration.trial.variant().name.shown),
        args.faults,
        exploration.operations.len(),
        exploration.seed
    );
    if let Some(cap) = args.cap {
        command.push_str(&format!(" --cap {cap}"));
    }
    command
}

/// Prints the result and writes its table.
fn show(session: &Session, args: &Args, folder: &Path, explored: &Explored) -> Result<(), Error> {
    let name = format!("explorations/{}.csv", output::file_name(&explored.variant));
    output::write_all(folder, &[File::new(name.clone(), report::explore::csv(explored))])?;
    match args.format {
        Format::Human => print(&report::explore::text(explored, session.terminal))?,
        Format::Json => write(&report::explore::json(explored))?,
        Format::Csv => write(&report::explore::csv(explored))?,
    };
    remark(session, &format!("\nresults: {}\n", folder.join(name).display()));
    Ok(())
}

/// Shrinks the first plan that breaks each property and writes it to a file.
fn tell(
    hunt: &mut Hunt,
    exploration: &Exploration,
    explored: &Explored,
    again: &str,
) -> Result<(), Error> {
    let mut told = BTreeSet::new();
    for (number, plan) in explored.plans.iter().enumerate() {
        for at in plan.broken() {
            if told.insert(at) {
                let (case, property) = (exploration.case(&plan.strikes), &explored.properties[at]);
                let found = format!("in plan {number}");
                hunt.tell(&exploration.trial, &case, property, &found, again)?;
            }
        }
    }
    Ok(())
}

/// Progress of one round of runs after the other, with the expected time of the next one, estimated
/// from the round before.
#[expect(clippy::disallowed_types, reason = "how long the user has to wait, not a run")]
struct Shown {
    quiet: bool,
    progress: RwLock<Progress>,
    /// The start of the previous round, and the number of its plans.
    before: Mutex<(Instant, u64)>,
    /// The number of plans that are run at once from the first round on; the run before it is
    /// alone.
    threads: u64,
}

impl Shown {
    #[expect(clippy::disallowed_types, reason = "how long the user has to wait, not a run")]
    fn new(quiet: bool, threads: usize) -> Self {
        Self {
            quiet,
            progress: RwLock::new(Progress::Quiet),
            before: Mutex::new((Instant::now(), 1)),
            threads: threads as u64,
        }
    }

    /// The expected time of a round of this many plans, as text.
    #[expect(clippy::disallowed_types, reason = "how long the user has to wait, not a run")]
    fn expected(&self, runs: u64, is_first: bool) -> String {
        let Ok(mut before) = self.before.lock() else { return String::new() };
        let (began, done) = std::mem::replace(&mut *before, (Instant::now(), runs));
        let share = if is_first { self.threads } else { 1 };
        let each = began.elapsed().as_secs_f64() / (done.max(1) * share) as f64;
        report::human::nanos(1e9 * each * runs as f64)
    }

    fn finish(&self) {
        if let Ok(progress) = self.progress.read() {
            progress.finish();
        }
    }
}

impl Watch for Shown {
    fn begin(&self, what: &str, runs: u64) {
        self.finish();
        if let Ok(mut progress) = self.progress.write() {
            let is_first = matches!(*progress, Progress::Quiet);
            *progress = Progress::of("plans", runs, self.quiet);
            if !self.quiet {
                let expected = self.expected(runs, is_first);
                super::complain(&format!("  {runs} plans {what}, about {expected}\n"));
            }
        }
    }

    fn done(&self, _: &Outcome) {
        if let Ok(progress) = self.progress.read() {
            progress.advance();
        }
    }
}

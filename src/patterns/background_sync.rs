//! # Background synchronization
//!
//! The first step of an operation commits locally and the client is answered. The other stores
//! learn nothing until a job, on a node of its own, runs on its interval, reads what has changed
//! and corrects the others. The job sees rows and the declared derivations (`derive` of a step),
//! never operations.
//!
//! Several `instances` (`[drivers.job]`) share the rows that they correct. Those of one that was
//! not heard of for `take-over` are corrected by the others until it is back: they look at
//! everything once more, for how far it had come is in its own log.
//!
//! **Acknowledged**: `accepted` after the first local commit.
//!
//! **Promises** (with a watermark that overlaps, or scans, and corrections that are compared and
//! set): after one undisturbed run behind the last write, everything derived agrees with its
//! source.
//!
//! **Does not promise**: anything about the meantime. The lag of a write at a random moment is
//! uniform between the work of a run and the interval plus that work.
//!
//! `run-failure` makes a share of the runs fail before they have corrected anything, each by
//! itself. With a share f and an interval T, the mean lag grows by T f / (1 - f).
//!
//! **Fails as**: `write = "blind"` puts back the whole row as it was read, and destroys what a
//! service wrote in between; an outage of the job is an outage of consistency; a refusal at
//! correction time comes long after the answer *yes*.

mod coverage;
pub(crate) mod job;
mod owner;
mod rules;

use std::rc::Rc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::pattern::{Demand, Pattern};
use super::promise::{self, Guarantees};
use super::step::{self, ApplyOptions};
use crate::kernel::Span;
use crate::model::contract::{Driver, Promises, Waits, WaitsFor, faults, role};
use crate::model::path::Paths;
use crate::model::process::ProcessCtx;
use crate::model::reason::{Reason, no_share, too_frequent};
use crate::model::record::{Answer, OpId};
use crate::model::system::{OperationKind, StepId, System, TableId};
use crate::model::world::World;
use crate::patterns::share::Share;
use crate::reason;
use rules::Rule;

/// The name of the job's node.
pub(crate) const JOB: &str = "sync-job";

/// The name of the standby's node.
const STANDBY: &str = "sync-standby";

/// A local commit, and a periodic job that brings the other stores up to date.
pub struct BackgroundSync {
    settings: Settings,
    rules: Rc<[Rule]>,
}

/// The two instants between which the interval is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Measured {
    /// From the start of a run to the start of the next; a run that takes longer skips it.
    #[default]
    StartToStart,
    /// From the end of a run to the start of the next.
    EndToStart,
}

/// The way in which a run finds what has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Find {
    /// Rows written since the last run, by their time of writing.
    #[default]
    Watermark,
    /// Every row.
    Scan,
}

/// The way in which a correction is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Write {
    /// The whole row as it was read, with the correction in it.
    Blind,
    /// The corrected column, if the row is still the version that was read; else once more.
    #[default]
    CompareAndSet,
    /// The difference, added to whatever value the cell has by now. Rows and copies are compared
    /// and set.
    Delta,
}

/// The reaction of the job when a rule refuses a correction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnRefusal {
    /// The job reverts the change of the source row.
    #[default]
    Compensate,
    /// The job tries the correction again in the next run.
    Retry,
}

/// Settings of background synchronization.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Settings {
    /// Time between two runs.
    pub interval: Span,
    /// The two instants between which the interval is measured.
    pub measured: Measured,
    /// The way in which a run finds what has changed.
    pub find: Find,
    /// How far before the watermark a run reads again, for rows that were written earlier and
    /// committed later. It must cover the longest transaction.
    pub overlap: Span,
    /// Rows per request.
    pub batch: u32,
    /// The way in which a correction is written.
    pub write: Write,
    /// The reaction of the job when a rule refuses a correction.
    pub on_refusal: OnRefusal,
    /// True if a row that was deleted at its source is deleted where it was derived.
    pub propagate_deletes: bool,
    /// True if a standby job, on another node, runs when the first one does not answer.
    pub standby: bool,
    /// The share of runs that fail before they have corrected anything, 0 to 0.99.
    #[schemars(range(min = 0.0, max = 0.99))]
    pub run_failure: f64,
    /// The age of a change at which a run that finds it raises an alert; without a value it never
    /// does.
    pub watchdog: Option<Span>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            interval: Span::from_secs(30),
            measured: Measured::default(),
            find: Find::default(),
            overlap: Span::from_secs(5),
            batch: 200,
            write: Write::default(),
            on_refusal: OnRefusal::default(),
            propagate_deletes: true,
            standby: false,
            run_failure: 0.0,
            watchdog: None,
        }
    }
}

impl Settings {
    /// The time between two successful runs that is exceeded in one of 10^9 cases.
    fn longest_gap(&self) -> Span {
        let mut gap = self.interval;
        let mut fails = self.run_failure;
        while fails > 1e-9 {
            gap += self.interval;
            fails *= self.run_failure;
        }
        gap
    }
}

impl Pattern for BackgroundSync {
    const NAME: &'static str = "background-sync";
    const SUMMARY: &'static str = "a local commit; a periodic job corrects the other stores";
    const MANUAL: &'static str = include_str!("background_sync.rs");
    type Settings = Settings;
    const WORKS_ON_ROWS: bool = true;

    fn check(settings: &Settings, system: &System) -> Vec<Reason> {
        let mut problems = Vec::new();
        for operation in &system.operations {
            for step in operation
                .steps
                .iter()
                .skip(1)
                .filter(|step| step.derive.is_none() && !step.effect.is_nothing())
            {
                problems.push(reason!(
                    "step `{}` of `{}` does not say how it derives from earlier rows (`{}`), \
                     and that is all a synchronization job can know",
                    step.name.shown,
                    operation.name.shown,
                    "derive"
                ));
            }
        }
        problems.extend(too_frequent("interval", settings.interval));
        problems.extend(no_share("run-failure", settings.run_failure, 0.99));
        if settings.batch == 0 {
            problems.push(reason!("`{}` must be at least 1", "batch"));
        }
        problems
    }

    /// The promises with these settings. A watermark depends on the databases' clocks and misses a
    /// row that is committed later than the overlap after it was written, so neither disks nor
    /// anything else may be slow. A refusal that is retried for ever leaves its operation half done
    /// for ever.
    fn promises(settings: &Settings, system: &System) -> Promises {
        let refused = promise::may_be_refused_later(system);
        // Who adds a difference adds it again when the correction comes twice.
        let repeats = matches!(settings.write, Write::Blind | Write::Delta);
        let watermark = settings.find == Find::Watermark;
        let gapless = !watermark || settings.overlap > Span::ZERO;
        let stuck = !gapless
            || !settings.propagate_deletes
            || refused && settings.on_refusal == OnRefusal::Retry;
        let guarantees = Guarantees::everything()
            .and(&["corrections-follow-their-source"])
            .unless(repeats || stuck, promise::ENDS)
            .unless(repeats, &["at-most-once"])
            .unless(refused, &["client-contract"]);
        let longest = system.databases.iter().map(|database| database.branch_timeout).max();
        let mut budget = promise::usual();
        if watermark {
            budget = budget.without(&[faults::CLOCKS, faults::DISKS]);
        }
        if watermark && longest.is_some_and(|longest| settings.overlap < longest) {
            budget = budget.without(&[faults::LATENESS, faults::STALLS]);
        }
        let runs = settings.longest_gap().saturating_mul(promise::steps(system) + 1);
        let within = promise::recovery(system) + runs + promise::tries(&system.longest_retry());
        Promises { guarantees: guarantees.names(), budget, within: Some(within) }
    }

    fn by_default(settings: &Settings) -> Settings {
        Settings { run_failure: settings.run_failure, ..Settings::default() }
    }

    fn paths(settings: &Settings, system: &System) -> Paths {
        coverage::paths(settings, system)
    }

    fn drivers(settings: &Settings) -> Vec<Driver> {
        let job = Driver { name: JOB, role: role::JOB };
        if settings.standby { vec![job, Driver::new(STANDBY)] } else { vec![job] }
    }

    /// A scan looks at every row and has no watermark.
    fn unused(settings: &Settings, _: &System) -> Vec<&'static str> {
        if settings.find == Find::Scan { vec!["overlap"] } else { Vec::new() }
    }

    /// The job takes a step of its own work for each request.
    fn demands(
        settings: &Settings,
        system: &System,
        offered: &[(OperationKind, f64)],
    ) -> Vec<Demand> {
        let asked = Self::requests(settings, system, offered).iter().map(|(_, rate)| rate).sum();
        Demand::of_workers(system, role::JOB, asked).into_iter().collect()
    }

    /// The requests of the job: in each run it reads, for every rule, page by page, the source rows
    /// that may have changed, and for each batch of them source and target again. Its corrections
    /// are counted as steps.
    fn requests(
        settings: &Settings,
        system: &System,
        offered: &[(OperationKind, f64)],
    ) -> Vec<(TableId, f64)> {
        let interval = settings.interval.as_secs_f64();
        let length = interval + settings.overlap.as_secs_f64();
        let written = |table: TableId| -> f64 {
            let steps = offered.iter().map(|(kind, rate)| {
                let steps = &system.operation(*kind).steps;
                *rate * steps.iter().filter(|step| step.table == table).count() as f64
            });
            steps.sum()
        };
        let requests = rules::of(system, &Share::all()).into_iter().flat_map(|rule| {
            let rows = match settings.find {
                Find::Watermark => written(rule.source) * length,
                Find::Scan => system.table(rule.source).rows as f64,
            };
            let batches = (rows / f64::from(settings.batch)).ceil();
            let pages = batches.max(1.0);
            [(rule.source, (pages + batches) / interval), (rule.target, batches / interval)]
        });
        requests.collect()
    }

    fn waits(_: &Settings) -> Waits {
        Waits { steps: WaitsFor::First, drivers: Vec::new(), publishes: false }
    }

    fn new(settings: &Settings, world: &Rc<World>) -> Self {
        Self::beside(settings, world, &Share::all())
    }

    fn beside(settings: &Settings, world: &Rc<World>, share: &Share) -> Self {
        let rules = rules::of(world.env().system(), share).into();
        Self { settings: settings.clone(), rules }
    }

    async fn execute(self: Rc<Self>, here: ProcessCtx, _: OpId) -> Answer {
        let options = ApplyOptions { once: true, ..ApplyOptions::default() };
        step::decide(&here, "first step", Answer::Accepted, async |here: ProcessCtx| {
            step::apply(&here, StepId(0), options).await
        })
        .await
    }

    fn start(self: Rc<Self>, here: ProcessCtx) {
        match here.driver() {
            Some(JOB) => here.spawn(|here| job::run(self, here)),
            Some(STANDBY) if self.settings.standby => here.spawn(|here| job::stand_by(self, here)),
            _ => {}
        }
    }

    fn period(&self) -> Span {
        self.settings.longest_gap()
    }
}

#[cfg(test)]
mod tests;

//! A trial: one short run of a variant whose choices are values, and the verdict on it.
//!
//! A comparison draws everything from a seed. A search for failures needs more: to remove an
//! operation and keep the others as they are, to move a fault, to write the choices down and run
//! them again years later. So a [`Case`] holds every choice as a value (the seed remains for named
//! draws: delays, work, refusals), and a [`Trial`] runs it: no warm-up, the listed operations, the
//! faults, a window in which everything can be answered, then the heal and the settle phase.
//!
//! Read probes are left out: they measure what others see and have no part in the guarantees. Of
//! the initial rows of a table only the first few dozen exist, and operations are drawn among them;
//! a case that uses further ones has them, too.

mod degraded;
mod offers;
mod watch;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

pub use self::degraded::is_drawn;
pub use self::offers::hasten;
use self::watch::{FaultWatch, StableFingerprint};
use super::points::{Passed, points};
use crate::checks::Verdict;
use crate::checks::census::Census;
use crate::checks::outcome::census;
use crate::checks::properties::{Finding, Verifier};
use crate::experiment::run::{Ending, Ran, Setup, observe};
use crate::experiment::stop::{Limits, Stop};
use crate::faults::budget::{Excess, inside};
use crate::faults::plan::PlannedFault;
use crate::faults::target::Site;
use crate::faults::trigger::OpName;
use crate::kernel::{Sink, Span, Time};
use crate::model::contract::{Budget, Driver, Promises};
use crate::model::env::OpInfo;
use crate::model::path::Paths;
use crate::model::record::Record;
use crate::model::system::{OperationKind, RowKey, System};
use crate::model::workload::{Workload, maker};
use crate::model::world::World;
use crate::patterns::pattern::{Prepared, period};
use crate::scenario::estimate::{Estimate, Offered};
use crate::scenario::{Change, Scenario, Variant};

/// The most initial rows of a table, unless a case uses more.
const ROWS: u64 = 50;

/// All choices of one run, as values.
#[derive(Clone, Default)]
pub struct Case {
    /// The seed of all named draws: delays, work, refusals.
    pub seed: u64,
    /// The operations that are offered, in the order of arrival.
    pub operations: Vec<Offer>,
    /// The faults.
    pub faults: Vec<PlannedFault>,
    /// The branch seeds and the times from which they replace the seed of the run.
    pub branch_seeds: Vec<(Time, u64)>,
    /// The changed values of the scenario.
    pub changes: Vec<Change>,
}

/// One operation of a case.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Offer {
    /// Its load and its number there, as in every run of the scenario.
    pub name: OpName,
    /// The kind, rows and arrival of the operation.
    pub info: OpInfo,
}

/// A variant of a scenario, ready to be tried.
#[derive(Clone)]
pub struct Trial<'a> {
    scenario: &'a Scenario,
    variant: &'a Variant,
    promises: Promises,
    judged: Judged,
    /// The scenario's system without warm-up and probes.
    system: System,
    /// The longest period of any recurring activity.
    period: Span,
    /// The time from the last arrival to the end of the load.
    window: Span,
    /// True if the variant is unchanged from the scenario's text, so that the text can be read
    /// again with changes.
    is_as_written: bool,
    stop: Stop,
}

/// The promises that a trial is judged by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Judged {
    /// The promises of the pattern with its default settings.
    ByDefault,
    /// Those with the settings of the variant.
    ByOwn,
    /// The part of the former that stands though more goes wrong than they allow.
    Degraded,
}

/// The part that all cases with the same operations and the same changes share: the system with its
/// phases, the pattern and what it promises, and the load.
#[derive(Clone)]
pub struct Stage {
    system: Arc<System>,
    pattern: Arc<dyn Prepared>,
    promises: Promises,
    workload: Workload,
    limits: Limits,
}

impl Stage {
    /// The setup of a run of a case.
    fn setup(&self, case: &Case) -> Setup {
        Setup {
            faults: case.faults.clone().into(),
            workload: self.workload.clone(),
            branch_seeds: case.branch_seeds.clone().into(),
            ending: Ending::Settled,
            limits: self.limits.clone(),
            ..Setup::new(Arc::clone(&self.system), Arc::clone(&self.pattern))
        }
    }

    /// The system on which the cases run.
    pub fn system(&self) -> &System {
        &self.system
    }

    /// The driver nodes of the pattern.
    pub fn drivers(&self) -> Vec<Driver> {
        self.pattern.drivers()
    }

    /// The promises that are checked.
    #[cfg(test)]
    pub fn promises(&self) -> &Promises {
        &self.promises
    }

    /// How much may go wrong under the promises that are checked.
    pub fn budget(&self) -> &Budget {
        &self.promises.budget
    }
}

/// The outcome of one run of a case.
#[derive(Clone, Debug)]
pub struct Tried {
    /// The end of the run itself.
    pub ran: Ran,
    /// The finding of each check.
    pub findings: Vec<Finding>,
    /// For each fault of the plan, whether it began.
    pub struck: Vec<bool>,
    /// For each fault of the plan, whether it overlapped work on an operation.
    pub disturbed: Vec<bool>,
    /// The excess of the plan of faults over the pattern's budget, if there is one.
    pub degraded: Option<Excess>,
    /// The census of its operations.
    pub census: Census,
    /// The time from which on every operation was complete or absent; none if one still is partial.
    pub whole_since: Option<Time>,
    /// The paths of the pattern that it took.
    pub paths: Paths,
}

impl Offer {
    /// Returns whether it touches a row that another operation makes: it then follows that one, and
    /// comes after it in every run.
    pub fn follows(&self, other: &Self) -> bool {
        let made = |key: &RowKey| maker(*key).is_some();
        let mut keys = self.info.keys.iter().filter(|key| made(key));
        let before = (other.info.arrived, &other.name) < (self.info.arrived, &self.name);
        before && keys.any(|key| other.info.keys.contains(key))
    }
}

impl<'a> Trial<'a> {
    /// A variant of a scenario, judged by the promises of its pattern with *default* settings: a
    /// setting that gives a promise up is a failure to be found.
    pub fn new(scenario: &'a Scenario, variant: &'a Variant) -> Self {
        let mut system = System::clone(&variant.system);
        system.phases.warm_up = Span::ZERO;
        system.reads.clear();
        for table in &mut system.tables {
            table.rows = table.rows.min(ROWS);
        }
        let period = period(&*variant.pattern, &system);
        let window = system.client.deadline + period.saturating_mul(2) + system.longest_recovery();
        let promises = variant.pattern.promises_by_default(&system);
        Self {
            scenario,
            variant,
            promises,
            judged: Judged::ByDefault,
            system,
            period,
            window,
            is_as_written: true,
            stop: Stop::default(),
        }
    }

    /// This trial, judged by the promises of the variant's own settings: what they give up is no
    /// failure.
    #[must_use]
    pub fn by_own_promises(self) -> Self {
        let promises = self.variant.pattern.promises(&self.system);
        Self { promises, judged: Judged::ByOwn, ..self }
    }

    /// The trial in which more goes wrong than the pattern is made for, and that is judged by what
    /// stands all the same; see the module `degraded`.
    #[must_use]
    pub fn degraded(self) -> Self {
        let promises = degraded::promises(self.promises);
        Self { promises, judged: Judged::Degraded, ..self }
    }

    /// Returns whether more goes wrong than the pattern is made for.
    pub fn is_degraded(&self) -> bool {
        self.judged == Judged::Degraded
    }

    /// Returns whether the variant's settings give up a property by which it is judged.
    pub fn gives_up(&self, property: &str) -> bool {
        let own = || self.variant.pattern.promises(&self.system);
        self.promises.guarantees.contains(&property) && !own().guarantees.contains(&property)
    }

    /// This trial with a flag that stops its runs. A run under a set flag has no result.
    #[must_use]
    pub fn until(self, stop: &Stop) -> Self {
        Self { stop: stop.clone(), ..self }
    }

    /// The flag that ends its runs.
    pub fn stop(&self) -> &Stop {
        &self.stop
    }

    /// This trial for a variant that differs from the scenario's text, judged by other promises.
    #[cfg(any(test, feature = "internals"))]
    #[must_use]
    pub fn promising(self, promises: Promises) -> Self {
        Self { promises, is_as_written: false, ..self }
    }

    /// This trial with the read probes of the scenario.
    #[cfg(any(test, feature = "internals"))]
    #[must_use]
    pub fn reading(mut self) -> Self {
        self.system.reads.clone_from(&self.variant.system.reads);
        self
    }

    /// Returns whether these changes can be made and the scenario is valid with them.
    pub fn allows(&self, changes: &[Change]) -> bool {
        self.is_as_written && self.scenario.changed(changes).is_ok()
    }

    /// The scenario.
    pub fn scenario(&self) -> &'a Scenario {
        self.scenario
    }

    /// The variant.
    pub fn variant(&self) -> &'a Variant {
        self.variant
    }

    /// The system on which cases run, with the phases of the scenario.
    pub fn system(&self) -> &System {
        &self.system
    }

    /// The time from the last arrival to the end of the load, when everything heals: the deadline
    /// of clients, two periods of the pattern, and the longest recovery, so that faults also affect
    /// recovering nodes.
    pub fn window(&self) -> Span {
        self.window
    }

    /// The longest period of any recurring activity under the variant.
    pub fn period(&self) -> Span {
        self.period
    }

    /// Some operations, drawn as the loads draw them; see the module `offers` for which.
    pub fn offers(&self, seed: u64, count: usize) -> Vec<Offer> {
        offers::draw(&self.system, seed, count)
    }

    /// The time at which everything heals in a run of these operations.
    pub fn heals(&self, operations: &[Offer]) -> Time {
        let last = operations.iter().map(|offer| offer.info.arrived).max();
        last.unwrap_or(Time::ZERO) + self.window
    }

    /// Prepares the part that all cases with these operations and changes share. Changes that the
    /// scenario does not allow are left out.
    pub fn stage(&self, operations: &[Offer], changes: &[Change]) -> Stage {
        let changed = (!changes.is_empty() && self.is_as_written)
            .then(|| self.scenario.changed(changes).ok())
            .flatten();
        let name = &*self.variant.name.stream_name;
        let variant = changed
            .as_ref()
            .and_then(|it| it.variants.iter().find(|variant| *variant.name.stream_name == *name));
        match changed.as_ref().zip(variant) {
            Some((scenario, variant)) => {
                // Its load ends when that of the scenario does: the periods may differ by the
                // change, and cases of one trial must be comparable.
                let trial = Trial::new(scenario, variant).until(&self.stop);
                let trial = match self.judged {
                    Judged::ByDefault => trial,
                    Judged::ByOwn => trial.by_own_promises(),
                    Judged::Degraded => trial.degraded(),
                };
                Trial { window: self.window, ..trial }.own_stage(operations)
            }
            None => self.own_stage(operations),
        }
    }

    fn own_stage(&self, operations: &[Offer]) -> Stage {
        let mut system = self.system.clone();
        let keys = operations.iter().flat_map(|offer| &offer.info.keys);
        let used = keys.filter(|key| maker(**key).is_none()).map(|key| key.0 + 1).max();
        for (table, whole) in system.tables.iter_mut().zip(&self.variant.system.tables) {
            table.rows = whole.rows.min(table.rows.max(used.unwrap_or(0)));
        }
        system.phases.load = self.heals(operations) - Time::ZERO;
        let mut infos: Vec<OpInfo> = operations.iter().map(|offer| offer.info).collect();
        infos.sort_by_key(|info| info.arrived);
        let kinds: Vec<OperationKind> = infos.iter().map(|info| info.kind).collect();
        let events = self.estimate_on(&system, &kinds).most_events();
        Stage {
            system: Arc::new(system),
            pattern: Arc::clone(&self.variant.pattern),
            promises: self.promises.clone(),
            workload: Workload::Listed(infos.into()),
            limits: Limits { stop: self.stop.clone(), events },
        }
    }

    /// The shared part of a case.
    pub fn stage_of(&self, case: &Case) -> Stage {
        self.stage(&case.operations, &case.changes)
    }

    /// The estimated size of a run of these operations.
    pub fn estimate(&self, operations: &[Offer]) -> Estimate {
        let kinds: Vec<OperationKind> = operations.iter().map(|offer| offer.info.kind).collect();
        self.estimate_on(&self.own_stage(operations).system, &kinds)
    }

    fn estimate_on(&self, system: &System, kinds: &[OperationKind]) -> Estimate {
        let name = &self.variant.name.shown;
        let pattern = (&*self.variant.pattern, self.variant.estimate.period);
        Estimate::of(name, pattern, system, &[], Offered::Listed(kinds))
    }

    /// The setup of a run of a case.
    pub fn setup(&self, case: &Case) -> Setup {
        self.stage_of(case).setup(case)
    }

    /// The promises that are checked.
    pub fn promises(&self) -> &Promises {
        &self.promises
    }

    /// The semantic points that a case passes.
    pub fn points(&self, case: &Case) -> Vec<Passed> {
        points(&self.setup(case), case.seed)
    }

    /// Runs a case and judges it.
    pub fn run(&self, case: &Case) -> Tried {
        self.observe(case, Vec::new(), |_| (), |_| ()).0
    }

    /// Runs one of many cases with the operations of a shared part, and judges it.
    pub fn run_on(&self, stage: &Stage, case: &Case) -> Tried {
        self.judge(stage, case, Vec::new(), |_| (), |_| ()).0
    }

    /// The stable fingerprint of a case: of everything that happens to its operations, by names, so
    /// that it does not change when parts are added to the scenario that do not affect them.
    pub fn stable_fingerprint(&self, case: &Case) -> u64 {
        let watch = Rc::new(RefCell::new(StableFingerprint::default()));
        let names = Rc::clone(&watch);
        let ready = |world: &Rc<World>| names.borrow_mut().name(world);
        observe(&self.setup(case), case.seed, vec![Rc::clone(&watch) as _], ready, |_| ());
        watch.borrow().fingerprint()
    }

    /// Runs a case with the checks and further sinks; `ready` and `look` as in [`observe`].
    pub fn observe<T>(
        &self,
        case: &Case,
        sinks: Vec<Rc<RefCell<dyn Sink<Record>>>>,
        ready: impl FnOnce(&Rc<World>),
        look: impl FnOnce(&World) -> T,
    ) -> (Tried, T) {
        self.judge(&self.stage_of(case), case, sinks, ready, look)
    }

    fn judge<T>(
        &self,
        stage: &Stage,
        case: &Case,
        mut sinks: Vec<Rc<RefCell<dyn Sink<Record>>>>,
        ready: impl FnOnce(&Rc<World>),
        look: impl FnOnce(&World) -> T,
    ) -> (Tried, T) {
        let setup = stage.setup(case);
        let verifier = Verifier::of(&stage.system, &self.scenario.properties, &stage.promises);
        let verifier = Rc::new(RefCell::new(verifier.audit()));
        let faults = Rc::new(RefCell::new(FaultWatch::new(case.faults.len())));
        sinks.push(Rc::clone(&verifier) as _);
        sinks.push(Rc::clone(&faults) as _);
        let ready = |world: &Rc<World>| {
            world.env().cover();
            ready(world);
        };
        let look = |world: &World| (world.env().passed(), look(world));
        let (ran, (paths, looked)) = observe(&setup, case.seed, sinks, ready, look);
        let verifier = Rc::into_inner(verifier).expect("the run is over, and so is its recorder");
        let (mut findings, operations) = verifier.into_inner().finish();
        let (census, whole_since) = (census(operations.all()), operations.last_partial());
        let (struck, disturbed) = faults.borrow().said();
        if self.is_degraded() {
            degraded::excuse(&mut findings, (case, &struck), faults.borrow().buried());
        }
        findings.iter_mut().for_each(|finding| name_operations(finding, case));
        let drivers = stage.drivers();
        let site = Site { system: &stage.system, drivers: &drivers };
        let degraded = inside(&case.faults, stage.budget(), &site).err();
        let tried =
            Tried { ran, findings, struck, disturbed, degraded, census, whole_since, paths };
        (tried, looked)
    }
}

/// Renames operations from their number in this case to their name in every run of the scenario.
fn name_operations(finding: &mut Finding, case: &Case) {
    if finding.verdict() != Verdict::Violated {
        return;
    }
    let mut offers: Vec<&Offer> = case.operations.iter().collect();
    offers.sort_by_key(|offer| offer.info.arrived); // As they are numbered.
    let mut why = String::new();
    let mut rest = &*finding.judgement.why;
    while let Some((before, behind)) = rest.split_once("operation ") {
        let digits = behind.bytes().take_while(u8::is_ascii_digit).count();
        let (number, after) = behind.split_at(digits);
        why += before;
        match number.parse().ok().and_then(|number: usize| offers.get(number)) {
            Some(offer) => why += &offer.name.to_string(),
            None => why.extend(["operation ", number]),
        }
        rest = after;
    }
    why += rest;
    finding.judgement.why = why.into();
}

#[cfg(test)]
mod tests;

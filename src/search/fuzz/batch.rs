//! Runs that share their operations.

use std::collections::BTreeSet;

use rand::seq::IndexedRandom;
use rand::{Rng, RngExt};

use super::{Fuzz, sizes};
use crate::faults::plan::{PlannedFault, Start};
use crate::faults::swarm::{Kind, Swarm, Window};
use crate::faults::targets::Targets;
use crate::faults::trigger::{OpName, Trigger};
use crate::kernel::{Purpose, RandomStreams, Span, Time};
use crate::model::system::{Name, RowKey, System};
use crate::model::workload::maker;
use crate::scenario::Change;
use crate::search::trial::{Case, Offer, Stage, Trial, hasten, is_drawn};

/// The longest pauses between arrivals, from leisurely to all at once.
const PACES: [Span; 5] = [
    Span::from_secs(1),
    Span::from_millis(200),
    Span::from_millis(50),
    Span::from_millis(10),
    Span::from_millis(1),
];

/// In how many rows operations meet, where they are made to.
const ROWS: [u64; 3] = [1, 2, 4];

/// For how long a node may be down before its recovery, where operations arrive behind it.
const OUTAGES: [Span; 3] = [Span::from_millis(100), Span::from_secs(1), Span::from_secs(5)];

/// How long before the first arrival a fault may begin.
const EARLY: Span = Span::from_millis(100);

/// Seeds that people can read.
const SEEDS: u64 = 1_000_000;

/// Some operations, and the faults that they may meet.
pub(super) struct Batch {
    seed: u64,
    operations: Vec<Offer>,
    changes: Vec<Change>,
    stage: Stage,
    swarm: Swarm,
}

impl Batch {
    /// Draws the operations of batch number `number` and passes their points once.
    pub fn new(fuzz: &Fuzz<'_>, trial: &Trial<'_>, number: u64) -> Self {
        let stream = RandomStreams::new(fuzz.seed);
        let name = Name::new("fuzz batch").stream;
        let mut rng = stream.draw(Purpose::Instance, name, number, 0, 0);
        let seed = rng.random_range(0..SEEDS);
        let mut operations = trial.offers(seed, fuzz.operations);
        let mut changes = Vec::new();
        if !fuzz.uniform {
            crowd(&mut operations, &mut rng);
            meet(&mut operations, trial.period(), &mut rng);
            return_later(&mut operations, trial.system(), &mut rng);
            changes = sizes::draw(trial, &mut rng);
        }
        let calm = Case { seed, operations, changes, ..Case::default() };
        let points = trial.points(&calm).into_iter().map(|passed| passed.trigger);
        let Case { operations, changes, .. } = calm;
        let stage = trial.stage(&operations, &changes);
        let heals = trial.heals(&operations) - Time::ZERO;
        let first = operations.first().map_or(Span::ZERO, |offer| offer.info.arrived - Time::ZERO);
        let from = first.saturating_sub(EARLY);
        let last = heals.saturating_sub(trial.window()) + trial.system().client.deadline;
        let window = Window { from, length: last.saturating_sub(from) };
        let targets = Targets::of(stage.system(), &stage.drivers());
        let mut kinds = Kind::of(stage.budget(), fuzz.faults);
        if trial.is_degraded() {
            kinds.retain(|kind| is_drawn(kind.template.name()));
        }
        let swarm =
            Swarm::new(kinds, targets, window, fuzz.most).at_points(points).uniform(fuzz.uniform);
        Self { seed: fuzz.seed, operations, changes, stage, swarm }
    }

    /// Draws run number `run`, which belongs to this batch.
    pub fn case(&self, run: u64) -> Case {
        let name = Name::new("fuzz run").stream;
        let mut rng = RandomStreams::new(self.seed).draw(Purpose::Nemesis, name, run, 0, 0);
        let seed = rng.random_range(0..SEEDS);
        let faults = self.swarm.draw(&mut rng);
        let (operations, changes) = (self.operations.clone(), self.changes.clone());
        Case { seed, operations, changes, faults, ..Case::default() }
    }

    /// The stage of every run of the batch.
    pub fn stage(&self) -> &Stage {
        &self.stage
    }

    /// The points that were passed, whoever they are for.
    pub fn classes(&self) -> BTreeSet<String> {
        // Most differ in nothing but the operation: these are put into words once.
        let mut known = BTreeSet::new();
        let news = self.swarm.points().filter(|point| {
            let Trigger { who, what, to, step, when, .. } = *point;
            known.insert((what, who, to, step, *when))
        });
        news.map(class).collect()
    }
}

/// The point at which a fault began, whoever it is for.
pub(super) fn class_of(fault: &PlannedFault) -> Option<String> {
    match &fault.start {
        Start::On(trigger) => Some(class(trigger)),
        Start::At(_) => None,
    }
}

fn class(trigger: &Trigger) -> String {
    Trigger { of: None::<OpName>, nth: 1, ..trigger.clone() }.to_string()
}

/// Lets operations meet: they arrive in quick succession, and, in half of the batches, in a few
/// rows. What they do to each other shows nowhere else.
fn crowd(operations: &mut [Offer], rng: &mut dyn Rng) {
    let pace = *PACES.choose(rng).expect("there are paces");
    let rows = ROWS.choose(rng).filter(|_| rng.random_bool(0.5));
    hasten(operations, pace);
    for key in operations.iter_mut().flat_map(|offer| &mut offer.info.keys) {
        if let Some(rows) = rows.filter(|_| maker(*key).is_none()) {
            *key = RowKey(key.0 % rows);
        }
    }
}

/// Moves the arrivals, in most batches, to where what recurs comes round: a job that runs every
/// minute only meets operations that are under way then.
fn meet(operations: &mut [Offer], period: Span, rng: &mut dyn Rng) {
    let arrived = |offer: Option<&Offer>| offer.map_or(Time::ZERO, |offer| offer.info.arrived);
    let (first, last) = (arrived(operations.first()), arrived(operations.last()));
    let lasts = (last - first) + EARLY;
    if !rng.random_bool(0.75) {
        return;
    }
    let before = Span::from_nanos(rng.random_range(0..lasts.as_nanos()));
    let start = Time::ZERO + period.saturating_sub(before);
    if start > first {
        for offer in operations {
            offer.info.arrived = start + (offer.info.arrived - first);
        }
    }
}

/// Lets some operations, in half of the batches, arrive when what crashed under the earlier ones is
/// back: what a node does wrong behind its recovery shows in them only.
fn return_later(operations: &mut [Offer], system: &System, rng: &mut dyn Rng) {
    if operations.len() < 2 || rng.random_bool(0.5) {
        return;
    }
    let first = rng.random_range(1..operations.len());
    let outage = *OUTAGES.choose(rng).expect("there are outages");
    for offer in &mut operations[first..] {
        offer.info.arrived += system.longest_recovery() + outage;
    }
}

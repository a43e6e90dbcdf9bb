//! The result of a comparison, as plain data.
//!
//! The code that runs experiments fills it and the code that reports reads it; neither depends on
//! the other. It is a function of the scenario, the variants and the seeds alone: it contains no
//! clock, path, host or number of threads, so that every file written from it is the same on every
//! rerun.
//!
//! All times are nanoseconds of virtual time since the start of a run.

mod coupling;
mod figure;
mod measure;
mod operations;
mod pair;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use coupling::{Chain, Contended, Coupling, Ownership, TableCoupling, Touched};
pub use figure::Figure;
pub use measure::{Estimate, Mean, MeasureResult, Quantiles, SeedQuantiles, Statistic, Summary};
pub use operations::ListedOperation;
pub use pair::{COMPARED, Pair};

use crate::checks::Verdict;
use crate::checks::census::{self, Headline, State};
use crate::checks::measures::{Key, Measure, Scope};
use crate::experiment::forms::Predicted;
use crate::model::record::Answer;
use crate::scenario::Inputs;
use crate::stats::{Curve, MIN_SEEDS, Quantile};

/// The complete result of a comparison.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Comparison {
    /// Name and version of the simulator, e.g. `driftlab 0.1.0`.
    pub engine: String,
    /// The command that reproduces the same bytes.
    pub command: String,
    /// The scenario that was simulated.
    pub scenario: ScenarioFacts,
    /// The files from which the scenario was read.
    pub inputs: Arc<Inputs>,
    /// The operations of the scenario, in its order.
    pub operations: Vec<OperationFacts>,
    /// The seeds, in the order of every per-seed vector here.
    pub seeds: Vec<u64>,
    /// The variants, in the order of the scenario.
    pub variants: Vec<VariantResult>,
    /// Differences between variants over the same seeds; see [`Comparison::paired`].
    pub pairs: Vec<Pair>,
    /// Verdicts of checks and expectations.
    pub checks: Vec<CheckResult>,
    /// The faults with their times, equal for every variant.
    pub faults: Vec<FaultWindow>,
    /// Warm-up, load, settle, in order.
    pub phases: Vec<PhaseWindow>,
    /// Every value that was used, with its origin.
    pub values: Vec<ValueUsed>,
    /// The settings on which the ranking depends, e.g. `sync every 30s`, for the headline.
    pub rests_on: Vec<String>,
    /// The answers to what was asked of it, in full sentences: how many seeds it took and why, and
    /// which variant is the best.
    pub answers: Vec<String>,
    /// The assumptions that matter most to what is stated, the greatest first; empty unless they
    /// were moved.
    pub matters: Vec<Matter>,
    /// Warnings that a reader should know before believing the numbers, in full sentences.
    pub warnings: Vec<String>,
}

/// An assumption that matters to what a comparison states, as measured by moving it.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Matter {
    /// Its name.
    pub name: String,
    /// Its share in all that moves the stated differences.
    pub share: f64,
    /// In which share of resamples it keeps its rank.
    pub holds: f64,
    /// How many differences are stated.
    pub stated: usize,
    /// How many of them it can turn around.
    pub flips: usize,
    /// How many of them it can take away.
    pub vanishes: usize,
}

/// The warning that with so many seeds nothing can be shown, if they are too few.
pub fn few_seeds(seeds: usize) -> Option<String> {
    (seeds < MIN_SEEDS).then(|| {
        format!(
            "With fewer than {MIN_SEEDS} seeds there are no intervals, and nothing is compared."
        )
    })
}

/// The facts about the scenario.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ScenarioFacts {
    /// Its name.
    pub name: String,
    /// The subject of the scenario, in one or two sentences.
    pub about: String,
    /// The hash of its text and of the files that it names, in hexadecimal.
    pub hash: String,
    /// The profile of its defaults.
    pub profile: String,
}

/// The facts about an operation of the scenario, equal in every variant.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OperationFacts {
    /// Its name.
    pub name: String,
    /// True if headline numbers pool it.
    pub pooled: bool,
    /// True if it touches several stores in the scenario as written.
    pub spans_stores: bool,
    /// True if it arrives in a closed loop: its clients wait for an answer before they ask again.
    pub closed_loop: bool,
}

/// The results of one variant over all seeds.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct VariantResult {
    /// Its name in the scenario.
    pub name: String,
    /// The ownership technique.
    pub technique: String,
    /// The pattern, or the map from operation to pattern, as text.
    pub pattern: String,
    /// The pattern in one line.
    pub summary: String,
    /// The pattern's settings, defaults included.
    pub settings: serde_json::Value,
    /// The outcomes of the operations that headlines pool.
    pub census: Census,
    /// M13, the static part: the dependencies that follow from the layout and the pattern.
    pub coupling: Coupling,
    /// M13, the dynamic part: the waits between services in shared databases.
    pub contended: Vec<Contended>,
    /// M13, the blast radius: the services that each fault touched.
    pub touched: Vec<Touched>,
    /// The measures.
    pub measures: BTreeMap<Key, MeasureResult>,
    /// The closed forms that apply to it, with their predictions.
    pub predicted: Vec<Predicted>,
    /// The cost of the faults: the differences to its fault-free twins; empty without faults.
    pub faults_cost: Vec<Pair>,
    /// The runs that never recovered from the faults, if there are any.
    pub never_back: Option<NeverBack>,
    /// The names of the reads by a service on behalf of clients; tables show them one by one.
    pub reads: Vec<Arc<str>>,
    /// The distribution of consistency lag (M1), all seeds together, for drawing.
    pub lag: Curve,
    /// The distribution of latency of `done`, all seeds together, for drawing.
    pub done: Curve,
    /// The distribution of latency of `accepted`, all seeds together, for drawing.
    pub accepted: Curve,
    /// The time series.
    pub series: Series,
    /// The fingerprint of each run.
    pub fingerprints: Vec<u64>,
    /// True if each run settled before the cap.
    pub settled: Vec<bool>,
    /// The names of the operations, by their kind.
    pub kinds: Vec<Arc<str>>,
    /// The names of the loads, by their number.
    pub loads: Vec<Arc<str>>,
    /// The operations of each seed.
    pub operations: Arc<[Vec<ListedOperation>]>,
}

/// The runs of a variant that never recovered, and what most of them have in common.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct NeverBack {
    /// The number of seeds with such a run.
    pub seeds: usize,
    /// The numbers in which they differ from their fault-free twins at the end of the load.
    pub apart: Vec<String>,
    /// The resources that are full at that time, and are not in the twins.
    pub full: Vec<String>,
}

/// The outcomes of operations: what the stores show against the answers of clients.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Census {
    /// The census of each seed.
    pub per_seed: Vec<census::Census>,
}

/// The time series of a variant, in steps of equal length from the start.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Series {
    /// The length of a step in nanoseconds; 0 without a recording.
    pub step: u64,
    /// The points, one for each step.
    pub points: Vec<SeriesPoint>,
}

/// One step of a [`Series`].
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct SeriesPoint {
    /// Partial operations, averaged over the step, then over the seeds.
    pub partial: f64,
    /// Median consistency lag of the operations that arrived in this step, all seeds together;
    /// `None` if none of them exposed anything.
    pub lag: Option<Quantile>,
}

/// The verdict of a check or of an expectation for one variant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CheckResult {
    /// The variant.
    pub variant: String,
    /// The kind of check.
    pub kind: CheckKind,
    /// The text of the check.
    pub name: String,
    /// The verdict.
    pub verdict: Verdict,
    /// True if the scenario declares that it fails for this variant; then it is wrong if it holds.
    pub meant_to_fail: bool,
    /// In how many seeds it has this verdict; `None` if it is judged over all seeds at once.
    pub in_seeds: Option<usize>,
    /// The reason: the numbers, the first counterexample, or what was missing.
    pub why: String,
}

/// The kind of a check.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum CheckKind {
    /// An invariant that the scenario declares.
    Invariant,
    /// An expectation of the scenario.
    Expectation,
    /// A fault of the scenario, which must begin and overlap work.
    Fault,
    /// A property that the pattern guarantees.
    Promise,
    /// A self-check of the simulator.
    SelfCheck,
}

/// A fault with its times.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FaultWindow {
    /// The kind of fault, e.g. `crash`.
    pub name: String,
    /// The target, in the words of the scenario, e.g. `role:driver`.
    pub target: String,
    /// The time at which it began.
    pub from: u64,
    /// The time at which it ended.
    pub to: u64,
    /// A remark, e.g. that the fault overlapped no work.
    pub remark: Option<String>,
}

/// A phase of every run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PhaseWindow {
    /// The phase.
    pub phase: Phase,
    /// The time at which it began.
    pub from: u64,
    /// The time at which it ended; for settling, the cap.
    pub to: u64,
}

/// The phases of a run, in order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Phase {
    /// Operations arrive, and none is measured.
    WarmUp,
    /// Operations arrive and are measured.
    Load,
    /// No operation arrives any more.
    Settle,
}

/// A value that was used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ValueUsed {
    /// Its name with its path, e.g. `databases.ticket.work`.
    pub name: String,
    /// The value in the notation of scenarios.
    pub value: String,
    /// The origin: the scenario, a profile with its source, or a documented default.
    pub origin: String,
}

impl Comparison {
    /// This result with the paired differences of all [`COMPARED`] measures. It must be called
    /// last.
    #[must_use]
    pub fn paired(mut self) -> Self {
        self.pairs = pair::all(&self.variants);
        self
    }

    /// The result of the variant with this name.
    pub fn variant(&self, name: &str) -> Option<&VariantResult> {
        self.variants.iter().find(|variant| variant.name == name)
    }

    /// The pair that compares two variants in one measure, with `variant` first.
    pub fn pair(&self, key: &Key, of: Statistic, variant: &str, baseline: &str) -> Option<Pair> {
        let same = |pair: &&Pair| pair.key == *key && pair.of == of;
        self.pairs.iter().filter(same).find_map(|pair| {
            if pair.variant == variant && pair.baseline == baseline {
                Some(pair.clone())
            } else if pair.variant == baseline && pair.baseline == variant {
                Some(pair.turned())
            } else {
                None
            }
        })
    }

    /// The checks in short: the promises of each variant in one line, and no line for a fault that
    /// overlapped work.
    pub fn checks_in_short(&self) -> Vec<CheckResult> {
        let mut short: Vec<CheckResult> = Vec::new();
        for variant in self.checks.chunk_by(|one, other| one.variant == other.variant) {
            let (told, kept): (Vec<_>, Vec<_>) = variant.iter().partition(|check| {
                check.kind != CheckKind::Promise || check.verdict == Verdict::Violated
            });
            let is_news = |check: &&CheckResult| {
                check.kind != CheckKind::Fault || check.verdict != Verdict::Held
            };
            short.extend(told.into_iter().filter(is_news).cloned());
            let held = kept.iter().filter(|check| check.verdict == Verdict::Held).count();
            let degraded = kept.iter().filter(|check| check.is_degraded());
            let degraded: Vec<&str> = degraded.map(|check| &*check.name).collect();
            let open = kept.len() - held - degraded.len();
            if let Some(first) = kept.first() {
                short.push(CheckResult {
                    name: PROMISES.into(),
                    in_seeds: None,
                    verdict: if held > 0 { Verdict::Held } else { Verdict::Undecided },
                    why: [
                        Some(format!("{held} kept")),
                        (!degraded.is_empty()).then(|| {
                            let names = degraded.join(", ");
                            format!("{} {DEGRADED}: {names}", degraded.len())
                        }),
                        (open > 0).then(|| format!("{open} undecided")),
                    ]
                    .into_iter()
                    .flatten()
                    .collect::<Vec<_>>()
                    .join(", "),
                    ..(*first).clone()
                });
            }
        }
        short
    }

    /// Returns whether a measure of this scope covers operations that arrive in a closed loop.
    pub fn is_closed_loop(&self, scope: &Scope) -> bool {
        self.operations.iter().filter(|it| it.closed_loop).any(|it| match scope {
            Scope::Run => it.pooled,
            Scope::Operation(name) => *it.name == **name,
            Scope::Read(_) | Scope::ReadAt(..) | Scope::Group(_) | Scope::Pool(_) => false,
        })
    }

    /// The end of a phase.
    pub fn phase_end(&self, phase: Phase) -> Option<u64> {
        self.phases.iter().find(|window| window.phase == phase).map(|window| window.to)
    }
}

impl VariantResult {
    /// A measure of whole runs.
    pub fn measure(&self, measure: &'static Measure) -> Option<&MeasureResult> {
        self.measures.get(&measure.into())
    }

    /// Adds a measure of whole runs.
    pub fn insert(&mut self, result: MeasureResult) {
        self.measures.insert(result.measure.into(), result);
    }
}

impl Census {
    /// The number of operations, all seeds together.
    pub fn total(&self) -> u64 {
        self.per_seed.iter().map(census::Census::total).sum()
    }

    /// The number of operations with this headline, all seeds together.
    pub fn of(&self, headline: Headline) -> u64 {
        self.per_seed.iter().map(|seed| seed.of(headline)).sum()
    }

    /// The number of operations that ended in this state after this answer, all seeds together.
    pub fn cell(&self, state: State, answer: Answer) -> u64 {
        self.per_seed.iter().map(|seed| seed.cell(state, answer)).sum()
    }

    /// The number of operations with a wrong headline, all seeds together.
    pub fn wrong(&self) -> u64 {
        self.per_seed.iter().map(census::Census::wrong).sum()
    }
}

impl Phase {
    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::WarmUp => "warm-up",
            Self::Load => "load",
            Self::Settle => "settle",
        }
    }
}

impl CheckKind {
    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Invariant => "invariant",
            Self::Expectation => "expectation",
            Self::Fault => "fault",
            Self::Promise => "promise",
            Self::SelfCheck => "self-check",
        }
    }
}

/// The name of the line that sums up the promises which a variant keeps.
pub const PROMISES: &str = "promises of the pattern";

/// The text for a promise that was broken by a run outside its budget.
pub const DEGRADED: &str = "degraded as documented";

impl CheckResult {
    /// Returns whether it is a promise that was broken by a run outside its budget.
    pub fn is_degraded(&self) -> bool {
        self.kind == CheckKind::Promise && self.why.starts_with(DEGRADED)
    }

    /// The verdict on the claim: that the check holds or, if so declared, that it fails.
    pub fn claim(&self) -> Verdict {
        match (self.meant_to_fail, self.verdict) {
            (true, Verdict::Violated) => Verdict::Held,
            (true, Verdict::Held) => Verdict::Violated,
            (_, verdict) => verdict,
        }
    }

    /// The verdict in reports.
    pub fn words(&self) -> &'static str {
        match (self.meant_to_fail, self.verdict) {
            (true, Verdict::Violated) => "fails, as meant",
            (true, Verdict::Held) => "held, but meant to fail",
            (_, verdict) => verdict.name(),
        }
    }

    /// Returns whether it counts for the overall verdict. A promise that had no chance to be broken
    /// does not, because the user has not asked for it.
    pub fn counts(&self) -> bool {
        self.kind != CheckKind::Promise || self.verdict == Verdict::Violated
    }
}

//! The result of a comparison, as plain data.
//!
//! Whoever runs experiments fills it, whoever reports reads it, and neither knows the other. It is
//! a function of the scenario, the variants and the seeds alone: no clock, path, host or number of
//! threads is in it, so that everything written from it is the same on every rerun.
//!
//! All times are nanoseconds of virtual time since the start of a run.

mod coupling;
mod measure;
mod pair;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use coupling::{Chain, Contended, Coupling, NOBODY, Ownership, TableCoupling, Touched};
pub use measure::{
    Better, Distribution, Estimate, MeasureResult, Measured, Scalar, SeedQuantiles, Statistic,
    Unit, key, ratio,
};
pub use pair::{COMPARED, Pair};

use crate::stats::{Curve, Quantile};

/// Everything that is known after a comparison.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Comparison {
    /// Name and version of what simulated, e.g. `driftlab 0.1.0`.
    pub engine: String,
    /// The command that gives the same bytes again.
    pub command: String,
    /// What was simulated.
    pub scenario: ScenarioFacts,
    /// The seeds, in the order of every per-seed vector here.
    pub seeds: Vec<u64>,
    /// The variants, in the order of the scenario.
    pub variants: Vec<VariantResult>,
    /// Differences between variants over the same seeds; see [`Comparison::complete`].
    pub pairs: Vec<Pair>,
    /// Verdicts of checks and expectations.
    pub checks: Vec<CheckResult>,
    /// When something was broken; the same for every variant.
    pub faults: Vec<FaultWindow>,
    /// Warm-up, load, settle, in order.
    pub phases: Vec<PhaseWindow>,
    /// Every value that was used, and where it came from.
    pub values: Vec<ValueUsed>,
    /// The settings on which the ranking rests, e.g. `sync every 30s`, for the headline.
    pub rests_on: Vec<String>,
    /// What a reader should know before believing the numbers, in full sentences.
    pub warnings: Vec<String>,
}

/// Which scenario it was.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ScenarioFacts {
    /// Its name.
    pub name: String,
    /// What it is about, in one or two sentences.
    pub about: String,
    /// The hash of its text and of the files it names, in hexadecimal.
    pub hash: String,
    /// The profile that its defaults come from.
    pub profile: String,
}

/// What one variant did over all seeds.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct VariantResult {
    /// Its name in the scenario.
    pub name: String,
    /// The ownership technique.
    pub technique: String,
    /// The pattern, or the map from operation to pattern, as text.
    pub pattern: String,
    /// What the pattern does, in one line.
    pub summary: String,
    /// The pattern's settings, defaults included.
    pub settings: serde_json::Value,
    /// How its operations ended.
    pub census: Census,
    /// M13, what the layout and the pattern say: who depends on whom.
    pub coupling: Coupling,
    /// M13, what the runs say: who waited for whom in databases that several services use.
    pub contended: Vec<Contended>,
    /// M13, what the runs say: which services each fault touched.
    pub touched: Vec<Touched>,
    /// The measures by their [`key`].
    pub measures: BTreeMap<String, MeasureResult>,
    /// The names of the reads that a service does for its clients; tables show them one by one.
    pub reads: Vec<String>,
    /// The distribution of consistency lag (M1), all seeds together, for drawing.
    pub lag: Curve,
    /// The distribution of latency of `done`, all seeds together, for drawing.
    pub done: Curve,
    /// The distribution of latency of `accepted`, all seeds together, for drawing.
    pub accepted: Curve,
    /// How it went over time.
    pub series: Series,
    /// The fingerprint of each run.
    pub fingerprints: Vec<u64>,
    /// True if each run settled before the cap.
    pub settled: Vec<bool>,
    /// The operations of the first seed.
    pub operations: Vec<OperationRow>,
}

/// How operations ended: what the stores hold against what the clients were told.
///
/// Names are text, so that the result does not depend on the judges; reports know the names of
/// [`Census::WRONG`] and colour them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Census {
    /// Names of the rows of `matrix`: what the stores hold.
    pub states: Vec<String>,
    /// Names of the columns of `matrix`: what the clients were told.
    pub answers: Vec<String>,
    /// Operations by state and answer, all seeds together.
    pub matrix: Vec<Vec<u64>>,
    /// Operations by headline, in the order in which headlines are tried.
    pub headlines: Vec<Headline>,
}

/// One headline of a [`Census`].
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Headline {
    /// Its name, e.g. `stranded`.
    pub name: String,
    /// How many operations of each seed.
    pub per_seed: Vec<u64>,
}

/// What a variant looked like while it ran, in steps of equal length from the start.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Series {
    /// The length of a step in nanoseconds; 0 if nothing was recorded.
    pub step: u64,
    /// One entry a step.
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

/// One operation, as `operations.csv` shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OperationRow {
    /// Its number in the run.
    pub number: u32,
    /// Its kind.
    pub kind: Arc<str>,
    /// When it arrived.
    pub arrived: u64,
    /// What the client was told.
    pub answer: &'static str,
    /// Nanoseconds from arrival to answer; `None` if the client gave up.
    pub latency: Option<u64>,
    /// The first instant at which any of its effects was visible.
    pub first: Option<u64>,
    /// Consistency lag (M1); `None` if it never exposed anything.
    pub lag: Option<Quantile>,
    /// Lag after the answer (M2); `None` if it was not answered yes.
    pub after_answer: Option<Quantile>,
    /// What the stores hold in the end.
    pub state: &'static str,
    /// Its headline in the census.
    pub outcome: &'static str,
}

/// The verdict of a check or of an expectation for one variant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CheckResult {
    /// The variant.
    pub variant: String,
    /// What sort of check it is.
    pub kind: CheckKind,
    /// What was checked, in words.
    pub name: String,
    /// What came out.
    pub verdict: CheckVerdict,
    /// Why: the numbers, the first counterexample, or what was missing.
    pub why: String,
}

/// What sort of check it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum CheckKind {
    /// An invariant that the scenario declares.
    Invariant,
    /// An expectation of the scenario.
    Expectation,
    /// A fault of the scenario was to strike, and to hit work.
    Fault,
    /// A property that the pattern promises.
    Promise,
    /// The simulator's own books.
    SelfCheck,
}

/// What a check says.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum CheckVerdict {
    /// It held, and could have failed.
    Held,
    /// It failed in at least one seed.
    Violated,
    /// Nothing can be said.
    Undecided,
}

/// A fault and when it lasted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FaultWindow {
    /// What happened, e.g. `crash`.
    pub name: String,
    /// To whom, as the scenario says it, e.g. `role:driver`.
    pub target: String,
    /// When it began.
    pub from: u64,
    /// When it was over.
    pub to: u64,
    /// What a reader must know about it, e.g. that it overlapped no work.
    pub remark: Option<String>,
}

/// A phase of every run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PhaseWindow {
    /// `warm-up`, `load` or `settle`.
    pub name: String,
    /// When it began.
    pub from: u64,
    /// When it was over; for settling, the cap.
    pub to: u64,
}

/// A value in force.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ValueUsed {
    /// Its name with its path, e.g. `databases.ticket.work`.
    pub name: String,
    /// The value, as a scenario would write it.
    pub value: String,
    /// Where it came from: the scenario, a profile with its source, or a documented default.
    pub origin: String,
}

impl Comparison {
    /// Adds what follows from the rest: the share of wrong outcomes of each variant (M7), where it
    /// is not there yet, and the paired differences of all [`COMPARED`] measures. Call it last.
    #[must_use]
    pub fn complete(mut self) -> Self {
        for variant in &mut self.variants {
            let VariantResult { measures, census, .. } = variant;
            measures.entry(key::WRONG.into()).or_insert_with(|| census.wrong());
        }
        self.pairs = pair::all(&self.variants);
        self
    }

    /// The result of the variant with this name.
    pub fn variant(&self, name: &str) -> Option<&VariantResult> {
        self.variants.iter().find(|variant| variant.name == name)
    }

    /// The pair that compares two variants in one measure, turned so that `variant` comes first.
    pub fn pair(
        &self,
        measure: &str,
        of: Statistic,
        variant: &str,
        baseline: &str,
    ) -> Option<Pair> {
        let same = |pair: &&Pair| pair.measure == measure && pair.of == of;
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

    /// The checks as people read them: the promises that each variant keeps in one line, and
    /// nothing of a fault that hit work as it should.
    pub fn checks_in_short(&self) -> Vec<CheckResult> {
        let mut short: Vec<CheckResult> = Vec::new();
        for variant in self.checks.chunk_by(|one, other| one.variant == other.variant) {
            let (told, kept): (Vec<_>, Vec<_>) = variant.iter().partition(|check| {
                check.kind != CheckKind::Promise || check.verdict == CheckVerdict::Violated
            });
            let is_news = |check: &&CheckResult| {
                check.kind != CheckKind::Fault || check.verdict != CheckVerdict::Held
            };
            short.extend(told.into_iter().filter(is_news).cloned());
            let held = kept.iter().filter(|check| check.verdict == CheckVerdict::Held).count();
            let open = kept.len() - held;
            if let Some(first) = kept.first() {
                short.push(CheckResult {
                    name: "promises of the pattern".into(),
                    verdict: if held > 0 { CheckVerdict::Held } else { CheckVerdict::Undecided },
                    why: match open {
                        0 => format!("{held} kept"),
                        _ => format!("{held} kept, {open} undecided"),
                    },
                    ..(*first).clone()
                });
            }
        }
        short
    }

    /// The end of the last phase of this name.
    pub fn phase_end(&self, name: &str) -> Option<u64> {
        self.phases.iter().rfind(|phase| phase.name == name).map(|phase| phase.to)
    }
}

impl Census {
    /// Headlines that no pattern should have: data and answer contradict each other, or will for
    /// as long as nobody steps in.
    pub const WRONG: [&str; 6] =
        ["duplicated", "mixed", "stranded", "lost", "phantom", "retracted"];

    /// How many operations there were, all seeds together.
    pub fn total(&self) -> u64 {
        self.headlines.iter().map(Headline::total).sum()
    }

    /// How many operations have this headline, all seeds together.
    pub fn count(&self, name: &str) -> u64 {
        self.headlines.iter().filter(|headline| headline.name == name).map(Headline::total).sum()
    }

    /// The share of operations with a [`Census::WRONG`] headline, over seeds.
    pub fn wrong(&self) -> MeasureResult {
        let seeds = self.headlines.first().map_or(0, |headline| headline.per_seed.len());
        let sum = |seed: usize, wrong_only: bool| {
            self.headlines
                .iter()
                .filter(|headline| !wrong_only || headline.is_wrong())
                .map(|headline| headline.per_seed[seed])
                .sum()
        };
        let shares: Vec<_> =
            (0..seeds).map(|seed| ratio(sum(seed, true), sum(seed, false))).collect();
        MeasureResult::scalar("wrong outcomes", Unit::Share, Better::Lower, &shares)
    }
}

impl Headline {
    /// All seeds together.
    pub fn total(&self) -> u64 {
        self.per_seed.iter().sum()
    }

    /// Returns whether it is one that no pattern should have.
    pub fn is_wrong(&self) -> bool {
        Census::WRONG.contains(&&*self.name)
    }
}

impl CheckKind {
    /// As reports write it.
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

impl CheckResult {
    /// Returns whether it counts for the verdict on the whole. A promise that had no chance to be
    /// broken does not: nobody asked for it.
    pub fn counts(&self) -> bool {
        self.kind != CheckKind::Promise || self.verdict == CheckVerdict::Violated
    }
}

impl CheckVerdict {
    /// As reports write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Violated => "violated",
            Self::Undecided => "undecided",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_outcomes_are_a_share_of_all_operations_seed_by_seed() {
        let headline = |name: &str, per_seed: &[u64]| Headline {
            name: name.into(),
            per_seed: per_seed.into(),
        };
        let census = Census {
            headlines: vec![
                headline("stranded", &[1, 0]),
                headline("lost", &[1, 0]),
                headline("committed", &[6, 8]),
            ],
            ..Census::default()
        };
        let Measured::Scalar(wrong) = census.wrong().value else { panic!("a share") };
        assert_eq!(wrong.per_seed, [Some(0.25), Some(0.0)]);
        assert_eq!(wrong.estimate.map(|estimate| estimate.value), Some(0.125));
        assert_eq!((census.total(), census.count("lost")), (16, 1));
    }
}

//! Counterexample files: their content from a shrunk case, and their replay.

use std::fmt::Write;

use super::trial::{Case, Offer, Trial, Tried};
use crate::checks::{Judgement, Verdict};
use crate::faults::plan::{PlannedFault, Start};
use crate::model::record::OpId;
use crate::model::system::System;
use crate::scenario::counterexample::Counterexample;

/// The version of this engine, as counterexamples name it.
pub const ENGINE: &str = concat!("driftlab ", env!("CARGO_PKG_VERSION"));

/// A counterexample that was run again.
#[derive(Clone)]
pub struct Replayed {
    /// The case that was run.
    pub case: Case,
    /// The outcome of the run.
    pub tried: Tried,
    /// The judgement of its property.
    pub judgement: Judgement,
    /// The operations that the violation is about.
    pub ops: Vec<OpId>,
    /// The stable fingerprint of the run.
    pub fingerprint: u64,
    /// The comparison of the run with the recorded one.
    pub identity: Identity,
}

/// The comparison of a run with the recorded one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Identity {
    /// The runs are equal, record by record.
    Same,
    /// The scenario has changed since, and so has the run.
    OtherScenario,
    /// The engine has changed since, and so has the run.
    OtherEngine,
    /// Only the run differs: the file, or the engine without its version, was changed.
    Other,
}

impl Identity {
    /// The text for reports.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Same => "the same run, bit for bit",
            Self::OtherScenario => "not the same run: the scenario has changed since",
            Self::OtherEngine => "not the same run: another version of driftlab wrote it",
            Self::Other => "not the same run: the file or driftlab was changed since",
        }
    }
}

/// The counterexample file of a case that violates a property.
pub fn counterexample(
    trial: &Trial<'_>,
    case: &Case,
    property: &str,
    scenario: &str,
    found_by: &str,
) -> Counterexample {
    let offers = case.operations.iter();
    Counterexample {
        engine: ENGINE.into(),
        scenario: scenario.into(),
        scenario_hash: trial.scenario().hash,
        variant: trial.variant().name.stream_name.to_string(),
        property: property.into(),
        seed: case.seed,
        degraded: trial.is_degraded(),
        fingerprint: trial.stable_fingerprint(case),
        found_by: found_by.into(),
        operations: offers.map(|offer| (offer.name.clone(), offer.info)).collect(),
        faults: case.faults.clone(),
        branch_seeds: case.branch_seeds.clone(),
        changes: case.changes.clone(),
    }
}

/// The case that a counterexample holds.
pub fn case(written: &Counterexample) -> Case {
    let offer = |(name, info): &(_, _)| Offer { name: Clone::clone(name), info: *info };
    Case {
        seed: written.seed,
        operations: written.operations.iter().map(offer).collect(),
        faults: written.faults.clone(),
        branch_seeds: written.branch_seeds.clone(),
        changes: written.changes.clone(),
    }
}

/// Replays a counterexample, under the variant that it names.
pub fn replay(trial: &Trial<'_>, written: &Counterexample) -> Replayed {
    let case = case(written);
    let tried = trial.run(&case);
    let finding = tried.findings.iter().find(|finding| finding.property == written.property);
    let judgement = match (finding, &tried.degraded) {
        (Some(found), Some(why)) if found.judgement.verdict == Verdict::Violated => {
            Judgement::undecided(format!("degraded as documented: {why}"))
        }
        (Some(found), _) => found.judgement.clone(),
        (None, _) => Judgement::undecided("the pattern does not promise this property"),
    };
    let ops = finding.map(|found| found.ops.clone()).unwrap_or_default();
    let fingerprint = trial.stable_fingerprint(&case);
    let identity = match () {
        () if fingerprint == written.fingerprint => Identity::Same,
        () if trial.scenario().hash != written.scenario_hash => Identity::OtherScenario,
        () if written.engine != ENGINE => Identity::OtherEngine,
        () => Identity::Other,
    };
    Replayed { case, tried, judgement, ops, fingerprint, identity }
}

/// The shape of a failure, without its times, seeds and numbers. Two failures with the same shape
/// are considered the same.
pub fn shape(system: &System, case: &Case) -> String {
    let mut faults: Vec<String> = case.faults.iter().map(shape_of).collect();
    faults.sort();
    let kinds =
        case.operations.iter().map(|offer| &system.operation(offer.info.kind).name.stream_name);
    let mut kinds: Vec<String> = kinds.map(ToString::to_string).collect();
    kinds.sort();
    let changes: Vec<String> = case.changes.iter().map(ToString::to_string).collect();
    format!("{}; {}; {}", faults.join(", "), kinds.join(", "), changes.join(", "))
}

fn shape_of(planned: &PlannedFault) -> String {
    let mut text = planned.fault.name().to_owned();
    for target in planned.fault.reach().names() {
        let _ = write!(text, " {target}");
    }
    if let Start::On(trigger) = &planned.start {
        let who = trigger.who.as_deref().unwrap_or("any node");
        let _ = write!(text, " {} {who}: {}", trigger.when, trigger.what);
    }
    text
}

#[cfg(test)]
mod tests;

//! The price of an atomic commit without faults: messages and forced writes.

use std::collections::BTreeSet;

use super::{Bound, Case, Form, Prediction, is_refused};
use crate::checks::measures::Measure;
use crate::checks::measures::catalogue;
use crate::experiment::result::Statistic;
use crate::model::system::{OperationSpec, StepSpec};
use crate::patterns::atomic_commit::delivery::FanOut;
use crate::patterns::atomic_commit::work::requests;
use crate::patterns::pattern::Pattern;
use crate::patterns::paxos_commit::{PaxosCommit, settings as paxos_commit};
use crate::patterns::two_phase_commit::settings::{Place, Presumption};
use crate::patterns::two_phase_commit::{TwoPhaseCommit, settings as two_phase_commit};

/// Messages of two-phase commit between the coordinator and its participants.
pub const MESSAGES: Form = Form {
    formula: "2 w + 4 n (presumed commit: 2 w + 3 n)",
    meaning: "n: participants, w: requests for work; transactions that are tried again come on top",
    source: TWO_PHASE,
    bound: Bound::AtLeast,
    predict: |case| two_phase(case, catalogue::SERVICE_MESSAGES, |at| at.messages),
};

/// Forced writes of the coordinator of a two-phase commit and its participants.
pub const FORCED_WRITES: Form = Form {
    formula: "2 n + 1 (presumed commit: n + 2)",
    meaning: "n: participants; those that come at the same time share a forced write",
    source: TWO_PHASE,
    bound: Bound::AtMost,
    predict: |case| two_phase(case, catalogue::FORCED_WRITES, |at| at.forced),
};

/// Messages of Paxos Commit between the coordinator, its participants and the other acceptors.
pub const PAXOS_MESSAGES: Form = Form {
    formula: "2 w + (2 F + 4) n + 4 F",
    meaning: "n: participants, w: requests for work, F: faults that are tolerated; transactions \
              that are tried again come on top",
    source: PAXOS,
    bound: Bound::AtLeast,
    predict: |case| paxos(case, catalogue::SERVICE_MESSAGES, |at| at.messages),
};

/// Forced writes of the acceptors of a Paxos Commit and its participants.
pub const PAXOS_FORCED_WRITES: Form = Form {
    formula: "2 n + 2 F + 1",
    meaning: "n: participants, F: faults that are tolerated; those that come at the same time \
              share a forced write",
    source: PAXOS,
    bound: Bound::AtMost,
    predict: |case| paxos(case, catalogue::FORCED_WRITES, |at| at.forced),
};

const TWO_PHASE: &str = "Mohan, Lindsay, Obermarck 1986; `explain two-phase-commit`";
const PAXOS: &str = "Gray, Lamport 2006; `explain paxos-commit`";

/// The price of a commit.
struct Price {
    messages: f64,
    forced: f64,
}

fn two_phase(case: &Case<'_>, measure: &'static Measure, of: fn(&Price) -> f64) -> Vec<Prediction> {
    let settings = case.settings::<two_phase_commit::Settings>(TwoPhaseCommit::NAME);
    let Some(settings) = settings.filter(|it| it.coordinator == Place::OwnNode) else {
        return Vec::new();
    };
    let price = |participants: f64, requests: f64| match settings.presumption {
        Presumption::Commit => {
            Price { messages: 2.0 * requests + 3.0 * participants, forced: participants + 2.0 }
        }
        Presumption::Nothing | Presumption::Abort => Price {
            messages: 2.0 * requests + 4.0 * participants,
            forced: 2.0 * participants + 1.0,
        },
    };
    predict(case, measure, settings.fan_out, |participants, requests| {
        of(&price(participants, requests))
    })
}

fn paxos(case: &Case<'_>, measure: &'static Measure, of: fn(&Price) -> f64) -> Vec<Prediction> {
    let settings = case.settings::<paxos_commit::Settings>(PaxosCommit::NAME);
    let Some(settings) = settings else { return Vec::new() };
    let faults = f64::from(settings.tolerated_faults);
    predict(case, measure, FanOut::Parallel, |participants, requests| {
        of(&Price {
            messages: 2.0 * requests + (2.0 * faults + 4.0) * participants + 4.0 * faults,
            forced: 2.0 * participants + 2.0 * faults + 1.0,
        })
    })
}

/// Applies to operations that no rule refuses, in which every participant writes and none has a
/// look-up. `number` is a function of participants and requests for work.
fn predict(
    case: &Case<'_>,
    measure: &'static Measure,
    fan_out: FanOut,
    number: impl Fn(f64, f64) -> f64,
) -> Vec<Prediction> {
    let all = case.spanning().filter(|(_, _, operation)| is_plain(operation)).map(
        |(scope, _, operation)| {
            let participants: BTreeSet<_> = operation.steps.iter().map(|step| step.by).collect();
            let value = number(participants.len() as f64, requests(fan_out, operation) as f64);
            Prediction { key: measure.of(&scope), of: Statistic::Value, value }
        },
    );
    all.collect()
}

fn is_plain(operation: &OperationSpec) -> bool {
    let plain = |step: &StepSpec| step.lookup.is_none() && !step.effect.is_nothing();
    !is_refused(operation) && operation.steps.iter().all(plain)
}

//! The paths of the orchestrated saga.

use super::settings::{ORCHESTRATORS, Settings, State};
use super::workflow::Event;
use crate::model::path::{Paths, all_but, paths};
use crate::model::system::System;
use crate::patterns::step::{self, Fence};

paths! {
    /// The kinds of journal entries that an orchestrator, or a new leader, finds after a restart.
    pub(super) enum Recovered {
        Began = "recovery of a workflow that began",
        Applied = "recovery of an applied step",
        Failed = "recovery of a failed step",
        InDoubt = "recovery of a failed step that may have taken effect",
        Undone = "recovery of a compensated step",
        Left = "recovery of a workflow that another instance has",
        GaveUp = "recovery of a workflow that waits for a human",
        Ended = "recovery of a workflow that ended",
    }
}

impl From<Event> for Recovered {
    fn from(event: Event) -> Self {
        match event {
            Event::Began => Self::Began,
            Event::Applied(_) => Self::Applied,
            Event::Failed { in_doubt: false, .. } => Self::Failed,
            Event::Failed { in_doubt: true, .. } => Self::InDoubt,
            Event::Undone(_) => Self::Undone,
            Event::Left => Self::Left,
            Event::GaveUp => Self::GaveUp,
            Event::Ended(_) => Self::Ended,
        }
    }
}

paths! {
    /// The results of a step forward that is not confirmed.
    pub(super) enum Forward {
        Refused = "a step is refused",
        GivenUp = "a step that has not taken effect is given up",
        InDoubt = "a step that may have taken effect is given up",
        Insisted = "a step that decides, or comes behind one, is tried for longer than others",
    }
}

paths! {
    /// The states in which a client that asks again finds its workflow.
    pub(super) enum Again {
        UnderWay = "a client asks again while its workflow is under way",
        Ended = "a client asks again behind the end of its workflow",
    }
}

paths! {
    /// The events by which an instance loses the lease and another one gets it.
    pub(super) enum Lease {
        TakenOver = "another instance takes the lease over",
        Reopened = "the workflow store finds its lease after a restart",
        Expired = "a leader notices that its lease is over",
        Stale = "the workflow store refuses a deposed leader",
        Repeated = "the workflow store is told an event again",
    }
}

/// All paths with these settings.
pub(super) fn paths(settings: &Settings, system: &System) -> Paths {
    let keyed = settings.idempotency_keys;
    let shared_out = system.driver_instances(ORCHESTRATORS[0]) > 1 && keyed;
    let gives_up = settings.compensation_attempts.0 > 0;
    let (refuses, takes_back) =
        (system.steps().any(step::may_be_refused), takes_back(settings, system));
    let mut paths = Paths::new();
    if settings.state == State::Durable {
        paths.extend(all_but(
            Recovered::ALL,
            [
                (!shared_out, Recovered::Left),
                (!gives_up, Recovered::GaveUp),
                (!takes_back, Recovered::InDoubt),
                (!takes_back, Recovered::Undone),
            ],
        ));
    }
    let never = [(!refuses, Forward::Refused), (!takes_back, Forward::InDoubt)];
    paths.extend(all_but(Forward::ALL, never));
    paths.extend(all_but(Again::ALL, []));
    if keyed {
        paths.extend(step::copies(shared_out && refuses, takes_back));
        paths.extend(if takes_back { step::compensations() } else { Paths::new() });
    }
    if settings.is_shared() {
        paths.extend(all_but(Lease::ALL, [(!settings.fencing, Lease::Stale)]));
        paths.extend(all_but(Fence::ALL, [(!settings.fencing, Fence::Refused)]));
    }
    paths
}

/// Returns whether any operation has a step before the pivot, which may be compensated.
fn takes_back(settings: &Settings, system: &System) -> bool {
    let spans = system.operations.iter().filter(|operation| operation.steps.len() > 1);
    let before = |operation: &_| super::workflow::Stage::first(operation, settings);
    spans.into_iter().any(|operation| before(operation) == super::workflow::Stage::Before)
}

//! A workflow: what its log tells of it, and what it may do next.

use super::settings::Settings;
use crate::model::record::{Answer, OpId};
use crate::model::system::{OperationSpec, StepId};

/// One line of the journal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub op: OpId,
    /// Which of several patterns side by side it belongs to.
    pub part: u8,
    pub event: Event,
}

/// An event in the course of a workflow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Event {
    Began,
    Applied(StepId),
    /// A step was refused or given up; from here on the workflow goes back. A step in doubt may
    /// have taken effect, or may yet, and is compensated too.
    Failed {
        step: StepId,
        answer: Answer,
        in_doubt: bool,
    },
    Undone(StepId),
    /// Another instance has it: it is none of this one's business.
    Left,
    /// Neither forward nor back: a human has been asked.
    GaveUp,
    Ended(Answer),
}

/// Numbers the leases, from 1; also the fencing token. A single orchestrator has none and is in
/// epoch 0 for ever.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(crate) struct Epoch(pub u64);

/// The lease is over: somebody else leads by now, or may.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Deposed;

/// How a workflow stands.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Workflow {
    /// Under which lease it is carried on.
    pub epoch: Epoch,
    /// Steps to compensate if it fails, in the order in which they were done.
    pub applied: Vec<StepId>,
    /// Why it goes back, if it does.
    pub failed: Option<Answer>,
    pub gave_up: bool,
    /// True if another instance has it.
    pub left: bool,
    pub ended: Option<Answer>,
    /// True if it goes on after a crash: what it was about to do then may have been done.
    pub resumed: bool,
}

/// Where a step stands to the pivot of its operation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Stage {
    /// In front of it, or there is none: can be taken back.
    Before,
    /// Decides. Is not given up while its outcome is unknown.
    Pivot,
    /// Behind it: is retried until done.
    Behind,
}

impl Workflow {
    /// Takes in what happened.
    pub fn follow(&mut self, event: Event) {
        match event {
            Event::Began => self.left = false,
            Event::Left => self.left = true,
            Event::Applied(step) => self.applied.push(step),
            Event::Failed { step, answer, in_doubt } => {
                self.applied.extend(in_doubt.then_some(step));
                // Of several parallel failures, a rule's word is the final one.
                if self.failed != Some(Answer::RefusedByRule) {
                    self.failed = Some(answer);
                }
            }
            Event::Undone(step) => self.applied.retain(|applied| *applied != step),
            Event::GaveUp => self.gave_up = true,
            Event::Ended(answer) => self.ended = Some(answer),
        }
    }

    /// Returns whether it does not go forward any more.
    pub fn stands_still(&self) -> bool {
        self.failed.is_some() || self.gave_up || self.left
    }

    /// The steps that can be done now: those whose predecessors are done, of the earliest stage
    /// that has any; in parallel all of them, otherwise the first.
    pub fn ready(&self, spec: &OperationSpec, settings: &Settings) -> Vec<StepId> {
        let done = |step: &StepId| self.applied.contains(step);
        let ready: Vec<StepId> = (0..spec.steps.len() as u8)
            .map(StepId)
            .filter(|step| !done(step) && spec.steps[step.index()].after.iter().all(done))
            .collect();
        let stage = |step: &StepId| Stage::of(*step, spec, settings);
        let earliest = ready.iter().map(stage).min();
        ready
            .into_iter()
            .filter(|step| Some(stage(step)) == earliest)
            .take(if settings.parallel { usize::MAX } else { 1 })
            .collect()
    }
}

impl Event {
    /// The step that it is about.
    pub fn step(self) -> StepId {
        match self {
            Self::Applied(step) | Self::Failed { step, .. } | Self::Undone(step) => step,
            Self::Began | Self::Left | Self::GaveUp | Self::Ended(_) => StepId::NONE,
        }
    }
}

impl Stage {
    /// Where `step` stands. One that nothing takes back decides, wherever it is, as the pivot does:
    /// what comes behind it is retried until done. So does the last one: with it everything is
    /// done, and others may build on what it has made.
    pub fn of(step: StepId, spec: &OperationSpec, settings: &Settings) -> Self {
        let last = spec.steps.len() - 1;
        let ends = |at: usize| at == last && settings.seals(spec.steps.len());
        let decides = |at: usize| {
            let step = &spec.steps[at];
            step.is_lasting() || settings.pivot.as_deref() == Some(&*step.name.shown) || ends(at)
        };
        match (0..step.index()).any(decides) {
            true => Self::Behind,
            false if decides(step.index()) => Self::Pivot,
            false => Self::Before,
        }
    }

    /// Where the first step of an operation stands.
    pub fn first(spec: &OperationSpec, settings: &Settings) -> Self {
        Self::of(StepId(0), spec, settings)
    }

    /// Returns whether a step that keeps failing may be given up.
    pub fn may_fail(self, in_doubt: bool) -> bool {
        match self {
            Self::Before => true,
            Self::Pivot => !in_doubt,
            Self::Behind => false,
        }
    }
}

//! A workflow: its state, replayed from its journal, and the steps that it may do next.

use super::settings::Settings;
use crate::model::record::{Answer, OpId};
use crate::model::system::{OperationSpec, StepId};

/// A record of the journal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub op: OpId,
    /// The number of the pattern, among those side by side, to which the workflow belongs.
    pub part: u8,
    pub event: Event,
}

/// An event in the course of a workflow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Event {
    Began,
    Applied(StepId),
    /// A step was refused or given up; the workflow goes backward from here. A step in doubt may
    /// have taken effect, or may do so later, and is compensated, too.
    Failed {
        step: StepId,
        answer: Answer,
        in_doubt: bool,
    },
    Undone(StepId),
    /// The operation belongs to another instance.
    Left,
    /// The workflow can go neither forward nor backward: a human has been asked.
    GaveUp,
    Ended(Answer),
}

/// The number of a lease, from 1, which is also the fencing token. A single orchestrator has no
/// lease and is in epoch 0 for ever.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(crate) struct Epoch(pub u64);

/// The error of an instance whose lease is over: another one leads by now, or may.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Deposed;

/// The state of a workflow.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Workflow {
    /// The lease under which it is carried on.
    pub epoch: Epoch,
    /// Steps to compensate if it fails, in the order in which they were done.
    pub applied: Vec<StepId>,
    /// The answer to the client if the workflow goes backward.
    pub failed: Option<Answer>,
    pub gave_up: bool,
    /// True if the operation belongs to another instance.
    pub left: bool,
    pub ended: Option<Answer>,
    /// True if the workflow continues after a crash: what was under way then may have been done.
    pub resumed: bool,
}

/// The position of a step relative to the pivot of its operation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Stage {
    /// The step comes before the pivot, or there is none: it can be compensated.
    Before,
    /// The step is the pivot, which decides. It is not given up while its outcome is unknown.
    Pivot,
    /// The step comes after the pivot: it is retried until done.
    Behind,
}

impl Workflow {
    /// Applies an event to the state.
    pub fn follow(&mut self, event: Event) {
        match event {
            Event::Began => self.left = false,
            Event::Left => self.left = true,
            Event::Applied(step) => self.applied.push(step),
            Event::Failed { step, answer, in_doubt } => {
                self.applied.extend(in_doubt.then_some(step));
                // Among several parallel failures, a refusal by a rule determines the answer.
                if self.failed != Some(Answer::RefusedByRule) {
                    self.failed = Some(answer);
                }
            }
            Event::Undone(step) => self.applied.retain(|applied| *applied != step),
            Event::GaveUp => self.gave_up = true,
            Event::Ended(answer) => self.ended = Some(answer),
        }
    }

    /// Returns whether the workflow does not go forward any more.
    pub fn stands_still(&self) -> bool {
        self.failed.is_some() || self.gave_up || self.left
    }

    /// The steps that can be done now: those whose predecessors are done, of the earliest stage
    /// that has any; all of them if steps run in parallel, otherwise the first.
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
    /// The step that the event is about.
    pub fn step(self) -> StepId {
        match self {
            Self::Applied(step) | Self::Failed { step, .. } | Self::Undone(step) => step,
            Self::Began | Self::Left | Self::GaveUp | Self::Ended(_) => StepId::NONE,
        }
    }
}

impl Stage {
    /// The stage of `step`. A step that cannot be compensated decides, wherever it is, as the pivot
    /// does: the steps after it are retried until done. The last step decides as well: with it
    /// everything is done, and other operations may build on the row that it has made.
    pub fn of(step: StepId, spec: &OperationSpec, settings: &Settings) -> Self {
        let last = spec.steps.len() - 1;
        let ends = |at: usize| at == last && settings.last_decides(spec.steps.len());
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

    /// The stage of the first step of an operation.
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

//! Backward recovery: the compensation of a workflow that has failed.

use std::future::Future;
use std::pin::Pin;

use super::Orchestrated;
use super::saga::{ask_a_human, pause, spec};
use super::workflow::{Deposed, Epoch, Event, Workflow};
use crate::model::database::Direction;
use crate::model::process::ProcessCtx;
use crate::model::record::Answer;
use crate::model::system::{OperationSpec, StepId};
use crate::patterns::step::{self, ApplyOptions, Failure};

/// A running compensating transaction.
pub(crate) type Compensation<'a> = Pin<Box<dyn Future<Output = Result<(), Failure>> + 'a>>;

/// The rules of backward recovery: which steps are compensated, in which order, how a service
/// compensates a step, and when it is done. The provided methods are the protocol; a variation of
/// it overrides one of them.
pub(crate) trait BackwardRecovery: Sync {
    /// Returns whether the step that has failed is compensated, too: if it is in doubt it may have
    /// taken effect, or may do so later.
    fn includes_failed(&self, in_doubt: bool) -> bool {
        in_doubt
    }

    /// The step of a failed workflow that is compensated next. A step that only reads or locks has
    /// no effect to compensate.
    fn next(&self, workflow: &Workflow, operation: &OperationSpec) -> Option<StepId> {
        let changes = |step: &&StepId| !operation.steps[step.index()].effect.is_nothing();
        workflow.applied.iter().rfind(changes).copied()
    }

    /// Compensates a step, at its service.
    fn compensate<'a>(
        &self,
        here: &'a ProcessCtx,
        step: StepId,
        options: ApplyOptions,
    ) -> Compensation<'a> {
        Box::pin(step::undo(here, step, options))
    }

    /// Returns whether this answer of its service confirms the compensation of a step; otherwise
    /// the service is asked again.
    fn is_compensated(&self, answer: Result<(), Failure>) -> bool {
        answer.is_ok()
    }
}

/// Backward recovery as Garcia-Molina and Salem (1987) describe it: every step that may have taken
/// effect is compensated, the last one first, until its service confirms it.
pub(crate) struct ReverseOrder;

impl BackwardRecovery for ReverseOrder {}

impl Orchestrated {
    /// The event of a step that has failed for good: the workflow goes backward from here.
    pub(super) fn give_up(&self, step: StepId, answer: Answer, in_doubt: bool) -> Event {
        let in_doubt = self.recovery.includes_failed(in_doubt);
        Event::Failed { step, answer, in_doubt }
    }

    /// Compensates one step after the other. Each compensation is retried until it is done; with a
    /// limit of attempts, what remains is left to a human.
    pub(super) async fn backward(
        &self,
        here: &ProcessCtx,
        workflow: &mut Workflow,
    ) -> Result<(), Deposed> {
        while !workflow.gave_up
            && !workflow.left
            && let Some(step) = self.recovery.next(workflow, spec(here))
        {
            let event = self.undo(here, workflow.epoch, step).await?;
            workflow.follow(event);
            self.write(here, workflow.epoch, event).await?;
        }
        Ok(())
    }

    async fn undo(&self, here: &ProcessCtx, epoch: Epoch, step: StepId) -> Result<Event, Deposed> {
        let limit = self.settings.compensation_attempts.0;
        let mut attempt: u16 = 0;
        loop {
            let here = here.at_step(step, attempt);
            match self.call(&here, epoch, Direction::Undo, step).await {
                Err(Failure::Fenced) => return Err(Deposed),
                Err(Failure::Taken) => return Ok(Event::Left),
                answer if self.recovery.is_compensated(answer) => return Ok(Event::Undone(step)),
                _ => {}
            }
            attempt = attempt.saturating_add(1);
            if limit > 0 && attempt >= limit {
                return Ok(ask_a_human(&here, "compensation"));
            }
            pause(&here, "compensation", &self.policy(&here, step), attempt).await;
        }
    }
}

//! The execution of one saga: forward to the end, or backward to the beginning.

use super::coverage::Forward;
use super::settings::ORCHESTRATORS;
use super::workflow::{Deposed, Epoch, Event, Stage, Workflow};
use super::{Orchestrated, lease};
use crate::kernel::join_all;
use crate::model::call::{Message, Reply};
use crate::model::database::Direction;
use crate::model::process::ProcessCtx;
use crate::model::record::{self, Answer};
use crate::model::system::{OperationSpec, RetrySpec, ServiceId, StepId, StepSpec, Work};
use crate::patterns::step::{self, ApplyOptions, Failure};

impl Orchestrated {
    /// Carries a workflow on to its end. The answer is unknown if the orchestrator is deposed on
    /// the way, because the next leader continues the workflow, or if the operation belongs to
    /// another instance.
    pub(super) async fn run(&self, here: ProcessCtx, mut workflow: Workflow) -> Answer {
        if self.carry_on(&here, &mut workflow).await == Err(Deposed) {
            return Answer::Unknown;
        }
        if workflow.left {
            self.leave(&here);
            return Answer::Unknown;
        }
        let answer = match workflow.failed {
            _ if workflow.gave_up => Answer::Unknown,
            None => Answer::Done,
            Some(answer) => answer,
        };
        self.end(&here, workflow.epoch, answer);
        answer
    }

    /// Goes forward to the end, or, once a step has failed, backward to the beginning.
    async fn carry_on(&self, here: &ProcessCtx, workflow: &mut Workflow) -> Result<(), Deposed> {
        if workflow.failed.is_none() {
            self.forward(here, workflow).await?;
        }
        if workflow.failed.is_some() {
            self.backward(here, workflow).await?;
        }
        Ok(())
    }

    /// Applies the remaining steps, each after those that it follows.
    async fn forward(&self, here: &ProcessCtx, workflow: &mut Workflow) -> Result<(), Deposed> {
        let (spec, epoch) = (spec(here), workflow.epoch);
        let done = |workflow: &Workflow| workflow.applied.len() == spec.steps.len();
        while !done(workflow) && !workflow.stands_still() {
            let mut ready = workflow.ready(spec, &self.settings);
            if self.claims(here) && workflow.applied.is_empty() {
                // The first step claims the operation for this instance; no other may run before.
                ready.truncate(1);
            }
            // The crash may have come between the call of these steps and its record. Later steps
            // were not called before it.
            let in_doubt = std::mem::take(&mut workflow.resumed);
            let steps = ready.into_iter().map(|step| {
                Box::pin(async move {
                    let event = self.apply(here, epoch, step, in_doubt).await?;
                    self.write(here, epoch, event).await?;
                    Ok(event)
                })
            });
            for event in join_all(steps.collect()).await {
                workflow.follow(event?);
            }
        }
        Ok(())
    }

    /// Calls the service of one step until it answers, or the attempts are used up. An attempt that
    /// was not answered leaves the step in doubt, whatever later attempts report.
    async fn apply(
        &self,
        here: &ProcessCtx,
        epoch: Epoch,
        step: StepId,
        mut in_doubt: bool,
    ) -> Result<Event, Deposed> {
        let stage = Stage::of(step, spec(here), &self.settings);
        let policy = self.policy(here, step);
        let mut attempt: u16 = 0;
        loop {
            let here = here.at_step(step, attempt);
            let Err(failure) = self.call(&here, epoch, Direction::Forward, step).await else {
                return Ok(Event::Applied(step));
            };
            match failure {
                Failure::Fenced => return Err(Deposed),
                Failure::Taken => return Ok(Event::Left),
                _ => {}
            }
            in_doubt |= failure == Failure::Unknown;
            attempt = attempt.saturating_add(1);
            if failure == Failure::Refused {
                here.passes(Forward::Refused);
                if stage == Stage::Behind {
                    return Ok(ask_a_human(&here, "refused behind the pivot"));
                }
                return Ok(self.give_up(step, Answer::RefusedByRule, in_doubt));
            }
            if attempt >= policy.attempts && stage.may_fail(in_doubt) {
                here.passes(if in_doubt { Forward::InDoubt } else { Forward::GivenUp });
                return Ok(self.give_up(step, Answer::TechnicalNo, in_doubt));
            }
            if attempt >= policy.attempts {
                here.passes(Forward::Insisted);
            }
            pause(&here, "step", &policy, attempt).await;
        }
    }

    /// The service that is called for a step: the one that delegated it, if any, which then calls
    /// its owner. The first step is not called through its delegator, since the client has asked
    /// that one already.
    fn called(&self, here: &ProcessCtx, step: StepId) -> ServiceId {
        let StepSpec { by, asked_by, .. } = spec(here).steps[step.index()];
        asked_by.filter(|_| step != StepId(0)).unwrap_or(by)
    }

    /// Returns whether an instance must claim a workflow with its first step, because a client may
    /// have asked another instance for the same operation.
    fn claims(&self, here: &ProcessCtx) -> bool {
        !self.settings.is_shared()
            && self.settings.idempotency_keys
            && here.world().named_drivers(ORCHESTRATORS[0]).count() > 1
    }

    /// The first step of a workflow.
    fn first(&self, here: &ProcessCtx) -> StepId {
        Workflow::default().ready(spec(here), &self.settings)[0]
    }

    /// The retry policy of a step.
    pub(super) fn policy(&self, here: &ProcessCtx, step: StepId) -> RetrySpec {
        here.retry_at(self.called(here, step))
    }

    /// Makes one call to the service of a step, if this instance still believes to lead.
    pub(super) async fn call(
        &self,
        here: &ProcessCtx,
        epoch: Epoch,
        direction: Direction,
        step: StepId,
    ) -> Result<(), Failure> {
        self.holds(here, epoch).map_err(|Deposed| Failure::Fenced)?;
        here.long_work("call").await; // A deposed leader does not notice here; fencing does.
        let (by, called) = (spec(here).steps[step.index()].by, self.called(here, step));
        let policy = self.policy(here, step);
        let label = match direction {
            Direction::Forward => "apply",
            Direction::Undo => "compensate",
        };
        let message = Message::request(label, policy.step_deadline).costs(Work::Steps(1 << step.0));
        let fence = self.guard(epoch).map(|epoch| epoch.0);
        let claims = self.claims(here) && step == self.first(here);
        let owner = claims.then(|| here.world().instance_number(here.node()));
        let once = self.settings.idempotency_keys;
        let options = ApplyOptions { once, fence, owner, event: None };
        let recovery = self.recovery;
        let (between, owner) = ((called != by).then(|| here.instance(called)), here.instance(by));
        let guard = |service| (here.retry_at(service).breaker, step::is_failure as fn(&_) -> _);
        let reply = here.guarded(between.unwrap_or(owner), guard(called), || {
            here.call_through(between, owner, message, guard(by), move |here| async move {
                match direction {
                    Direction::Forward => step::apply_to_stand(&here, step, options).await,
                    Direction::Undo => recovery.compensate(&here, step, options).await,
                }
            })
        });
        let result = match reply.await {
            Reply::Answered(result) => result,
            Reply::Refused | Reply::Rejected => Err(Failure::Technical),
            Reply::Unknown => Err(Failure::Unknown),
        };
        if result == Err(Failure::Fenced) {
            lease::step_down(here, epoch);
        }
        result
    }
}

/// The operation that a workflow carries out.
pub(super) fn spec(here: &ProcessCtx) -> &OperationSpec {
    here.system().operation(here.env().operation(here.ctx().op).kind)
}

/// Waits before attempt number `attempt`, as a retry policy says.
pub(super) async fn pause(here: &ProcessCtx, what: &'static str, policy: &RetrySpec, attempt: u16) {
    here.pause(policy, attempt - 1).await;
    let here = here.at_step(here.ctx().step, attempt);
    here.retried(what, attempt);
}

/// Asks for manual intervention: the workflow does not continue by itself.
pub(super) fn ask_a_human(here: &ProcessCtx, about: &'static str) -> Event {
    here.record(record::Event::Intervention { label: here.label(about) });
    Event::GaveUp
}

//! # Orchestrated (request-based saga)
//!
//! A central orchestrator on a node of its own calls the services one after the other; each does
//! its step as a local transaction. When a step is refused, the steps before it are taken back in
//! reverse order by compensating transactions. Intermediate states are visible to everybody.
//!
//! **Acknowledged**: `done` after the last step, `no` after the last compensation.
//!
//! **Promises** (with durable state and idempotency keys): every operation ends with all of its
//! effects or none, each applied at most once, whatever crashes; a restarted orchestrator resumes
//! what it had begun.
//!
//! **Does not promise**: isolation. A reader may see effects that are compensated later.
//!
//! **Fails as**: `state = "volatile"` strands what was under way when the orchestrator crashes;
//! without idempotency keys a retry after a lost reply applies a step twice.
//!
//! Garcia-Molina and Salem, *Sagas* (1987).

use std::collections::BTreeMap;
use std::rc::Rc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::breaker::{Breaker, BreakerSettings};
use super::registry::Pattern;
use super::step::{self, Care, Failure};
use crate::kernel::{NodeId, Signal, join_all};
use crate::model::call::{Message, Reply};
use crate::model::database::Direction;
use crate::model::here::Here;
use crate::model::record::{Answer, Kind, OpId};
use crate::model::system::{OperationKind, ServiceId, StepId, System};
use crate::model::world::World;

/// An orchestrator that calls services and compensates in reverse.
pub struct Orchestrated {
    settings: Settings,
}

/// Where the orchestrator keeps what it has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// In a log that is forced after every step; a restart resumes.
    #[default]
    Durable,
    /// In memory; a crash forgets it.
    Volatile,
}

/// Settings of the orchestrated saga. Attempts, pauses and the deadline of a step come from the
/// scenario's `[retry]`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Settings {
    /// Where the orchestrator keeps what it has done.
    pub state: State,
    /// Whether services remember which step of which operation they have applied.
    pub idempotency_keys: bool,
    /// Whether steps that do not depend on each other run at the same time.
    pub parallel: bool,
    /// The step after which nothing is taken back any more; it and what follows are retried
    /// until done. None by default.
    pub pivot: Option<String>,
    /// Tries at a compensation before a human is asked; 0 is without end.
    pub compensation_attempts: u16,
    /// A circuit breaker before each service. None by default.
    pub breaker: Option<BreakerSettings>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            state: State::Durable,
            idempotency_keys: true,
            parallel: false,
            pivot: None,
            compensation_attempts: 0,
            breaker: None,
        }
    }
}

/// One line of the orchestrator's log.
#[derive(Clone, Copy, Debug)]
struct Entry {
    op: OpId,
    event: Event,
}

/// What happened to a workflow.
#[derive(Clone, Copy, Debug)]
enum Event {
    Began,
    Applied(StepId),
    /// From here on it is compensated; a step whose outcome is unknown is compensated too.
    Failed(Answer, Option<StepId>),
    Undone(StepId),
    Ended(Answer),
}

/// A workflow as its log tells it.
#[derive(Clone, Debug, Default)]
struct Workflow {
    /// Steps to compensate if it fails, in the order in which they were done.
    applied: Vec<StepId>,
    failed: Option<Answer>,
    ended: Option<Answer>,
}

/// What the orchestrator has in memory.
#[derive(Default)]
struct Memory {
    running: BTreeMap<OpId, Signal>,
    ended: BTreeMap<OpId, Answer>,
    breakers: BTreeMap<ServiceId, Breaker>,
}

impl Pattern for Orchestrated {
    const NAME: &'static str = "orchestrated";
    const SUMMARY: &'static str = "a central orchestrator calls each service, undoes in reverse";
    const MANUAL: &'static str = include_str!("orchestrated.rs");
    type Settings = Settings;

    fn check(settings: &Settings, system: &System) -> Vec<String> {
        let Some(pivot) = &settings.pivot else { return Vec::new() };
        let known = system.operations.iter().flat_map(|operation| &operation.steps);
        if known.clone().any(|step| &*step.name.shown == pivot) {
            return Vec::new();
        }
        vec![format!("no operation has a step `{pivot}` to be the pivot")]
    }

    fn drivers(_: &Settings) -> Vec<&'static str> {
        vec!["orchestrator"]
    }

    fn new(settings: &Settings, _: &Rc<World>) -> Self {
        Self { settings: settings.clone() }
    }

    fn entry(&self, world: &World, _: OperationKind, _: OpId) -> NodeId {
        world.drivers()[0]
    }

    async fn execute(self: Rc<Self>, here: Here, op: OpId) -> Answer {
        let memory = here.local::<Memory>();
        loop {
            // A client that asks again gets the answer of the workflow that is under way.
            let known = memory.with(|memory| memory.ended.get(&op).copied());
            if let Some(answer) = known {
                return answer;
            }
            match memory.with(|memory| memory.running.get(&op).cloned()) {
                Some(running) => running.wait().await,
                None => break,
            }
        }
        memory.with(|memory| memory.running.insert(op, Signal::new(here.sim())));
        self.hold(&here, 1);
        self.write(&here, Event::Began).await;
        self.run(here, Workflow::default()).await
    }

    /// After a restart the log says which workflows are open; each goes on where it was.
    fn start(self: Rc<Self>, here: Here) {
        if here.node() != here.world().drivers()[0] || here.incarnation() == 0 {
            return;
        }
        let mut open: BTreeMap<OpId, Workflow> = BTreeMap::new();
        for entry in here.log::<Entry>().records() {
            open.entry(entry.op).or_default().follow(entry.event);
        }
        for (op, workflow) in open {
            let memory = here.local::<Memory>();
            if let Some(answer) = workflow.ended {
                memory.with(|memory| memory.ended.insert(op, answer));
                continue;
            }
            memory.with(|memory| memory.running.insert(op, Signal::new(here.sim())));
            let orchestrator = Rc::clone(&self);
            here.for_op(op).spawn(|here| async move {
                orchestrator.run(here, workflow).await;
            });
        }
    }
}

impl Workflow {
    fn follow(&mut self, event: Event) {
        match event {
            Event::Began => {}
            Event::Applied(step) => self.applied.push(step),
            Event::Failed(answer, doubtful) => {
                self.applied.extend(doubtful);
                self.failed = Some(answer);
            }
            Event::Undone(step) => self.applied.retain(|applied| *applied != step),
            Event::Ended(answer) => self.ended = Some(answer),
        }
    }
}

impl Orchestrated {
    /// Forward to the end, or, once a step has failed, back to the beginning.
    async fn run(&self, here: Here, mut workflow: Workflow) -> Answer {
        if workflow.failed.is_none() {
            self.forward(&here, &mut workflow).await;
        }
        let answer = match workflow.failed {
            None => Answer::Done,
            Some(answer) => {
                self.backward(&here, &mut workflow).await;
                answer
            }
        };
        self.end(&here, answer);
        answer
    }

    /// Applies what is not applied yet, each step after those that it follows.
    async fn forward(&self, here: &Here, workflow: &mut Workflow) {
        let op = here.ctx().op;
        let kind = here.env().operation(op).kind;
        let count = here.system().operation(kind).steps.len();
        while workflow.applied.len() < count && workflow.failed.is_none() {
            let ready = self.ready(here, kind, workflow);
            let calls = ready.iter().map(|step| Box::pin(self.apply(here, *step)));
            let outcomes = join_all(calls.collect()).await;
            for (step, outcome) in ready.into_iter().zip(outcomes) {
                let event = match outcome {
                    Ok(()) => Event::Applied(step),
                    Err(Failure::Refused) => Event::Failed(Answer::RefusedByRule, None),
                    Err(Failure::Technical) => Event::Failed(Answer::TechnicalNo, None),
                    Err(Failure::Unknown) => Event::Failed(Answer::TechnicalNo, Some(step)),
                };
                workflow.follow(event);
                self.write(here, event).await;
            }
        }
    }

    /// The steps that can be done now: all whose predecessors are done, or the first of them.
    fn ready(&self, here: &Here, kind: OperationKind, workflow: &Workflow) -> Vec<StepId> {
        let steps = &here.system().operation(kind).steps;
        let done = |step: &StepId| workflow.applied.contains(step);
        let all = (0..steps.len() as u8).map(StepId);
        let ready = all.filter(|step| !done(step) && steps[step.index()].after.iter().all(done));
        ready.take(if self.settings.parallel { usize::MAX } else { 1 }).collect()
    }

    /// Calls the service of one step until it answers, or the attempts are used up. Behind the
    /// pivot they never are. An unknown outcome is never taken for a failure.
    async fn apply(&self, here: &Here, step: StepId) -> Result<(), Failure> {
        let kind = here.env().operation(here.ctx().op).kind;
        let attempts = if self.is_behind_pivot(here, kind, step) {
            u16::MAX
        } else {
            here.system().retry.attempts
        };
        let mut failure = Failure::Technical;
        for attempt in 0..attempts {
            let here = here.at_step(step, attempt);
            if attempt > 0 {
                here.sleep(here.env().backoff(here.ctx(), attempt - 1)).await;
                here.note_label(Kind::Retried, "step", u64::from(attempt), 0);
            }
            let care = Care { once: self.settings.idempotency_keys, event: None };
            match self.call(&here, Direction::Forward, step, care).await {
                Ok(()) => return Ok(()),
                Err(Failure::Refused) => return Err(Failure::Refused),
                Err(Failure::Unknown) => failure = Failure::Unknown,
                Err(Failure::Technical) => {}
            }
        }
        Err(failure)
    }

    /// Takes back what was done, the last first. Each compensation is retried until it is done;
    /// with a limit, what remains is left to a human.
    async fn backward(&self, here: &Here, workflow: &mut Workflow) {
        while let Some(step) = workflow.applied.last().copied() {
            let limit = self.settings.compensation_attempts;
            let mut attempt = 0;
            loop {
                let here = here.at_step(step, attempt);
                let care = Care { once: self.settings.idempotency_keys, event: None };
                if self.call(&here, Direction::Undo, step, care).await.is_ok() {
                    break;
                }
                attempt += 1;
                if limit > 0 && attempt >= limit {
                    here.note_label(Kind::Intervention, "compensation", 0, 0);
                    return;
                }
                here.sleep(here.env().backoff(here.ctx(), attempt - 1)).await;
                here.note_label(Kind::Retried, "compensation", u64::from(attempt), 0);
            }
            workflow.follow(Event::Undone(step));
            self.write(here, Event::Undone(step)).await;
        }
    }

    /// One call to the service of a step, through its circuit breaker if there is one.
    async fn call(
        &self,
        here: &Here,
        direction: Direction,
        step: StepId,
        care: Care,
    ) -> Result<(), Failure> {
        let op = here.ctx().op;
        let kind = here.env().operation(op).kind;
        let by = here.system().operation(kind).steps[step.index()].by;
        if !self.breaker_allows(here, by) {
            return Err(Failure::Technical);
        }
        let label = match direction {
            Direction::Forward => "apply",
            Direction::Undo => "compensate",
        };
        let message = Message::request(label, here.system().retry.step_deadline);
        let reply = here.call(here.world().instance(by, op), message, move |here| async move {
            match direction {
                Direction::Forward => step::apply(&here, step, care).await,
                Direction::Undo => step::undo(&here, step, care).await,
            }
        });
        let result = match reply.await {
            Reply::Answered(result) => result,
            Reply::Refused | Reply::Rejected => Err(Failure::Technical),
            Reply::Unknown => Err(Failure::Unknown),
        };
        self.breaker_saw(here, by, matches!(result, Err(Failure::Technical | Failure::Unknown)));
        result
    }

    fn breaker_allows(&self, here: &Here, by: ServiceId) -> bool {
        let Some(settings) = &self.settings.breaker else { return true };
        let now = here.now();
        here.local::<Memory>()
            .with(|memory| memory.breakers.entry(by).or_default().allows(now, settings))
    }

    fn breaker_saw(&self, here: &Here, by: ServiceId, failed: bool) {
        let Some(settings) = &self.settings.breaker else { return };
        let now = here.now();
        here.local::<Memory>()
            .with(|memory| memory.breakers.entry(by).or_default().saw(failed, now, settings));
    }

    /// Whether a step is the pivot or comes behind it.
    fn is_behind_pivot(&self, here: &Here, kind: OperationKind, step: StepId) -> bool {
        let Some(pivot) = &self.settings.pivot else { return false };
        let steps = &here.system().operation(kind).steps;
        steps[..=step.index()].iter().any(|step| &*step.name.shown == pivot)
    }

    /// Makes one event durable, if the state is.
    async fn write(&self, here: &Here, event: Event) {
        if self.settings.state == State::Durable {
            let entry = Entry { op: here.ctx().op, event };
            here.log::<Entry>().force(entry, "workflow").await;
        }
    }

    /// Notes that the log holds unfinished work. What is only in memory holds nothing.
    fn hold(&self, here: &Here, change: i64) {
        if self.settings.state == State::Durable {
            here.note_label(Kind::Holds, "workflow", change as u64, 0);
        }
    }

    /// The answer is known. Nobody depends on this record being durable: a restart that misses it
    /// repeats the last step, which its key makes harmless.
    fn end(&self, here: &Here, answer: Answer) {
        let op = here.ctx().op;
        if self.settings.state == State::Durable {
            let entry = Entry { op, event: Event::Ended(answer) };
            here.log::<Entry>().append(entry, "workflow");
        }
        here.note_label(Kind::Decided, "workflow", u64::from(answer != Answer::Done), 0);
        self.hold(here, -1);
        let running = here.local::<Memory>().with(|memory| {
            memory.ended.insert(op, answer);
            memory.running.remove(&op)
        });
        if let Some(running) = running {
            running.notify_all();
        }
    }
}

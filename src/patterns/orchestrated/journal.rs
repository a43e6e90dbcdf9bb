//! The orchestrator's record of its workflows, in memory and in a journal that survives a crash: a
//! log of its own or, with several instances, that of the workflow store.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

use super::coverage::{Again, Recovered};
use super::store::Verdict;
use super::workflow::{Deposed, Entry, Epoch, Event, Workflow};
use super::{Orchestrated, State, lease};
use crate::kernel::{Signal, Time};
use crate::model::process::ProcessCtx;
use crate::model::record::{Answer, Decision, OpId};

/// The volatile state of the orchestrator.
#[derive(Default)]
pub(super) struct Memory {
    running: BTreeMap<OpId, Signal>,
    ended: BTreeMap<OpId, Answer>,
    /// Operations that belong to other instances.
    left: BTreeSet<OpId>,
    /// Workflows that have ended or belong to other instances, the oldest first, until no client
    /// can ask about them any more.
    expiring: VecDeque<OpId>,
    /// The number of workflows that have expired since the log was last cleared of them.
    expired: u32,
}

impl Memory {
    /// Wakes every process that waits for a workflow.
    pub fn wake_all(self) {
        self.running.into_values().for_each(|running| running.notify_all());
    }
}

impl Orchestrated {
    /// Admits a new operation. An operation that is under way or has ended is not begun again: a
    /// client that asks a second time gets the answer to its first request. A request after the
    /// client's deadline is rejected, because its workflow may be forgotten by then; so is a
    /// request to an instance that does not lead.
    pub(super) async fn admit(&self, here: &ProcessCtx, op: OpId) -> Result<Workflow, Answer> {
        let memory = here.local::<Memory>();
        let mut epoch = self.epoch(here).ok_or(Answer::TechnicalNo)?;
        loop {
            if let Some(answer) = memory.with(|memory| memory.ended.get(&op).copied()) {
                here.passes(Again::Ended);
                return Err(answer);
            }
            match memory.with(|memory| memory.running.get(&op).cloned()) {
                Some(running) => {
                    here.passes(Again::UnderWay);
                    running.wait().await;
                }
                None if is_left(here, op) => return Err(Answer::Unknown),
                None => break,
            }
            epoch = self.epoch(here).ok_or(Answer::Unknown)?;
        }
        if here.now() > deadline(here, op) {
            return Err(Answer::TechnicalNo);
        }
        memory.with(|memory| memory.running.insert(op, Signal::new(here.sim())));
        match self.write(here, epoch, Event::Began).await {
            Ok(Verdict::Late) => {
                let running = memory.with(|memory| memory.running.remove(&op));
                running.iter().for_each(Signal::notify_all);
                return Err(Answer::TechnicalNo);
            }
            Ok(_) => {}
            Err(Deposed) => return Err(Answer::Unknown), // It may be in the journal all the same.
        }
        self.hold(here, true);
        Ok(Workflow { epoch, ..Workflow::default() })
    }

    /// Restores the state from the orchestrator's own log, and continues the open workflows.
    pub(super) fn reopen(self: Rc<Self>, here: &ProcessCtx) {
        let mut log = here.log::<Entry>().records();
        log.retain(|entry| entry.part == self.part);
        self.resume(here, Epoch::default(), replayed(here, log));
    }

    /// Restores the state from a journal, and continues the open workflows.
    pub(super) fn resume(
        self: Rc<Self>,
        here: &ProcessCtx,
        epoch: Epoch,
        known: impl IntoIterator<Item = (OpId, Workflow)>,
    ) {
        let mut open = Vec::new();
        here.local::<Memory>().with(|memory| {
            for (op, workflow) in known {
                self.hold(&here.for_op(op), workflow.ended.is_none() && !workflow.left);
                if workflow.left {
                    memory.left.insert(op);
                    memory.expiring.push_back(op);
                } else if let Some(answer) = workflow.ended {
                    memory.ended.insert(op, answer);
                    memory.expiring.push_back(op);
                } else {
                    memory.running.insert(op, Signal::new(here.sim()));
                    open.push((op, Workflow { epoch, resumed: true, ..workflow }));
                }
            }
        });
        for (op, workflow) in open {
            let orchestrator = Rc::clone(&self);
            here.for_op(op).spawn(|here| async move {
                orchestrator.run(here, workflow).await;
            });
        }
    }

    /// Makes one event durable, if the state is durable.
    pub(super) async fn write(
        &self,
        here: &ProcessCtx,
        epoch: Epoch,
        event: Event,
    ) -> Result<Verdict, Deposed> {
        if self.settings.is_shared() {
            return Box::pin(lease::append_to_store(here, epoch, self.guard(epoch), event)).await;
        }
        if self.settings.state == State::Durable {
            let entry = Entry { op: here.ctx().op, part: self.part, event };
            here.log::<Entry>().force(entry, "workflow").await;
        }
        Ok(Verdict::Kept)
    }

    /// Records in the history that the orchestrator's own log holds unfinished work. A workflow
    /// store does so for its own log, and volatile state holds nothing across a crash.
    fn hold(&self, here: &ProcessCtx, held: bool) {
        if self.keeps_a_log() {
            here.hold("workflow", held);
        }
    }

    fn keeps_a_log(&self) -> bool {
        self.settings.state == State::Durable && !self.settings.is_shared()
    }

    /// Ends a workflow whose answer is known. The record is not forced and the client does not wait
    /// for it: a restarted orchestrator that misses it, or the next leader, finds no step left and
    /// ends the workflow in the same way.
    pub(super) fn end(&self, here: &ProcessCtx, epoch: Epoch, answer: Answer) {
        let op = here.ctx().op;
        let event = Event::Ended(answer);
        if self.keeps_a_log() {
            here.log::<Entry>().append(Entry { op, part: self.part, event }, "workflow");
        }
        if self.settings.is_shared() {
            let guard = self.guard(epoch);
            here.spawn(async move |here: ProcessCtx| {
                // The next leader ends the workflow if this orchestrator is deposed meanwhile.
                let _ = lease::append_to_store(&here, epoch, guard, event).await;
            });
        }
        let done = answer == Answer::Done;
        here.decide("workflow", if done { Decision::Commit } else { Decision::Abort }, 0);
        self.hold(here, false);
        over(here, |memory| {
            memory.ended.insert(op, answer);
        });
    }

    /// Notes that the operation belongs to another instance.
    pub(super) fn leave(&self, here: &ProcessCtx) {
        self.hold(here, false);
        over(here, |memory| {
            memory.left.insert(here.ctx().op);
        });
    }
}

/// The workflows of a journal, replayed from its entries.
pub(super) fn replayed(
    here: &ProcessCtx,
    log: impl IntoIterator<Item = Entry>,
) -> BTreeMap<OpId, Workflow> {
    let mut known: BTreeMap<OpId, Option<Workflow>> = BTreeMap::new();
    for Entry { op, event, .. } in log {
        here.replays(Recovered::from(event), known.entry(op).or_default(), |workflow| {
            workflow.get_or_insert_default().follow(event);
        });
    }
    known.into_iter().filter_map(|(op, workflow)| Some((op, workflow?))).collect()
}

/// Returns whether an operation was found to belong to another instance.
pub(super) fn is_left(here: &ProcessCtx, op: OpId) -> bool {
    here.local::<Memory>().with(|memory| memory.left.contains(&op))
}

/// Ends a workflow at this instance: records what has become of it, and wakes the processes that
/// wait for it.
fn over(here: &ProcessCtx, note: impl FnOnce(&mut Memory)) {
    let op = here.ctx().op;
    let running = here.local::<Memory>().with(|memory| {
        note(memory);
        memory.expiring.push_back(op);
        memory.running.remove(&op)
    });
    running.iter().for_each(Signal::notify_all);
    forget(here);
}

/// Forgets the workflows that no client can ask about any more, in memory and in the log.
fn forget(here: &ProcessCtx) {
    here.local::<Memory>().with(|memory| {
        while let Some(oldest) = memory.expiring.front().copied()
            && here.now() > deadline(here, oldest)
        {
            memory.expiring.pop_front();
            memory.ended.remove(&oldest);
            memory.left.remove(&oldest);
            memory.expired += 1;
        }
        if memory.expired >= here.system().clear_after {
            memory.expired = 0;
            let Memory { running, ended, left, .. } = memory;
            let known =
                |op: &OpId| running.contains_key(op) || ended.contains_key(op) || left.contains(op);
            here.log::<Entry>().forget_if(|entry| !known(&entry.op));
        }
    });
}

/// The time at which the client of an operation gives up.
pub(super) fn deadline(here: &ProcessCtx, op: OpId) -> Time {
    here.env().operation(op).arrived + here.system().client.deadline
}

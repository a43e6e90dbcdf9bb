//! What the orchestrator knows of its workflows: in memory, and in a log that survives it.

use std::collections::{BTreeMap, VecDeque};

use super::workflow::{Entry, Event, Workflow};
use super::{Orchestrated, State};
use crate::kernel::{Signal, Time};
use crate::model::here::Here;
use crate::model::record::{Answer, Kind, OpId};
use crate::model::system::ServiceId;
use crate::patterns::breaker::Breaker;

/// What the orchestrator has in memory.
#[derive(Default)]
pub(super) struct Memory {
    running: BTreeMap<OpId, Signal>,
    ended: BTreeMap<OpId, Answer>,
    /// Ended workflows, the oldest first, until no client can ask about them any more.
    fading: VecDeque<OpId>,
    /// How many have faded since the log was last cleared of them.
    faded: u32,
    pub breakers: BTreeMap<ServiceId, Breaker>,
}

/// The log is cleared of ended workflows after so many, so that it costs little and stays short.
const CLEAR_AFTER: u32 = 256;

impl Orchestrated {
    /// Lets an operation in that is new. One that is under way or over is not begun again: a
    /// client that asks a second time gets the first one's answer. Who asks behind the client's
    /// deadline is turned away, for by then its workflow may be forgotten.
    pub(super) async fn admit(&self, here: &Here, op: OpId) -> Option<Answer> {
        let memory = here.local::<Memory>();
        loop {
            let known = memory.with(|memory| memory.ended.get(&op).copied());
            if known.is_some() {
                return known;
            }
            match memory.with(|memory| memory.running.get(&op).cloned()) {
                Some(running) => running.wait().await,
                None => break,
            }
        }
        if here.now() > deadline(here, op) {
            return Some(Answer::TechnicalNo);
        }
        memory.with(|memory| memory.running.insert(op, Signal::new(here.sim())));
        self.write(here, Event::Began).await;
        self.hold(here, 1);
        None
    }

    /// Remembers what the log holds, and says which workflows are open.
    pub(super) fn reopen(&self, here: &Here) -> Vec<(OpId, Workflow)> {
        let mut known: BTreeMap<OpId, Workflow> = BTreeMap::new();
        for entry in here.log::<Entry>().records() {
            known.entry(entry.op).or_default().follow(entry.event);
        }
        let mut open = Vec::new();
        here.local::<Memory>().with(|memory| {
            for (op, workflow) in known {
                if let Some(answer) = workflow.ended {
                    memory.ended.insert(op, answer);
                    memory.fading.push_back(op);
                } else {
                    memory.running.insert(op, Signal::new(here.sim()));
                    open.push((op, Workflow { resumed: true, ..workflow }));
                }
            }
        });
        open
    }

    /// Makes one event durable, if the state is.
    pub(super) async fn write(&self, here: &Here, event: Event) {
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
    /// finds nothing left to do and ends the workflow the same way.
    pub(super) fn end(&self, here: &Here, answer: Answer) {
        let op = here.ctx().op;
        if self.settings.state == State::Durable {
            let entry = Entry { op, event: Event::Ended(answer) };
            here.log::<Entry>().append(entry, "workflow");
        }
        here.decide("workflow", u64::from(answer != Answer::Done), 0);
        self.hold(here, -1);
        let running = here.local::<Memory>().with(|memory| {
            memory.ended.insert(op, answer);
            memory.fading.push_back(op);
            memory.running.remove(&op)
        });
        if let Some(running) = running {
            running.notify_all();
        }
        forget(here);
    }
}

/// Forgets the workflows that no client can ask about any more, in memory and in the log.
fn forget(here: &Here) {
    here.local::<Memory>().with(|memory| {
        while let Some(oldest) = memory.fading.front().copied()
            && here.now() > deadline(here, oldest)
        {
            memory.fading.pop_front();
            memory.ended.remove(&oldest);
            memory.faded += 1;
        }
        if memory.faded >= CLEAR_AFTER {
            memory.faded = 0;
            let (running, ended) = (&memory.running, &memory.ended);
            let known = |op: &OpId| running.contains_key(op) || ended.contains_key(op);
            here.log::<Entry>().forget_if(|entry| !known(&entry.op));
        }
    });
}

/// When the client of an operation gives up.
fn deadline(here: &Here, op: OpId) -> Time {
    here.env().operation(op).arrived + here.system().client.deadline
}

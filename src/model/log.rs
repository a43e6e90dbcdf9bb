//! A write-ahead log: the records of a node that survive a crash.
//!
//! A record is *appended* and becomes durable when the device has been flushed. To *force* a record
//! is to wait for that. There is one flush at a time. It covers everything that was appended before
//! it starts; a record that is appended during a flush waits for the next, so that commits which
//! arrive together share one flush (group commit). Databases, coordinators, orchestrators and jobs
//! all use this log.
//!
//! A crash loses the records that no flush has covered, also those of a flush that was under way.
//! If only the processes crash, the operating system still writes what they have appended. The
//! [`Disk`] defines what can be wrong with the device.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::disk::{Disk, DiskFault};
use super::env::{Ctx, Env};
use super::lapse::Lapse;
use super::point::{Action, Hook, When};
use super::record::{Event, LabelId, LogId};
use super::system::ForceSpec;
use crate::kernel::{Dist, NodeId, Numbered, Promise, Purpose, Waiting, promise};

/// The position of a record in its log, from 1 (log sequence number).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Lsn(pub u64);

impl From<Lsn> for u64 {
    fn from(lsn: Lsn) -> Self {
        lsn.0
    }
}

/// The kind of a forced write, which decides how long the device takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ForceKind {
    /// A local commit.
    Commit,
    /// A prepared record.
    Prepare,
    /// A decision, and everything else.
    Decide,
}

/// The log of one node or database; a cheap handle.
pub struct Log<R>(Rc<Shared<R>>);

impl<R> Clone for Log<R> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

struct Shared<R> {
    env: Env,
    stream: u64,
    id: LogId,
    spec: ForceSpec,
    node: NodeId,
    disk: Disk,
    state: RefCell<State<R>>,
}

struct State<R> {
    records: Numbered<Lsn, R>,
    last: Lsn,
    /// The newest record that survives a crash.
    durable: Lsn,
    /// The newest record that a flush has covered or is about to.
    given: Lsn,
    /// The waiters, in the order of arrival.
    waiters: VecDeque<Waiter>,
    flushing: bool,
    flushes: u64,
    /// The records that crashes have lost since the last call of `take_lost`.
    lost: Vec<R>,
}

struct Waiter {
    lsn: Lsn,
    kind: ForceKind,
    ctx: Ctx,
    /// The label of the record that is forced; `None` for a flush of all records.
    label: Option<LabelId>,
    promise: Promise<()>,
}

/// A wait for a record to become durable: its position, or `None` if the node crashed first.
pub struct Forcing {
    lsn: Lsn,
    waiting: Waiting<()>,
}

impl Future for Forcing {
    type Output = Option<Lsn>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Lsn>> {
        let lsn = self.lsn;
        Pin::new(&mut self.waiting).poll(context).map(|kept| kept.map(|()| lsn))
    }
}

impl<R: Clone + 'static> Log<R> {
    /// An empty log on `node`. `stream` keys its draws, `id` names it in the history.
    pub fn new(env: &Env, stream: u64, id: LogId, force: ForceSpec, node: NodeId) -> Self {
        let state = RefCell::new(State {
            records: Numbered::new(),
            last: Lsn(0),
            durable: Lsn(0),
            given: Lsn(0),
            waiters: VecDeque::new(),
            flushing: false,
            flushes: 0,
            lost: Vec::new(),
        });
        Self(Rc::new(Shared {
            env: env.clone(),
            stream,
            id,
            spec: force,
            node,
            disk: env.disk(node),
            state,
        }))
    }

    /// Appends a record without waiting. It is durable after the next flush.
    pub fn append(&self, ctx: &Ctx, record: R, label: LabelId) -> Lsn {
        self.append_and(ctx, record, label, || ())
    }

    /// Appends a record and, before anything else can happen, calls `book`, which updates the
    /// counts of the history that follow the log. A node that is down neither appends nor writes
    /// history.
    pub fn append_and(&self, ctx: &Ctx, record: R, label: LabelId, book: impl FnOnce()) -> Lsn {
        self.0.reach(ctx, Hook::Append, label, When::Before);
        let lsn = self.write(ctx, record, label, false);
        book();
        self.0.reach(ctx, Hook::Append, label, When::After);
        lsn
    }

    /// Appends a record and waits until it is durable.
    pub fn force(&self, ctx: &Ctx, record: R, label: LabelId, kind: ForceKind) -> Forcing {
        let order = self.announce(ctx, label);
        self.force_under(order, ctx, record, label, kind)
    }

    /// Announces that a record is about to be forced, and returns the action of the watchers.
    pub(super) fn announce(&self, ctx: &Ctx, label: LabelId) -> Action {
        self.0.reach(ctx, Hook::Force, label, When::Before)
    }

    /// Forces a record that was announced.
    pub(super) fn force_under(
        &self,
        order: Action,
        ctx: &Ctx,
        record: R,
        label: LabelId,
        kind: ForceKind,
    ) -> Forcing {
        let lsn = self.write(ctx, record, label, order != Action::Skip);
        if order == Action::Skip {
            let (promise, waiting) = promise(self.0.env.sim());
            promise.keep(());
            return Forcing { lsn, waiting };
        }
        self.wait_for(ctx, lsn, kind, Some(label))
    }

    /// Waits until everything appended so far is durable.
    pub fn flush(&self, ctx: &Ctx, kind: ForceKind) -> Forcing {
        let lsn = self.0.state.borrow().last;
        self.wait_for(ctx, lsn, kind, None)
    }

    /// The newest record that would survive a crash.
    pub fn durable(&self) -> Lsn {
        self.0.state.borrow().durable
    }

    /// The newest record.
    #[cfg(test)]
    pub fn last(&self) -> Lsn {
        self.0.state.borrow().last
    }

    /// All records that were not forgotten, oldest first. After a crash: the durable ones.
    pub fn records(&self) -> Vec<(Lsn, R)> {
        let state = self.0.state.borrow();
        state.records.iter().map(|(lsn, record)| (Lsn(lsn), record.clone())).collect()
    }

    /// The number of records in the log.
    pub fn len(&self) -> usize {
        self.0.state.borrow().records.len()
    }

    /// Returns whether the log has no record.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Removes a record that is no longer needed, as truncating the log would.
    pub fn forget(&self, lsn: Lsn) {
        self.0.state.borrow_mut().records.remove(lsn);
    }

    /// Removes all records that `unneeded` picks.
    pub fn forget_if(&self, unneeded: impl Fn(&R) -> bool) {
        let all = self.0.env.lapses(Lapse::ClearsWhatIsNeeded);
        self.0.state.borrow_mut().records.retain(|record| !all && !unneeded(record));
    }

    /// Applies a crash of the node: records that were not durable are lost, and processes that wait
    /// for one get `None`. If only the processes died, the operating system has `flushed` what was
    /// appended, and nothing is lost.
    pub fn crash(&self, flushed: bool) {
        let mut state = self.0.state.borrow_mut();
        // A torn record fails its checksum, and recovery reads nothing behind it.
        let written = (state.given.0 - state.durable.0) as f64 * self.0.disk.written();
        let whole = Lsn(state.durable.0 + written as u64);
        let durable = if flushed { state.last } else { whole };
        (state.durable, state.given) = (durable, durable);
        for lsn in durable.0 + 1..=state.last.0 {
            let lost = state.records.remove(Lsn(lsn));
            state.lost.extend(lost);
        }
        state.last = durable;
        state.flushing = false;
        let waiters = std::mem::take(&mut state.waiters);
        drop(state);
        drop(waiters);
    }

    /// The records that crashes have lost since the last call, oldest first. It serves the counts
    /// of the history only; no real node could know them.
    pub fn take_lost(&self) -> Vec<R> {
        std::mem::take(&mut self.0.state.borrow_mut().lost)
    }

    /// The disk of the log. A node that crashes in this very poll runs on to its next await; what
    /// it appends until then must not be in the log.
    pub fn disk(&self) -> &Disk {
        &self.0.disk
    }

    fn write(&self, ctx: &Ctx, record: R, label: LabelId, forced: bool) -> Lsn {
        let lsn = {
            let mut state = self.0.state.borrow_mut();
            let lsn = Lsn(state.last.0 + 1);
            // What a node appends in the very poll in which it crashes is not in its log.
            if self.0.env.sim().is_up(self.0.node) {
                state.last = lsn;
                state.records.insert(lsn, record);
            }
            lsn
        };
        self.0.record(ctx, Event::Logged { log: self.0.id, label, forced });
        lsn
    }

    fn wait_for(&self, ctx: &Ctx, lsn: Lsn, kind: ForceKind, label: Option<LabelId>) -> Forcing {
        let shared = &self.0;
        let (promise, waiting) = promise(shared.env.sim());
        if lsn <= shared.state.borrow().durable {
            promise.keep(());
            return Forcing { lsn, waiting };
        }
        if shared.env.sim().is_up(shared.node) {
            let waiter = Waiter { lsn, kind, ctx: *ctx, label, promise };
            let idle = {
                let mut state = shared.state.borrow_mut();
                state.waiters.push_back(waiter);
                !std::mem::replace(&mut state.flushing, true)
            };
            if idle {
                shared.env.sim().spawn(shared.node, Rc::clone(shared).flush_all());
            }
        }
        Forcing { lsn, waiting }
    }
}

impl<R> Shared<R> {
    /// Flushes the device as long as processes wait.
    async fn flush_all(self: Rc<Self>) {
        let sim = self.env.sim().clone();
        loop {
            while self.disk.is(DiskFault::Full) {
                self.disk.changed().wait().await;
            }
            let Some((covers, lies, ctx, dist)) = self.begin() else { return };
            let began = sim.now();
            let number = self.state.borrow().flushes;
            let mut rng = self.env.streams().draw(Purpose::Force, self.stream, number, 0, 0);
            let span = dist.sample(&mut rng);
            sim.work(span).await;
            while self.disk.is(DiskFault::Stalled) {
                self.disk.changed().wait().await;
            }
            let (records, done) = self.end(covers, lies);
            self.record(&ctx, Event::Forced { log: self.id, records, took: sim.now() - began });
            for waiter in done {
                if let Some(label) = waiter.label {
                    self.reach(&waiter.ctx, Hook::Force, label, When::After);
                }
                waiter.promise.keep(());
            }
        }
    }

    /// Begins a flush for the process that has waited longest, if any waits.
    fn begin(&self) -> Option<(Lsn, bool, Ctx, &Dist)> {
        let mut state = self.state.borrow_mut();
        let Some(first) = state.waiters.front() else {
            state.flushing = false;
            return None;
        };
        let (kind, ctx) = (first.kind, first.ctx);
        state.flushes += 1;
        let dist = match kind {
            ForceKind::Commit => &self.spec.commit,
            ForceKind::Prepare => &self.spec.prepare,
            ForceKind::Decide => &self.spec.decide,
        };
        // The flush covers all records appended so far, not only those that are waited for (group
        // commit). Its duration is that of the first waiter's kind.
        state.given = state.last;
        Some((state.last, self.disk.is(DiskFault::Lying), ctx, dist))
    }

    /// Ends a flush. Returns the number of records that it covered, and the waiters that are done.
    fn end(&self, covers: Lsn, lies: bool) -> (u64, Vec<Waiter>) {
        let mut state = self.state.borrow_mut();
        let count = covers.0 - state.durable.0;
        if !lies {
            state.durable = covers;
        }
        let all = self.env.lapses(Lapse::FlushAnswersLatecomers);
        let ready = state.waiters.iter().take_while(|waiter| all || waiter.lsn <= covers).count();
        (count, state.waiters.drain(..ready).collect())
    }

    fn reach(&self, ctx: &Ctx, hook: Hook, label: LabelId, when: When) -> Action {
        let node = self.node;
        self.env.reach(&Ctx { node, ..*ctx }, hook, label, node, when)
    }

    fn record(&self, ctx: &Ctx, event: Event) {
        self.env.record(&Ctx { node: self.node, ..*ctx }, event);
    }
}

#[cfg(test)]
mod tests;

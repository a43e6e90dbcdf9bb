//! The simulation, which owns a run, and the handle through which processes use it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use super::queue::Key;
use super::state::{State, Turn};
use super::{NodeId, Sleep, Span, TaskId, Time, Timeout, Yield};

/// The owner of a run. Dropping it drops every process, so no part of a run outlives it.
pub struct Simulation {
    sim: Sim,
}

/// The counts that [`Simulation::run_until`] returns.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Ran {
    /// The number of times that a process was resumed: by a poll, or within one if it would have
    /// been polled next.
    pub events: u64,
}

/// A cheap handle to the kernel of one run.
#[derive(Clone)]
pub struct Sim(Rc<Kernel>);

struct Kernel {
    now: Cell<Time>,
    /// The process that is being polled, and the node on which it lives.
    current: Cell<Option<TaskId>>,
    here: Cell<NodeId>,
    stopped: Cell<bool>,
    /// True while any clock runs fast or slow; the other runs skip the conversion.
    drifting: Cell<bool>,
    /// True while any node is slowed down; the other runs skip the conversion.
    slowed: Cell<bool>,
    dropping: Cell<bool>,
    /// True if every wait ends by a poll.
    queues_all: Cell<bool>,
    /// The time at which the run under way ends.
    end: Cell<Time>,
    /// The number of waits that the current poll may still pass without a turn.
    passes: Cell<u64>,
    /// The number of waits so far that were passed without a turn.
    passed: Cell<u64>,
    /// The node of the process at its last turn, or at the last wait that it passed without one.
    resumed_on: Cell<NodeId>,
    state: RefCell<State>,
}

/// The waker of a process that waits for one thing at a time. Nothing is woken through it: that a
/// future is polled with it, and not with the no-op waker that combinators hand to their parts,
/// says that nothing else in the process waits beside that future.
struct Alone;

impl Wake for Alone {
    fn wake(self: Arc<Self>) {}
}

/// Returns whether a future that is polled in this context is all that its process waits for.
#[inline]
pub(super) fn is_alone(context: &Context<'_>) -> bool {
    context.waker().data() != Waker::noop().data()
}

/// The number of events between two calls that ask whether a run is to go on: small enough for a
/// run to end at once on a terminal, large enough for the calls to cost nothing.
pub const CHECK_EVERY: u64 = 1_024;

/// The demand that [`Sim::long_work`] finishes on a slow node before it reads the node's speed
/// again.
const PIECE: Span = Span::from_millis(10);

/// A guard that resets a cell when dropped, also by a panic.
struct Reset<'a, T: Default>(&'a Cell<T>);

impl<T: Default> Drop for Reset<'_, T> {
    fn drop(&mut self) {
        self.0.take();
    }
}

impl Kernel {
    /// Drops the processes that a crash or a kill removed, unless a process is being polled or
    /// dropped: the caller that does so comes here afterwards. A destructor may crash further
    /// nodes; the loop drops their processes, too.
    fn drop_removed(&self) {
        if self.current.get().is_some() || self.dropping.replace(true) {
            return;
        }
        let _reset = Reset(&self.dropping);
        loop {
            let process = self.state.borrow_mut().next_to_drop();
            if process.is_none() {
                break;
            }
        }
    }

    /// Polls one process with nothing borrowed.
    #[inline]
    fn poll(&self, turn: Turn, context: &mut Context<'_>) {
        let Turn { time, task, node, mut process } = turn;
        self.now.set(time);
        self.here.set(node);
        self.resumed_on.set(node);
        self.current.set(Some(task));
        let polled = {
            let _reset = Reset(&self.current);
            process.as_mut().poll(context)
        };
        let any_removed = match polled {
            Poll::Pending => self.state.borrow_mut().put_back(task, process),
            Poll::Ready(()) => {
                let any_removed = self.state.borrow_mut().retire(task);
                // After the slot was freed and without a borrow: the destructor may call the
                // kernel.
                drop(process);
                any_removed
            }
        };
        if any_removed {
            self.drop_removed();
        }
    }

    /// Moves the clock to `at`, which is not over yet, if the current process would be polled next,
    /// and then: see [`Sim::pass_or_arm`].
    #[inline]
    fn pass(&self, state: &State, task: TaskId, at: Time) -> bool {
        let left = self.passes.get();
        let passes = left > 0 && at <= self.end.get() && state.is_next(task, at);
        if passes {
            self.passes.set(left - 1);
            self.passed.set(self.passed.get() + 1);
            self.now.set(at);
            self.resumed_on.set(self.here.get());
        }
        passes
    }
}

impl Simulation {
    /// A simulation at [`Time::ZERO`] whose only node is [`NodeId::WORLD`].
    #[allow(clippy::new_without_default, reason = "a simulation is begun, not defaulted")]
    pub fn new() -> Self {
        Self {
            sim: Sim(Rc::new(Kernel {
                now: Cell::new(Time::ZERO),
                current: Cell::new(None),
                here: Cell::new(NodeId::WORLD),
                stopped: Cell::new(false),
                drifting: Cell::new(false),
                slowed: Cell::new(false),
                dropping: Cell::new(false),
                queues_all: Cell::new(false),
                end: Cell::new(Time::ZERO),
                passes: Cell::new(0),
                passed: Cell::new(0),
                resumed_on: Cell::new(NodeId::WORLD),
                state: RefCell::new(State::new()),
            })),
        }
    }

    /// The handle that processes clone.
    pub fn sim(&self) -> &Sim {
        &self.sim
    }

    /// Runs everything that is due at `end` or before and leaves the clock at `end`, or where it
    /// was when [`Sim::stop`] was called.
    ///
    /// # Panics
    ///
    /// If called by a process, or if a process panics; the simulation can then still be dropped.
    pub fn run_until(&self, end: Time) -> Ran {
        self.run_while(end, &mut |_| true)
    }

    /// Runs as [`Simulation::run_until`] does, but asks `go_on` after every [`CHECK_EVERY`] events,
    /// with the node of the last one, and ends the run when the answer is no.
    pub fn run_while(&self, end: Time, go_on: &mut dyn FnMut(NodeId) -> bool) -> Ran {
        let kernel = &*self.sim.0;
        assert!(kernel.current.get().is_none(), "a process cannot run the simulation it is in");
        let waker = Waker::from(Arc::new(Alone));
        let mut context = Context::from_waker(&waker);
        let mut ran = Ran::default();
        kernel.end.set(end);
        while !kernel.stopped.take() {
            let turn = kernel.state.borrow_mut().next(kernel.now.get(), end);
            let Some(turn) = turn else {
                kernel.now.set(end.max(kernel.now.get()));
                break;
            };
            // So many that the question is asked behind the same events as without passing.
            let passes = CHECK_EVERY - 1 - ran.events % CHECK_EVERY;
            kernel.passes.set(if kernel.queues_all.get() { 0 } else { passes });
            let passed = kernel.passed.get();
            kernel.poll(turn, &mut context);
            ran.events += 1 + kernel.passed.get() - passed;
            if ran.events.is_multiple_of(CHECK_EVERY) && !go_on(kernel.resumed_on.get()) {
                break;
            }
        }
        ran
    }
}

impl Drop for Simulation {
    /// Processes hold handles and the kernel holds processes: without this the cycle would never be
    /// freed.
    fn drop(&mut self) {
        self.sim.0.state.borrow_mut().end();
        self.sim.0.drop_removed();
    }
}

impl Sim {
    /// The time now.
    #[inline]
    pub fn now(&self) -> Time {
        self.0.now.get()
    }

    /// Adds a node that is up.
    pub fn add_node(&self) -> NodeId {
        self.0.state.borrow_mut().add_node()
    }

    /// Starts a process on a node; it is polled in its turn, behind those already ready. Returns
    /// `None` and drops the process if the node is down.
    #[inline]
    pub fn spawn(
        &self,
        node: NodeId,
        process: impl Future<Output = ()> + 'static,
    ) -> Option<TaskId> {
        self.spawn_at(Time::ZERO, node, process)
    }

    /// Starts a process that is polled for the first time at `at`, even if it is woken before.
    /// Returns `None` and drops the process if the node is down now.
    #[inline]
    pub fn spawn_at(
        &self,
        at: Time,
        node: NodeId,
        process: impl Future<Output = ()> + 'static,
    ) -> Option<TaskId> {
        let process = Box::pin(process); // At once: every further move would copy all of it.
        let mut state = self.0.state.borrow_mut();
        if !state.node(node).up {
            // The borrow ends first: the destructor of the process may call the kernel.
            drop(state);
            return None;
        }
        Some(if at <= self.now() {
            state.insert_ready(node, process)
        } else {
            state.insert_at(at, node, process)
        })
    }

    /// Waits until the clock of the current process's node has advanced by `span`. A change of that
    /// clock's rate affects the sleeps that begin after it; a jump of the clock affects none.
    #[inline]
    pub fn sleep(&self, span: Span) -> Sleep {
        let span = if self.0.drifting.get() { self.stretched(span) } else { span };
        self.sleep_until(self.now() + span)
    }

    fn stretched(&self, span: Span) -> Span {
        let node = self.current_node().unwrap_or(NodeId::WORLD);
        self.0.state.borrow_mut().node(node).clock.global(span)
    }

    /// The time that work with a demand of `span` takes on the current process's node, which may be
    /// slowed down. The speed is read now: what happens to the node later does not change the
    /// result.
    #[inline]
    pub fn time_for(&self, span: Span) -> Span {
        if self.0.slowed.get() { self.lengthened(span) } else { span }
    }

    fn lengthened(&self, span: Span) -> Span {
        let node = self.current_node().unwrap_or(NodeId::WORLD);
        let slowdown = self.0.state.borrow_mut().node(node).slowdown;
        let more = u128::from(span.as_nanos()) * u128::from(slowdown) / 1_000;
        span + Span::from_nanos(u64::try_from(more).unwrap_or(u64::MAX))
    }

    /// Waits as long as work with a demand of `span` takes on the current process's node,
    /// independent of that node's clock.
    #[inline]
    pub fn work(&self, span: Span) -> Sleep {
        self.sleep_until(self.now() + self.time_for(span))
    }

    /// Works as [`Sim::work`] does, but reads the speed of a slow node again after each piece, so
    /// that long work on a node that was slow for a moment does not stay slow until its end.
    pub async fn long_work(&self, span: Span) {
        let mut left = span;
        while left > PIECE && self.time_for(left) > left {
            self.work(PIECE).await;
            left = left.saturating_sub(PIECE);
        }
        self.work(left).await;
    }

    /// Waits until an instant of global time.
    #[inline]
    pub fn sleep_until(&self, at: Time) -> Sleep {
        Sleep::new(self, at)
    }

    /// Yields to every process that is due now or ready already.
    pub fn yield_now(&self) -> Yield {
        Yield::new(self)
    }

    /// Awaits `inner`, or returns `None` if it takes longer than `span` on the clock of the current
    /// process's node. If `inner` completes at the very instant of the deadline, its output is
    /// returned.
    #[inline]
    pub fn timeout<F: Future + Unpin>(&self, span: Span, inner: F) -> Timeout<F> {
        Timeout::new(self.clone(), self.sleep(span), inner)
    }

    /// The process that is being polled; none while one is dropped.
    #[inline]
    pub fn current_task(&self) -> Option<TaskId> {
        self.0.current.get()
    }

    /// The node of the process that is being polled.
    #[inline]
    pub fn current_node(&self) -> Option<NodeId> {
        self.current_task().map(|_| self.0.here.get())
    }

    /// Moves the current process to another node. Returns false and changes nothing if that node is
    /// down, if the process was dropped by a crash in this very poll, or if no process is being
    /// polled.
    ///
    /// On a paused node the process runs on to its next await. A caller that must not run there
    /// awaits [`Sim::yield_now`] right after the move.
    #[inline]
    pub fn migrate(&self, node: NodeId) -> bool {
        let Some(task) = self.current_task() else { return false };
        let moved = self.0.state.borrow_mut().migrate(task, node);
        if moved {
            self.0.here.set(node);
        }
        moved
    }

    /// Makes a process ready. Further calls before its turn have no effect.
    #[inline]
    pub fn wake(&self, task: TaskId) {
        self.0.state.borrow_mut().wake(task);
    }

    /// Makes a process ready at `at`, unless it is over by then.
    #[inline]
    pub fn wake_at(&self, task: TaskId, at: Time) {
        if at <= self.now() {
            return self.wake(task);
        }
        self.0.state.borrow_mut().wake_at(task, at);
    }

    /// Drops a process as a crash would: the current one at its next await, any other at once.
    pub fn kill(&self, task: TaskId) {
        self.0.state.borrow_mut().kill(task, self.current_task());
        self.0.drop_removed();
    }

    /// Returns whether a process exists and has not ended.
    pub fn is_alive(&self, task: TaskId) -> bool {
        self.0.state.borrow_mut().is_alive(task)
    }

    /// Takes a node down: from now on it is not up and no process starts on it. Its processes are
    /// dropped at once, or right after the poll that is under way; a process that crashes its own
    /// node runs on to its next await and no further.
    ///
    /// # Panics
    ///
    /// If the node is [`NodeId::WORLD`].
    pub fn crash(&self, node: NodeId) {
        assert!(node != NodeId::WORLD, "the world does not crash");
        self.0.state.borrow_mut().crash(node, self.current_task());
        self.0.drop_removed();
    }

    /// Brings a crashed node up again, as a new incarnation and not paused. No process runs on it
    /// yet.
    pub fn restart(&self, node: NodeId) {
        self.0.state.borrow_mut().restart(node);
    }

    /// Returns whether a node is up; a paused node is up.
    #[inline]
    pub fn is_up(&self, node: NodeId) -> bool {
        self.0.state.borrow().nodes()[usize::from(node.0)].up
    }

    /// The number of restarts of a node that is up; `None` if it is down.
    #[inline]
    pub fn incarnation_if_up(&self, node: NodeId) -> Option<u16> {
        let state = self.0.state.borrow();
        let node = &state.nodes()[usize::from(node.0)];
        node.up.then_some(node.incarnation)
    }

    /// The number of restarts of a node.
    #[inline]
    pub fn incarnation(&self, node: NodeId) -> u16 {
        self.0.state.borrow().nodes()[usize::from(node.0)].incarnation
    }

    /// Pauses a node: none of its processes is polled until [`Sim::resume`].
    pub fn pause(&self, node: NodeId) {
        self.0.state.borrow_mut().pause(node);
    }

    /// Resumes a paused node: what became due in the meantime runs now, in the order in which it
    /// did.
    pub fn resume(&self, node: NodeId) {
        self.0.state.borrow_mut().resume(node);
    }

    /// Returns whether a node is paused.
    pub fn is_paused(&self, node: NodeId) -> bool {
        self.0.state.borrow().nodes()[usize::from(node.0)].paused
    }

    /// Sets the rate of a node's clock: how much it gains (or, below zero, loses) from now on. It
    /// never runs slower than a thousandth of its normal pace.
    pub fn set_clock_rate(&self, node: NodeId, parts_per_billion: i64) {
        let mut state = self.0.state.borrow_mut();
        state.node(node).clock.set_rate(self.now(), parts_per_billion);
        self.0.drifting.set(state.nodes().iter().any(|node| node.clock.is_drifting()));
    }

    /// Sets the clock of a node to global time plus so many nanoseconds. An offset from before is
    /// replaced; the rate is kept.
    pub fn set_clock_offset(&self, node: NodeId, nanos: i64) {
        self.0.state.borrow_mut().node(node).clock.set_offset(self.now(), nanos);
    }

    /// Moves the clock of a node by so many nanoseconds, once.
    pub fn step_clock(&self, node: NodeId, nanos: i64) {
        self.0.state.borrow_mut().node(node).clock.step(nanos);
    }

    /// The rate at which the clock of a node gains, in parts per billion.
    pub fn clock_rate(&self, node: NodeId) -> i64 {
        self.0.state.borrow().nodes()[usize::from(node.0)].clock.rate()
    }

    /// Adds a slowdown to a node, or takes it off if negative: work that begins from now on takes
    /// so many thousandths of its demand longer. Several slowdowns add up.
    ///
    /// # Panics
    ///
    /// If more is taken off the node than was put on it.
    pub fn add_slowdown(&self, node: NodeId, thousandths: i64) {
        let mut state = self.0.state.borrow_mut();
        let slowdown = state.node(node).slowdown.checked_add_signed(thousandths);
        state.node(node).slowdown = slowdown.expect("no node is faster than it is");
        self.0.slowed.set(state.nodes().iter().any(|node| node.slowdown > 0));
    }

    /// The local time of a node now.
    pub fn local_now(&self, node: NodeId) -> Time {
        self.0.state.borrow().nodes()[usize::from(node.0)].clock.local(self.now())
    }

    /// The number of processes on a node.
    pub fn tasks_on(&self, node: NodeId) -> u64 {
        self.0.state.borrow().tasks_on(node)
    }

    /// The number of timers in the queue, cancelled ones that were not yet cleared out included.
    pub fn pending(&self) -> usize {
        self.0.state.borrow().pending()
    }

    /// Ends [`Simulation::run_until`] when the current poll returns.
    pub fn stop(&self) {
        self.0.stopped.set(true);
        self.0.passes.set(0);
    }

    /// Returns whether the current process can go on at once, as all that it waits for is over now:
    /// nothing else is due, ready or to be dropped.
    #[inline]
    pub(super) fn pass_now(&self) -> bool {
        self.0.pass(&self.0.state.borrow(), self.must_current(), self.now())
    }

    /// Sets a timer for the current process; or, if it waits for nothing else and nothing can
    /// happen until then, moves the clock to `at` and returns none. It then goes on within its poll
    /// as it would in the next one, which saves the way through the queue.
    #[inline]
    pub(super) fn pass_or_arm(&self, at: Time, is_alone: bool) -> Option<Key> {
        let (task, mut state) = (self.must_current(), self.0.state.borrow_mut());
        let passes = is_alone && self.0.pass(&state, task, at);
        (!passes).then(|| state.arm(task, at))
    }

    /// The number of waits that ended within a poll, because nothing happened in between.
    #[cfg(any(test, feature = "internals"))]
    pub fn passed(&self) -> u64 {
        self.0.passed.get()
    }

    /// Makes every wait end by a poll of its own, in the order of the queue. The history does not
    /// depend on it: tests compare both.
    #[cfg(any(test, feature = "internals"))]
    pub fn queue_all(&self) {
        self.0.queues_all.set(true);
        self.0.passes.set(0);
    }

    /// Cancels a timer.
    pub(super) fn disarm(&self, key: Key) {
        self.0.state.borrow_mut().disarm(key);
    }

    /// The process that polls a future of the kernel.
    #[inline]
    pub(super) fn must_current(&self) -> TaskId {
        self.current_task().expect("futures of the kernel are polled by its processes")
    }
}

#[cfg(test)]
mod tests;

//! The state that the kernel keeps behind its one `RefCell`. Nothing here polls or drops a process.

use std::collections::VecDeque;

use super::node::Node;
use super::queue::{Entry, Key, PendingSet, TwoLevel};
use super::task::{DOOMED, LIVE, Process, READY, Tasks, Timers, UNBORN};
use super::{NodeId, TaskId, Time};

/// The number of cancelled entries that may stay in the queue; beyond it, and when they outnumber
/// the others, they are cleared out.
const TOLERATED: usize = 64;

/// A process that is to be polled.
pub(super) struct Turn {
    /// The time of the poll.
    pub time: Time,
    /// The id of the process.
    pub task: TaskId,
    /// The node on which it runs.
    pub node: NodeId,
    /// The process itself, out of its slot.
    pub process: Process,
}

/// Processes, timers, nodes and the order of what happens next.
pub(super) struct State {
    queue: TwoLevel,
    /// Entries in the queue whose timer was cancelled.
    dead: usize,
    sequence: u64,
    ready: VecDeque<TaskId>,
    tasks: Tasks,
    timers: Timers,
    nodes: Vec<Node>,
    /// The number of paused nodes.
    paused: usize,
    /// Processes that were taken from their slots and have yet to be dropped.
    to_drop: VecDeque<Process>,
}

impl State {
    /// An empty world.
    pub fn new() -> Self {
        Self {
            queue: TwoLevel::new(),
            dead: 0,
            sequence: 0,
            ready: VecDeque::new(),
            tasks: Tasks::new(),
            timers: Timers::default(),
            nodes: vec![Node::new()],
            paused: 0,
            to_drop: VecDeque::new(),
        }
    }

    /// The state of a node.
    #[inline]
    pub fn node(&mut self, node: NodeId) -> &mut Node {
        &mut self.nodes[usize::from(node.0)]
    }

    /// The states of all nodes.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Adds a node that is up.
    pub fn add_node(&mut self) -> NodeId {
        let node = u16::try_from(self.nodes.len()).expect("a run has at most 65,536 nodes");
        self.nodes.push(Node::new());
        NodeId(node)
    }

    /// Places a process that runs as soon as it is its turn.
    #[inline]
    pub fn insert_ready(&mut self, node: NodeId, process: Process) -> TaskId {
        let task = self.tasks.insert(process, node, READY);
        self.ready.push_back(task);
        task
    }

    /// Places a process that begins at `at`.
    #[inline]
    pub fn insert_at(&mut self, at: Time, node: NodeId, process: Process) -> TaskId {
        let task = self.tasks.insert(process, node, UNBORN);
        self.arm(task, at);
        task
    }

    /// Sets a timer for a process: in its slot if that has room, else in one of its own.
    #[inline]
    pub fn arm(&mut self, task: TaskId, at: Time) -> Key {
        self.sequence += 1;
        let slot = self.tasks.at(task.slot());
        let key = if slot.timer == Key::NONE {
            slot.timer = Key::new(self.sequence, false, task.slot() as u32);
            slot.timer
        } else {
            self.timers.insert(self.sequence, task)
        };
        self.queue.push(Entry::new(at, key));
        key
    }

    /// Sets a timer that cannot be cancelled, unless the process is gone.
    #[inline]
    pub fn wake_at(&mut self, task: TaskId, at: Time) {
        if self.tasks.get(task).is_some() {
            self.arm(task, at);
        }
    }

    /// Cancels a timer, if it has not fired.
    pub fn disarm(&mut self, key: Key) {
        if key.is_extra() {
            if self.timers.remove(key).is_some() {
                self.count_dead();
            }
        } else {
            let slot = self.tasks.at(key.slot() as usize);
            if slot.timer == key {
                slot.timer = Key::NONE;
                self.count_dead();
            }
        }
    }

    /// Counts an entry whose timer was just cancelled, and clears them out if there are too many.
    fn count_dead(&mut self) {
        self.dead += 1;
        // Clearing out visits the whole queue, which at half of it costs constant time per
        // cancellation.
        if self.dead > TOLERATED && self.dead > self.queue.len() / 2 {
            let (tasks, timers) = (&self.tasks, &self.timers);
            self.queue.purge(|entry| {
                let key = entry.key();
                if key.is_extra() {
                    timers.is_set(key)
                } else {
                    tasks.slots()[key.slot() as usize].timer == key
                }
            });
            self.dead = 0;
        }
    }

    /// Returns whether the process that is being polled would be polled next if it waited until
    /// `at`: nothing else is ready, to be dropped, or due by then, and nothing keeps it from
    /// running.
    #[inline]
    pub fn is_next(&self, task: TaskId, at: Time) -> bool {
        if !self.queue.is_later(at) || !self.ready.is_empty() || !self.to_drop.is_empty() {
            return false;
        }
        let slot = &self.tasks.slots()[task.slot()];
        let node = usize::from(slot.node.0);
        slot.flags & DOOMED == 0 && !(self.paused > 0 && self.nodes[node].paused)
    }

    /// Makes a process ready, unless it is gone, ready already, or yet to begin.
    #[inline]
    pub fn wake(&mut self, task: TaskId) {
        if let Some(slot) = self.tasks.get(task)
            && slot.flags == LIVE
        {
            slot.flags |= READY;
            self.ready.push_back(task);
        }
    }

    /// The process that is polled next, at `end` at the latest: one whose timer is due now, else
    /// the first of the ready ones, else the one whose timer comes next.
    #[inline]
    pub fn next(&mut self, mut now: Time, end: Time) -> Option<Turn> {
        loop {
            let task = if let Some(entry) = self.queue.pop_now(now) {
                self.fire(entry.key())
            } else if let Some(task) = self.ready.pop_front() {
                Some(task)
            } else {
                let entry = self.queue.pop_next(end)?;
                now = entry.time();
                self.prefetch();
                self.fire(entry.key())
            };
            if let Some(task) = task
                && let Some(turn) = self.begin(now, task)
            {
                return Some(turn);
            }
        }
    }

    /// Touches the slot of the process that probably comes next. With many processes the slot is
    /// not in the cache; fetching it while this one is polled saves a third of the time at 100,000
    /// of them.
    #[inline]
    fn prefetch(&self) {
        if let Some(next) = self.queue.upcoming() {
            let slot = self.tasks.slots().get(next.key().slot() as usize);
            std::hint::black_box(slot.map(|slot| slot.flags));
        }
    }

    /// The process whose timer this entry is; `None` if it was cancelled, or if the process is
    /// ready already and will notice when its turn comes.
    #[inline]
    fn fire(&mut self, key: Key) -> Option<TaskId> {
        let fired = if key.is_extra() { self.timers.remove(key) } else { self.tasks.fire(key) };
        let Some(task) = fired else {
            self.dead -= 1;
            return None;
        };
        let slot = self.tasks.get(task)?;
        (slot.flags & READY == 0).then_some(task)
    }

    /// Takes a process out of its slot to be polled, unless it is gone or its node is paused.
    #[inline]
    fn begin(&mut self, time: Time, task: TaskId) -> Option<Turn> {
        let slot = self.tasks.get(task)?;
        let node = slot.node;
        if self.paused > 0 && self.nodes[usize::from(node.0)].paused {
            slot.flags |= READY;
            self.nodes[usize::from(node.0)].held.push(task);
            return None;
        }
        slot.flags &= !(READY | UNBORN);
        let process = slot.process.take()?;
        Some(Turn { time, task, node, process })
    }

    /// Puts a process back that was polled and goes on waiting; returns whether any process is to
    /// be dropped.
    #[inline]
    pub fn put_back(&mut self, task: TaskId, process: Process) -> bool {
        let slot = self.tasks.at(task.slot());
        if slot.flags & DOOMED == 0 {
            slot.process = Some(process);
        } else {
            self.release(task.slot());
            self.to_drop.push_back(process);
        }
        !self.to_drop.is_empty()
    }

    /// Frees the slot of a process that has ended; returns whether any other is to be dropped.
    #[inline]
    pub fn retire(&mut self, task: TaskId) -> bool {
        self.release(task.slot());
        !self.to_drop.is_empty()
    }

    #[inline]
    fn release(&mut self, slot: usize) {
        if self.tasks.free(slot) != Key::NONE {
            self.count_dead();
        }
    }

    /// Takes a process from its slot so that it will be dropped, or marks it if it is being polled.
    fn remove(&mut self, slot: usize, running: Option<TaskId>) {
        if running.is_some_and(|task| task.slot() == slot) {
            self.tasks.at(slot).flags |= DOOMED;
            return;
        }
        let process = self.tasks.at(slot).process.take();
        self.release(slot);
        self.to_drop.extend(process);
    }

    /// Drops one process as a crash would.
    pub fn kill(&mut self, task: TaskId, running: Option<TaskId>) {
        if self.tasks.get(task).is_some() {
            self.remove(task.slot(), running);
        }
    }

    /// Takes a node down: nothing starts on it from now on, and its processes will be dropped.
    pub fn crash(&mut self, node: NodeId, running: Option<TaskId>) {
        if !self.node(node).up {
            return;
        }
        // First, so that the node is not paused when it restarts.
        self.resume(node);
        self.node(node).up = false;
        for slot in 0..self.tasks.slots().len() {
            if self.tasks.slots()[slot].flags & LIVE != 0 && self.tasks.slots()[slot].node == node {
                self.remove(slot, running);
            }
        }
    }

    /// Brings a node up again as a new incarnation; one that is up stays as it is.
    pub fn restart(&mut self, node: NodeId) {
        let node = self.node(node);
        if !node.up {
            node.up = true;
            node.incarnation += 1;
        }
    }

    /// Pauses a node.
    pub fn pause(&mut self, node: NodeId) {
        let node = self.node(node);
        if node.up && !node.paused {
            node.paused = true;
            self.paused += 1;
        }
    }

    /// Resumes a node, first with the processes that became due in the meantime.
    pub fn resume(&mut self, node: NodeId) {
        let node = &mut self.nodes[usize::from(node.0)];
        if node.paused {
            node.paused = false;
            self.paused -= 1;
            self.ready.extend(node.held.drain(..));
        }
    }

    /// Moves a process that is being polled to another node, if that is up.
    #[inline]
    pub fn migrate(&mut self, task: TaskId, node: NodeId) -> bool {
        let slot = self.tasks.at(task.slot());
        let moved = self.nodes[usize::from(node.0)].up && slot.flags & DOOMED == 0;
        if moved {
            slot.node = node;
        }
        moved
    }

    /// Returns whether a process exists and was not doomed.
    pub fn is_alive(&mut self, task: TaskId) -> bool {
        self.tasks.get(task).is_some_and(|slot| slot.flags & (LIVE | DOOMED) == LIVE)
    }

    /// The number of processes on a node.
    pub fn tasks_on(&self, node: NodeId) -> u64 {
        let lives = |flags: u8| flags & (LIVE | DOOMED) == LIVE;
        self.tasks.slots().iter().filter(|s| lives(s.flags) && s.node == node).count() as u64
    }

    /// The number of entries in the queue.
    pub fn pending(&self) -> usize {
        self.queue.len()
    }

    /// The next process to be dropped.
    pub fn next_to_drop(&mut self) -> Option<Process> {
        self.to_drop.pop_front()
    }

    /// Takes every node down for good, that of the world included.
    pub fn end(&mut self) {
        for node in 0..self.nodes.len() {
            self.crash(NodeId(node as u16), None);
        }
    }
}

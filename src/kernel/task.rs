//! Processes and their timers: two tables of slots that are reused.

use std::num::NonZeroU32;
use std::pin::Pin;

use super::NodeId;
use super::queue::Key;

/// The name of a process, unique within a run: a slot and how often it was used before.
///
/// An id outlives its process; an operation on a process that is gone has no effect.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TaskId {
    slot: u32,
    generation: NonZeroU32,
}

impl TaskId {
    /// The slot that the process occupies.
    #[inline]
    pub(super) const fn slot(self) -> usize {
        self.slot as usize
    }
}

/// A process that runs on a node. It has no output but its effects on the world.
pub(super) type Process = Pin<Box<dyn Future<Output = ()>>>;

/// The slot holds a process.
pub(super) const LIVE: u8 = 1;
/// The process is in the queue of those ready to run, or would be if its node were not paused.
pub(super) const READY: u8 = 2;
/// The process is not to be polled before its inline timer fires.
pub(super) const UNBORN: u8 = 4;
/// The process was dropped by a crash or a kill while it was being polled.
pub(super) const DOOMED: u8 = 8;

/// The state of a process beside its own memory, in half a cache line.
#[repr(align(32))]
pub(super) struct Slot {
    /// The process; out of its slot while it is polled.
    pub process: Option<Process>,
    /// Its first timer, which needs no slot of its own.
    pub timer: Key,
    generation: NonZeroU32,
    /// The node on which the process lives.
    pub node: NodeId,
    /// A set of [`LIVE`], [`READY`], [`UNBORN`] and [`DOOMED`].
    pub flags: u8,
}

const _: () = assert!(size_of::<Slot>() <= 32, "two slots share a cache line");

/// All processes.
pub(super) struct Tasks {
    slots: Vec<Slot>,
    free: Vec<u32>,
}

impl Tasks {
    /// An empty table with room for the processes of a small world.
    pub fn new() -> Self {
        Self { slots: Vec::with_capacity(32), free: Vec::with_capacity(32) }
    }

    /// Takes a slot for a process.
    #[inline]
    pub fn insert(&mut self, process: Process, node: NodeId, flags: u8) -> TaskId {
        if let Some(slot) = self.free.pop() {
            let place = &mut self.slots[slot as usize];
            place.process = Some(process);
            place.node = node;
            place.flags = LIVE | flags;
            return TaskId { slot, generation: place.generation };
        }
        let slot = u32::try_from(self.slots.len()).expect("slots are checked when keys are made");
        let generation = NonZeroU32::MIN;
        let (process, timer) = (Some(process), Key::NONE);
        self.slots.push(Slot { process, timer, generation, node, flags: LIVE | flags });
        TaskId { slot, generation }
    }

    /// The slot of a process that still exists.
    #[inline]
    pub fn get(&mut self, task: TaskId) -> Option<&mut Slot> {
        let slot = self.slots.get_mut(task.slot())?;
        (slot.generation == task.generation && slot.flags & LIVE != 0).then_some(slot)
    }

    /// The slot with this number, whatever its state.
    #[inline]
    pub fn at(&mut self, slot: usize) -> &mut Slot {
        &mut self.slots[slot]
    }

    /// Clears an inline timer and returns its process; `None` if the timer was cancelled before.
    #[inline]
    pub fn fire(&mut self, key: Key) -> Option<TaskId> {
        let slot = &mut self.slots[key.slot() as usize];
        if slot.timer != key {
            return None;
        }
        slot.timer = Key::NONE;
        Some(TaskId { slot: key.slot(), generation: slot.generation })
    }

    /// Gives the slot back. Returns the key of a timer that is now dead, or [`Key::NONE`].
    #[inline]
    pub fn free(&mut self, slot: usize) -> Key {
        let place = &mut self.slots[slot];
        place.flags = 0;
        // A slot whose generations are used up is left empty for good, so that no id comes twice.
        if let Some(next) = place.generation.checked_add(1) {
            place.generation = next;
            self.free.push(slot as u32);
        }
        std::mem::replace(&mut place.timer, Key::NONE)
    }

    /// All slots.
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }
}

/// A timer that is not the first of its process.
struct Timer {
    key: Key,
    task: TaskId,
}

/// All timers that are not inline in the slot of their process.
#[derive(Default)]
pub(super) struct Timers {
    slots: Vec<Timer>,
    free: Vec<u32>,
}

impl Timers {
    /// Takes a slot for a timer of `task`.
    pub fn insert(&mut self, sequence: u64, task: TaskId) -> Key {
        if let Some(slot) = self.free.pop() {
            let key = Key::new(sequence, true, slot);
            self.slots[slot as usize] = Timer { key, task };
            return key;
        }
        let slot = u32::try_from(self.slots.len()).expect("slots are checked when keys are made");
        let key = Key::new(sequence, true, slot);
        self.slots.push(Timer { key, task });
        key
    }

    /// Removes a timer and returns its process; `None` if the timer was cancelled before.
    pub fn remove(&mut self, key: Key) -> Option<TaskId> {
        let timer = &mut self.slots[key.slot() as usize];
        if timer.key != key {
            return None;
        }
        timer.key = Key::NONE;
        self.free.push(key.slot());
        Some(timer.task)
    }

    /// Returns whether the timer is still set.
    pub fn is_set(&self, key: Key) -> bool {
        self.slots[key.slot() as usize].key == key
    }
}

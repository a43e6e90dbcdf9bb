//! Nodes: up or down, paused or not, fast or slow, each with a clock of its own.

use super::{Span, TaskId, Time};

/// Parts per billion in one.
const BILLION: i128 = 1_000_000_000;

/// A clock that may run fast or slow: a linear function of global time since its last change.
#[derive(Default)]
pub(super) struct Clock {
    since: Time,
    /// The local time at that instant, in nanoseconds; a clock below zero shows zero.
    shown: i128,
    rate: i64,
}

impl Clock {
    /// Nanoseconds that the clock advances in a billion nanoseconds of global time: at least a
    /// thousandth of them, as no clock stands still or runs backwards, whatever several faults take
    /// off its rate together.
    fn pace(&self) -> i128 {
        (BILLION + i128::from(self.rate)).max(BILLION / 1_000)
    }

    /// The local time at the global instant `now`.
    pub fn local(&self, now: Time) -> Time {
        Time::from_nanos(saturated(self.exact(now).max(0)))
    }

    fn exact(&self, now: Time) -> i128 {
        let passed = i128::from((now - self.since).as_nanos());
        self.shown + passed * self.pace() / BILLION
    }

    /// The global time, rounded up, in which the clock advances by `span`.
    pub fn global(&self, span: Span) -> Span {
        if self.rate == 0 {
            return span;
        }
        let nanos = i128::from(span.as_nanos()) * BILLION;
        Span::from_nanos(saturated((nanos + self.pace() - 1) / self.pace()))
    }

    /// Changes the rate from now on; the time that the clock shows does not jump.
    pub fn set_rate(&mut self, now: Time, rate: i64) {
        *self = Self { since: now, shown: self.exact(now), rate };
    }

    /// The gain of the clock, in nanoseconds per billion nanoseconds of global time.
    pub const fn rate(&self) -> i64 {
        self.rate
    }

    /// Sets the clock to global time plus `offset` nanoseconds; the clock cannot show less than
    /// zero.
    pub fn set_offset(&mut self, now: Time, offset: i64) {
        self.since = now;
        self.shown = i128::from(now.as_nanos()) + i128::from(offset);
    }

    /// Moves the clock by so many nanoseconds.
    pub fn step(&mut self, nanos: i64) {
        self.shown += i128::from(nanos);
    }

    /// Returns whether the clock runs faster or slower than global time.
    pub fn is_drifting(&self) -> bool {
        self.rate != 0
    }
}

fn saturated(nanos: i128) -> u64 {
    u64::try_from(nanos).unwrap_or(u64::MAX)
}

/// The state of a node.
#[derive(Default)]
pub(super) struct Node {
    /// True while the node is not down.
    pub up: bool,
    /// True while the node is paused.
    pub paused: bool,
    /// The number of its restarts.
    pub incarnation: u16,
    /// The clock of the node, which runs on while the node is down or paused.
    pub clock: Clock,
    /// The time that work takes on the node beyond its demand, in thousandths of the demand.
    pub slowdown: u64,
    /// Processes that became ready while the node was paused, in that order.
    pub held: Vec<TaskId>,
}

impl Node {
    /// A node that is up for the first time.
    pub fn new() -> Self {
        Self { up: true, ..Self::default() }
    }
}

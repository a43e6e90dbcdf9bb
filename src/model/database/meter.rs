//! Core time, measured in two ways that must agree.

use crate::kernel::{Span, Time};

/// Exact totals of one database, in whole nanoseconds and whole messages.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Totals {
    /// The integral of the number of busy cores over time.
    pub busy_area: u64,
    /// The time that each statement held its core, summed, including those cut off by a crash.
    pub busy_sum: u64,
    /// The drawn demand of the statements that ended, in ns.
    pub drawn: u64,
    /// Messages to and from the database that were sent.
    pub sent: u64,
    /// Messages that arrived.
    pub delivered: u64,
    /// Messages that were lost with their session.
    pub lost: u64,
}

/// The totals so far.
#[derive(Default)]
pub(super) struct Meter {
    totals: Totals,
    busy: u64,
    since: Time,
}

impl Meter {
    pub fn begin(&mut self, now: Time) {
        self.accrue(now);
        self.busy += 1;
    }

    /// Ends the use of a core; `drawn` is the drawn demand of its statement, if that was completed.
    pub fn end(&mut self, began: Time, now: Time, drawn: Option<Span>) {
        self.accrue(now);
        self.busy -= 1;
        self.totals.busy_sum += (now - began).as_nanos();
        self.totals.drawn += drawn.map_or(0, Span::as_nanos);
    }

    pub fn sent(&mut self) {
        self.totals.sent += 1;
    }

    pub fn delivered(&mut self) {
        self.totals.delivered += 1;
    }

    pub fn lost(&mut self) {
        self.totals.lost += 1;
    }

    pub fn totals(&self, now: Time) -> Totals {
        let open = self.busy * (now - self.since).as_nanos();
        Totals { busy_area: self.totals.busy_area + open, ..self.totals }
    }

    fn accrue(&mut self, now: Time) {
        self.totals.busy_area += self.busy * (now - self.since).as_nanos();
        self.since = now;
    }
}

//! M12: what it costs, from the first measured arrival to the end.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Measured, NOBODY, Quantity};
use crate::model::record::{Event, LabelId, LogId, MessageClass, Record};
use crate::model::system::DatabaseId;

/// Sums by a label, log or database of the history.
pub type Tally<K> = BTreeMap<K, u64>;

/// Everything that was spent, by kind.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Cost {
    /// Messages that left, by class.
    pub messages: [u64; MessageClass::ALL.len()],
    /// Messages that left, by label.
    pub messages_by_label: Tally<LabelId>,
    /// Forced writes, by log.
    pub forced: Tally<LogId>,
    /// Time that devices took for them, ns.
    pub forced_ns: u64,
    /// Log records appended, by label.
    pub log_records: Tally<LabelId>,
    /// How many of them somebody waited for.
    pub log_records_awaited: u64,
    /// Core time, by database, ns.
    pub busy_ns: Tally<DatabaseId>,
    /// Time that row locks were held, by database, ns.
    pub lock_ns: Tally<DatabaseId>,
    /// Retries, by label.
    pub retries: Tally<LabelId>,
    /// Retries that nobody will make: a human is asked.
    pub interventions: u64,
}

impl Cost {
    /// Takes in a record about something that costs.
    pub fn see(&mut self, record: &Record) {
        match record.event {
            Event::Sent { label, class, .. } => {
                self.messages[class as usize] += 1;
                add(&mut self.messages_by_label, label, 1);
            }
            Event::Forced { log, took, .. } => {
                add(&mut self.forced, log, 1);
                self.forced_ns += took.as_nanos();
            }
            Event::Logged { label, forced, .. } => {
                add(&mut self.log_records, label, 1);
                self.log_records_awaited += u64::from(forced);
            }
            Event::Worked { database, busy, .. } => {
                add(&mut self.busy_ns, database, busy.as_nanos());
            }
            Event::LockHeld { database, held, .. } => {
                add(&mut self.lock_ns, database, held.as_nanos());
            }
            Event::Retried { label, .. } => add(&mut self.retries, label, 1),
            Event::Intervention { .. } => self.interventions += 1,
            _ => {}
        }
    }

    /// Messages that the patterns need: all but those of clients, databases and probes.
    pub const fn protocol_messages(&self) -> u64 {
        self.messages[MessageClass::Service as usize] + self.messages[MessageClass::Broker as usize]
    }

    /// Takes down M12, per offered and per committed operation.
    pub fn measure(&self, into: &mut Measured, offered: u64, committed: u64) {
        const NONE_COMMITTED: &str = "no measured operation was committed";
        let totals = [
            self.protocol_messages(),
            self.forced.values().sum(),
            self.log_records.values().sum(),
            self.busy_ns.values().sum(),
            self.lock_ns.values().sum(),
            self.retries.values().sum(),
        ];
        for (total, [per_offered, per_committed]) in totals.into_iter().zip(M12) {
            into.quantity(per_offered, Quantity::ratio(total, offered, NOBODY));
            into.quantity(per_committed, Quantity::ratio(total, committed, NONE_COMMITTED));
        }
        for (count, name) in self.messages.into_iter().zip(M12_MESSAGES) {
            into.quantity(name, Quantity::ratio(count, offered, NOBODY));
        }
        into.quantity("m12.interventions", Quantity::total(self.interventions));
    }
}

/// The names of the M12 measures, per offered and per committed operation, in the order in which
/// [`Cost::measure`] computes them.
const M12: [[&str; 2]; 6] = [
    ["m12.messages", "m12.messages.committed"],
    ["m12.forced-writes", "m12.forced-writes.committed"],
    ["m12.log-records", "m12.log-records.committed"],
    ["m12.busy", "m12.busy.committed"],
    ["m12.locks", "m12.locks.committed"],
    ["m12.retries", "m12.retries.committed"],
];

/// The names of the numbers of messages, in the order of their classes.
const M12_MESSAGES: [&str; MessageClass::ALL.len()] = [
    "m12.messages.client",
    "m12.messages.service",
    "m12.messages.broker",
    "m12.messages.database",
    "m12.messages.probe",
];

fn add<K: Ord>(tally: &mut Tally<K>, to: K, more: u64) {
    *tally.entry(to).or_default() += more;
}

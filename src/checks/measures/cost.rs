//! M12: the costs, from the first measured arrival to the end.

use serde::{Deserialize, Serialize};

use super::{Better, Measure, Measured, NO_OPERATION, Quantity, Scope, Unit};
use crate::checks::census::{Census, Headline};
use crate::model::record::{Event, MessageClass, Record};

/// The two measures of one cost: per offered and per committed operation.
macro_rules! spent {
    ($offered:ident, $committed:ident, $id:literal, $least:literal, $name:literal, $unit:ident,
     $what:literal) => {
        #[doc = concat!("M12, ", $name, " per operation.")]
        pub const $offered: &Measure = &Measure::number(
            concat!("m12.", $id),
            concat!($name, " per operation"),
            Unit::$unit,
            Better::Lower,
            concat!(
                $what,
                ", from the first measured arrival to the end of the settle cap, idle polls and \
                 inquiries included, per measured operation. The cost of a single operation \
                 is what was done for it: what several share, such as an idle poll, counts for \
                 none, and a forced write for the first operation that waited for it."
            ),
        )
        .by_operation()
        .at_rest()
        .head($name)
        .told(concat!("the ", $least, " ", $name), concat!("the most ", $name));
        #[doc = concat!("M12, ", $name, " per committed operation.")]
        pub const $committed: &Measure = &Measure::number(
            concat!("m12.", $id, ".committed"),
            concat!($name, " per committed operation"),
            Unit::$unit,
            Better::Lower,
            concat!(
                $what,
                ", from the first measured arrival to the end of the settle cap, idle polls and \
                 inquiries included, per operation that the census counts as committed. It \
                 compares those that refuse differently often: what is refused early costs next \
                 to nothing."
            ),
        )
        .by_operation()
        .at_rest()
        .head(concat!($name, " per committed"))
        .told(
            concat!("the ", $least, " ", $name, " per committed operation"),
            concat!("the most ", $name, " per committed operation"),
        );
    };
}

spent!(
    MESSAGES,
    MESSAGES_COMMITTED,
    "messages",
    "fewest",
    "messages",
    PerOperation,
    "Messages between services, drivers, participants and the broker"
);
spent!(
    FORCED_WRITES,
    FORCED_WRITES_COMMITTED,
    "forced-writes",
    "fewest",
    "forced writes",
    PerOperation,
    "Forced writes to a log"
);
spent!(
    LOG_RECORDS,
    LOG_RECORDS_COMMITTED,
    "log-records",
    "fewest",
    "log records",
    PerOperation,
    "Records appended to logs, forced or not"
);
spent!(
    BUSY,
    BUSY_COMMITTED,
    "busy",
    "least",
    "database core time",
    Nanoseconds,
    "Core time of databases"
);
spent!(
    LOCKS,
    LOCKS_COMMITTED,
    "locks",
    "least",
    "lock time",
    Nanoseconds,
    "Time that row locks were held"
);
spent!(
    RETRIES,
    RETRIES_COMMITTED,
    "retries",
    "fewest",
    "retries",
    PerOperation,
    "Retries of steps, calls and transactions"
);

/// The messages of one class.
macro_rules! messages {
    ($class:literal, $who:literal) => {
        &Measure::number(
            concat!("m12.messages.", $class),
            concat!($class, " messages"),
            Unit::PerOperation,
            Better::Lower,
            concat!("Messages ", $who, ", counted like `m12.messages`, per measured operation."),
        )
        .by_operation()
        .at_rest()
    };
}

/// M12, client messages.
pub const CLIENT_MESSAGES: &Measure = messages!("client", "between clients and entry points");
/// M12, service messages.
pub const SERVICE_MESSAGES: &Measure =
    messages!("service", "between services, drivers and participants");
/// M12, broker messages.
pub const BROKER_MESSAGES: &Measure = messages!("broker", "to and from the broker");
/// M12, database messages.
pub const DATABASE_MESSAGES: &Measure =
    messages!("database", "between services and their databases");
/// M12, probe messages.
pub const PROBE_MESSAGES: &Measure = messages!("probe", "of reads");

/// The messages, forced writes and other costs of a run, by kind.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Cost {
    /// Messages that left, by class.
    pub messages: [u64; MessageClass::ALL.len()],
    /// Forced writes.
    pub forced: u64,
    /// Time that devices took for them, ns.
    pub forced_ns: u64,
    /// Log records appended.
    pub log_records: u64,
    /// The number of log records that a process waited for.
    pub log_records_awaited: u64,
    /// Core time of databases, ns.
    pub busy_ns: u64,
    /// Time that row locks were held, ns.
    pub lock_ns: u64,
    /// Retries.
    pub retries: u64,
}

impl Cost {
    /// Takes in a record of a cost.
    pub fn see(&mut self, record: &Record) {
        match record.event {
            Event::Sent { class, .. } => self.messages[class as usize] += 1,
            Event::Forced { took, .. } => {
                self.forced += 1;
                self.forced_ns += took.as_nanos();
            }
            Event::Logged { forced, .. } => {
                self.log_records += 1;
                self.log_records_awaited += u64::from(forced);
            }
            Event::Worked { busy, .. } => self.busy_ns += busy.as_nanos(),
            Event::LockHeld { held, .. } => self.lock_ns += held.as_nanos(),
            Event::Retried { .. } => self.retries += 1,
            _ => {}
        }
    }

    /// Messages of the patterns: all but those of clients, databases and probes.
    pub const fn protocol_messages(&self) -> u64 {
        self.messages[MessageClass::Service as usize] + self.messages[MessageClass::Broker as usize]
    }

    /// The sum of two costs.
    #[must_use]
    pub fn plus(mut self, other: &Self) -> Self {
        let messages = self.messages.iter_mut().zip(&other.messages);
        messages.for_each(|(sum, more)| *sum += more);
        self.forced += other.forced;
        self.forced_ns += other.forced_ns;
        self.log_records += other.log_records;
        self.log_records_awaited += other.log_records_awaited;
        self.busy_ns += other.busy_ns;
        self.lock_ns += other.lock_ns;
        self.retries += other.retries;
        self
    }

    /// The sums that are reported per operation, in the order of [`SPENT`].
    const fn totals(&self) -> [u64; SPENT.len()] {
        [
            self.protocol_messages(),
            self.forced,
            self.log_records,
            self.busy_ns,
            self.lock_ns,
            self.retries,
        ]
    }

    /// Takes M12 of a part of the run, per offered and per committed operation of it.
    pub fn measure(&self, into: &mut Measured, scope: &Scope, census: &Census) {
        const NONE_COMMITTED: &str = "no measured operation was committed";
        let (offered, committed) = (census.total(), census.of(Headline::Committed));
        for (total, [per_offered, per_committed]) in self.totals().into_iter().zip(SPENT) {
            let per_committed = per_committed.of(scope);
            into.quantity(per_offered.of(scope), Quantity::ratio(total, offered, NO_OPERATION));
            into.quantity(per_committed, Quantity::ratio(total, committed, NONE_COMMITTED));
        }
        for (count, measure) in self.messages.into_iter().zip(BY_CLASS) {
            into.quantity(measure.of(scope), Quantity::ratio(count, offered, NO_OPERATION));
        }
    }
}

/// The measures per offered and per committed operation, in the order of [`Cost::totals`].
const SPENT: [[&Measure; 2]; 6] = [
    [MESSAGES, MESSAGES_COMMITTED],
    [FORCED_WRITES, FORCED_WRITES_COMMITTED],
    [LOG_RECORDS, LOG_RECORDS_COMMITTED],
    [BUSY, BUSY_COMMITTED],
    [LOCKS, LOCKS_COMMITTED],
    [RETRIES, RETRIES_COMMITTED],
];

/// The numbers of messages, in the order of their classes.
const BY_CLASS: [&Measure; MessageClass::ALL.len()] =
    [CLIENT_MESSAGES, SERVICE_MESSAGES, BROKER_MESSAGES, DATABASE_MESSAGES, PROBE_MESSAGES];

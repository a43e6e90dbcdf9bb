//! M13: the services that a schema change breaks, and for how long.

use std::collections::BTreeMap;

use super::{Better, Measure, Measured, Quantity, Unit};
use crate::model::record::{Event, Record};
use crate::model::system::{ServiceId, TableId};

/// M13, broken by a schema change.
pub const BROKEN: &Measure = &Measure::number(
    "m13.broken",
    "broken by a schema change",
    Unit::Nanoseconds,
    Better::Lower,
    "How long services were broken because the schema of a table had changed and they had not: \
     from the first statement or answer of each that failed for it until it was deployed, or to \
     the end of the run, summed over tables and services.",
)
.at_rest()
.head("broken for");

/// M13, failed for a schema change.
pub const SCHEMA_BREAKS: &Measure = &Measure::number(
    "m13.schema-breaks",
    "failed for a schema change",
    Unit::Count,
    Better::Lower,
    "Statements and answers that failed because the schema of a table had changed and the \
     service had not.",
)
.at_rest()
.head("failures");

/// M13, until a schema change was noticed.
pub const NOTICED: &Measure = &Measure::number(
    "m13.noticed",
    "until a schema change was noticed",
    Unit::Nanoseconds,
    Better::Lower,
    "From the first change of a schema to the first statement or answer that failed for it.",
)
.at_rest()
.head("noticed after");

/// Services that do not fit a schema any more.
#[derive(Debug, Default)]
pub struct SchemaBreaks {
    /// The time of the first schema change, in ns.
    changed: Option<u64>,
    /// The time of the first statement or answer that failed for it, in ns.
    noticed: Option<u64>,
    /// The time since which each service has been broken, by table and service.
    broken: BTreeMap<(TableId, ServiceId), u64>,
    total: u64,
    failed: u64,
}

impl SchemaBreaks {
    /// Takes in a record about schemas.
    pub fn see(&mut self, record: &Record) {
        let now = record.time.as_nanos();
        match record.event {
            Event::SchemaChanged { .. } => self.changed = self.changed.or(Some(now)),
            Event::SchemaBreak { table, service, .. } => {
                self.failed += 1;
                self.noticed = self.noticed.or(Some(now));
                self.broken.entry((table, service)).or_insert(now);
            }
            Event::Adapted { table, service, .. } => {
                let since = self.broken.remove(&(table, service));
                self.total += since.map_or(0, |since| now - since);
            }
            _ => {}
        }
    }

    /// Takes M13 of it at the end of the run.
    pub fn measure(self, into: &mut Measured, now: u64) {
        let open: u64 = self.broken.values().map(|since| now - since).sum();
        let none = Quantity::Missing { why: "no schema changed" };
        let known = |quantity| if self.changed.is_some() { quantity } else { none };
        into.quantity(BROKEN, known(Quantity::total(self.total + open)));
        into.quantity(SCHEMA_BREAKS, known(Quantity::total(self.failed)));
        let noticed = self.noticed.zip(self.changed);
        let unnoticed = Quantity::Missing { why: "nothing failed for it" };
        let noticed =
            noticed.map_or(unnoticed, |(noticed, changed)| Quantity::total(noticed - changed));
        into.quantity(NOTICED, known(noticed));
    }
}

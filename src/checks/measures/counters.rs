//! M12, the counted events: deliveries, dead letters, circuit breakers, deadlocks, alerts; and the
//! lag of each consumer group.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::by_kind::Counts;
use super::gauge::Gauge;
use super::{Better, Measure, Measured, Quantity, Scope, Unit, Values};
use crate::kernel::NodeId;
use crate::model::record::{AbortCause, Circuit, Discard, Event, Record, Station};
use crate::model::system::{OperationKind, ServiceId, System};

/// M12, deliveries.
pub const DELIVERIES: &Measure = &Measure::number(
    "m12.deliveries",
    "deliveries",
    Unit::Count,
    Better::Lower,
    "How often a broker handed a message to a consumer, from the first measured arrival on; see \
     `m8.delivered-again` for those that were not the first.",
)
.at_rest()
.of_each();

/// M12, dead letters.
pub const DEAD_LETTERS: &Measure = &Measure::number(
    "m12.dead-letters",
    "dead letters",
    Unit::Count,
    Better::Lower,
    "How many messages were given up and put among the dead letters, from the first measured \
     arrival on.",
)
.at_rest()
.of_each();

/// M12, breaker openings.
pub const OPENINGS: &Measure = &Measure::number(
    "m12.breaker.openings",
    "breaker openings",
    Unit::Count,
    Better::Lower,
    "How often a circuit breaker opened, from the first measured arrival on.",
)
.at_rest();

/// M12, breakers open.
pub const OPEN_TIME: &Measure = &Measure::number(
    "m12.breaker.open",
    "breakers open",
    Unit::Nanoseconds,
    Better::Lower,
    "For how long circuit breakers were open, summed over callers and callees: from each opening \
     that `m12.breaker.openings` counts until the breaker lets a call through again, its caller \
     crashes, or the run ends.",
)
.at_rest();

/// M12, deadlocks.
pub const DEADLOCKS: &Measure = &Measure::number(
    "m12.deadlocks",
    "deadlocks",
    Unit::Count,
    Better::Lower,
    "How many transactions were rolled back as the victims of deadlocks, from the first measured \
     arrival on.",
)
.at_rest()
.of_each();

/// M12, manual interventions.
pub const INTERVENTIONS: &Measure = &Measure::number(
    "m12.interventions",
    "manual interventions",
    Unit::Count,
    Better::Lower,
    "How often retries were exhausted and a human was asked, from the first measured arrival on.",
)
.at_rest()
.of_each();

/// M12, watchdog alerts.
pub const ALERTS: &Measure = &Measure::number(
    "m12.alerts",
    "watchdog alerts",
    Unit::Count,
    Better::Lower,
    "How often a watchdog raised an alert because a change had waited for too long, from the \
     first measured arrival on.",
)
.at_rest();

/// All measures of a consumer group, in the order in which reports show them.
pub const OF_GROUP: &[&Measure] = &[GROUP_LAG, GROUP_LAG_MAX];

/// The mean lag of a consumer group.
pub const GROUP_LAG: &Measure = &Measure::number(
    "lag",
    "consumer lag",
    Unit::Count,
    Better::Lower,
    "Time average of the number of messages that were published and that the group was not done \
     with, over the window from the end of the warm-up to the end of the settle cap.",
)
.at_rest()
.head("lag");

/// The greatest lag of a consumer group.
pub const GROUP_LAG_MAX: &Measure = &Measure::number(
    "lag.max",
    "consumer lag, peak",
    Unit::Count,
    Better::Lower,
    "The greatest number of messages that were published and that the group was not done with, \
     in the same window.",
)
.at_rest()
.values(Values::Greatest)
.head("lag max");

/// The counted events of a run.
#[derive(Debug)]
pub struct Counters {
    window: (u64, u64),
    deliveries: Counts,
    dead_letters: Counts,
    deadlocks: Counts,
    interventions: Counts,
    alerts: u64,
    openings: u64,
    /// The time for which breakers were open that are closed again, in ns.
    open_ns: u64,
    /// The time since which each breaker has been open, by caller and callee, in ns; none if it is
    /// not.
    breakers: BTreeMap<(NodeId, Station), Option<u64>>,
    groups: BTreeMap<ServiceId, Gauge>,
    /// The number of messages that wait for a group, by instance of the broker.
    waiting: BTreeMap<(NodeId, ServiceId), u64>,
}

impl Counters {
    /// The counters before the first record. Levels are integrated over `window` (ns, from and
    /// until).
    pub fn new(system: &System, window: (u64, u64)) -> Self {
        let none = Counts::new(system, 0);
        Self {
            window,
            deliveries: none.clone(),
            dead_letters: none.clone(),
            deadlocks: none.clone(),
            interventions: none,
            alerts: 0,
            openings: 0,
            open_ns: 0,
            breakers: BTreeMap::new(),
            groups: BTreeMap::new(),
            waiting: BTreeMap::new(),
        }
    }

    /// Takes in a record of an operation of that `kind`; `counts` is true from the first measured
    /// arrival on.
    pub fn see(&mut self, record: &Record, kind: Option<OperationKind>, counts: bool) {
        let one = u64::from(counts);
        let now = record.time.as_nanos();
        match record.event {
            Event::Handed { .. } => *self.deliveries.of(kind) += one,
            Event::Discarded { discard: Discard::DeadLetter, .. } => {
                *self.dead_letters.of(kind) += one
            }
            Event::Aborted { cause: AbortCause::Deadlock, .. } => *self.deadlocks.of(kind) += one,
            Event::Intervention { .. } => *self.interventions.of(kind) += one,
            Event::Alerted { .. } => self.alerts += one,
            Event::Circuit { callee, circuit } => {
                let opens = circuit == Circuit::Open;
                self.openings += if opens { one } else { 0 };
                let since = self.breakers.entry((record.node, callee)).or_default();
                let since = std::mem::replace(since, (opens && counts).then_some(now));
                self.open_ns += since.map_or(0, |since| now - since);
            }
            Event::Crashed { .. } => {
                let its = self.breakers.range_mut((record.node, Station::Service(ServiceId(0)))..);
                let its = its.take_while(|((node, _), _)| *node == record.node);
                let open = its.filter_map(|(_, since)| since.take());
                self.open_ns += open.map(|since| now - since).sum::<u64>();
            }
            Event::GroupLag { group, waiting } => {
                let at_instance = self.waiting.entry((record.node, group)).or_default();
                let before = std::mem::replace(at_instance, waiting);
                let gauge = self.groups.entry(group).or_insert_with(|| Gauge::new(self.window));
                gauge.set(now, gauge.value() - before + waiting);
            }
            _ => {}
        }
    }

    /// Takes the counts of a run that ended at `now`; levels stay as they are until `until`.
    pub fn measure(self, into: &mut Measured, system: &System, now: u64, until: u64) {
        let counts = [
            (DELIVERIES, &self.deliveries),
            (DEAD_LETTERS, &self.dead_letters),
            (DEADLOCKS, &self.deadlocks),
            (INTERVENTIONS, &self.interventions),
        ];
        for (measure, count) in counts {
            into.counts(measure, count, system);
        }
        into.quantity(ALERTS, Quantity::total(self.alerts));
        let still: u64 = self.breakers.values().flatten().map(|since| now - since).sum();
        for (measure, total) in [(OPENINGS, self.openings), (OPEN_TIME, self.open_ns + still)] {
            into.quantity(
                measure,
                match self.breakers.is_empty() {
                    true => Quantity::Missing { why: "no circuit breaker was asked" },
                    false => Quantity::total(total),
                },
            );
        }
        for (group, mut gauge) in self.groups {
            gauge.advance(until);
            let scope = Scope::Group(Arc::clone(&system.services[group.index()].name.shown));
            into.quantity(GROUP_LAG.of(&scope), gauge.time_average());
            into.quantity(GROUP_LAG_MAX.of(&scope), Quantity::total(gauge.peak()));
        }
    }
}

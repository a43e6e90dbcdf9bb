//! M13, the dynamic part: the waits between services that share a database.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Better, Measure, Measured, Quantity, Unit};
use crate::checks::serial::pairs;
use crate::model::record::{Event, Record, Resource};
use crate::model::system::{DatabaseId, ServiceId, System};

/// M13, waiting for other services.
pub const WAITED: &Measure = &Measure::number(
    "m13.waited",
    "waiting for other services",
    Unit::Nanoseconds,
    Better::Lower,
    "How long sessions of one service waited for a core, a connection or a row lock of a \
     database that several services use while another service held it, summed over waits that \
     ended after the warm-up. A wait is split over all who hold what is waited for.",
)
.at_rest();

/// M13, waits caused by others.
pub const WAITED_SHARE: &Measure = &Measure::number(
    "m13.waited.share",
    "waits caused by others",
    Unit::Share,
    Better::Lower,
    "Waiting for other services as a share of all waiting in databases that several use.",
)
.at_rest()
.head("waits for others");

/// M13, greatest slowdown by another service.
pub const SLOWDOWN: &Measure = &Measure::number(
    "m13.slowdown",
    "greatest slowdown by another service",
    Unit::Share,
    Better::Lower,
    "The greatest share that any service's sessions in a database spent waiting for one other \
     service, of all the time that they waited or had a core.",
)
.at_rest()
.head("slowed down");

/// The waits of one service that another one caused, in one database.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Between {
    /// The database.
    pub database: DatabaseId,
    /// The service that waited.
    pub service: ServiceId,
    /// The service that held the resource; none if no service did.
    pub holder: Option<ServiceId>,
}

/// The waits between services, from the end of the warm-up on, in ns.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Contention {
    from: u64,
    shared: bool,
    /// The part of the waits of `service` that `holder` caused, by resource in the order of
    /// [`Resource::ALL`].
    #[serde(with = "pairs")]
    pub waited: BTreeMap<Between, [u64; Resource::ALL.len()]>,
    /// The time for which statements of a service had a core.
    #[serde(with = "pairs")]
    pub served: BTreeMap<(DatabaseId, ServiceId), u64>,
}

impl Contention {
    /// Counts waits and statements that end at `from` (ns) or later.
    pub fn new(system: &System, from: u64) -> Self {
        let databases = (0..system.databases.len() as u16).map(DatabaseId);
        let shared = databases.into_iter().any(|id| system.users(id).len() > 1);
        Self { from, shared, ..Self::default() }
    }

    /// Takes in the end of a wait or of a statement.
    pub fn see(&mut self, record: &Record) {
        if record.time.as_nanos() < self.from {
            return;
        }
        match record.event {
            Event::Served { database, service, busy } => {
                *self.served.entry((database, service)).or_default() += busy.as_nanos();
            }
            Event::Contended { database, resource, waiter, holder, waited } => {
                let between = Between { database, service: waiter, holder };
                self.waited.entry(between).or_default()[resource as usize] += waited.as_nanos();
            }
            _ => {}
        }
    }

    /// The time for which a service waited in a database, for any holder.
    pub fn waits(&self, database: DatabaseId, service: ServiceId) -> u64 {
        let its = self
            .waited
            .iter()
            .filter(|(between, _)| between.database == database && between.service == service);
        its.map(|(_, waited)| waited.iter().sum::<u64>()).sum()
    }

    /// The time that the statements of a service took in a database, both working and waiting.
    pub fn took(&self, database: DatabaseId, service: ServiceId) -> u64 {
        let served = self.served.get(&(database, service)).copied().unwrap_or_default();
        served + self.waits(database, service)
    }

    /// Takes M13 of the waits.
    pub fn measure(&self, into: &mut Measured) {
        const ALONE: &str = "every database is used by one service only";
        if !self.shared {
            for measure in [WAITED, WAITED_SHARE, SLOWDOWN] {
                into.quantity(measure, Quantity::Missing { why: ALONE });
            }
            return;
        }
        let mut foreign = 0;
        let mut all = 0;
        let mut slowest = Quantity::amount(0_u64, 1_u64, ALONE);
        for (between, waited) in &self.waited {
            let waited: u64 = waited.iter().sum();
            all += waited;
            if !between.is_foreign() {
                continue;
            }
            foreign += waited;
            let took = self.took(between.database, between.service);
            let slowdown = Quantity::amount(waited, took, ALONE);
            if slowdown.value() > slowest.value() {
                slowest = slowdown;
            }
        }
        into.quantity(WAITED, Quantity::total(foreign));
        into.quantity(WAITED_SHARE, Quantity::amount(foreign, all, "no session waited"));
        into.quantity(SLOWDOWN, slowest);
    }
}

impl Between {
    /// Returns whether it waited for another service.
    pub fn is_foreign(&self) -> bool {
        self.holder.is_some_and(|holder| holder != self.service)
    }
}

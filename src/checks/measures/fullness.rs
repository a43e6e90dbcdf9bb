//! Which resources were full at the end of the load: workers and their queues, cores.
//!
//! A run that does not come back from a fault often has one that stays full of work for nobody.

use serde::{Deserialize, Serialize};

use super::gauge::Gauge;
use crate::model::record::{Event, Record, Station};
use crate::model::system::{DatabaseId, ServiceId, System};

/// The stretch before the end of the load that is looked at, ns.
const STRETCH: u64 = 10_000_000_000;
/// The share of it, in percent, that a resource is in use if it is full.
const FULL: u128 = 95;

/// A resource of which there is only so much.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Limited {
    /// The workers of all instances of a service.
    Workers(ServiceId),
    /// The cores of a database.
    Cores(DatabaseId),
}

impl Limited {
    /// Its name in a sentence.
    pub fn name(self, system: &System) -> String {
        match self {
            Self::Workers(id) => {
                format!("the workers of `{}`", system.services[id.index()].name.shown)
            }
            Self::Cores(id) => {
                format!("the cores of `{}`", system.databases[id.index()].name.shown)
            }
        }
    }
}

/// Gathers how much of each resource is in use.
#[derive(Debug)]
pub struct Fullness {
    window: (u64, u64),
    /// Of each service, how many workers have a request.
    workers: Vec<Gauge>,
    /// How many workers of each node have a request.
    serving: Vec<u64>,
    /// Of each database, for how long its cores were busy, ns.
    cores: Vec<u64>,
}

impl Fullness {
    /// Nothing is in use yet of a system whose load ends at `load` ns.
    pub fn new(system: &System, load: u64) -> Self {
        let window = (load.saturating_sub(STRETCH), load);
        let workers = system.services.iter().map(|_| Gauge::new(window)).collect();
        let cores = vec![0; system.databases.len()];
        Self { window, workers, serving: Vec::new(), cores }
    }

    /// A worker begins or ends with a request, a crash ends all of a node, or a core was busy.
    pub fn see(&mut self, record: &Record) {
        let now = record.time.as_nanos();
        match record.event {
            Event::Started { at: Station::Service(service), .. } => {
                *self.serving(record) += 1;
                self.work(service, now, 1);
            }
            Event::Finished { at: Station::Service(service), .. } => {
                *self.serving(record) -= 1;
                self.work(service, now, -1);
            }
            Event::Dropped { at: Station::Service(service), .. } => {
                let dropped = std::mem::take(self.serving(record));
                self.work(service, now, -(dropped as i64));
            }
            Event::Worked { database, busy, .. } => {
                let from = now.saturating_sub(busy.as_nanos()).max(self.window.0);
                self.cores[database.index()] += now.min(self.window.1).saturating_sub(from);
            }
            _ => {}
        }
    }

    fn serving(&mut self, record: &Record) -> &mut u64 {
        let node = usize::from(record.node.0);
        if node >= self.serving.len() {
            self.serving.resize(node + 1, 0);
        }
        &mut self.serving[node]
    }

    fn work(&mut self, service: ServiceId, now: u64, change: i64) {
        let gauge = &mut self.workers[service.index()];
        gauge.set(now, gauge.value().saturating_add_signed(change));
    }

    /// The resources that were full; nothing changes any more until `until`.
    pub fn finish(mut self, system: &System, until: u64) -> Vec<Limited> {
        let length = u128::from(self.window.1 - self.window.0);
        let is_full = |used: u128, capacity: u64| {
            used > 0 && used * 100 >= u128::from(capacity) * length * FULL
        };
        let mut full = Vec::new();
        for (id, spec) in system.service_ids().zip(&system.services) {
            let gauge = &mut self.workers[id.index()];
            gauge.advance(until);
            let capacity = u64::from(spec.instances) * u64::from(spec.workers);
            full.extend(is_full(gauge.area(), capacity).then_some(Limited::Workers(id)));
        }
        for (at, (spec, busy)) in (0..).zip(system.databases.iter().zip(&self.cores)) {
            let is_full = is_full(u128::from(*busy), spec.cores.into());
            full.extend(is_full.then_some(Limited::Cores(DatabaseId(at))));
        }
        full
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::NodeId;
    use crate::tests::events::{dropped, finished, started};
    use crate::tests::history::History;

    /// All workers of the only service (one instance) are at work from `from` to `until` ms.
    fn busy(from: u64, until: u64) -> Vec<Limited> {
        let mut system = crate::tests::history::system();
        system.services[0].workers = 2;
        let mut history = History::of(system);
        for (at, event) in [(from, started(0)), (until, finished(0, 0))] {
            for _ in 0..2 {
                history.at(at).note_with(event, |record| record.node = NodeId(7));
            }
        }
        history.rest().full
    }

    #[test]
    fn what_has_work_for_everybody_before_the_end_of_the_load_is_full() {
        let full = [Limited::Workers(ServiceId(0))];
        assert_eq!(busy(50_000, 110_000), full);
        assert_eq!(busy(90_400, 100_000), full);
        assert_eq!(busy(90_600, 100_000), []);
        assert_eq!(busy(50_000, 90_000), []);
    }

    #[test]
    fn a_crash_leaves_nobody_at_work() {
        let mut system = crate::tests::history::system();
        system.services[0].workers = 1;
        let mut history = History::of(system);
        let mut on = |at: u64, event| {
            history.at(at).note_with(event, |record| record.node = NodeId(7));
        };
        on(50_000, started(0));
        on(95_000, dropped(1, 0));
        assert_eq!(history.rest().full, []);
    }
}

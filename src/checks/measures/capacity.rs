//! M12, the part about capacity: workers that are paid for, and workers that have a request.
//!
//! A service that is several in one scales as a whole: each further instance for its most demanding
//! part brings workers for all of them. What that wastes shows between these two numbers.

use super::gauge::Gauge;
use super::{Better, Measure, Measured, Quantity, Unit};
use crate::model::record::{Kind, Record};
use crate::model::system::System;

/// M12, workers provisioned.
pub const WORKERS: &Measure = &Measure::number(
    "m12.workers",
    "workers provisioned",
    Unit::Count,
    Better::Lower,
    "Workers of all instances of all services, whether they are up or not. What runs within \
     another service has none of its own.",
)
.head("workers");

/// M12, workers used.
pub const WORKERS_USED: &Measure = &Measure::number(
    "m12.workers.used",
    "workers used",
    Unit::Count,
    Better::Lower,
    "Time average of the number of these workers that have a request, at work or waiting for \
     others, over the window from the end of the warm-up to the end of the settle cap.",
)
.head("used");

/// M12, utilisation of workers.
pub const UTILISATION: &Measure = &Measure::number(
    "m12.workers.utilisation",
    "utilisation of workers",
    Unit::Share,
    Better::Neither,
    "Used of provisioned workers, in the same window; the rest is bought and idle.",
)
.head("utilisation");

/// The workers of all services.
#[derive(Debug)]
pub struct Capacity {
    /// Of all instances, whether they are up or not: they are paid for.
    provisioned: u64,
    length: u64,
    used: Gauge,
    /// How many workers of each node have a request.
    serving: Vec<u64>,
}

impl Capacity {
    /// Integrated over `window` (ns, from and until).
    pub fn new(system: &System, window: (u64, u64)) -> Self {
        let whole = system.services.iter().filter(|service| service.within.is_none());
        let workers = whole.map(|it| u64::from(it.instances) * u64::from(it.workers));
        let (length, used) = (window.1 - window.0, Gauge::new(window));
        Self { provisioned: workers.sum(), length, used, serving: Vec::new() }
    }

    /// A worker begins or ends with a request, or a crash ends all of a node.
    pub fn see(&mut self, record: &Record) {
        let node = usize::from(record.node.0);
        if node >= self.serving.len() {
            self.serving.resize(node + 1, 0);
        }
        let serving = &mut self.serving[node];
        let used = match record.kind() {
            Kind::Started => {
                *serving += 1;
                self.used.value() + 1
            }
            Kind::Finished => {
                *serving -= 1;
                self.used.value() - 1
            }
            Kind::Dropped => self.used.value() - std::mem::take(serving),
            _ => return,
        };
        self.used.set(record.time.as_nanos(), used);
    }

    /// Takes down what M12 says of it; nothing changes any more until `until`.
    pub fn measure(mut self, into: &mut Measured, until: u64) {
        self.used.advance(until);
        let bought = u128::from(self.provisioned) * u128::from(self.length);
        let share = Quantity::ratio(self.used.area(), bought, "the measured window has no length");
        into.quantity(WORKERS, Quantity::total(self.provisioned));
        into.quantity(WORKERS_USED, self.used.time_average());
        into.quantity(UTILISATION, share);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::NodeId;
    use crate::model::record::Event;
    use crate::tests::events::{dropped, finished, started};
    use crate::tests::history::History;
    use crate::tests::pick;
    use crate::tests::runs::{RecordedRun, record_text, scenario};

    /// Only the stock is hot: it has three instances, and the office one with as many workers.
    const HOT: &str = r#"
        [scenario]
        name = "hot"
        warm-up = "0s"
        load = "60s"
        settle = "40s"

        [services]
        stock = { workers = 4, instances = 3, work = "20ms" }
        office = { workers = 8, work = "20ms" }

        [databases]
        stock-db = {}
        office-db = {}

        [tables]
        product = { owner = "stock", database = "stock-db", columns = { left = 0 }, rows = 500 }
        note = { owner = "office", database = "office-db", columns = { product = 0 } }

        [operations.take]
        keys = { product = { rows-of = "product" } }
        steps = [
            { name = "take", by = "stock", table = "product", key = "product",
              effect = { add = { left = -1 } } },
        ]

        [operations.jot]
        keys = { note = "new" }
        steps = [
            { name = "jot", by = "office", table = "note", key = "note",
              effect = { insert = { product = 1 } } },
        ]

        [load.buyers]
        operation = "take"
        constant = "100ms"

        [load.clerks]
        operation = "jot"
        constant = "10s"

        [variants]
        apart = { pattern = "orchestrated" }
        together = { pattern = "orchestrated", technique = { name = "consolidation",
                     services = ["stock", "office"] } }
    "#;

    fn number(told: &RecordedRun, measure: &'static Measure) -> f64 {
        told.report.measures.number(measure).value().expect("it is measured")
    }

    #[test]
    fn what_scales_as_a_whole_buys_workers_for_all_its_parts() {
        for (variant, provisioned) in [("apart", 3 * 4 + 8), ("together", 3 * (4 + 8))] {
            let told = record_text(HOT, variant, 1);
            assert!(told.report.settled);
            assert_eq!(number(&told, WORKERS), f64::from(provisioned));
            // A visit has a worker from the end of its wait to its own end.
            let stayed = told.pick(pick!(Event::Finished { stayed, .. } => stayed.as_nanos()));
            let waited = told.pick(pick!(Event::Started { waited, .. } => waited.as_nanos()));
            let held = stayed.sum::<u64>() - waited.sum::<u64>();
            assert!(held > 600 * 20_000_000, "600 buyers, 20 ms of work each");
            let used = held as f64 / 100e9;
            assert_eq!(number(&told, WORKERS_USED), used);
            let share = number(&told, UTILISATION);
            assert_eq!(share, held as f64 / (f64::from(provisioned) * 100e9));
        }
    }

    #[test]
    fn the_same_work_leaves_more_of_the_whole_idle() {
        let scenario = scenario(HOT);
        let of = |at: usize| &scenario.variants[at].system.services;
        let host = &of(1)[0];
        assert_eq!((host.instances, host.workers), (3, 12), "scaled for its most demanding part");
        let [apart, together] = ["apart", "together"].map(|variant| record_text(HOT, variant, 1));
        let idle = |told: &RecordedRun| number(told, WORKERS) - number(told, WORKERS_USED);
        assert!(idle(&together) > idle(&apart) + 15.0, "16 workers more, for the same load");
    }

    #[test]
    fn a_crash_ends_what_its_node_was_at() {
        let mut history = History::new();
        let mut on = |at: u64, node: u16, event: Event| {
            history.at(at).note_with(event, |record| record.node = NodeId(node));
        };
        // One at node 7 for 10 s, two at node 8 until it crashes; the third starts anew there.
        on(20_000, 7, started(0));
        on(22_000, 8, started(0));
        on(23_000, 8, started(0));
        on(25_000, 8, dropped(2, 0));
        on(26_000, 8, started(0));
        on(27_000, 8, finished(0, 0));
        on(30_000, 7, finished(0, 0));
        let report = history.rest();
        let used = report.measures.number(WORKERS_USED);
        let super::Quantity::Ratio { part, .. } = used else { panic!("{used:?}") };
        assert_eq!(part, (10 + 3 + 2 + 1) * 1_000_000_000);
    }
}

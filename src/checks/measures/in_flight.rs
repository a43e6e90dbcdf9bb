//! M14: how many operations are under way at a time, as their clients see it.

use super::by_kind::ByKind;
use super::gauge::Gauge;
use super::{Better, Measure, Measured, Quantity, Scope, Unit};
use crate::model::record::{Event, Record};
use crate::model::system::{OperationKind, System};

/// M14, operations in flight.
pub const IN_FLIGHT: &Measure = &Measure::number(
    "m14.in-flight",
    "operations in flight",
    Unit::Count,
    Better::Lower,
    "How many operations are under way, on average over the time from the end of the warm-up to \
     the end of the load: each from its arrival until its client has an answer, or gives up. By \
     Little's law as many as arrive in a second, times the mean of that time in seconds.",
)
.of_each();

/// The operations that nobody has answered yet, over time.
#[derive(Debug)]
pub struct InFlight {
    window: (u64, u64),
    by_kind: ByKind<Gauge>,
}

impl InFlight {
    /// Nothing has arrived yet; what is under way counts within this window (ns, from and until).
    pub fn new(system: &System, window: (u64, u64)) -> Self {
        Self { window, by_kind: ByKind::new(system, Gauge::new(window)) }
    }

    /// Takes in that an operation of this kind arrives, or that its client hears an answer.
    pub fn see(&mut self, record: &Record, kind: Option<OperationKind>) {
        let gauge = self.by_kind.of(kind);
        let value = match record.event {
            Event::Offered { .. } => gauge.value() + 1,
            Event::Answered { .. } => gauge.value().saturating_sub(1),
            _ => return,
        };
        gauge.set(record.time.as_nanos(), value);
    }

    /// The run is over: takes down the means over the window.
    pub fn measure(&mut self, into: &mut Measured, system: &System) {
        let (from, until) = self.window;
        self.by_kind.all_mut().for_each(|gauge| gauge.advance(until));
        let mean = |area: u128| {
            Quantity::amount(area, until.saturating_sub(from), "the load has no length")
        };
        let all = self.by_kind.all().map(Gauge::area).sum();
        into.quantity(IN_FLIGHT.of(&Scope::Run), mean(all));
        for (scope, gauge) in self.by_kind.operations(system) {
            into.quantity(IN_FLIGHT.of(&scope), mean(gauge.area()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::record::Answer;
    use crate::tests::history::{History, OPEN, system};

    /// The mean number in flight of a history whose load is measured from 10 s to 110 s.
    fn mean(history: History) -> f64 {
        history.rest().measures.number(IN_FLIGHT).value().expect("a mean")
    }

    #[test]
    fn what_is_under_way_counts_from_its_arrival_to_its_answer_within_the_window() {
        let mut system = system();
        system.phases.warm_up = crate::kernel::Span::from_secs(10);
        system.phases.load = crate::kernel::Span::from_secs(110);
        let mut history = History::of(system.clone());
        history.at(20_000).offer(0, OPEN, 1).at(30_000).offer(1, OPEN, 2);
        history.at(40_000).answer(0, Answer::Done).at(70_000).answer(1, Answer::Unknown);
        assert!((mean(history) - (20.0 + 40.0) / 100.0).abs() < 1e-9);
        let mut history = History::of(system);
        history.at(5_000).offer(0, OPEN, 1).at(15_000).answer(0, Answer::TechnicalNo);
        history.at(100_000).offer(1, OPEN, 2).at(120_000).answer(1, Answer::Accepted);
        assert!((mean(history) - (5.0 + 10.0) / 100.0).abs() < 1e-9, "both ends are cut");
    }
}

//! One run before the properties: verdicts and nothing else.

use std::sync::Arc;

use super::property::Watching;
use super::{Ended, Finding, Properties};
use crate::checks::census::Census;
use crate::checks::invariants::Invariants;
use crate::checks::measures::Measured;
use crate::checks::measures::gauge::Gauge;
use crate::checks::outcome::{NEVER, Operations};
use crate::checks::verdict::Judgement;
use crate::kernel::{Sink, Span, Time};
use crate::model::contract::Promises;
use crate::model::record::{Event, Kind, Record};
use crate::model::system::System;

/// Judges one run by the named properties and by the scenario's declared invariants. It takes no
/// measures: it is made for very many short runs.
pub struct Verifier {
    system: Arc<System>,
    now: u64,
    healed: u64,
    within: Option<Span>,
    operations: Operations,
    invariants: Option<Invariants>,
    properties: Vec<Box<dyn Watching>>,
    /// By kind: which properties see it, a bit each.
    audience: [u64; Kind::COUNT],
    unknown: Vec<String>,
}

impl Verifier {
    /// A verifier of one run of this system, by the properties of these names; one that nobody has
    /// registered stays undecided.
    pub fn new(system: &Arc<System>, properties: &Properties, guarantees: &[&str]) -> Self {
        let mut verifier = Self {
            system: Arc::clone(system),
            now: 0,
            healed: 0,
            within: None,
            operations: Operations::new(system),
            invariants: (!system.invariants.is_empty())
                .then(|| Invariants::new(system, (0, 0), Gauge::new((0, 0)))),
            properties: Vec::with_capacity(guarantees.len()),
            audience: [0; Kind::COUNT],
            unknown: Vec::new(),
        };
        for name in guarantees {
            match properties.find(name) {
                Some(entry) => {
                    let bit = 1 << verifier.properties.len();
                    for kind in entry.kind.sees {
                        verifier.audience[*kind as usize] |= bit;
                    }
                    verifier.properties.push((entry.kind.begin)(system));
                }
                None => verifier.unknown.push((*name).to_owned()),
            }
        }
        verifier
    }

    /// A verifier of what a pattern promises.
    pub fn of(system: &Arc<System>, properties: &Properties, promises: &Promises) -> Self {
        Self::new(system, properties, &promises.guarantees).within(promises.within)
    }

    /// The same, with a bound: what is still open so long after the load is over and everything is
    /// healed counts as violated. Without one it stays undecided until the system is at rest.
    #[must_use]
    pub fn within(self, within: Option<Span>) -> Self {
        Self { within, ..self }
    }

    /// The same without the declared invariants, where another judge looks after them.
    #[must_use]
    pub fn without_invariants(self) -> Self {
        Self { invariants: None, ..self }
    }

    /// What every operation has come to so far, measured or not.
    pub fn census(&self) -> Census {
        let mut census = Census::default();
        for outcome in self.operations.all() {
            census.count(outcome.state(), outcome.answer(), outcome.headline());
        }
        census
    }

    /// When the last instant of a partial operation ended: from then on every operation was whole
    /// or gone. None if one still is partial; zero if none ever was.
    pub fn last_partial(&self) -> Option<Time> {
        let mut last = 0;
        for outcome in self.operations.all() {
            if outcome.is_partial() {
                return None;
            }
            last = last.max(if outcome.last == NEVER { 0 } else { outcome.last });
        }
        Some(Time::from_nanos(last))
    }

    /// Everything of the instant `self.now` has been seen.
    fn end_instant(&mut self) {
        self.operations.end_instant(self.now);
        if let Some(invariants) = &mut self.invariants {
            invariants.end_instant(self.now);
        }
    }

    /// The run is over: a finding for each property, in the order of their names as given, then one
    /// for each declared invariant.
    pub fn finish(mut self, settled: bool) -> Vec<Finding> {
        self.end_instant();
        let load = self.system.phases.load.as_nanos();
        let end = Ended {
            system: &self.system,
            operations: &self.operations,
            settled,
            at: Time::from_nanos(self.now),
            quiet: Time::from_nanos(self.healed.max(load)),
            within: self.within,
        };
        let mut findings: Vec<Finding> =
            self.properties.into_iter().map(|property| property.finish(&end)).collect();
        for name in self.unknown {
            let judgement = Judgement::undecided("no property of this name is registered");
            findings.push(Finding::new(name, judgement));
        }
        if let Some(invariants) = self.invariants {
            let (reports, _) = invariants.finish(self.now, settled, &mut Measured::default(), 0);
            findings.extend(reports.into_iter().map(|report| Finding {
                property: report.name.to_string(),
                judgement: report.judgement,
                ops: Vec::new(),
                at: report.first,
            }));
        }
        findings
    }

    /// What every judge needs to know of each operation.
    fn keep_books(&mut self, record: &Record) {
        self.operations.see(record);
        match record.event {
            Event::Value { .. } | Event::RowDeleted { .. } => {
                if let Some(invariants) = &mut self.invariants {
                    invariants.see(record);
                }
            }
            Event::FaultEnded { .. } => self.healed = self.now,
            _ => {}
        }
    }
}

impl Sink<Record> for Verifier {
    fn see(&mut self, record: &Record) {
        let now = record.time.as_nanos();
        if now > self.now {
            self.end_instant();
            self.now = now;
        }
        self.keep_books(record);
        let mut audience = self.audience[record.kind() as usize];
        while audience != 0 {
            self.properties[audience.trailing_zeros() as usize].see(record);
            audience &= audience - 1;
        }
    }
}

//! The verifier, which judges one run by properties and takes no measures.

use std::sync::Arc;

use super::property::Watching;
use super::{Ended, Finding, Properties};
use crate::checks::audience::Audience;
use crate::checks::measures::gauge::Gauge;
use crate::checks::outcome::Operations;
use crate::checks::verdict::Judgement;
use crate::checks::{Audit, Books, Listener};
use crate::kernel::Span;
use crate::model::contract::Promises;
use crate::model::record::Record;
use crate::model::system::System;

/// A judge of one run by named properties, made for very many short runs.
pub struct Verifier {
    system: Arc<System>,
    within: Option<Span>,
    properties: Vec<Box<dyn Watching>>,
    audience: Audience,
    unknown: Vec<String>,
    /// Which of the declared invariants are judged: not those that follow from a property that
    /// nobody promised.
    judged: Vec<bool>,
}

impl Verifier {
    /// A verifier of one run of this system by the properties of these names; an unregistered one
    /// stays undecided.
    pub fn new(system: &Arc<System>, properties: &Properties, guarantees: &[&str]) -> Self {
        let known = guarantees.iter().filter_map(|name| properties.find(name));
        let unknown = guarantees.iter().filter(|name| properties.find(name).is_none());
        let judged = |from: Option<&str>| from.is_none_or(|from| guarantees.contains(&from));
        Self {
            system: Arc::clone(system),
            within: None,
            properties: known.clone().map(|entry| (entry.kind.begin)(system)).collect(),
            audience: Audience::new(known.map(|entry| entry.kind.sees)),
            unknown: unknown.map(|name| (*name).to_owned()).collect(),
            judged: system.invariants.iter().map(|it| judged(it.follows_from)).collect(),
        }
    }

    /// A verifier of the guarantees of a pattern, and of the parts of the world that are at work.
    pub fn of(system: &Arc<System>, properties: &Properties, promises: &Promises) -> Self {
        let of_parts = properties.of_parts(system, &promises.guarantees);
        let judged = [&promises.guarantees[..], &of_parts].concat();
        Self::new(system, properties, &judged).within(promises.within)
    }

    /// This verifier with a bound: what is still open so long after the load is over and everything
    /// is healed counts as violated. Without a bound it stays undecided until the system is
    /// quiescent.
    #[must_use]
    pub fn within(self, within: Option<Span>) -> Self {
        Self { within, ..self }
    }

    /// This verifier with the books that it needs, as the only judge.
    pub fn audit(self) -> Audit<Self> {
        let nothing = (0, 0); // Verdicts need no durations.
        Audit::new(Books::new(&self.system, nothing, Gauge::new(nothing)), self)
    }

    /// Ends the run: returns a finding for each property, in the order given.
    pub fn finish(self, books: &Books) -> Vec<Finding> {
        let end = Ended::of(&self.system, books, self.within);
        let mut findings: Vec<Finding> =
            self.properties.into_iter().map(|property| property.finish(&end)).collect();
        for name in self.unknown {
            let judgement = Judgement::undecided("no property of this name is registered");
            findings.push(Finding::new(name, judgement));
        }
        findings
    }
}

impl Audit<Verifier> {
    /// The run is over: a finding for each property, then one for each declared invariant that is
    /// judged; and what became of the operations.
    pub fn finish(self) -> (Vec<Finding>, Operations) {
        let (books, mut verifier) = self.close();
        let judged = std::mem::take(&mut verifier.judged);
        let mut findings = verifier.finish(&books);
        let Books { operations, invariants, now, settled, .. } = books;
        let (reports, _) = invariants.finish(now, settled);
        let reports = reports.into_iter().zip(judged).filter(|(_, judged)| *judged);
        findings.extend(reports.map(|(report, _)| Finding {
            property: report.name.to_string(),
            judgement: report.judgement,
            ops: Vec::new(),
            at: report.first,
        }));
        (findings, operations)
    }
}

impl Listener for Verifier {
    #[inline]
    fn see(&mut self, record: &Record, _: &mut Books) {
        for at in self.audience.of(record.kind()) {
            self.properties[at].see(record);
        }
    }
}

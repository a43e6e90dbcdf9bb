//! The interface of a property.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::checks::Books;
use crate::checks::invariants::rows::Mirror;
use crate::checks::outcome::Operations;
use crate::checks::verdict::{Judgement, Verdict};
use crate::kernel::{Span, Time};
use crate::model::record::{Kind, OpId, Record};
use crate::model::registry::{Entry, Register, Registry};
use crate::model::system::System;

use super::parts::Applies;

/// A property of every run of a pattern that guarantees it: one type, one file, one line in the
/// registry.
pub trait Property: Sized + 'static {
    /// The name in promises, reports and on the command line, in kebab case.
    const NAME: &'static str;
    /// One line for lists.
    const SUMMARY: &'static str;
    /// Its own file (`include_str!`), whose leading `//!` lines are its manual page.
    const MANUAL: &'static str;
    /// The time at which it must be true.
    const WHEN: When;
    /// The kinds of record that it is shown.
    const SEES: &'static [Kind];
    /// The part of the world whose property it is: tells whether that part is at work. Nobody has
    /// to promise such a property; it is judged wherever its part is at work.
    const OF_PARTS: Option<Applies> = None;

    /// The property before the first record.
    fn new(system: &Arc<System>) -> Self;

    /// Takes in the next record of a kind that it sees.
    fn see(&mut self, record: &Record);

    /// The conclusion at the end of the run.
    fn finish(self, end: &Ended) -> Finding;
}

/// The time at which a property must be true.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum When {
    /// At every instant; one violation counts, whether or not the system becomes quiescent.
    Always,
    /// At rest: once the system is quiescent.
    AtTheEnd,
    /// Within a bound after the load is over and all faults are healed.
    EventuallyWithin,
    /// At least once: such a property shows that other verdicts are meaningful.
    Sometimes,
}

impl When {
    /// The name in lists.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::AtTheEnd => "at the end",
            Self::EventuallyWithin => "eventually within",
            Self::Sometimes => "sometimes",
        }
    }
}

/// The end of a run, as properties see it.
#[derive(Clone, Copy, Debug)]
pub struct Ended<'a> {
    /// The system that ran.
    pub system: &'a System,
    /// The outcome of every operation.
    pub operations: &'a Operations,
    /// The rows that a derivation or an invariant refers to.
    pub(in crate::checks) mirror: &'a Mirror,
    /// True if the system was quiescent.
    pub settled: bool,
    /// The time of the end.
    pub at: Time,
    /// The time from which on no operation was offered and all faults were healed.
    pub quiet: Time,
    /// The time after that for which an operation may still be under way, according to the pattern.
    pub within: Option<Span>,
}

impl<'a> Ended<'a> {
    /// The end of the run of a system that these books are about.
    pub fn of(system: &'a System, books: &'a Books, within: Option<Span>) -> Self {
        let load = system.phases.load.as_nanos();
        Self {
            system,
            operations: &books.operations,
            mirror: books.invariants.mirror(),
            settled: books.settled,
            at: Time::from_nanos(books.now),
            quiet: Time::from_nanos(books.healed.max(load)),
            within,
        }
    }

    /// The time at which every operation must have ended, if the pattern promises a bound.
    pub fn bound(&self) -> Option<Time> {
        self.within.map(|within| self.quiet + within)
    }

    /// Returns whether what is open now stays open: the system is quiescent, or the promised bound
    /// has passed.
    pub fn is_final(&self) -> bool {
        self.settled || self.bound().is_some_and(|bound| self.at >= bound)
    }
}

/// The conclusion of a check about one run.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Finding {
    /// The name of the property or of the declared invariant.
    pub property: String,
    /// The judgement.
    pub judgement: Judgement,
    /// The operations involved in violations, the first few in order.
    pub ops: Vec<OpId>,
    /// The time of the first failure.
    pub at: Option<Time>,
}

impl Finding {
    /// A conclusion that concerns no operation in particular.
    pub fn new(property: impl Into<String>, judgement: Judgement) -> Self {
        Self { property: property.into(), judgement, ops: Vec::new(), at: None }
    }

    /// The verdict without its reasons.
    pub fn verdict(&self) -> Verdict {
        self.judgement.verdict
    }
}

/// A property in a run.
pub(super) trait Watching {
    fn see(&mut self, record: &Record);
    fn finish(self: Box<Self>, end: &Ended) -> Finding;
}

impl<P: Property> Watching for P {
    fn see(&mut self, record: &Record) {
        Property::see(self, record);
    }

    fn finish(self: Box<Self>, end: &Ended) -> Finding {
        Property::finish(*self, end)
    }
}

/// The kind of registered part that judges runs.
#[derive(Clone)]
pub struct Judging {
    /// The time at which it must be true.
    pub when: When,
    pub(super) sees: &'static [Kind],
    pub(super) of_parts: Option<Applies>,
    pub(super) begin: fn(&Arc<System>) -> Box<dyn Watching>,
}

impl<P: Property> Register<Judging> for P {
    fn entry() -> PropertyEntry {
        Entry {
            name: P::NAME,
            summary: P::SUMMARY,
            manual: P::MANUAL,
            kind: Judging {
                when: P::WHEN,
                sees: P::SEES,
                of_parts: P::OF_PARTS,
                begin: |system| Box::new(P::new(system)),
            },
        }
    }
}

/// A registered property.
pub type PropertyEntry = Entry<Judging>;

/// The properties that a pattern may promise, and those of the parts of the world.
pub type Properties = Registry<Judging>;

impl Properties {
    /// The properties of the parts that are at work in a system under a pattern with these
    /// guarantees, less those that it promises itself.
    pub fn of_parts(&self, system: &System, guarantees: &[&str]) -> Vec<&'static str> {
        let applies = |entry: &&PropertyEntry| {
            let applies = entry.kind.of_parts.is_some_and(|applies| applies(system, guarantees));
            applies && !guarantees.contains(&entry.name)
        };
        self.iter().filter(applies).map(|entry| entry.name).collect()
    }
}

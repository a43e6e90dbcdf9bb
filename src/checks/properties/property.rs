//! The interface of a property.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::checks::Books;
use crate::checks::outcome::Operations;
use crate::checks::verdict::{Judgement, Verdict};
use crate::kernel::{Span, Time};
use crate::model::record::{Kind, OpId, Record};
use crate::model::registry::{Entry, Register, Registry};
use crate::model::system::System;

/// A property of every run of a pattern that promises it: one type, one file, one word in the
/// registry.
pub trait Property: Sized + 'static {
    /// The name in promises, reports and on the command line, in kebab case.
    const NAME: &'static str;
    /// One line for lists.
    const SUMMARY: &'static str;
    /// Its own file (`include_str!`), whose leading `//!` lines are its manual page.
    const MANUAL: &'static str;
    /// When it must be true.
    const WHEN: When;
    /// The kinds of record that it is shown.
    const SEES: &'static [Kind];

    /// Nothing has happened yet.
    fn new(system: &Arc<System>) -> Self;

    /// Takes in the next record of a kind that it sees.
    fn see(&mut self, record: &Record);

    /// The run is over: what it concludes.
    fn finish(self, end: &Ended) -> Finding;
}

/// When a property must be true.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum When {
    /// At every instant; one violation counts, whether or not the system comes to rest.
    Always,
    /// Once everything has come to rest.
    AtTheEnd,
    /// Within a bound after everything is healed and the load is over.
    EventuallyWithin,
    /// At least once: what makes other verdicts worth something.
    Sometimes,
}

impl When {
    /// As lists write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::AtTheEnd => "at the end",
            Self::EventuallyWithin => "eventually within",
            Self::Sometimes => "sometimes",
        }
    }
}

/// How a run ended, for those who conclude.
#[derive(Clone, Copy, Debug)]
pub struct Ended<'a> {
    /// The system that ran.
    pub system: &'a System,
    /// The outcome of every operation.
    pub operations: &'a Operations,
    /// True if everything had come to rest.
    pub settled: bool,
    /// When the run ended.
    pub at: Time,
    /// Since when nothing has been offered any more and everything has been healed.
    pub quiet: Time,
    /// How long after that an operation may still be under way, as the pattern promises.
    pub within: Option<Span>,
}

impl<'a> Ended<'a> {
    /// The end of the run of a system that these books are about.
    pub fn of(system: &'a System, books: &'a Books, within: Option<Span>) -> Self {
        let load = system.phases.load.as_nanos();
        Self {
            system,
            operations: &books.operations,
            settled: books.settled,
            at: Time::from_nanos(books.now),
            quiet: Time::from_nanos(books.healed.max(load)),
            within,
        }
    }

    /// Until when every operation must be over, if the pattern promises that.
    pub fn bound(&self) -> Option<Time> {
        self.within.map(|within| self.quiet + within)
    }

    /// Returns whether what is open now stays open: the system is at rest, or has had all the time
    /// that it was promised to need.
    pub fn is_final(&self) -> bool {
        self.settled || self.bound().is_some_and(|bound| self.at >= bound)
    }
}

/// The conclusion of a check about one run.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Finding {
    /// The property or the declared invariant.
    pub property: String,
    /// The judgement.
    pub judgement: Judgement,
    /// The operations involved in violations, first to last; the first few.
    pub ops: Vec<OpId>,
    /// When it first failed.
    pub at: Option<Time>,
}

impl Finding {
    /// A conclusion that concerns no operation in particular.
    pub fn new(property: impl Into<String>, judgement: Judgement) -> Self {
        Self { property: property.into(), judgement, ops: Vec::new(), at: None }
    }

    /// The conclusion without its reasons.
    pub fn verdict(&self) -> Verdict {
        self.judgement.verdict
    }
}

/// A property at work.
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

/// The kind of part that judges runs.
#[derive(Clone)]
pub struct Judging {
    /// When it must be true.
    pub when: When,
    pub(super) sees: &'static [Kind],
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
                begin: |system| Box::new(P::new(system)),
            },
        }
    }
}

/// A registered property.
pub type PropertyEntry = Entry<Judging>;

/// The properties that a pattern may promise.
pub type Properties = Registry<Judging>;

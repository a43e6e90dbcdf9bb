//! The list of the properties that exist.

use std::sync::Arc;

use super::{Ended, Finding, Property, When};
use crate::model::record::{Kind, Record};
use crate::model::registry::page;
use crate::model::system::System;

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

/// A registered property.
pub struct PropertyEntry {
    /// What promises and reports call it.
    pub name: &'static str,
    /// One line for lists.
    pub summary: &'static str,
    /// Its own source file, whose leading `//!` lines are its manual page.
    pub manual: &'static str,
    /// When it must be true.
    pub when: When,
    pub(super) sees: &'static [Kind],
    pub(super) begin: fn(&Arc<System>) -> Box<dyn Watching>,
}

impl PropertyEntry {
    /// The manual page: the documentation at the head of its source file, as Markdown.
    pub fn page(&self) -> String {
        page(self.manual)
    }
}

/// The properties that a pattern may promise.
#[derive(Default)]
pub struct Properties(Vec<PropertyEntry>);

impl Properties {
    /// The properties that driftlab brings.
    pub fn builtin() -> Self {
        Self::default()
            .with::<super::all_or_nothing::AllOrNothing>()
            .with::<super::client_contract::ClientContract>()
            .with::<super::at_most_once::AtMostOnce>()
            .with::<super::nothing_held::NothingHeld>()
            .with::<super::terminal_in_time::TerminalInTime>()
            .with::<super::convergence::Convergence>()
            .with::<super::answered_in_time::AnsweredInTime>()
            .with::<super::resumes_after_restart::ResumesAfterRestart>()
            .with::<super::fixpoint::Fixpoint>()
            .with::<super::no_livelock::NoLivelock>()
            .with::<super::legal_transitions::LegalTransitions>()
            .with::<super::bounded_queues::BoundedQueues>()
            .with::<super::no_dirty_read::NoDirtyRead>()
            .with::<super::no_resurrection::NoResurrection>()
            .with::<super::agreement::Agreement>()
            .with::<super::irrevocable::Irrevocable>()
            .with::<super::commit_validity::CommitValidity>()
            .with::<super::write_ahead::WriteAhead>()
            .with::<super::prepared_exclusion::PreparedExclusion>()
            .with::<super::bounded_blocking::BoundedBlocking>()
            .with::<super::no_suspension::NoSuspension>()
            .with::<super::reverse_order::ReverseOrder>()
            .with::<super::fencing::Fencing>()
            .with::<super::inbox_atomicity::InboxAtomicity>()
            .with::<super::outbox_atomicity::OutboxAtomicity>()
            .with::<super::no_phantom_event::NoPhantomEvent>()
            .with::<super::delivery::Delivery>()
            .with::<super::no_dead_letters::NoDeadLetters>()
            .with::<super::per_key_order::PerKeyOrder>()
    }

    /// These and one more; it replaces one of the same name.
    pub fn with<P: Property>(mut self) -> Self {
        self.0.retain(|known| known.name != P::NAME);
        self.0.push(PropertyEntry {
            name: P::NAME,
            summary: P::SUMMARY,
            manual: P::MANUAL,
            when: P::WHEN,
            sees: P::SEES,
            begin: |system| Box::new(P::new(system)),
        });
        self
    }

    /// The property with this name.
    pub fn find(&self, name: &str) -> Option<&PropertyEntry> {
        self.0.iter().find(|entry| entry.name == name)
    }

    /// All names, in order.
    pub fn names(&self) -> Vec<&'static str> {
        self.0.iter().map(|entry| entry.name).collect()
    }

    /// All properties, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, PropertyEntry> {
        self.0.iter()
    }
}

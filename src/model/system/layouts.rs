//! Layouts that follow each other in one run, where a variant switches its technique at a time.
//!
//! Tables stay where they are, so that only two things change: who has which right to a table, and
//! by whom the steps of an operation are carried out. The latter makes another kind of operation of
//! it, with the same keys, the same steps and the same random numbers, which takes the place of the
//! declared one for all that arrive from then on. So an operation ends the way in which it began.

use std::ops::Range;

use super::{Api, Grant, OperationKind, ServiceId, System, TableId};
use crate::kernel::{Span, Time};

/// A layout that holds from a time on.
#[derive(Clone, Debug)]
pub struct Layout {
    /// From when on, since the start of the run.
    pub from: Span,
    /// The replacement of each declared kind of operation, in their order: perhaps itself.
    pub kinds: Vec<OperationKind>,
    /// The rights to each table.
    pub rights: Vec<Rights>,
}

/// The services that access a table directly, and the interface for all others.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rights {
    /// The service that answers for it.
    pub owner: ServiceId,
    /// Services beside the owner that go to it directly.
    pub grants: Vec<Grant>,
    /// The interface that callers of its owner depend on.
    pub api: Api,
}

impl System {
    /// The layout that holds at a time; none if one does throughout.
    fn layout(&self, at: Time) -> Option<&Layout> {
        self.layouts.iter().rev().find(|layout| Time::ZERO + layout.from <= at)
    }

    /// The rights to a table at a time, where they change.
    pub(super) fn rights(&self, table: TableId, at: Time) -> Option<&Rights> {
        Some(&self.layout(at)?.rights[table.index()])
    }

    /// The service that owns a table at a time.
    pub fn owner(&self, table: TableId, at: Time) -> ServiceId {
        self.rights(table, at).map_or(self.table(table).owner, |rights| rights.owner)
    }

    /// The interface of the owner of a table at a time.
    pub fn api(&self, table: TableId, at: Time) -> Api {
        self.rights(table, at).map_or(self.table(table).api, |rights| rights.api)
    }

    /// The times from which on a layout holds: the start of the run, and every switch.
    pub fn turns(&self) -> Vec<Time> {
        let switches = self.layouts.iter().skip(1).map(|layout| Time::ZERO + layout.from);
        std::iter::once(Time::ZERO).chain(switches).collect()
    }

    /// The kind of operation that is offered at a time in place of a declared one.
    #[inline]
    pub fn kind_at(&self, declared: OperationKind, at: Time) -> OperationKind {
        self.layout(at).map_or(declared, |layout| layout.kinds[declared.index()])
    }

    /// The kind of operation, as declared, in whose place this one is offered.
    #[inline]
    pub fn declared(&self, kind: OperationKind) -> OperationKind {
        let place = |layout: &Layout| layout.kinds.iter().position(|known| *known == kind);
        self.layouts.iter().find_map(place).map_or(kind, |at| OperationKind(at as u16))
    }

    /// When a kind of operation is offered: always, unless a switch brings it or takes it away.
    pub fn offered(&self, kind: OperationKind) -> Range<Time> {
        let has = |layout: &&Layout| layout.kinds.contains(&kind);
        let begin = self.layouts.iter().position(|layout| has(&layout)).unwrap_or(0);
        let end = self.layouts.iter().skip(begin).find(|layout| !has(layout));
        let from = self.layouts.get(begin).map_or(Span::ZERO, |layout| layout.from);
        Time::ZERO + from..end.map_or(Time::NEVER, |layout| Time::ZERO + layout.from)
    }
}

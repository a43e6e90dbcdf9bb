//! Layouts that replace each other in one run, if a variant switches its technique at a time.
//!
//! Tables stay where they are, so only two things change: the rights of services to a table, and
//! the services that carry out the steps of an operation. The latter makes another kind of
//! operation of it, with the same keys, the same steps and the same random numbers, which replaces
//! the declared one for all arrivals from then on. So an operation ends under the layout under
//! which it began.

use std::ops::Range;

use super::{Api, Grant, OperationKind, ServiceId, System, TableId};
use crate::kernel::{Span, Time};

/// A layout that holds from a time on.
#[derive(Clone, Debug)]
pub struct Layout {
    /// The start, since the start of the run.
    pub from: Span,
    /// The replacement of each declared kind of operation, in their order; it may be the kind
    /// itself.
    pub kinds: Vec<OperationKind>,
    /// The rights to each table.
    pub rights: Vec<Rights>,
}

/// The services that access a table directly, and the interface for all others.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rights {
    /// The service that serves requests about it.
    pub owner: ServiceId,
    /// Services beside the owner that access it directly.
    pub grants: Vec<Grant>,
    /// The interface that callers of its owner depend on.
    pub api: Api,
}

impl System {
    /// The layout that holds at a time; none if the technique is not switched.
    fn layout(&self, at: Time) -> Option<&Layout> {
        self.layouts.iter().rev().find(|layout| Time::ZERO + layout.from <= at)
    }

    /// The rights to a table at a time, if they change.
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

    /// The start of the run, and the time of every switch.
    pub fn turns(&self) -> Vec<Time> {
        let switches = self.layouts.iter().skip(1).map(|layout| Time::ZERO + layout.from);
        std::iter::once(Time::ZERO).chain(switches).collect()
    }

    /// The kind of operation that replaces a declared one at a time.
    #[inline]
    pub fn kind_at(&self, declared: OperationKind, at: Time) -> OperationKind {
        self.layout(at).map_or(declared, |layout| layout.kinds[declared.index()])
    }

    /// The declared kind that this kind of operation replaces.
    #[inline]
    pub fn declared(&self, kind: OperationKind) -> OperationKind {
        let place = |layout: &Layout| layout.kinds.iter().position(|known| *known == kind);
        self.layouts.iter().find_map(place).map_or(kind, |at| OperationKind(at as u16))
    }

    /// The times at which a kind of operation is offered: always, unless a switch introduces or
    /// replaces it.
    pub fn offered(&self, kind: OperationKind) -> Range<Time> {
        let has = |layout: &&Layout| layout.kinds.contains(&kind);
        let begin = self.layouts.iter().position(|layout| has(&layout)).unwrap_or(0);
        let end = self.layouts.iter().skip(begin).find(|layout| !has(layout));
        let from = self.layouts.get(begin).map_or(Span::ZERO, |layout| layout.from);
        Time::ZERO + from..end.map_or(Time::NEVER, |layout| Time::ZERO + layout.from)
    }
}

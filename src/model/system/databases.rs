//! Databases: their capacity, the durations of their work, and the limits of their transactions.

use std::sync::Arc;

use super::{Name, ReadMode, ServiceId};
use crate::kernel::{Dist, Span};

/// A database on its own node (or co-located with a service).
#[derive(Clone, Debug)]
pub struct DatabaseSpec {
    /// Its name.
    pub name: Name,
    /// The service on whose node it runs, and with which it crashes; none if it has its own node.
    pub node: Option<ServiceId>,
    /// The zone of its own node, if it has one.
    pub zone: Option<Arc<str>>,
    /// Sessions open at once.
    pub connections: u32,
    /// Statements that run at once.
    pub cores: u32,
    /// Core time of one statement.
    pub work: Dist,
    /// Durations of forced writes.
    pub force: ForceSpec,
    /// Time after which a waiter for a row lock gives up.
    pub lock_timeout: Span,
    /// The order in which waiters get a row lock.
    pub lock_order: LockOrder,
    /// Time from the wake-up of a waiter until it competes for a row lock.
    pub wake_up: Dist,
    /// A checkpoint is made after so many records of the log.
    pub checkpoint: u64,
    /// The most rows of a table here that travel to a copy of it at once.
    pub copy_batch: usize,
    /// A branch that was not prepared in this time aborts itself.
    pub branch_timeout: Span,
    /// TCP keepalive of the database's machine.
    pub keepalive: KeepaliveSpec,
    /// Time without a request after which a client's transaction is rolled back.
    pub idle_in_transaction: Option<Span>,
    /// Fixed part of recovery after a restart.
    pub recovery: Span,
    /// The read mode: shared locks, or the last committed state.
    pub reads: ReadMode,
    /// True if it can take part in two-phase commit.
    pub xa: bool,
}

/// TCP keepalive: how a machine detects that the other end of a connection is dead.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KeepaliveSpec {
    /// Time without a sign of life after which the first probe is sent.
    pub idle: Span,
    /// Time from an unanswered probe to the next.
    pub interval: Span,
    /// Number of unanswered probes after which the connection is given up.
    pub probes: u32,
}

impl DatabaseSpec {
    /// The time after which a silent client is disconnected, unless another limit ends its
    /// transaction first.
    pub fn idle_limit(&self) -> Option<Span> {
        self.idle_in_transaction.filter(|limit| *limit < self.branch_timeout)
    }

    /// The longest time for which a silent session keeps its locks.
    pub(super) fn longest_silence(&self) -> Span {
        let KeepaliveSpec { idle, interval, probes } = self.keepalive;
        let probed = idle + interval.saturating_mul(u64::from(probes));
        let limits = [self.branch_timeout, probed];
        limits.into_iter().chain(self.idle_in_transaction).fold(Span::MAX, Span::min)
    }
}

/// Durations of forced writes by their kind.
#[derive(Clone, Debug)]
pub struct ForceSpec {
    /// A local commit.
    pub commit: Dist,
    /// A prepared record.
    pub prepare: Dist,
    /// A decision, and everything else.
    pub decide: Dist,
}

/// The order in which waiters get a released row lock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LockOrder {
    /// Strictly by arrival: the lock passes to the first in line.
    Arrival,
    /// The waiters are woken and compete, with each other and with newcomers.
    WakeAll,
}

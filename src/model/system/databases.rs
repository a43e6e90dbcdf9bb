//! Databases: what they can do at once, how long things take, and what ends a transaction.

use std::sync::Arc;

use super::{Name, ReadMode, ServiceId};
use crate::kernel::{Dist, Span};

/// A database on its own node (or co-located with a service).
#[derive(Clone, Debug)]
pub struct DatabaseSpec {
    /// Its name.
    pub name: Name,
    /// Set if it runs on the node of this service and crashes with it.
    pub node: Option<ServiceId>,
    /// The zone in which its own node stands, if it has one.
    pub zone: Option<Arc<str>>,
    /// Sessions open at once.
    pub connections: u32,
    /// Statements that run at once.
    pub cores: u32,
    /// Core time of one statement.
    pub work: Dist,
    /// How long forced writes take.
    pub force: ForceSpec,
    /// A waiter for a row lock gives up after this.
    pub lock_timeout: Span,
    /// The order in which waiters get a row lock.
    pub lock_order: LockOrder,
    /// How long a waiter takes to ask again after it was woken to compete for a row lock.
    pub wake_up: Dist,
    /// A branch that was not prepared in this time aborts itself.
    pub branch_timeout: Span,
    /// How the database's machine finds out that a client is gone.
    pub keepalive: KeepaliveSpec,
    /// A transaction whose client sends nothing for so long is rolled back.
    pub idle_in_transaction: Option<Span>,
    /// Fixed part of recovery after a restart.
    pub recovery: Span,
    /// The read mode: shared locks, or the last committed state.
    pub reads: ReadMode,
    /// True if it can take part in two-phase commit.
    pub xa: bool,
}

/// TCP keepalive: how a machine finds out that the other end of a connection is gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KeepaliveSpec {
    /// The first probe is sent after so long without a sign of life.
    pub idle: Span,
    /// The time from one probe that nobody answers to the next.
    pub interval: Span,
    /// The connection is given up after so many probes without an answer.
    pub probes: u32,
}

impl DatabaseSpec {
    /// The time after which a client that sends nothing is cut off, if anything else does not end
    /// its transaction before.
    pub fn idle_limit(&self) -> Option<Span> {
        self.idle_in_transaction.filter(|limit| *limit < self.branch_timeout)
    }

    /// The longest time for which a session of which nothing is heard keeps its locks.
    pub(super) fn longest_silence(&self) -> Span {
        let KeepaliveSpec { idle, interval, probes } = self.keepalive;
        let probed = idle + interval.saturating_mul(u64::from(probes));
        let limits = [self.branch_timeout, probed];
        limits.into_iter().chain(self.idle_in_transaction).fold(Span::MAX, Span::min)
    }
}

/// Forced writes differ by what is forced.
#[derive(Clone, Debug)]
pub struct ForceSpec {
    /// A local commit.
    pub commit: Dist,
    /// A prepared record.
    pub prepare: Dist,
    /// A decision, and everything else.
    pub decide: Dist,
}

/// The order in which waiters get a row lock that was given back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LockOrder {
    /// Strictly by arrival: the lock passes to the first in line.
    Arrival,
    /// The waiters wake up and compete, with each other and with newcomers.
    WakeAll,
}

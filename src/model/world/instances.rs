//! Which instance of a service requests go to, and who of them is known to be away.

use super::World;
use crate::kernel::{NodeId, Span, Time};
use crate::model::record::OpId;
use crate::model::system::ServiceId;

/// A span of time in which a node serves nobody.
#[derive(Clone, Copy)]
pub(super) struct Absence {
    from: Time,
    until: Option<Time>,
    /// True if it was drained first, so that nobody need find out.
    announced: bool,
}

impl Absence {
    /// Returns whether those who spread requests know of it at `at`, if they need so long to find
    /// out. That a node is back they see at once.
    fn is_known(&self, at: Time, patience: Span) -> bool {
        let is_over = self.until.is_some_and(|until| until <= at);
        !is_over && (self.announced || self.from + patience <= at)
    }
}

impl World {
    /// The instance of a service to which an operation's requests go now: operations are spread
    /// evenly over the instances, and what would go to one that is known to be away goes to the
    /// next. That an instance is away becomes known after the `endpoint-delay` of its service, or
    /// at once if it was drained; that it is back, at once. If all are away, nobody else is there.
    pub fn instance(&self, service: ServiceId, op: OpId) -> NodeId {
        self.attempted(service, op, 0)
    }

    /// The instance to which a further attempt goes now: the next one.
    pub fn attempted(&self, service: ServiceId, op: OpId, attempt: u16) -> NodeId {
        self.balanced(service, self.ordinal(op) + u64::from(attempt), self.env.now())
    }

    /// The instance that has the `turn`-th turn, as it is known at `at`; see [`World::instance`].
    pub fn balanced(&self, service: ServiceId, turn: u64, at: Time) -> NodeId {
        let system = self.env.system();
        let delay = system.services[system.host(service).index()].endpoint_delay;
        self.next_present(service, turn, at, delay)
    }

    /// The instance of a service that has a part in an operation to its end, with what it remembers
    /// of it: by what is known of the instances when the operation arrives. Another attempt at the
    /// operation has another instance.
    pub fn sticky(&self, service: ServiceId, op: OpId, attempt: u16) -> NodeId {
        let turn = self.ordinal(op) + u64::from(attempt);
        self.balanced(service, turn, self.env.operation(op).arrived)
    }

    /// The member of a consumer group (a service) that has a partition: the partitions are spread
    /// evenly, and those of a member that was not heard of for the session timeout go to the next.
    pub fn member(&self, group: ServiceId, partition: u16, session_timeout: Span) -> NodeId {
        self.next_present(group, u64::from(partition), self.env.now(), session_timeout)
    }

    pub(super) fn ordinal(&self, op: OpId) -> u64 {
        if op == OpId::NONE { 0 } else { self.env.operation(op).ordinal }
    }

    /// The first instance from the `turn`-th on that is not known to be away, or that one itself.
    fn next_present(&self, service: ServiceId, turn: u64, at: Time, patience: Span) -> NodeId {
        let instances = &self.services[service.index()];
        let count = instances.len() as u64;
        let nth = |turn: u64| instances[(turn % count) as usize];
        let is_away = |id: NodeId| {
            let absences = self.node(id).absences.borrow();
            let begun = absences.partition_point(|absence| absence.from <= at);
            absences[..begun].last().is_some_and(|last| last.is_known(at, patience))
        };
        let mut turns = (turn..turn + count).map(nth);
        turns.find(|id| count > 1 && !is_away(*id)).unwrap_or_else(|| nth(turn))
    }

    /// Notes whether a node serves from now on.
    pub(super) fn note_presence(&self, id: NodeId, announced: bool) {
        let (node, now) = (self.node(id), self.env.now());
        let serves = self.is_ready(id) && node.pauses.get() == 0;
        let mut absences = node.absences.borrow_mut();
        match absences.last_mut().filter(|last| last.until.is_none()) {
            Some(last) if serves => last.until = Some(now),
            None if !serves => absences.push(Absence { from: now, until: None, announced }),
            _ => {}
        }
    }
}

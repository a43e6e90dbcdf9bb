//! The choice of an instance of a service or a driver, and the knowledge of which instances are
//! down.

use super::World;
use crate::kernel::{NodeId, Span, Time};
use crate::model::record::{OpId, Station};
use crate::model::system::ServiceId;

/// A period in which a node does not serve.
#[derive(Clone, Copy)]
pub(super) struct Absence {
    from: Time,
    until: Option<Time>,
    /// True if it was drained first, so that load balancing knows at once.
    announced: bool,
}

impl Absence {
    /// Returns whether load balancing knows of it at `at`, if it takes `patience` to notice. It
    /// notices at once that a node is back.
    fn is_known(&self, at: Time, patience: Span) -> bool {
        let is_over = self.until.is_some_and(|until| until <= at);
        !is_over && (self.announced || self.from + patience <= at)
    }
}

/// The share of keys of one instance of a driver at one moment: every key is assigned to an
/// instance, and while that is known to be down, to the next one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Slice {
    index: usize,
    /// The instances that are not known to be down.
    present: Vec<bool>,
}

impl Slice {
    /// Returns whether a key belongs to the share.
    pub fn has(&self, key: u64) -> bool {
        let count = self.present.len();
        let own = key.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32) % count as u64;
        let mut turns = (own as usize..).take(count).map(|turn| turn % count);
        turns.find(|at| self.present[*at]).unwrap_or(own as usize) == self.index
    }

    /// Returns whether an instance has gone down since, so that others have more keys.
    pub fn has_grown_since(&self, before: &Self) -> bool {
        self.present.iter().zip(&before.present).any(|(now, before)| *before && !now)
    }
}

impl World {
    /// The current share of a node, if it is one of several instances of a driver. Instances
    /// without a sign of life for `take-over` are known to be down.
    pub fn slice(&self, node: NodeId) -> Slice {
        let instances: Vec<NodeId> = match self.driver_on(node) {
            Some(name) => self.named_drivers(name).collect(),
            None => vec![node],
        };
        let index = instances.iter().position(|known| *known == node).unwrap_or_default();
        let (now, patience) = (self.env.now(), self.env.system().take_over);
        let present = instances.iter().map(|id| *id == node || !self.is_away(*id, now, patience));
        Slice { index, present: present.collect() }
    }

    /// The instance of a service to which the requests of an operation go now: operations are
    /// spread evenly over the instances, and one that is known to be down is replaced by the next.
    /// An instance is known to be down after the `endpoint-delay` of its service, or at once if it
    /// was drained, and known to be back at once. If all are down, the original one is called.
    pub fn instance(&self, service: ServiceId, op: OpId) -> NodeId {
        self.attempted(service, op, 0)
    }

    /// The instance to which a further attempt goes now: the next one.
    pub fn attempted(&self, service: ServiceId, op: OpId, attempt: u16) -> NodeId {
        self.balanced(service, self.ordinal(op) + u64::from(attempt), self.env.now())
    }

    /// The instance with the `turn`-th turn, by what is known at `at`; see [`World::instance`].
    pub fn balanced(&self, service: ServiceId, turn: u64, at: Time) -> NodeId {
        let system = self.env.system();
        let delay = system.services[system.host(service).index()].endpoint_delay;
        self.next_present(self.instances(service), turn, at, delay)
    }

    /// The instance of a service that takes part in an operation to its end, because it keeps state
    /// for it. It is chosen by what is known of the instances when the operation arrives. Another
    /// attempt at the operation has another instance.
    pub fn sticky(&self, service: ServiceId, op: OpId, attempt: u16) -> NodeId {
        let turn = self.ordinal(op) + u64::from(attempt);
        self.balanced(service, turn, self.env.operation(op).arrived)
    }

    /// The instance of a driver to which a client sends this attempt at an operation, chosen as for
    /// services, with the `endpoint-delay` of the drivers.
    pub fn driver_of(&self, name: &str, op: OpId, attempt: u16) -> NodeId {
        let instances: Vec<NodeId> = self.named_drivers(name).collect();
        let turn = self.ordinal(op) + u64::from(attempt);
        let (now, delay) = (self.env.now(), self.env.system().driver_endpoint_delay);
        self.next_present(&instances, turn, now, delay)
    }

    /// The number of an instance among those of its driver or its service, from 0.
    pub fn instance_number(&self, node: NodeId) -> u16 {
        let at = match (self.driver_on(node), self.pool(node).map(|pool| pool.station())) {
            (Some(name), _) => self.named_drivers(name).position(|known| known == node),
            (None, Some(Station::Service(service))) => {
                self.instances(service).iter().position(|known| *known == node)
            }
            (None, _) => None,
        };
        at.unwrap_or_default() as u16
    }

    /// The member of a consumer group (a service) that has a partition: the partitions are spread
    /// evenly, and those of a member that was not heard of for the session timeout go to the next.
    pub fn member(&self, group: ServiceId, partition: u16, session_timeout: Span) -> NodeId {
        let members = self.instances(group);
        self.next_present(members, u64::from(partition), self.env.now(), session_timeout)
    }

    pub(super) fn ordinal(&self, op: OpId) -> u64 {
        if op == OpId::NONE { 0 } else { self.env.operation(op).ordinal }
    }

    /// The first instance from the `turn`-th on that is not known to be away, or that one itself.
    fn next_present(&self, instances: &[NodeId], turn: u64, at: Time, patience: Span) -> NodeId {
        let count = instances.len() as u64;
        let nth = |turn: u64| instances[(turn % count) as usize];
        let mut turns = (turn..turn + count).map(nth);
        turns.find(|id| count > 1 && !self.is_away(*id, at, patience)).unwrap_or_else(|| nth(turn))
    }

    /// Returns whether a node is known at `at` to be down.
    fn is_away(&self, id: NodeId, at: Time, patience: Span) -> bool {
        let absences = self.node(id).absences.borrow();
        let begun = absences.partition_point(|absence| absence.from <= at);
        absences[..begun].last().is_some_and(|last| last.is_known(at, patience))
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

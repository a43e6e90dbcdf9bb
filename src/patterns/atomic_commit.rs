//! The parts that the atomic commit protocols share: the name of a transaction, its participants
//! with their branches, its work, and the delivery of its outcome. How the outcome is decided
//! differs between the protocols.

pub(crate) mod again;
pub(crate) mod branches;
pub(crate) mod delivery;
pub(crate) mod participant;
#[cfg(test)]
pub(super) mod tests;
pub(crate) mod work;

use std::collections::BTreeMap;

use crate::kernel::{NodeId, Span};
use crate::model::contract::transaction_of;
use crate::model::env::Ctx;
use crate::model::process::ProcessCtx;
use crate::model::reason::Reason;
use crate::model::record::{GlobalTxnId, OpId};
use crate::model::system::{DatabaseId, MAX_STEPS, OperationSpec, ServiceId, StepSpec, System};
use crate::model::world::World;
use crate::reason;

/// A distributed transaction: one attempt at an operation. Every attempt has a name of its own, so
/// a message about a transaction that has ended cannot be taken for one about the next.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Transaction {
    pub op: OpId,
    /// The instance of the coordinator that has begun the transaction, from 0; it remains
    /// responsible until the end.
    pub coordinator: u16,
    /// The pattern, of several side by side, to which that coordinator belongs, as the format id of
    /// an XA transaction tells. The others ignore the transaction.
    pub part: u8,
    /// The number of restarts of the coordinator before it began the transaction.
    pub epoch: u16,
    /// The number of the transaction since that restart, from 1; 0 where epoch and attempt name it
    /// already.
    pub number: u16,
    /// The attempt at the operation. Another attempt may reach other instances of the services.
    pub attempt: u8,
}

impl Transaction {
    /// The transaction that the coordinator on this node begins, as the pattern number `part`, with
    /// this number.
    pub fn begun(here: &ProcessCtx, part: u8, number: u16) -> Self {
        let Ctx { op, attempt, .. } = *here.ctx();
        let coordinator = here.world().instance_number(here.node());
        Self { op, coordinator, part, epoch: here.incarnation(), number, attempt: attempt as u8 }
    }

    /// The name of the transaction among those of its operation.
    pub fn name(self) -> u64 {
        let Self { coordinator, part, epoch, number, attempt, .. } = self;
        u64::from(coordinator) << 48
            | u64::from(epoch) << 32
            | u64::from(attempt) << 24
            | u64::from(part) << 16
            | u64::from(number)
    }

    /// The name of a branch in its database: that of the transaction, with the service that is its
    /// participant.
    pub fn tag(self, service: ServiceId) -> u128 {
        u128::from(self.name()) << 16 | u128::from(service.0)
    }

    /// The transaction and the service of the branch with this tag.
    pub fn of_branch(op: OpId, tag: u128) -> (Self, ServiceId) {
        let GlobalTxnId(name) = transaction_of(tag);
        let transaction = Self {
            op,
            coordinator: (name >> 48) as u16,
            epoch: (name >> 32) as u16,
            attempt: (name >> 24) as u8,
            part: (name >> 16) as u8,
            number: name as u16,
        };
        (transaction, ServiceId(tag as u16))
    }

    /// The instance of a service that is the participant from the work to the end: only the
    /// instance that has done the work holds the session.
    pub fn participant(self, world: &World, service: ServiceId) -> NodeId {
        world.sticky(service, self.op, self.attempt.into())
    }
}

/// A set of participants of one operation, a bit for each: that of the service's first step. A
/// transaction therefore needs one word for it, however many services the system has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Participants(u32);

const _: () = assert!(MAX_STEPS <= u32::BITS as usize, "a step has a bit");

impl Participants {
    /// The services that carry out a step of the operation.
    pub fn of(operation: &OperationSpec) -> Self {
        let mut all = Self::default();
        operation.steps.iter().for_each(|step| all.add(operation, step.by));
        all
    }

    pub(super) fn add(&mut self, operation: &OperationSpec, service: ServiceId) {
        self.0 |= Self::bit(operation, service);
    }

    pub(super) fn remove(&mut self, operation: &OperationSpec, service: ServiceId) {
        self.0 &= !Self::bit(operation, service);
    }

    fn bit(operation: &OperationSpec, service: ServiceId) -> u32 {
        let first = operation.steps.iter().position(|step| step.by == service);
        first.map_or(0, |first| 1 << first)
    }

    /// The union of two sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The services, in their order.
    pub fn iter(self, operation: &OperationSpec) -> impl Iterator<Item = ServiceId> {
        let firsts = (0..).zip(&operation.steps).filter(move |(at, _)| self.0 >> at & 1 == 1);
        let services = firsts.map(|(_, step)| step.by);
        let after = move |last: Option<ServiceId>| {
            services.clone().filter(|service| Some(*service) > last).min()
        };
        std::iter::successors(after(None), move |last| after(Some(*last)))
    }

    pub(super) const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// The declaration of an operation.
pub(crate) fn operation(here: &ProcessCtx, op: OpId) -> &OperationSpec {
    here.system().operation(here.env().operation(op).kind)
}

/// The steps of an operation that a service carries out, one bit for each.
pub(super) fn steps_of(operation: &OperationSpec, service: ServiceId) -> u64 {
    let steps = operation.steps.iter().enumerate();
    steps.filter(|(_, step)| step.by == service).fold(0, |mask, (at, _)| mask | 1 << at)
}

/// The time that calls to several services at once may take: the longest deadline of their retry
/// policies.
pub(super) fn patience(here: &ProcessCtx, services: impl Iterator<Item = ServiceId>) -> Span {
    let policies = services.map(|service| here.retry_at(service).step_deadline);
    policies.max().unwrap_or_default()
}

/// The longest time that a branch which was not prepared stays open until its database rolls it
/// back.
pub(super) fn dormant(system: &System) -> Span {
    let timeouts = system.databases.iter().map(|database| database.branch_timeout);
    timeouts.max().unwrap_or_default()
}

/// The reasons why operations of a system cannot be distributed transactions.
pub(super) fn check(system: &System) -> Vec<Reason> {
    let mut problems = Vec::new();
    let is_used = |id| system.steps().any(|step| system.table(step.table).database == id);
    let databases = (0..).map(DatabaseId).zip(&system.databases);
    for (_, spec) in databases.filter(|(id, spec)| !spec.xa && is_used(*id)) {
        problems.push(reason!(
            "`{}` has no XA support (`{}`), so it cannot prepare a branch",
            spec.name.shown,
            "xa = false"
        ));
    }
    for operation in &system.operations {
        let mut places: BTreeMap<ServiceId, DatabaseId> = BTreeMap::new();
        for step in &operation.steps {
            let database = system.table(step.table).database;
            if *places.entry(step.by).or_insert(database) != database {
                problems.push(reason!(
                    "in `{}`, service `{}` writes to two databases; a participant is a \
                     service with one database",
                    operation.name.shown,
                    system.services[step.by.index()].name.shown
                ));
                break;
            }
        }
        problems.extend(one_row_of_two(system, operation));
    }
    problems
}

/// The problem of two participants that write the same row: each branch would wait for the lock of
/// the other.
fn one_row_of_two(system: &System, operation: &OperationSpec) -> Option<Reason> {
    let steps = || operation.steps.iter();
    let same = |a: &StepSpec, b: &StepSpec| (a.table, a.key) == (b.table, b.key) && a.by != b.by;
    let step = steps().find(|step| steps().any(|other| same(step, other)))?;
    let other = steps().find(|other| same(step, other))?;
    let name = |service: ServiceId| &system.services[service.index()].name.shown;
    Some(reason!(
        "in `{}`, services `{}` and `{}` write the same row of `{}`; one branch would wait for \
         the other to end",
        operation.name.shown,
        name(step.by),
        name(other.by),
        system.table(step.table).name.shown
    ))
}

//! # Orchestrated (request-based saga)
//!
//! A central orchestrator on a node of its own calls the services one after the other; each does
//! its step as a local transaction. When a step is refused, the steps before it are taken back in
//! reverse order by compensating transactions. Intermediate states are visible to readers and to
//! other operations.
//!
//! A step whose outcome is unknown is not taken for a failure: it is compensated as well, and with
//! idempotency keys that bars it, so that a late request finds its key in use. With a `pivot`, the
//! steps before it can be compensated, the pivot decides, and the steps after it are retried until
//! done. A step that only reads or locks is not compensated. Without a pivot the last step decides,
//! unless steps run in parallel: while its outcome is unknown it is repeated until the outcome is
//! known, and no step is compensated. A refusal behind the pivot, or a compensation that fails too
//! often, is left to a human; the client's answer is then *unknown*.
//!
//! Where a later step is delegated, the orchestrator calls the service that wants it, which calls
//! the owner, there and back again.
//!
//! **Acknowledged**: `done` after the last step, `no` after the last compensation.
//!
//! **Promises** (with durable state and idempotency keys): every operation ends with all of its
//! effects or none, each applied at most once, whatever crashes; a restarted orchestrator resumes
//! its workflows.
//!
//! **Does not promise**: isolation. A reader may see effects that are compensated later, and so may
//! another operation: where an operation can build on a row that is compensated afterwards, what it
//! derived stays, so derived rows may disagree with their sources. (Only the effects of the last
//! step are final as soon as they show.) Nor does the orchestrator know of a request that the
//! network copies: a copy that arrives after the end of the saga may apply a step that was refused
//! for lack of stock.
//!
//! **Fails as**: `state = "volatile"` leaves open workflows stranded when the orchestrator crashes;
//! without idempotency keys a retry after a lost reply applies a step twice, and a request that is
//! late applies a step that has been compensated.
//!
//! # Capacity
//!
//! Each request that the orchestrator takes and each call that it makes is a step of its own work,
//! for which it needs one of its workers (`[drivers.orchestrator]`). More workers or `instances`
//! there cure a bottleneck: instances share the operations out, each with a log of its own. One
//! that is known to be away (after the `endpoint-delay` of `[drivers]`) gets no more of them, and a
//! client that was not answered turns to the next one; what an instance has begun stays its own,
//! and waits for it. So that an operation is not carried out by two of them, the idempotency key of
//! its first step names the instance that has asked for it: another one that comes later, or from
//! a restart, finds that and leaves the operation alone. A first step that is refused leaves its
//! key with that, at the cost of another local transaction. Without idempotency keys nothing tells,
//! and both carry it out.
//!
//! # Several instances that stand by
//!
//! With `instances` above 1 there are that many orchestrators (`orchestrator`, `orchestrator-2`,
//! ...), of which one leads while the others stand by, and one node more, `workflow-store`, that
//! keeps the workflows for all of them in one durable log. To lead is to hold the store's `lease`.
//! Each lease has an *epoch*, one higher than the last. The leader renews it after a third of its
//! length; when it has not done so for all of it, on the store's clock, the store grants the next
//! epoch to the first instance that asks, and that one reads the journal and resumes the workflows
//! that are open. Then it tells the clients that it leads; until they know they turn to the old
//! leader, and hear what a lone orchestrator that is down would tell them.
//!
//! A holder that was paused, or cut off, believes to lead until it learns better: from the store,
//! from a service, or from its own clock. With `fencing` every request carries the epoch, and each
//! database keeps the highest it has seen, in the same transaction as the step: it refuses a lower
//! one, as the store refuses what it would write into the journal. A database, not the world, is
//! fenced: until the new leader has been there, a step of the old one may still land, and finds or
//! leaves its idempotency key like any other copy.
//!
//! It costs a request to the store where a lone orchestrator forces its own log, one statement a
//! step for the fence, and a store without which nothing moves. A crash of the leader stops the
//! workflows for at most the lease and a third; `role:orchestrator` strikes all instances,
//! `role:driver` the store as well.
//!
//! **Fails as**: with `fencing = false` an old leader goes back while the new one goes forward, and
//! half of an operation stays, idempotency keys or not.
//!
//! Garcia-Molina and Salem, *Sagas* (1987); Gray and Cheriton, *Leases* (1989); Kleppmann, *How to
//! do distributed locking* (2016).

pub(crate) mod backward;
mod coverage;
mod journal;
mod lease;
mod saga;
pub(crate) mod settings;
mod store;
pub(crate) mod workflow;

use std::rc::Rc;

use super::isolation;
use super::pattern::{Demand, Pattern};
use super::promise::{self, Guarantees};
use super::share::Share;
use crate::kernel::{NodeId, Span};
use crate::model::contract::{Driver, Promises, Waits, WaitsFor, faults};
use crate::model::path::Paths;
use crate::model::process::ProcessCtx;
use crate::model::reason::Reason;
use crate::model::record::{Answer, OpId};
use crate::model::system::{OperationKind, StepSpec, System};
use crate::model::world::World;

use backward::{BackwardRecovery, ReverseOrder};
use settings::{ORCHESTRATORS, STORE, Settings, State};

/// An orchestrator that calls services and compensates in reverse.
pub struct Orchestrated {
    settings: Settings,
    recovery: &'static dyn BackwardRecovery,
    /// The number of this pattern among those side by side.
    part: u8,
}

impl Orchestrated {
    /// An orchestrator with these settings and these rules of backward recovery.
    pub(crate) fn recovering(settings: Settings, recovery: &'static dyn BackwardRecovery) -> Self {
        Self { settings, recovery, part: 0 }
    }
}

impl Pattern for Orchestrated {
    const NAME: &'static str = "orchestrated";
    const SUMMARY: &'static str = "a central orchestrator calls each service, undoes in reverse";
    const MANUAL: &'static str = include_str!("orchestrated.rs");
    type Settings = Settings;

    fn check(settings: &Settings, system: &System) -> Vec<Reason> {
        settings.problems(system)
    }

    fn idle(settings: &Settings, system: &System) -> Vec<(&'static str, Reason)> {
        settings.idle(system)
    }

    /// The promises with these settings. A copy of a request that arrives after its saga has ended
    /// may be answered unlike the request itself, if a rule depends on other operations: duplicated
    /// messages are then outside the budget.
    fn promises(settings: &Settings, system: &System) -> Promises {
        // A row that another operation has not made yet cannot be changed by a step that is never
        // compensated.
        let forward = (system.operations.iter())
            .any(|operation| operation.steps.iter().rev().skip(1).any(StepSpec::is_lasting));
        let stuck = settings.compensation_attempts.0 > 0
            || forward
            || settings.pivot.is_some() && system.steps().any(|step| step.refuse.is_some());
        let unfenced = settings.is_shared() && !settings.fencing;
        let keyless = !settings.idempotency_keys;
        let guarantees = Guarantees::everything()
            .and(&["no-suspension", "reverse-order", "inbox-atomicity", "fencing"])
            .and(promise::of_quorums(system))
            .unless(!settings.is_shared(), &["fencing"])
            .unless(unfenced, promise::ENDS)
            .unless(unfenced, &["at-most-once", "no-suspension", "reverse-order", "fencing"])
            .unless(settings.state == State::Volatile, promise::ENDS)
            .unless(stuck, promise::ENDS)
            .unless(isolation::is_missed(system, settings.parallel), &["convergence"])
            .unless(isolation::is_overwritten(system, settings.parallel), promise::OF_EFFECTS)
            .unless(keyless, promise::ENDS)
            .unless(keyless, &["reverse-order", "no-resurrection"])
            .unless(keyless, &["at-most-once", "no-suspension", "inbox-atomicity", "write-quorum"]);
        let mut budget = promise::usual();
        if promise::depends_on_others(system) {
            budget = budget.without(&[faults::COPIES]);
        }
        let retry = system.longest_retry();
        let both_ways = promise::tries(&retry).saturating_mul(2 * promise::steps(system));
        let pause = retry.longest + retry.step_deadline;
        let takeover = match settings.is_shared() {
            true => settings.lease().saturating_mul(2),
            false => Span::ZERO,
        };
        let within = promise::recovery(system) + takeover + both_ways + pause;
        Promises { guarantees: guarantees.names(), budget, within: Some(within) }
    }

    fn paths(settings: &Settings, system: &System) -> Paths {
        coverage::paths(settings, system)
    }

    /// One orchestrator needs no lease.
    fn unused(settings: &Settings, _: &System) -> Vec<&'static str> {
        if settings.is_shared() { Vec::new() } else { vec!["lease", "fencing"] }
    }

    /// The demands of requests: each takes one step of the orchestrator's work, and so does each
    /// call to a service.
    fn demands(_: &Settings, system: &System, offered: &[(OperationKind, f64)]) -> Vec<Demand> {
        let calls = |kind| system.operation(kind).steps.len() as f64;
        let steps = offered.iter().map(|(kind, rate)| rate * (1.0 + calls(*kind))).sum();
        Demand::of_workers(system, ORCHESTRATORS[0], steps).into_iter().collect()
    }

    fn drivers(settings: &Settings) -> Vec<Driver> {
        let role = |name| if name == STORE { STORE } else { ORCHESTRATORS[0] };
        settings.nodes().into_iter().map(|name| Driver { name, role: role(name) }).collect()
    }

    /// The nodes that must be up: one of several instances suffices, with the store that they
    /// share.
    fn waits(settings: &Settings) -> Waits {
        let mut drivers = settings.nodes();
        if settings.is_shared() {
            drivers.drain(1..drivers.len() - 1);
        }
        Waits { steps: WaitsFor::All, drivers, publishes: false }
    }

    fn new(settings: &Settings, _: &Rc<World>) -> Self {
        Self::recovering(settings.clone(), &ReverseOrder)
    }

    fn beside(settings: &Settings, world: &Rc<World>, share: &Share) -> Self {
        Self { part: share.part, ..Self::new(settings, world) }
    }

    fn entry(&self, world: &World, _: OperationKind, op: OpId, attempt: u16) -> NodeId {
        match self.settings.is_shared() {
            true => self.leader(world),
            false => world.driver_of(ORCHESTRATORS[0], op, attempt),
        }
    }

    /// Returns whether this instance accepts the operation: of several, only the leader does, and
    /// none accepts an operation that another instance has.
    fn admits(&self, here: &ProcessCtx) -> bool {
        self.epoch(here).is_some() && !journal::is_left(here, here.ctx().op)
    }

    async fn execute(self: Rc<Self>, here: ProcessCtx, op: OpId) -> Answer {
        match self.admit(&here, op).await {
            Ok(workflow) => self.run(here, workflow).await,
            Err(answer) => answer,
        }
    }

    /// Starts the recovery of an orchestrator: the log says which workflows are open, and each
    /// continues where it was. Several instances ask for the lease first.
    fn start(self: Rc<Self>, here: ProcessCtx) {
        if self.settings.is_shared() {
            self.start_shared(here);
        } else if here.incarnation() > 0 && here.driver() == Some(ORCHESTRATORS[0]) {
            self.reopen(&here);
        }
    }

    fn period(&self) -> Span {
        if self.settings.is_shared() {
            self.settings.lease() + self.settings.pace()
        } else {
            Span::ZERO
        }
    }
}

#[cfg(test)]
mod tests;

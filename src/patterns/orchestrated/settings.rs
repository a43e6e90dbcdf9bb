//! The settings of an orchestrated saga.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::Span;
use crate::model::contract::role;
use crate::model::reason::Reason;
use crate::model::registry::Attempts;
use crate::model::system::{OperationSpec, StepSpec, System};
use crate::reason;

/// The place where the orchestrator keeps the state of its workflows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// In a log that is forced after every step, its own or, with several instances, that of the
    /// workflow store; a restart resumes.
    #[default]
    Durable,
    /// In memory; a crash forgets it.
    Volatile,
}

/// Settings of the orchestrated saga. Attempts, pauses, the deadline of a step and a circuit
/// breaker come from the operation's `[retry]`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Settings {
    /// The place where the orchestrator keeps the state of its workflows.
    pub state: State,
    /// True if services remember which step of which operation they have applied.
    pub idempotency_keys: bool,
    /// True if steps that do not depend on each other run at the same time.
    pub parallel: bool,
    /// The step that decides: once it is done nothing is taken back any more, and the steps
    /// behind it are retried until done. By default the last one of a sequential saga with
    /// idempotency keys; otherwise none.
    pub pivot: Option<String>,
    /// Tries at a compensation before a human is asked; 0 is without end. Its pauses are those of
    /// the operation's `[retry]`.
    pub compensation_attempts: Attempts,
    /// Orchestrators, each on a node of its own. One leads, the others stand by; their workflows
    /// live in a workflow store.
    pub instances: u16,
    /// The time for which the leader of several instances leads without renewing its lease. It
    /// renews after a third of it, as ZooKeeper's clients do. By default 15 s, as for controllers
    /// of Kubernetes that elect a leader; a single instance has none.
    pub lease: Option<Span>,
    /// True if the workflow store and the databases refuse an orchestrator whose lease another one
    /// has taken over, by the epoch of the lease.
    pub fencing: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            state: State::Durable,
            idempotency_keys: true,
            parallel: false,
            pivot: None,
            compensation_attempts: Attempts(0),
            instances: 1,
            lease: None,
            fencing: true,
        }
    }
}

/// The names of the orchestrators' nodes, which bound their number.
pub(crate) const ORCHESTRATORS: [&str; 5] =
    [role::ORCHESTRATOR, "orchestrator-2", "orchestrator-3", "orchestrator-4", "orchestrator-5"];

/// The default length of a lease.
const LEASE: Span = Span::from_secs(15);

/// The name of the node where several orchestrators keep their workflows.
pub(super) const STORE: &str = "workflow-store";

impl Settings {
    /// Returns whether several orchestrators share the workflows.
    pub(super) fn is_shared(&self) -> bool {
        self.instances > 1
    }

    /// Returns whether the last of so many steps decides: all others are done before it, and
    /// repeating it finds out whether it has been done.
    pub(super) fn last_decides(&self, steps: usize) -> bool {
        self.idempotency_keys && (!self.parallel || steps <= 2)
    }

    /// The length of a lease.
    pub(super) fn lease(&self) -> Span {
        self.lease.unwrap_or(LEASE)
    }

    /// The time after which the holder renews the lease, and another instance asks for it again: a
    /// third of its length, so that two renewals may be lost before the lease ends.
    pub(super) fn pace(&self) -> Span {
        Span::from_nanos(self.lease().as_nanos() / 3)
    }

    /// The nodes that these settings need: the orchestrators and, behind several, their store.
    pub(super) fn nodes(&self) -> Vec<&'static str> {
        let orchestrators = &ORCHESTRATORS[..usize::from(self.instances).min(ORCHESTRATORS.len())];
        let store = self.is_shared().then_some(STORE);
        orchestrators.iter().copied().chain(store).collect()
    }

    /// The settings that can do nothing for the operations of this system.
    pub(super) fn idle(&self, system: &System) -> Vec<(&'static str, Reason)> {
        let mut idle = Vec::new();
        if self.parallel && system.operations.iter().all(OperationSpec::is_chain) {
            let why = "does nothing: of any two steps of an operation one waits for the other";
            idle.push(("parallel", why.into()));
        }
        if let Some(pivot) = &self.pivot {
            let behind = system.operations.iter().flat_map(|operation| operation.behind(pivot));
            let refusable = |step: &StepSpec| {
                step.refuse.is_some() || step.lookup.is_some_and(|lookup| lookup.refuse.is_some())
            };
            let refusable: Vec<bool> = behind.map(refusable).collect();
            let why = match refusable.contains(&true) {
                _ if refusable.is_empty() => {
                    Some(reason!("does nothing: no step comes behind `{}`", pivot))
                }
                true => None,
                false => {
                    let why = reason!("does little: no rule refuses a step behind `{}`", pivot);
                    Some(why.and(", so it only decides what becomes of technical failures"))
                }
            };
            idle.extend(why.map(|why| ("pivot", why)));
        }
        idle
    }

    /// Problems of these settings on this system, in words.
    pub(super) fn problems(&self, system: &System) -> Vec<Reason> {
        let mut problems = Vec::new();
        if let Some(pivot) = &self.pivot
            && !system.steps().any(|step| &*step.name.shown == pivot)
        {
            problems.push(reason!("no operation has a step `{}` to be the pivot", pivot));
        }
        let most = ORCHESTRATORS.len();
        if !(1..=most).contains(&usize::from(self.instances)) {
            problems.push(reason!("`{}` must be between 1 and {most}", "instances"));
        }
        if self.is_shared() && self.state == State::Volatile {
            problems.push(reason!(
                "several instances share their workflows, so `{}` must be `{}`",
                "state",
                "durable"
            ));
        }
        if self.is_shared() && system.driver_instances(role::ORCHESTRATOR) > 1 {
            problems.push(reason!(
                "several orchestrators share the operations out (`{}`) or stand by for one that \
                 leads (`{}`), not both",
                "drivers.orchestrator",
                "instances"
            ));
        }
        if self.pace() == Span::ZERO {
            problems.push(reason!("`{}` must be longer than nothing", "lease"));
        }
        problems
    }
}

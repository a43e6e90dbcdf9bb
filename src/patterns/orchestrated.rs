//! # Orchestrated (request-based saga)
//!
//! A central orchestrator on a node of its own calls the services one after the other; each does
//! its step as a local transaction. When a step is refused, the steps before it are taken back in
//! reverse order by compensating transactions. Intermediate states are visible to everybody.
//!
//! A step whose outcome is unknown is never taken for a failure: it is compensated as well, and
//! with idempotency keys that bars it, so that a request which is late finds its key used up. With
//! a `pivot`, the steps in front of it can be taken back, the pivot decides, and what is behind it
//! is retried until done. A refusal behind the pivot, or a compensation that fails too often, is
//! left to a human; then nobody is told that it was done or undone.
//!
//! **Acknowledged**: `done` after the last step, `no` after the last compensation.
//!
//! **Promises** (with durable state and idempotency keys): every operation ends with all of its
//! effects or none, each applied at most once, whatever crashes; a restarted orchestrator resumes
//! what it had begun.
//!
//! **Does not promise**: isolation. A reader may see effects that are compensated later. Nor does
//! it know of a request that the network copies: a copy that is held back until the saga is over
//! may apply a step that was refused for want of stock.
//!
//! **Fails as**: `state = "volatile"` strands what was under way when the orchestrator crashes;
//! without idempotency keys a retry after a lost reply applies a step twice, and a request that
//! is late applies a step that has been compensated.
//!
//! Garcia-Molina and Salem, *Sagas* (1987).

mod journal;
mod saga;
mod settings;
mod workflow;

use std::rc::Rc;

use super::registry::Pattern;
use crate::kernel::NodeId;
use crate::model::here::Here;
use crate::model::record::{Answer, OpId};
use crate::model::system::{OperationKind, System};
use crate::model::world::World;

pub use settings::{Settings, State};

/// An orchestrator that calls services and compensates in reverse.
pub struct Orchestrated {
    settings: Settings,
}

impl Pattern for Orchestrated {
    const NAME: &'static str = "orchestrated";
    const SUMMARY: &'static str = "a central orchestrator calls each service, undoes in reverse";
    const MANUAL: &'static str = include_str!("orchestrated.rs");
    type Settings = Settings;

    fn check(settings: &Settings, system: &System) -> Vec<String> {
        settings.problems(system)
    }

    fn drivers(_: &Settings) -> Vec<&'static str> {
        vec!["orchestrator"]
    }

    fn new(settings: &Settings, _: &Rc<World>) -> Self {
        Self { settings: settings.clone() }
    }

    fn entry(&self, world: &World, _: OperationKind, _: OpId) -> NodeId {
        world.drivers()[0]
    }

    async fn execute(self: Rc<Self>, here: Here, op: OpId) -> Answer {
        match self.admit(&here, op).await {
            Some(answer) => answer,
            None => self.begin(here).await,
        }
    }

    /// After a restart the log says which workflows are open; each goes on where it was.
    fn start(self: Rc<Self>, here: Here) {
        if here.node() != here.world().drivers()[0] || here.incarnation() == 0 {
            return;
        }
        for (op, workflow) in self.reopen(&here) {
            let orchestrator = Rc::clone(&self);
            here.for_op(op).spawn(|here| async move {
                orchestrator.run(here, workflow).await;
            });
        }
    }
}

#[cfg(test)]
mod tests;

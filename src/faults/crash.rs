//! # Crash and restart
//!
//! The nodes of the target stop at once. Everything volatile on them is gone: processes, queues,
//! memory, locks, what a log had not forced. What is durable stays. When the fault ends they
//! restart as a new incarnation and recover from their logs before they serve.
//!
//! While only the *process* is down, its machine refuses what arrives: the caller knows at once
//! that the work did not run. With `machine = true` nobody answers, and callers are left in doubt
//! until their deadline.

use std::rc::Rc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::registry::{Fault, Heal};
use super::target::nodes;
use crate::model::world::World;

/// Crash and restart of the nodes of one target.
pub struct Crash;

/// Settings of a crash.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {
    /// A service, a database, a driver node such as `broker`, or `role:driver`.
    target: String,
    /// Whether the whole machine is down, so that callers hear nothing instead of a refusal.
    #[serde(default)]
    machine: bool,
}

impl Fault for Crash {
    const NAME: &'static str = "crash";
    const SUMMARY: &'static str = "nodes stop, lose what is volatile, restart and recover";
    const MANUAL: &'static str = include_str!("crash.rs");
    type Settings = Settings;

    fn targets(settings: &Settings) -> Vec<String> {
        vec![settings.target.clone()]
    }

    fn strike(settings: &Settings, world: &Rc<World>) -> Heal {
        let nodes = nodes(world, &settings.target);
        for node in &nodes {
            world.crash(*node, settings.machine);
        }
        let world = Rc::clone(world);
        Box::new(move || nodes.into_iter().for_each(|node| world.restart(node)))
    }
}

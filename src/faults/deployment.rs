//! # Deployment
//!
//! The instances of the targets are replaced, one after the other or all at once. Each is drained
//! first: new requests go to other instances if there are any, requests that still arrive are
//! refused, and running ones may finish within the grace time. Then its process ends and loses its
//! volatile state; after a while the new one starts, recovers and serves, and the next instance
//! follows. A service with one instance is down meanwhile, and so are the targets that are deployed
//! together with it.
//!
//! The deployment takes as long as it takes; a fault that ends earlier (`for`, the end of the load)
//! cuts it short: instances that are down are started, and the rest are not replaced.

use std::cell::Cell;
use std::rc::Rc;

use rand::{Rng, RngExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fault::{Fault, FaultSettings, Heal};
use super::grid::{SPANS, below, draw};
use super::links::fewer;
use super::reach::Reach;
use super::target::all_nodes;
use super::targets::Targets;
use crate::kernel::{NodeId, Span};
use crate::model::reason::Reason;
use crate::model::world::World;
use crate::reason;

/// Instances that are drained and replaced.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Deployment {
    /// The targets that are deployed together: services, single instances, driver nodes or roles.
    targets: Vec<String>,
    /// Longest time for running requests to finish.
    grace: Span,
    /// Time from the end of the old process to the start of the new one.
    down: Span,
    /// True if all instances are replaced at once, instead of one after the other.
    at_once: bool,
}

impl Default for Deployment {
    fn default() -> Self {
        let (grace, down) = (Span::from_secs(5), Span::from_secs(2));
        Self { targets: Vec::new(), grace, down, at_once: false }
    }
}

/// The interval at which a deployment checks its progress.
const LOOK: Span = Span::from_millis(10);

/// A deployment in progress.
#[derive(Clone)]
struct Rollout {
    world: Rc<World>,
    settings: Deployment,
    over: Rc<Cell<bool>>,
}

impl Rollout {
    /// Waits until a condition holds, at most for so long; a deployment that is over does not wait.
    async fn wait(&self, most: Span, is_so: impl Fn(&World) -> bool) {
        let sim = self.world.env().sim();
        let patience = sim.now() + most;
        while !self.over.get() && sim.now() < patience && !is_so(&self.world) {
            sim.sleep_until((sim.now() + LOOK).min(patience)).await;
        }
    }

    async fn replace(&self, node: NodeId) {
        self.world.drain(node);
        let idle = |world: &World| world.pool(node).is_none_or(|pool| pool.inside() == 0);
        self.wait(self.settings.grace, idle).await;
        if !self.over.get() {
            self.world.crash(node, false);
            self.wait(self.settings.down, |_| false).await;
            self.world.restart(node);
        }
        self.world.undrain(node);
        self.wait(Span::from_secs(3_600), |world| world.has_started(node)).await;
    }
}

impl FaultSettings for Deployment {
    fn reach(&self) -> Reach {
        Reach::Nodes(self.targets.clone())
    }

    fn details(&self) -> Vec<String> {
        let at_once = self.at_once.then(|| "at once".to_owned());
        let spans = [format!("grace {}", self.grace), format!("down {}", self.down)];
        spans.into_iter().chain(at_once).collect()
    }

    fn check(&self) -> Vec<Reason> {
        let none = self.targets.is_empty().then(|| reason!("`{}` names no target", "targets"));
        none.into_iter().collect()
    }

    fn draw(targets: &Targets, rng: &mut dyn Rng) -> Option<Self> {
        let whole = || targets.single_services();
        let mut targets = vec![Targets::pick(whole(), rng)?];
        targets.extend(Targets::pick(whole(), rng).filter(|_| rng.random_bool(0.3)));
        targets.dedup();
        let grace = Span::from_millis(1_000 * rng.random_range(0..3));
        let down = Span::from_millis(draw(&[500, 1_000, 2_000, 5_000], rng));
        Some(Self { targets, grace, down, at_once: rng.random_bool(0.5) })
    }

    fn simpler(&self) -> Vec<Self> {
        let fewer = fewer(&self.targets).map(|targets| Self { targets, ..self.clone() });
        let shorter = below(&SPANS, self.down).into_iter();
        let shorter = shorter.map(|down| Self { down, ..self.clone() });
        fewer.chain(shorter).collect()
    }
}

impl Fault for Deployment {
    const NAME: &'static str = "deployment";
    const SUMMARY: &'static str = "instances are drained and restarted, in turn or at once";
    const MANUAL: &'static str = include_str!("deployment.rs");
    type Settings = Self;

    fn strike(settings: &Self, world: &Rc<World>) -> Heal {
        let nodes = all_nodes(world, &settings.targets);
        let nodes: Vec<NodeId> = nodes.into_iter().filter(|node| *node != NodeId::WORLD).collect();
        let over = Rc::new(Cell::new(false));
        let settings = settings.clone();
        let rollout = Rollout { world: Rc::clone(world), settings, over: Rc::clone(&over) };
        let groups: Vec<Vec<NodeId>> = match rollout.settings.at_once {
            true => nodes.into_iter().map(|node| vec![node]).collect(),
            false => vec![nodes],
        };
        for group in groups {
            let rollout = rollout.clone();
            world.env().sim().spawn(NodeId::WORLD, async move {
                for node in group {
                    rollout.replace(node).await;
                }
            });
        }
        Box::new(move || over.set(true))
    }
}

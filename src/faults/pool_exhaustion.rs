//! # Exhausted connection pool
//!
//! Connections of a database are taken and not returned until the fault ends: a leak, a report, a
//! forgotten console. They are taken in the same queue as those of transactions. Transactions wait
//! for the remaining connections; with none left, until their callers give up. A crash of the
//! database frees them.

use std::cell::RefCell;
use std::rc::Rc;

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fault::{Fault, FaultSettings, Heal};
use super::grid::{below, check_range, draw};
use super::reach::Reach;
use super::target::databases;
use super::targets::Targets;
use crate::kernel::{NodeId, Permit};
use crate::model::reason::Reason;
use crate::model::world::World;

/// Connections of a database that are held and not used.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PoolExhaustion {
    /// The database.
    target: String,
    /// Number of connections that are held.
    connections: u32,
}

/// Numbers of connections: from a few to a whole pool.
const CONNECTIONS: [u32; 7] = [1, 2, 5, 10, 20, 50, 100];

/// The connections that are held; none after the end of the fault.
type Held = RefCell<Option<Vec<Permit>>>;

impl FaultSettings for PoolExhaustion {
    fn reach(&self) -> Reach {
        Reach::node(&self.target)
    }

    fn details(&self) -> Vec<String> {
        vec![format!("connections {}", self.connections)]
    }

    fn check(&self) -> Vec<Reason> {
        check_range("connections", self.connections, 1, u32::MAX)
    }

    fn draw(targets: &Targets, rng: &mut dyn Rng) -> Option<Self> {
        let target = Targets::pick(&targets.databases, rng)?;
        Some(Self { target, connections: draw(&CONNECTIONS, rng) })
    }

    fn simpler(&self) -> Vec<Self> {
        let fewer = below(&CONNECTIONS, self.connections).into_iter();
        fewer.map(|connections| Self { connections, ..self.clone() }).collect()
    }
}

impl Fault for PoolExhaustion {
    const NAME: &'static str = "pool-exhaustion";
    const SUMMARY: &'static str = "connections of a database are held and not used";
    const MANUAL: &'static str = include_str!("pool_exhaustion.rs");
    type Settings = Self;

    fn strike(settings: &Self, world: &Rc<World>) -> Heal {
        let held: Rc<Held> = Rc::new(RefCell::new(Some(Vec::new())));
        for database in databases(world, &settings.target) {
            let (pool, held, wanted) = (database.pool(), Rc::clone(&held), settings.connections);
            world.env().sim().spawn(NodeId::WORLD, async move {
                for _ in 0..wanted {
                    let Some(permit) = pool.acquire().await else { return };
                    // A connection that is granted after the end of the fault is returned at once.
                    let Some(held) = &mut *held.borrow_mut() else { return };
                    held.push(permit);
                }
            });
        }
        Box::new(move || drop(held.take()))
    }
}

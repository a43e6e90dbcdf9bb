//! The plan of faults at work: each begins at its time, and everything is healed at the end of the
//! load at the latest.

use std::rc::Rc;

use super::registry::PlannedFault;
use super::target::all_nodes;
use crate::kernel::{NodeId, Time};
use crate::model::env::Ctx;
use crate::model::record::Kind;
use crate::model::world::World;

/// Starts a process of the world for each fault of the plan.
pub fn start(world: &Rc<World>, plan: &[PlannedFault]) {
    for (number, fault) in plan.iter().enumerate() {
        let begin = Time::ZERO + fault.at;
        let (nemesis, fault) = (Rc::clone(world), fault.clone());
        world.env().sim().spawn_at(begin, NodeId::WORLD, strike(nemesis, number as u32, fault));
    }
}

async fn strike(world: Rc<World>, number: u32, fault: PlannedFault) {
    let env = world.env();
    let heal_all = Time::ZERO + env.system().phases.load;
    if env.now() >= heal_all {
        return;
    }
    let struck = all_nodes(&world, &fault.fault.targets());
    let target = struck.first().map_or(0, |node| u64::from(node.0));
    let count = struck.len() as u64;
    env.note(&Ctx::WORLD, Kind::FaultBegan, number, target, count);
    let heal = fault.fault.strike(&world);
    let end = fault.length.map_or(heal_all, |length| (env.now() + length).min(heal_all));
    env.sim().sleep_until(end).await;
    heal();
    env.note(&Ctx::WORLD, Kind::FaultEnded, number, target, count);
}

//! A selection of a few operations out of the many that the loads of a scenario draw.
//!
//! The loads run as they do in every run, against a pattern that answers at once. A few of the
//! arriving operations are selected, from the loads in turn, and operations that others follow
//! before those that are not followed: a ticket and its closing, not two tickets whose closings
//! come too late. Pauses in which no selected operation arrives are cut to a second, since nothing
//! happens in them; only an operation that follows another one keeps its distance, as a ticket is
//! not closed while it is being opened.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use super::{Offer, ROWS};
use crate::faults::trigger::OpName;
use crate::kernel::{NodeId, RandomStreams, Recorder, Simulation, Span, Time};
use crate::model::env::{Env, OpInfo};
use crate::model::process::ProcessCtx;
use crate::model::protocol::{Execution, Protocol};
use crate::model::record::{Answer, OpId};
use crate::model::system::{Arrivals, LoadId, OperationKind, System};
use crate::model::workload::{self, Workload, load_of, maker};
use crate::model::world::World;

/// The longest pause between two arrivals that is kept.
const PAUSE: Span = Span::from_secs(1);

/// The most arrivals from which the selection is made.
const ENOUGH: usize = 5_000;

/// Draws operations as the loads do and takes `count` of them, or all if there are fewer.
pub(super) fn draw(system: &System, seed: u64, count: usize) -> Vec<Offer> {
    let drawn = arrivals(system, seed, count);
    let mut taken: Vec<Drawn> = Vec::with_capacity(count);
    for number in choose(system, &drawn, count) {
        taken.push(drawn[number]);
    }
    let mut offers: Vec<Offer> = taken
        .into_iter()
        .map(|Drawn { load, mut info }| {
            for key in info.keys.iter_mut().filter(|key| maker(**key).is_none()) {
                key.0 %= ROWS; // Some are drawn among all rows of the scenario.
            }
            let load = &system.loads[load.index()];
            info.kind = load.operation; // What takes its place is up to when it arrives in a case.
            let load = load.name.stream_name.to_string();
            Offer { name: OpName { load, number: info.ordinal }, info }
        })
        .collect();
    hasten(&mut offers, PAUSE);
    offers
}

/// Cuts every pause between two arrivals to this length; an operation that follows another one
/// keeps its distance.
pub fn hasten(offers: &mut [Offer], longest: Span) {
    let slow = offers.to_vec();
    let (mut before, mut at) = (Time::ZERO, Time::ZERO);
    for (number, offer) in slow.iter().enumerate() {
        at += (offer.info.arrived - before).min(longest);
        before = offer.info.arrived;
        let leaders = slow[..number].iter().zip(&*offers);
        let leaders = leaders.filter(|(leader, _)| offer.follows(leader));
        let earliest = leaders
            .map(|(slow, fast)| fast.info.arrived + (offer.info.arrived - slow.info.arrived));
        offers[number].info.arrived = earliest.max().unwrap_or(at).max(at);
    }
    offers.sort_by_key(|offer| offer.info.arrived);
}

/// An operation that arrived, and the load that offered it.
#[derive(Clone, Copy)]
struct Drawn {
    load: LoadId,
    info: OpInfo,
}

/// The arrivals until every load has offered its share, in order.
fn arrivals(system: &System, seed: u64, count: usize) -> Vec<Drawn> {
    let simulation = Simulation::new();
    let end = Time::ZERO + system.phases.load;
    let shared = Arc::new(system.clone());
    let recorder = Recorder::new(Vec::new());
    let env = Env::new(simulation.sim().clone(), RandomStreams::new(seed), shared, recorder);
    let world = World::new(env, &[]);
    world.run(Rc::new(AtOnce));
    workload::start(&world, &Workload::Drawn);
    let share = count.div_ceil(system.loads.len().max(1));
    let mut until = Time::ZERO;
    loop {
        until = (until + PAUSE).min(end);
        simulation.run_until(until);
        let infos = world.env().operations();
        let drawn: Vec<Drawn> = infos.iter().filter_map(|info| of_load(system, info)).collect();
        let has_share = |load: usize| {
            drawn.iter().filter(|it| it.load.index() == load).nth(share.saturating_sub(1)).is_some()
        };
        let all = drawn.len() >= ENOUGH || (0..system.loads.len()).all(has_share);
        if until >= end || all {
            return drawn;
        }
    }
}

fn of_load(system: &System, info: &OpInfo) -> Option<Drawn> {
    load_of(system, info).map(|load| Drawn { load, info: *info })
}

/// The positions of the selected operations, in the order of arrival.
fn choose(system: &System, drawn: &[Drawn], count: usize) -> BTreeSet<usize> {
    let leader = |at: usize| match system.loads[drawn[at].load.index()].arrivals {
        Arrivals::Follows { load, .. } => {
            let same = |it: &Drawn| it.load == load && it.info.ordinal == drawn[at].info.ordinal;
            drawn.iter().position(same)
        }
        _ => None,
    };
    let leaders: BTreeSet<usize> = (0..drawn.len()).filter_map(leader).collect();
    let mut queues: Vec<Vec<usize>> = (0..system.loads.len())
        .map(|load| {
            let mut of: Vec<usize> =
                (0..drawn.len()).filter(|at| drawn[*at].load.index() == load).collect();
            // Taken from the end: first the operations that are followed, and of them the earliest.
            of.sort_by_key(|at| std::cmp::Reverse((!leaders.contains(at), *at)));
            of
        })
        .collect();
    let mut taken = BTreeSet::new();
    while queues.iter().any(|queue| !queue.is_empty()) {
        for queue in &mut queues {
            let Some(mut next) = queue.pop() else { continue };
            let mut with = vec![next];
            while let Some(earlier) = leader(next) {
                with.push(earlier);
                next = earlier;
            }
            with.retain(|at| !taken.contains(at));
            if taken.len() + with.len() <= count {
                taken.extend(with);
            }
        }
    }
    taken
}

/// A pattern that answers every client at once, and does nothing.
struct AtOnce;

impl Protocol for AtOnce {
    fn entry(&self, world: &World, kind: OperationKind, op: OpId, _: u16) -> NodeId {
        world.instance(world.first_service(kind), op)
    }

    fn execute(self: Rc<Self>, _: ProcessCtx, _: OpId) -> Execution {
        Box::pin(std::future::ready(Answer::Done))
    }

    fn start(self: Rc<Self>, _: ProcessCtx) {}

    fn period(&self) -> Span {
        Span::ZERO
    }
}

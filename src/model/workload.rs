//! The workload: which operations arrive, when, and with which keys; it is equal in every variant.
//!
//! The arrivals of one load come from that load's own stream; everything about a single operation
//! is a keyed draw on (load, number within the load). So a new load, or a slower pattern, changes
//! nothing about the others.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use rand::RngExt;

use super::client;
use super::env::{Env, OpInfo};
use super::record::OpId;
use super::system::{
    Arrivals, KeyChoice, LoadId, LoadSpec, MAX_KEYS, OperationKind, RowKey, System,
};
use super::world::World;
use crate::kernel::{NodeId, Purpose, Span, Stream, Time};

/// The operations that are offered in a run.
#[derive(Clone, Debug, Default)]
pub enum Workload {
    /// The operations that the loads of the scenario draw.
    #[default]
    Drawn,
    /// Exactly these operations, in the order of their arrival, with the random stream with which
    /// they were drawn: removing one from the list changes nothing about the others. Their kinds
    /// are the declared ones; the time of arrival decides by which kind of a layout they are
    /// replaced.
    Listed(Arc<[OpInfo]>),
}

/// Starts the workload of a run.
pub fn start(world: &Rc<World>, workload: &Workload) {
    match workload {
        Workload::Drawn => start_loads(world),
        Workload::Listed(list) => {
            world.env().set_listed();
            let (listed, list) = (Rc::clone(world), Arc::clone(list));
            world.env().sim().spawn(NodeId::WORLD, async move {
                for info in list.iter() {
                    listed.env().sim().sleep_until(info.arrived).await;
                    let arrived = listed.env().now();
                    let kind = listed.env().system().kind_at(info.kind, arrived);
                    let op = listed.env().arrive(OpInfo { kind, arrived, ..*info });
                    client::note_arrival(&listed, op, made_by(&listed, op));
                    listed.env().sim().spawn(NodeId::WORLD, client::ask(Rc::clone(&listed), op));
                }
            });
        }
    }
}

/// Starts every load of the system.
fn start_loads(world: &Rc<World>) {
    let system = std::sync::Arc::clone(world.env().system());
    for (at, load) in system.loads.iter().enumerate() {
        let id = LoadId(at as u16);
        match &load.arrivals {
            Arrivals::Follows { .. } => {} // Offered by the load that it follows.
            Arrivals::Closed { clients, .. } => {
                for number in 0..*clients {
                    let world = Rc::clone(world);
                    let sim = world.env().sim().clone();
                    sim.spawn_at(load.from, NodeId::WORLD, closed(world, id, number));
                }
            }
            _ => {
                let world = Rc::clone(world);
                let sim = world.env().sim().clone();
                sim.spawn(NodeId::WORLD, open(world, id));
            }
        }
    }
}

/// Runs an open-loop load: operations arrive independent of the outcome of earlier ones.
async fn open(world: Rc<World>, id: LoadId) {
    let env = world.env();
    let system = std::sync::Arc::clone(env.system());
    let load = &system.loads[id.index()];
    let mut stream = env.streams().stream(Purpose::Arrival, load.name.stream);
    let mut number = 0;
    let mut at = load.from;
    let mut counted = Counted::default();
    loop {
        let next = match &load.arrivals {
            Arrivals::Trace(times) => times.get(number as usize).copied(),
            Arrivals::Counted { rows, every } => counted.next(rows, *every, &mut stream),
            arrivals => Some(next_arrival(arrivals, at, load.from, &mut stream)),
        };
        let Some(next) = next.filter(|next| *next < load.until) else { return };
        at = next;
        env.sim().sleep_until(at).await;
        offer(&world, id, number, None);
        number += 1;
    }
}

/// The progress of arrivals that are given as counts of intervals.
#[derive(Default)]
struct Counted {
    /// The current interval.
    row: usize,
    /// The number of arrivals in it so far.
    come: u64,
    /// The share of the interval that has passed.
    over: f64,
}

impl Counted {
    /// The next arrival: the least of as many uniform draws over the rest of the interval as
    /// arrivals are left in it.
    fn next(&mut self, rows: &[(Time, u64)], every: Span, stream: &mut Stream) -> Option<Time> {
        loop {
            let (begin, count) = *rows.get(self.row)?;
            let left = count - self.come;
            if left == 0 {
                *self = Self { row: self.row + 1, ..Self::default() };
                continue;
            }
            let later = libm::pow(1.0 - stream.random::<f64>(), 1.0 / left as f64);
            self.over = 1.0 - (1.0 - self.over) * later;
            self.come += 1;
            return Some(begin + Span::from_secs_f64(every.as_secs_f64() * self.over));
        }
    }
}

/// The base rate of arrivals per second, if it depends on the load alone.
fn rate(arrivals: &Arrivals) -> Option<f64> {
    match arrivals {
        Arrivals::Poisson(rate) | Arrivals::Bursts { base: rate, .. } => Some(*rate),
        Arrivals::Constant(span) => Some(1.0 / span.as_secs_f64()),
        Arrivals::Trace(_)
        | Arrivals::Counted { .. }
        | Arrivals::Follows { .. }
        | Arrivals::Closed { .. } => None,
    }
}

/// The first number of operations beyond those that a load draws by itself: higher than any load
/// reaches, and low enough for the key of a new row.
const EXTRA: u64 = 1 << 40;

/// Offers more operations of a load than it draws by itself, at `factor` times its rate, until it
/// is `over`. They come from a stream of their own. A load whose arrivals are listed, or depend on
/// others, gets none.
pub fn surge(world: &Rc<World>, id: LoadId, factor: f64, over: Rc<Cell<bool>>) {
    let load = &world.env().system().loads[id.index()];
    let rate = rate(&load.arrivals).unwrap_or(0.0) * factor;
    if rate <= 0.0 || world.env().is_listed() {
        return;
    }
    let (name, until) = (load.name.stream, load.until);
    let surged = Rc::clone(world);
    world.env().sim().spawn(NodeId::WORLD, async move {
        let env = surged.env();
        // The time is a part of the name, so that two surges of one load have different arrivals.
        let mut stream = env.streams().stream(Purpose::Nemesis, name ^ env.now().as_nanos());
        loop {
            let at = env.now() + exponential(&mut stream, rate);
            env.sim().sleep_until(at).await;
            if over.get() || at >= until {
                return;
            }
            offer(&surged, id, EXTRA + env.next_extra(), None);
        }
    });
}

/// The time of the next arrival after `at`.
fn next_arrival(arrivals: &Arrivals, at: Time, from: Time, stream: &mut Stream) -> Time {
    match arrivals {
        Arrivals::Poisson(rate) => at + exponential(stream, *rate),
        Arrivals::Constant(span) => at + *span,
        Arrivals::Bursts { base, peak, every, length } => {
            // Thinning (Lewis and Shedler 1979): candidates at the higher rate, each kept with the
            // ratio of the current rate to it.
            let high = base.max(*peak);
            let mut next = at;
            loop {
                next += exponential(stream, high);
                let phase = next.since(from).as_nanos() % every.as_nanos().max(1);
                let rate = if phase < length.as_nanos() { *peak } else { *base };
                if stream.random_bool(rate / high) {
                    return next;
                }
            }
        }
        Arrivals::Trace(_)
        | Arrivals::Counted { .. }
        | Arrivals::Follows { .. }
        | Arrivals::Closed { .. } => Time::NEVER,
    }
}

fn exponential(stream: &mut Stream, rate: f64) -> Span {
    Span::from_secs_f64(-libm::log(1.0 - stream.random::<f64>()) / rate)
}

/// Runs one client of a closed loop: think, request, wait for the answer.
async fn closed(world: Rc<World>, id: LoadId, client: u32) {
    let system = std::sync::Arc::clone(world.env().system());
    let load = &system.loads[id.index()];
    let Arrivals::Closed { clients, think } = &load.arrivals else { return };
    // Clients number their operations in steps, not by a common counter, so that the draws of one
    // do not depend on how fast the others are.
    let mut number = u64::from(client);
    loop {
        let stream = world.env().streams();
        let pause =
            think.sample(&mut stream.draw(Purpose::Arrival, load.name.stream, number, 0, 0));
        world.env().sim().sleep(pause).await;
        if world.env().now() >= load.until {
            return;
        }
        let op = arrive(&world, id, number, None);
        client::ask(Rc::clone(&world), op).await;
        number += u64::from(*clients);
    }
}

/// Offers an operation: a client starts to request it, and operations that follow it are scheduled.
fn offer(world: &Rc<World>, id: LoadId, number: u64, followed: Option<OpId>) {
    let op = arrive(world, id, number, followed);
    let sim = world.env().sim();
    sim.spawn(NodeId::WORLD, client::ask(Rc::clone(world), op));
}

/// Gives an operation its keys, records its arrival, and schedules the operations that follow it.
fn arrive(world: &Rc<World>, id: LoadId, number: u64, followed: Option<OpId>) -> OpId {
    let env = world.env();
    let load = &env.system().loads[id.index()];
    let stream = op_stream(load.name.stream, number);
    let kind = env.system().kind_at(load.operation, env.now());
    let mut info =
        OpInfo { kind, keys: [RowKey(0); MAX_KEYS], stream, ordinal: number, arrived: env.now() };
    let earlier = followed.map(|op| env.operation(op));
    for (at, key) in env.system().operation(kind).keys.iter().enumerate() {
        info.keys[at] = match &key.choice {
            KeyChoice::New => fresh_key(id, number),
            KeyChoice::Followed => earlier.map_or(RowKey(0), |earlier| {
                key_named(env, earlier.kind, &earlier.keys, key.name.stream)
            }),
            choice => choose_row(env, choice, key.name.stream, stream),
        };
    }
    let op = env.arrive(info);
    client::note_arrival(world, op, followed);
    follow(world, id, number, op);
    op
}

/// The stream name of the operation with this number of a load.
pub const fn op_stream(load: u64, number: u64) -> u64 {
    load ^ (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The load of each operation that has arrived; none for one of a list that no load drew.
pub fn loads(env: &Env) -> Vec<Option<LoadId>> {
    let all = (0..env.operation_count()).map(OpId);
    all.map(|op| load_of(env.system(), &env.operation(op))).collect()
}

/// The load that drew an operation; none if no load of the system does.
pub fn load_of(system: &System, info: &OpInfo) -> Option<LoadId> {
    let drew = |load: &LoadSpec| op_stream(load.name.stream, info.ordinal) == info.stream;
    system.loads.iter().position(drew).map(|at| LoadId(at as u16))
}

/// A new key, which is unique because loads and numbers are.
pub const fn fresh_key(load: LoadId, number: u64) -> RowKey {
    RowKey(FRESH | (load.0 as u64) << 48 | number)
}

/// The load and the number of the operation that made the row with this key; none for an initial
/// row.
pub const fn maker(key: RowKey) -> Option<(LoadId, u64)> {
    if key.0 & FRESH == 0 {
        return None;
    }
    Some((LoadId((key.0 >> 48 & 0x7fff) as u16), key.0 & ((1 << 48) - 1)))
}

/// The operation of a list that made a row which this one touches, and which it therefore follows.
fn made_by(world: &World, op: OpId) -> Option<OpId> {
    let env = world.env();
    let OpInfo { keys, stream, .. } = env.operation(op);
    let makers = keys.into_iter().filter_map(maker).filter_map(|(load, number)| {
        let load = env.system().loads.get(load.index())?;
        Some(op_stream(load.name.stream, number))
    });
    let others: Vec<u64> = makers.filter(|maker| *maker != stream).collect();
    let mut all = (0..env.operation_count()).map(OpId);
    all.find(|known| others.contains(&env.op_stream(*known)))
}

/// The bit that distinguishes keys of new rows from those of initial rows.
const FRESH: u64 = 1 << 63;

/// Chooses one of a table's initial rows. `name` and `stream` key the draw.
pub(super) fn choose_row(env: &Env, choice: &KeyChoice, name: u64, stream: u64) -> RowKey {
    let mut rng = env.streams().draw(Purpose::Key, name, stream, 0, 0);
    match choice {
        KeyChoice::Uniform(table) => RowKey(rng.random_range(0..env.system().table(*table).rows)),
        KeyChoice::Zipf(_, zipf) => RowKey(zipf.sample(&mut rng)),
        KeyChoice::New | KeyChoice::Followed => RowKey(0),
    }
}

/// The key of an operation of `kind` that has this name.
fn key_named(env: &Env, kind: OperationKind, keys: &[RowKey; MAX_KEYS], name: u64) -> RowKey {
    let names = &env.system().operation(kind).keys;
    let at = names.iter().position(|key| key.name.stream == name);
    at.map_or(RowKey(0), |at| keys[at])
}

/// Schedules the operations of other loads that follow this one.
fn follow(world: &Rc<World>, id: LoadId, number: u64, op: OpId) {
    let env = world.env();
    for (at, load) in env.system().loads.iter().enumerate() {
        let Arrivals::Follows { load: leader, delay, share } = &load.arrivals else { continue };
        if *leader != id {
            continue;
        }
        let draw = |part| env.streams().draw(Purpose::Follow, load.name.stream, number, part, 0);
        if !draw(0).random_bool(*share) {
            continue;
        }
        let when = env.now() + delay.sample(&mut draw(1));
        if when >= load.until {
            continue;
        }
        let (world, follower) = (Rc::clone(world), LoadId(at as u16));
        env.sim().spawn_at(when, NodeId::WORLD, async move {
            offer(&world, follower, number, Some(op));
        });
    }
}

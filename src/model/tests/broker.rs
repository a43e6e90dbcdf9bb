//! The broker by itself, without any pattern: publishers, consumers with manners of their own, and
//! crashes. What it promises is read off the history, rule by rule.

mod story;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Weak;

use proptest::prelude::*;

use super::*;
use crate::kernel::Dist;
use crate::model::broker::{Broker, BrokerPolicy, Tells};
use crate::model::database::EventKind;
use crate::model::env::OpInfo;
use crate::model::point::{Action, Point, Watcher};
use crate::model::system::{MAX_KEYS, RowKey, ServiceId, StepId};
use story::Story;

/// The services that consume.
const GROUPS: [&str; 2] = ["a", "b"];

/// The behaviour of a consumer on a delivery.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Manner {
    Acknowledge,
    Refuse,
    /// The consumer acknowledges when the broker no longer listens.
    TooLate,
    Silence,
}

/// A message that is published.
#[derive(Clone, Copy, Debug)]
struct Parcel {
    key: u64,
    /// A bit for each group that wants it.
    wanted: u8,
    /// The behaviour of each group on its first, second, third delivery, and so on from the start.
    manners: [[Manner; 3]; 2],
}

impl Tells for Parcel {
    fn tells(&self) -> (StepId, EventKind) {
        (StepId(0), EventKind::Applied)
    }
}

/// Parcels that are published together.
#[derive(Clone, Debug)]
struct Batch {
    from: &'static str,
    at: u64,
    parcels: Vec<Parcel>,
}

/// A node is down for a while. No two instants of outages, or of one and anything else, coincide.
#[derive(Clone, Copy, Debug)]
struct Outage {
    node: &'static str,
    at: Time,
    length: Span,
    machine: bool,
}

/// The broker goes down at its so-manieth semantic point, for so long.
#[derive(Clone, Copy, Debug)]
struct Trap {
    nth: u32,
    length: Span,
}

/// The course of events at a broker.
#[derive(Clone, Debug)]
struct Course {
    policy: BrokerPolicy,
    batches: Vec<Batch>,
    outages: Vec<Outage>,
    traps: Vec<Trap>,
}

/// Counts the points of the broker, and springs its traps.
struct Trapper {
    world: Weak<World>,
    broker: NodeId,
    traps: Vec<Trap>,
    passed: Cell<u32>,
}

impl Watcher for Trapper {
    fn reach(&self, point: &Point) -> Action {
        let Some(world) = self.world.upgrade() else { return Action::Go };
        if point.node == self.broker {
            self.passed.set(self.passed.get() + 1);
            let sprung = |trap: &&Trap| trap.nth == self.passed.get();
            if let Some(Trap { length, .. }) = self.traps.iter().find(sprung) {
                let (sim, broker) = (world.env().sim().clone(), self.broker);
                world.crash(broker, false);
                sim.spawn_at(sim.now() + *length, NodeId::WORLD, async move {
                    world.restart(broker);
                });
            }
        }
        Action::Go
    }
}

/// A protocol that is nothing but a broker.
struct Alone {
    broker: Broker<Parcel>,
    late: Span,
}

impl Protocol for Alone {
    fn entry(&self, _: &World, _: OperationKind, _: OpId, _: u16) -> NodeId {
        self.broker.node()
    }

    fn execute(self: Rc<Self>, _: ProcessCtx, _: OpId) -> Execution {
        Box::pin(std::future::ready(Answer::Done))
    }

    fn start(self: Rc<Self>, here: ProcessCtx) {
        let late = self.late;
        if here.node() == self.broker.node() {
            self.broker.start(&here, move |here, parcel| consume(here, parcel, late));
        }
    }

    fn period(&self) -> Span {
        Span::ZERO
    }
}

fn wants(_: &ProcessCtx, group: ServiceId, parcel: &Parcel) -> u32 {
    (parcel.wanted >> group.0 & 1).into()
}

async fn consume(here: ProcessCtx, parcel: Parcel, late: Span) -> bool {
    let group = here.service().expect("a group is a service");
    let manner = parcel.manners[group.index()][usize::from(here.ctx().attempt) % 3];
    match manner {
        Manner::Acknowledge | Manner::Refuse => {}
        Manner::TooLate => here.sleep(late).await,
        Manner::Silence => std::future::pending().await,
    }
    let answer = manner != Manner::Refuse;
    let decision = if answer { Decision::Commit } else { Decision::Abort };
    let label = here.label("answer");
    here.record(Event::Decided { label, decision, attempt: 0 });
    answer
}

fn broker(world: &World, policy: BrokerPolicy) -> Broker<Parcel> {
    let groups = (0..GROUPS.len() as u16).map(ServiceId).collect();
    Broker::new(vec![world.driver("broker")], policy, groups, wants)
}

/// A world around a broker. Consumers have workers enough for all who fall silent.
fn bench(policy: BrokerPolicy) -> Bench {
    let mut system = small();
    system.services.iter_mut().for_each(|service| service.workers = 1_000);
    system.broker.work = Dist::Constant(millis(1));
    system.broker.force = Dist::Constant(millis(4));
    system.broker.recovery = millis(20);
    (system.retry.backoff, system.retry.longest) = (millis(20), millis(80));
    Bench::running(system, "broker", |world| {
        let late = policy.visibility_timeout + millis(1);
        Rc::new(Alone { broker: broker(world, policy), late })
    })
}

fn play(course: &Course) -> Story {
    let bench = bench(course.policy);
    let broker = broker(&bench.world, course.policy);
    let safe: Rc<RefCell<BTreeSet<OpId>>> = Rc::default();
    let mut parcels = Vec::new();
    for batch in &course.batches {
        let mut events = Vec::new();
        for parcel in &batch.parcels {
            let ordinal = parcels.len() as u64;
            let (kind, keys) = (OperationKind(0), [RowKey(parcel.key); MAX_KEYS]);
            let stream = ordinal.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let info = OpInfo { kind, keys, stream, ordinal, arrived: Time::ZERO };
            events.push((bench.world.env().arrive(info), *parcel));
            parcels.push(*parcel);
        }
        let (broker, safe, node) = (broker.clone(), Rc::clone(&safe), bench.node(batch.from));
        bench.when(at(batch.at), move |world| {
            let process = world.env().next_process();
            let here = ProcessCtx::new(Rc::clone(world), Ctx { node, process, ..Ctx::WORLD });
            world.env().sim().spawn(node, async move {
                let ops: Vec<OpId> = events.iter().map(|(op, _)| *op).collect();
                let stored = broker.publish(&here, &events, (millis(1_000), None)).await;
                if stored.into_iter().all(|stored| stored) {
                    safe.borrow_mut().extend(ops);
                }
            });
        });
    }
    for outage in &course.outages {
        bench.crash(outage.node, outage.at, outage.machine);
        bench.restart(outage.node, outage.at + outage.length);
    }
    bench.world.env().watch(Rc::new(Trapper {
        world: Rc::downgrade(&bench.world),
        broker: broker.node(),
        traps: course.traps.clone(),
        passed: Cell::new(0),
    }));
    bench.run(at(120_000));
    let safe = safe.borrow().clone();
    Story::read(&bench, course.policy, parcels, safe, broker.kept(&bench.here("broker")))
}

fn policies() -> impl Strategy<Value = BrokerPolicy> {
    let bools = (any::<bool>(), any::<bool>(), prop::bool::weighted(0.75));
    (bools, 1_u16..=4, 20_u64..100, 1_u16..=4).prop_map(|(bools, partitions, timeout, most)| {
        let (durable, by_key, at_least_once) = bools;
        let visibility_timeout = millis(timeout);
        let max_deliveries = most;
        BrokerPolicy {
            durable,
            partitions,
            in_flight: 1,
            by_key,
            at_least_once,
            visibility_timeout,
            max_deliveries,
            session_timeout: Span::ZERO,
        }
    })
}

fn batches() -> impl Strategy<Value = Vec<Batch>> {
    use Manner::{Acknowledge, Refuse, Silence, TooLate};
    let manner = prop::sample::select(vec![
        Acknowledge,
        Acknowledge,
        Acknowledge,
        Acknowledge,
        Refuse,
        Refuse,
        TooLate,
        Silence,
    ]);
    let manners = prop::array::uniform2(prop::array::uniform3(manner));
    let parcel = (0_u64..4, 0_u8..4, manners).prop_map(|(key, wanted, manners)| Parcel {
        key,
        wanted,
        manners,
    });
    let from = prop::sample::select(vec!["a", "b", "da"]);
    let batch = (from, 0_u64..150, prop::collection::vec(parcel, 1..=6))
        .prop_map(|(from, at, parcels)| Batch { from, at, parcels });
    prop::collection::vec(batch, 1..=8)
}

fn outages() -> impl Strategy<Value = Vec<Outage>> {
    let node = prop::sample::select(vec!["broker", "broker", "broker", "a", "b"]);
    let outage = (node, 0_u64..400_000, 100_u64..100_000, any::<bool>());
    prop::collection::vec(outage, 0..=4).prop_map(|outages| {
        let odd = |(number, (node, at, length, machine))| Outage {
            node,
            at: Time::ZERO + Span::from_micros(at) + Span::from_nanos(1 + number),
            length: Span::from_micros(length) + Span::from_nanos(10 * (1 + number)),
            machine,
        };
        (0_u64..).zip(outages).map(odd).collect()
    })
}

fn traps() -> impl Strategy<Value = Vec<Trap>> {
    let trap = (1_u32..200, 100_u64..100_000).prop_map(|(nth, length)| {
        // Comes back at an instant of its own, too.
        Trap { nth, length: Span::from_micros(length) + Span::from_nanos(100 + u64::from(nth)) }
    });
    prop::collection::vec(trap, 0..=3)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn whatever_crashes_a_broker_keeps_its_word(
        policy in policies(),
        batches in batches(),
        outages in outages(),
        traps in traps(),
    ) {
        play(&Course { policy, batches, outages, traps }).check();
    }
}

/// Durable, one line, and whoever falls silent is asked twice.
const CAREFUL: BrokerPolicy = BrokerPolicy {
    durable: true,
    partitions: 1,
    in_flight: 1,
    by_key: true,
    at_least_once: true,
    visibility_timeout: Span::from_millis(50),
    max_deliveries: 2,
    session_timeout: Span::ZERO,
};

/// Publications of one parcel each, every so many milliseconds, that both groups acknowledge.
fn steadily(count: u64, every: u64) -> Vec<Batch> {
    let parcel = Parcel { key: 0, wanted: 3, manners: [[Manner::Acknowledge; 3]; 2] };
    let batch = |number| Batch { from: "da", at: number * every, parcels: vec![parcel] };
    (0..count).map(batch).collect()
}

fn broker_crash(time: u64, length: u64) -> Outage {
    Outage { node: "broker", at: at(time), length: millis(length), machine: false }
}

#[test]
fn at_most_once_is_forced_before_it_is_handed_out() {
    let policy = BrokerPolicy { at_least_once: false, ..CAREFUL };
    // A way, the broker's work, its forced write; then another one, for nobody may forget this.
    let leaves = 1 + 1 + 4 + 4;
    for (crash, times) in [(leaves - 1, [leaves - 1 + 5 + 20 + 4, 0]), (leaves + 1, [leaves, 0])] {
        let (batches, outages) = (steadily(1, 0), vec![broker_crash(crash, 5)]);
        let story = play(&Course { policy, batches, outages, traps: Vec::new() });
        story.check();
        let leaves: Vec<Time> = story.hand_outs.iter().map(|it| it.at).collect();
        assert_eq!(leaves, [at(times[0]); 2], "to each group once, with a crash at {crash} ms");
    }
}

#[test]
fn a_log_forgets_what_everybody_is_done_with_and_keeps_dead_letters() {
    let mut batches = steadily(200, 10);
    batches[10].parcels[0].manners[1] = [Manner::Refuse; 3];
    batches.push(Batch { at: 3_000, ..batches[0].clone() });
    let outages = vec![broker_crash(2_500, 100)];
    let story = play(&Course { policy: CAREFUL, batches, outages, traps: Vec::new() });
    story.check();
    // One line for a parcel and one for each group that is done with it, 603 in all.
    assert!((3..32 + 2 * 3).contains(&story.kept), "{} lines", story.kept);
    let (dead, newest) = (OpId(10), OpId(199));
    for (op, _, group) in story.wanted() {
        let times = story.of(op, group).len();
        // Nothing was forced after the newest, so that it was done is forgotten in the crash.
        let expected = 1 + usize::from(op == newest || (op, group) == (dead, 1));
        assert_eq!(times, expected, "{op:?} to {group}");
    }
    assert_eq!(story.of(OpId(200), 0)[0].number, 201, "numbers go on");
}

#[test]
fn a_truncated_log_still_knows_the_newest_number() {
    // Nobody wants anything, so all that is durable can go, but for the newest.
    let mut batches = steadily(120, 1);
    batches.iter_mut().for_each(|batch| batch.parcels[0].wanted = 0);
    for crash in 30..60 {
        let outages = vec![broker_crash(crash, 1)];
        let batches = batches.clone();
        let story = play(&Course { policy: CAREFUL, batches, outages, traps: Vec::new() });
        story.check();
        assert!((1..32).contains(&story.kept), "{} lines", story.kept);
    }
}

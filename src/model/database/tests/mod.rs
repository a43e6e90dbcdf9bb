//! A small world with one database, and the tests on it.

mod contention;
mod crash;
mod fence;
mod isolation;
mod limits;
mod provenance;
mod sessions;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use super::*;
use crate::kernel::{Dist, RandomStreams, Recorder, Signal, Simulation, Sink, Span, Time};
use crate::model::env::{Ctx, OpInfo};
use crate::model::record::{Decision, Event, Kind, LabelId, OpId, Record};
use crate::model::system::*;
use crate::tests::pick;

const DESK: ServiceId = ServiceId(0);
const SHOP: ServiceId = ServiceId(1);

const TICKETS: TableId = TableId(0);
const CUSTOMERS: TableId = TableId(1);
const STOCK: TableId = TableId(2);

/// A ticket is inserted, and its customer's count goes up.
const OPEN: OperationKind = OperationKind(0);
/// One piece is taken from the stock, which must not fall below zero.
const TAKE: OperationKind = OperationKind(1);
/// One customer's count goes down and another's up.
const MOVE: OperationKind = OperationKind(2);
/// Always refused.
const REFUSED: OperationKind = OperationKind(3);
/// A ticket is closed, and its customer's count goes down.
const CLOSE: OperationKind = OperationKind(4);
/// A customer gets a name that nobody else gives.
const MARK: OperationKind = OperationKind(5);

/// The terms of a prepare that names the branch and nothing else.
const fn ballot(tag: u128) -> Ballot {
    Ballot { tag, read_only_vote: true, no_record: NoRecord::None }
}

/// A link that can be cut.
struct TestWire {
    cut: Cell<bool>,
    /// The client's machine is down.
    silent: Cell<bool>,
    changed: Signal,
}

impl Wire for TestWire {
    fn up(&self, _: NodeId, _: NodeId) -> bool {
        !self.cut.get()
    }

    fn is_silent(&self, _: NodeId) -> bool {
        self.silent.get()
    }

    fn changed(&self) -> Signal {
        self.changed.clone()
    }

    fn extra(&self, _: NodeId, _: NodeId) -> Span {
        Span::ZERO
    }
}

impl TestWire {
    fn cut(&self, cut: bool) {
        self.cut.set(cut);
        self.changed.notify_all();
    }
}

/// Keeps the whole history.
#[derive(Default)]
struct Keep(Vec<Record>);

impl Sink<Record> for Keep {
    fn see(&mut self, record: &Record) {
        self.0.push(*record);
    }
}

struct Bench {
    simulation: Simulation,
    env: Env,
    db: Rc<Database>,
    wire: Rc<TestWire>,
    client: NodeId,
    keep: Rc<RefCell<Keep>>,
}

fn ms(millis: u64) -> Span {
    Span::from_millis(millis)
}

fn step(
    name: &str,
    (by, table, key): (u16, TableId, u8),
    effect: Effect,
    undo: Effect,
) -> StepSpec {
    let (after, refuse, derive, lookup) = (Vec::new(), None, None, None);
    let (name, by) = (Name::new(name), ServiceId(by));
    let asked_by = None;
    StepSpec {
        name,
        by,
        part: None,
        asked_by,
        table,
        key,
        effect,
        undo,
        after,
        refuse,
        derive,
        lookup,
    }
}

fn operation(name: &str, steps: Vec<StepSpec>) -> OperationSpec {
    let retry = RetryChange::default();
    OperationSpec { name: Name::new(name), keys: Vec::new(), steps, spans_stores: true, retry }
}

fn add(amount: i64) -> Effect {
    Effect::Add(vec![(0, amount)])
}

fn operations() -> Vec<OperationSpec> {
    let cells = vec![(0, ValueSpec::Key(1)), (1, ValueSpec::Literal(1))];
    let status = |value| Effect::Set(vec![(1, ValueSpec::Literal(value))]);
    let mut take = step("take", (1, STOCK, 0), add(-1), add(1));
    take.refuse = Some(Refuse::Below { column: 0, bound: 0 });
    let mut refused = step("no", (1, STOCK, 0), add(1), add(-1));
    refused.refuse = Some(Refuse::Probability(1.0));
    vec![
        operation(
            "open",
            vec![
                step("ticket", (0, TICKETS, 0), Effect::Insert(cells), Effect::Delete),
                step("count", (0, CUSTOMERS, 1), add(1), add(-1)),
            ],
        ),
        operation("take", vec![take]),
        operation(
            "move",
            vec![
                step("out", (0, CUSTOMERS, 0), add(-1), add(1)),
                step("in", (0, CUSTOMERS, 1), add(1), add(-1)),
            ],
        ),
        operation("refused", vec![refused]),
        operation(
            "close",
            vec![
                step("status", (0, TICKETS, 0), status(0), status(1)),
                step("count", (0, CUSTOMERS, 1), add(-1), add(1)),
            ],
        ),
        operation(
            "mark",
            vec![step(
                "mark",
                (0, CUSTOMERS, 0),
                Effect::Set(vec![(1, ValueSpec::Ordinal)]),
                status(0),
            )],
        ),
    ]
}

fn tables() -> Vec<TableSpec> {
    let table = |name: &str, owner, columns: &[(&str, i64)], rows| TableSpec {
        name: Name::new(name),
        owner,
        part: None,
        grants: Vec::new(),
        api: Api::Contract,
        conformists: Vec::new(),
        database: DatabaseId(0),
        columns: columns
            .iter()
            .map(|(name, initial)| ColumnSpec { name: (*name).into(), initial: *initial })
            .collect(),
        rows,
    };
    vec![
        table("tickets", DESK, &[("customer", 0), ("status", 0)], 0),
        table("customers", DESK, &[("open", 0), ("name", 7)], 10),
        table("stock", SHOP, &[("amount", 2)], 3),
    ]
}

fn spec() -> DatabaseSpec {
    DatabaseSpec {
        name: Name::new("main"),
        node: None,
        zone: None,
        connections: 8,
        cores: 2,
        work: Dist::Constant(ms(1)),
        force: ForceSpec {
            commit: Dist::Constant(ms(4)),
            prepare: Dist::Constant(ms(4)),
            decide: Dist::Constant(ms(4)),
        },
        lock_timeout: ms(200),
        lock_order: LockOrder::Arrival,
        wake_up: Dist::Constant(Span::from_micros(50)),
        checkpoint: 10_000,
        copy_batch: 500,
        branch_timeout: Span::from_secs(2),
        keepalive: KeepaliveSpec {
            idle: Span::from_secs(7200),
            interval: Span::from_secs(75),
            probes: 9,
        },
        idle_in_transaction: None,
        recovery: ms(50),
        reads: ReadMode::Locking,
        xa: true,
    }
}

/// A system for tests of what needs one.
pub(in crate::model) fn test_system() -> System {
    system(spec())
}

fn system(database: DatabaseSpec) -> System {
    let link = |millis| LinkSpec {
        delay: Dist::Constant(ms(millis)),
        reply_delay: None,
        loss: 0.0,
        reply_loss: None,
        duplicate: 0.0,
    };
    System {
        name: "test".into(),
        services: Vec::new(),
        driver_disk: database.force.clone(),
        databases: vec![database],
        tables: tables(),
        broker: BrokerSpec {
            name: Name::new("broker"),
            recovery: ms(1),
            force: Dist::Constant(ms(1)),
            work: Dist::Constant(ms(1)),
            workers: 8,
            instances: 1,
            in_flight: 1,
        },
        drivers: std::collections::BTreeMap::new(),
        links: Links {
            default: link(1),
            database: link(1),
            client: link(1),
            between: std::collections::BTreeMap::new(),
        },
        driver_recovery: ms(1),
        driver_endpoint_delay: ms(1),
        driver_zone: None,
        take_over: ms(1),
        clear_after: 256,
        operations: operations(),
        loads: Vec::new(),
        reads: Vec::new(),
        replicas: Vec::new(),
        quorums: Vec::new(),
        layouts: Vec::new(),
        invariants: Vec::new(),
        retry: RetrySpec {
            attempts: 1,
            backoff: ms(1),
            factor: 2,
            longest: ms(10),
            jitter: 0.0,
            step_deadline: ms(1000),
            breaker: None,
        },
        client: ClientSpec { deadline: ms(1000), attempts: Some(1), attempt_deadline: None },
        phases: Phases { warm_up: ms(0), load: ms(1000), settle: ms(1000) },
        symbols: Vec::new(),
    }
}

impl Bench {
    fn new() -> Self {
        Self::with(spec())
    }

    fn with(database: DatabaseSpec) -> Self {
        let simulation = Simulation::new();
        let sim = simulation.sim().clone();
        let keep = Rc::new(RefCell::new(Keep::default()));
        let recorder = Recorder::new(vec![Rc::clone(&keep) as _]);
        let env =
            Env::new(sim.clone(), RandomStreams::new(1), Arc::new(system(database)), recorder);
        let (client, node) = (sim.add_node(), sim.add_node());
        let wire = Rc::new(TestWire {
            cut: Cell::new(false),
            silent: Cell::new(false),
            changed: Signal::new(&sim),
        });
        let db = Database::new(&env, DatabaseId(0), node, Rc::clone(&wire) as _);
        Self { simulation, env, db, wire, client, keep }
    }

    fn op(&self, kind: OperationKind, keys: &[u64]) -> OpId {
        let mut all = [RowKey(0); MAX_KEYS];
        for (place, key) in all.iter_mut().zip(keys) {
            *place = RowKey(*key);
        }
        let arrived = self.env.now();
        self.env.arrive(OpInfo { kind, keys: all, stream: 9, ordinal: 0, arrived })
    }

    fn ctx(&self) -> Ctx {
        Ctx { node: self.client, process: 1, ..Ctx::WORLD }
    }

    /// Runs a process on the client's node to its end.
    fn get<T: 'static>(&self, process: impl Future<Output = T> + 'static) -> T {
        let slot = Rc::new(RefCell::new(None));
        let (kept, sim) = (Rc::clone(&slot), self.env.sim().clone());
        self.env.sim().spawn(self.client, async move {
            let value = process.await;
            *kept.borrow_mut() = Some(value);
            sim.stop();
        });
        self.simulation.run_until(self.env.now() + Span::from_secs(30));
        slot.take().expect("the process has come to its end")
    }

    fn run(&self, millis: u64) {
        self.simulation.run_until(self.env.now() + ms(millis));
    }

    /// A transaction of the service that owns everything but the stock.
    fn begin(&self) -> impl Future<Output = Txn> + use<> {
        let (db, ctx, client) = (Rc::clone(&self.db), self.ctx(), self.client);
        async move { db.begin(ctx, client, DESK, true).await.expect("a connection") }
    }

    /// Carries out steps in one transaction.
    fn apply(&self, steps: &[StepRef]) -> impl Future<Output = Result<(), DbError>> + use<> {
        let (begin, steps) = (self.begin(), steps.to_vec());
        async move {
            let mut txn = begin.await;
            for step in steps {
                txn.apply(step).await?;
            }
            txn.commit().await
        }
    }

    fn row(&self, table: TableId, key: u64) -> RowVersion {
        let row = Arc::clone(self.db.state().row(table, RowKey(key)));
        RowVersion::new(RowKey(key), row)
    }

    fn value(&self, table: TableId, key: u64, column: u8) -> i64 {
        self.row(table, key).value(column)
    }

    fn crash(&self) {
        self.env.sim().crash(self.db.node());
        self.db.crash(false);
    }

    fn restart(&self) {
        self.env.sim().restart(self.db.node());
        let db = Rc::clone(&self.db);
        self.env.sim().spawn(self.db.node(), async move { db.recover().await });
    }

    fn history(&self) -> Vec<Record> {
        self.env.recorder().flush();
        self.keep.borrow().0.clone()
    }

    fn count(&self, kind: Kind) -> usize {
        self.history().iter().filter(|record| record.kind() == kind).count()
    }

    /// The things that `pick` takes out of the history.
    fn pick<T>(&self, pick: impl Fn(&Record) -> Option<T>) -> Vec<T> {
        self.history().iter().filter_map(pick).collect()
    }

    /// How often a step's effect (or its compensation) is shown, by the history.
    fn shown(&self, at: StepRef) -> i64 {
        let shown = self.pick(pick!(record: Event::Shown { direction, change, .. }
            if (record.op, record.step, direction) == (at.op, at.step, at.direction) => change));
        shown.iter().sum()
    }

    /// The number of open holds for unfinished work in the history.
    fn held(&self, of: LabelId) -> i64 {
        let held = self.pick(pick!(Event::Holds { label, change } if label == of => change));
        held.iter().sum()
    }

    /// Nothing is left: the totals agree, and so do the store and the history.
    fn check_rest(&self) {
        let totals = self.db.totals();
        assert_eq!(totals.busy_area, totals.busy_sum, "core time");
        assert_eq!(totals.sent, totals.delivered + totals.lost, "messages");
        assert_eq!(self.count(Kind::Sent) as u64, totals.sent);
        assert_eq!(self.count(Kind::Delivered) as u64, totals.delivered);
        assert!(!self.db.busy(), "nothing is left to do");
        assert!(self.db.log.is_empty(), "nothing is left in the log");
    }
}

fn first(op: OpId) -> StepRef {
    StepRef::forward(op, StepId(0))
}

fn second(op: OpId) -> StepRef {
    StepRef::forward(op, StepId(1))
}

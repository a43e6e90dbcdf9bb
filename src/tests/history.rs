//! Hand-written histories for tests: a small system, and records in the words of a story.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::checks::census::Census;
use crate::checks::outcome::{Operations, Outcome, census};
use crate::checks::properties::{Finding, Properties, Verifier};
use crate::checks::{Audit, Judge, JudgeOptions, RunReport};
use crate::kernel::{Dist, NodeId, Sink, Span, Time};
use crate::model::database::Direction;
use crate::model::record::*;
use crate::model::system::*;

/// The kind of operation with three steps: a ticket is made, counted and assigned.
pub const OPEN: OperationKind = OperationKind(0);
/// The kind of operation with one step: a customer's name changes.
pub const RENAME: OperationKind = OperationKind(1);
/// Made by step 0 of `OPEN`; columns status (0) and customer (1).
pub const TICKETS: TableId = TableId(0);
/// Ten rows; columns open tickets (0, step 1 of `OPEN`) and name (1, `RENAME`).
pub const CUSTOMERS: TableId = TableId(1);
/// Made by step 2 of `OPEN`; column state (0).
pub const ASSIGNMENTS: TableId = TableId(2);

fn link() -> LinkSpec {
    let delay = Dist::Constant(Span::from_millis(1));
    LinkSpec { delay, reply_delay: None, loss: 0.0, reply_loss: None, duplicate: 0.0 }
}

/// Warm-up until 10 s, load until 100 s, settle cap at 120 s.
pub fn system() -> System {
    let constant = || Dist::Constant(Span::from_millis(1));
    let force = || ForceSpec { commit: constant(), prepare: constant(), decide: constant() };
    System {
        name: "test".into(),
        services: vec![ServiceSpec {
            name: Name::new("desk"),
            instances: 1,
            workers: 2,
            queue: 10,
            work: constant(),
            recovery: Span::ZERO,
            endpoint_delay: Span::ZERO,
            zone: None,
            retry: RetryChange::default(),
            within: None,
        }],
        databases: Vec::new(),
        tables: vec![
            table("tickets", &["status", "customer"], 0),
            table("customers", &["open", "name"], 10),
            table("assignments", &["state"], 0),
        ],
        drivers: BTreeMap::new(),
        broker: broker(constant()),
        links: Links {
            default: link(),
            database: link(),
            client: link(),
            between: BTreeMap::new(),
        },
        driver_disk: force(),
        driver_recovery: Span::ZERO,
        driver_endpoint_delay: Span::ZERO,
        driver_zone: None,
        take_over: Span::ZERO,
        clear_after: 256,
        operations: operations(),
        loads: Vec::new(),
        reads: reads(),
        replicas: Vec::new(),
        quorums: Vec::new(),
        layouts: Vec::new(),
        invariants: Vec::new(),
        retry: RetrySpec {
            attempts: 3,
            backoff: Span::from_millis(10),
            factor: 2,
            longest: Span::from_secs(1),
            jitter: 0.0,
            step_deadline: Span::from_secs(2),
            breaker: None,
        },
        client: ClientSpec {
            deadline: Span::from_secs(5),
            attempts: Some(1),
            attempt_deadline: None,
        },
        phases: Phases {
            warm_up: Span::from_secs(10),
            load: Span::from_secs(100),
            settle: Span::from_secs(20),
        },
        symbols: Vec::new(),
    }
}

fn broker(takes: Dist) -> BrokerSpec {
    BrokerSpec {
        name: Name::new("broker"),
        recovery: Span::ZERO,
        force: takes.clone(),
        work: takes,
        workers: 8,
        instances: 1,
        in_flight: 1,
    }
}

fn operations() -> Vec<OperationSpec> {
    let open = vec![
        step(TICKETS, Effect::Insert(vec![(0, ValueSpec::Literal(1))])),
        step(CUSTOMERS, Effect::Add(vec![(0, 1)])),
        step(ASSIGNMENTS, Effect::Insert(vec![])),
    ];
    let rename = vec![step(CUSTOMERS, Effect::Set(vec![(1, ValueSpec::Ordinal)]))];
    vec![operation("open", open), operation("rename", rename)]
}

fn reads() -> Vec<ReadSpec> {
    let of_operation = ReadWhat::Operation {
        kind: OperationKind(0),
        steps: vec![StepId(1), StepId(2)],
        at: vec![Span::from_secs(1)],
        after: Anchor::Arrival,
        share: 1.0,
    };
    vec![read("operation", of_operation), read("column", of_column())]
}

/// Readers of how many tickets are open.
pub fn of_column() -> ReadWhat {
    ReadWhat::Column {
        column: ColumnRef { table: CUSTOMERS, column: 0 },
        choice: KeyChoice::Uniform(CUSTOMERS),
        rate: 1.0,
    }
}

fn table(name: &str, columns: &[&str], rows: u64) -> TableSpec {
    let column = |name: &&str| ColumnSpec { name: (*name).into(), initial: 0 };
    TableSpec {
        name: Name::new(name),
        owner: ServiceId(0),
        part: None,
        grants: Vec::new(),
        api: Api::Contract,
        conformists: Vec::new(),
        database: DatabaseId(0),
        columns: columns.iter().map(column).collect(),
        rows,
    }
}

fn operation(name: &str, steps: Vec<StepSpec>) -> OperationSpec {
    let retry = RetryChange::default();
    OperationSpec { name: Name::new(name), keys: Vec::new(), steps, spans_stores: false, retry }
}

fn step(table: TableId, effect: Effect) -> StepSpec {
    StepSpec {
        name: Name::new("step"),
        by: ServiceId(0),
        part: None,
        asked_by: None,
        table,
        key: 0,
        effect,
        undo: Effect::Delete,
        after: Vec::new(),
        refuse: None,
        derive: None,
        lookup: None,
    }
}

/// A read of the scenario.
pub fn read(name: &str, what: ReadWhat) -> ReadSpec {
    ReadSpec { name: Name::new(name), by: None, part: None, work: None, what }
}

/// A history that is being told to a judge. Times are milliseconds.
pub struct History {
    system: Arc<System>,
    judge: Audit<Judge>,
    records: Vec<Record>,
    now: u64,
    probes: u32,
}

impl History {
    /// Nothing has happened yet in [`system`].
    pub fn new() -> Self {
        Self::of(system())
    }

    /// Nothing has happened yet in this system.
    pub fn of(system: System) -> Self {
        let options = JudgeOptions { keep_operations: true, ..JudgeOptions::default() };
        let system = Arc::new(system);
        let judge = Judge::audit(&system, options);
        Self { system, judge, records: Vec::new(), now: 0, probes: 0 }
    }

    /// Everything that was told so far.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// Moves the history on to `ms`.
    pub fn at(&mut self, ms: u64) -> &mut Self {
        assert!(ms >= self.now, "a history goes forward");
        self.now = ms;
        self
    }

    /// An event on behalf of no operation.
    pub fn note(&mut self, event: Event) -> &mut Self {
        self.note_with(event, |_| ())
    }

    /// An event on behalf of an operation.
    pub fn note_of(&mut self, op: u32, event: Event) -> &mut Self {
        self.note_with(event, |r| r.op = OpId(op))
    }

    /// An event, and what else the record says.
    pub fn note_with(&mut self, event: Event, fill: impl FnOnce(&mut Record)) -> &mut Self {
        let mut record = Record {
            time: Time::ZERO + Span::from_millis(self.now),
            event,
            op: OpId::NONE,
            process: 1, // 0 is the world itself.
            message: 0,
            cause: 0,
            node: NodeId::WORLD,
            incarnation: 0,
            attempt: 0,
            step: StepId::NONE,
        };
        fill(&mut record);
        self.judge.see(&record);
        self.records.push(record);
        self
    }

    /// An operation arrives at customer `row`; it is measured between warm-up and end of load.
    pub fn offer(&mut self, op: u32, kind: OperationKind, row: u64) -> &mut Self {
        let measured = (10_000..100_000).contains(&self.now);
        let deadline = Time::ZERO + Span::from_millis(self.now + 5_000);
        self.note_of(op, Event::Offered { kind, deadline, measured });
        let made = (TICKETS, 1 << 63 | u64::from(op));
        let rows = match kind {
            OPEN => vec![made, (CUSTOMERS, row), (ASSIGNMENTS, 1 << 63)],
            _ => vec![(CUSTOMERS, row)],
        };
        for (step, (table, row)) in (0..).zip(rows) {
            self.touch(op, step, table, row);
        }
        self
    }

    /// A step of an operation touches a row.
    pub fn touch(&mut self, op: u32, step: u8, table: TableId, row: u64) -> &mut Self {
        let touches = Event::Touches { table, row: RowKey(row) };
        self.note_with(touches, |r| (r.op, r.step) = (OpId(op), StepId(step)))
    }

    /// An operation follows another one.
    pub fn follow(&mut self, op: u32, followed: u32) -> &mut Self {
        self.note_of(op, Event::Follows { followed: OpId(followed) })
    }

    /// A store refuses a step of an operation, and its client hears no.
    pub fn refuse(&mut self, op: u32, reason: RefusalReason) -> &mut Self {
        self.note_of(op, Event::RefusedByRule { table: TICKETS, reason });
        self.answer(op, Answer::RefusedByRule)
    }

    /// The client hears an answer.
    pub fn answer(&mut self, op: u32, answer: Answer) -> &mut Self {
        let answered = Event::Answered { kind: OPEN, answer, waited: Span::ZERO };
        self.note_of(op, answered)
    }

    /// A store shows a forward effect once more.
    pub fn apply(&mut self, op: u32, step: u8) -> &mut Self {
        self.shown(op, step, Direction::Forward, 1)
    }

    /// A store shows a compensation once more.
    pub fn undo(&mut self, op: u32, step: u8) -> &mut Self {
        self.shown(op, step, Direction::Undo, 1)
    }

    /// A store shows a forward effect once less: somebody overwrote it.
    pub fn overwrite(&mut self, op: u32, step: u8) -> &mut Self {
        self.shown(op, step, Direction::Forward, -1)
    }

    fn shown(&mut self, op: u32, step: u8, direction: Direction, change: i64) -> &mut Self {
        self.shown_by(1, op, step, direction, change)
    }

    /// A database that recovers shows a forward effect more or less often.
    pub fn recover(&mut self, op: u32, step: u8, change: i64) -> &mut Self {
        self.shown_by(0, op, step, Direction::Forward, change)
    }

    fn shown_by(
        &mut self,
        process: u32,
        op: u32,
        step: u8,
        direction: Direction,
        change: i64,
    ) -> &mut Self {
        let column = ColumnRef { table: TICKETS, column: 0 };
        self.note_with(Event::Shown { column, direction, change }, |r| {
            (r.op, r.step, r.process) = (OpId(op), StepId(step), process);
        })
    }

    /// A cell changes.
    pub fn value(&mut self, table: TableId, column: u8, key: u64, value: i64) -> &mut Self {
        let column = ColumnRef { table, column };
        self.note(Event::Value { column, row: RowKey(key), value })
    }

    /// A row is deleted.
    pub fn delete(&mut self, table: TableId, key: u64) -> &mut Self {
        self.note(Event::RowDeleted { table, row: RowKey(key) })
    }

    /// Something durable holds so much more unfinished work for an operation.
    pub fn hold(&mut self, op: u32, label: LabelId, change: i64) -> &mut Self {
        self.note_of(op, Event::Holds { label, change })
    }

    /// A probe of `op` begins and reads these cells at once; it ends after `took` ms.
    pub fn probe(&mut self, op: u32, cells: &[Sight], took: u64) -> &mut Self {
        let probe = self.begin_probe(OpId(op));
        for (step, sight) in (0..).map(StepId).zip(cells) {
            let saw = Event::ProbeSaw { table: TICKETS, probe, sight: *sight };
            self.note_with(saw, |r| (r.op, r.step) = (OpId(op), step));
        }
        self.at(self.now + took).end_probe(probe, ProbeEnd::Complete)
    }

    /// A reader of a customer's open tickets comes and goes.
    pub fn reader(&mut self, row: u64) -> &mut Self {
        self.reader_of((0, ColumnRef { table: CUSTOMERS, column: 0 }), row, 0)
    }

    /// A reader comes for one of the reads, sees a cell of this column at once, and has it after
    /// `took` ms.
    pub fn reader_of(
        &mut self,
        (read, column): (u32, ColumnRef),
        row: u64,
        took: u64,
    ) -> &mut Self {
        let probe = self.begin_read(read, OpId::NONE);
        self.note(Event::ReaderSaw { column, row: RowKey(row), probe });
        self.at(self.now + took).end_probe(probe, ProbeEnd::Complete)
    }

    /// A probe begins.
    pub fn begin_probe(&mut self, op: OpId) -> ProbeId {
        self.begin_read(0, op)
    }

    /// A probe of one of the reads begins.
    pub fn begin_read(&mut self, read: u32, op: OpId) -> ProbeId {
        self.begin_read_at(read, 0, op)
    }

    /// A probe of one of the reads begins, at one of the read's times.
    pub fn begin_read_at(&mut self, read: u32, time: u16, op: OpId) -> ProbeId {
        self.probes += 1;
        let probe = ProbeId(self.probes);
        let began = Event::ProbeBegan { read, probe, cells: 1 };
        self.note_with(began, |it| (it.op, it.attempt) = (op, time));
        probe
    }

    /// A probe ends.
    pub fn end_probe(&mut self, probe: ProbeId, end: ProbeEnd) -> &mut Self {
        self.note(Event::ProbeEnded { read: 0, probe, end })
    }

    /// The finding of a property if the run ends now.
    pub fn found(&mut self, property: &str, settled: bool) -> Finding {
        self.found_within(property, settled, None)
    }

    /// The finding under a promise to need no longer than this.
    pub fn found_within(&mut self, property: &str, settled: bool, within: Option<Span>) -> Finding {
        self.found_by(&Properties::builtin(), property, settled, within)
    }

    /// The finding by other properties than those that driftlab brings.
    pub fn found_by(
        &mut self,
        properties: &Properties,
        property: &str,
        settled: bool,
        within: Option<Span>,
    ) -> Finding {
        let verifier = Verifier::new(&self.system, properties, &[property]).within(within);
        let (findings, _) = self.verified(verifier, settled);
        findings.into_iter().next().expect("a finding for each property")
    }

    /// The outcome of an operation so far.
    pub fn outcome(&self, op: OpId) -> Outcome {
        let nobody = Verifier::new(&self.system, &Properties::default(), &[]);
        let (_, operations) = self.replayed(nobody).finish();
        *operations.get(op).expect("it arrived")
    }

    /// The findings of properties and invariants if the run ends now, and the census.
    pub fn verify(&mut self, properties: &[&str], settled: bool) -> (Vec<Finding>, Census) {
        let verifier = Verifier::new(&self.system, &Properties::builtin(), properties);
        let (findings, operations) = self.verified(verifier, settled);
        (findings, census(operations.all()))
    }

    fn verified(&mut self, verifier: Verifier, settled: bool) -> (Vec<Finding>, Operations) {
        self.end(settled);
        self.replayed(verifier).finish()
    }

    fn replayed(&self, verifier: Verifier) -> Audit<Verifier> {
        let mut audit = verifier.audit();
        self.records.iter().for_each(|record| audit.see(record));
        audit
    }

    fn end(&mut self, settled: bool) {
        self.note(Event::Phase { phase: Phase::End, settled });
    }

    /// The run ends, at rest.
    pub fn rest(mut self) -> RunReport {
        self.end(true);
        self.judge.finish()
    }

    /// The run ends at the cap, and the system has not come to rest.
    pub fn give_up(mut self) -> RunReport {
        self.end(false);
        self.judge.finish()
    }
}

//! Hand-written histories for tests: a small system, and records in the words of a story.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::checks::census::Census;
use crate::checks::outcome::{Operations, Outcome};
use crate::checks::properties::{Finding, Properties, Verifier};
use crate::checks::{Judge, JudgeOptions, RunReport};
use crate::kernel::{Dist, NodeId, Sink, Span, Time};
use crate::model::record::{Answer, Kind, OpId, Record, column_subject};
use crate::model::system::*;

/// The kind of operation with three steps: a ticket is made, counted and assigned.
pub const OPEN: u32 = 0;
/// The kind of operation with one step: a customer's name changes.
pub const RENAME: u32 = 1;
/// Made by step 0 of `OPEN`; columns status (0) and customer (1).
pub const TICKETS: TableId = TableId(0);
/// Ten rows; columns open tickets (0, step 1 of `OPEN`) and name (1, `RENAME`).
pub const CUSTOMERS: TableId = TableId(1);
/// Made by step 2 of `OPEN`; column state (0).
pub const ASSIGNMENTS: TableId = TableId(2);

/// Warm-up until 10 s, load until 100 s, settle cap at 120 s.
pub fn system() -> System {
    let constant = || Dist::Constant(Span::from_millis(1));
    let link = || LinkSpec { delay: constant(), loss: 0.0, duplicate: 0.0 };
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
            zone: None,
            within: None,
        }],
        databases: Vec::new(),
        tables: vec![
            table("tickets", &["status", "customer"], 0),
            table("customers", &["open", "name"], 10),
            table("assignments", &["state"], 0),
        ],
        broker: BrokerSpec {
            name: Name::new("broker"),
            recovery: Span::ZERO,
            force: constant(),
            work: constant(),
        },
        links: Links {
            default: link(),
            database: link(),
            client: link(),
            between: BTreeMap::new(),
        },
        driver_disk: force(),
        driver_recovery: Span::ZERO,
        driver_zone: None,
        operations: operations(),
        loads: Vec::new(),
        reads: reads(),
        replicas: Vec::new(),
        layouts: Vec::new(),
        invariants: Vec::new(),
        retry: RetrySpec {
            attempts: 3,
            backoff: Span::from_millis(10),
            factor: 2,
            longest: Span::from_secs(1),
            jitter: 0.0,
            step_deadline: Span::from_secs(2),
        },
        client: ClientSpec {
            deadline: Span::from_secs(5),
            attempts: 1,
            attempt_deadline: Span::from_secs(5),
        },
        phases: Phases {
            warm_up: Span::from_secs(10),
            load: Span::from_secs(100),
            settle: Span::from_secs(20),
        },
        symbols: Vec::new(),
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
    };
    let of_column = ReadWhat::Column {
        column: ColumnRef { table: CUSTOMERS, column: 0 },
        choice: KeyChoice::Uniform(CUSTOMERS),
        rate: 1.0,
    };
    vec![read(of_operation), read(of_column)]
}

fn table(name: &str, columns: &[&str], rows: u64) -> TableSpec {
    let column = |name: &&str| ColumnSpec { name: (*name).into(), initial: 0 };
    TableSpec {
        name: Name::new(name),
        owner: ServiceId(0),
        grants: Vec::new(),
        api: Api::Contract,
        conformists: Vec::new(),
        database: DatabaseId(0),
        columns: columns.iter().map(column).collect(),
        rows,
    }
}

fn operation(name: &str, steps: Vec<StepSpec>) -> OperationSpec {
    OperationSpec { name: Name::new(name), keys: Vec::new(), steps }
}

fn step(table: TableId, effect: Effect) -> StepSpec {
    StepSpec {
        name: Name::new("step"),
        by: ServiceId(0),
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

fn read(what: ReadWhat) -> ReadSpec {
    ReadSpec { name: Name::new("read"), by: None, work: None, what }
}

/// A history that is being told to a judge. Times are milliseconds.
pub struct History {
    system: Arc<System>,
    judge: Judge,
    records: Vec<Record>,
    now: u64,
    probes: u64,
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
        let judge = Judge::new(&system, options);
        Self { system, judge, records: Vec::new(), now: 0, probes: 0 }
    }

    /// What follows happens at `ms`.
    pub fn at(&mut self, ms: u64) -> &mut Self {
        assert!(ms >= self.now, "a history goes forward");
        self.now = ms;
        self
    }

    /// Any record at all.
    pub fn note(&mut self, kind: Kind, fill: impl FnOnce(&mut Record)) -> &mut Self {
        let mut record = Record {
            time: Time::ZERO + Span::from_millis(self.now),
            a: 0,
            b: 0,
            op: OpId::NONE,
            subject: 0,
            process: 1, // 0 is the world itself.
            message: 0,
            cause: 0,
            node: NodeId::WORLD,
            incarnation: 0,
            attempt: 0,
            kind,
            step: StepId::NONE,
        };
        fill(&mut record);
        self.judge.see(&record);
        self.records.push(record);
        self
    }

    /// An operation arrives at customer `row`; it is measured between warm-up and end of load.
    pub fn offer(&mut self, op: u32, kind: u32, row: u64) -> &mut Self {
        let measured = (10_000..100_000).contains(&self.now);
        let deadline = Span::from_millis(self.now + 5_000).as_nanos();
        self.note(Kind::Offered, |r| {
            (r.op, r.subject, r.a, r.b) = (OpId(op), kind, deadline, u64::from(measured));
        });
        let made = (TICKETS, 1 << 63 | u64::from(op));
        let rows = match kind {
            OPEN => vec![made, (CUSTOMERS, row), (ASSIGNMENTS, 1 << 63)],
            _ => vec![(CUSTOMERS, row)],
        };
        for (step, (table, key)) in rows.into_iter().enumerate() {
            self.note(Kind::Touches, |r| {
                (r.op, r.step, r.a) = (OpId(op), StepId(step as u8), key);
                r.subject = table.0.into();
            });
        }
        self
    }

    /// The client hears an answer.
    pub fn answer(&mut self, op: u32, answer: Answer) -> &mut Self {
        self.note(Kind::Answered, |r| (r.op, r.a) = (OpId(op), answer as u64))
    }

    /// A store shows a forward effect once more.
    pub fn apply(&mut self, op: u32, step: u8) -> &mut Self {
        self.shown(op, step, 0, 1)
    }

    /// A store shows a compensation once more.
    pub fn undo(&mut self, op: u32, step: u8) -> &mut Self {
        self.shown(op, step, 1, 1)
    }

    /// A store shows a forward effect once less: somebody overwrote it.
    pub fn overwrite(&mut self, op: u32, step: u8) -> &mut Self {
        self.shown(op, step, 0, -1)
    }

    fn shown(&mut self, op: u32, step: u8, undo: u64, change: i64) -> &mut Self {
        self.note(Kind::Shown, |r| {
            (r.op, r.step, r.a, r.b) = (OpId(op), StepId(step), undo, change as u64);
        })
    }

    /// A cell changes.
    pub fn value(&mut self, table: TableId, column: u8, key: u64, value: i64) -> &mut Self {
        self.note(Kind::Value, |r| {
            (r.subject, r.a, r.b) = (column_subject(table, column), key, value as u64);
        })
    }

    /// A probe of `op` begins and reads these cells at once; it ends after `took` ms.
    pub fn probe(&mut self, op: u32, cells: &[u64], took: u64) -> &mut Self {
        let number = self.begin_probe(OpId(op));
        for (step, cell) in cells.iter().enumerate() {
            self.note(Kind::ProbeSaw, |r| {
                (r.op, r.a, r.b, r.step) = (OpId(op), number, *cell, StepId(step as u8));
            });
        }
        self.at(self.now + took).end_probe(number, 0)
    }

    /// A reader of a customer's open tickets comes and goes.
    pub fn reader(&mut self, row: u64) -> &mut Self {
        self.reader_of((0, column_subject(CUSTOMERS, 0)), row, 0)
    }

    /// A reader comes for one of the reads, sees a cell of this column at once, and has it after
    /// `took` ms.
    pub fn reader_of(&mut self, (read, subject): (u32, u32), row: u64, took: u64) -> &mut Self {
        let number = self.begin_read(read, OpId::NONE);
        self.note(Kind::ProbeSaw, |r| (r.a, r.b, r.subject) = (number, row, subject));
        self.at(self.now + took).end_probe(number, 0)
    }

    /// A probe begins; the number is what it is called.
    pub fn begin_probe(&mut self, op: OpId) -> u64 {
        self.begin_read(0, op)
    }

    /// A probe of one of the reads begins; the number is what it is called.
    pub fn begin_read(&mut self, read: u32, op: OpId) -> u64 {
        self.probes += 1;
        let number = self.probes;
        self.note(Kind::ProbeBegan, |r| (r.op, r.subject, r.a) = (op, read, number));
        number
    }

    /// A probe ends: 0 read, 1 error, 2 timed out.
    pub fn end_probe(&mut self, number: u64, how: u64) -> &mut Self {
        self.note(Kind::ProbeEnded, |r| (r.a, r.b) = (number, how))
    }

    /// What a property says if the run ends now.
    pub fn found(&mut self, property: &str, settled: bool) -> Finding {
        self.found_within(property, settled, None)
    }

    /// The same, under a promise to need no longer than this.
    pub fn found_within(&mut self, property: &str, settled: bool, within: Option<Span>) -> Finding {
        self.found_by(&Properties::builtin(), property, settled, within)
    }

    /// The same, by other properties than those that driftlab brings.
    pub fn found_by(
        &mut self,
        properties: &Properties,
        property: &str,
        settled: bool,
        within: Option<Span>,
    ) -> Finding {
        let verifier = self.verifier(properties, &[property]).within(within);
        verifier.finish(settled).into_iter().next().expect("a finding for each property")
    }

    /// What is known of an operation by now.
    pub fn outcome(&self, op: OpId) -> Outcome {
        let mut operations = Operations::new(&self.system);
        let mut now = None;
        for record in &self.records {
            if now.is_some_and(|now| now < record.time) {
                operations.end_instant(now.map_or(0, Time::as_nanos));
            }
            now = Some(record.time);
            match record.kind {
                Kind::Offered => operations.offer(record),
                Kind::Shown => operations.show(record),
                Kind::Answered => {
                    let outcome = operations.get_mut(record.op).expect("it arrived");
                    outcome.hear(record.time.as_nanos(), Answer::from_word(record.a));
                }
                _ => {}
            }
        }
        operations.end_instant(now.map_or(0, Time::as_nanos));
        *operations.get(op).expect("it arrived")
    }

    /// What these properties and the invariants say if the run ends now, and the census.
    pub fn verify(&mut self, properties: &[&str], settled: bool) -> (Vec<Finding>, Census) {
        let verifier = self.verifier(&Properties::builtin(), properties);
        let census = verifier.census();
        (verifier.finish(settled), census)
    }

    fn verifier(&mut self, properties: &Properties, names: &[&str]) -> Verifier {
        self.note(Kind::Phase, |r| r.a = 3);
        let mut verifier = Verifier::new(&self.system, properties, names);
        self.records.iter().for_each(|record| verifier.see(record));
        verifier
    }

    /// The run ends, at rest.
    pub fn rest(mut self) -> RunReport {
        self.note(Kind::Phase, |r| (r.a, r.b) = (3, 1));
        self.judge.finish()
    }

    /// The run ends at the cap, and the system has not come to rest.
    pub fn give_up(mut self) -> RunReport {
        self.note(Kind::Phase, |r| (r.a, r.b) = (3, 0));
        self.judge.finish()
    }
}

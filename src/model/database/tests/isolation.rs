//! Second opinions: checkers that are not ours judge what clients of one database saw.
//!
//! `adya`, an independent implementation of Elle (Kingsbury and Alvaro, VLDB 2020), looks for
//! Adya's anomalies in histories of transactions; the checker of Wing, Gong and Lowe in
//! `todc-utils` looks for an order of reads and writes of one register. Both see only what was
//! asked, what was answered, and in which order.

use adya::{Opts, Valid, Workload, check};
use rand::RngExt;
use rand::seq::IndexedRandom;
use serde_json::{Value, json};
use todc_utils::specifications::register::{RegisterOperation, RegisterSpecification};
use todc_utils::{Action, WGLChecker};

use super::*;
use crate::kernel::Purpose;
use crate::model::disk::DiskFault;

/// The column that transactions write values into which nobody else writes.
const NAME: u8 = 1;

/// The value of the column before anybody has written it.
const INITIAL: i64 = 7;

const CLIENTS: u64 = 4;
const TRANSACTIONS: u64 = 60;
const ROWS: u64 = 3;

/// A database whose reads are made so. An operation writes its number: those up to the initial
/// value are left out.
fn bench(reads: ReadMode) -> Bench {
    let bench = Bench::with(DatabaseSpec { reads, lock_timeout: ms(20), ..spec() });
    for _ in 0..=INITIAL {
        bench.op(MARK, &[0]);
    }
    bench
}

/// One read or write of a transaction.
#[derive(Clone, Copy)]
enum Access {
    Read(u64),
    Write(u64, OpId, i64),
}

/// The lines of a history, in the order in which clients asked and heard, and the order in which
/// transactions committed.
#[derive(Clone, Default)]
struct History {
    lines: Rc<RefCell<Vec<Value>>>,
    committed: Rc<RefCell<Vec<(u64, TxnId)>>>,
}

impl History {
    fn add(&self, kind: &str, client: u64, accesses: &[Value]) -> u64 {
        let mut lines = self.lines.borrow_mut();
        let index = lines.len() as u64;
        lines.push(json!({"index": index, "type": kind, "process": client, "value": accesses}));
        index
    }

    fn parsed(&self) -> adya::History {
        let lines: Vec<String> = self.lines.borrow().iter().map(Value::to_string).collect();
        adya::History::from_json(&lines.join("\n")).expect("a history")
    }
}

/// A read that found nothing yet, or this value.
fn seen(key: u64, value: i64) -> Value {
    let value = (value != INITIAL).then_some(value);
    json!(["r", key, value])
}

/// Some transactions of one client, one after the other.
async fn transact(db: Rc<Database>, ctx: Ctx, plan: Vec<Vec<Access>>, client: u64, into: History) {
    for accesses in plan {
        let asked = accesses.iter().map(|access| match access {
            Access::Read(key) => json!(["r", key, null]),
            Access::Write(key, _, value) => json!(["w", key, value]),
        });
        let asked = asked.collect::<Vec<_>>();
        into.add("invoke", client, &asked);
        let begun = Rc::clone(&db).begin(ctx, ctx.node, DESK, true).await;
        let mut txn = begun.expect("a connection");
        let id = txn.id();
        let mut heard = Vec::new();
        for access in &accesses {
            let done = match *access {
                Access::Read(key) => {
                    let row = txn.read(CUSTOMERS, RowKey(key)).await;
                    row.map(|row| seen(key, row.value(NAME)))
                }
                Access::Write(key, op, value) => {
                    txn.apply(first(op)).await.map(|()| json!(["w", key, value]))
                }
            };
            match done {
                Ok(access) => heard.push(access),
                Err(_) => break,
            }
        }
        let committed = heard.len() == accesses.len() && txn.commit().await.is_ok();
        let index = match committed {
            true => into.add("ok", client, &heard),
            false => into.add("fail", client, &asked),
        };
        into.committed.borrow_mut().push((index, id));
    }
}

/// The requests of some clients to a database whose reads are made so, and the answers.
fn history(reads: ReadMode, seed: u64) -> (History, Opts) {
    let bench = bench(reads);
    let streams = RandomStreams::new(seed);
    let mut rng = streams.draw(Purpose::Instance, 1, 0, 0, 0);
    let history = History::default();
    for client in 0..CLIENTS {
        let mut plan = Vec::new();
        for _ in 0..TRANSACTIONS {
            let mut access = |_| {
                let key = rng.random_range(0..ROWS);
                if rng.random_bool(0.5) {
                    return Access::Read(key);
                }
                let op = bench.op(MARK, &[key]);
                Access::Write(key, op, op.0.into())
            };
            let length = [1, 2, 3].choose(&mut streams.draw(
                Purpose::Instance,
                2,
                client,
                plan.len() as u64,
                0,
            ));
            plan.push((0..*length.expect("a length")).map(&mut access).collect());
        }
        let (db, into) = (Rc::clone(&bench.db), history.clone());
        let ctx = Ctx { process: client as u32 + 1, ..bench.ctx() };
        bench.env.sim().spawn(bench.client, transact(db, ctx, plan, client, into));
    }
    bench.run(600_000);
    let order = bench.pick(pick!(Event::Committed { txn, .. } => txn));
    let place = |id: TxnId| order.iter().position(|txn| *txn == id);
    let committed = history.committed.borrow();
    let transaction_order =
        committed.iter().filter_map(|(index, id)| Some((*index, place(*id)? as i64))).collect();
    drop(committed);
    (history, Opts { transaction_order: Some(transaction_order), ..Opts::default() })
}

fn judged(history: &History, opts: &Opts, model: &str) -> (Valid, Vec<String>) {
    let opts = Opts { models: vec![model.into()], ..opts.clone() };
    let report = check(&history.parsed(), Workload::RwRegister, &opts);
    (report.valid, report.anomaly_types)
}

/// Shared and exclusive row locks to the end of the transaction are strict two-phase locking: what
/// clients see is strictly serializable.
#[test]
fn locking_reads_are_strictly_serializable() {
    for seed in 0..8 {
        let (history, opts) = history(ReadMode::Locking, seed);
        let all = CLIENTS * TRANSACTIONS;
        assert!(history.committed.borrow().len() as u64 == all, "everybody came to an end");
        assert_eq!(judged(&history, &opts, "strict-serializable"), (Valid::True, vec![]), "{seed}");
    }
}

/// Reads of committed versions without locks are read committed, and no more than that.
#[test]
fn snapshot_reads_are_read_committed_and_not_serializable() {
    let mut broken = 0;
    for seed in 0..8 {
        let (history, opts) = history(ReadMode::Snapshot, seed);
        assert_eq!(judged(&history, &opts, "read-committed"), (Valid::True, vec![]), "{seed}");
        broken += u32::from(judged(&history, &opts, "serializable").0 == Valid::False);
    }
    assert!(broken >= 6, "of 8 histories {broken} are not serializable");
}

/// The checker is not blind: a read at the end that finds a row as it was in the beginning makes
/// the same history wrong.
#[test]
fn a_stale_read_is_noticed() {
    let (history, opts) = history(ReadMode::Locking, 0);
    let only_reads = |line: &&mut Value| {
        let accesses = line["value"].as_array().expect("accesses");
        line["type"] == "ok" && accesses.iter().all(|it| it[0] == "r" && !it[2].is_null())
    };
    let mut lines = history.lines.borrow_mut();
    let last = lines.iter_mut().rev().find(only_reads).expect("somebody only reads");
    last["value"][0][2] = Value::Null;
    drop(lines);
    assert_eq!(judged(&history, &opts, "strict-serializable").0, Valid::False);
}

type Register = RegisterOperation<i64>;
type Accesses = Vec<(usize, Action<Register>)>;

/// The accesses to one row with their answers, and of how many nobody knows.
struct Asked {
    actions: Accesses,
    unknown: usize,
}

/// The accesses of clients to one row, one for each transaction, while the database is crashed
/// twice. Nobody knows of a transaction whose answer was lost: it may count until the end.
fn register(disk: Option<DiskFault>, seed: u64) -> Asked {
    let bench = bench(ReadMode::Locking);
    if let Some(fault) = disk {
        bench.db.disk().begin_fault(fault);
    }
    let mut rng = RandomStreams::new(seed).draw(Purpose::Instance, 1, 0, 0, 0);
    let actions: Rc<RefCell<Accesses>> = Rc::default();
    let open: Rc<RefCell<Vec<(usize, Register)>>> = Rc::default();
    for client in 0..3_usize {
        let mut plan: Vec<Option<OpId>> = Vec::new();
        for _ in 0..12 {
            plan.push(rng.random_bool(0.4).then(|| bench.op(MARK, &[0])));
        }
        let (db, ctx) = (Rc::clone(&bench.db), bench.ctx());
        let (actions, open) = (Rc::clone(&actions), Rc::clone(&open));
        bench.env.sim().clone().spawn(bench.client, async move {
            for (number, write) in plan.into_iter().enumerate() {
                // A client of which nothing is known any more is another one from then on.
                let process = client * 100 + number;
                let asked = match write {
                    Some(op) => Register::Write(op.0.into()),
                    None => Register::Read(None),
                };
                actions.borrow_mut().push((process, Action::Call(asked)));
                let Ok(mut txn) = Rc::clone(&db).begin(ctx, ctx.node, DESK, false).await else {
                    actions.borrow_mut().retain(|(by, _)| *by != process);
                    db.env.sim().sleep(ms(30)).await;
                    continue;
                };
                let heard = match write {
                    Some(op) => txn.apply(first(op)).await.map(|()| asked),
                    None => {
                        let row = txn.read(CUSTOMERS, RowKey(0)).await;
                        row.map(|row| Register::Read(Some(row.value(NAME))))
                    }
                };
                match (heard, txn.commit().await) {
                    (Ok(heard), Ok(())) => {
                        actions.borrow_mut().push((process, Action::Response(heard)));
                    }
                    _ => open.borrow_mut().push((process, asked)),
                }
            }
        });
    }
    for _ in 0..2 {
        bench.run(60);
        bench.crash();
        bench.run(5);
        bench.restart();
    }
    bench.run(60_000);
    let (mut actions, open) = (actions.take(), open.take());
    let unknown = open.len();
    for (process, asked) in open {
        match asked {
            // It saw nothing.
            Register::Read(_) => actions.retain(|(by, _)| *by != process),
            Register::Write(_) => actions.push((process, Action::Response(asked))),
        }
    }
    Asked { actions, unknown }
}

fn is_linearizable(actions: Accesses) -> bool {
    // The register begins at the default of its type.
    let initial = |value: i64| if value == INITIAL { 0 } else { value };
    let shifted = |operation: Register| match operation {
        Register::Read(value) => Register::Read(value.map(initial)),
        write @ Register::Write(_) => write,
    };
    let actions = actions.into_iter().map(|(process, action)| match action {
        Action::Call(operation) => (process, Action::Call(operation)),
        Action::Response(operation) => (process, Action::Response(shifted(operation))),
    });
    let history = todc_utils::History::from_actions(actions.collect());
    WGLChecker::<RegisterSpecification<i64>>::is_linearizable(history)
}

/// A row is a register that survives crashes: what was answered stays, and what was not answered
/// came to pass once or never.
#[test]
fn a_row_is_linearizable_through_crashes() {
    let (mut answers, mut unknown) = (0, 0);
    for seed in 0..20 {
        let asked = register(None, seed);
        answers += asked.actions.iter().filter(|it| matches!(it.1, Action::Response(_))).count();
        unknown += asked.unknown;
        assert!(is_linearizable(asked.actions), "seed {seed}");
    }
    assert!(answers > 300 && unknown > 20, "{answers} answers, {unknown} unknown");
}

/// The checker is not blind: with a disk that only says that something is durable a row is no
/// register.
#[test]
fn a_lying_disk_is_noticed() {
    let wrong = (0..20).filter(|seed| {
        let asked = register(Some(DiskFault::Lying), *seed);
        !is_linearizable(asked.actions)
    });
    let wrong = wrong.count();
    assert!(wrong >= 5, "{wrong} of 20");
}

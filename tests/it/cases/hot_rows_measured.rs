//! Few rows that many want, held against a real PostgreSQL 15.
//!
//! Three servers on one machine, 20 ms from the client, which does the work, prepares and commits
//! in parallel at all three, in a closed loop without pauses, with a lock timeout of 1 s. Every
//! transaction adds to the row of one key at all three servers, so that two of them that arrive in
//! another order at two servers wait for each other until the lock timeout.

use crate::whole::{scenario, tell, variant};
use driftlab::checks::census::State;
use driftlab::checks::measures::catalogue::{DEADLOCKS, DISTRIBUTED_DEADLOCKS, LOCK_WAITS};

/// One cell of the measurement.
struct Cell {
    clients: u32,
    rows: u32,
    committed: f64,
    seconds: f64,
    /// The share of transactions that were aborted.
    aborted: f64,
}

const fn cell(clients: u32, rows: u32, committed: f64, seconds: f64, aborted: f64) -> Cell {
    Cell { clients, rows, committed, seconds, aborted }
}

const MEASURED: [Cell; 5] = [
    cell(1, 1000, 96.0, 12.1, 0.0),
    cell(8, 1, 10.0, 13.1, 0.896),
    cell(8, 16, 461.0, 12.1, 0.042),
    cell(16, 4, 119.0, 12.5, 0.491),
    cell(16, 1000, 1391.0, 12.2, 0.001),
];

/// The measured system; `order` is a line for every database.
fn text(cell: &Cell, order: &str) -> String {
    let mut text = format!(
        "[scenario]\nname = 'hot-rows'\nprofile = 'lan-nvme'\nwarm-up = '0s'\nload = '12s'\n\
         settle = '30s'\n\
         [clients]\ndeadline = '60s'\n[retry]\nattempts = 1\nstep-deadline = '10s'\n\
         [drivers]\nforce = '450us'\n\
         [links]\ndefault = {{ delay = {{ uniform = ['20.1ms', '20.6ms'] }} }}\n\
         database = {{ delay = '0ns' }}\nclient = {{ delay = '0ns' }}\n\
         [services.client]\nwork = '0ns'\nworkers = 1000\n\
         [databases.client-db]\nnode = 'client'\nwork = '0ns'\nforce = '0ns'\n\
         [tables.log]\nowner = 'client'\ndatabase = 'client-db'\ncolumns = {{ v = 0 }}\n\
         [operations.add]\nkeys = {{ txn = 'new', row = {{ rows-of = 'acc1' }} }}\n\
         [[operations.add.steps]]\nname = 'begin'\nby = 'client'\ntable = 'log'\nkey = 'txn'\n\
         effect = {{ insert = {{ v = 1 }} }}\n\
         [load.clients]\noperation = 'add'\n\
         closed = {{ clients = {}, think = '42ms' }}\n\
         [variants.two-phase-commit]\npattern = 'two-phase-commit'\n\
         settings = {{ coordinator = 'caller', presumption = 'abort' }}\n",
        cell.clients
    );
    for number in 1..=3 {
        // The times of a statement and of the forced writes, as measured on that server.
        text += &format!(
            "[services.p{number}]\nwork = '0ns'\nworkers = 1000\n\
             [databases.p{number}-db]\nnode = 'p{number}'\nlock-timeout = '1s'\n{order}\n\
             work = {{ log-normal = {{ median = '70us', p99 = '131us' }} }}\n\
             [databases.p{number}-db.force]\n\
             prepare = {{ log-normal = {{ median = '191us', p99 = '344us' }} }}\n\
             decide = {{ log-normal = {{ median = '200us', p99 = '353us' }} }}\n\
             commit = {{ log-normal = {{ median = '189us', p99 = '346us' }} }}\n\
             [tables.acc{number}]\nowner = 'p{number}'\ndatabase = 'p{number}-db'\n\
             columns = {{ v = 0 }}\nrows = {}\n\
             [[operations.add.steps]]\nname = 'u{number}'\nby = 'p{number}'\n\
             table = 'acc{number}'\nkey = 'row'\nafter = ['begin']\n\
             effect = {{ add = {{ v = 1 }} }}\n",
            cell.rows
        );
    }
    text
}

/// Committed transactions per second and the share of those that were aborted, over ten seeds.
fn simulated(cell: &Cell, order: &str) -> (f64, f64) {
    let scenario = scenario(&text(cell, order));
    let (mut committed, mut all) = (0, 0);
    for seed in 1..=10 {
        let told = tell(&scenario, variant(&scenario, "two-phase-commit"), seed);
        all += told.report.operations.len();
        let whole = told.report.operations.iter().filter(|row| row.state == State::All);
        committed += whole.count();
    }
    (committed as f64 / 120.0, 1.0 - committed as f64 / all as f64)
}

#[test]
fn hot_rows_serve_as_many_as_postgresql() {
    for cell in MEASURED {
        let (rate, aborted) = simulated(&cell, "");
        let measured = cell.committed / cell.seconds;
        // The 95 % interval of a count is that of a Poisson variable, here by its normal
        // approximation, which is too narrow for few.
        let noise = 1.96 * cell.committed.sqrt() / cell.seconds;
        let tolerance = noise.max(0.2 * measured);
        let Cell { clients, rows, .. } = cell;
        assert!(
            (rate - measured).abs() <= tolerance,
            "{clients} clients, {rows} rows: {rate:.2}/s, measured {measured:.2}/s"
        );
        assert!(
            (aborted - cell.aborted).abs() <= 0.1,
            "{clients} clients, {rows} rows: {aborted:.3} aborted, measured {:.3}",
            cell.aborted
        );
    }
}

/// Nothing fails in these systems and each transaction has one row at each server, so that whatever
/// is aborted has waited for too long, for a member of a circle or behind one.
#[test]
fn aborts_on_hot_rows_are_distributed_deadlocks_and_who_waits_behind_them() {
    let cell = &MEASURED[3];
    let scenario = scenario(&text(cell, ""));
    let report = tell(&scenario, variant(&scenario, "two-phase-commit"), 1).report;
    let number = |measure| report.measures.number(measure).value().expect("a number");
    let aborted = report.operations.iter().filter(|row| row.state != State::All).count() as f64;
    let circles = number(DISTRIBUTED_DEADLOCKS);
    assert!(circles <= aborted, "every circle has a victim: {circles} of {aborted}");
    assert!(circles > 0.25 * aborted, "few wait behind somebody else's: {circles} of {aborted}");
    assert_eq!(number(DEADLOCKS), 0.0, "no server sees any of them");
    assert!(number(LOCK_WAITS) > 0.5, "most find their row locked: {}", number(LOCK_WAITS));
}

#[test]
fn served_strictly_by_arrival_hot_rows_do_more_than_twice_as_much() {
    let cell = &MEASURED[3];
    let (rate, _) = simulated(cell, "lock-order = 'arrival'");
    assert!(rate > 2.0 * cell.committed / cell.seconds, "distributed deadlocks are rare: {rate}");
}

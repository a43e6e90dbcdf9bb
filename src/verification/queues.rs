//! Queues: workers of a service, bounded queues, closed loops and row locks.

use super::{Case, FREE_CLIENTS, Form, locks, mean_ms, share};
use crate::checks::RunReport;
use crate::model::record::Answer;
use crate::stats::laws;

/// The arrivals at an open queue, per second.
const ARRIVALS: f64 = 80.0;

/// Clients that wait for a minute and make one attempt.
const PATIENT: &str = "[clients]\ndeadline = '60s'\nattempts = 1\n";

/// A service with one operation, given the keys of the service, of its database and of the load;
/// the keys of clients are left out.
pub(super) fn desk(service: &str, database: &str, load: &str) -> String {
    format!(
        "[services.desk]
         {service}
         [databases.store]
         connections = 1000000
         cores = 1000000
         {database}
         [tables.visit]
         owner = 'desk'
         database = 'store'
         columns = {{ times = 0 }}
         rows = 1000000
         [operations.visit]
         keys = {{ visit = {{ rows-of = 'visit' }} }}
         [[operations.visit.steps]]
         name = 'come'
         by = 'desk'
         table = 'visit'
         key = 'visit'
         effect = {{ add = {{ times = 1 }} }}
         [load.visits]
         operation = 'visit'
         {load}
         [variants.local]
         pattern = 'local-transaction'
        "
    )
}

/// A database whose statements and commits take no time.
pub(super) const IDLE_STORE: &str = "work = '0ns'\nforce = '0ns'";

/// A system of [`desk`] with patient clients and messages of clients that take no time.
fn queue(service: &str, database: &str, load: &str) -> String {
    [PATIENT, FREE_CLIENTS, &desk(service, database, load)].concat()
}

/// A queue with Poisson arrivals, this many workers and this many places to wait.
fn open(workers: u32, work: &str, places: u32) -> String {
    let service = format!("workers = {workers}\nqueue = {places}\nwork = {work}");
    queue(&service, IDLE_STORE, &format!("poisson = {ARRIVALS:?}"))
}

/// A queue with this many workers, each with exponential work of the mean 10 ms, and an unbounded
/// queue.
fn exponential(workers: u32) -> String {
    open(workers, &format!("{{ exponential = '{}ms' }}", 10 * workers), 1_000_000)
}

fn sojourn(report: &RunReport) -> f64 {
    mean_ms(report, |row| row.answered_after)
}

fn rejected(report: &RunReport) -> f64 {
    share(report, |row| row.answer == Answer::TechnicalNo)
}

fn throughput(report: &RunReport) -> f64 {
    let measured = super::measured(report);
    let last = measured.map(|row| row.arrived.as_nanos()).max().unwrap_or_default();
    // In a closed loop every answer leads to an arrival, so arrivals are counted, from the end of
    // the warm-up to the last one.
    super::measured(report).count() as f64 / (last as f64 / 1e9 - 10.0)
}

const SOJOURN: &str = "mean time in the system, ms";

/// The closed form of the time in the system: the exact waiting time plus the work, in seconds.
fn time(formula: &'static str, wait: f64, work: f64) -> Form {
    Form { quantity: SOJOURN, formula, exact: (wait + work) * 1e3, observe: sojourn }
}

/// The cases of this topic.
pub(super) fn cases() -> Vec<Case> {
    let mut all = waiting();
    all.extend(losing());
    all.extend(closed());
    all
}

/// The time in the system with this many workers of [`exponential`] work.
fn several(workers: u32) -> Form {
    let work = 0.01 * f64::from(workers);
    time("C(c, a) / (c mu - lambda) + 1 / mu", laws::wait_for_any(ARRIVALS, workers, work), work)
}

/// The time in the system with one worker and constant work of 10 ms.
fn constant() -> Form {
    time("rho / (2 mu (1 - rho)) + 1 / mu", laws::wait_for_one(ARRIVALS, 0.01, 1e-4), 0.01)
}

/// Queues without a bound, at 80 % utilisation except for the mixture.
fn waiting() -> Vec<Case> {
    let single = vec![
        time("1 / (mu - lambda)", laws::wait_for_any(ARRIVALS, 1, 0.01), 0.01),
        Form {
            quantity: "share of requests longer than 100 ms",
            formula: "exp(-(mu - lambda) t)",
            exact: libm::exp(-2.0),
            observe: |report| {
                share(report, |row| {
                    row.answered_after.is_some_and(|it| it.as_nanos() > 100_000_000)
                })
            },
        },
    ];
    let erlang = "Erlang 1917";
    let pollaczek = "Pollaczek 1930, Khinchine 1932";
    let mixture = "{ mixture = [{ weight = 99, dist = '5ms' }, { weight = 1, dist = '200ms' }] }";
    let slow = queue(
        &format!("workers = 1\nqueue = 1000000\nwork = {mixture}"),
        IDLE_STORE,
        "poisson = 40.0",
    );
    // One row: its lock is held for the forced write of the commit.
    let row = queue("workers = 1000000\nwork = '0ns'\nqueue = 1000000", HOT_ROW, "poisson = 80.0")
        .replace("rows = 1000000", "rows = 1");
    vec![
        Case { system: "M/M/1", source: erlang, scenario: exponential(1), forms: single },
        Case { system: "M/M/2", source: erlang, scenario: exponential(2), forms: vec![several(2)] },
        Case { system: "M/M/4", source: erlang, scenario: exponential(4), forms: vec![several(4)] },
        Case {
            system: "M/D/1",
            source: pollaczek,
            scenario: open(1, "'10ms'", 1_000_000),
            forms: vec![constant()],
        },
        Case {
            system: "M/G/1, 1 % of 200 ms among 5 ms",
            source: pollaczek,
            scenario: slow,
            forms: vec![time(
                "lambda E[S^2] / (2 (1 - rho)) + E[S]",
                laws::wait_for_one(40.0, 0.006_95, 0.99 * 25e-6 + 0.01 * 0.04),
                0.006_95,
            )],
        },
        Case {
            system: "one hot row, served by arrival",
            source: pollaczek,
            scenario: row,
            forms: vec![constant(), locks::waits("rho", ARRIVALS * 0.01)],
        },
    ]
}

const HOT_ROW: &str = "work = '0ns'\nforce = '10ms'\nlock-order = 'arrival'\nlock-timeout = '60s'";

/// Queues that reject requests when they are full.
fn losing() -> Vec<Case> {
    let lost = |formula, exact| {
        vec![Form { quantity: "share of requests rejected", formula, exact, observe: rejected }]
    };
    vec![
        Case {
            system: "M/M/1/5",
            source: "Kleinrock 1975",
            scenario: open(1, "{ exponential = '10ms' }", 4),
            forms: lost("(1 - rho) rho^K / (1 - rho^(K + 1))", laws::loss_of_queue(0.8, 5)),
        },
        Case {
            system: "M/M/2/2",
            source: "Erlang 1917",
            scenario: open(2, "{ exponential = '20ms' }", 0),
            forms: lost("B(2, a)", laws::erlang_b(2, 1.6)),
        },
    ]
}

/// A closed loop of clients that think for a second between an answer and the next request.
fn closed() -> Vec<Case> {
    [(5, "5 clients in a closed loop"), (10, "10 clients in a closed loop")]
        .into_iter()
        .map(|(clients, system)| {
            let (throughput_per_second, response) = laws::closed_loop(clients, 0.1, 1.0);
            let load =
                format!("closed = {{ clients = {clients}, think = {{ exponential = '1s' }} }}");
            let service = "workers = 1\nqueue = 1000\nwork = { exponential = '100ms' }";
            Case {
                system,
                source: "Reiser, Lavenberg 1980",
                scenario: queue(service, IDLE_STORE, &load),
                forms: vec![
                    Form {
                        quantity: "answers per second",
                        formula: "N / (R + Z)",
                        exact: throughput_per_second,
                        observe: throughput,
                    },
                    Form {
                        quantity: SOJOURN,
                        formula: "D (1 + Q(N - 1))",
                        exact: response * 1e3,
                        observe: sojourn,
                    },
                ],
            }
        })
        .collect()
}

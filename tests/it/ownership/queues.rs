//! The waits between services that share something: a core, or a pool of workers.
//!
//! Closed forms: Pollaczek (1930) and Khinchine (1932); Erlang (1917).

use driftlab::checks::measures::contention::Between;
use driftlab::kernel::Time;
use driftlab::model::record::{Event, Kind, Record, Resource, Station};
use driftlab::model::system::{DatabaseId, ServiceId};

use super::{agrees, seeds, service};
use crate::whole::{RecordedRun, scenario};

/// A shop asks for prices all the time, and an office for a report now and then, which takes 40
/// times as long. Nothing but their queries takes any time.
const READERS: &str = r#"
    [scenario]
    name = "readers"
    warm-up = "1s"
    load = "301s"
    settle = "10s"

    [services]
    shop = { workers = 100000, work = "0ns" }
    office = { workers = 100000, work = "0ns" }

    [databases.shop-db]
    cores = 1
    connections = 100000
    work = "5ms"
    force = "0ns"
    reads = "snapshot"

    [databases.office-db]
    cores = 1
    connections = 100000
    force = "0ns"
    reads = "snapshot"

    [links]
    default = { delay = "0ns" }
    database = { delay = "0ns" }
    client = { delay = "0ns" }

    [tables]
    price = { owner = "shop", database = "shop-db", columns = { amount = 0 }, rows = 10 }
    ledger = { owner = "office", database = "office-db", columns = { amount = 0 }, rows = 10 }

    [operations.open]
    keys = { price = { rows-of = "price" } }
    steps = [
        { name = "open", by = "shop", table = "price", key = "price",
          effect = { add = { amount = 1 } } },
    ]

    [load.opening]
    operation = "open"
    constant = "300s" # once, when nearly all is over

    [reads.prices]
    by = "shop"
    table = "price"
    column = "amount"
    key = { rows-of = "price" }
    rate = 39.6

    [reads.reports]
    by = "office"
    table = "ledger"
    column = "amount"
    key = { rows-of = "ledger" }
    rate = 0.4
    work = "200ms"

    [variants]
    shared = { technique = "shared-database", pattern = "local-transaction" }
    apart = { pattern = "local-transaction" }
"#;

/// A stream of queries: how many a second, and what each takes in seconds.
struct Stream {
    rate: f64,
    work: f64,
}

const PRICES: Stream = Stream { rate: 39.6, work: 0.005 };
const REPORTS: Stream = Stream { rate: 0.4, work: 0.2 };

impl Stream {
    fn utilisation(&self) -> f64 {
        self.rate * self.work
    }

    /// The work that is left, on average, of the query on the core, if it is of this stream.
    fn residual(&self) -> f64 {
        self.rate * self.work * self.work / 2.0
    }
}

/// Mean wait at one server that serves these streams in the order of arrival, in ms.
fn pollaczek_khinchine(streams: &[Stream]) -> f64 {
    let busy: f64 = streams.iter().map(Stream::utilisation).sum();
    streams.iter().map(Stream::residual).sum::<f64>() / (1.0 - busy) * 1e3
}

/// How long the shop's queries waited for a core of its database while `holder` had it, on average,
/// in ms.
fn waited_for(told: &RecordedRun, service: ServiceId, holder: ServiceId) -> f64 {
    let contention = &told.report.contention;
    let between = Between { database: DatabaseId(0), service, holder: Some(holder) };
    let waited =
        contention.waited.get(&between).map_or(0, |waited| waited[Resource::Core as usize]);
    let served = |record: &&Record| match record.event {
        Event::Served { service: known, .. } => known == service,
        _ => false,
    };
    waited as f64 / 1e6 / told.records.iter().filter(served).count() as f64
}

/// How long a query waits for a core of a database, on average, in ms.
fn wait(told: &RecordedRun, database: DatabaseId) -> f64 {
    let waits = told.pick(|record| match record.event {
        Event::Worked { database: at, waited, .. } if at == database => Some(waited.as_nanos()),
        _ => None,
    });
    let waits: Vec<u64> = waits.collect();
    waits.iter().sum::<u64>() as f64 / waits.len() as f64 / 1e6
}

#[test]
fn a_query_in_a_hundred_that_is_expensive_makes_everybody_wait_nineteen_times_as_long() {
    let both = pollaczek_khinchine(&[PRICES, REPORTS]);
    assert!((both - 11.766).abs() < 0.001, "{both}");
    let scenario = scenario(READERS);
    let (shop, office) = (service(&scenario, "shop"), service(&scenario, "office"));
    let seen = seeds::<12, _>(&scenario, "shared", |told| {
        let waited = |holder| waited_for(told, shop, holder);
        [wait(told, DatabaseId(0)), waited(office), waited(shop)]
    });
    let [all, office, shop] = [0, 1, 2].map(|at| seen.map(|seen| seen[at]));
    agrees("wait in a shared database", all, both, 0.15);
    // Who arrives finds what is left of the query on the core, and the queries in line, which
    // are as many as arrive during a mean wait (Little): of either service its own part.
    let part = |stream: &Stream| stream.residual() * 1e3 + stream.utilisation() * both;
    assert!((part(&PRICES) + part(&REPORTS) - both).abs() < 1e-9);
    agrees("the shop's wait for the office", office, part(&REPORTS), 0.2);
    agrees("the shop's wait for itself", shop, part(&PRICES), 0.15);
}

#[test]
fn with_a_database_for_each_nobody_waits_for_another() {
    let alone = pollaczek_khinchine(&[PRICES]);
    assert!((alone - 0.617).abs() < 0.001, "{alone}");
    let scenario = scenario(READERS);
    let waits = seeds::<8, _>(&scenario, "apart", |told| {
        assert_eq!(told.all(Kind::Contended).count(), 0);
        wait(told, DatabaseId(0))
    });
    agrees("the shop's wait in a database of its own", waits, alone, 0.05);
}

/// Two services with the same load, one worker each, and a little that both write.
const DESKS: &str = r#"
    [scenario]
    name = "desks"
    warm-up = "5s"
    load = "27s"
    settle = "30s"

    [clients]
    deadline = "60s"

    [services]
    east = { workers = 1, queue = 1000000, work = { exponential = "10ms" } }
    west = { workers = 1, queue = 1000000, work = { exponential = "10ms" } }

    [databases]
    east-db = { cores = 1000000, connections = 1000000, work = "0ns", force = "0ns" }
    west-db = { cores = 1000000, connections = 1000000, work = "0ns", force = "0ns" }

    [links]
    default = { delay = "0ns" }
    database = { delay = "0ns" }
    client = { delay = "0ns" }

    [tables]
    arrival = { owner = "east", database = "east-db", columns = { state = 0 } }
    departure = { owner = "west", database = "west-db", columns = { state = 0 } }

    [operations.arrive]
    keys = { visit = "new" }
    steps = [
        { name = "arrive", by = "east", table = "arrival", key = "visit",
          effect = { insert = { state = 1 } } },
    ]

    [operations.depart]
    keys = { visit = "new" }
    steps = [
        { name = "depart", by = "west", table = "departure", key = "visit",
          effect = { insert = { state = 1 } } },
    ]

    [load]
    arriving = { operation = "arrive", poisson = 50.0 }
    departing = { operation = "depart", poisson = 50.0 }

    [variants.two]
    pattern = "local-transaction"

    [variants.one]
    technique = { name = "consolidation", services = ["east", "west"] }
    pattern = "local-transaction"
"#;

/// Mean wait for a worker in multiples of the mean work.
fn wait_for_a_worker(told: &RecordedRun) -> f64 {
    let start = Time::from_nanos(5_000_000_000);
    let waits = told.pick(|record| match record.event {
        Event::Started { waited, .. } if record.time >= start => Some(waited.as_nanos()),
        _ => None,
    });
    let waits: Vec<u64> = waits.collect();
    waits.iter().sum::<u64>() as f64 / waits.len() as f64 / 1e7
}

#[test]
fn one_pool_of_two_workers_beats_two_pools_of_one() {
    // Each worker is busy for so much of the time, in either layout.
    const RHO: f64 = 50.0 * 0.01;
    let scenario = scenario(DESKS);
    let two = seeds::<8, _>(&scenario, "two", wait_for_a_worker);
    agrees("two M/M/1", two, RHO / (1.0 - RHO), 0.2);
    let one = seeds::<8, _>(&scenario, "one", |told| {
        let host = service(&scenario, "east");
        let mut services = told.pick(|record| match record.event {
            Event::Started { at: Station::Service(service), .. } => Some(service),
            _ => None,
        });
        assert!(services.all(|service| service == host));
        wait_for_a_worker(told)
    });
    // Erlang's C for two servers is 2 rho^2 / (1 + rho), over c (1 - rho).
    agrees("one M/M/2", one, RHO * RHO / (1.0 - RHO * RHO), 0.15);
}

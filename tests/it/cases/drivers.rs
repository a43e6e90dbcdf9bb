//! Drivers have capacity: they saturate, it shows, and more of them cure it.

use driftlab::checks::Verdict;
use driftlab::checks::measures::Measure;
use driftlab::checks::measures::capacity::{OF_POOL, WAITING, WAITING_MAX};
use driftlab::checks::measures::catalogue::{BUSIEST, DONE, LAG};
use driftlab::experiment::compare::Study;
use driftlab::experiment::result::CheckKind;
use driftlab::model::contract::role;
use driftlab::model::record::{Event, Station};
use driftlab::scenario::{Registries, Source, load, render};

use crate::whole::{RecordedRun, desk, scenario, tell, variant};

const TICKETS: &str = include_str!("driver-capacity.toml");
const RELAY: &str = include_str!("relay-throughput.toml");

fn run(text: &str, name: &str) -> RecordedRun {
    let scenario = scenario(text);
    tell(&scenario, variant(&scenario, name), 1)
}

fn of_pool(told: &RecordedRun, pool: &str, measure: &'static Measure) -> f64 {
    told.report.measures.number(measure.of_pool(&pool.into())).value().expect("it is measured")
}

/// A quantile of a measure in seconds.
fn quantile(told: &RecordedRun, measure: &'static Measure, share: f64) -> f64 {
    let values = &told.report.measures.values(measure).values;
    values[((values.len() - 1) as f64 * share) as usize] as f64 / 1e9
}

/// The warnings of a scenario, as they are shown.
fn warnings(text: &str) -> String {
    let source = Source { name: "test.toml".into(), text: text.into() };
    let (_, problems) = load(&source, &|_| unreachable!("no data"), &Registries::builtin());
    render(&source, &problems, false)
}

#[test]
fn at_the_default_capacity_the_drivers_saturate_and_more_of_them_cure_it() {
    let shorter = TICKETS.replace("load = \"6s\"", "load = \"4s\"");
    let saturated = [("two-phase-commit", role::COORDINATOR), ("orchestrated", role::ORCHESTRATOR)];
    for (name, pool) in saturated {
        let told = run(&shorter, name);
        assert!(of_pool(&told, pool, OF_POOL) > 0.95, "{name}");
        assert!(of_pool(&told, pool, WAITING) > 100.0, "{name}");
        assert!(quantile(&told, DONE, 0.5) > 0.3, "clients wait: {}", quantile(&told, DONE, 0.5));
    }
    let cured = [
        ("more-workers", role::ORCHESTRATOR),
        ("more-orchestrators", role::ORCHESTRATOR),
        ("more-coordinators", role::COORDINATOR),
    ];
    for (name, pool) in cured {
        let told = run(&shorter, name);
        let busy = of_pool(&told, pool, OF_POOL);
        assert!((0.3..0.75).contains(&busy), "{name}: {busy}");
        assert!(quantile(&told, DONE, 0.5) < 0.05, "{name}: {}", quantile(&told, DONE, 0.5));
    }
}

#[test]
fn validate_says_that_drivers_are_beyond_their_capacity() {
    let said = warnings(TICKETS);
    for (name, driver, busy) in [
        // A request, two rounds of work, votes, a decision; a request and three calls: 0.5 ms each.
        ("two-phase-commit", "coordinator", "4.0"),
        ("orchestrated", "orchestrator", "3.2"),
    ] {
        let expected = format!(
            "in the variant `{name}`, the load is beyond the capacity of the `{driver}`: it keeps \
             {busy} workers busy and has 2"
        );
        assert!(said.contains(&expected), "{said}");
    }
    assert_eq!(said.matches("beyond the capacity").count(), 2, "{said}");
}

#[test]
fn a_relay_that_takes_ten_a_second_of_fifteen_falls_behind_by_five() {
    let told = run(RELAY, "one-by-one");
    // 60 s of load, of which 50 s are measured: 300 are behind at their end.
    let most = of_pool(&told, role::RELAY, WAITING_MAX);
    assert!((most - 300.0).abs() < 60.0, "{most}");
    assert!(of_pool(&told, role::RELAY, OF_POOL) > 0.95, "it knows of more all the time");
    let busiest = told.report.measures.number(BUSIEST).value();
    assert_eq!(busiest, Some(of_pool(&told, role::RELAY, OF_POOL)));
    let lag = quantile(&told, LAG, 0.5);
    assert!((lag - 17.0).abs() < 4.0, "{lag}");
    let batches = run(RELAY, "batches");
    let busy = of_pool(&batches, role::RELAY, OF_POOL);
    assert!(busy < 0.4, "{busy}");
    assert!(quantile(&batches, LAG, 0.5) < 0.2);
}

#[test]
fn an_expectation_can_name_a_pool() {
    let expect = "[[expect]]\nmeasure = 'pools.relay.utilisation'\nbelow = 0.7\n";
    let comparison = Study::of(&scenario(&format!("{RELAY}\n{expect}")), [1]).compare();
    let comparison = comparison.expect("a seed");
    let judged = comparison.checks.iter().filter(|it| it.kind == CheckKind::Expectation);
    let judged: Vec<_> = judged.map(|it| (it.variant.as_str(), it.verdict)).collect();
    assert_eq!(judged, [("one-by-one", Verdict::Violated), ("batches", Verdict::Held)]);
}

#[test]
fn validate_says_that_the_relay_is_too_slow() {
    let said = warnings(RELAY);
    let expected = "in the variant `one-by-one`, the load is beyond the capacity of the `relay`: \
                    it is handed 15.0 events a second and takes 10";
    assert!(said.contains(expected), "{said}");
    assert_eq!(said.matches("beyond the capacity").count(), 1, "{said}");
}

#[test]
fn validate_says_that_brokers_are_beyond_their_capacity() {
    let says_so = |keys: &str| {
        let broker = format!("[broker]\nwork = '100ms'\n{keys}\n[variants.batches]");
        let said = warnings(&RELAY.replace("[variants.batches]", &broker));
        said.contains(
            "in the variant `batches`, the load is beyond the capacity of the `broker`: it keeps \
             1.5 workers busy and has 1",
        )
    };
    assert!(says_so("workers = 1"));
    assert!(!says_so("workers = 2"));
    assert!(!says_so("workers = 1\ninstances = 2"), "each has four partitions of eight");
}

#[test]
fn validate_says_what_a_job_asks_of_a_database() {
    let head = &RELAY[..RELAY.find("[variants").expect("variants")];
    let slow = head.replace("shop-db = {}", "shop-db = { work = '10ms', cores = 1 }");
    let sync = |batch: u32| {
        let settings = format!("{{ interval = '1s', overlap = '5s', batch = {batch} }}");
        let variant = "[variants.sync]\npattern = 'background-sync'\nsettings =";
        warnings(&format!("{slow}{variant} {settings}\n"))
    };
    // A run looks at 6 s of 15 orders, each found and read by itself: 2 x 90 x 10 ms a second, and
    // 15 x 10 ms of the orders themselves.
    let said = sync(1);
    let beyond = "the load is beyond the capacity of the database `shop-db`";
    assert!(said.contains(&format!("in the variant `sync`, {beyond}")), "{said}");
    assert!(!sync(100).contains(beyond), "two requests a run");
}

/// Erlang's C: the probability that all of `servers` are busy, at this load per server.
fn erlang_c(servers: u32, rho: f64) -> f64 {
    let offered = f64::from(servers) * rho;
    let mut term = 1.0;
    let mut sum = 0.0;
    for number in 0..servers {
        sum += term;
        term *= offered / f64::from(number + 1);
    }
    let last = term / (1.0 - rho);
    last / (sum + last)
}

/// An operation of one step under an orchestrator of these workers. A request and a call are two
/// visits of 1 ms; between them everything takes no time but the service, which never queues.
fn orchestra(workers: u32, rho: f64) -> String {
    let rate = rho * f64::from(workers) * 1e3 / 2.0;
    let own = format!(
        "[drivers]
         force = '0ns'
         orchestrator = {{ workers = {workers}, queue = 1000000,
                          work = {{ exponential = '1ms' }} }}
         [services.desk]
         workers = 100000
         work = {{ exponential = '20ms' }}"
    );
    let scenario = "name = 'orchestra'\nwarm-up = '5s'\nload = '25s'\nsettle = '30s'";
    let variant = "[variants.saga]\npattern = 'orchestrated'\nsingle-store = 'through-driver'";
    desk(scenario, &own, rate, variant)
}

#[test]
fn an_orchestrator_is_an_m_m_c_queue() {
    for (workers, rho) in [(1, 0.6), (2, 0.7), (4, 0.8)] {
        let text = orchestra(workers, rho);
        let scenario = scenario(&text);
        let told = tell(&scenario, &scenario.variants[0], 1);
        let waits = told.pick(|record| match record.event {
            Event::Started { at: Station::Driver(_), waited, .. } => Some(waited.as_nanos()),
            _ => None,
        });
        let waits: Vec<u64> = waits.collect();
        let mean = waits.iter().sum::<u64>() as f64 / waits.len() as f64 / 1e6;
        // In works of 1 ms. Requests come back between their visits: a network of Jackson's, in
        // which each visit waits as if arrivals were Poisson.
        let closed = erlang_c(workers, rho) / (f64::from(workers) * (1.0 - rho));
        assert!((mean / closed - 1.0).abs() < 0.1, "{workers}: {mean} {closed}");
        let busy = of_pool(&told, role::ORCHESTRATOR, OF_POOL);
        assert!((busy - rho).abs() < 0.03, "{busy} {rho}");
    }
}

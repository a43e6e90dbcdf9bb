//! The model's own service is a queue as the textbooks have it.
//!
//! One operation, one step; the work is the service's own, and everything else takes no time: so a
//! service with Poisson arrivals is M/M/1, M/M/2 or M/D/1. What is measured must agree with its own
//! closed form, and the same interval must exclude those of its neighbours.
//!
//! Closed forms: Erlang (1909, 1917), Pollaczek (1930) and Khinchine (1932); Little (1961).

use driftlab::checks::RunReport;
use driftlab::kernel::Span;
use driftlab::model::record::{Event, Kind, Record};

use crate::whole::{RecordedRun, desk, scenario, tell};

const ARRIVALS_PER_SECOND: f64 = 120.0;
/// Each worker's share of the load.
const UTILISATION: f64 = 0.6;
const SEEDS: u64 = 10;
/// Student's t with `SEEDS - 1` degrees of freedom, two-sided 99 %.
const STUDENT: f64 = 3.250;
const WARM_UP: u64 = 10_000_000_000;
const END: u64 = 40_000_000_000;

/// A queue with Poisson arrivals, and what is known of it.
struct Queue {
    name: &'static str,
    servers: u32,
    exponential: bool,
}

const MM1: Queue = Queue { name: "M/M/1", servers: 1, exponential: true };
const MM2: Queue = Queue { name: "M/M/2", servers: 2, exponential: true };
const MD1: Queue = Queue { name: "M/D/1", servers: 1, exponential: false };

impl Queue {
    /// Mean work of a request in seconds.
    fn work(&self) -> f64 {
        UTILISATION * f64::from(self.servers) / ARRIVALS_PER_SECOND
    }

    /// Mean wait in multiples of the mean work.
    fn wait_in_works(&self) -> f64 {
        let rho = UTILISATION;
        match (self.servers, self.exponential) {
            (1, true) => rho / (1.0 - rho),
            (1, false) => rho / (2.0 * (1.0 - rho)),
            // Erlang's C for two servers is 2 rho^2 / (1 + rho), over c (1 - rho).
            _ => rho * rho / ((1.0 + rho) * (1.0 - rho)),
        }
    }

    /// The system: a service with these workers, and a database and links that cost nothing.
    fn scenario(&self) -> String {
        let nanos = (self.work() * 1e9).round();
        let work = if self.exponential {
            format!("{{ exponential = '{nanos}ns' }}")
        } else {
            format!("'{nanos}ns'")
        };
        let service = format!(
            "[clients]
             deadline = '60s'
             [services.desk]
             workers = {}
             queue = 1000000
             work = {work}",
            self.servers
        );
        let scenario = "name = 'queue'\nwarm-up = '10s'\nload = '40s'\nsettle = '30s'";
        let variant = "[variants.local]\npattern = 'local-transaction'";
        desk(scenario, &service, ARRIVALS_PER_SECOND, variant)
    }

    /// The observation of one run, in multiples of the mean work, or as a mean number.
    fn observe(&self, told: &RecordedRun) -> Observed {
        let measured = |record: &&Record| (WARM_UP..END).contains(&record.time.as_nanos());
        let mean = |span: fn(&Event) -> Option<Span>| {
            let spans = told.records.iter().filter(measured);
            let spans = spans.filter_map(|record| Some(span(&record.event)?.as_nanos()));
            let spans: Vec<u64> = spans.collect();
            spans.iter().sum::<u64>() as f64 / spans.len() as f64 / 1e9 / self.work()
        };
        Observed {
            wait: mean(|event| match event {
                Event::Started { waited, .. } => Some(*waited),
                _ => None,
            }),
            sojourn: mean(|event| match event {
                Event::Finished { stayed, .. } => Some(*stayed),
                _ => None,
            }),
            waiting: time_average(told, Kind::Queued, Kind::Started),
            inside: time_average(told, Kind::Queued, Kind::Finished),
        }
    }
}

struct Observed {
    wait: f64,
    sojourn: f64,
    waiting: f64,
    inside: f64,
}

/// How many have entered and not left, averaged over the measured time.
fn time_average(told: &RecordedRun, enter: Kind, leave: Kind) -> f64 {
    let (mut area, mut count, mut since) = (0_u128, 0_u64, WARM_UP);
    for record in &told.records {
        let now = record.time.as_nanos().clamp(WARM_UP, END);
        area += u128::from(count) * u128::from(now - since);
        since = now;
        if record.kind() == enter {
            count += 1;
        } else if record.kind() == leave {
            count -= 1;
        }
    }
    area as f64 / (END - WARM_UP) as f64
}

/// Mean and half the width of its confidence interval.
fn interval(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    (mean, STUDENT * (squares / (n - 1.0) / n).sqrt())
}

/// The own closed form lies within the interval, those of the neighbours do not.
fn agrees(what: &str, values: &[f64], own: f64, neighbours: [f64; 2]) {
    let (mean, half) = interval(values);
    assert!((own - mean).abs() <= half, "{what}: {own:.4} is not within {mean:.4} +- {half:.4}");
    for other in neighbours {
        assert!(
            (other - mean).abs() > half,
            "{what}: {mean:.4} +- {half:.4} does not tell {own:.4} from {other:.4}"
        );
    }
}

/// Checks what holds exactly in every run, whatever was drawn.
fn adds_up(report: &RunReport) {
    let named = |part: &str| {
        let found = report.self_checks.iter().find(|check| check.name.contains(part));
        found.unwrap_or_else(|| panic!("a self-check of {part}"))
    };
    // Little's law: the area of the requests inside is the sum of their sojourn times.
    let little = named("summed sojourns");
    assert!(little.left > 0 && little.left == little.right, "{little:?}");
    // The utilisation law: nothing but drawn work keeps a worker of this service busy.
    let busy = named("drawn work");
    assert!(busy.left > 0 && busy.left == busy.right, "{busy:?}");
}

fn check(queue: &Queue, neighbours: [&Queue; 2]) {
    let scenario = scenario(&queue.scenario());
    let observed: Vec<Observed> = (1..=SEEDS)
        .map(|seed| {
            let told = tell(&scenario, &scenario.variants[0], seed);
            adds_up(&told.report);
            queue.observe(&told)
        })
        .collect();
    let values = |of: fn(&Observed) -> f64| observed.iter().map(of).collect::<Vec<_>>();
    let wait = queue.wait_in_works();
    let others = neighbours.map(Queue::wait_in_works);
    let name = queue.name;
    agrees(&format!("{name}: wait"), &values(|o| o.wait), wait, others);
    let and_work = others.map(|other| other + 1.0);
    agrees(&format!("{name}: sojourn"), &values(|o| o.sojourn), wait + 1.0, and_work);
    // Little: as many wait, or are inside, as arrive during a mean wait, or sojourn.
    let during = |works: f64| ARRIVALS_PER_SECOND * queue.work() * works;
    let many = others.map(during);
    agrees(&format!("{name}: waiting"), &values(|o| o.waiting), during(wait), many);
    let many = and_work.map(during);
    agrees(&format!("{name}: inside"), &values(|o| o.inside), during(wait + 1.0), many);
}

#[test]
fn one_worker_with_exponential_work_is_mm1() {
    check(&MM1, [&MM2, &MD1]);
}

#[test]
fn two_workers_with_exponential_work_are_mm2() {
    check(&MM2, [&MM1, &MD1]);
}

#[test]
fn one_worker_with_constant_work_is_md1() {
    check(&MD1, [&MM1, &MM2]);
}

//! The rows of the table and the growth curves: what is measured, and what is read off it.

use crate::hold::Way;
use crate::job::{Cost, Job};

/// How a number is read off the cost of each job.
pub type Reading = Box<dyn Fn(&[Cost]) -> f64>;

/// One number, and the jobs that it is computed from.
pub struct Row {
    /// The row's name, by which aims and baseline know it.
    pub name: String,
    pub unit: &'static str,
    /// True of a rate: more is better.
    pub is_rate: bool,
    pub jobs: Vec<Job>,
    pub value: Reading,
    /// True if all jobs do the same work, and come to the same outcome.
    pub are_alike: bool,
}

/// How cost grows with one size.
pub struct Curve {
    pub name: String,
    /// The sizes, ascending.
    pub points: Vec<(u64, Job)>,
}

/// The variants of the main and of the quiet scenario, and how many events the kernel had for each
/// operation of the main one before events were merged. These stay as they are: who does the same
/// with fewer events is faster.
const VARIANTS: [(&str, f64); 5] = [
    ("two-phase-commit", 134.8),
    ("background-sync", 93.7),
    ("orchestrated", 120.0),
    ("events-outbox", 130.4),
    ("events-log-tailing", 160.0),
];

/// How much longer the load of the long runs is.
const LONGER: u64 = 11;

/// The number of services of the largest estate, and of initial rows of the largest table.
const SERVICES: u64 = 1_000;
const ROWS: u64 = 10_000_000;

const MEGA: f64 = 1e6;

fn rate(costs: &[Cost]) -> f64 {
    costs[0].count / costs[0].nanos * 1e9
}

fn ratio(costs: &[Cost]) -> f64 {
    costs[0].nanos / costs[1].nanos
}

fn worst_peak(costs: &[Cost]) -> f64 {
    costs.iter().map(|cost| cost.peak).fold(0.0, f64::max) / MEGA
}

fn total(costs: &[Cost], of: fn(&Cost) -> f64) -> f64 {
    costs.iter().map(of).sum()
}

impl Row {
    fn new(
        name: impl Into<String>,
        unit: &'static str,
        jobs: Vec<Job>,
        value: impl Fn(&[Cost]) -> f64 + 'static,
    ) -> Self {
        let (name, value) = (name.into(), Box::new(value));
        Self { name, unit, is_rate: unit.ends_with("/s"), jobs, value, are_alike: false }
    }

    fn alike(self) -> Self {
        Self { are_alike: true, ..self }
    }
}

/// Gives the jobs their sizes: those of the table, or such small ones that a test can run them.
#[derive(Clone, Copy)]
pub struct Sizes {
    pub are_full: bool,
}

impl Sizes {
    fn of(self, full: u64, small: u64) -> u64 {
        if self.are_full { full } else { small }
    }

    /// New tickets a second in the main scenario.
    fn rate(self) -> u64 {
        self.of(20, 1)
    }

    /// How long the load of the main scenario is, and how long that of long runs.
    fn loads(self) -> [u64; 2] {
        [1, LONGER].map(|times| self.of(240 * times, 180 + times))
    }

    fn run_for(self, seconds: u64, variant: &str, judged: bool) -> Job {
        Job::Run { variant: variant.into(), seconds, rate: self.rate(), judged }
    }

    fn run(self, variant: &str, judged: bool) -> Job {
        self.run_for(self.loads()[0], variant, judged)
    }

    fn runs(self, judged: bool) -> impl Iterator<Item = Job> {
        VARIANTS.iter().map(move |(variant, _)| self.run(variant, judged))
    }

    fn compare(self, seeds: u64, threads: usize) -> Job {
        Job::Compare { rate: self.rate(), seeds: self.of(seeds, 1), threads }
    }

    fn estate(self, variant: &str, services: u64) -> Job {
        let services = self.of(services, 8);
        Job::Estate { variant: variant.into(), services, seconds: self.of(60, 2) }
    }

    fn table(self, rows: u64) -> Job {
        let rows = self.of(rows, 1_000);
        Job::Rows { variant: "two-phase-commit".into(), rows, seconds: self.of(120, 11) }
    }

    fn kernel(self) -> Vec<Row> {
        let mut rows = Vec::new();
        for (shown, pending, events) in
            [("1k", 1_000, 500_000), ("100k", 100_000, 500_000), ("1M", 1_000_000, 1_000_000)]
        {
            let (pending, events) = (self.of(pending, 20), self.of(events, 100));
            let hold = |way| Job::Hold { way, pending, events };
            for (way, name) in [
                (Way::Processes, "the kernel"),
                (Way::TwoLevel, "a loop on its queue"),
                (Way::RadixHeap, "a loop on the radix heap"),
                (Way::BinaryHeap, "a loop on std's heap"),
            ] {
                let name = format!("hold {shown} pending, {name}");
                let jobs = vec![hold(way), hold(Way::QuadHeap)];
                rows.push(Row::new(name, "x a loop on the 4-ary heap", jobs, ratio).alike());
            }
        }
        for (shown, timeout_ms) in [("20 ms", 20), ("1 s", 1_000)] {
            let requests = self.of(300_000, 200);
            let by = |by_processes| Job::Request { by_processes, timeout_ms, requests };
            let name = format!("request and response, timeout {shown}");
            let row = Row::new(name, "x callbacks on std's heap", vec![by(true), by(false)], ratio);
            rows.push(row.alike());
        }
        rows
    }

    fn model(self) -> Vec<Row> {
        let mut rows = Vec::new();
        for (variant, events) in VARIANTS {
            let jobs = vec![self.run(variant, false), self.run(variant, true)];
            let value = move |of: &[Cost]| of[0].nanos / of[1].count / events;
            let name = format!("model, {variant}");
            rows.push(Row::new(name, "ns per event of old", jobs, value).alike());
        }
        let both = || self.runs(false).chain(self.runs(true)).collect::<Vec<_>>();
        let split = |of: &[Cost]| {
            let (plain, judged) = of.split_at(VARIANTS.len());
            (
                total(plain, |it| it.nanos),
                total(judged, |it| it.nanos),
                total(judged, |it| it.count),
            )
        };
        rows.push(Row::new("judges, of a run", "%", both(), move |of| {
            let (plain, judged, _) = split(of);
            100.0 * (judged - plain) / judged
        }));
        rows.push(Row::new("judges, for an operation", "us", both(), move |of| {
            let (plain, judged, count) = split(of);
            (judged - plain) / count / 1e3
        }));
        rows.push(Row::new("main scenario", "messages/s", self.runs(false).collect(), |of| {
            total(of, |it| it.messages) / total(of, |it| it.nanos) * 1e9
        }));
        rows.push(Row::new(
            "waits that end within a poll",
            "% of events",
            self.runs(false).collect(),
            |of| 100.0 * total(of, |it| it.passed) / total(of, |it| it.events),
        ));
        let jobs = vec![self.compare(3, 1)];
        rows.push(Row::new("comparison of the main scenario", "operations/s", jobs, rate));
        rows
    }

    fn short_runs(self) -> Vec<Row> {
        let single = Job::SingleTransaction { runs: self.of(5_000, 2) };
        let relay = Job::RelayRace { seconds: self.of(600, 20) };
        let mut rows = vec![
            Row::new("a run for one two-phase commit", "runs/s", vec![single], rate),
            Row::new("service to service, no database", "messages/s", vec![relay], rate),
        ];
        for variant in ["two-phase-commit", "orchestrated", "events-outbox"] {
            let job = Job::Fuzz { variant: variant.into(), runs: self.of(1_024, 4) };
            let name = format!("fuzz, 20 operations, {variant}");
            rows.push(Row::new(name, "runs/s", vec![job], rate));
        }
        rows
    }

    fn large(self) -> Vec<Row> {
        let mut rows = Vec::new();
        let long_and_short = |variant| {
            let [short, long] = self.loads().map(|seconds| self.run_for(seconds, variant, true));
            vec![long, short]
        };
        for (variant, _) in VARIANTS {
            let jobs = long_and_short(variant);
            let name = format!("kept for good, {variant}");
            rows.push(Row::new(name, "bytes for each operation", jobs, |of| {
                (of[0].peak - of[1].peak) / (of[0].count - of[1].count)
            }));
        }
        for (variant, _) in VARIANTS {
            let name = format!("{SERVICES} services, {} kinds, {variant}", SERVICES / 4);
            let jobs = vec![self.estate(variant, SERVICES)];
            rows.push(Row::new(name, "MB at peak", jobs, worst_peak));
        }
        let table = vec![self.table(ROWS)];
        rows.push(Row::new("10^7 initial rows", "MB at peak", table, worst_peak));
        let jobs = long_and_short("background-sync");
        let name = format!("background-sync, {LONGER} x the operations");
        rows.push(Row::new(name, "x the time", jobs, |of| {
            let each = |cost: &Cost| cost.nanos / cost.count;
            LONGER as f64 * each(&of[0]) / each(&of[1])
        }));
        rows
    }

    /// The rows of the table.
    pub fn rows(self) -> Vec<Row> {
        let mut rows = self.kernel();
        rows.extend(self.model());
        rows.extend(self.short_runs());
        rows.extend(self.large());
        rows
    }

    /// The growth curves.
    pub fn curves(self) -> Vec<Curve> {
        let curve = |name: String, points| Curve { name, points };
        let mut curves = Vec::new();
        for (variant, _) in VARIANTS {
            let points = self.loads().map(|load| (load, self.run_for(load, variant, true)));
            curves.push(curve(format!("load in seconds, {variant}"), points.into()));
        }
        for (variant, _) in VARIANTS {
            let sizes = [SERVICES / 100, SERVICES / 10, SERVICES];
            let points = sizes.map(|size| (size, self.estate(variant, size)));
            curves.push(curve(format!("services, {variant}"), points.into()));
        }
        let points = [ROWS / 10_000, ROWS / 100, ROWS].map(|rows| (rows, self.table(rows)));
        curves.push(curve("initial rows".into(), points.into()));
        let points = [1, 3, 9].map(|seeds| (seeds, self.compare(seeds, 1)));
        curves.push(curve("seeds".into(), points.into()));
        let points = [1, 2, 4].map(|threads| (threads, self.compare(3, threads as usize)));
        curves.push(curve("threads".into(), points.into()));
        curves
    }

    /// The short list whose instructions are counted.
    pub fn profiled(self) -> Vec<(&'static str, Job)> {
        let hold = |way| Job::Hold { way, pending: 1_000, events: self.of(100_000, 100) };
        let fuzz = Job::Fuzz { variant: "orchestrated".into(), runs: self.of(128, 4) };
        vec![
            ("hold 1k pending, the kernel", hold(Way::Processes)),
            ("hold 1k pending, a loop on the 4-ary heap", hold(Way::QuadHeap)),
            ("main scenario, two-phase-commit, judged", self.run("two-phase-commit", true)),
            ("fuzz, one batch, orchestrated", fuzz),
        ]
    }
}

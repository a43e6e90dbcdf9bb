//! The table of what driftlab costs: `cargo bench`. `benches/README.md` says how to run it and how
//! to read what it prints.
//!
//! Without `--bench`, or with `--test`, as under `cargo test --benches`, every job runs once,
//! small, and nothing is measured.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark reads the clock and prints"
)]

mod baseline;
mod callgrind;
mod estate;
mod hold;
mod job;
mod measure;
mod model;
mod output;
mod relay_race;
mod request;
mod rows;

use std::collections::BTreeSet;

use baseline::Baseline;
use job::Job;
use rows::Sizes;

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The wishes of the command line.
struct Options {
    /// Words; only what contains one of them is measured.
    only: Vec<String>,
    rounds: u32,
    sizes: Sizes,
    record: bool,
    fill: bool,
    callgrind: bool,
}

impl Options {
    fn of(arguments: &[String]) -> Self {
        let given = |flag: &str| arguments.iter().any(|argument| argument == flag);
        let rounds = arguments.iter().find_map(|argument| argument.strip_prefix("--rounds="));
        let are_full = given("--bench") && !given("--test");
        let default = if are_full { 5 } else { 1 };
        Self {
            only: arguments.iter().filter(|it| !it.starts_with('-')).cloned().collect(),
            rounds: rounds.map_or(default, |rounds| rounds.parse().expect("a number of rounds")),
            sizes: Sizes { are_full },
            record: given("--record"),
            fill: given("--fill"),
            callgrind: given("--callgrind"),
        }
    }

    fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|word| name.contains(word.as_str()))
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, job] = arguments.as_slice()
        && flag == "--job"
    {
        let job: Job = serde_json::from_str(job).expect("a job");
        println!("{}", serde_json::to_string(&job.run()).expect("a cost is data"));
        return;
    }
    let options = Options::of(&arguments);
    let mut baseline = Baseline::read();
    if options.callgrind {
        count_instructions(&options, &mut baseline);
    } else {
        measure_all(&options, &mut baseline);
    }
    if options.record {
        baseline.write();
    }
}

fn count_instructions(options: &Options, baseline: &mut Baseline) {
    let mut jobs = options.sizes.profiled();
    jobs.retain(|(name, _)| options.wants(name));
    match callgrind::table(&jobs, baseline, options.record) {
        Some(table) => show(options, "instructions", &table),
        None => println!("valgrind is not installed: no instructions were counted"),
    }
}

fn measure_all(options: &Options, baseline: &mut Baseline) {
    let (rows, curves) = (options.sizes.rows(), options.sizes.curves());
    let aims = baseline::aims();
    for name in aims.keys() {
        assert!(rows.iter().any(|row| row.name == *name), "an aim of no row: {name}");
    }
    let rows: Vec<_> = rows.iter().filter(|row| options.wants(&row.name)).collect();
    let curves: Vec<_> = curves.iter().filter(|curve| options.wants(&curve.name)).collect();
    let of_rows = rows.iter().flat_map(|row| &row.jobs);
    let of_curves = curves.iter().flat_map(|curve| curve.points.iter().map(|(_, job)| job));
    let jobs: BTreeSet<Job> = of_rows.chain(of_curves).cloned().collect();
    let yardstick = if options.sizes.are_full { 3_000_000 } else { 100 };
    eprintln!("{} jobs, {} rounds", jobs.len(), options.rounds);
    let samples = measure::samples(jobs, options.rounds, yardstick);
    let values: Vec<_> = rows.iter().map(|row| (*row, row.measure(&samples))).collect();
    if !options.sizes.are_full {
        return;
    }
    let (table, misses) = output::rows(&values, &aims, baseline);
    show(options, "table", &table);
    if !misses.is_empty() {
        show(options, "misses", &misses);
    }
    if !curves.is_empty() {
        show(options, "curves", &output::curves(&curves, &samples));
    }
    if options.record {
        let recorded = values.iter().map(|(row, value)| (row.name.clone(), (*value).into()));
        baseline.rows.extend(recorded);
    }
}

/// Prints a part of the results and, if that was asked for, puts it into `benches/README.md`.
fn show(options: &Options, part: &str, text: &str) {
    println!("{text}");
    if options.fill {
        let path = baseline::file("README.md");
        let page = std::fs::read_to_string(&path).expect("the page");
        let (begin, end) = (format!("<!-- {part} -->\n"), format!("<!-- end of {part} -->"));
        let (before, rest) = page.split_once(&begin).expect("where the part begins");
        let (_, after) = rest.split_once(&end).expect("where the part ends");
        let page = format!("{before}{begin}\n{text}\n{end}{after}");
        std::fs::write(path, page).expect("the page can be written");
    }
}

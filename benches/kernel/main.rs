//! The cost of processes over loops written by hand: `cargo bench --bench kernel`.
//!
//! Every block of the table is one piece of work, done by the kernel's processes and by bare loops
//! with the same draws and the same outcome. Rounds are interleaved and the least time of each way
//! counts, so that the ratios hold on a machine that is shared. A word behind `--` chooses the
//! blocks whose names contain it. Without `--bench`, or with `--test`, as under `cargo test
//! --benches`, every way runs once, small.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    reason = "a benchmark reads the clock and prints"
)]

mod hold;
mod request;

use std::time::{Duration, Instant};

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// One way to do a piece of work.
struct Way {
    name: &'static str,
    run: Box<dyn Fn() -> Measured>,
}

impl Way {
    fn new(name: &'static str, run: impl Fn() -> Measured + 'static) -> Self {
        Self { name, run: Box::new(run) }
    }
}

/// The time of one round, preparation excluded, and a checksum of its outcome.
struct Measured {
    took: Duration,
    outcome: u64,
}

impl Measured {
    fn of(work: impl FnOnce() -> u64) -> Self {
        let begin = Instant::now();
        let outcome = work();
        Self { took: begin.elapsed(), outcome }
    }
}

/// A piece of work; the first way is the kernel's.
struct Case {
    name: String,
    /// How many events or requests one round is.
    size: u64,
    rounds: u32,
    ways: Vec<Way>,
}

impl Case {
    /// The least nanoseconds per event of every way.
    ///
    /// # Panics
    ///
    /// If the ways differ in their outcome.
    fn measure(&self) -> Vec<f64> {
        let mut least = vec![Duration::MAX; self.ways.len()];
        let mut outcome = None;
        for _ in 0..self.rounds {
            for (way, least) in self.ways.iter().zip(&mut least) {
                let measured = (way.run)();
                *least = measured.took.min(*least);
                let expected = *outcome.get_or_insert(measured.outcome);
                assert_eq!(measured.outcome, expected, "{}: {}", self.name, way.name);
            }
        }
        least.iter().map(|took| took.as_nanos() as f64 / self.size as f64).collect()
    }
}

fn main() {
    let given = |flag: &str| std::env::args().any(|arg| arg == flag);
    let timed = given("--bench") && !given("--test");
    let mut cases = hold::cases(timed);
    cases.extend(request::cases(timed));
    let only = std::env::args().skip(1).find(|arg| !arg.starts_with('-'));
    for case in cases {
        if only.as_ref().is_some_and(|only| !case.name.contains(only.as_str())) {
            continue;
        }
        let each = case.measure();
        if timed {
            println!("{}", case.name);
            for (way, nanos) in case.ways.iter().zip(&each) {
                let ratio = each[0] / nanos;
                println!("    {:32} {nanos:8.1} ns   kernel is {ratio:5.2} x this", way.name);
            }
        }
    }
}

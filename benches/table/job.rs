//! The jobs that are measured. Each runs in a process of its own, so that its processor time and
//! its peak of memory are its own, and so that a profiler can run it alone.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use driftlab::kernel::Span;
use serde::{Deserialize, Serialize};

use crate::{estate, hold, model, request};

/// A piece of work with its size.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Job {
    /// A loop that uses nothing of driftlab: how fast the machine is just now.
    Yardstick { events: u64 },
    /// The hold model.
    Hold { way: hold::Way, pending: u64, events: u64 },
    /// Requests and responses with a timeout.
    Request { by_processes: bool, timeout_ms: u64, requests: u64 },
    /// Runs of a single transaction through two-phase commit.
    SingleTransaction { runs: u64 },
    /// Operations that only send messages between services.
    RelayRace { seconds: u64 },
    /// One run of the main scenario, with so long a load of so many new tickets a second.
    Run { variant: String, seconds: u64, rate: u64, judged: bool },
    /// A comparison of the main scenario, from its text to the bytes of its report.
    Compare { rate: u64, seeds: u64, threads: usize },
    /// Fuzzing with twenty operations a run.
    Fuzz { variant: String, runs: u64 },
    /// One judged run of an estate of so many services, with an operation kind for every four.
    Estate { variant: String, services: u64, seconds: u64 },
    /// One judged run on a table with so many rows to begin with.
    Rows { variant: String, rows: u64, seconds: u64 },
}

/// The work that a job did.
#[derive(Default)]
pub struct Done {
    /// How much it did of what it is counted in.
    pub count: u64,
    /// The messages that travelled.
    pub messages: u64,
    /// How often the kernel resumed a process.
    pub events: u64,
    /// How many of these were waits that ended within a poll.
    pub passed: u64,
    /// A checksum of what came out of it.
    pub outcome: u64,
}

/// The work that a job did and its cost.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct Cost {
    /// Processor time of all threads, in nanoseconds, without preparation.
    pub nanos: f64,
    /// The peak of resident memory, preparation included, in bytes; zero where it is not known.
    pub peak: f64,
    /// See [`Done::count`].
    pub count: f64,
    /// See [`Done::messages`].
    pub messages: f64,
    /// See [`Done::events`].
    pub events: f64,
    /// See [`Done::passed`].
    pub passed: f64,
    /// See [`Done::outcome`].
    pub outcome: u64,
}

/// Does the work that counts. Its name is what a profiler looks for.
#[inline(never)]
pub fn measured(work: impl FnOnce() -> Done) -> Cost {
    let begin = processor_time();
    let done = work();
    let took = processor_time() - begin;
    Cost {
        nanos: took.as_nanos() as f64,
        peak: peak_of_memory(),
        count: done.count as f64,
        messages: done.messages as f64,
        events: done.events as f64,
        passed: done.passed as f64,
        outcome: done.outcome,
    }
}

/// The time that this process spent on processors, or else the time of day.
fn processor_time() -> Duration {
    #[cfg(unix)]
    {
        let clock = nix::time::ClockId::CLOCK_PROCESS_CPUTIME_ID;
        clock.now().expect("a process has a clock").into()
    }
    #[cfg(not(unix))]
    std::time::UNIX_EPOCH.elapsed().expect("the epoch is over")
}

/// The peak of resident memory so far, in bytes, where the system tells it (Linux).
fn peak_of_memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = peak.and_then(|peak| peak.trim().strip_suffix(" kB")?.parse::<f64>().ok());
    kilobytes.map_or(0.0, |kilobytes| kilobytes * 1024.0)
}

impl Job {
    /// Does the work, in this process.
    pub fn run(&self) -> Cost {
        match *self {
            Self::Yardstick { events } => yardstick(events),
            Self::Hold { way, pending, events } => hold::hold(way, pending, events),
            Self::Request { by_processes, timeout_ms, requests } => {
                request::request(by_processes, Span::from_millis(timeout_ms), requests)
            }
            Self::SingleTransaction { runs } => model::single_transaction(runs),
            Self::RelayRace { seconds } => model::relay_race(seconds),
            Self::Run { ref variant, seconds, rate, judged } => {
                model::run_main(&model::main_scenario(seconds, rate), variant, judged)
            }
            Self::Compare { rate, seeds, threads } => model::compare(rate, seeds, threads),
            Self::Fuzz { ref variant, runs } => model::fuzz(variant, runs),
            Self::Estate { ref variant, services, seconds } => {
                estate::run(variant, services, seconds)
            }
            Self::Rows { ref variant, rows, seconds } => model::rows(variant, rows, seconds),
        }
    }
}

/// Takes so many events off the standard library's heap of one hundred and puts each back at a
/// random time. No change of driftlab changes what it costs.
fn yardstick(events: u64) -> Cost {
    const PENDING: u64 = 100;
    let mut state = 1_u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % 1_000_000
    };
    let mut heap: BinaryHeap<_> = (0..PENDING).map(|who| Reverse((random(), who))).collect();
    measured(|| {
        let mut outcome = 0;
        for _ in 0..events {
            let Reverse((now, who)) = heap.pop().expect("as many are pending as ever");
            outcome ^= now;
            heap.push(Reverse((now + random(), who)));
        }
        Done { count: events, outcome, ..Done::default() }
    })
}

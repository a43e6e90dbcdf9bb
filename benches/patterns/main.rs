//! The cost of the whole model: `cargo bench --bench patterns`.
//!
//! Every line is one kind of run, with the rate at which it does what it is counted in, and beside
//! it a loop written by hand that does nothing but take as many events off a 4-ary heap, one random
//! draw each. Rounds of both are interleaved and the least time of each counts, in seconds of the
//! processor where the system tells them (Linux), so that the ratio holds on a machine that is
//! shared. A word behind `--` chooses the lines whose names contain it.
//! Without `--bench`, or with `--test`, as under `cargo test --benches`, all run once, small.

#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark reads the clock and prints what it measured"
)]

mod relay_race;
mod work;

use std::time::{Duration, Instant};

use driftlab::kernel::queue::{Entry, Key, PendingSet, QuadHeap};
use driftlab::kernel::{Dist, Purpose, RandomStreams, Span, Time};

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A case that is ready for its rounds.
struct Round {
    /// How much it does of what the case is counted in.
    count: u64,
    /// Does it; gives how many times the kernel resumed a process.
    run: Box<dyn Fn() -> u64>,
}

/// One kind of run.
struct Case {
    name: String,
    /// The unit that it is counted in.
    unit: &'static str,
    prepare: Box<dyn Fn() -> Round>,
}

/// The outcome of a case.
struct Measured {
    count: f64,
    events: f64,
    own: Duration,
    bare: Duration,
}

impl Case {
    fn new(name: &str, unit: &'static str, prepare: impl Fn() -> Round + 'static) -> Self {
        Self { name: name.into(), unit, prepare: Box::new(prepare) }
    }

    fn measure(&self, rounds: u32) -> Measured {
        let Round { count, run } = (self.prepare)();
        let (mut own, mut bare) = (Duration::MAX, Duration::MAX);
        let mut first = None;
        for _ in 0..rounds {
            let begin = Clock::now();
            let events = run();
            own = own.min(begin.elapsed());
            assert_eq!(*first.get_or_insert(events), events, "{}: rounds are alike", self.name);
            let begin = Clock::now();
            std::hint::black_box(bare_loop(events));
            bare = bare.min(begin.elapsed());
        }
        let events = first.expect("there is a round") as f64;
        Measured { count: count as f64, events, own, bare }
    }
}

/// The time that this thread spent on a processor, or else the time of day.
struct Clock {
    on_processor: Option<Duration>,
    of_day: Instant,
}

impl Clock {
    fn now() -> Self {
        // A pause brings the system's books up to date.
        std::thread::sleep(Duration::from_micros(100));
        let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
        let nanos = told.and_then(|text| text.split(' ').next()?.parse().ok());
        Self { on_processor: nanos.map(Duration::from_nanos), of_day: Instant::now() }
    }

    fn elapsed(&self) -> Duration {
        let now = Self::now();
        match (now.on_processor, self.on_processor) {
            (Some(now), Some(then)) => now - then,
            _ => now.of_day - self.of_day,
        }
    }
}

/// How many events are pending in the bare loop; the scenarios have from ten to some hundreds.
const PENDING: u64 = 100;

/// Takes so many events off a 4-ary heap and puts each back at a random time.
fn bare_loop(events: u64) -> u64 {
    let mut stream = RandomStreams::new(1).stream(Purpose::Delay, 0);
    let dist = Dist::Exponential { mean: Span::from_millis(10) };
    let mut queue = QuadHeap::new();
    let mut sequence = 0;
    let mut again = |queue: &mut QuadHeap, now: Time, who: u32| {
        sequence += 1;
        queue.push(Entry::new(now + dist.sample(&mut stream), Key::new(sequence, false, who)));
    };
    for who in 0..PENDING {
        again(&mut queue, Time::ZERO, who as u32);
    }
    let mut seen = 0;
    for _ in 0..events {
        let entry = queue.pop_next(Time::NEVER).expect("as many are pending as ever");
        seen ^= entry.time().as_nanos();
        again(&mut queue, entry.time(), entry.key().slot());
    }
    seen
}

fn main() {
    let given = |flag: &str| std::env::args().any(|arg| arg == flag);
    let timed = given("--bench") && !given("--test");
    let only = std::env::args().skip(1).find(|arg| !arg.starts_with('-'));
    let rounds = if timed { 7 } else { 1 };
    for case in work::cases(timed) {
        if only.as_ref().is_some_and(|only| !case.name.contains(only.as_str())) {
            continue;
        }
        let Measured { count, events, own, bare } = case.measure(rounds);
        if timed {
            println!(
                "{:42} {:9.0} {:10}/s {:7.0} ns, {:5.1} events each, {:4.1} x the bare loop",
                case.name,
                count / own.as_secs_f64(),
                case.unit,
                own.as_nanos() as f64 / count,
                events / count,
                own.as_secs_f64() / bare.as_secs_f64(),
            );
        }
    }
}

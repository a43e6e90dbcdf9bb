//! The hold model: so many are pending; each, when it is due, becomes pending again.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::rc::Rc;

use driftlab::kernel::queue::{Entry, Key, PendingSet, QuadHeap, RadixHeap, TwoLevel};
use driftlab::kernel::{
    Dist, Fingerprint, NodeId, Purpose, RandomStreams, Sim, Simulation, Span, Stream, Time,
};
use serde::{Deserialize, Serialize};

use crate::job::{Cost, Done, measured};

/// The ways to do it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Way {
    /// The kernel's processes.
    Processes,
    /// A loop on the queue that they wait in.
    TwoLevel,
    /// A loop on the kernel's 4-ary heap.
    QuadHeap,
    /// A loop on the kernel's radix heap.
    RadixHeap,
    /// A loop on the binary heap of the standard library.
    BinaryHeap,
}

/// The work of every event: one exponential draw, one step of a fingerprint.
struct Work {
    stream: Stream,
    dist: Dist,
    seen: Fingerprint,
    left: u64,
}

impl Work {
    fn new(events: u64) -> Self {
        Self {
            stream: RandomStreams::new(1).stream(Purpose::Delay, 0),
            dist: Dist::Exponential { mean: Span::from_millis(10) },
            seen: Fingerprint::default(),
            left: events,
        }
    }

    #[inline]
    fn delay(&mut self) -> Span {
        self.dist.sample(&mut self.stream)
    }

    #[inline]
    fn see(&mut self, now: Time, who: u64) -> bool {
        self.seen.word(now.as_nanos() ^ who);
        self.left -= 1;
        self.left == 0
    }
}

/// The memory that an event touches, as a process touches its own.
#[repr(align(64))]
#[derive(Clone, Default)]
struct Entity([u64; 8]);

async fn holder(sim: Sim, work: Rc<RefCell<Work>>, who: u64, visits: Rc<Cell<u64>>) {
    let mut own = 0_u64;
    loop {
        let delay = work.borrow_mut().delay();
        sim.sleep(delay).await;
        own += 1;
        visits.set(visits.get() ^ own);
        if work.borrow_mut().see(sim.now(), who) {
            sim.stop();
        }
    }
}

/// Holds so many pending for so many events.
pub fn hold(way: Way, pending: u64, events: u64) -> Cost {
    match way {
        Way::Processes => with_processes(pending, events),
        Way::TwoLevel => with_loop(Set(TwoLevel::new()), pending, events),
        Way::QuadHeap => with_loop(Set(QuadHeap::new()), pending, events),
        Way::RadixHeap => with_loop(Set(RadixHeap::new()), pending, events),
        Way::BinaryHeap => with_loop(BinaryHeap::new(), pending, events),
    }
}

fn with_processes(pending: u64, events: u64) -> Cost {
    let work = Rc::new(RefCell::new(Work::new(events)));
    let visits = Rc::new(Cell::new(0));
    let simulation = Simulation::new();
    let sim = simulation.sim();
    for who in 0..pending {
        sim.spawn(NodeId::WORLD, holder(sim.clone(), work.clone(), who, visits.clone()));
    }
    simulation.run_until(Time::ZERO);
    measured(|| {
        simulation.run_until(Time::NEVER);
        let outcome = work.borrow().seen.value() ^ visits.get();
        Done { count: events, outcome, ..Done::default() }
    })
}

/// A queue as bare as it gets.
trait Bare {
    fn add(&mut self, entry: Entry);
    fn next(&mut self) -> Entry;
}

impl Bare for BinaryHeap<Reverse<Entry>> {
    #[inline]
    fn add(&mut self, entry: Entry) {
        self.push(Reverse(entry));
    }

    #[inline]
    fn next(&mut self) -> Entry {
        self.pop().expect("as many are pending as ever").0
    }
}

/// A queue of the kernel.
struct Set<Q>(Q);

impl<Q: PendingSet> Bare for Set<Q> {
    #[inline]
    fn add(&mut self, entry: Entry) {
        self.0.push(entry);
    }

    #[inline]
    fn next(&mut self) -> Entry {
        self.0.pop_next(Time::NEVER).expect("as many are pending as ever")
    }
}

fn with_loop(mut queue: impl Bare, pending: u64, events: u64) -> Cost {
    let mut work = Work::new(events);
    let mut entities = vec![Entity::default(); pending as usize];
    for who in 0..pending {
        let at = Time::ZERO + work.delay();
        queue.add(Entry::new(at, Key::new(who + 1, false, who as u32)));
    }
    let mut sequence = pending;
    measured(|| {
        let mut visits = 0;
        loop {
            let entry = queue.next();
            let (now, who) = (entry.time(), entry.key().slot());
            let own = &mut entities[who as usize].0;
            own[0] += 1;
            visits ^= own[0];
            if work.see(now, u64::from(who)) {
                let outcome = work.seen.value() ^ visits;
                return Done { count: events, outcome, ..Done::default() };
            }
            sequence += 1;
            queue.add(Entry::new(now + work.delay(), Key::new(sequence, false, who)));
        }
    })
}

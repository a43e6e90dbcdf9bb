//! The early end of runs: on request, or because a run exceeds the size that its scenario lets
//! expect.

use std::cell::Cell;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use crate::kernel::NodeId;
use crate::model::world::World;

/// A flag that ends all runs that share it, from any thread: each stops within about a thousand
/// events. A stopped run has no result, and its caller must drop it.
#[derive(Clone, Default)]
pub struct Stop(Arc<Inner>);

#[derive(Default)]
struct Inner {
    set: AtomicBool,
    /// The number of events that every run may make in any case.
    allowed: u64,
    runaway: OnceLock<Runaway>,
}

impl Stop {
    /// A flag whose runs may make so many events, even if fewer are expected.
    pub fn allowing(events: u64) -> Self {
        Self(Arc::new(Inner { allowed: events, ..Inner::default() }))
    }

    /// Sets the flag. Returns whether it was set before.
    pub fn set(&self) -> bool {
        self.0.set.swap(true, Ordering::Relaxed)
    }

    /// Returns whether the flag is set.
    pub fn is_set(&self) -> bool {
        self.0.set.load(Ordering::Relaxed)
    }

    /// The run that exceeded its limit and thereby ended all runs, if there is one.
    pub fn runaway(&self) -> Option<&Runaway> {
        self.0.runaway.get()
    }

    fn run_away(&self, runaway: Runaway) {
        // The first runaway run suffices.
        let _ = self.0.runaway.set(runaway);
        self.set();
    }
}

/// A run that made more events than it may.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Runaway {
    /// The seed of the run.
    pub seed: u64,
    /// The number of events that it may make.
    pub most: u64,
    /// The simulated time that it had reached.
    pub at: crate::kernel::Time,
    /// The busiest parts in descending order, each with its share in percent.
    pub busiest: Vec<(String, u64)>,
}

impl fmt::Display for Runaway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, most, at, busiest } = self;
        let at = *at - crate::kernel::Time::ZERO;
        write!(f, "the run with seed {seed} made {most} events, the most that it may, by {at}: ")?;
        for (number, (name, share)) in busiest.iter().enumerate() {
            let lead = if number == 0 { "" } else { ", " };
            write!(f, "{lead}{share} % of them {name}")?;
        }
        Ok(())
    }
}

/// The limits of a run: the number of its events, and the flag that ends it earlier.
#[derive(Clone)]
pub struct Limits {
    /// The flag.
    pub stop: Stop,
    /// The most events.
    pub events: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { stop: Stop::default(), events: u64::MAX }
    }
}

/// The number of busiest parts that are named.
const NAMED: usize = 3;

/// The guard of one run, which is asked every [`CHECK_EVERY`](crate::kernel::CHECK_EVERY) events
/// whether the run continues.
pub(super) struct Guard<'a> {
    limits: &'a Limits,
    seed: u64,
    looks: Cell<u64>,
    /// The number of samples in which each node was at work.
    seen: std::cell::RefCell<Vec<u64>>,
}

impl<'a> Guard<'a> {
    pub fn new(limits: &'a Limits, seed: u64) -> Self {
        Self { limits, seed, looks: Cell::new(0), seen: Vec::new().into() }
    }

    /// Returns whether the run continues after an event of this node.
    pub fn go_on(&self, world: &World, node: NodeId) -> bool {
        let looks = self.looks.get() + 1;
        self.looks.set(looks);
        let mut seen = self.seen.borrow_mut();
        if seen.len() <= usize::from(node.0) {
            seen.resize(usize::from(node.0) + 1, 0);
        }
        seen[usize::from(node.0)] += 1;
        if looks.saturating_mul(crate::kernel::CHECK_EVERY) >= self.most() {
            self.limits.stop.run_away(self.runaway(world, &seen));
        }
        !self.is_over()
    }

    fn most(&self) -> u64 {
        self.limits.events.max(self.limits.stop.0.allowed)
    }

    /// Returns whether the run must end, or has ended, early.
    pub fn is_over(&self) -> bool {
        self.limits.stop.is_set()
    }

    fn runaway(&self, world: &World, seen: &[u64]) -> Runaway {
        let name = |node: usize| match NodeId(node as u16) {
            NodeId::WORLD => "of clients, readers and faults".to_owned(),
            node => format!("on `{}`", world.node_name(node)),
        };
        let mut nodes: Vec<(u64, usize)> = seen.iter().copied().zip(0..).collect();
        nodes.retain(|(count, _)| *count > 0);
        nodes.sort_by_key(|(count, node)| (std::cmp::Reverse(*count), *node));
        let all = self.looks.get();
        let share = |count: u64| (count * 100).div_ceil(all);
        let named = nodes.into_iter().take(NAMED);
        Runaway {
            seed: self.seed,
            most: self.most(),
            at: world.env().now(),
            busiest: named.map(|(count, node)| (name(node), share(count))).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::compare::{Study, setup};
    use crate::experiment::run::{Setup, run};
    use crate::tests::runs::{SHOP, scenario};

    #[test]
    fn a_run_beyond_its_limit_ends_and_says_what_kept_it_busy() {
        let scenario = scenario(&SHOP.replace("constant = \"4s\"", "constant = \"100ms\""));
        let whole = setup(&scenario, &scenario.variants[0]);
        let all = run(&whole, 1, Vec::new()).events;
        let limits = Limits { events: all / 2, ..Limits::default() };
        let stop = limits.stop.clone();
        let ran = run(&Setup { limits, ..whole.clone() }, 1, Vec::new());
        assert!(ran.events <= all / 2 + crate::kernel::CHECK_EVERY, "{} of {all}", ran.events);
        let runaway = stop.runaway().expect("it went on");
        assert_eq!((runaway.seed, runaway.most), (1, all / 2));
        let shares: Vec<u64> = runaway.busiest.iter().map(|(_, share)| *share).collect();
        assert!(shares.is_sorted_by(|a, b| a >= b) && shares.len() == NAMED, "{runaway}");
        assert!(runaway.to_string().contains("% of them on `"), "{runaway}");

        let stop = Stop::allowing(2 * all);
        let limits = Limits { stop: stop.clone(), events: all / 2 };
        assert_eq!(run(&Setup { limits, ..whole }, 1, Vec::new()).events, all);
        assert!(!stop.is_set(), "so many were allowed");
    }

    #[test]
    fn whoever_is_stopped_gives_no_result() {
        let scenario = scenario(SHOP);
        let stop = Stop::default();
        assert!(!stop.set() && stop.set(), "it says whether it was set before");
        let study = Study::of(&scenario, 1..=2);
        assert_eq!(study.run(&stop, &|| ()).finished, 0);
        assert!(stop.runaway().is_none());
    }
}

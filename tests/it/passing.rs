//! A process that waits for time alone, and would be polled next, goes on within its poll. Whether
//! every wait ends by a poll of its own makes no difference to any history.

use std::cell::RefCell;
use std::rc::Rc;

use driftlab::experiment::compare::setup;
use driftlab::experiment::run::{Ran, Setup, observe};
use driftlab::faults::fault::Faults;
use driftlab::kernel::Sink;
use driftlab::model::record::Record;
use driftlab::search::fuzz::Fuzz;
use driftlab::search::trial::Trial;
use rayon::prelude::*;

use crate::whole::{scenario, shipped, text, thin};

struct RecordList(Vec<Record>);

impl Sink<Record> for RecordList {
    fn see(&mut self, record: &Record) {
        self.0.push(*record);
    }
}

/// A run with its history, and the number of waits that ended within a poll.
fn history(setup: &Setup, seed: u64, queues_all: bool) -> (Ran, Vec<Record>, u64) {
    let list = Rc::new(RefCell::new(RecordList(Vec::new())));
    let sinks = vec![Rc::clone(&list) as _];
    let (ran, passed) = observe(
        setup,
        seed,
        sinks,
        |world| {
            if queues_all {
                world.env().sim().queue_all();
            }
        },
        |world| world.env().sim().passed(),
    );
    let records = std::mem::take(&mut list.borrow_mut().0);
    (ran, records, passed)
}

/// The share of the events that were waits which ended within a poll, after both histories were
/// compared.
fn passed(name: &str, setup: &Setup, seed: u64) -> f64 {
    let (ran, records, passed) = history(setup, seed, false);
    let (queued_ran, queued, none) = history(setup, seed, true);
    assert_eq!((ran, none), (queued_ran, 0), "{name}");
    let different = records.iter().zip(&queued).find(|(one, other)| one != other);
    assert!(records.len() == queued.len() && different.is_none(), "{name}: {different:?}");
    passed as f64 / ran.events as f64
}

#[test]
fn shipped_runs_are_the_same_if_every_wait_ends_by_a_poll() {
    let shipped: Vec<_> = shipped().into_iter().map(thin).collect();
    let runs: Vec<_> =
        shipped.iter().flat_map(|s| s.variants.iter().map(move |v| (s, v))).collect();
    runs.par_iter().for_each(|(scenario, variant)| {
        let name = format!("{} of {}", variant.name.shown, scenario.name);
        let share = passed(&name, &setup(scenario, variant), scenario.seed);
        assert!(share > 0.0, "{name}: no wait ended within a poll");
    });
}

#[test]
fn fuzzed_runs_are_the_same_if_every_wait_ends_by_a_poll() {
    let faults = Faults::builtin();
    for name in ["quiet.toml", "order-payment-inventory.toml"] {
        let scenario = scenario(&text(name));
        (0..scenario.variants.len()).into_par_iter().for_each(|at| {
            let variant = &scenario.variants[at];
            let trial = Trial::new(&scenario, variant);
            let trials = vec![trial.clone()];
            let (seed, operations, most) = (at as u64, 6, 3);
            let fuzz = Fuzz { trials, faults: &faults, seed, operations, most, uniform: false };
            for (number, case) in fuzz.cases(0, 0).iter().enumerate().take(32) {
                let name = format!("case {number} of {} of {name}", variant.name.shown);
                passed(&name, &trial.setup(case), case.seed);
            }
        });
    }
}

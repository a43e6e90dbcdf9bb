//! Near misses: what looks like a violation and is none. Whole runs of every pattern with its
//! default settings, in which something goes wrong that it can stand.

use crate::checks::Verdict;
use crate::experiment::compare::setup;
use crate::faults::budget;
use crate::faults::target::Site;
use crate::model::database::Direction;
use crate::model::record::{Event, Kind};
use crate::tests::pick;
use crate::tests::runs::{RecordedRun, record_run, scenario};

/// Orders that take from stock and charge a card, which is refused now and then.
const SHOP: &str = "
    [scenario]
    name = 'shop'
    load = '30s'
    settle = '90s'
    [services]
    order = {}
    stock = {}
    card = {}
    [databases]
    order-db = {}
    stock-db = {}
    card-db = {}
    [tables]
    order = { owner = 'order', database = 'order-db', columns = { product = 0, state = 'new' } }
    charge = { owner = 'card', database = 'card-db', columns = { state = 'none' } }
    [tables.product]
    owner = 'stock'
    database = 'stock-db'
    columns = { sold = 0, blocked = 0 }
    rows = 5
    [operations.buy]
    keys = { order = 'new', product = { rows-of = 'product' } }
    steps = [
        { name = 'place', by = 'order', table = 'order', key = 'order',
          effect = { insert = { product = '{product}', state = 'placed' } },
          undo = { set = { state = 'cancelled' } } },
        { name = 'take', by = 'stock', table = 'product', key = 'product',
          effect = { add = { sold = 1 } },
          derive = { count = 'order', by = 'product', to = 'sold', where = { state = 'placed' } } },
        { name = 'charge', by = 'card', table = 'charge', key = 'order',
          effect = { insert = { state = 'charged' } }, refuse = { probability = 0.1 },
          derive = { row-per = 'order', where = { state = 'placed' } } },
    ]
    [load.shoppers]
    operation = 'buy'
    poisson = 5.0
    [reads.check]
    operation = 'buy'
    at = ['50ms', '1s']
    [variants.two-phase-commit]
    pattern = 'two-phase-commit'
    [variants.background-sync]
    pattern = 'background-sync'
    settings = { interval = '5s' }
    [variants.orchestrated]
    pattern = 'orchestrated'
    [variants.events]
    pattern = 'event-based'
";

/// Runs every pattern; each keeps its promises, and those of `named` could have been broken.
fn nobody_is_accused(fault: &str, named: &[(&str, &str)], look: impl Fn(&str, &RecordedRun)) {
    let scenario = scenario(&format!("{SHOP}\n{fault}"));
    for variant in &scenario.variants {
        let shown = &*variant.name.shown;
        let setup = setup(&scenario, variant);
        let promises = setup.pattern.promises(&setup.system);
        let drivers = setup.pattern.drivers();
        let site = Site { system: &setup.system, drivers: &drivers };
        if let Err(outside) = budget::inside(&setup.faults, &promises.budget, &site) {
            assert!(named.iter().all(|(named, _)| *named != shown), "{shown}: {outside}");
            continue;
        }
        let told = record_run(&setup, 1);
        look(shown, &told);
        let findings = told.verify(&promises.guarantees, promises.within);
        for finding in &findings {
            assert_ne!(finding.verdict(), Verdict::Violated, "{shown}: {finding:?}");
        }
        for (_, property) in named.iter().filter(|(variant, _)| *variant == shown) {
            let found = findings.iter().find(|finding| finding.property == *property);
            assert_eq!(found.map(|it| it.verdict()), Some(Verdict::Held), "{shown}: {property}");
        }
    }
}

#[test]
fn compensation_leaves_a_trail_and_dirty_reads_and_is_in_order() {
    let named = [
        ("orchestrated", "all-or-nothing"),
        ("orchestrated", "reverse-order"),
        ("orchestrated", "read-committed"),
        ("events", "all-or-nothing"),
        ("background-sync", "convergence"),
        ("two-phase-commit", "agreement"),
    ];
    nobody_is_accused("", &named, |variant, told| {
        let undone =
            told.pick(pick!(Event::Shown { direction: Direction::Undo, .. } => ())).count();
        assert_eq!(undone > 0, variant != "two-phase-commit", "{variant}: {undone}");
    });
}

#[test]
fn who_is_blocked_while_the_coordinator_is_away_is_not_accused() {
    let fault = "[[faults]]\nkind = 'crash'\nat = '15s'\nfor = '2s'\ntarget = 'role:driver'\n";
    let named = [
        ("two-phase-commit", "terminal-in-time"),
        ("two-phase-commit", "client-contract"),
        ("orchestrated", "terminal-in-time"),
        ("events", "delivery"),
    ];
    nobody_is_accused(fault, &named, |_, told| {
        assert!(told.count(Kind::Restarted) > 0, "somebody was away");
    });
}

#[test]
fn copies_that_are_absorbed_are_no_duplicates() {
    let fault = "[[faults]]\nkind = 'duplication'\nat = '12s'\nfor = '2s'\n\
                 from = ['order', 'stock', 'card', 'role:driver']\nshare = 0.5\n";
    let named = [
        ("two-phase-commit", "at-most-once"),
        ("orchestrated", "at-most-once"),
        ("events", "at-most-once"),
        ("events", "inbox-atomicity"),
    ];
    nobody_is_accused(fault, &named, |variant, told| {
        let copies = told.count(Kind::Duplicated);
        assert!(copies > 0 || variant == "background-sync", "{variant} sends little");
    });
}

#[test]
fn a_commit_that_nobody_heard_of_may_have_gone_either_way() {
    let fault = "[[faults]]\nkind = 'commit-unknown'\nat = '12s'\nfor = '2s'\n\
                 target = 'stock-db'\nshare = 0.5\n";
    let named = [
        ("two-phase-commit", "all-or-nothing"),
        ("orchestrated", "client-contract"),
        ("orchestrated", "at-most-once"),
        ("events", "all-or-nothing"),
    ];
    nobody_is_accused(fault, &named, |_, _| ());
}

#[test]
fn lost_messages_delay_and_break_nothing() {
    let fault = "[[faults]]\nkind = 'loss'\nat = '12s'\nfor = '2s'\n\
                 from = ['stock']\nshare = 0.3\n";
    let named = [("orchestrated", "all-or-nothing"), ("two-phase-commit", "write-ahead")];
    nobody_is_accused(fault, &named, |_, told| {
        assert!(told.count(Kind::Lost) > 0, "some were lost");
    });
}

#[test]
fn a_step_that_nothing_takes_back_is_not_given_up_while_its_outcome_is_unknown() {
    let block = "
        [operations.block]
        keys = { product = { rows-of = 'product' } }
        steps = [{ name = 'block', by = 'stock', table = 'product', key = 'product',
                   effect = { set = { blocked = '{ordinal}' } } }]
        [load.blocks]
        operation = 'block'
        constant = '7s'
        [[faults]]
        kind = 'crash'
        on = { who = 'stock-db', what = 'apply commit', of = 'blocks#1' }
        for = '1ms'
        target = 'stock-db'
    ";
    let named = [("orchestrated", "client-contract"), ("orchestrated", "all-or-nothing")];
    nobody_is_accused(block, &named, |variant, told| {
        assert!(told.count(Kind::Crashed) > 0 || variant == "two-phase-commit", "{variant}");
    });
}

//! Every listed point can be pasted, and strikes where it says.

use std::cell::RefCell;
use std::rc::Rc;

use proptest::prelude::*;

use super::*;
use crate::experiment::compare::setup;
use crate::experiment::run::Setup;
use crate::tests::runs::scenario;

/// Two orders of one shopper over two services, one of them with two instances, under every
/// pattern. Delays are drawn, so that no two points need be alike.
const SHOP: &str = r#"
    [scenario]
    name = "points"
    warm-up = "0s"
    load = "8s"
    settle = "30s"

    [services]
    order = { instances = 2 }
    stock = { stream = "store" }

    [databases]
    order-db = {}
    stock-db = { node = "stock" }

    [tables]
    order = { owner = "order", database = "order-db", columns = { product = 0 } }
    product = { owner = "stock", database = "stock-db", columns = { sold = 0 }, rows = 3 }

    [operations.buy]
    keys = { order = "new", product = { rows-of = "product" } }
    steps = [
        { name = "place", by = "order", table = "order", key = "order",
          effect = { insert = { product = "{product}" } } },
        { name = "take", by = "stock", table = "product", key = "product",
          effect = { add = { sold = 1 } },
          derive = { count = "order", by = "product", to = "sold" } },
    ]

    [load.shoppers]
    operation = "buy"
    constant = "3s"

    [variants]
    two-phase-commit = { pattern = "two-phase-commit" }
    background-sync = { pattern = "background-sync", settings = { interval = "1s" } }
    orchestrated = { pattern = "orchestrated" }
    event-based = { pattern = "event-based" }
    log-tailing = { pattern = "event-based", settings = { publish = "log-tailing" } }
"#;

fn fault_free(variant: usize) -> Setup {
    let scenario = scenario(SHOP);
    setup(&scenario, &scenario.variants[variant])
}

/// A crash at this point, as a scenario file says it.
fn pasted(passed: &Passed) -> String {
    let target = passed.trigger.who.as_deref().expect("who does it is always said");
    let on = passed.trigger.toml();
    format!(
        "{SHOP}\n[[faults]]\nkind = \"crash\"\ntarget = \"{target}\"\nfor = \"1s\"\non = {on}\n"
    )
}

/// The number of records before the fault began, and its point by its place among all.
fn struck(text: &str, variant: usize) -> Option<(u64, usize)> {
    let scenario = scenario(text);
    let setup = setup(&scenario, &scenario.variants[variant]);
    let began = Rc::new(RefCell::new(Began::default()));
    let points: RefCell<Option<Rc<Recorder>>> = RefCell::default();
    let sessions = Rc::new(RefCell::new(Sessions::default()));
    let sinks = vec![Rc::clone(&began) as _, Rc::clone(&sessions) as _];
    let ready = |world: &Rc<World>| *points.borrow_mut() = Some(Recorder::watch(world));
    let look = |world: &World| {
        points.borrow().as_ref().map(|points| points.named(world, &sessions.borrow()))
    };
    let (_, passed) = observe(&setup, 1, sinks, ready, look);
    let began = began.borrow().began?;
    // Faults are told first: whoever looked earlier than this record was there before it struck.
    let before = passed?.iter().filter(|passed| passed.records <= began).count();
    Some((began, before))
}

#[derive(Default)]
struct Began {
    seen: u64,
    began: Option<u64>,
}

impl Sink<Record> for Began {
    fn see(&mut self, record: &Record) {
        if matches!(record.event, Event::FaultBegan { .. }) && self.began.is_none() {
            self.began = Some(self.seen);
        }
        self.seen += 1;
    }
}

fn strikes_there(variant: usize, choice: prop::sample::Index) -> Result<(), TestCaseError> {
    let all = points(&fault_free(variant), 1);
    // Clients do not crash, and behind the load everything is healed for good.
    let heals = Time::ZERO + Span::from_secs(8);
    let may = |at: &usize| all[*at].point.node != NodeId::WORLD && all[*at].at < heals;
    let may: Vec<usize> = (0..all.len()).filter(may).collect();
    let at = may[choice.index(may.len())];
    let struck = struck(&pasted(&all[at]), variant);
    prop_assert_eq!(struck, Some((all[at].records, at)), "{}", all[at].trigger);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a_pasted_trigger_strikes_at_its_point(variant in 0_usize..5, choice: prop::sample::Index) {
        strikes_there(variant, choice)?;
    }
}

/// No two points have one name, and every name says who, what and on whose behalf.
#[test]
fn names_are_unique() {
    for variant in 0..5 {
        let passed = points(&fault_free(variant), 1);
        assert!(passed.len() > 60, "{} points", passed.len());
        let mut names: Vec<String> = passed.iter().map(|it| it.trigger.toml()).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), passed.len());
    }
}

/// Names last: an instance is named, a renamed service by what it was called first.
#[test]
fn names_are_lasting_ones() {
    let passed = points(&fault_free(0), 1);
    let mut who: Vec<&str> = passed.iter().filter_map(|it| it.trigger.who.as_deref()).collect();
    who.sort_unstable();
    who.dedup();
    assert_eq!(who, ["coordinator", "order#1", "order#2", "order-db", "role:client", "store"]);
}

/// A recorder that only watches changes nothing.
#[test]
fn a_run_that_is_watched_is_the_same() {
    let setup = fault_free(3);
    let watched = observe(&setup, 7, Vec::new(), |world| drop(Recorder::watch(world)), |_| ()).0;
    assert_eq!(watched, crate::experiment::run::run(&setup, 7, Vec::new()));
}

/// A database works for whoever asked; one on the node of its service is asked by no message.
#[test]
fn a_database_at_work_names_the_other_end_of_its_session() {
    let passed = points(&fault_free(0), 1);
    let work = passed.iter().filter(|it| it.point.hook == Hook::Work);
    let end = |it: &Passed| (it.trigger.who.clone(), it.far().map(|(_, name)| name.to_owned()));
    let mut ends: Vec<_> = work.map(end).collect();
    ends.sort();
    ends.dedup();
    let end = |who: &str, far: Option<&str>| (Some(who.to_owned()), far.map(str::to_owned));
    let orders = ["order#1", "order#2"].map(|order| end("order-db", Some(order)));
    assert_eq!(ends, [&orders[..], &[end("store", None)]].concat());
    let message = passed.iter().find(|it| it.point.hook == Hook::Send).expect("somebody sends");
    assert_eq!(message.far().map(|(_, name)| name), message.trigger.to.as_deref());
}

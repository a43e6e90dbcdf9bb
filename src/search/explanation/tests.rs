//! Explanations of whole runs.

use super::*;
use crate::experiment::compare::setup;
use crate::scenario::{Scenario, Variant};
use crate::search::trial::{Case, Trial};

/// One order over two services, every duration constant, and the faults of `faults`.
fn shop(faults: &str) -> Scenario {
    let text = format!(
        r#"
        [scenario]
        name = "shop"
        warm-up = "0s"
        load = "15s"
        settle = "30s"

        [clients]
        attempts = 1
        [services]
        order = {{ work = "1ms" }}
        stock = {{ work = "1ms" }}

        [databases]
        order-db = {{ work = "1ms", force = "2ms", recovery = "100ms" }}
        stock-db = {{ work = "1ms", force = "2ms", recovery = "100ms" }}

        [links]
        default = {{ delay = "1ms" }}
        database = {{ delay = "1ms" }}
        client = {{ delay = "1ms" }}

        [drivers]
        force = "2ms"
        work = "0s"
        recovery = "1s"

        [tables]
        order = {{ owner = "order", database = "order-db",
                   columns = {{ product = 0, amount = 0 }} }}
        product = {{ owner = "stock", database = "stock-db", columns = {{ left = 9 }}, rows = 1 }}

        [operations.buy]
        keys = {{ order = "new", product = {{ rows-of = "product" }} }}
        steps = [
            {{ name = "place", by = "order", table = "order", key = "order",
              effect = {{ insert = {{ product = "{{product}}", amount = 1 }} }} }},
            {{ name = "take", by = "stock", table = "product", key = "product",
              effect = {{ add = {{ left = -1 }} }},
              derive = {{ sum = "order", of = "amount", by = "product", to = "left",
                          times = -1 }} }},
        ]

        [load.shoppers]
        operation = "buy"
        constant = "10s"

        [variants.xa]
        pattern = "two-phase-commit"

        [variants.saga]
        pattern = "orchestrated"

        [variants.sync]
        pattern = "background-sync"

        [variants.outbox]
        pattern = "event-based"

        [variants.dual-write]
        pattern = "event-based"
        settings = {{ publish = "dual-write" }}

        {faults}
        "#
    );
    crate::tests::runs::scenario(&text)
}

fn variant<'a>(scenario: &'a Scenario, name: &str) -> &'a Variant {
    let named = |found: &&Variant| &*found.name.shown == name;
    scenario.variants.iter().find(named).expect("a variant of this name")
}

/// The setup of a variant of the shop.
pub(crate) fn case(name: &str, faults: &str) -> Setup {
    let scenario = shop(faults);
    setup(&scenario, variant(&scenario, name))
}

/// The crash that a dual write cannot survive: right behind the local commit, so that the service
/// never comes to publish what it committed.
pub(crate) const CRASH: &str = r#"
    [[faults]]
    kind = "crash"
    target = "order"
    for = "1s"
    on = { who = "order-db", what = "apply" }
"#;

/// Explains what became of the first operation, with a curve of how often it ends wrong.
pub(crate) fn explained(variant: &str, setup: &Setup) -> Explanation {
    let again = |continuation: &Continuation| {
        let kept = setup.faults.iter().zip(&continuation.kept).filter(|(_, kept)| **kept);
        let again = Setup {
            faults: kept.map(|(fault, _)| fault.clone()).collect(),
            branch_seeds: vec![(continuation.from, continuation.branch_seed)].into(),
            ..setup.clone()
        };
        let report = recording::record(&again, 1).report;
        let wrong = report.operations.iter().any(|row| row.headline.is_wrong());
        if wrong { Verdict::Violated } else { Verdict::Held }
    };
    let violation = Violation {
        property: "all-or-nothing".into(),
        says: "every operation ends with all of its effects or none".into(),
        found: "1 operation is half done".into(),
        operations: vec![OpId(0)],
        at: None,
    };
    explain("shop", variant, setup, 1, violation, Some(&again))
}

fn at(millis: u64) -> Time {
    Time::ZERO + Span::from_millis(millis)
}

/// The client asks at 10 s. The request needs 1 ms, work 1 ms, three statements of 3 ms (key, step)
/// before the commit leaves 8 ms later; it arrives and is forced until 10.011 s.
#[test]
fn a_lost_event_is_explained_by_its_rows_and_the_crash() {
    let setup = case("dual-write", CRASH);
    let explanation = explained("dual-write", &setup);
    let operation = &explanation.operations[0];
    assert_eq!((operation.name.as_str(), operation.kind.as_str()), ("shoppers#0", "buy"));
    assert_eq!((operation.arrived, operation.answer), (at(10_000), Answer::Unknown));
    assert_eq!((operation.state, operation.headline), (State::Partial, Headline::Stranded));
    let rows: Vec<_> = explanation
        .rows
        .iter()
        .map(|row| (&*row.step, &*row.table, &*row.store, row.shows, row.since, row.disagrees))
        .collect();
    let place = ("place", "order", "order-db", 1, Some(at(10_011)), false);
    let take = ("take", "product", "stock-db", 0, Some(at(10_011)), true);
    assert_eq!(rows, [place, take]);
    let planned = &explanation.plan[0];
    assert_eq!(planned.text, "crash of order, after order-db: apply, for 1s");
    assert_eq!(planned.struck, Some((at(10_011), Some(at(11_011)))));
}

#[test]
fn the_scene_of_a_lost_event_shows_who_took_part_and_what_never_arrived() {
    let space_time = explained("dual-write", &case("dual-write", CRASH)).space_time;
    let lanes: Vec<&str> = space_time.lanes.iter().map(|lane| &*lane.name).collect();
    assert_eq!(lanes, ["clients", "order", "order-db"]);
    let messages: Vec<_> = space_time
        .messages
        .iter()
        .map(|it| (it.from, it.to, &*it.text, it.sent.time, it.is_lost()))
        .collect();
    let expected = [
        (0, 1, "buy", at(10_000), false),
        (1, 2, "commit", at(10_008), false),
        (2, 1, "re: commit", at(10_011), true),
    ];
    assert_eq!(messages, expected);
    let outage = &space_time.outages[0];
    assert_eq!((outage.lane, outage.from.time), (1, at(10_011)));
    assert_eq!(outage.to.map(|tick| tick.time), Some(at(11_011)));
    assert_eq!(space_time.left_out.statements, 4, "the key and the step, there and back");
}

/// Without the crash the event is published, whatever the random stream; with it, it never is.
#[test]
fn the_curve_of_a_lost_event_jumps_at_the_crash() {
    let explanation = explained("dual-write", &case("dual-write", CRASH));
    let curve = explanation.curve.expect("the space_time has events");
    let jump = curve.jump.expect("it rises");
    assert!(jump.is_clear && jump.is_sharp, "{jump:?}");
    let (before, after) = (&curve.moments[jump.before], &curve.moments[jump.after]);
    assert_eq!((before.violated, after.violated), (0, curve::RUNS));
    assert_eq!((before.at, after.at), (at(10_011), at(10_011)), "one instant, without and with it");
    assert_eq!((before.fault, after.fault), (None, Some(0)));
    assert_eq!(after.what, "fault 1: crash order");
}

/// A relay publishes on behalf of nobody, and yet its messages belong to the story.
#[test]
fn what_caused_an_effect_is_shown_although_it_names_no_operation() {
    let space_time = explained("outbox", &case("outbox", "")).space_time;
    let lanes: Vec<&str> = space_time.lanes.iter().map(|lane| &*lane.name).collect();
    let expected = ["clients", "order", "order-db", "relay", "broker", "stock", "stock-db"];
    assert_eq!(lanes, expected);
    let publish = space_time.messages.iter().find(|it| it.text == "publish").expect("it is shown");
    assert_eq!((publish.from, publish.to, publish.op), (3, 4, None));
    let commits: Vec<&str> = space_time
        .marks
        .iter()
        .filter(|mark| mark.text.starts_with("commits"))
        .map(|mark| &*mark.text)
        .collect();
    assert_eq!(commits, ["commits place, outbox row", "commits take"]);
}

/// The lost vote is struck by its fault; forced writes have a beginning and an end.
#[test]
fn a_message_fault_marks_its_message_and_a_forced_write_has_a_length() {
    let faults = "[[faults]]\nkind = 'lose-message'\non = { what = 'reply prepare', nth = 2 }";
    let space_time = explained("xa", &case("xa", faults)).space_time;
    let struck: Vec<_> = space_time.messages.iter().filter(|it| it.fault.is_some()).collect();
    assert_eq!(struck.len(), 1);
    assert!(struck[0].is_lost() && struck[0].text == "re: prepare" && struck[0].reply);
    let prepared =
        space_time.marks.iter().find(|mark| mark.since.is_some()).expect("a forced write");
    let since = prepared.since.expect("it has a beginning");
    assert_eq!(prepared.at.time - since.time, Span::from_millis(2));
}

/// A partition cuts the links between its groups, and is shown across all of them.
#[test]
fn a_partition_into_groups_is_shown_between_its_groups() {
    let faults = "[[faults]]\nkind = 'partition'\nat = '9s'\nfor = '3s'\n\
                  groups = [['order', 'order-db'], ['stock', 'stock-db'], ['role:driver']]";
    let explanation = explained("saga", &case("saga", faults));
    let space_time = explanation.space_time;
    let lanes = |names: &[&str]| -> Vec<usize> {
        let lane = |name: &&str| space_time.lanes.iter().position(|lane| lane.name == **name);
        names.iter().filter_map(lane).collect()
    };
    let groups =
        [lanes(&["order", "order-db"]), lanes(&["stock", "stock-db"]), lanes(&["orchestrator"])];
    assert_eq!(space_time.strikes[0].place, space_time::Place::Links(groups.into()));
    assert!(explanation.curve.is_some());
}

#[test]
fn a_fault_whose_moment_never_came_is_said_not_to_have_struck() {
    let faults = "[[faults]]\nkind = 'crash'\ntarget = 'stock'\non = { what = 'send nonsense' }";
    let explanation = explained("saga", &case("saga", faults));
    assert_eq!(explanation.plan[0].struck, None);
    assert_eq!(explanation.plan[0].text, "crash of stock, after any node: send nonsense");
    assert!(explanation.curve.expect("there are events").jump.is_none(), "nothing ever rises");
}

#[test]
fn a_case_is_explained_by_the_check_that_found_it() {
    let scenario = shop(CRASH);
    let trial = Trial::new(&scenario, variant(&scenario, "dual-write"));
    let (operations, faults) = (trial.offers(1, 1), scenario.faults.clone());
    let case = Case { seed: 1, operations, faults, ..Case::default() };
    let tried = trial.run(&case);
    let finding = tried.findings.iter().find(|it| it.property == "all-or-nothing");
    let finding = finding.expect("events promise it by default");
    let explanation = of_case(&trial, &case, finding);
    assert_eq!(explanation.violation.found, finding.judgement.why);
    assert!(!explanation.violation.says.is_empty(), "the property's own words");
    assert_eq!(explanation.operations[0].name, "shoppers#0");
    let curve = explanation.curve.expect("the space_time has events");
    let jump = curve.jump.expect("it rises");
    assert_eq!(curve.moments[jump.after].what, "fault 1: crash order");
    assert!(jump.is_clear && jump.is_sharp, "{jump:?}");
}

#[test]
fn faults_are_told_with_whom_they_strike_and_how() {
    let said = |text: &str| phrases::fault(&shop(&format!("[[faults]]\n{text}")).faults[0]);
    let cut = "kind = 'partition'\nfrom = ['order']\nto = ['stock']\nat = '3s'\nfor = '2s'";
    assert_eq!(said(cut), "partition between order and stock, at 3s, for 2s");
    let groups = "kind = 'partition'\nat = '3s'\nfor = '2s'\n\
                  groups = [['order'], ['stock', 'stock-db'], ['role:driver']]";
    let between = "partition between the groups order | stock, stock-db | role:driver";
    assert_eq!(said(groups), format!("{between}, at 3s, for 2s"));
    let loss = "kind = 'loss'\nfrom = ['order']\none-way = true\nshare = 0.5\nat = '3s'";
    assert_eq!(said(loss), "loss from order to all others (share 0.5), at 3s");
    let machine = "kind = 'crash'\ntarget = 'stock'\nmachine = true\nat = '3s'\nfor = '2s'";
    assert_eq!(said(machine), "crash of stock (machine), at 3s, for 2s");
}

/// Later writers of a row of the violation are shown behind it, since they may have hidden its
/// effect. The orders at 10 s and 14 s take the same product.
#[test]
fn later_writers_of_its_rows_are_shown_too() {
    let second = "[load.others]\noperation = \"buy\"\nconstant = \"14s\"\n";
    let setup = case("saga", second);
    let names = |of: u32| {
        let violation = Violation {
            property: "all-or-nothing".into(),
            says: String::new(),
            found: String::new(),
            operations: vec![OpId(of)],
            at: None,
        };
        let explained = explain("shop", "saga", &setup, 1, violation, None);
        explained.operations.into_iter().map(|involved| involved.name).collect::<Vec<_>>()
    };
    assert_eq!(names(0), ["shoppers#0", "others#0"]);
    assert_eq!(names(1), ["others#0"], "the earlier one hid nothing");
}

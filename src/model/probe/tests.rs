//! Reads that a service does for its clients, hop by hop: every leg takes 1 ms and so does every
//! statement, so what a read takes says which way it went.

use std::sync::Arc;

use crate::checks::measures::{Quantity, Scope, reads};
use crate::experiment::compare::setup;
use crate::experiment::run::Setup;
use crate::kernel::{NodeId, Span};
use crate::model::record::{Answer, Event, Kind, MessageClass, OpId, Sight};
use crate::model::system::{
    Anchor, Feed, Grant, OperationKind, ReplicaSpec, ServiceId, System, TableId,
};
use crate::tests::pick;
use crate::tests::runs::{RecordedRun, SHOP, record_run, record_text, scenario};

const ORDER: ServiceId = ServiceId(0);
const DESK: ServiceId = ServiceId(2);
const ORDERS: TableId = TableId(0);
const PRODUCTS: TableId = TableId(1);
/// Copies of both, kept by the desk.
const COPIES: [TableId; 2] = [TableId(2), TableId(3)];

/// The shop with a desk that owns nothing but copies, which nobody keeps up to date yet, and
/// with one read: of every order 10 s after it arrived, or of the products.
fn shop(read: &str, by: Option<&str>, change: impl FnOnce(&mut System)) -> Setup {
    let by = by.map_or(String::new(), |by| format!("by = '{by}'"));
    let text = SHOP
        .replace("[databases]", "desk = { work = '1ms' }\n[databases]")
        .replace("[links]", "desk-db = { work = '1ms', force = '2ms' }\n[links]")
        .replace(
            "[operations.buy]",
            "copy-of-order = { owner = 'desk', database = 'desk-db', columns = { product = 0 } }\n\
             copy-of-product = { owner = 'desk', database = 'desk-db', columns = { left = 99 }, \
             rows = 5 }\n[operations.buy]",
        )
        + &format!("\n[reads.some]\n{read}\n{by}\n");
    let scenario = scenario(&text);
    let mut setup = setup(&scenario, &scenario.variants[0]);
    change(Arc::make_mut(&mut setup.system));
    setup
}

const BOTH: &str = "operation = 'buy'\nat = ['10s']";
const LEFT: &str = "table = 'product'\ncolumn = 'left'\nkey = { rows-of = 'product' }\nrate = 0.5";

fn replicate(system: &mut System) {
    for (of, copy) in [ORDERS, PRODUCTS].into_iter().zip(COPIES) {
        system.replicas.push(ReplicaSpec { of, copy, feed: Feed::Events });
    }
}

fn share(system: &mut System) {
    for table in [ORDERS, PRODUCTS] {
        system.tables[table.index()].grants.push(Grant { service: DESK, write: false });
    }
}

/// How long every read took, in ms; how many messages each cost; and where it saw cells.
fn paid(told: &RecordedRun) -> (u64, usize, Vec<String>) {
    let read = &told.report.reads[0];
    let count = read.scheduled;
    assert!(count > 10 && read.read == count, "{read:?}");
    let took = &told.report.measures.values(reads::LATENCY.of_read("some")).values;
    assert_eq!(took.first(), took.last(), "nobody waits for anybody: {took:?}");
    let sent = told.pick(pick!(Event::Sent { class: MessageClass::Probe, .. } => ())).count();
    // Every probe of an operation is measured or not, and each costs the same.
    let all = told.count(Kind::ProbeBegan);
    assert_eq!(sent % all, 0);
    let seen = pick!(record: Event::ProbeSaw { .. } | Event::ReaderSaw { .. } => record.node);
    let nodes: Vec<NodeId> = told.pick(seen).collect();
    let seen = ["order-db", "stock-db", "desk-db"].into_iter();
    let seen = seen.filter(|name| nodes.contains(&told.node(name)));
    let seen = seen.map(String::from).collect();
    (Span::from_nanos(took[0]).as_nanos() / 1_000_000, sent / all, seen)
}

fn sights(told: &RecordedRun) -> Vec<Sight> {
    told.pick(pick!(Event::ProbeSaw { sight, .. } => sight)).collect()
}

#[test]
fn a_cell_costs_a_round_trip_more_by_way_of_somebody_who_must_ask() {
    let paid =
        |by: Option<&str>, change: fn(&mut System)| paid(&record_run(&shop(LEFT, by, change), 1));
    let stock = || vec!["stock-db".to_owned()];
    // There and back, the work of who is asked, to the database and back, and its work.
    assert_eq!(paid(None, |_| ()), (6, 4, stock()));
    assert_eq!(paid(Some("stock"), |_| ()), (6, 4, stock()), "it is its own table");
    assert_eq!(paid(Some("desk"), |_| ()), (9, 6, stock()), "it asks");
    assert_eq!(paid(Some("desk"), share), (6, 4, stock()), "it has a right to look");
    assert_eq!(paid(Some("desk"), replicate), (6, 4, vec!["desk-db".into()]), "it has a copy");
}

#[test]
fn a_join_is_composed_of_what_is_at_hand_and_of_calls_at_the_same_time() {
    let paid =
        |by: Option<&str>, change: fn(&mut System)| paid(&record_run(&shop(BOTH, by, change), 1));
    let both = || vec!["order-db".to_owned(), "stock-db".to_owned()];
    assert_eq!(paid(None, |_| ()), (6, 8, both()), "the client composes");
    assert_eq!(paid(Some("order"), |_| ()), (9, 8, both()), "its own row, and a call");
    assert_eq!(paid(Some("desk"), |_| ()), (9, 10, both()), "two calls at once");
    assert_eq!(paid(Some("desk"), share), (9, 6, both()), "one database after the other");
    let one = |system: &mut System| {
        share(system);
        system.tables[PRODUCTS.index()].database = system.tables[ORDERS.index()].database;
        system.tables[PRODUCTS.index()].owner = ORDER;
        system.operations[0].steps[1].by = ORDER;
        system.operations[1].steps[0].by = ORDER;
    };
    assert_eq!(paid(Some("desk"), one), (6, 4, vec!["order-db".into()]), "a join in one query");
    assert_eq!(paid(Some("desk"), replicate), (6, 4, vec!["desk-db".into()]), "of copies, too");
}

#[test]
fn what_a_service_composes_is_right_whichever_way_it_reads() {
    for change in [|_: &mut System| (), share, replicate] {
        let told = record_run(&shop(BOTH, Some("desk"), change), 1);
        let ended = told.report.reads[0];
        assert_eq!(ended.within[2].right, ended.scheduled, "ten seconds are enough");
        assert!(sights(&told).iter().all(|sight| *sight == Sight::Effect));
    }
    // A copy that nobody feeds shows nothing of what was sold.
    let forgotten = |system: &mut System| {
        replicate(system);
        for replica in &mut system.replicas {
            replica.feed = Feed::Periodic(Span::from_secs(3_600));
        }
    };
    let told = record_run(&shop(BOTH, Some("desk"), forgotten), 1);
    let ended = told.report.reads[0];
    assert_eq!(ended.within[2].stale, ended.scheduled);
    assert!(sights(&told).iter().all(|sight| *sight == Sight::Nothing));
    assert!(!told.ran.settled, "a replica that lags is not at rest");
}

#[test]
fn a_chain_is_as_available_as_all_its_links_and_a_copy_needs_only_its_keeper() {
    let crash = "\n[[faults]]\nkind = 'crash'\ntarget = 'stock'\nat = '0s'\nfor = '60s'\n";
    let answered = |change: fn(&mut System)| {
        let mut setup = shop(LEFT, Some("desk"), change);
        setup.faults = scenario(&(SHOP.to_owned() + crash)).faults.into();
        let read = record_run(&setup, 1).report.reads[0];
        (read.read > 0, read.error > 0, read.timed_out())
    };
    assert_eq!(answered(|_| ()), (false, true, 0), "the owner's process is down, and says so");
    assert_eq!(answered(share), (true, false, 0));
    assert_eq!(answered(replicate), (true, false, 0));
}

/// The operations that a variant of the shop reads, and how many there are, if `share` of them are.
fn sampled(variant: &str, share: &str) -> (Vec<OpId>, usize) {
    let text = SHOP.replace("constant = \"4s\"", "constant = \"100ms\"");
    let reads = format!("[reads.some]\n{BOTH}\n{share}\n[reads.others]\n{BOTH}\nshare = 0.5\n");
    let told = record_text(&(text + &reads), variant, 1);
    let read = pick!(record: Event::ProbeBegan { read: 0, .. } => record.op);
    let offered = pick!(Event::Offered { kind: OperationKind(0), .. } => ());
    assert!(told.report.reads[0].scheduled > 0);
    (told.pick(read).collect(), told.pick(offered).count())
}

#[test]
fn a_share_of_the_operations_is_read_the_same_in_every_variant() {
    let (some, offered) = sampled("saga", "share = 0.2");
    let expected = 0.2 * offered as f64;
    assert!((some.len() as f64 - expected).abs() < 3.0 * expected.sqrt(), "{}", some.len());
    assert_eq!(sampled("keyless", "share = 0.2").0, some);
    let (more, _) = sampled("saga", "share = 0.6");
    assert!(some.iter().all(|op| more.contains(op)), "a larger share adds to the sample");
    for all in ["", "share = 1.0"] {
        assert_eq!(sampled("saga", all).0.len(), offered, "{all}");
    }
}

/// Reads of every order at its answer and half a second later, with this pattern and more.
fn read_after_answers(pattern: &str, more: &str) -> RecordedRun {
    let read = "[reads.some]\noperation = 'buy'\nafter = 'answer'\nat = ['0s', '500ms']\n";
    let text =
        SHOP.replace("    [variants]\n", "    [variants]\n    it = { pattern = 'PATTERN' }\n");
    record_text(&(text.replace("PATTERN", pattern) + "\n" + read + more), "it", 1)
}

#[test]
fn reads_after_the_answer_count_from_it_in_every_pattern() {
    let patterns = ["orchestrated", "two-phase-commit", "paxos-commit", "event-based"];
    for pattern in patterns {
        let told = read_after_answers(pattern, "");
        let wanted: Vec<_> = told
            .pick(pick!(record: Event::Answered { kind: OperationKind(0), .. } => *record))
            .flat_map(|it| [(it.op, it.time), (it.op, it.time + Span::from_millis(500))])
            .collect();
        let mut began: Vec<_> = told
            .pick(pick!(record: Event::ProbeBegan { .. } => (record.op, record.time)))
            .collect();
        began.sort_unstable();
        assert!(wanted.len() > 20, "{pattern}");
        assert_eq!(began, wanted, "{pattern}");
        let unanswered = told.report.measures.number(reads::UNANSWERED.of_read("some"));
        assert_eq!(unanswered, Quantity::total(0_u64), "{pattern}");
    }
    // Nothing but a lock hides what an answer has promised: the next reader must see it.
    let first = |pattern| {
        let after = Scope::ReadAt("some".into(), Span::ZERO, Anchor::Answer);
        read_after_answers(pattern, "").report.measures.number(reads::STALE.of(&after))
    };
    let none = |share| matches!(share, Quantity::Ratio { part: 0, whole } if whole > 10);
    assert!(none(first("orchestrated")) && none(first("two-phase-commit")));
    let all = |share| matches!(share, Quantity::Ratio { part, whole } if part == whole);
    assert!(all(first("event-based")), "stock has not heard of it yet");
}

#[test]
fn an_operation_without_an_answer_is_not_read_after_it_and_is_counted() {
    let crash = "[[faults]]\nkind = 'crash'\ntarget = 'order'\nmachine = true\nat = '20s'\n\
                 for = '12s'\n";
    let told = read_after_answers("orchestrated", crash);
    let answered = pick!(record: Event::Answered { kind: OperationKind(0), answer, .. } =>
        (record.op, answer));
    let unknown = told.pick(answered).filter(|(_, answer)| *answer == Answer::Unknown);
    let silent: Vec<OpId> = unknown.map(|(op, _)| op).collect();
    assert!(silent.len() >= 2, "{silent:?}");
    let unread: Vec<OpId> =
        told.pick(pick!(record: Event::Unread { read: 0 } => record.op)).collect();
    assert_eq!(unread, silent);
    let read = pick!(record: Event::ProbeBegan { .. } => record.op);
    assert!(told.pick(read).all(|op| !silent.contains(&op)));
    let unanswered = told.report.measures.number(reads::UNANSWERED.of_read("some"));
    assert_eq!(unanswered, Quantity::total(2 * silent.len() as u64), "at two times");
}

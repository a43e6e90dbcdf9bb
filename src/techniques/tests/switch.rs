//! Tests of whole runs in which the technique is switched at a time: two services at one table, of
//! which one becomes the other's delegate.

use crate::checks::OperationRow;
use crate::checks::coupling::Coupling;
use crate::checks::measures::reads;
use crate::kernel::{Span, Time};
use crate::model::contract::{Promises, WaitsFor};
use crate::model::record::Answer;
use crate::model::system::{OperationKind, OperationSpec};
use crate::model::world::World;
use crate::scenario::{Registries, Source, Variant, counterexample};
use crate::search::replay;
use crate::search::trial::{Case, Offer, Trial, Tried};
use crate::tests::runs::{RecordedRun, record_text, scenario};

/// A book is restocked by the inventory, and looked up by it to fill a place on a shelf, each once
/// in ten seconds. Messages and the work of a request take a millisecond, a statement takes
/// another, a forced write two.
const BOOKS: &str = r#"
    [scenario]
    name = "books"
    warm-up = "0s"
    load = "61s"
    settle = "60s"

    [clients]
    deadline = "5s"

    [retry]
    attempts = 1
    backoff = "100ms"
    factor = 1
    jitter = 0.0
    step-deadline = "1s"

    [services]
    catalog = { work = "1ms", recovery = "100ms" }
    inventory = { work = "1ms", recovery = "100ms" }

    [databases]
    book-db = { work = "1ms", force = "2ms" }
    desk-db = { work = "1ms", force = "2ms" }

    [links]
    default = { delay = "1ms" }
    database = { delay = "1ms" }
    client = { delay = "1ms" }

    [tables]
    book = { owner = "catalog", database = "book-db", columns = { copies = 3 }, rows = 20 }
    shelf = { owner = "inventory", database = "book-db", columns = { used = 0 } }

    [operations.restock]
    keys = { book = { rows-of = "book" } }
    steps = [
        { name = "count", by = "inventory", table = "book", key = "book",
          effect = { add = { copies = 1 } } },
    ]

    [operations.place]
    keys = { book = { rows-of = "book" }, shelf = "new" }
    steps = [
        { name = "fill", by = "inventory", table = "shelf", key = "shelf",
          effect = { insert = { used = 1 } }, lookup = { table = "book", key = "book" } },
    ]

    [load]
    restocking = { operation = "restock", constant = "10s" }
    placing = { operation = "place", constant = "10s", from = "5s" }

    [reads]
    probe = { operation = "restock", at = ["1s"] }
    page = { by = "inventory", operation = "restock", at = ["500ms"] }
"#;

const SHARED: &str = "technique = 'shared-database'\npattern = 'local-transaction'\n";

/// The technique by which this service owns the books, and others ask it.
fn delegate(owner: &str) -> String {
    let delegate = format!("{{ name = 'delegate', owner = '{owner}', tables = ['book'] }}");
    format!("technique = ['shared-database', {delegate}]\n")
}

/// The catalogue is asked from the start.
fn delegated() -> String {
    delegate("catalog") + "pattern = 'local-transaction'\n"
}

/// The switch of a variant at a time.
fn from(at: &str, what: &str) -> String {
    format!("[[variants.it.switch]]\nat = '{at}'\n{what}")
}

/// Everything is shared first, and the catalogue is asked from a time on.
fn switched(at: &str) -> String {
    SHARED.to_owned() + &from(at, &delegate("catalog"))
}

fn run_in(world: &str, variant: &str) -> RecordedRun {
    let told = record_text(&format!("{world}[variants.it]\n{variant}"), "it", 1);
    let failed: Vec<_> = told.report.failed_self_checks().collect();
    assert!(failed.is_empty(), "{failed:?}");
    assert!(told.ran.settled);
    told
}

fn run(variant: &str) -> RecordedRun {
    run_in(BOOKS, variant)
}

/// The operations that the file calls so, whatever is offered in their place.
fn rows<'t>(told: &'t RecordedRun, name: &str) -> Vec<&'t OperationRow> {
    let of = |row: &&OperationRow| *told.system.operation(row.kind).name.stream_name == *name;
    told.report.operations.iter().filter(of).collect()
}

/// How long the answers took, in milliseconds.
fn took(rows: &[&OperationRow]) -> Vec<u64> {
    let took = rows.iter().map(|row| row.answered_after.expect("it was answered"));
    took.map(|span| span.as_nanos() / 1_000_000).collect()
}

/// The same as another way to carry it out, under the kind that the file declares.
fn declared(told: &RecordedRun, rows: &[&OperationRow]) -> Vec<OperationRow> {
    let kind = |row: &OperationRow| told.system.declared(row.kind);
    rows.iter().map(|row| OperationRow { kind: kind(row), ..(*row).clone() }).collect()
}

fn variant_of(text: &str) -> Variant {
    scenario(&format!("{BOOKS}[variants.it]\n{text}")).variants.remove(0)
}

/// A local transaction: the client's way (2), the request's work (1), the idempotency key and the
/// statement (3 each), the commit (2 + 2).
const LOCAL: u64 = 2 + 1 + 3 + 3 + 4;
/// The way to another service and back, and the work of a request there.
const HOP: u64 = 2 + 1;
/// A row that is looked up where the service may.
const LOOK: u64 = 3;

#[test]
fn an_operation_goes_the_way_that_holds_when_it_arrives() {
    let (before, after) = (run(SHARED), run(&delegated()));
    let told = run(&switched("30s"));
    for (name, own) in [("restock", LOCAL), ("place", LOCAL + LOOK)] {
        let (old, new) = (rows(&before, name), rows(&after, name));
        assert_eq!(took(&old), vec![own; old.len()], "{name}");
        assert_eq!(took(&new), vec![own + HOP; new.len()], "{name}");
        // The third restocking arrives at the very instant of the switch.
        let all = rows(&told, name);
        assert_eq!(declared(&told, &all[..2]), declared(&before, &old[..2]));
        assert_eq!(declared(&told, &all[2..]), declared(&after, &new[2..]));
        let named = all.iter().map(|row| &*told.system.operation(row.kind).name.shown);
        let later = format!("{name} (from 30s)");
        let expected = (0..all.len()).map(|at| if at < 2 { name } else { &later });
        assert_eq!(named.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
    }
    // The same draws: a new name, the old random stream.
    let names = told.system.operations.iter().map(|OperationSpec { name, .. }| name.stream);
    let names: Vec<u64> = names.collect();
    assert_eq!(names[..2], names[2..]);
}

#[test]
fn what_is_under_way_at_the_switch_ends_the_old_way() {
    let told = run(&switched("10005ms"));
    let [first, later @ ..] = &took(&rows(&told, "restock"))[..] else { panic!("six arrive") };
    assert_eq!((*first, later), (LOCAL, &[LOCAL + HOP; 5][..]));
}

#[test]
fn a_client_that_asks_again_behind_the_switch_is_answered_the_old_way() {
    // The inventory is down as the third restocking arrives, and the catalogue much longer.
    let patient = BOOKS.replace("attempts = 1\n", "attempts = 40\n");
    let crash = |target: &str, length: &str| {
        let what = format!("at = '29900ms'\nfor = '{length}'\ntarget = '{target}'\n");
        format!("[[faults]]\nkind = 'crash'\n{what}")
    };
    let faults = crash("inventory", "500ms") + &crash("catalog", "3s");
    let third = |at: &str| {
        let told = run_in(&patient, &(switched(at) + &faults));
        let row = rows(&told, "restock")[2].clone();
        assert_eq!(row.answer, Answer::Done);
        row.answered_after.expect("it was answered")
    };
    let (old, new) = (third("30001ms"), third("30s"));
    assert!(
        old > Span::from_millis(500) && old < Span::from_secs(1),
        "it needs nobody else: {old}"
    );
    assert!(new > Span::from_secs(3), "it needs the catalogue: {new}");
}

#[test]
fn reads_follow_both_and_go_by_the_rights_of_their_moment() {
    let read = |variant: &str, name: &str| -> Vec<u64> {
        let told = run(variant);
        let at = told.system.reads.iter().position(|read| *read.name.shown == *name);
        let tally = &told.report.reads[at.expect("a read")];
        assert_eq!((tally.scheduled, tally.error), (6, 0));
        assert_eq!(tally.within[2].right, 6);
        let took = told.report.measures.values(reads::LATENCY.of_read(name));
        took.values.iter().map(|nanos| nanos / 1_000_000).collect()
    };
    // A reader's way, work, a statement; if the inventory has to ask, the owner's way and work.
    assert_eq!(read(SHARED, "page"), [6; 6]);
    assert_eq!(read(&delegated(), "page"), [9; 6]);
    assert_eq!(read(&switched("30s"), "page"), [6, 6, 9, 9, 9, 9]);
    // The second restocking arrives before the switch, and its page is asked for behind it.
    assert_eq!(read(&switched("20200ms"), "page"), [6, 9, 9, 9, 9, 9]);
    assert_eq!(read(&switched("30s"), "probe"), [6; 6], "the owner is the same");
}

#[test]
fn one_switch_may_follow_another_and_the_owner_change() {
    let text = switched("25s") + &from("45s", &delegate("inventory"));
    let told = run(&text);
    let hop = |own: u64, hops: &[u64]| -> Vec<u64> { hops.iter().map(|it| own + it).collect() };
    // At 10, 20, ... and at 15, 25, ...: the catalogue is asked from 25 s until 45 s.
    let restock = hop(LOCAL, &[0, 0, HOP, HOP, 0, 0]);
    assert_eq!(took(&rows(&told, "restock")), restock);
    assert_eq!(took(&rows(&told, "place")), hop(LOCAL + LOOK, &[0, HOP, HOP, 0, 0]));
    let names = told.system.operations.iter().map(|operation| &*operation.name.shown);
    let (first, second) = (["restock (from 25s)", "place (from 25s)"], ["restock (from 45s)"]);
    let expected = [&["restock", "place"][..], &first, &second, &["place (from 45s)"]].concat();
    assert_eq!(names.collect::<Vec<_>>(), expected);
    // A service that depends on a table at any time is counted, and each way is a chain of its own.
    let variant = variant_of(&text);
    assert_eq!(variant.technique.matches("shared-database").count(), 3);
    let coupling = Coupling::of(&variant.system, |kind| variant.pattern.waits_in_turn(kind));
    assert_eq!(coupling.tables[0].owner, "catalog, then inventory");
    assert_eq!(coupling.tables[0].writers, ["catalog", "inventory"]);
    assert!(coupling.tables[0].without_right.is_empty());
    let needs = |name: &str| {
        let chain = coupling.chains.iter().find(|chain| chain.name == name);
        chain.unwrap_or_else(|| panic!("no chain {name}")).needs.clone()
    };
    assert_eq!(needs("restock"), ["inventory", "book-db"]);
    assert_eq!(needs("restock (from 25s)"), ["inventory", "catalog", "book-db"]);
    assert_eq!(needs("restock (from 45s)"), ["inventory", "book-db"]);
    assert_eq!(needs("place (from 25s)"), ["inventory", "catalog", "book-db"]);
    assert_eq!(needs("page (from 25s)"), ["inventory", "catalog", "book-db"]);
}

/// These operations are a matter of one store each, but a pattern is to carry them out.
const THROUGH: &str = "single-store = 'through-driver'\n";

#[test]
fn the_pattern_may_be_switched_with_the_technique() {
    let both = delegate("catalog") + "pattern = { restock = 'orchestrated' }\n";
    let text = SHARED.to_owned() + THROUGH + &from("30s", &both);
    let variant = variant_of(&text);
    let pattern = &variant.pattern;
    assert_eq!(
        pattern.summary(),
        "local-transaction; from 30s on local-transaction for place (from 30s), \
         orchestrated for restock (from 30s)"
    );
    let waits = [0, 1, 2, 3].map(|kind| pattern.waits(OperationKind(kind)).steps);
    use WaitsFor::{All, InOnePlace};
    assert_eq!(waits, [InOnePlace, InOnePlace, All, InOnePlace]);
    assert_eq!(variant.technique, "shared-database, from 30s on shared-database + delegate");
    let told = run(&text);
    let restock = took(&rows(&told, "restock"));
    assert_eq!(restock[..2], [LOCAL; 2]);
    assert!(restock[2..].iter().all(|it| *it > LOCAL + HOP), "{restock:?}");
    let place = took(&rows(&told, "place"));
    assert_eq!(place[2..], [LOCAL + LOOK + HOP; 3], "carried out as before, where it now is");
}

#[test]
fn a_pattern_that_is_switched_needs_what_each_does_in_its_time() {
    let saga = from("30s", "pattern = { restock = 'orchestrated' }\n");
    let text = SHARED.to_owned() + THROUGH + &saga;
    let variant = variant_of(&text);
    let turns = |kind| -> Vec<_> {
        let turns = variant.pattern.waits_in_turn(OperationKind(kind)).into_iter();
        turns.map(|(from, waits)| (from, waits.steps)).collect()
    };
    let later = Time::ZERO + Span::from_secs(30);
    let (local, saga) = (WaitsFor::InOnePlace, WaitsFor::All);
    assert_eq!(turns(0), [(Time::ZERO, local), (later, saga)]);
    assert_eq!(turns(1), [(Time::ZERO, local)]);
    let coupling = Coupling::of(&variant.system, |kind| variant.pattern.waits_in_turn(kind));
    let chain = coupling.longest().expect("an operation");
    assert_eq!(chain.name, "restock (from 30s)");
    assert_eq!(chain.needs, ["inventory", "orchestrator", "book-db"]);
}

#[test]
fn who_follows_an_operation_of_the_old_way_has_its_keys() {
    let follows = "lending = { operation = 'lend', follows = { load = 'restocking', delay = '5s', \
                   share = 1.0 } }\n\n    [reads]";
    let lend = "[operations.lend]\nkeys = { book = 'followed' }\nsteps = [\n\
                { name = 'take', by = 'inventory', table = 'book', key = 'book',\n\
                effect = { add = { copies = -1 } } }]\n\n    [load]";
    let world = BOOKS.replace("[load]", lend).replace("[reads]", follows);
    let told = run_in(&world, &switched("12s"));
    let keys = |name: &str| rows(&told, name).iter().map(|row| row.keys[0]).collect::<Vec<_>>();
    assert_eq!(keys("lend"), keys("restock")[..5]);
    let declared = |row: &&OperationRow| row.kind == told.system.declared(row.kind);
    let old = |name: &str| rows(&told, name).into_iter().filter(declared).count();
    assert_eq!((old("restock"), old("lend")), (1, 0), "led the old way, followed the new one");
}

#[test]
fn in_a_case_the_time_of_arrival_says_which_way_an_operation_goes() {
    let text = format!("{BOOKS}[variants.it]\n{}", switched("3s"));
    let scenario = scenario(&text);
    let promises = Promises { guarantees: vec!["at-most-once"], ..Promises::default() };
    let trial = Trial::new(&scenario, &scenario.variants[0]).promising(promises);
    let at = |seconds| Time::ZERO + Span::from_secs(seconds);
    let run = |operations: &[Offer]| -> (Case, Tried, Vec<u16>) {
        let (seed, operations) = (1, operations.to_vec());
        let case = Case { seed, operations, faults: Vec::new(), ..Case::default() };
        let look = |world: &World| world.env().operations();
        let (tried, infos) = trial.observe(&case, Vec::new(), |_| (), look);
        assert!(tried.ran.settled);
        (case, tried, infos.iter().map(|info| info.kind.0).collect())
    };
    // In the scenario all of them arrive behind the switch. Pauses are cut to a second.
    let mut operations = trial.offers(1, 4);
    let arrivals: Vec<Time> = operations.iter().map(|offer| offer.info.arrived).collect();
    assert_eq!(arrivals, [1, 2, 3, 4].map(at));
    assert!(operations.iter().all(|offer| offer.info.kind.0 < 2), "as the file declares them");
    assert_eq!(run(&operations).2, [0, 1, 2, 3]);
    operations[2].info.arrived = at(2);
    let (case, _, kinds) = run(&operations);
    assert_eq!(kinds, [0, 1, 0, 3]);
    // Written down under the names of the file, read and run again, it is the same run.
    let written = replay::counterexample(&trial, &case, "at-most-once", "it", "a test");
    let text = written.text(&scenario.system, "Nothing is wrong.");
    assert!(text.contains("operation = \"restock\"") && !text.contains("from 3s"), "{text}");
    let source = Source { name: "found.toml".into(), text };
    let (read, problems) = counterexample::read(&source, &Registries::builtin());
    assert!(problems.is_empty(), "{problems:?}");
    let resolved = read.expect("it can be read").resolve(&scenario).expect("it fits");
    let again = replay::replay(&trial, &resolved);
    assert_eq!(again.identity, replay::Identity::Same);
}

//! Look-ups: which way they go, what they cost, and what is not true any more afterwards.

use std::sync::Arc;

use crate::experiment::compare::setup;
use crate::kernel::Span;
use crate::model::record::{Answer, Event, MessageClass};
use crate::model::system::{ColumnRef, Feed, Grant, ReplicaSpec, ServiceId, System, TableId};
use crate::tests::pick;
use crate::tests::runs::{RecordedRun, SHOP, record_run, scenario};

const ORDER: ServiceId = ServiceId(0);
const PRODUCTS: TableId = TableId(1);
const COPY: TableId = TableId(2);

/// The shop with one product of which so many are left, and with buyers who come all at once,
/// every 20 s; what its steps look up is inserted into them.
fn shop(
    left: i64,
    buyers: u32,
    steps: [&str; 2],
    more: &str,
    change: impl Fn(&mut System),
) -> RecordedRun {
    let copy = format!(
        "copy = {{ owner = 'order', database = 'order-db', columns = {{ left = {left} }}, \
         rows = 1 }}\n[operations.buy]"
    );
    let text = SHOP
        .replace("left = 99 }, rows = 5", &format!("left = {left} }}, rows = 1"))
        .replace("[operations.buy]", &copy)
        .replace("key = \"order\",", &format!("key = \"order\", {}", steps[0]))
        .replacen("key = \"product\",", &format!("key = \"product\", {}", steps[1]), 1)
        .replace("constant = \"4s\"", &format!("closed = {{ clients = {buyers}, think = '20s' }}"))
        .replace("share = 1.0", "share = 0.0")
        + more;
    let scenario = scenario(&text);
    let mut setup = setup(&scenario, &scenario.variants[0]);
    change(Arc::make_mut(&mut setup.system));
    record_run(&setup, 1)
}

/// A lookup of the stock before the order is placed.
const CHECK: &str = "lookup = { table = 'product', key = 'product', \
                     refuse = { below = { column = 'left', bound = 1 } } },";
const LOOK: &str = "lookup = { table = 'product', key = 'product' },";

/// The stock that is left in the end.
fn left(told: &RecordedRun, before: i64) -> i64 {
    let cell = ColumnRef { table: PRODUCTS, column: 0 };
    let values = told.pick(pick!(Event::Value { column, value, .. } if column == cell => value));
    values.last().unwrap_or(before)
}

fn answers(told: &RecordedRun, answer: Answer) -> usize {
    let answers = told.pick(pick!(Event::Answered { answer, .. } => answer));
    answers.filter(|known| *known == answer).count()
}

#[test]
fn who_checks_first_and_acts_later_sells_what_is_gone() {
    for (stock, buyers) in [(3, 2), (3, 3), (3, 7), (1, 5)] {
        let told = shop(stock, buyers, [CHECK, ""], "", |_| ());
        let sold = stock - left(&told, stock);
        let oversold = (-left(&told, stock)).max(0);
        let rounds = i64::from(buyers) * 2;
        if i64::from(buyers) < stock {
            assert_eq!(sold, stock + 1, "a third and a fourth find one, and both take it");
            continue;
        }
        assert_eq!(oversold, (i64::from(buyers) - stock).max(0), "{stock} {buyers}");
        // The next time, everybody sees that there is none.
        assert_eq!(answers(&told, Answer::Done) as i64, sold);
        assert_eq!(answers(&told, Answer::RefusedByRule) as i64, rounds - sold);
        let refused = told.report.census.of(crate::checks::census::Headline::Refused);
        assert_eq!(refused as i64, rounds - sold);
    }
}

#[test]
fn who_checks_as_he_acts_sells_nothing_that_is_gone() {
    let rule = "refuse = { below = { column = 'left', bound = 0 } },";
    let told = shop(3, 7, [CHECK, rule], "", |_| ());
    assert_eq!(left(&told, 3), 0);
    assert_eq!((answers(&told, Answer::Done), answers(&told, Answer::RefusedByRule)), (3, 11));
}

#[test]
fn a_check_of_a_copy_goes_by_what_was_true_when_it_was_made() {
    let periodic = |system: &mut System| {
        let feed = Feed::Periodic(Span::from_secs(30));
        system.replicas.push(ReplicaSpec { of: PRODUCTS, copy: COPY, feed });
    };
    // One buyer after the other: at 20 s and, before or behind the next copy at 30 s, at 40 s.
    let told = shop(1, 1, [CHECK, ""], "", periodic);
    assert_eq!((left(&told, 1), answers(&told, Answer::Done)), (0, 1));
    let late = |system: &mut System| {
        let feed = Feed::Periodic(Span::from_secs(50));
        system.replicas.push(ReplicaSpec { of: PRODUCTS, copy: COPY, feed });
    };
    let told = shop(1, 1, [CHECK, ""], "", late);
    assert_eq!((left(&told, 1), answers(&told, Answer::Done)), (-1, 2));
}

#[test]
fn a_look_up_costs_a_query_and_who_must_ask_pays_for_the_way_and_the_work() {
    let took = |step: &str, change: fn(&mut System)| {
        let told = shop(99, 1, [step, ""], "", change);
        let mut waits = told.pick(pick!(Event::Answered { waited, .. } => waited));
        (waits.next().expect("an answer"), told.sent("look-up", MessageClass::Service))
    };
    let grant = |system: &mut System| {
        let grant = Grant { service: ORDER, write: false };
        system.tables[PRODUCTS.index()].grants.push(grant);
    };
    let copy = |system: &mut System| {
        system.replicas.push(ReplicaSpec { of: PRODUCTS, copy: COPY, feed: Feed::Events });
    };
    let (none, _) = took("", |_| ());
    let query = Span::from_millis(3); // There, a statement's work, and back.
    assert_eq!(took(LOOK, grant), (none + query, 0));
    assert_eq!(took(LOOK, copy), (none + query, 0));
    assert_eq!(took(LOOK, |_| ()), (none + query + query, 4), "two buyers ask");
}

#[test]
fn a_retry_whose_first_try_took_the_last_one_is_not_refused() {
    // What stock answers for the first order is lost; when it is asked again there is none left.
    let lost =
        "\n[[faults]]\nkind = 'loss'\nat = '20s'\nfor = '1s'\nfrom = ['stock']\nshare = 1.0\n";
    let told = shop(1, 1, ["", CHECK], lost, |_| ());
    assert_eq!(answers(&told, Answer::Done), 1);
    assert_eq!(left(&told, 1), 0);
    let census = &told.report.census;
    assert_eq!(census.of(crate::checks::census::Headline::Committed), 1);
    assert_eq!(census.wrong(), 0);
}

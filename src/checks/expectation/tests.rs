//! Expectations of small histories.

use super::*;
use crate::checks::Verdict::{Held, Undecided, Violated};
use crate::checks::measures::catalogue::CATALOGUE;
use crate::model::record::Answer;
use crate::tests::history::{self, History, OPEN};

fn expect(subject: Subject, limit: Limit, amount: f64) -> Expectation {
    let bound = Bound::Amount(amount);
    Expectation { name: "e".into(), subject, limit, bound, variants: vec![] }
}

fn lag(text: &str, limit: Limit, millis: u64) -> Expectation {
    let subject = Subject::measure(text, &parts(&[])).expect("a quantile of the lag");
    expect(subject, limit, Span::from_millis(millis).as_nanos() as f64)
}

/// Reads of these names, each at 200 ms, and two operations.
fn parts<'a>(reads: &[&str]) -> Parts<'a> {
    let times = [Span::from_millis(200)];
    let reads: Vec<(&str, Anchor, &[Span])> =
        reads.iter().map(|name| (*name, Anchor::Arrival, &times[..])).collect();
    Parts::new(&reads, &["open", "rename"], CATALOGUE)
}

/// Three operations with a lag of 100, 200 and 300 ms, and perhaps one that never ends.
fn lags(open: bool) -> History {
    let mut history = History::new();
    for op in 0..3_u32 {
        let at = 20_000 + u64::from(op) * 1_000;
        history.at(at).offer(op, OPEN, 3).apply(op, 0).answer(op, Answer::Accepted);
        history.at(at + 100 * u64::from(op + 1)).apply(op, 1).apply(op, 2);
    }
    if open {
        history.at(90_000).offer(3, OPEN, 3).apply(3, 0);
    }
    history.at(110_000);
    history
}

#[test]
fn subjects_have_the_names_of_measures_statistics_and_headlines() {
    let named = |text: &str| Subject::measure(text, &parts(&[])).map(|subject| subject.to_string());
    assert_eq!(named("m1.p99"), Ok("consistency lag, p99".into()));
    assert_eq!(named("m1.p99.9"), Ok("consistency lag, p99.9".into()));
    assert_eq!(named("m1.max"), Ok("consistency lag, maximum".into()));
    assert_eq!(named("m1.partial.max"), Ok("partial operations, peak".into()), "the longest name");
    assert_eq!(named("m77"), Err(Unknown::Measure));
    assert!(matches!(named("m1"), Err(Unknown::NoStatistic(_))));
    assert_eq!(named("m1.mean"), Ok("consistency lag, mean".into()));
    for text in ["m1.p0", "m1.p100", "m1.p99.95", "m1.average", "m1.hidden.p50", "m1.hidden.mean"] {
        assert!(matches!(named(text), Err(Unknown::Statistic(_))), "{text}");
    }
    let census = |text: &str| Subject::census(text, &None);
    assert_eq!(census("stranded"), Some(Subject::Census(Headline::Stranded, None)));
    assert_eq!(census("aborted-cleanly"), Some(Subject::Census(Headline::AbortedCleanly, None)));
    assert_eq!(census("wrong"), Some(Subject::Wrong(None)));
    assert_eq!(census("beached"), None);
}

#[test]
fn a_mean_is_of_what_ended_and_unknown_while_anything_goes_on() {
    for (report, below, verdict) in [
        (lags(false).rest(), 201, Held),
        (lags(false).rest(), 200, Violated),
        (lags(true).rest(), 201, Held),
        (lags(true).give_up(), 201, Undecided),
    ] {
        let judged = lag("m1.mean", Limit::Below, below).judge(&report);
        assert_eq!(judged.verdict, verdict, "{below}: {}", judged.why);
    }
}

#[test]
fn measures_of_reads_have_the_name_of_the_read_within() {
    let known = ["report", "report.late"];
    let named =
        |text: &str| Subject::measure(text, &parts(&known)).map(|subject| subject.to_string());
    assert_eq!(named("reads.report.right"), Ok("report: right".into()));
    assert_eq!(named("reads.report.late.right"), Ok("report.late: right".into()), "the longest");
    assert_eq!(named("reads.report.latency.p99"), Ok("report: latency, p99".into()));
    assert_eq!(named("reads.report.age.max"), Ok("report: age of stale reads, maximum".into()));
    for text in ["reads.", "reads.raport.right", "reads.reporter.right"] {
        assert_eq!(named(text), Err(Unknown::Read), "{text}");
    }
    for text in ["reads.report", "reads.report.", "reads.report.wrong", "reads.report.right-or"] {
        assert_eq!(named(text), Err(Unknown::Number("reads.report".into())), "{text}");
    }
    assert!(matches!(named("reads.report.latency"), Err(Unknown::NoStatistic(_))));
    for text in ["reads.report.latency.means", "reads.report.right.p99"] {
        assert!(matches!(named(text), Err(Unknown::Statistic(_))), "{text}");
    }
    let shares = reads::ALL.iter().filter(|measure| measure.unit == Unit::Share);
    assert_eq!(shares.count(), 5, "of every read");
}

#[test]
fn what_nobody_read_is_undecided() {
    let subject = |number: &str| {
        Subject::measure(&format!("reads.report.{number}"), &parts(&["report"])).expect("a number")
    };
    let mut report = lags(false).rest();
    let unread = expect(subject("right"), Limit::AtLeast, 0.0).judge(&report);
    assert_eq!((unread.verdict, &*unread.why), (Undecided, "it is not measured"));
    let read = history::read("report", history::of_column());
    let nothing = vec![reads::ReadTally::default()];
    reads::ReadTally::measure(&mut report.measures, &read, nothing);
    let says = |number, limit| expect(subject(number), limit, 0.0).judge(&report);
    assert_eq!(says("count", Limit::AtMost).verdict, Held);
    assert_eq!(&*says("right", Limit::AtLeast).why, "there was no such read in this run");
    assert_eq!(&*says("latency.p50", Limit::Above).why, "there is no such value in this run");
}

#[test]
fn quantiles_are_held_to_their_limit() {
    let report = lags(false).rest();
    let says = |text, limit, millis| lag(text, limit, millis).judge(&report).verdict;
    assert_eq!(says("m1.p50", Limit::AtMost, 200), Held);
    assert_eq!(says("m1.p50", Limit::Below, 200), Violated);
    assert_eq!(says("m1.max", Limit::AtLeast, 300), Held);
    assert_eq!(says("m1.max", Limit::Above, 300), Violated);
    let late = lag("m1.max", Limit::Below, 250).judge(&report);
    assert_eq!(late.why, "300ms, not below 250ms");
    let nothing = History::new().rest();
    assert_eq!(lag("m1.p99", Limit::Below, 1).judge(&nothing).verdict, Undecided);
}

#[test]
fn what_never_ended_is_infinite_and_what_was_cut_off_is_not_known() {
    let below = |text| lag(text, Limit::Below, 50_000);
    let settled = lags(true).rest();
    assert_eq!(below("m1.p75").judge(&settled).verdict, Held, "three of four");
    assert_eq!(below("m1.max").judge(&settled).why, "never, not below 50s");
    let unsettled = lags(true).give_up();
    assert_eq!(below("m1.p75").judge(&unsettled).verdict, Held, "the open one is the longest");
    assert_eq!(below("m1.max").judge(&unsettled).verdict, Undecided, "20 s so far");
    let sooner = lag("m1.max", Limit::Below, 15_000).judge(&unsettled);
    assert_eq!(sooner.why, "at least 20s, not below 15s", "it can only get worse");
    assert_eq!(lag("m1.max", Limit::Above, 15_000).judge(&unsettled).verdict, Held);
    assert_eq!(lag("m1.max", Limit::Above, 50_000).judge(&unsettled).verdict, Undecided);
}

#[test]
fn outcomes_are_counted_once_the_system_is_at_rest() {
    let none =
        |name: &str| expect(Subject::census(name, &None).expect("known"), Limit::AtMost, 0.0);
    assert_eq!(none("stranded").judge(&lags(false).rest()).verdict, Held);
    let stuck = none("stranded").judge(&lags(true).rest());
    assert_eq!((stuck.verdict, &*stuck.why), (Violated, "1, not at most 0"));
    assert_eq!(none("wrong").judge(&lags(true).rest()).verdict, Violated);
    assert_eq!(none("wrong").judge(&lags(false).give_up()).verdict, Undecided);
    assert_eq!(none("wrong").judge(&History::new().rest()).verdict, Undecided);
}

#[test]
fn shares_and_counts_are_plain_numbers() {
    let hidden = Subject::measure("m1.hidden", &parts(&[])).expect("a share");
    let report = lags(false).rest();
    assert_eq!(expect(hidden.clone(), Limit::AtMost, 0.0).judge(&report).verdict, Held);
    let more = expect(hidden, Limit::Above, 0.25);
    assert_eq!(more.judge(&report).why, "0, not above 0.25");
    assert_eq!(more.wanted(), "above 0.25");
}

#[test]
fn measures_of_operations_have_the_name_of_the_operation_within() {
    let known = parts(&["report"]);
    let named = |text: &str| Subject::measure(text, &known).map(|subject| subject.to_string());
    assert_eq!(named("operations.open.m1.p99"), Ok("open: consistency lag, p99".into()));
    assert_eq!(named("operations.rename.m9"), Ok("rename: availability".into()));
    assert_eq!(named("operations.open.m8.lost-updates"), Ok("open: lost updates".into()));
    assert_eq!(named("reads.report@200ms.right"), Ok("report @ 200ms: right".into()));
    assert_eq!(named("operations.opn.m9"), Err(Unknown::Operation));
    assert_eq!(named("operations.open.m11"), Err(Unknown::Number("operations.open".into())));
    assert_eq!(named("reads.report@300ms.right"), Err(Unknown::Read), "it is not made then");
    let alone = Parts::new(&[], &["open"], CATALOGUE);
    let only = Subject::measure("operations.open.m9", &alone);
    assert_eq!(only, Ok(Subject::Number(Key::from(measures::catalogue::AVAILABILITY))));
}

#[test]
fn measures_of_pools_have_the_name_of_the_pool_within() {
    let known = parts(&[]).with_pools(&["relay", "order-db"]);
    let named = |text: &str| Subject::measure(text, &known).map(|subject| subject.to_string());
    assert_eq!(named("pools.relay.utilisation"), Ok("relay: utilisation".into()));
    let connections = "pools.order-db.connections.waiting";
    assert_eq!(named(connections), Ok("order-db: waiting for connections".into()));
    assert_eq!(named("pools.rely.utilisation"), Err(Unknown::Pool));
    assert_eq!(named("pools.relay.busy"), Err(Unknown::Number("pools.relay".into())));
}

#[test]
fn outcomes_are_counted_of_one_operation_or_of_all_local_ones_included() {
    let mut system = history::system();
    system.operations[OPEN.index()].spans_stores = true;
    let mut history = History::of(system);
    history.at(20_000).offer(0, OPEN, 3).answer(0, Answer::RefusedByRule);
    history.offer(1, history::RENAME, 3).answer(1, Answer::Done);
    let report = history.rest();
    assert_eq!(report.census.wrong(), 0, "headlines pool tickets");
    let none = |whose: Whose| {
        let wrong = Subject::census("wrong", &whose).expect("known");
        expect(wrong, Limit::AtMost, 0.0).judge(&report).verdict
    };
    assert_eq!(none(None), Violated, "a name is lost");
    assert_eq!(none(Some(("rename".into(), 1))), Violated);
    assert_eq!(none(Some(("open".into(), 0))), Held);
}

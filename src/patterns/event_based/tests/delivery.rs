//! Tests of lost and duplicated effects, by settings.

use super::*;
use crate::checks::measures::counters::{GROUP_LAG, GROUP_LAG_MAX};
use crate::checks::measures::{Measure, Scope};
use crate::model::contract::{Promises, label};
use crate::model::record::Discard;
use crate::tests::runs::scenario;

/// One purchase every 10 s; the third is struck.
const STRUCK: u32 = 2;

fn load() -> String {
    every("10s")
}

#[test]
fn a_crash_between_commit_and_publish_loses_the_event_of_a_dual_write_only() {
    for publish in ["dual-write", "outbox", "log-tailing"] {
        let settings = format!(r#"publish = "{publish}""#);
        let calm = run(&[&load()], &settings);
        assert_all_committed(&calm);
        // Half a millisecond behind the commit its answer is still on the way to the service.
        let at = shown_at(&calm, STRUCK, 0) + Span::from_micros(500);
        let told = run(&[&load(), &crash("shop", at, Span::from_secs(1))], &settings);
        assert_eq!(shown(&told, STRUCK, 0, false), 1, "the order is committed");
        assert_eq!(held(&told), 0);
        let lost = publish == "dual-write";
        let state = if lost { State::Partial } else { State::All };
        assert_eq!(row(&told, STRUCK).state, state, "{publish}");
        let others = told.report.operations.iter().filter(|row| row.op != OpId(STRUCK));
        assert!(others.clone().count() > 3 && others.clone().all(|r| r.state == State::All));
        assert_eq!(counted(&told), told.report.offered as i64 - i64::from(lost));
    }
}

/// Messages of the consumer to the broker are lost for 5 s, among them one acknowledgement.
fn lost_acknowledgement(told: &RecordedRun) -> String {
    let at = before(shown_at(told, STRUCK, 1), Span::from_millis(1)).as_nanos();
    format!(
        "[[faults]]\nkind = \"partition\"\nfrom = [\"billing\"]\nto = [\"broker\"]\n\
         one-way = true\n\
         at = \"{at}ns\"\nfor = \"5s\"\n"
    )
}

#[test]
fn a_redelivery_counts_twice_unless_the_consumer_is_idempotent() {
    for (settings, twice) in [
        ("idempotent-consumer = true", false),
        ("idempotent-consumer = false", true),
        // The redelivery comes 30 s behind the first: the inbox has forgotten.
        (r#"inbox-retention = "20s""#, true),
        (r#"inbox-retention = "40s""#, false),
    ] {
        let calm = run(&[&load()], settings);
        assert_all_committed(&calm);
        assert_eq!(handed(&calm, STRUCK), 1);
        let told = run(&[&load(), &lost_acknowledgement(&calm)], settings);
        assert_eq!(handed(&told, STRUCK), 2, "{settings}");
        assert_eq!(shown(&told, STRUCK, 1, false), 1 + i64::from(twice), "{settings}");
        assert_eq!(counted(&told), told.report.offered as i64 + i64::from(twice));
        assert_eq!(told.report.census.of(Headline::Duplicated), u64::from(twice));
        assert_eq!(held(&told), 0);
        let deliveries = told.of(STRUCK).filter(|record| record.kind() == Kind::Handed);
        let times: Vec<Time> = deliveries.map(|record| record.time).collect();
        // The visibility timeout, then the first pause of the retry policy.
        assert_eq!(times[1] - times[0], Span::from_secs(30) + Span::from_millis(500));
    }
}

#[test]
fn a_volatile_broker_forgets_what_a_durable_one_keeps() {
    // The consumer is away while a purchase waits for it, and the broker crashes meanwhile.
    let away = crash("billing", secs(25), Span::from_secs(15));
    let faults = [load(), away, crash("broker", secs(35), Span::from_secs(1))].concat();
    let told = run(&[&faults], r#"broker = "durable""#);
    assert_all_committed(&told);
    let told = run(&[&faults], r#"broker = "volatile""#);
    assert_eq!(row(&told, STRUCK).headline, Headline::Lost);
    assert_eq!(told.report.census.of(Headline::Lost), 1);
    assert_eq!(counted(&told), told.report.offered as i64 - 1);
    assert!(told.report.settled, "nobody waits for what nobody remembers");
}

#[test]
fn at_most_once_loses_what_the_consumer_could_not_take() {
    let away = [load(), crash("billing", secs(25), Span::from_secs(10))].concat();
    assert_all_committed(&run(&[&away], r#"delivery = "at-least-once""#));
    let told = run(&[&away], r#"delivery = "at-most-once""#);
    assert_eq!(row(&told, STRUCK).headline, Headline::Lost);
    assert_eq!(handed(&told, STRUCK), 1);
    assert_eq!(held(&told), 0, "the broker holds nothing that it will not deliver");
}

#[test]
fn acknowledged_before_processing_a_crash_in_between_loses_it() {
    for (acknowledge, lost) in [("after-processing", false), ("before-processing", true)] {
        let settings = format!(r#"acknowledge = "{acknowledge}""#);
        let calm = run(&[&load()], &settings);
        assert_all_committed(&calm);
        // The last statement and the commit take 3 ms each: it dies in the middle.
        let at = before(shown_at(&calm, STRUCK, 1), Span::from_micros(4_500));
        let told = run(&[&load(), &crash("billing", at, Span::from_secs(1))], &settings);
        // Its transaction is rolled back, and nobody asks again.
        let expected = if lost { Headline::Mixed } else { Headline::Committed };
        assert_eq!(row(&told, STRUCK).headline, expected, "{acknowledge}");
        assert_eq!(counted(&told), told.report.offered as i64 - i64::from(lost));
        assert_eq!(handed(&told, STRUCK), 2 - usize::from(lost));
        assert_eq!(held(&told), 0);
    }
}

#[test]
fn after_so_many_deliveries_a_message_is_a_dead_letter() {
    let away = [load(), crash("billing-db", secs(25), Span::from_secs(30))].concat();
    let told = run(&[&away], "max-deliveries = 3");
    assert_eq!(row(&told, STRUCK).headline, Headline::Stranded, "somebody could still move it");
    assert_eq!(handed(&told, STRUCK), 3);
    let discarded: Vec<&Record> = told.all(Kind::Discarded).collect();
    assert!(discarded.iter().any(|record| record.op == OpId(STRUCK)));
    let mut discards = told.pick(pick!(Event::Discarded { discard, .. } => discard));
    assert!(discards.all(|discard| discard == Discard::DeadLetter));
    assert_eq!(held(&told), discarded.len() as i64, "only the dead letters");
    assert_all_committed(&run(&[&away], "max-deliveries = 20"));
}

/// A message that is discarded before the database gives up what a dead consumer had locked is lost
/// by a single crash: nobody can promise that none is.
#[test]
fn deliveries_outlast_the_locks_of_a_consumer_whose_machine_is_gone() {
    let promises = |retry: &str| {
        let variant = "[variants.events]\npattern = \"event-based\"\n";
        let text = [WORLD, &load(), variant].concat().replace("jitter = 0.0", retry);
        let scenario = scenario(&text);
        let variant = &scenario.variants[0];
        variant.pattern.promises(&variant.system).guarantees
    };
    let patient = promises("backoff = '1s'\nlongest = '30s'");
    let hasty = promises("backoff = '100ms'\nlongest = '200ms'");
    for name in ["no-dead-letters", "all-or-nothing", "resumes-after-restart"] {
        assert!(patient.contains(&name) && !hasty.contains(&name), "{name}");
    }
    assert!(hasty.contains(&"at-most-once"));
}

/// Handlers that fail and are tried again cost no promise while enough deliveries are left; fewer
/// faults are then allowed beside them. A tenth of them leaves too few for a machine that is gone.
#[test]
fn a_handler_that_is_tried_again_costs_no_promise() {
    let promises = |share: &str, more: &str| {
        let variant = "[variants.events]\npattern = \"event-based\"\n";
        let settings = format!("settings = {{ handler-failure = {share}{more} }}\n");
        let scenario = scenario(&[WORLD, &load(), variant, &settings].concat());
        let variant = &scenario.variants[0];
        let by_default = variant.pattern.promises_by_default(&variant.system);
        (variant.pattern.promises(&variant.system), by_default)
    };
    let (none, _) = promises("0.0", "");
    let of = |kind: &str, promises: &Promises| {
        promises.budget.of(kind).map(|it| (it.count, it.longest)).expect("a kind in the budget")
    };
    let longest = |share: &str| {
        let (kept, by_default) = promises(share, "");
        assert_eq!(kept, by_default, "nobody has chosen it");
        assert_eq!(kept.guarantees, none.guarantees, "{share}");
        assert!(kept.within > none.within, "{share}");
        of("partition", &kept)
    };
    let (all, seldom, often) = (of("partition", &none), longest("0.01"), longest("0.1"));
    assert!(seldom.0 == all.0 && seldom.1 < all.1, "{seldom:?} of {all:?}");
    assert_eq!(often.0, 0, "whatever else goes wrong is too much");
    let (half, by_default) = promises("0.5", "");
    assert!(!half.guarantees.contains(&"no-dead-letters"));
    assert_eq!(half.guarantees, by_default.guarantees);
    let (patient, by_default) = promises("0.5", ", max-deliveries = 40");
    assert!(patient.guarantees.contains(&"no-dead-letters"));
    assert!(!by_default.guarantees.contains(&"no-dead-letters"), "of ten deliveries all may fail");
}

#[test]
fn a_relay_that_crashes_publishes_again_and_it_takes_effect_once() {
    for publish in ["outbox", "log-tailing"] {
        let settings = format!(r#"publish = "{publish}""#);
        let calm = run(&[&load()], &settings);
        let published = when(&calm, STRUCK, |record| record.kind() == Kind::Published);
        // The broker's acknowledgement is on its way, the outbox row still there.
        let at = published + Span::from_micros(500);
        let told = run(&[&load(), &crash("role:relay", at, Span::from_secs(1))], &settings);
        let publications = told.of(STRUCK).filter(|r| r.kind() == Kind::Published).count();
        assert_eq!(publications, 2, "{publish}");
        assert_all_committed(&told);
        assert_eq!(counted(&told), told.report.offered as i64);
    }
}

#[test]
fn a_lost_acknowledgement_record_is_counted_again() {
    let calm = run(&[&load()], "");
    // Long behind the delivery; nothing has forced the broker's log since.
    let at = shown_at(&calm, STRUCK, 1) + Span::from_secs(3);
    let told = run(&[&load(), &crash("broker", at, Span::from_secs(1))], "");
    assert_eq!(handed(&told, STRUCK), 2, "the broker no longer knows that it was acknowledged");
    assert_all_committed(&told);
    let changes = pick!(record: Event::Holds { label: label::EVENT, change }
        if record.op == OpId(STRUCK) => change);
    assert_eq!(told.pick(changes).collect::<Vec<i64>>(), [1, -1, 1, -1]);
}

/// Ten edits a second of one document, which a view elsewhere follows.
const EDIT: &str = r#"
[tables.doc]
owner = "shop"
database = "shop-db"
columns = { text = 0 }
rows = 1
[tables.view]
owner = "depot"
database = "depot-db"
columns = { text = 0 }
rows = 1
[operations.edit]
keys = { doc = { rows-of = "doc" } }
[[operations.edit.steps]]
name = "edit"
by = "shop"
table = "doc"
key = "doc"
effect = { set = { text = "{ordinal}" } }
undo = { set = { text = 0 } }
[[operations.edit.steps]]
name = "follow"
by = "depot"
table = "view"
key = "doc"
effect = { set = { text = "{ordinal}" } }
undo = { set = { text = 0 } }
[load.edit]
operation = "edit"
constant = "100ms"
until = "30s"
[[faults]]
kind = "loss"
from = ["broker"]
to = ["depot"]
one-way = true
share = 0.3
at = "5s"
for = "20s"
"#;

#[test]
fn events_of_one_entity_keep_their_order_if_they_share_a_partition() {
    let follows = |ordering| {
        let settings = format!(r#"ordering = "{ordering}", visibility-timeout = "1s""#);
        let told = run(&[EDIT], &settings);
        assert_all_committed(&told);
        let of_view = pick!(record: Event::Shown { change: 1, .. } if record.step.0 == 1 => {
            record.op.0
        });
        let order: Vec<u32> = told.pick(of_view).collect();
        assert_eq!(order.len() as u64, told.report.offered);
        order.is_sorted()
    };
    assert!(follows("by-key"));
    assert!(!follows("none"));
}

/// How many messages the consumer was behind at most, and on average.
fn behind(told: &RecordedRun) -> [f64; 2] {
    let group = Scope::Group("billing".into());
    let number = |measure: &'static Measure| told.report.measures.number(measure.of(&group));
    [GROUP_LAG_MAX, GROUP_LAG].map(|measure| number(measure).value().expect("there is a consumer"))
}

#[test]
fn a_consumer_that_is_away_falls_behind_and_catches_up() {
    let [most, calm] = behind(&run(&[&load()], ""));
    assert!(most <= 1.0 && calm < 0.01, "{most}, {calm}");
    let away = [load(), crash("billing", secs(15), Span::from_secs(30))].concat();
    let told = run(&[&away], "");
    assert_all_committed(&told);
    let [most, mean] = behind(&told);
    assert_eq!(most, 3.0, "one every 10 s");
    assert!(mean > calm + 0.1, "{mean}");
    let last = told.pick(pick!(Event::GroupLag { waiting, .. } => waiting)).last();
    assert_eq!(last, Some(0), "it has caught up");
}

#[test]
fn what_a_volatile_broker_forgets_nobody_is_behind_with() {
    let away = crash("billing", secs(25), Span::from_secs(15));
    let faults = [load(), away, crash("broker", secs(35), Span::from_secs(1))].concat();
    for broker in ["durable", "volatile"] {
        let told = run(&[&faults], &format!(r#"broker = "{broker}""#));
        let lags = told.pick(pick!(Event::GroupLag { waiting, .. } => waiting));
        let lags: Vec<u64> = lags.collect();
        assert_eq!(lags.last(), Some(&0), "{broker}: {lags:?}");
        assert!(lags.iter().all(|lag| *lag < 5), "nothing is counted twice: {lags:?}");
    }
}

#[test]
fn a_handler_that_always_fails_uses_its_deliveries_up() {
    let told = run(&[&load()], "handler-failure = 1.0, max-deliveries = 3");
    let count = told.report.operations.len() as u32;
    assert!((0..count).all(|op| handed(&told, op) == 3), "each is delivered three times");
    let discarded = pick!(Event::Discarded { discard, .. } => discard);
    assert_eq!(
        told.pick(discarded).filter(|it| *it == Discard::DeadLetter).count(),
        count as usize
    );
    // Acknowledged first, nobody hears of it.
    let told = run(&[&load()], "handler-failure = 1.0, acknowledge = 'before-processing'");
    assert!((0..count).all(|op| handed(&told, op) == 1));
    assert!((0..count).all(|op| row(&told, op).state == State::Partial), "none is counted");
}

//! Refusals that come after others have acted, and faults at any time.

use super::*;
use crate::model::database::EventKind;
use proptest::prelude::*;

/// Nobody packs: the parcel is refused with this probability.
fn refuse(probability: f64) -> String {
    let refusal = format!("after = [\"order\"]\nrefuse = {{ probability = {probability:?} }}");
    SHIP.replacen("after = [\"order\"]", &refusal, 1)
}

#[test]
fn a_refusal_is_told_and_everything_is_taken_back() {
    for publish in ["dual-write", "outbox", "log-tailing"] {
        let settings = format!(r#"publish = "{publish}""#);
        let told = run(&[&refuse(0.3), &every("500ms")], &settings);
        let refused = told.report.census.of(Headline::Withdrawn);
        let committed = told.report.census.of(Headline::Committed);
        assert!(refused > 10 && refused + committed == told.report.census.total());
        assert_eq!(counted(&told), committed as i64);
        assert_eq!(held(&told), 0);
        for row in told.report.operations.iter().filter(|r| r.headline == Headline::Withdrawn) {
            let op = row.op.0;
            assert_eq!((shown(&told, op, 0, false), shown(&told, op, 0, true)), (1, 1));
            assert_eq!(shown(&told, op, 2, false), 0, "it was refused");
            assert_eq!(shown(&told, op, 3, false), 0, "it never began");
        }
    }
}

/// The count follows the order, the trip follows the count, and the parcel is refused.
const BARRED: &str = r#"
[[operations.buy.steps]]
name = "trip"
by = "van"
table = "trip"
key = "order"
after = ["count"]
effect = { insert = { state = "planned" } }
[[operations.buy.steps]]
name = "pack"
by = "depot"
table = "parcel"
key = "order"
after = ["order"]
effect = { insert = { state = "packed" } }
refuse = { probability = 1.0 }
"#;

#[test]
fn a_step_that_was_not_yet_applied_is_barred() {
    // While the count is late, the refusal reaches the van before there is a trip to take back.
    let late = crash("billing", secs(4), Span::from_secs(10));
    let told = run(&[BARRED, &every("5s"), &late], "");
    assert_eq!(told.report.census.of(Headline::Withdrawn), told.report.census.total());
    let op = 0;
    assert_eq!((shown(&told, op, 1, false), shown(&told, op, 1, true)), (1, 1));
    assert_eq!(shown(&told, op, 2, false), 0, "the late event finds its key taken");
    let told_of_trip = told.of(op).filter(|r| r.kind() == Kind::Handed).count();
    assert!(told_of_trip >= 5, "the trip's service heard both: {told_of_trip}");
    assert_eq!(counted(&told), 0);
    assert_eq!(held(&told), 0);
}

/// The outcomes that are published of a step of an operation.
fn told_of(told: &RecordedRun, op: u32, step: u8) -> Vec<EventKind> {
    let outcomes = pick!(record: Event::Published { step: of, outcome, .. }
        if (record.op.0, of.0) == (op, step) => outcome);
    told.pick(outcomes).collect()
}

#[test]
fn a_refusal_that_is_delivered_twice_stays_one() {
    let twice = "[[faults]]\nkind = \"crash\"\ntarget = \"broker\"\nfor = \"1s\"\n\
                 on = { who = \"depot\", what = \"reply event\", when = \"before\" }\n";
    for publish in ["dual-write", "outbox"] {
        let settings = format!(r#"publish = "{publish}""#);
        let told = run(&[&refuse(1.0), &every("5s"), twice], &settings);
        let again = if publish == "dual-write" { 2 } else { 1 };
        assert_eq!(told_of(&told, 0, 2), vec![EventKind::Refused; again], "{publish}");
        assert_eq!(told_of(&told, 1, 2), [EventKind::Refused], "{publish}");
        assert_eq!(shown(&told, 0, 3, false), 0, "no trip without a parcel");
        assert_eq!(told.report.census.of(Headline::Withdrawn), told.report.census.total());
    }
}

#[test]
fn of_a_step_that_was_barred_nothing_is_told() {
    let ring = "[[operations.buy.steps]]\nname = \"ring\"\nby = \"shop\"\ntable = \"order\"\n\
                key = \"order\"\nafter = [\"trip\"]\neffect = { set = { customer = 7 } }\n\
                undo = { set = { customer = 0 } }\n";
    let late = crash("billing", secs(4), Span::from_secs(10));
    let told = run(&[BARRED, ring, &every("5s"), &late], r#"publish = "dual-write""#);
    assert_eq!(told_of(&told, 0, 1), [EventKind::Applied], "the count is late");
    assert_eq!(told_of(&told, 0, 2), [], "the trip was barred");
    assert_eq!((shown(&told, 0, 2, false), shown(&told, 0, 4, false)), (0, 0));
    assert_eq!(told.report.census.of(Headline::Withdrawn), told.report.census.total());
}

/// A relay that is back polls in its own rhythm, here with its session open at every whole second,
/// when a run looks whether all is over.
#[test]
fn a_relay_that_polls_for_nothing_keeps_no_run_from_its_end() {
    let back = crash("role:relay", Time::ZERO + Span::from_millis(9_149), Span::from_secs(1));
    let told = run(&[&refuse(0.2), &every("500ms"), &back], r#"publish = "outbox""#);
    assert!(told.report.settled);
    assert_eq!(held(&told), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn whatever_crashes_everything_agrees_in_the_end(
        crashes in prop::collection::vec(
            (
                prop::sample::select(vec![
                    "shop", "billing", "depot", "van", "shop-db", "billing-db", "depot-db",
                    "van-db", "role:relay", "broker", "role:driver",
                ]),
                1_000_u64..50_000,
                50_u64..5_000,
                any::<bool>(),
            ),
            0..5,
        ),
        publish in prop::sample::select(vec!["outbox", "log-tailing"]),
    ) {
        let plan: Vec<String> = crashes
            .iter()
            .map(|(target, at, length, machine)| {
                let at = Time::ZERO + Span::from_millis(*at);
                let crash = crash(target, at, Span::from_millis(*length));
                format!("{crash}machine = {machine}\n")
            })
            .collect();
        let (refuse, load) = (refuse(0.2), poisson(4.0));
        let mut parts = vec![refuse.as_str(), load.as_str()];
        parts.extend(plan.iter().map(String::as_str));
        let told = run(&parts, &format!(r#"publish = "{publish}""#));
        let wrong = [
            Headline::Duplicated,
            Headline::Mixed,
            Headline::Stranded,
            Headline::Lost,
            Headline::Phantom,
        ];
        for headline in wrong {
            prop_assert_eq!(told.report.census.of(headline), 0, "{:?}", headline);
        }
        prop_assert!(told.report.settled);
        let whole = told.report.operations.iter().filter(|row| row.state == State::All).count();
        prop_assert_eq!(counted(&told), whole as i64);
        prop_assert_eq!(held(&told), 0);
        prop_assert_eq!(told.report.failed_self_checks().count(), 0);
    }
}

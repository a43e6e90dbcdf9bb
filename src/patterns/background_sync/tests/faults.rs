//! The job and its stores under faults: what is late, and what is never late for ever.

use super::*;
use proptest::prelude::*;

/// The second instance of the shop is cut off from its database between its statement and its
/// commit: the order that arrived at 8 s is written at 8.007 s and commits behind 11 s, when the
/// job has already seen one that was written at 9 s.
const LATE: &str = r#"
[[faults]]
kind = "partition"
from = ["shop#2"]
to = ["shop-db"]
at = "8008500us"
for = "3s"
"#;

#[test]
fn a_late_commit_is_caught_by_the_overlap_and_missed_without() {
    let parts = [BILL, LATE, &every("1s")];
    let told = run(&parts, r#"interval = "2s", overlap = "5s""#);
    all_committed(&told);
    let late = |row: &OperationRow| (row.arrived.as_nanos(), row.headline);
    let at_8 = |told: &RecordedRun| late(&told.report.operations[7]);
    assert_eq!(at_8(&told), (8_000_000_000, Headline::Committed));
    let told = run(&parts, r#"interval = "2s", overlap = "0s""#);
    assert_eq!(at_8(&told), (8_000_000_000, Headline::Lost));
    let missed = told.report.census.of(Headline::Lost);
    assert_eq!(missed, 1, "equal and later times are never missed");
}

#[test]
fn an_outage_of_the_job_adds_half_of_it_to_the_lag_and_loses_nothing() {
    let parts = [BILL, &poisson(10.0), &crash("role:job", "15s", "20s")];
    let told = run(&parts, r#"interval = "10s", batch = 1000, overlap = "0s""#);
    all_committed(&told);
    let written = |row: &OperationRow| window(row).0.as_nanos() as f64 / 1e9;
    let of = |from: f64, to: f64| {
        let rows = told.report.operations.iter();
        let lags: Vec<f64> =
            rows.filter(|row| (from..to).contains(&written(row))).map(lag).collect();
        let count = lags.len() as f64;
        (mean(lags), count)
    };
    // It begins and ends in the middle of an interval. The corrections of a run take 3 ms each:
    // of three intervals' orders 0.6 s more than of one's.
    let (hit, many) = of(15.0, 35.0);
    let (spared, more) = of(40.0, 60.0);
    let extra = 20.0 / 2.0 + 3e-3 * 200.0;
    let error = |width: f64, count: f64| width / 12_f64.sqrt() / count.sqrt();
    let tolerance = 4.0 * error(20.0, many).hypot(error(10.0, more));
    assert!((hit - spared - extra).abs() < tolerance, "{hit} s against {spared} s");
}

#[test]
fn the_watermark_stays_while_the_target_is_away() {
    // The runs at 20 s and 30 s fail; no overlap helps.
    for target in ["billing", "billing-db"] {
        let parts = [BILL, COUNT, &every("700ms"), &crash(target, "15s", "16s")];
        let told = run(&parts, r#"interval = "10s", overlap = "0s""#);
        all_committed(&told);
        let failed = told.all(Kind::Retried).filter(|r| told.is_about(r, "run")).count();
        assert!(failed >= 4, "two rules in two runs: {failed}");
        let longest = told.report.operations.iter().map(lag).fold(0.0, f64::max);
        assert!((29.0..31.0).contains(&longest), "from 10 s to 40 s: {longest}");
    }
}

/// An order is paid, and its bill is settled.
const PAY: &str = r#"
[operations.pay]
keys = { order = "followed" }
[[operations.pay.steps]]
name = "pay"
by = "shop"
table = "order"
key = "order"
effect = { set = { status = "paid" } }
undo = { set = { status = "open" } }
[[operations.pay.steps]]
name = "settle"
by = "billing"
table = "bill"
key = "order"
effect = { set = { state = "settled" } }
undo = { set = { state = "sent" } }
derive = { copy = "order", from = "status", to = "state", values = { paid = "settled" } }
[load.pay]
operation = "pay"
follows = { load = "buy", delay = "3500ms" }
"#;

#[test]
fn what_is_to_be_copied_to_a_row_that_is_late_waits_for_it() {
    // At 20 s the job does not reach the shop for the rule that makes bills, and two seconds later
    // does for the rule that settles them. The bills of the last ten seconds are not there then.
    let apart = "[[faults]]\nkind = \"partition\"\nfrom = [\"sync-job\"]\nto = [\"shop\"]\n\
                 at = \"19s\"\nfor = \"2s\"\n";
    let parts = [BILL, PAY, &every("1s"), apart];
    let told = run(&parts, r#"interval = "10s", overlap = "0s""#);
    let failed = told.all(Kind::Retried).filter(|r| told.is_about(r, "run")).count();
    assert_eq!(failed, 1, "one rule of one run");
    all_committed(&told);
}

#[test]
fn a_standby_takes_over() {
    let parts = [BILL, &every("700ms"), &crash("role:job", "12s", "48s")];
    let alone = run(&parts, r#"interval = "5s""#);
    let longest = |told: &RecordedRun| told.report.operations.iter().map(lag).fold(0.0, f64::max);
    all_committed(&alone);
    assert!(longest(&alone) > 45.0, "nobody else runs: {}", longest(&alone));
    let told = run(&parts, r#"interval = "5s", standby = true"#);
    all_committed(&told);
    assert!(longest(&told) < 10.5, "its own interval and a bit: {}", longest(&told));
}

#[test]
fn a_watchdog_speaks_up_when_a_change_has_waited_too_long() {
    let settings = r#"interval = "5s", watchdog = "10s""#;
    let parts = [BILL, &every("700ms")];
    assert_eq!(run(&parts, settings).count(Kind::Alerted), 0);
    let told = run(&[BILL, &every("700ms"), &crash("role:job", "12s", "20s")], settings);
    let alerts: Vec<Time> = told.all(Kind::Alerted).map(|record| record.time).collect();
    assert_eq!(alerts.len(), 1);
    let run_after = Time::ZERO + Span::from_secs(35);
    assert!((run_after..run_after + Span::from_millis(10)).contains(&alerts[0]));
}

#[test]
fn a_crash_in_the_middle_of_a_run_is_made_good_by_the_next() {
    // Reads are over after 24 ms; the count's correction is on its way, then written.
    for crash_after in [9, 20, 26, 30, 33, 36, 60] {
        for write in ["compare-and-set", "delta"] {
            let at = format!("{}ms", 20_000 + crash_after);
            let parts = [COUNT, BILL, &every("700ms"), &crash("role:job", &at, "1s")];
            let settings = format!(r#"interval = "10s", overlap = "0s", write = "{write}""#);
            let told = run(&parts, &settings);
            let count = all_committed(&told);
            assert_eq!(value(&told, "customer", 0, 0), Some(count as i64), "{at} {write}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn whatever_crashes_everything_agrees_in_the_end(
        crashes in prop::collection::vec(
            (
                prop::sample::select(vec![
                    "shop", "shop#2", "billing", "shop-db", "billing-db", "role:job", "role:driver",
                ]),
                1_000_u32..50_000,
                50_u32..6_000,
                any::<bool>(),
            ),
            0..5,
        ),
        write in prop::sample::select(vec!["compare-and-set", "delta"]),
        find in prop::sample::select(vec!["watermark", "scan"]),
    ) {
        let plan: Vec<String> = crashes
            .iter()
            .map(|(target, at, length, machine)| {
                let crash = crash(target, &format!("{at}ms"), &format!("{length}ms"));
                format!("{crash}machine = {machine}\n")
            })
            .collect();
        let mut parts = vec![COUNT, BILL, writes::REFUSE, writes::CANCEL];
        let load = poisson(4.0);
        parts.push(&load);
        parts.extend(plan.iter().map(String::as_str));
        let told = run(&parts, &format!(r#"interval = "5s", write = "{write}", find = "{find}""#));
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
        for invariant in &told.report.invariants {
            prop_assert_eq!(invariant.at_end, 0, "{}", &invariant.name);
        }
        prop_assert_eq!(told.report.failed_self_checks().count(), 0);
    }
}

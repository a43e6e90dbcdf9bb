//! How long a write waits for the job, and when the job runs.

use super::*;
use crate::model::contract::label;
use crate::model::record::{Event, MessageClass, OpId};

/// From the start of a run until `corrections` rows are right: three requests that read (2 hops,
/// the owner's work, one statement of 3, a rollback of 2, each in ms), then the way to the owner
/// and its work, the statements, the way of the commit and its forced write.
fn work(corrections: u64) -> Span {
    Span::from_millis(3 * (2 + 1 + 3 + 2) + 1 + 1 + 3 * corrections + 1 + 2)
}

#[test]
fn the_mean_lag_is_half_the_interval_plus_the_work_and_the_greatest_all_of_it() {
    let told = run(&[BILL, &poisson(20.0)], r#"interval = "5s", batch = 1000"#);
    let count = all_committed(&told);
    let interval = Span::from_secs(5);
    let mut together: BTreeMap<Time, u64> = BTreeMap::new();
    for row in &told.report.operations {
        *together.entry(window(row).1).or_default() += 1;
    }
    for row in &told.report.operations {
        let (first, last) = window(row);
        let spent = work(together[&last]);
        let tick = last.as_nanos() - spent.as_nanos();
        assert_eq!(tick % interval.as_nanos(), 0, "the run began on time");
        let waited = last - first;
        assert!(waited <= interval + spent, "{waited} is at most the interval and the work");
    }
    let longest = told.report.operations.iter().map(lag).fold(0.0, f64::max);
    assert!(longest > 0.99 * seconds(interval), "somebody just missed a run: {longest}");
    let spent =
        mean(told.report.operations.iter().map(|row| seconds(work(together[&window(row).1]))));
    let expected = seconds(interval) / 2.0 + spent;
    let measured = mean(told.report.operations.iter().map(lag));
    // Four standard errors of a uniform wait.
    let tolerance = 4.0 * seconds(interval) / 12_f64.sqrt() / (count as f64).sqrt();
    assert!((measured - expected).abs() < tolerance, "{measured} s for {expected} s");
}

/// When the job asked what had changed.
fn starts(told: &RecordedRun) -> Vec<Time> {
    let job = told.node("sync-job");
    let asks = told.all(Kind::Sent).filter(|r| r.node == job && told.is_about(r, "changes"));
    asks.map(|record| record.time).collect()
}

fn gaps(told: &RecordedRun) -> Vec<Span> {
    let starts = starts(told);
    assert!(starts.len() > 5);
    starts.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

#[test]
fn an_interval_is_measured_from_start_to_start_or_from_end_to_start() {
    let idle = [BILL, "[load.buy]\noperation = \"buy\"\nconstant = \"59s\"\n"];
    let told = run(&idle, r#"interval = "1s""#);
    // The only purchase comes at 59 s: runs before that find nothing.
    let quiet = |told: &RecordedRun| gaps(told)[..20].to_vec();
    assert!(quiet(&told).iter().all(|gap| *gap == Span::from_secs(1)));
    let told = run(&idle, r#"interval = "1s", measured = "end-to-start""#);
    // One request that reads, and the forced write of the watermark.
    let empty_run = Span::from_millis(8 + 2);
    assert!(quiet(&told).iter().all(|gap| *gap == Span::from_secs(1) + empty_run));
}

#[test]
fn a_run_that_takes_longer_than_the_interval_skips_the_next() {
    let delay =
        "[[faults]]\nkind = \"delay\"\nfrom = [\"role:job\"]\nleast = \"600ms\"\nat = \"0s\"\n";
    let idle = "[load.buy]\noperation = \"buy\"\nconstant = \"59s\"\n";
    let told = run(&[BILL, delay, idle], r#"interval = "1s""#);
    // A request takes 1.2 s more than its 8 ms, so every second start is missed.
    assert!(gaps(&told)[..20].iter().all(|gap| *gap == Span::from_secs(2)));
}

#[test]
fn scanning_and_watermarks_come_to_the_same() {
    let parts = [BILL, COUNT, &poisson(5.0), &crash("role:job", "20s", "15s")];
    let scan = run(&parts, r#"interval = "5s", find = "scan""#);
    let marked = run(&parts, r#"interval = "5s", find = "watermark""#);
    assert_eq!(all_committed(&scan), all_committed(&marked));
    let orders = value(&scan, "customer", 0, 0);
    assert_eq!(orders, Some(scan.report.offered as i64));
    assert_eq!(orders, value(&marked, "customer", 0, 0));
    let runs = |told: &RecordedRun, label| told.sent(label, MessageClass::Service);
    assert_eq!(runs(&scan, "changes") + runs(&marked, "scan"), 0);
    assert!(runs(&scan, "scan") > runs(&marked, "changes"), "a scan turns more pages");
}

#[test]
fn many_rows_are_read_by_one_statement() {
    let told = run(&[BILL, &every("500ms")], r#"interval = "10s", overlap = "0s""#);
    all_committed(&told);
    // Of the run at 20 s: three reads of one statement each, and one statement per correction.
    let (from, to) = (Time::ZERO + Span::from_secs(20), Time::ZERO + Span::from_millis(20_200));
    let databases = ["shop-db", "billing-db"].map(|name| told.node(name));
    let requests = told.all(Kind::Sent).filter(|record| {
        let within = (from..to).contains(&record.time);
        let is_request = matches!(record.event, Event::Sent { label: label::STATEMENT, to, .. }
            if databases.contains(&to));
        within && is_request && record.op == OpId::NONE
    });
    // One row at the watermark is looked at again.
    assert_eq!(requests.count(), 3 + 20);
}

//! How long an event takes, and what an outage adds.

use super::*;

fn lags(told: &RecordedRun) -> Vec<(f64, f64)> {
    let one = |row: &OperationRow| {
        assert_eq!(row.state, State::All);
        let (first, last) = (row.first_visible.unwrap(), row.last_partial.unwrap());
        (first.as_nanos() as f64 / 1e9, (last - first).as_nanos() as f64 / 1e9)
    };
    told.report.operations.iter().map(one).collect()
}

fn mean(values: &[f64]) -> f64 {
    assert!(!values.is_empty());
    values.iter().sum::<f64>() / values.len() as f64
}

/// From the relay's statement at the store until the consumer has committed, ms: its work and the
/// way back; to the broker, its work and its forced write; to the consumer and its work; the inbox
/// row and the step, a statement of 3 each; the way of the commit and its forced write.
const DELIVERY: u64 = (1 + 1) + (1 + 1 + 2) + (1 + 1) + 3 + 3 + (1 + 2);

#[test]
fn through_an_outbox_the_mean_lag_is_half_the_poll_interval_plus_the_delivery() {
    let told = run(&[&poisson(10.0)], r#"poll-interval = "500ms""#);
    assert_all_committed(&told);
    let lags: Vec<f64> = lags(&told).into_iter().map(|(_, lag)| lag).collect();
    let delivery = DELIVERY as f64 / 1e3;
    let shortest = lags.iter().copied().fold(f64::MAX, f64::min);
    // A commit may come in during the relay's statement.
    assert!(shortest >= delivery - 2e-3, "{shortest}");
    let expected = 0.5 / 2.0 + delivery;
    let error = 0.5 / 12_f64.sqrt() / (lags.len() as f64).sqrt();
    let measured = mean(&lags);
    // From start to start: half of the work of a poll, 20 ms, is not on top of it.
    assert!((measured - expected).abs() < 4.0 * error, "{measured} for {expected}");
}

#[test]
fn a_tailed_log_waits_for_nothing() {
    let told = run(&[&every("3s")], r#"publish = "log-tailing""#);
    assert_all_committed(&told);
    // The way of the relay's statement comes on top: it starts when the commit is done.
    let expected = (DELIVERY + 1) as f64 / 1e3;
    for (_, lag) in lags(&told) {
        assert!((lag - expected).abs() < 1e-9, "{lag} s for {expected} s");
    }
}

#[test]
fn an_outage_of_the_consumer_adds_half_of_it_to_the_lag() {
    let outage = crash("billing", secs(10), Span::from_secs(30));
    let prompt = WORLD.replace("jitter = 0.0", "jitter = 0.0\nlongest = \"500ms\"");
    let parts = [prompt.as_str(), &poisson(10.0), &outage];
    let variant = "[variants.events]\npattern = \"event-based\"\nsettings = {}\n";
    let told = record_text(&[&parts[..], &[variant]].concat().join("\n"), "events", 1);
    assert_all_committed(&told);
    let calm: Vec<f64> = lags(&told).iter().filter(|o| o.0 < 9.0).map(|o| o.1).collect();
    let hit: Vec<f64> =
        lags(&told).iter().filter(|o| (10.0..40.0).contains(&o.0)).map(|o| o.1).collect();
    let extra = mean(&hit) - mean(&calm);
    let tolerance = 4.0 * 30.0 / 12_f64.sqrt() / (hit.len() as f64).sqrt();
    // Each of 8 partitions resumes within a pause of 0.5 s and drains some 40 messages of 17 ms.
    let drain = 0.5 + 40.0 * 0.017;
    assert!(extra > 15.0 - tolerance && extra < 15.0 + tolerance + drain, "{extra} s for 15 s");
    let longest = hit.iter().copied().fold(0.0, f64::max);
    assert!((29.0..30.6 + 2.0 * drain).contains(&longest), "all of the outage: {longest}");
}

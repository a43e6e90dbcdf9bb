//! Many want one row: how long a pattern holds it bounds what it can do.

use driftlab::checks::census::State;
use driftlab::model::record::{Answer, Event};
use driftlab::model::system::TableId;

use crate::whole::{RecordedRun, scenario, tell, variant};

const HOT: &str = include_str!("hot-row.toml");

/// The yes answers per second.
fn throughput(told: &RecordedRun) -> f64 {
    let measured = told.report.operations.iter().filter(|row| row.measured);
    measured.filter(|row| row.answer == Answer::Done).count() as f64 / 30.0
}

/// The mean time for which the product row was locked, in seconds.
fn hold(told: &RecordedRun) -> f64 {
    let held = told.pick(|record| match record.event {
        Event::LockHeld { table: TableId(1), held, .. } => Some(held.as_nanos() as f64 / 1e9),
        _ => None,
    });
    let held: Vec<f64> = held.collect();
    held.iter().sum::<f64>() / held.len() as f64
}

#[test]
fn who_holds_the_row_longer_serves_fewer() {
    let scenario = scenario(HOT);
    let [two_phase, saga] =
        ["two-phase-commit", "saga"].map(|name| tell(&scenario, variant(&scenario, name), 1));
    for told in [&two_phase, &saga] {
        let rate = throughput(told);
        assert!(rate <= 1.02 / hold(told), "one after the other: {rate}, {}", hold(told));
        let whole = |state| matches!(state, State::All | State::None);
        assert!(told.report.operations.iter().all(|row| whole(row.state)));
    }
    assert!(throughput(&two_phase) > 0.8 / hold(&two_phase), "nothing else keeps it back");
    assert!(throughput(&saga) > 2.0 * throughput(&two_phase));
}

//! Instances give availability: m of n are down, and requests go to the others once it is known.

use driftlab::checks::OperationRow;
use driftlab::checks::census::State;
use driftlab::checks::measures::lag::Lag;
use driftlab::model::record::{Answer, Event};

use crate::whole::{RecordedRun, scenario, tell, variant};

const DOWN: &str = include_str!("one-of-three-down.toml");
const GROUP: &str = include_str!("consumer-group-of-three.toml");

fn run(text: &str, name: &str) -> RecordedRun {
    let scenario = scenario(text);
    tell(&scenario, variant(&scenario, name), 1)
}

fn seconds(row: &OperationRow) -> f64 {
    row.arrived.as_nanos() as f64 / 1e9
}

fn measured(told: &RecordedRun) -> Vec<&OperationRow> {
    told.report.operations.iter().filter(|row| row.measured).collect()
}

/// The share of the measured operations that were answered yes.
fn availability(told: &RecordedRun) -> f64 {
    let rows = measured(told);
    let yes = rows.iter().filter(|row| row.answer == Answer::Done).count();
    yes as f64 / rows.len() as f64
}

#[test]
fn a_third_is_refused_for_the_endpoint_delay_and_nothing_behind_it() {
    for (setting, delay) in [("", 30.0), ("endpoint-delay = '10s', ", 10.0)] {
        let told = run(&DOWN.replace("instances = 3", &format!("{setting}instances = 3")), "local");
        // One m-th of the instances is away for so long, of 55 s that are measured.
        let closed = 1.0 - delay / 3.0 / 55.0;
        // The operations take turns, so chance is only in how many arrive meanwhile.
        assert!((availability(&told) - closed).abs() < 0.02, "{} {closed}", availability(&told));
        for (turn, row) in told.report.operations.iter().enumerate() {
            let lost = (15.0..15.0 + delay).contains(&seconds(row)) && turn % 3 == 1;
            // What arrives right before the crash is still at work when it comes.
            let touched = (14.9..15.0).contains(&seconds(row));
            assert!(touched || lost == (row.answer != Answer::Done), "{row:?}");
        }
    }
}

#[test]
fn a_client_that_asks_again_is_sent_to_another_instance() {
    let told = run(&DOWN.replace("attempts = 1\n", ""), "local");
    assert!(availability(&told) > 0.999, "{}", availability(&told));
}

#[test]
fn two_of_three_away_leave_the_third() {
    let both = DOWN.to_owned()
        + "[[faults]]\nkind = 'crash'\nat = '15s'\ntarget = 'web#3'\n\
                                  for = '40s'\n";
    let told =
        run(&both.replace("instances = 3", "endpoint-delay = '10s', instances = 3"), "local");
    let closed = 1.0 - 2.0 / 3.0 * 10.0 / 55.0;
    assert!((availability(&told) - closed).abs() < 0.03, "{} {closed}", availability(&told));
}

#[test]
fn a_rolling_deployment_turns_nobody_away() {
    let text = DOWN.split("[[faults]]").next().expect("a text");
    let deployment =
        "[[faults]]\nkind = 'deployment'\nat = '15s'\ntargets = ['web']\nfor = '30s'\n";
    let told = run(&(text.to_owned() + deployment), "local");
    assert!((availability(&told) - 1.0).abs() < 1e-9, "{}", availability(&told));
}

/// The lags of the measured operations in seconds, by whether they arrived while the member of the
/// group was away and not missed yet.
fn lags(told: &RecordedRun, missed: f64) -> [Vec<f64>; 2] {
    let lag = |row: &&&OperationRow| match row.lag {
        Lag::Lasted(nanos) => nanos as f64 / 1e9,
        other => panic!("{other:?}"),
    };
    let rows = measured(told);
    let (meanwhile, else_): (Vec<&OperationRow>, Vec<&OperationRow>) =
        rows.into_iter().partition(|row| (15.0..15.0 + missed).contains(&seconds(row)));
    [meanwhile, else_].map(|rows| rows.iter().map(|row| lag(&row)).collect())
}

#[test]
fn a_group_gives_the_partitions_of_a_dead_member_to_the_others() {
    let told = run(GROUP, "kafka");
    let discarded =
        told.pick(|record| matches!(record.event, Event::Discarded { .. }).then_some(()));
    assert_eq!(discarded.count(), 0, "no message goes to the dead letters");
    let [meanwhile, others] = lags(&told, 45.0);
    let late = meanwhile.iter().filter(|lag| **lag > 2.0).count();
    let share = late as f64 / meanwhile.len() as f64;
    // Three of nine partitions wait; what arrives shortly before the others take over waits little.
    assert!((0.24..0.40).contains(&share), "{share}");
    assert!(meanwhile.iter().all(|lag| *lag < 45.0 + 6.0), "the session timeout, and a pause");
    let late = others.iter().filter(|lag| **lag > 6.0).count();
    assert_eq!(late, 0, "nobody waits for the dead member after that");
}

#[test]
fn without_a_session_timeout_whoever_is_there_consumes() {
    let [meanwhile, others] = lags(&run(GROUP, "rabbitmq"), 45.0);
    let late = meanwhile.iter().chain(&others).filter(|lag| **lag > 2.0).count();
    assert!(late <= 10, "but for what was under way: {late}");
}

#[test]
fn a_saga_and_a_transaction_that_are_tried_again_have_another_instance() {
    for name in ["saga", "two-phase-commit", "caller-coordinates"] {
        let told = run(GROUP, name);
        assert!(availability(&told) > 0.999, "{name}: {}", availability(&told));
        let whole = |row: &&&OperationRow| matches!(row.state, State::All | State::None);
        let rows = measured(&told);
        assert_eq!(rows.iter().filter(whole).count(), rows.len(), "{name}");
    }
}

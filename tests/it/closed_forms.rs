//! What every pattern costs on a good day, against forms that fit on one line: `quiet.toml`, where
//! nothing fails and almost every time is constant.

use driftlab::checks::census::Headline;
use driftlab::checks::measures::lag::Lag;
use driftlab::kernel::{Span, Time};
use driftlab::model::record::{Kind, MessageClass};
use driftlab::model::system::StepId;

use crate::whole::{Told, scenario, tell, text, variant};

/// Two-sided 99.9 % of a normal distribution.
const NORMAL: f64 = 3.29;

fn quiet(name: &str) -> Told {
    let scenario = scenario(&text("quiet.toml"));
    tell(&scenario, variant(&scenario, name), scenario.seed)
}

/// The consistency lag of every operation, in ms.
fn lags(told: &Told) -> Vec<f64> {
    let lag = |lag| match lag {
        Lag::Lasted(nanos) => nanos as f64 / 1e6,
        other => panic!("{other:?} without a fault"),
    };
    told.report.operations.iter().map(|row| lag(row.lag)).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The mean of a wait for the next tick of a clock: half of its period, give or take chance, for
/// operations that arrive at random.
fn half_a_period(measured: f64, period: f64, count: usize) {
    let chance = NORMAL * period / 12.0_f64.sqrt() / (count as f64).sqrt();
    let half = period / 2.0;
    assert!((measured - half).abs() < chance, "{measured} ms, not {half} +- {chance}");
}

#[test]
fn without_faults_everybody_is_served_and_nothing_stays_open() {
    let scenario = scenario(&text("quiet.toml"));
    for variant in &scenario.variants {
        let report = tell(&scenario, variant, scenario.seed).report;
        let name = &variant.name.shown;
        assert!(report.settled && report.measured > 2_000, "{name}: {}", report.measured);
        assert_eq!(report.census.of(Headline::Committed), report.measured, "{name}");
        for row in &report.operations {
            assert!(row.answer.is_yes(), "{name}: {row:?}");
            assert!(matches!(row.lag, Lag::Lasted(_)), "{name}: {row:?}");
            let answered = row.answered_after.expect("an answer");
            assert!(answered < Span::from_secs(1), "{name}: {row:?}");
        }
    }
}

#[test]
fn synchronization_lags_by_half_its_interval_and_its_work() {
    const INTERVAL: f64 = 30_000.0;
    let told = quiet("background-sync");
    // The job starts whenever a whole number of intervals has passed. What it took from there to
    // an operation's last correction is its work on it; the rest of the lag is waiting for it.
    let mut last = vec![Time::ZERO; told.report.operations.len()];
    for shown in told.all(Kind::Shown).filter(|shown| shown.step != StepId(0)) {
        last[shown.op.0 as usize] = shown.time;
    }
    let work = |at: &Time| at.as_nanos() as f64 / 1e6 % INTERVAL;
    let work: Vec<f64> = last.iter().map(work).collect();
    let lags = lags(&told);
    half_a_period(mean(&lags) - mean(&work), INTERVAL, lags.len());
    let longest = work.iter().copied().fold(0.0, f64::max);
    assert!(longest < INTERVAL / 10.0, "the job works for {longest} ms");
    assert!(lags.iter().all(|lag| *lag <= INTERVAL + longest));
}

#[test]
fn an_outbox_lags_by_half_its_poll_interval_and_the_delivery() {
    const INTERVAL: f64 = 500.0;
    let lags = lags(&quiet("events-outbox"));
    let delivery = lags.iter().copied().fold(f64::MAX, f64::min);
    let longest = lags.iter().copied().fold(0.0, f64::max);
    // Who is taken along at once has read, publish, work and commit to wait for; nobody waits for
    // more than one interval, which begins when the previous poll is over.
    assert!((5.0..15.0).contains(&delivery), "delivered within {delivery} ms");
    let period = longest - delivery;
    assert!((INTERVAL - 10.0..INTERVAL + 10.0).contains(&period), "polls every {period} ms");
    half_a_period(mean(&lags) - delivery, period, lags.len());
}

#[test]
fn two_phase_commit_shows_nothing_in_part_for_eighteen_messages() {
    let told = quiet("two-phase-commit");
    assert!(lags(&told).iter().all(|lag| *lag == 0.0), "it is visible at once or not at all");
    let offered = told.report.offered;
    let sent = |class| told.all(Kind::Sent).filter(|sent| sent.b == class as u64).count() as u64;
    // Three participants: work, prepare and commit, each there and back.
    assert_eq!(sent(MessageClass::Service), offered * 3 * 6);
    assert_eq!(sent(MessageClass::Client), offered * 2);
    // A participant prepares and commits, the coordinator decides.
    let forced = told.all(Kind::Logged).filter(|logged| logged.b == 1).count() as u64;
    assert_eq!(forced, offered * (1 + 2 * 3));
}

//! The cost of every pattern without faults, against forms that fit on one line: `quiet.toml`,
//! where nothing fails and almost every time is constant.

use std::sync::Arc;

use driftlab::checks::census::Headline;
use driftlab::checks::measures::lag::Lag;
use driftlab::checks::measures::reads;
use driftlab::kernel::{Span, Time};
use driftlab::model::record::{Event, Kind, MessageClass, Record};
use driftlab::model::system::{Feed, ReplicaSpec, StepId, TableId};
use rayon::prelude::*;

use crate::whole::{RecordedRun, scenario, tell, text, variant};

/// Two-sided 99.9 % of a normal distribution.
const NORMAL: f64 = 3.29;

fn quiet(name: &str) -> RecordedRun {
    let scenario = scenario(&text("quiet.toml"));
    tell(&scenario, variant(&scenario, name), scenario.seed)
}

/// The consistency lag of every operation, in ms.
fn lags(told: &RecordedRun) -> Vec<f64> {
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
    let sent = |wanted: MessageClass| {
        let is_it =
            |record: &&Record| matches!(record.event, Event::Sent { class, .. } if class == wanted);
        told.records.iter().filter(is_it).count() as u64
    };
    // Three participants: work, prepare and commit, each there and back.
    assert_eq!(sent(MessageClass::Service), offered * 3 * 6);
    assert_eq!(sent(MessageClass::Client), offered * 2);
    // A participant prepares and commits, the coordinator decides.
    let is_forced = |record: &&Record| matches!(record.event, Event::Logged { forced: true, .. });
    let forced = told.records.iter().filter(is_forced).count() as u64;
    assert_eq!(forced, offered * (1 + 2 * 3));
}

/// A price list that one service owns and another copies every so often; prices change all the
/// time, each at the same rate.
const PRICES: &str = r#"
    [scenario]
    name = "prices"
    warm-up = "50s"
    load = "350s"
    settle = "50s"

    [services]
    shop = { work = "1us" }
    prices = { work = "1us" }

    [databases]
    shop-db = { work = "1us", force = "1us" }
    price-db = { work = "1us", force = "1us" }

    [links]
    default = { delay = "1us" }
    database = { delay = "1us" }
    client = { delay = "1us" }

    [tables]
    price = { owner = "prices", database = "price-db", columns = { amount = 0 }, rows = 40 }
    copy = { owner = "shop", database = "shop-db", columns = { amount = 0 }, rows = 40 }

    [operations.change]
    keys = { price = { rows-of = "price" } }
    steps = [
        { name = "change", by = "prices", table = "price", key = "price",
          effect = { set = { amount = "{ordinal}" } }, undo = { set = { amount = 0 } } },
    ]

    [load.market]
    operation = "change"
    poisson = 4.0 # each of 40 rows changes every 10 s on average

    [reads.tag]
    by = "shop"
    table = "price"
    column = "amount"
    key = { rows-of = "price" }
    rate = 5.0

    [variants]
    only = { pattern = "orchestrated" }
"#;

/// Shares of a read's probes over some seeds, with their mean and its 99.9 % interval.
fn share_of_seeds(shares: &[f64]) -> (f64, f64) {
    let (n, mean) = (shares.len() as f64, mean(shares));
    let variance =
        shares.iter().map(|share| (share - mean) * (share - mean)).sum::<f64>() / (n - 1.0);
    // Student's t for so few seeds: 5.0 standard errors for 10.
    (mean, 5.0 * (variance / n).sqrt())
}

#[test]
fn a_periodic_copy_is_stale_as_often_as_its_period_and_the_updates_say() {
    let mut scenario = scenario(PRICES);
    let copied = |name: &str, scenario: &driftlab::scenario::Scenario| {
        let tables = &scenario.system.tables;
        TableId(tables.iter().position(|table| &*table.name.shown == name).unwrap() as u16)
    };
    let (of, copy) = (copied("price", &scenario), copied("copy", &scenario));
    for (period, rate) in [(10, 0.1), (30, 0.1)] {
        let feed = Feed::Periodic(Span::from_secs(period));
        let system = Arc::make_mut(&mut scenario.variants[0].system);
        system.replicas = vec![ReplicaSpec { of, copy, feed }];
        let seeds = (1..=10_u64).into_par_iter();
        let runs: Vec<RecordedRun> =
            seeds.map(|seed| tell(&scenario, &scenario.variants[0], seed)).collect();
        let stale = |told: &RecordedRun| {
            let ended = told.report.reads[0];
            assert_eq!(ended.read, ended.scheduled);
            ended.within[2].stale as f64 / ended.scheduled as f64
        };
        let (measured, chance) = share_of_seeds(&runs.iter().map(stale).collect::<Vec<_>>());
        // A read falls anywhere between two copies; behind `t` of them the price still stands
        // with probability `e^(-rate t)`.
        let updates = rate * period as f64;
        let expected = 1.0 - (1.0 - libm::exp(-updates)) / updates;
        assert!(chance < 0.04, "{chance} tells nothing");
        assert!(
            (measured - expected).abs() < chance,
            "every {period} s: {measured}, not {expected} +- {chance}"
        );
        // Nobody sees a price that was replaced before the last copy.
        let oldest = runs.iter().filter_map(|told| ages(told).last());
        let oldest = oldest.max().copied().unwrap_or_default();
        let limit = Span::from_secs(period) + Span::from_millis(1);
        assert!(oldest <= limit.as_nanos() && oldest > limit.as_nanos() / 2, "{oldest} ns");
    }
}

/// The ages of the tags that were stale, in order.
fn ages(told: &RecordedRun) -> &[u64] {
    &told.report.measures.values(reads::AGE.of_read("tag")).values
}

#[test]
fn a_replica_fed_by_events_is_stale_for_as_long_as_a_change_travels() {
    let mut scenario = scenario(PRICES);
    let tables = &scenario.system.tables;
    let named = |name: &str| {
        TableId(tables.iter().position(|table| &*table.name.shown == name).unwrap() as u16)
    };
    let replica = ReplicaSpec { of: named("price"), copy: named("copy"), feed: Feed::Events };
    Arc::make_mut(&mut scenario.variants[0].system).replicas = vec![replica];
    let told = tell(&scenario, &scenario.variants[0], 1);
    assert!(told.report.settled);
    let read = &told.report.reads[0];
    // A change travels for some 10 us, and of 1,500 reads hardly one falls into that.
    assert!(read.within[2].stale <= 2, "{read:?}");
    assert!(ages(&told).iter().all(|age| *age < 100_000));
}

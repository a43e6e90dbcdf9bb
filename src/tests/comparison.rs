//! A made-up but realistic comparison for the tests of reports: five variants, ten seeds, two
//! crashes, some operations that never end.

use std::collections::BTreeMap;
use std::sync::Arc;

use rand::RngExt;

use crate::checks::Verdict;
use crate::checks::census::{self, Headline, State};
use crate::checks::measures::catalogue::*;
use crate::checks::measures::lag::Lag;
use crate::checks::measures::{Key, Measure, Unit};
use crate::experiment::forms::{BUILTIN, Predicted, Prediction};
use crate::experiment::result::*;
use crate::kernel::{Purpose, RandomStreams, Span, Stream, Time};
use crate::model::record::{Answer, OpId};
use crate::model::system::{LoadId, OperationKind};
use crate::scenario::Inputs;
use crate::stats::{Curve, Quantile, Sample};

const SECOND: f64 = 1e9;
const MILLI: f64 = 1e6;
/// Operations of each seed.
const OFFERED: u64 = 1_000;

/// The made-up facts of one variant.
struct Made {
    name: &'static str,
    pattern: &'static str,
    summary: &'static str,
    /// Median lag in nanoseconds, and how wide the distribution is (1 = not at all).
    lag: (f64, f64),
    never: u64,
    latency: f64,
    accepted: bool,
    available: f64,
    doubt: f64,
    messages: [f64; 3],
    forced: f64,
    backlog: f64,
    wrong: &'static [(Headline, u64)],
}

const MADE: [Made; 5] = [
    Made {
        name: "two-phase-commit",
        pattern: "two-phase-commit",
        summary: "prepare everywhere, decide once, commit everywhere",
        lag: (0.9 * MILLI, 4.0),
        never: 0,
        latency: 21.0 * MILLI,
        accepted: false,
        available: 0.887,
        doubt: 96.0 * SECOND,
        messages: [12.1, 0.0, 9.2],
        forced: 7.4,
        backlog: 0.02,
        wrong: &[],
    },
    Made {
        name: "sync-30s",
        pattern: "background-sync",
        summary: "commit at the first service, let a job correct the others",
        lag: (15.2 * SECOND, 2.4),
        never: 2,
        latency: 4.1 * MILLI,
        accepted: true,
        available: 0.981,
        doubt: 0.0,
        messages: [2.9, 0.0, 3.1],
        forced: 2.1,
        backlog: 300.0,
        wrong: &[(Headline::Lost, 5), (Headline::Retracted, 2)],
    },
    Made {
        name: "orchestrated",
        pattern: "orchestrated",
        summary: "a durable workflow calls each service in turn",
        lag: (18.0 * MILLI, 30.0),
        never: 0,
        latency: 31.0 * MILLI,
        accepted: false,
        available: 0.902,
        doubt: 0.0,
        messages: [8.3, 0.0, 5.5],
        forced: 5.2,
        backlog: 2.0,
        wrong: &[],
    },
    Made {
        name: "events-polling",
        pattern: "event-based",
        summary: "commit with an outbox row that a relay polls every 500ms",
        lag: (410.0 * MILLI, 8.0),
        never: 0,
        latency: 4.4 * MILLI,
        accepted: true,
        available: 0.981,
        doubt: 0.0,
        messages: [2.2, 6.1, 6.3],
        forced: 6.3,
        backlog: 12.0,
        wrong: &[(Headline::Stranded, 1)],
    },
    Made {
        name: "events-dual-write",
        pattern: "event-based",
        summary: "commit, then publish, and hope for the best",
        lag: (12.0 * MILLI, 40.0),
        never: 9,
        latency: 6.0 * MILLI,
        accepted: true,
        available: 0.988,
        doubt: 0.0,
        messages: [2.2, 4.1, 4.0],
        forced: 4.1,
        backlog: 4.0,
        wrong: &[(Headline::Lost, 9), (Headline::Duplicated, 3)],
    },
];

/// Near 1, within `reach` on either side.
fn around(rng: &mut Stream, reach: f64) -> f64 {
    1.0 + reach * (2.0 * rng.random::<f64>() - 1.0)
}

fn sample(rng: &mut Stream, median: f64, width: f64, n: u64, never: u64) -> Sample {
    let mut bell = || (0..6).map(|_| rng.random::<f64>()).sum::<f64>() / 3.0 - 1.0;
    let values: Vec<u64> =
        (0..n).map(|_| (median * libm::exp(bell() * 2.0 * libm::log(width))) as u64).collect();
    Sample::new(values, never)
}

/// The made-up comparison with the first `seeds` of ten seeds.
pub fn comparison(seeds: usize) -> Comparison {
    Comparison {
        engine: "driftlab 0.1.0".into(),
        command: format!("driftlab compare scenarios/sysops-ticket.toml --seeds {seeds}"),
        scenario: ScenarioFacts {
            name: "sysops-ticket".into(),
            about: "A customer opens a ticket; the count of open tickets and the assignment of an \
                    expert follow. The Customer service crashes once, and so does whoever drives \
                    the pattern."
                .into(),
            hash: "8f3c5a1e9b7d2046".into(),
            profile: "lan-cloud".into(),
        },
        inputs: Inputs::new("sysops-ticket", "# The text of the scenario.\n", Vec::new()).into(),
        seeds: (1..=seeds as u64).collect(),
        variants: MADE.iter().map(|made| variant(made, seeds)).collect(),
        checks: checks(),
        faults: faults(),
        phases: phases(),
        values: values(),
        rests_on: ["sync every 30s", "outbox polled every 500ms", "profile lan-cloud"]
            .map(String::from)
            .into(),
        warnings: vec!["The load leaves the Assignment service 4 % of spare capacity.".into()],
        ..Comparison::default()
    }
    .paired()
}

fn variant(made: &Made, seeds: usize) -> VariantResult {
    let mut rng = RandomStreams::new(made.name.len() as u64).stream(Purpose::Instance, 0);
    let shown = OFFERED - 60;
    let lags: Vec<Sample> = (0..seeds)
        .map(|_| {
            let median = made.lag.0 * around(&mut rng, 0.02);
            sample(&mut rng, median, made.lag.1, shown, made.never)
        })
        .collect();
    let answers: Vec<Sample> = (0..seeds)
        .map(|_| {
            let median = made.latency * around(&mut rng, 0.01);
            sample(&mut rng, median, 2.0, OFFERED, 0)
        })
        .collect();
    let pooled = Curve::pooled(&answers);
    VariantResult {
        name: made.name.into(),
        technique: "table-split".into(),
        pattern: made.pattern.into(),
        summary: made.summary.into(),
        settings: serde_json::json!({"interval": "30s", "durable": true}),
        census: census(made, seeds),
        coupling: coupling(made),
        contended: contended(made),
        touched: touched(made),
        measures: measures(made, &mut rng, &lags, &answers),
        predicted: predicted(made),
        faults_cost: faults_cost(made, seeds),
        never_back: (made.never == 9).then(|| NeverBack {
            seeds: seeds.min(2),
            apart: vec!["answers".into(), "latency".into()],
            full: vec!["the workers of `customer`".into()],
        }),
        reads: Vec::new(),
        lag: Curve::pooled(&lags),
        done: if made.accepted { Curve::default() } else { pooled.clone() },
        accepted: if made.accepted { pooled } else { Curve::default() },
        series: series(made, &mut rng),
        fingerprints: (0..seeds as u64).map(|seed| seed.wrapping_mul(0x9E37_79B9)).collect(),
        settled: vec![true; seeds],
        kinds: vec!["open-ticket".into()],
        loads: vec!["customers".into()],
        operations: operations(made, seeds),
    }
}

/// The prediction of a closed form for the mean lag of a synchronization.
fn predicted(made: &Made) -> Vec<Predicted> {
    let is_predicted = made.pattern == "background-sync";
    let prediction = Prediction { key: LAG.into(), of: Statistic::Mean, value: 15.0 * SECOND };
    let predicted = Predicted { form: BUILTIN[0], prediction };
    is_predicted.then_some(predicted).into_iter().collect()
}

/// The cost of the faults: a share of the answers, and nine times the lag.
fn faults_cost(made: &Made, seeds: usize) -> Vec<Pair> {
    let of = |measure: &'static Measure, of, before: f64, after: f64| {
        let many = |value: f64| (0..seeds).map(move |at| Some(value * (1.0 - at as f64 / 1e3)));
        let (own, twin): (Vec<_>, Vec<_>) = (many(after).collect(), many(before).collect());
        Pair::between(measure.into(), of, (made.name, &own), ("without faults", &twin))
    };
    let costs = [
        of(LAG, Statistic::P99, made.lag.0, 9.0 * made.lag.0),
        of(AVAILABILITY, Statistic::Value, 1.0, made.available),
        of(MESSAGES_COMMITTED, Statistic::Value, 0.9 * made.messages[0], made.messages[0]),
    ];
    costs.into_iter().flatten().collect()
}

/// Two services and a table of each; the ticket service reads what customers are called.
fn coupling(made: &Made) -> Coupling {
    let text = |names: &[&str]| names.iter().map(|name| (*name).into()).collect::<Vec<String>>();
    let table = |name: &str, owner: &str, writers: &[&str], readers: &[&str]| TableCoupling {
        name: name.into(),
        owner: owner.into(),
        ownership: if writers.len() > 1 { Ownership::Joint } else { Ownership::Single },
        writers: text(writers),
        readers: text(readers),
        schema_users: text(&[owner]),
        joint_columns: Vec::new(),
        without_right: Vec::new(),
        publishers: if made.messages[1] > 0.0 { text(&[owner]) } else { Vec::new() },
    };
    let mut shared = table("customer", "customer", &["customer", "ticket"], &["ticket"]);
    shared.schema_users = text(&["customer", "ticket"]);
    shared.joint_columns = vec![("open".into(), text(&["customer", "ticket"]))];
    let all = ["ticket", "ticket-db", "customer", "customer-db"];
    let needs = if made.accepted { &all[..2] } else { &all[..] };
    let chain = |name: &str, is_read, needs| Chain { name: name.into(), is_read, needs };
    Coupling {
        tables: vec![table("ticket", "ticket", &["ticket"], &[]), shared],
        chains: vec![
            chain("open-ticket", false, text(needs)),
            chain("card", true, text(&all[2..])),
        ],
        together: vec![text(&["customer", "ticket"])],
    }
}

fn contended(made: &Made) -> Vec<Contended> {
    let lock = if made.accepted { 0 } else { 1_500_000_000 };
    let row = |holder: &str, core, lock| Contended {
        database: "customer-db".into(),
        service: "customer".into(),
        holder: Some(holder.into()),
        core,
        lock,
        waits: 2_500_000_000 + lock,
        took: 10_000_000_000 + lock,
        ..Contended::default()
    };
    vec![row("customer", 500_000_000, 0), row("ticket", 2_000_000_000, lock)]
}

fn touched(made: &Made) -> Vec<Touched> {
    vec![Touched {
        fault: "crash customer".into(),
        struck: 10,
        hit: if made.accepted { 0 } else { 10 },
        services: vec![("customer".into(), 6), ("ticket".into(), 3)],
    }]
}

fn census(made: &Made, seeds: usize) -> Census {
    let bad: u64 = made.wrong.iter().map(|(_, count)| count).sum();
    let rejected = ((1.0 - made.available) * OFFERED as f64) as u64;
    let saga = made.pattern == "orchestrated";
    let right = [
        (Headline::Compensated, if saga { 31 } else { 0 }),
        (Headline::Committed, OFFERED - rejected - bad - 51),
        (Headline::Refused, if saga { 20 } else { 51 }),
        (Headline::Rejected, rejected),
    ];
    let yes = if made.accepted { Answer::Accepted } else { Answer::Done };
    let mut census = census::Census::default();
    for (headline, count) in made.wrong.iter().copied().chain(right) {
        let (state, answer) = match headline {
            Headline::Duplicated => (State::Over, yes),
            Headline::Stranded => (State::Partial, Answer::Unknown),
            Headline::Lost => (State::Partial, yes),
            Headline::Retracted => (State::Reversed, yes),
            Headline::Compensated => (State::Reversed, Answer::RefusedByRule),
            Headline::Committed => (State::All, yes),
            Headline::Refused => (State::None, Answer::RefusedByRule),
            Headline::Rejected => (State::None, Answer::TechnicalNo),
            other => panic!("nothing is made up about {}", other.name()),
        };
        (0..count).for_each(|_| census.count(state, answer, headline));
    }
    Census { per_seed: vec![census; seeds] }
}

fn measures(
    made: &Made,
    rng: &mut Stream,
    lags: &[Sample],
    answers: &[Sample],
) -> BTreeMap<Key, MeasureResult> {
    let seeds = lags.len();
    let time = |measure, samples: &[Sample]| {
        let seeds = samples.iter().map(|sample| SeedQuantiles::of(OFFERED, sample));
        MeasureResult::quantiles(measure, seeds.collect())
    };
    let mut number = |measure: &'static Measure, value: f64| {
        let reach = if measure.unit == Unit::Share { 0.005 } else { 0.03 };
        let per_seed = (0..seeds).map(|_| Some(value * around(rng, reach))).collect();
        MeasureResult::mean(measure, per_seed)
    };
    let stale = if made.accepted { 0.02 + made.lag.0 / (60.0 * SECOND) } else { 0.004 };
    let mut all = vec![
        time(LAG, lags),
        time(AFTER_ANSWER, lags),
        number(PARTIAL, made.backlog),
        number(VIOLATION, made.backlog * SECOND),
        number(STALE, stale),
        number(RIGHT_500MS, 0.9 - stale),
        number(RIGHT_5S, 0.95 - stale),
        number(AVAILABILITY, made.available),
        number(USEFUL, 0.85 - stale),
        number(MESSAGES, made.messages[0] + made.messages[1]),
        number(SERVICE_MESSAGES, made.messages[0]),
        number(BROKER_MESSAGES, made.messages[1]),
        number(DATABASE_MESSAGES, made.messages[2]),
        number(FORCED_WRITES, made.forced),
        time(if made.accepted { ACCEPTED } else { DONE }, answers),
    ];
    for (measure, value) in
        [(IN_DOUBT, made.doubt), (IN_DOUBT_MAX, made.doubt / 3.0), (BLOCKED, made.doubt * 4.0)]
    {
        all.push(match made.name {
            "events-dual-write" => {
                MeasureResult::missing(measure, "the pattern prepares no branch")
            }
            _ => number(measure, value),
        });
    }
    all.extend([
        number(MESSAGES_COMMITTED, 1.05 * (made.messages[0] + made.messages[1])),
        number(FORCED_WRITES_COMMITTED, 1.05 * made.forced),
    ]);
    let bad: u64 = made.wrong.iter().map(|(_, count)| count).sum();
    let lost = if made.wrong.is_empty() { 0.0 } else { 2.0 };
    for (measure, value) in [
        (WRONG, bad as f64 / OFFERED as f64),
        (LOST_UPDATES, lost),
        (DIRTY_READS, 31.0),
        (WAITED_SHARE, 0.875),
        (SLOWDOWN, 0.304),
        (TOUCHED, 2.0),
    ] {
        all.push(MeasureResult::mean(measure, vec![Some(value); seeds]));
    }
    let available = all.iter().find(|result| result.measure == AVAILABILITY).cloned();
    let available = available.expect("it is there");
    // Nothing is moot.
    for measure in [COMPARED_AVAILABILITY, AVAILABILITY_OF_ALL] {
        all.push(MeasureResult { measure, value: available.value.clone() });
    }
    all.into_iter().map(|result| (result.measure.into(), result)).collect()
}

fn series(made: &Made, rng: &mut Stream) -> Series {
    let down = |second: u64| match made.name {
        "two-phase-commit" => false,
        "sync-30s" => (150..180).contains(&second),
        "orchestrated" => (60..90).contains(&second),
        _ => (60..90).contains(&second) || (150..180).contains(&second),
    };
    let mut backlog = made.backlog;
    let points = (0..300)
        .map(|second| {
            let loaded = second < 240;
            backlog = match (down(second), loaded) {
                (true, _) => backlog + 20.0,
                (false, true) => made.backlog + (backlog - made.backlog) * 0.7,
                (false, false) => backlog * 0.6,
            };
            let left = if down(second) { (30 - second % 30) as f64 * SECOND } else { 0.0 };
            let lag = (made.lag.0 * around(rng, 0.2) + left) as u64;
            let never = made.name == "events-dual-write" && second == 150;
            let lag = if never { Quantile::Never } else { Quantile::Value(lag) };
            SeriesPoint { partial: backlog * around(rng, 0.1), lag: loaded.then_some(lag) }
        })
        .collect();
    Series { step: SECOND as u64, points }
}

fn operations(made: &Made, seeds: usize) -> Arc<[Vec<ListedOperation>]> {
    let row = |number: u32, lag: Lag| {
        let arrived = Time::from_nanos(1_000_000 * u64::from(number));
        let first = (lag != Lag::Unexposed).then(|| arrived + Span::from_nanos(500));
        ListedOperation {
            op: OpId(number),
            kind: OperationKind(0),
            load: Some(LoadId(0)),
            measured: number > 0,
            arrived,
            answer: if made.accepted { Answer::Accepted } else { Answer::Done },
            answered_after: Some(Span::from_nanos(made.latency as u64)),
            state: if lag == Lag::Never { State::Partial } else { State::All },
            headline: if lag == Lag::Never { Headline::Lost } else { Headline::Committed },
            first_visible: first,
            lag,
            lag_after_answer: Some(lag),
            anomalies: Default::default(),
        }
    };
    let run = vec![
        row(0, Lag::Lasted(made.lag.0 as u64)),
        row(1, Lag::Unexposed),
        row(2, if made.never > 0 { Lag::Never } else { Lag::Lasted(0) }),
    ];
    vec![run; seeds].into()
}

fn checks() -> Vec<CheckResult> {
    let check = |variant: &str, name: &str, verdict, why: &str| CheckResult {
        variant: variant.into(),
        kind: CheckKind::Invariant,
        name: name.into(),
        verdict,
        meant_to_fail: false,
        in_seeds: Some(if verdict == Verdict::Held { 10 } else { 1 }),
        why: why.into(),
    };
    vec![
        check(
            "two-phase-commit",
            "every ticket is counted exactly once",
            Verdict::Held,
            "10 of 10 seeds",
        ),
        check(
            "sync-30s",
            "every ticket is counted exactly once",
            Verdict::Violated,
            "seed 3: customer 12 counts 4 open tickets and has 5",
        ),
        check(
            "events-dual-write",
            "no stranded operation",
            Verdict::Undecided,
            "seed 7 did not settle before the cap",
        ),
    ]
}

fn faults() -> Vec<FaultWindow> {
    let crash = |target: &str, from: f64| FaultWindow {
        name: "crash".into(),
        target: target.into(),
        from: (from * SECOND) as u64,
        to: ((from + 30.0) * SECOND) as u64,
        remark: None,
    };
    vec![crash("customer", 60.0), crash("role:driver", 150.0)]
}

fn phases() -> Vec<PhaseWindow> {
    [(Phase::WarmUp, 0.0, 10.0), (Phase::Load, 10.0, 240.0), (Phase::Settle, 240.0, 360.0)]
        .map(|(phase, from, to)| PhaseWindow {
            phase,
            from: (from * SECOND) as u64,
            to: (to * SECOND) as u64,
        })
        .into()
}

fn values() -> Vec<ValueUsed> {
    [
        ("databases.customer.connections", "20", "default: HikariCP advises 10 to 20"),
        ("databases.customer.work", "lognormal, median 300us, p99 2ms", "scenario"),
        ("databases.ticket.connections", "20", "default: HikariCP advises 10 to 20"),
        ("links.default.delay", "lognormal, median 250us, p99 1ms", "profile lan-cloud"),
        ("retry.attempts", "3", "default"),
    ]
    .map(|(name, value, origin)| ValueUsed {
        name: name.into(),
        value: value.into(),
        origin: origin.into(),
    })
    .into()
}

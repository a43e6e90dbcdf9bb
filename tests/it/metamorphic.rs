//! Metamorphic tests: what a change of a scenario must do to its results, whatever they are.

use driftlab::checks::OperationRow;
use driftlab::stats;

use crate::whole::{scenario, tell, variant};

/// A shop of which every time is given and constant: `<n>` stands for n microseconds. `STOCK` is
/// the name of a service that has its stream whatever it is called.
const SHOP: &str = "
    [scenario]
    name = 'shop'
    warm-up = <1000000>
    load = <9000000>
    settle = <60000000>
    [clients]
    deadline = <5000000>
    [retry]
    backoff = <500000>
    longest = <5000000>
    jitter = 0.0
    step-deadline = <2000000>
    [drivers]
    force = <1000>
    work = <100>
    recovery = <2000000>
    take-over = <60000000>
    [broker]
    force = <1000>
    work = <100>
    recovery = <2000000>
    [links]
    default = { delay = <100> }
    database = { delay = <100> }
    client = { delay = <100> }
    [services.order]
    work = <1000>
    recovery = <2000000>
    [services.STOCK]
    stream = 'stock'
    work = <1000>
    recovery = <2000000>
    [databases.order-db]
    DATABASE
    [databases.STOCK-db]
    stream = 'stock-db'
    DATABASE
    [tables]
    order = { owner = 'order', database = 'order-db', columns = { product = 0 } }
    [tables.STOCK-product]
    stream = 'product'
    owner = 'STOCK'
    database = 'STOCK-db'
    columns = { left = 100 }
    rows = 20
    [operations.buy]
    keys = { order = 'new', product = { rows-of = 'STOCK-product' } }
    [[operations.buy.steps]]
    name = 'place'
    by = 'order'
    table = 'order'
    key = 'order'
    effect = { insert = { product = '{product}' } }
    [[operations.buy.steps]]
    name = 'take'
    by = 'STOCK'
    table = 'STOCK-product'
    key = 'product'
    effect = { add = { left = -1 } }
    refuse = { probability = 0.1 }
    [load.shoppers]
    operation = 'buy'
    constant = <40000>
    [variants]
    two-phase-commit = { pattern = 'two-phase-commit' }
    paxos-commit = { pattern = 'paxos-commit' }
    orchestrated = { pattern = 'orchestrated' }
    event-based = { pattern = 'event-based', settings = { poll-interval = <300000> } }
";

/// The keys of each database.
const DATABASE: &str = "work = <100>
    force = <1000>
    wake-up = '0ns'
    recovery = <2000000>
    lock-timeout = <1000000>
    branch-timeout = <10000000>";

/// The shop with all times multiplied by `unit`, a name for its stock, and more lines.
fn shop(unit: u64, stock: &str, more: &str) -> String {
    let text = SHOP.replace("DATABASE", DATABASE).replace("STOCK", stock);
    let mut parts = text.split(['<', '>']);
    let mut scaled = parts.next().expect("the head").to_owned();
    while let (Some(micros), Some(rest)) = (parts.next(), parts.next()) {
        let micros: u64 = micros.parse().expect("a number");
        scaled += &format!("'{}us'{rest}", micros * unit);
    }
    scaled + more
}

/// The operations as they ended under every variant, on two seeds.
fn rows(text: &str) -> Vec<(String, Vec<OperationRow>)> {
    let scenario = scenario(text);
    let runs = scenario.variants.iter().flat_map(|variant| [(variant, 1), (variant, 2)]);
    runs.map(|(variant, seed)| {
        (variant.name.shown.to_string(), tell(&scenario, variant, seed).report.operations)
    })
    .collect()
}

/// A crash and losses of messages.
const FAULTS: &str = "
    [[faults]]
    kind = 'crash'
    target = 'order-db'
    at = '4s'
    for = '1s'
    [[faults]]
    kind = 'loss'
    from = ['order']
    share = 0.2
    at = '6s'
    for = '2s'
";

/// The shop whose services' work is drawn.
fn drawn(stock: &str, more: &str) -> String {
    shop(1, stock, more).replace("work = '1000us'", "work = { exponential = '1ms' }")
}

#[test]
fn an_idle_service_changes_nothing() {
    let idle = "
        [services.idle]
        [databases.idle-db]
        [tables.idle]
        owner = 'idle'
        database = 'idle-db'
        columns = { n = 0 }
        rows = 5
    ";
    let plain = rows(&drawn("stock", FAULTS));
    assert_eq!(plain, rows(&drawn("stock", &format!("{idle}{FAULTS}"))));
    assert!(plain.iter().all(|(_, rows)| rows.len() > 200), "there are operations to change");
}

/// Random numbers are drawn by the names of streams, so that names can change.
#[test]
fn a_renamed_service_and_its_table_change_nothing() {
    assert_eq!(rows(&drawn("stock", FAULTS)), rows(&drawn("warehouse", FAULTS)));
}

#[test]
fn all_times_doubled_double_all_results() {
    let (once, twice) = (rows(&shop(1, "stock", "")), rows(&shop(2, "stock", "")));
    assert_eq!(once.len(), twice.len());
    for ((name, once), (_, twice)) in once.iter().zip(&twice) {
        assert_eq!(once.len(), twice.len(), "{name}");
        for (a, b) in once.iter().zip(twice) {
            let nanos = |row: &OperationRow| {
                let lag = row.lag.quantile().map(|lag| format!("{lag:?}"));
                (row.arrived.as_nanos(), row.answered_after.map(|it| it.as_nanos()), lag)
            };
            let (a_times, b_times) = (nanos(a), nanos(b));
            assert_eq!(a_times.0 * 2, b_times.0, "{name}, operation {:?}", a.op);
            assert_eq!(a_times.1.map(|it| it * 2), b_times.1, "{name}, operation {:?}", a.op);
            let spans = |row: &OperationRow| {
                let since = |time: driftlab::kernel::Time| time.as_nanos();
                (row.first_visible.map(since), row.last_partial.map(since))
            };
            let double = |time: Option<u64>| time.map(|time| time * 2);
            let (first, last) = spans(a);
            assert_eq!((double(first), double(last)), spans(b), "{name}, operation {:?}", a.op);
            assert_eq!((a.answer, a.state, a.headline), (b.answer, b.state, b.headline));
        }
        assert!(once.iter().any(|row| row.last_partial.is_some()), "{name}: something is partial");
    }
}

/// The shop whose work, ways and arrivals are drawn, with all times multiplied by `unit` and all
/// rates divided by it.
fn stretched(unit: u64) -> String {
    let drawn = |text: String, key: &str, micros: u64| {
        let (constant, drawn) =
            (format!("{key} = '{}us'", micros * unit), format!("{}us", micros * unit));
        assert!(text.contains(&constant), "{constant}");
        text.replace(&constant, &format!("{key} = {{ exponential = '{drawn}' }}"))
    };
    let text = drawn(drawn(shop(unit, "stock", ""), "work", 1_000), "delay", 100);
    let constant = format!("constant = '{}us'", 40_000 * unit);
    assert!(text.contains(&constant));
    text.replace(&constant, &format!("poisson = {:?}", 25.0 / unit as f64))
}

/// Draws are functions of names and of seeds, so that each is stretched as its distribution is, but
/// for the rounding to whole nanoseconds.
#[test]
fn drawn_times_stretched_and_rates_slowed_stretch_all_results() {
    const ROUNDING: u64 = 2_000;
    let (once, threefold) = (rows(&stretched(1)), rows(&stretched(3)));
    for ((name, once), (_, threefold)) in once.iter().zip(&threefold) {
        assert_eq!(once.len(), threefold.len(), "{name}");
        assert!(once.len() > 150, "{name}");
        for (a, b) in once.iter().zip(threefold) {
            assert_eq!((a.answer, a.state, a.headline), (b.answer, b.state, b.headline));
            let times = |row: &OperationRow| {
                [
                    Some(row.arrived.as_nanos()),
                    row.answered_after.map(|it| it.as_nanos()),
                    row.first_visible.map(|it| it.as_nanos()),
                    row.last_partial.map(|it| it.as_nanos()),
                ]
            };
            for (a_time, b_time) in times(a).into_iter().zip(times(b)) {
                assert_eq!(a_time.is_some(), b_time.is_some(), "{name}, operation {:?}", a.op);
                let apart = a_time.unwrap_or(0).abs_diff(b_time.unwrap_or(0) / 3);
                assert!(apart < ROUNDING, "{name}, operation {:?}: {apart} ns apart", a.op);
            }
        }
    }
}

/// Without any fault no more invariants and promises are violated than with all of them.
#[test]
fn without_its_faults_a_plan_violates_no_more() {
    let dual_write = "
        [variants.dual-write]
        pattern = 'event-based'
        settings = { publish = 'dual-write' }
        [[invariants]]
        name = 'every order is taken from stock'
        count-equal = { table = 'stock-product', column = 'sold', of = 'order', by = 'product' }
        [[faults]]
        kind = 'crash'
        target = 'broker'
        at = '5s'
        for = '3s'
    ";
    let text = shop(1, "stock", dual_write).replace("left = 100", "sold = 0");
    let text = text.replace("left = -1", "sold = 1").replace("refuse = { probability = 0.1 }", "");
    let without = text.split("[[faults]]").next().expect("the part before").to_owned();
    let wrong = |text: &str| -> Vec<usize> {
        let rows = rows(text);
        let wrong = |rows: &[OperationRow]| rows.iter().filter(|it| it.headline.is_wrong()).count();
        rows.iter().map(|(_, rows)| wrong(rows)).collect()
    };
    let (with, without) = (wrong(&text), wrong(&without));
    assert!(with.iter().sum::<usize>() > 0, "the faults do harm: {with:?}");
    assert!(
        with.iter().zip(&without).all(|(with, without)| without <= with),
        "{with:?} {without:?}"
    );
    assert_eq!(without.iter().sum::<usize>(), 0, "and nothing else does");
}

/// Seed by seed, a synchronization that runs less often never lags less, on average.
#[test]
fn a_longer_interval_never_lowers_the_mean_lag() {
    let intervals = [2, 4, 8];
    let variants: String = intervals
        .iter()
        .map(|seconds| {
            format!(
                "[variants.sync-{seconds}]\npattern = 'background-sync'\n\
                 settings = {{ interval = '{seconds}s' }}\n"
            )
        })
        .collect();
    let text = shop(1, "stock", "").replace("left = 100", "sold = 0");
    let text = text.replace("left = -1", "sold = 1").replace(
        "refuse = { probability = 0.1 }",
        "derive = { count = 'order', by = 'product', to = 'sold' }",
    );
    let head = text.split("[variants]").next().expect("the part before").to_owned();
    let text = head.replace("constant = '40000us'", "poisson = 25.0") + &variants;
    let scenario = scenario(&text);
    let means = |name: &str| -> Vec<f64> {
        let mean = |seed| {
            let rows = tell(&scenario, variant(&scenario, name), seed).report.operations;
            let partial = rows.iter().filter(|row| row.measured).map(|row| {
                let (first, last) = (row.first_visible, row.last_partial);
                let since = first.expect("it is visible").as_nanos();
                last.map_or(0.0, |last| (last.as_nanos() - since) as f64)
            });
            stats::mean(&partial.collect::<Vec<f64>>()).expect("operations")
        };
        (1..=8).map(mean).collect()
    };
    let all: Vec<Vec<f64>> =
        intervals.iter().map(|seconds| means(&format!("sync-{seconds}"))).collect();
    for pair in all.windows(2) {
        let differences: Vec<f64> = pair[1].iter().zip(&pair[0]).map(|(b, a)| b - a).collect();
        let mean = stats::mean(&differences).expect("seeds");
        let (low, _) = stats::mean_interval(&differences).expect("enough seeds");
        assert!(mean > 0.0 && low > 0.0, "{differences:?}");
    }
}

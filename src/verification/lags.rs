//! Lags of periodic work, where nothing else takes time.

use super::{Case, FREE_CLIENTS, Form, mean_ms, measured};
use crate::checks::RunReport;
use crate::checks::measures::lag::Lag;
use crate::kernel::Span;
use crate::stats::laws;

/// Two services with a database each, and nothing that takes time.
pub(super) const PAIR: &str = "
[services]
order = { work = '0ns', workers = 100000 }
stock = { work = '0ns', workers = 100000 }
[databases]
order-db = { work = '0ns', force = '0ns', connections = 100000, cores = 100000, wake-up = '0ns' }
stock-db = { work = '0ns', force = '0ns', connections = 100000, cores = 100000, wake-up = '0ns' }
[tables]
order = { owner = 'order', database = 'order-db', columns = { state = 'none' } }
parcel = { owner = 'stock', database = 'stock-db', columns = { state = 'none' } }
[operations.buy]
keys = { order = 'new' }
[[operations.buy.steps]]
name = 'place'
by = 'order'
table = 'order'
key = 'order'
effect = { insert = { state = 'placed' } }
[[operations.buy.steps]]
name = 'pack'
by = 'stock'
table = 'parcel'
key = 'order'
after = ['place']
effect = { insert = { state = 'packed' } }
derive = { row-per = 'order', where = { state = 'placed' } }
[load.buy]
operation = 'buy'
poisson = 20.0
";

/// A price that changes every 10 s on average, and a copy of it that is refreshed every 10 s.
const COPY: &str = "
[services]
shop = { work = '0ns' }
prices = { work = '0ns' }
[databases]
shop-db = { work = '0ns', force = '0ns' }
price-db = { work = '0ns', force = '0ns' }
[tables]
price = { owner = 'prices', database = 'price-db', columns = { amount = 0 }, rows = 40 }
[operations.change]
keys = { price = { rows-of = 'price' } }
[[operations.change.steps]]
name = 'change'
by = 'prices'
table = 'price'
key = 'price'
effect = { set = { amount = '{ordinal}' } }
[load.market]
operation = 'change'
poisson = 4.0
[reads.tag]
by = 'shop'
table = 'price'
column = 'amount'
key = { rows-of = 'price' }
rate = 20.0
[variants.copy]
pattern = 'local-transaction'
technique = { name = 'replicate', tables = ['price'], feed = 'periodic', every = '10s' }
";

/// The mean consistency lag, in ms.
fn lag(report: &RunReport) -> f64 {
    mean_ms(report, |row| match row.lag {
        Lag::Lasted(nanos) => Some(Span::from_nanos(nanos)),
        _ => None,
    })
}

/// The mean square of the consistency lag, in s^2: with the mean it tells a uniform lag from
/// others.
fn second_moment(report: &RunReport) -> f64 {
    let lags = measured(report).filter_map(|row| match row.lag {
        Lag::Lasted(nanos) => Some(nanos as f64 / 1e9),
        _ => None,
    });
    let squares: Vec<f64> = lags.map(|lag| lag * lag).collect();
    crate::stats::mean(&squares).unwrap_or(f64::NAN)
}

fn stale(report: &RunReport) -> f64 {
    let ended = &report.reads[0];
    ended.within[2].stale as f64 / ended.scheduled as f64
}

/// Effects that wait for the next turn of periodic work with this period in seconds.
fn uniform(seconds: f64) -> Vec<Form> {
    vec![
        Form {
            quantity: "mean consistency lag, ms",
            formula: "T / 2",
            exact: laws::wait_for_turn(seconds, 0.0) * 1e3,
            observe: lag,
        },
        Form {
            quantity: "mean square of the consistency lag, s^2",
            formula: "T^2 / 3",
            exact: seconds * seconds / 3.0,
            observe: second_moment,
        },
    ]
}

/// The cases of this topic.
pub(super) fn cases() -> Vec<Case> {
    let variant = |text: &str| format!("{FREE_CLIENTS}{PAIR}[variants.only]\n{text}\n");
    let sync = "pattern = 'background-sync'\nsettings = { interval = '10s' }";
    let failing = "pattern = 'background-sync'\n\
                   settings = { interval = '1s', run-failure = 0.3 }";
    let outbox =
        "pattern = 'event-based'\nsettings = { publish = 'outbox', poll-interval = '500ms' }";
    let arrivals = "Poisson arrivals see time averages (Wolff 1982)";
    vec![
        Case {
            system: "background synchronization every 10 s",
            source: arrivals,
            scenario: variant(sync),
            forms: uniform(10.0),
        },
        Case {
            system: "background synchronization every second, of which 30 % fail",
            source: "independent trials",
            scenario: variant(failing),
            forms: vec![Form {
                quantity: "mean consistency lag, ms",
                formula: "T / 2 + T f / (1 - f)",
                exact: laws::wait_for_turn(1.0, 0.3) * 1e3,
                observe: lag,
            }],
        },
        Case {
            system: "outbox polled every 500 ms",
            source: arrivals,
            scenario: variant(outbox),
            forms: uniform(0.5),
        },
        Case {
            system: "copy refreshed every 10 s, changes every 10 s",
            source: "renewal theory",
            scenario: [FREE_CLIENTS, COPY].concat(),
            forms: vec![Form {
                quantity: "share of stale reads",
                formula: "1 - (1 - exp(-mu T)) / (mu T)",
                exact: laws::stale_share(0.1, 10.0),
                observe: stale,
            }],
        },
    ]
}

//! Availability: attempts that may be lost, and sagas whose steps may be refused.

use super::lags::PAIR;
use super::queues::{IDLE_STORE, desk};
use super::{Case, FREE_CLIENTS, Form, measured, share};
use crate::checks::RunReport;
use crate::checks::census::Headline;
use crate::checks::measures::Measure;
use crate::checks::measures::catalogue::{DEAD_LETTERS, DELIVERIES};
use crate::model::record::Answer;
use crate::stats::laws;

/// Clients that lose every message with probability 0.3 and make up to three attempts.
const LOSSY: &str = "
[clients]
deadline = '60s'
attempts = 3
attempt-deadline = '1s'
[retry]
backoff = '100ms'
[links.client]
delay = '0ns'
loss = 0.3
";

/// Clients that lose 30 % of the requests and 20 % of the replies and make up to three attempts.
fn lossy_apart() -> String {
    LOSSY.replace("loss = 0.3", "loss = 0.3\nreply-loss = 0.2")
}

/// A saga of three steps, each of which is refused with probability 0.05.
fn saga() -> String {
    let mut text = String::from(
        "[load.trip]\noperation = 'trip'\npoisson = 20.0\n\
         [operations.trip]\nkeys = { trip = 'new' }\n\
         [variants.saga]\npattern = 'orchestrated'\n",
    );
    for (name, after) in [("flight", ""), ("hotel", "'flight'"), ("car", "'hotel'")] {
        text += &format!(
            "[services.{name}]\nwork = '0ns'\n[databases.{name}-db]\nwork = '0ns'\nforce = '0ns'\n\
             [tables.{name}]\nowner = '{name}'\ndatabase = '{name}-db'\n\
             columns = {{ state = 'none' }}\n\
             [[operations.trip.steps]]\nname = '{name}'\nby = '{name}'\ntable = '{name}'\n\
             key = 'trip'\nafter = [{after}]\neffect = {{ insert = {{ state = 'booked' }} }}\n\
             refuse = {{ probability = 0.05 }}\n"
        );
    }
    text
}

/// An event for each operation, whose handler fails in 30 % of at most three deliveries.
const FAILING: &str = "
[retry]
backoff = '1ms'
[variants.events]
pattern = 'event-based'
settings = { publish = 'log-tailing', handler-failure = 0.3, max-deliveries = 3 }
";

/// The value of a counter per operation.
fn each(report: &RunReport, measure: &'static Measure) -> f64 {
    let count = report.measures.number(measure).value().unwrap_or(f64::NAN);
    count / measured(report).count() as f64
}

/// The cases of this topic.
pub(super) fn cases() -> Vec<Case> {
    let (loss, success) = (0.3_f64, 0.95_f64);
    let attempt = 1.0 - (1.0 - loss) * (1.0 - loss);
    vec![
        Case {
            system: "three attempts over a link that loses 30 %",
            source: "independent trials",
            scenario: [LOSSY, &desk("work = '0ns'", IDLE_STORE, "poisson = 20.0")].concat(),
            forms: vec![Form {
                quantity: "share of clients without an answer",
                formula: "(1 - (1 - p)^2)^m",
                exact: laws::given_up(attempt, 3),
                observe: |report| share(report, |row| row.answer != Answer::Done),
            }],
        },
        Case {
            system: "three deliveries, 30 % of which fail",
            source: "independent trials",
            scenario: [FREE_CLIENTS, PAIR, FAILING].concat(),
            forms: vec![
                Form {
                    quantity: "deliveries per message",
                    formula: "(1 - p^m) / (1 - p)",
                    exact: laws::trials(0.3, 3),
                    observe: |report| each(report, DELIVERIES),
                },
                Form {
                    quantity: "share of messages among the dead letters",
                    formula: "p^m",
                    exact: laws::given_up(0.3, 3),
                    observe: |report| each(report, DEAD_LETTERS),
                },
            ],
        },
        lost_apart(loss),
        Case {
            system: "saga of three steps, each refused in 5 %",
            source: "independent trials",
            scenario: saga(),
            forms: vec![
                Form {
                    quantity: "share committed",
                    formula: "s^N",
                    exact: libm::pow(success, 3.0),
                    observe: |report| share(report, |row| row.headline == Headline::Committed),
                },
                Form {
                    quantity: "share compensated",
                    formula: "s - s^N",
                    exact: success - libm::pow(success, 3.0),
                    observe: |report| share(report, |row| row.headline == Headline::Compensated),
                },
            ],
        },
    ]
}

/// A case in which requests are lost in this share, and replies in another one.
fn lost_apart(loss: f64) -> Case {
    let unanswered = laws::given_up(1.0 - (1.0 - loss) * (1.0 - 0.2), 3);
    Case {
        system: "three attempts, requests lost in 30 %, replies in 20 %",
        source: "independent trials",
        scenario: [lossy_apart(), desk("work = '0ns'", IDLE_STORE, "poisson = 20.0")].concat(),
        forms: vec![
            Form {
                quantity: "share of clients without an answer",
                formula: "(1 - (1 - p)(1 - q))^m",
                exact: unanswered,
                observe: |report| share(report, |row| row.answer != Answer::Done),
            },
            Form {
                quantity: "share done without an answer",
                formula: "(1 - (1 - p)(1 - q))^m - p^m",
                exact: unanswered - loss * loss * loss,
                observe: |report| {
                    share(report, |row| {
                        row.answer != Answer::Done && row.headline == Headline::Committed
                    })
                },
            },
        ],
    }
}

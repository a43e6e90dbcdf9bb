//! Row locks: waits for one, and deadlocks across two databases.

use super::{Case, FREE_CLIENTS, Form, measured};
use crate::checks::RunReport;
use crate::checks::measures::Measure;
use crate::checks::measures::catalogue::{DISTRIBUTED_DEADLOCKS, LOCK_WAITS};

/// Two transactions over the one row of each of two databases, in opposite orders, every 5 s; the
/// second arrives later than the first by this time.
fn crossing(later: &str) -> String {
    let mut text = format!("{FREE_CLIENTS}[clients]\ndeadline = '5s'\n[retry]\nattempts = 1\n");
    for name in ["a", "b"] {
        text += &format!(
            "[services.{name}]\nwork = '1ms'\n[databases.{name}-db]\nwork = '1ms'\nforce = '1ms'\n\
             [tables.{name}]\nowner = '{name}'\ndatabase = '{name}-db'\ncolumns = {{ n = 0 }}\n\
             rows = 1\n"
        );
    }
    for (first, second, from) in [("a", "b", "0s"), ("b", "a", later)] {
        text += &format!("[operations.{first}{second}]\nkeys = {{ row = {{ rows-of = 'a' }} }}\n");
        for step in [first, second] {
            text += &format!(
                "[[operations.{first}{second}.steps]]\nname = '{step}'\nby = '{step}'\n\
                 table = '{step}'\nkey = 'row'\neffect = {{ add = {{ n = 1 }} }}\n"
            );
        }
        text += &format!(
            "[load.{first}{second}]\noperation = '{first}{second}'\nconstant = '5s'\n\
             from = '{from}'\n"
        );
    }
    text + "[variants.two-phase-commit]\npattern = 'two-phase-commit'\n"
}

/// The value of a measure of a run.
fn number(report: &RunReport, measure: &'static Measure) -> f64 {
    report.measures.number(measure).value().unwrap_or(f64::NAN)
}

/// The closed form of lock waits per transaction.
pub(super) fn waits(formula: &'static str, exact: f64) -> Form {
    let observe = |report: &RunReport| number(report, LOCK_WAITS);
    Form { quantity: "lock waits per transaction", formula, exact, observe }
}

/// The cases of this topic.
pub(super) fn cases() -> Vec<Case> {
    let deadlocks = |formula, exact| Form {
        quantity: "distributed deadlocks, per pair of transactions",
        formula,
        exact,
        observe: |report| {
            number(report, DISTRIBUTED_DEADLOCKS) * 2.0 / measured(report).count() as f64
        },
    };
    let source = "Gray, Reuter 1993: a circle in the graph of who waits for whom";
    vec![
        Case {
            system: "two transactions that want two rows in opposite orders at once",
            source,
            scenario: crossing("0s"),
            forms: vec![deadlocks("1", 1.0), waits("one of its two branches", 0.5)],
        },
        Case {
            system: "the same, one after the other",
            source,
            scenario: crossing("500ms"),
            forms: vec![deadlocks("0", 0.0), waits("0", 0.0)],
        },
    ]
}

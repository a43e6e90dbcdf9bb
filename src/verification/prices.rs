//! The cost of a distributed transaction without faults: messages and forced writes.

use super::{Case, Form};
use crate::checks::RunReport;
use crate::checks::measures::Measure;
use crate::checks::measures::cost::{FORCED_WRITES, SERVICE_MESSAGES};

/// An atomic commitment over three participants.
fn transaction(pattern: &str) -> String {
    let mut text = format!(
        "[load.open]\noperation = 'open'\nconstant = '100ms'\n\
         [operations.open]\nkeys = {{ row = 'new' }}\n\
         [variants.{pattern}]\npattern = '{pattern}'\n",
    );
    for name in ["a", "b", "c"] {
        text += &format!(
            "[services.{name}]\n[databases.{name}-db]\n[tables.{name}]\nowner = '{name}'\n\
             database = '{name}-db'\ncolumns = {{ n = 0 }}\n[[operations.open.steps]]\n\
             name = '{name}'\nby = '{name}'\ntable = '{name}'\nkey = 'row'\n\
             effect = {{ insert = {{ n = 1 }} }}\n"
        );
    }
    text
}

/// The value of a measure of a run.
fn number(report: &RunReport, measure: &'static Measure) -> f64 {
    report.measures.number(measure).value().unwrap_or(f64::NAN)
}

/// The cases of this topic.
pub(super) fn cases() -> Vec<Case> {
    let messages = |formula, exact| Form {
        quantity: "messages between services, per operation",
        formula,
        exact,
        observe: |report| number(report, SERVICE_MESSAGES),
    };
    let forced = |formula, exact| Form {
        quantity: "forced log writes, per operation",
        formula,
        exact,
        observe: |report| number(report, FORCED_WRITES),
    };
    vec![
        Case {
            system: "two-phase commit of three participants, presumed abort",
            source: "Mohan, Lindsay, Obermarck 1986",
            scenario: transaction("two-phase-commit"),
            forms: vec![messages("6 n", 18.0), forced("2 n + 1", 7.0)],
        },
        Case {
            system: "Paxos Commit of three participants, F = 1",
            source: "Gray, Lamport 2006; `explain paxos-commit`",
            scenario: transaction("paxos-commit"),
            forms: vec![messages("(2 F + 6) n + 4 F", 28.0), forced("2 n + 2 F + 1", 9.0)],
        },
    ]
}

//! Prices: the messages and forced writes of a distributed transaction without faults.

use super::{Case, Form};
use crate::checks::RunReport;
use crate::checks::measures::Measure;
use crate::checks::measures::cost::{FORCED_WRITES, SERVICE_MESSAGES};

/// Two-phase commit over three participants.
fn transaction() -> String {
    let mut text = String::from(
        "[load.open]\noperation = 'open'\nconstant = '100ms'\n\
         [operations.open]\nkeys = { row = 'new' }\n\
         [variants.two-phase-commit]\npattern = 'two-phase-commit'\n",
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

/// A number of a run.
fn number(report: &RunReport, measure: &'static Measure) -> f64 {
    report.measures.number(measure).value().unwrap_or(f64::NAN)
}

/// The cases of this topic.
pub(super) fn cases() -> Vec<Case> {
    vec![Case {
        system: "two-phase commit of three participants, presumed abort",
        source: "Mohan, Lindsay, Obermarck 1986",
        scenario: transaction(),
        forms: vec![
            Form {
                quantity: "messages between services, per operation",
                formula: "6 n",
                exact: 18.0,
                observe: |report| number(report, SERVICE_MESSAGES),
            },
            Form {
                quantity: "forced log writes, per operation",
                formula: "2 n + 1",
                exact: 7.0,
                observe: |report| number(report, FORCED_WRITES),
            },
        ],
    }]
}

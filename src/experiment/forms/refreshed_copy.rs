//! The share of stale reads of a copy that is refreshed from time to time.

use super::{Bound, Case, Form, Prediction};
use crate::checks::measures::reads::STALE;
use crate::experiment::result::Statistic;
use crate::kernel::{Span, Time};
use crate::model::system::{
    Access, ColumnRef, Feed, KeyChoice, OperationSpec, ReadSpec, ReadWhat, TableId,
};
use crate::stats::laws;

/// The probability that a row has changed since the last refresh.
pub const FORM: Form = Form {
    formula: "1 - (1 - exp(-mu T)) / (mu T)",
    meaning: "T: how often the copy is refreshed, mu: how often a row changes; the work of a \
              refresh and the ways of messages are left out",
    source: "renewal theory",
    bound: Bound::About,
    predict,
};

fn predict(case: &Case<'_>) -> Vec<Prediction> {
    let of = |read: &ReadSpec| {
        let value = stale(case, read)?;
        Some(Prediction { key: STALE.of_read(&read.name.shown), of: Statistic::Value, value })
    };
    case.system().reads.iter().filter_map(of).collect()
}

/// Applies to a reader of a uniformly chosen row, for a column that operations which arrive at
/// random set in uniformly chosen rows.
fn stale(case: &Case<'_>, read: &ReadSpec) -> Option<f64> {
    let ReadWhat::Column { column, choice: KeyChoice::Uniform(of), .. } = &read.what else {
        return None;
    };
    let system = case.system();
    let Access::Replica(copy) = system.access(read.by?, column.table, Time::ZERO) else {
        return None;
    };
    let replica = system.replicas.iter().find(|replica| replica.copy == copy)?;
    let Feed::Periodic(period) = replica.feed else { return None };
    (*of == column.table).then_some(())?;
    let changes = case.rates()?.into_iter().map(|(kind, rate)| {
        let changes = changes(system.operation(kind), *column)?;
        (changes == 0.0 || case.arrives_at_random(kind)).then_some(changes * rate)
    });
    let rows = system.table(column.table).rows as f64;
    let rate = changes.sum::<Option<f64>>()? / rows;
    (rate > 0.0 && period > Span::ZERO).then(|| laws::stale_share(rate, period.as_secs_f64()))
}

/// The number of steps of an operation that write a column of a uniformly chosen row; none if one
/// chooses its row in another way, or may be refused.
fn changes(operation: &OperationSpec, column: ColumnRef) -> Option<f64> {
    let writes = operation.steps.iter().filter(|step| {
        step.table == column.table
            && (step.effect.is_whole() || step.effect.columns().contains(&column.column))
    });
    let each = writes.map(|step| {
        let choice = &operation.keys[usize::from(step.key)].choice;
        let is_any = matches!(choice, KeyChoice::Uniform(of) if *of == TableId(column.table.0));
        (is_any && step.refuse.is_none() && !step.effect.is_whole()).then_some(1.0)
    });
    each.sum()
}

//! The table of counters: retries, deliveries, circuit breakers, alarms.

use super::{Column, Table, VALUE, cell, head};
use crate::checks::measures::catalogue::*;
use crate::checks::measures::counters::GROUP_LAG;
use crate::checks::measures::{Key, Scope};
use crate::experiment::result::{Comparison, Statistic};

/// The columns; one that is zero in every variant is left out.
const COLUMNS: [Column; 10] = [
    (RETRIES, VALUE),
    (DELIVERIES, VALUE),
    (DEAD_LETTERS, VALUE),
    (OPENINGS, VALUE),
    (OPEN_TIME, VALUE),
    (LOCK_WAITS, VALUE),
    (DEADLOCKS, VALUE),
    (DISTRIBUTED_DEADLOCKS, VALUE),
    (INTERVENTIONS, VALUE),
    (ALERTS, VALUE),
];

/// The most consumer groups that are shown; files have all of them.
const MOST_GROUPS: usize = 6;

/// The table, if any counter is above zero.
pub fn counters(comparison: &Comparison) -> Option<Table> {
    let is_shown = |key: &Key| {
        let mut values = comparison.variants.iter().filter_map(|variant| {
            Some(variant.measures.get(key)?.estimate(Statistic::Value)?.value)
        });
        // A breaker that never opened is reported, too: the number exists only if there is a
        // breaker.
        values.any(|value| value > 0.0 || key.measure == OPENINGS)
    };
    let columns = COLUMNS.iter().map(|column| (head(*column), Key::from(column.0)));
    let mut groups: Vec<&Key> =
        comparison.variants.iter().flat_map(|it| it.measures.keys()).collect();
    groups.retain(|key| key.measure == GROUP_LAG && matches!(key.scope, Scope::Group(_)));
    groups.sort_unstable();
    groups.dedup();
    let groups = groups.into_iter().filter(|key| is_shown(key)).take(MOST_GROUPS);
    let groups = groups.map(|key| (format!("lag of {}", key.scope.title()), key.clone()));
    let columns: Vec<(String, Key)> =
        columns.filter(|(_, key)| is_shown(key)).chain(groups).collect();
    let rows = comparison.variants.iter().map(|variant| {
        let cells = columns.iter().map(|(_, key)| cell(variant, key, VALUE));
        (variant.name.clone(), cells.collect())
    });
    let table = Table {
        title: "Retries, deliveries, alarms".into(),
        note: "What did not happen in any variant is left out. Retries: per operation; lock \
               waits: per transaction; the rest: per run. Lag of a consumer group: messages that \
               it was not done with, averaged over time."
            .into(),
        heads: std::iter::once("variant")
            .chain(columns.iter().map(|it| &*it.0))
            .map(String::from)
            .collect(),
        rows: rows.collect(),
    };
    (!columns.is_empty()).then_some(table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::result::MeasureResult;
    use crate::tests::comparison;

    #[test]
    fn only_what_happened_has_a_column_and_a_breaker_that_never_opened() {
        let mut comparison = comparison::comparison(6);
        comparison.variants.truncate(2);
        assert!(counters(&comparison).is_none(), "nothing was counted");
        let [first, second] = &mut comparison.variants[..] else { panic!("two") };
        let of = |measure, value: f64| MeasureResult::mean(measure, vec![Some(value); 6]);
        first.insert(of(DELIVERIES, 0.0));
        second.insert(of(DELIVERIES, 0.0));
        first.insert(of(DEADLOCKS, 0.0));
        second.insert(of(DEADLOCKS, 2.0));
        first.insert(of(OPENINGS, 0.0));
        first.insert(of(OPEN_TIME, 0.0));
        let lag = GROUP_LAG.of(&Scope::Group("stock".into()));
        second.measures.insert(lag, of(GROUP_LAG, 7.5));
        let table = counters(&comparison).expect("something happened");
        assert_eq!(table.heads, ["variant", "breaker openings", "deadlocks", "lag of stock"]);
        let row = |at: usize| table.rows[at].1.iter().map(|it| it.main.clone()).collect::<Vec<_>>();
        assert_eq!(
            (row(0), row(1)),
            (
                vec!["0".into(), "0".into(), "–".into()],
                vec!["–".into(), "2".into(), "7.5".to_owned()]
            )
        );
    }
}

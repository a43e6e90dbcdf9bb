//! The tables of capacity: provisioned and used workers, and pools close to their limit.

use super::{Column, Table, VALUE, cell, measured};
use crate::checks::measures::capacity::{CONNECTING, OF_POOL, WAITING};
use crate::checks::measures::catalogue::*;
use crate::checks::measures::{Key, Measure, Scope};
use crate::experiment::result::{Comparison, Statistic, VariantResult};

const CAPACITY: [Column; 3] = [(WORKERS, VALUE), (WORKERS_USED, VALUE), (UTILISATION, VALUE)];

/// The table of workers and their use, if the variants do not all provision the same number.
pub fn capacity(comparison: &Comparison) -> Option<Table> {
    let workers = comparison
        .variants
        .iter()
        .map(|variant| Some(variant.measure(WORKERS)?.estimate(Statistic::Value)?.value));
    let workers: Vec<Option<f64>> = workers.collect();
    workers.windows(2).any(|pair| pair[0] != pair[1]).then(|| {
        let note = "Workers of all instances of all services, and how many of them had a request, \
                    averaged over time; the rest is bought and idle. What is one service scales \
                    as a whole.";
        measured(comparison, "Capacity", note.into(), &CAPACITY)
    })
}

/// The table of pools close to their limit in any variant, or beyond it: workers and cores that are
/// busy for more than 70 % of the load, and connections for which one request or more waits on
/// average. The busiest come first; at most as many as fit.
pub fn bottlenecks(comparison: &Comparison) -> Option<Table> {
    const BUSY: f64 = 0.7;
    const QUEUED: f64 = 1.0;
    const MOST: usize = 4;
    let busy = highest(comparison, OF_POOL, |busy| busy > BUSY);
    let queued = highest(comparison, CONNECTING, |waiting| waiting >= QUEUED);
    let busy = busy.iter().take(MOST).flat_map(|scope| [OF_POOL, WAITING].map(|it| it.of(scope)));
    let queued = queued.iter().take(MOST).map(|scope| CONNECTING.of(scope));
    let columns: Vec<Key> = busy.chain(queued).collect();
    let row = |variant: &VariantResult| {
        let cells = columns.iter().map(|key| cell(variant, key, VALUE));
        (variant.name.clone(), cells.collect())
    };
    let heads = columns.iter().map(|key| format!("{} {}", key.scope.title(), key.measure.head));
    (!columns.is_empty()).then(|| Table {
        title: "Bottlenecks".into(),
        note:
            "Workers (of databases: cores) that are busy for more than 70 % of the load, and what \
               waits for them on average: requests; of a relay events in outboxes, of a broker \
               those that no consumer has acknowledged. Connections: of databases for which one \
               or more wait on average."
                .into(),
        heads: std::iter::once("variant".into()).chain(heads).collect(),
        rows: comparison.variants.iter().map(row).collect(),
    })
}

/// The pools with a noteworthy value of a measure in any variant, those with the highest value
/// first.
fn highest(
    comparison: &Comparison,
    measure: &'static Measure,
    is_noteworthy: fn(f64) -> bool,
) -> Vec<Scope> {
    let mut found: Vec<(Scope, f64)> = Vec::new();
    for variant in &comparison.variants {
        for (key, result) in variant.measures.iter().filter(|(key, _)| key.measure == measure) {
            let Some(number) = result.estimate(Statistic::Value) else { continue };
            match found.iter_mut().find(|(scope, _)| *scope == key.scope) {
                Some((_, highest)) => *highest = highest.max(number.value),
                None => found.push((key.scope.clone(), number.value)),
            }
        }
    }
    found.retain(|(_, highest)| is_noteworthy(*highest));
    found.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    found.into_iter().map(|(scope, _)| scope).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tables;
    use super::*;
    use crate::experiment::result::MeasureResult;
    use crate::tests::comparison;

    #[test]
    fn capacity_is_shown_where_variants_provision_differently() {
        let mut comparison = comparison::comparison(6);
        comparison.variants.truncate(2);
        let mut set = |at: usize, measure, value: f64| {
            comparison.variants[at].insert(MeasureResult::mean(measure, vec![Some(value); 6]));
            let shown = tables(&comparison, 24).into_iter().find(|table| table.title == "Capacity");
            shown.map(|table| table.rows[1].1.iter().map(|cell| cell.main.clone()).collect())
        };
        set(0, WORKERS, 20.0);
        assert_eq!(set(1, WORKERS, 20.0), None, "the same for both");
        set(1, WORKERS, 36.0);
        set(1, WORKERS_USED, 9.0);
        let row: Vec<String> = set(1, UTILISATION, 0.25).expect("they differ");
        assert_eq!(row, ["36", "9", "25.0 %"]);
    }

    /// Two variants, in the second of which pools have these numbers.
    fn with(numbers: &[(&str, &'static Measure, f64)]) -> Comparison {
        let mut comparison = comparison::comparison(6);
        comparison.variants.truncate(2);
        for (pool, measure, value) in numbers {
            let found = MeasureResult::mean(measure, vec![Some(*value); 6]);
            comparison.variants[1].measures.insert(measure.of_pool(&(*pool).into()), found);
        }
        comparison
    }

    #[test]
    fn what_is_busy_for_more_than_seventy_percent_is_a_bottleneck_the_busiest_first() {
        assert!(bottlenecks(&with(&[("web", OF_POOL, 0.69)])).is_none());
        let comparison = with(&[
            ("relay", OF_POOL, 0.71),
            ("relay", WAITING, 120.0),
            ("web", OF_POOL, 0.95),
            ("web-db", OF_POOL, 0.2),
        ]);
        let table = bottlenecks(&comparison).expect("two are busy");
        let heads = ["web utilisation", "web waiting", "relay utilisation", "relay waiting"];
        assert_eq!(table.heads, [&["variant"], &heads[..]].concat());
        let row = |at: usize| table.rows[at].1.iter().map(|it| it.main.clone()).collect::<Vec<_>>();
        assert_eq!(row(1), ["95.0 %", "–", "71.0 %", "120"]);
        assert_eq!(row(0), ["–"; 4], "but the others show how they fare");
    }

    #[test]
    fn connections_for_which_somebody_waits_are_a_bottleneck() {
        assert!(bottlenecks(&with(&[("web-db", CONNECTING, 0.9)])).is_none());
        let table = bottlenecks(&with(&[("web-db", CONNECTING, 3.5)])).expect("they are full");
        assert_eq!(table.heads, ["variant", "web-db waiting for connections"]);
    }
}

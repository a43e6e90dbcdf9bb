//! The tables of each operation and of each read separately.

use super::{Cell, Column, MEAN, P50, P99, Pick, Table, VALUE, cell, head};
use crate::checks::census::Headline;
use crate::checks::measures::catalogue::*;
use crate::checks::measures::{Key, Scope, reads};
use crate::experiment::result::{Comparison, OperationFacts, Statistic, VariantResult};
use crate::model::system::Anchor;
use crate::report::human;

/// The columns of an operation: its outcomes.
const COLUMNS: [Column; 14] = [
    (AVAILABILITY, VALUE),
    (COMMITTED, VALUE),
    (LAG, MEAN),
    (LAG, P50),
    (LAG, P99),
    (LAG, Pick::Never),
    (DONE, MEAN),
    (DONE, P50),
    (DONE, P99),
    (ACCEPTED, MEAN),
    (ACCEPTED, P50),
    (ACCEPTED, P99),
    (WRONG, VALUE),
    (THROUGHPUT, VALUE),
];

/// The further columns of an operation: the results of its reads, and its effects on other
/// operations and theirs on it. A column that is zero for all is left out.
const FURTHER: [Column; 14] = [
    (USEFUL, VALUE),
    (RIGHT_500MS, VALUE),
    (STALE, VALUE),
    (VIOLATION, VALUE),
    (LOST_UPDATES, VALUE),
    (OUT_OF_ORDER, VALUE),
    (DIRTY_READS, VALUE),
    (IN_DOUBT, VALUE),
    (BLOCKED, VALUE),
    (RETRIES, VALUE),
    (LOCK_WAITS, VALUE),
    (DEADLOCKS, VALUE),
    (DISTRIBUTED_DEADLOCKS, VALUE),
    (DEAD_LETTERS, VALUE),
];

/// The most reads with rows of their own in tables; files have all of them.
const MOST_READS: usize = 6;

/// The most operations that a sentence names.
const MOST_NAMES: usize = 6;

/// Names in a sentence; of very many, the first ones.
fn names<'a>(operations: impl Iterator<Item = &'a OperationFacts>) -> String {
    let mut names: Vec<String> = operations.map(|it| it.name.clone()).collect();
    if names.len() > MOST_NAMES {
        let more = names.len() - (MOST_NAMES - 1);
        names.truncate(MOST_NAMES - 1);
        names.push(format!("{} others", human::count(more as u64)));
    }
    human::list(&names)
}

/// The sentence that names the settings in which variants differ or on which their numbers depend;
/// none without such settings.
pub fn rests_on(comparison: &Comparison) -> Option<String> {
    let what = match comparison.variants.len() {
        0 | 1 => "numbers rest", // One variant has no rank.
        _ => "ranking rests",
    };
    let settings = &comparison.rests_on;
    (!settings.is_empty()).then(|| format!("The {what} on: {}.", settings.join(", ")))
}

/// The sentences about the operations that numbers are about: which of them are pooled, and which
/// arrive in a closed loop.
pub fn about(comparison: &Comparison) -> Vec<String> {
    let all = &comparison.operations;
    let (pooled, apart): (Vec<_>, Vec<_>) = all.iter().partition(|it| it.pooled);
    let mut said = Vec::new();
    match (pooled.as_slice(), apart.len()) {
        ([] | [_], 0) => {}
        ([first, ..], 0) if first.spans_stores => {
            said.push("Headlines pool all operations: each spans several stores.".into());
        }
        (_, 0) => said.push("Headlines pool all operations: none spans several stores.".into()),
        (_, 1) => said.push(format!(
            "Headlines are pooled over {}; {} touches one store and has rows of its own.",
            names(pooled.into_iter()),
            names(apart.into_iter())
        )),
        _ => said.push(format!(
            "Headlines are pooled over {}; local operations ({}) have rows of their own.",
            names(pooled.into_iter()),
            names(apart.into_iter())
        )),
    }
    let closed: Vec<&OperationFacts> = all.iter().filter(|it| it.closed_loop).collect();
    if !closed.is_empty() {
        said.push(format!(
            "Closed loop: the clients of {} wait for an answer before they ask again, so a slower \
             variant is offered less, and latency hides the waiting.",
            names(closed.into_iter())
        ));
        let moot = |variant: &VariantResult| variant.census.of(Headline::Moot) > 0;
        if comparison.variants.iter().any(moot) {
            said.push(
                "Availability, compared: each variant leaves out its own moot operations, because \
                 in a closed loop variants are not offered the same ones."
                    .into(),
            );
        }
    }
    said
}

/// The tables of each operation separately, if there are several: at most this many rows each, but
/// at least one operation.
pub fn operations(comparison: &Comparison, most: usize) -> Vec<Table> {
    let all = &comparison.operations;
    let shown = (most / comparison.variants.len().max(1)).clamp(1, all.len().max(1));
    let more = match all.len() - shown.min(all.len()) {
        0 => String::new(),
        more => format!(" {} more in summary.csv.", human::some(more, "operation")),
    };
    let happens = |(measure, _): &Column| {
        let keys = all.iter().map(|facts| measure.of_operation(&facts.name));
        let mut values = keys.flat_map(|key| values(comparison, &key).collect::<Vec<_>>());
        values.any(|value| value > 0.0)
    };
    let further: Vec<Column> = FURTHER.into_iter().filter(happens).collect();
    let first = "Each operation by itself, with intervals in summary.csv. Throughput: answers per \
                 second under load, a technical no not counted.";
    let second = "Each operation by itself: reads that look at it; invariants that it made false; \
                   what others destroyed or blocked of it. Retries: per operation.";
    let tables = [
        table(comparison, shown, "Operations", format!("{first}{more}"), &COLUMNS),
        table(comparison, shown, "Operations, in detail", format!("{second}{more}"), &further),
    ];
    let tables = tables.into_iter().map(Table::without_empty_columns);
    tables.filter(|table| all.len() > 1 && table.heads.len() > 1).collect()
}

/// A number of a measure under each variant that has it.
fn values(comparison: &Comparison, key: &Key) -> impl Iterator<Item = f64> {
    let found = comparison.variants.iter().filter_map(|variant| variant.measures.get(key));
    found.filter_map(|found| Some(found.estimate(Statistic::Value)?.value))
}

/// A row for each variant of each of the first operations; those that headlines pool come first.
fn table(
    comparison: &Comparison,
    shown: usize,
    title: &'static str,
    note: String,
    columns: &[Column],
) -> Table {
    let all = &comparison.operations;
    let pooled_first = all.iter().filter(|it| it.pooled).chain(all.iter().filter(|it| !it.pooled));
    let mut rows: Vec<(String, Vec<Cell>)> = Vec::new();
    for facts in pooled_first.take(shown) {
        let key = |(measure, pick): &Column| (measure.of_operation(&facts.name), *pick);
        let keys: Vec<(Key, Pick)> = columns.iter().map(key).collect();
        let closed = if facts.closed_loop { " (closed loop)" } else { "" };
        rows.extend(comparison.variants.iter().map(|variant| {
            let cells = keys.iter().map(|(key, pick)| brief(variant, key, *pick));
            (format!("{}{closed}: {}", facts.name, variant.name), cells.collect())
        }));
    }
    let heads = columns.iter().map(|column| head(*column));
    let heads = std::iter::once("operation: variant".into()).chain(heads).collect();
    Table { title: title.into(), note, heads, rows }
}

/// A number without its interval, to save room: there is a row for each operation and variant.
fn brief(variant: &VariantResult, key: &Key, pick: Pick) -> Cell {
    Cell { note: String::new(), ..cell(variant, key, pick) }
}

/// For each read of operations a table of its right answers, by the time of the read after the
/// arrival or the answer.
pub fn times(comparison: &Comparison) -> Vec<Table> {
    let Some(first) = comparison.variants.first() else { return Vec::new() };
    let of_time = first.measures.keys().filter_map(|key| match &key.scope {
        Scope::ReadAt(name, at, after) if key.measure == reads::RIGHT => Some((name, *at, *after)),
        _ => None,
    });
    let of_time: Vec<_> = of_time.collect();
    let all: Vec<_> = of_time.chunk_by(|one, other| one.0 == other.0).collect();
    let more = match all.len().saturating_sub(MOST_READS) {
        0 => String::new(),
        more => format!(" {} more in summary.csv.", human::some(more, "read")),
    };
    let shown = all.iter().take(MOST_READS).map(|times| {
        let columns = times.iter().map(|(name, at, after)| {
            (format!("after {at}"), reads::RIGHT.of(&Scope::ReadAt((*name).clone(), *at, *after)))
        });
        let columns: Vec<(String, Key)> = columns.collect();
        let row = |variant: &VariantResult| {
            let cells = columns.iter().map(|(_, key)| cell(variant, key, VALUE));
            (variant.name.clone(), cells.collect())
        };
        let since = match times[0].2 {
            Anchor::Arrival => "the operation had arrived",
            Anchor::Answer => "its client was answered; who never was has no such read",
        };
        let heads = columns.iter().map(|(head, _)| head.clone());
        Table {
            title: format!("Right answers to {}", times[0].0).into(),
            note: format!(
                "Share of all scheduled reads that came back right, however late, by when they \
                 were made: so long after {since}."
            ),
            heads: std::iter::once("variant".into()).chain(heads).collect(),
            rows: comparison.variants.iter().map(row).collect(),
        }
    });
    let mut shown: Vec<Table> = shown.collect();
    if let Some(last) = shown.last_mut() {
        last.note += &more;
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::census::{Census, State};
    use crate::experiment::result::MeasureResult;
    use crate::kernel::Span;
    use crate::model::record::Answer;
    use crate::tests::comparison;

    fn facts(name: &str, spans_stores: bool, closed_loop: bool) -> OperationFacts {
        let pooled = spans_stores;
        OperationFacts { name: name.into(), pooled, spans_stores, closed_loop }
    }

    fn two() -> Comparison {
        let mut comparison = comparison::comparison(6);
        comparison.variants.truncate(2);
        comparison.operations = vec![facts("rename", false, true), facts("open", true, false)];
        for (name, value) in [("open", 0.34), ("rename", 1.0)] {
            let committed = MeasureResult::mean(COMMITTED, vec![Some(value); 6]);
            let first = &mut comparison.variants[0];
            first.measures.insert(COMMITTED.of_operation(name), committed);
        }
        comparison
    }

    #[test]
    fn one_variant_has_no_rank() {
        let mut comparison = two();
        let first = |comparison: &Comparison| rests_on(comparison).unwrap()[..12].to_owned();
        assert_eq!(first(&comparison), "The ranking ");
        comparison.variants.truncate(1);
        assert_eq!(first(&comparison), "The numbers ");
        comparison.rests_on.clear();
        assert_eq!(rests_on(&comparison), None);
    }

    #[test]
    fn each_operation_has_rows_of_its_own_the_pooled_ones_first() {
        let comparison = two();
        let [table] = &operations(&comparison, 24)[..] else { panic!("nothing else happened") };
        let names: Vec<&str> = table.rows.iter().map(|(name, _)| name.as_str()).collect();
        let expected = ["open: two-phase-commit", "open: sync-30s"];
        assert_eq!(names[..2], expected);
        assert_eq!(names[2], "rename (closed loop): two-phase-commit");
        assert_eq!(table.heads, ["operation: variant", "committed"], "nothing else was measured");
        let cell = |row: usize| &*table.rows[row].1[0].main;
        assert_eq!([cell(0), cell(1), cell(2)], ["34.0 %", "–", "100 %"]);
        assert!(!table.note.contains("more in summary.csv"));
    }

    #[test]
    fn many_operations_fit_a_screen_and_one_has_no_table() {
        let mut comparison = two();
        let table = &operations(&comparison, 2)[0];
        assert_eq!(table.rows.len(), 2);
        assert!(table.note.ends_with("1 operation more in summary.csv."), "{}", table.note);
        comparison.operations.truncate(1);
        assert!(operations(&comparison, 24).is_empty());
    }

    #[test]
    fn what_happened_to_any_operation_has_a_column() {
        let mut comparison = two();
        for (measure, value) in [(LOST_UPDATES, 3.0), (DEADLOCKS, 0.0)] {
            let found = MeasureResult::mean(measure, vec![Some(value); 6]);
            comparison.variants[1].measures.insert(measure.of_operation("open"), found);
        }
        let [_, detail] = &operations(&comparison, 24)[..] else { panic!("updates were lost") };
        assert_eq!(detail.heads, ["operation: variant", "lost updates"]);
        assert_eq!(detail.rows[1].1[0].main, "3", "open: sync-30s");
    }

    #[test]
    fn a_report_says_what_its_headlines_pool() {
        let mut comparison = two();
        let said = about(&comparison);
        assert_eq!(
            said[0],
            "Headlines are pooled over open; rename touches one store and has rows of its own."
        );
        assert!(said[1].starts_with("Closed loop: the clients of rename wait"), "{}", said[1]);
        comparison.operations = (0..250).map(|at| facts(&at.to_string(), at > 9, false)).collect();
        let said = about(&comparison);
        assert!(said[0].contains("10, 11, 12, 13, 14 and 235 others; local operations (0, 1, 2"));
        assert_eq!(said.len(), 1);
        comparison.operations = vec![facts("a", true, false), facts("b", true, false)];
        assert_eq!(
            about(&comparison),
            ["Headlines pool all operations: each spans several stores."]
        );
        comparison.operations.truncate(1);
        assert_eq!(about(&comparison), [""; 0]);
    }

    #[test]
    fn in_a_closed_loop_it_is_said_that_moot_operations_are_left_out_one_by_one() {
        let mut comparison = two();
        assert_eq!(about(&comparison).len(), 2, "none is moot");
        let mut census = Census::default();
        census.count(State::None, Answer::RefusedByRule, Headline::Moot);
        comparison.variants[1].census.per_seed = vec![census];
        let said = about(&comparison);
        assert!(said[2].starts_with("Availability, compared: each variant leaves out its own"));
        comparison.operations[0].closed_loop = false;
        assert_eq!(about(&comparison).len(), 1, "the same operations are compared");
    }

    #[test]
    fn right_answers_stand_by_the_time_since_the_arrival() {
        let mut comparison = two();
        for (millis, right) in [(200, 0.1), (2_000, 0.9)] {
            let scope = Scope::ReadAt("mine".into(), Span::from_millis(millis), Anchor::Arrival);
            let right = MeasureResult::mean(reads::RIGHT, vec![Some(right); 6]);
            comparison.variants[0].measures.insert(reads::RIGHT.of(&scope), right);
        }
        let tables = times(&comparison);
        assert_eq!(tables.len(), 1);
        assert_eq!(tables[0].title, "Right answers to mine");
        assert_eq!(tables[0].heads, ["variant", "after 200ms", "after 2s"]);
        let cells: Vec<&str> = tables[0].rows[0].1.iter().map(|cell| &*cell.main).collect();
        assert_eq!(cells, ["10.0 %", "90.0 %"]);
    }
}

//! The tables of the results of reads, and of waiting for in-doubt transactions.

use super::{Column, MEAN, P99, Pick, Table, VALUE, cell, happened, head, is_measured, measured};
use crate::checks::measures::catalogue::*;
use crate::checks::measures::{Key, Measure, reads};
use crate::experiment::result::{Comparison, VariantResult};

const READS: [Column; 9] = [
    (RIGHT_50MS, VALUE),
    (RIGHT_500MS, VALUE),
    (RIGHT_5S, VALUE),
    (STALE, VALUE),
    (TORN, VALUE),
    (READ_ERRORS, VALUE),
    (IN_DOUBT, VALUE),
    (IN_DOUBT_MAX, VALUE),
    (BLOCKED, VALUE),
];

/// The columns that are left out, with a remark, if they are zero in all variants.
pub(super) const UNLESS_NONE: [&Measure; 4] = [TORN, IN_DOUBT, IN_DOUBT_MAX, BLOCKED];

/// The columns of each read separately.
const OF_READ: [Column; 6] = [
    (reads::RIGHT, VALUE),
    (reads::STALE, VALUE),
    (reads::TORN, VALUE),
    (reads::LATENCY, MEAN),
    (reads::LATENCY, P99),
    (reads::LATENCY, Pick::Never),
];

/// The table of all reads of operations or tables, and of waiting for in-doubt transactions.
pub(super) fn reads_and_blocking(comparison: &Comparison) -> Table {
    let right = "Right, answered in: of all scheduled reads, whenever they are made, those that \
                 took no longer and came back right.";
    let in_doubt = "In doubt: prepared branches that do not know the decision.";
    let blocked = "Blocked: waiting behind them.";
    let absent: Vec<&str> = UNLESS_NONE
        .iter()
        .filter(|measure| is_measured(comparison, measure) && !happened(comparison, measure))
        .map(|measure| measure.head)
        .collect();
    let absent = match &absent[..] {
        [] => String::new(),
        some => format!(" In no variant: {}.", some.join(", ")),
    };
    let mut table = measured(comparison, "Reads and blocking", right.into(), &READS)
        .explained(IN_DOUBT.head, in_doubt)
        .explained(BLOCKED.head, blocked);
    table.note += &absent;
    table
}

/// The table of the reads that services make for their clients, if there are any: each separately,
/// because they use different paths.
pub(super) fn reads_by_services(comparison: &Comparison) -> Option<Table> {
    let mut names: Vec<_> = comparison.variants.iter().flat_map(|v| &v.reads).collect();
    names.sort_unstable();
    names.dedup();
    let columns: Vec<(String, Key, Pick)> = (names.into_iter())
        .flat_map(|name| {
            OF_READ.map(|column @ (measure, pick)| {
                (format!("{name} {}", head(column)), measure.of_read(name), pick)
            })
        })
        .collect();
    let row = |variant: &VariantResult| {
        let cells = columns.iter().map(|(_, key, pick)| cell(variant, key, *pick));
        (variant.name.clone(), cells.collect())
    };
    let heads = columns.iter().map(|(head, ..)| head.clone());
    (!columns.is_empty()).then(|| Table {
        title: "Reads by services".into(),
        note: "Shares of all scheduled reads; latency of those that were answered, what timed out \
               counting as never."
            .into(),
        heads: std::iter::once("variant".into()).chain(heads).collect(),
        rows: comparison.variants.iter().map(row).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::result::MeasureResult;
    use crate::report::view::tables;
    use crate::tests::comparison;

    #[test]
    fn nobody_in_doubt_and_nothing_torn_takes_no_column_but_is_said() {
        let mut comparison = comparison::comparison(6);
        let reads = |comparison: &Comparison| reads_and_blocking(comparison);
        let has = |table: &Table, head: &str| table.heads.iter().any(|known| known == head);
        let some = reads(&comparison);
        assert!(has(&some, IN_DOUBT.head) && some.note.contains("In doubt: prepared"));
        for variant in &mut comparison.variants {
            variant.insert(MeasureResult::mean(IN_DOUBT, vec![Some(0.0); 6]));
        }
        let none = reads(&comparison);
        assert!(!has(&none, IN_DOUBT.head) && !none.note.contains("In doubt: prepared"));
        assert!(none.note.contains("In no variant: in doubt, sum"), "{}", none.note);
    }

    #[test]
    fn reads_by_services_are_shown_one_by_one_and_only_if_there_are_any() {
        let mut comparison = comparison::comparison(6);
        let is_shown = |comparison: &Comparison| {
            tables(comparison, 24).iter().any(|table| table.title == "Reads by services")
        };
        assert!(!is_shown(&comparison));
        let right = MeasureResult::mean(reads::RIGHT, vec![Some(0.5); 6]);
        let first = &mut comparison.variants[0];
        first.reads = vec!["report".into()];
        first.measures.insert(reads::RIGHT.of_read("report"), right);
        assert!(is_shown(&comparison));
        let shown = reads_by_services(&comparison).expect("a table");
        let heads = ["right", "stale", "torn", "latency mean", "latency p99", "latency never"];
        let heads = heads.map(|head| format!("report {head}"));
        assert_eq!(shown.heads[1..], heads);
        let main = |row: usize, cell: usize| shown.rows[row].1[cell].main.clone();
        assert_eq!((main(0, 0), main(0, 1), main(1, 0)), ("50.0 %".into(), "–".into(), "–".into()));
    }
}

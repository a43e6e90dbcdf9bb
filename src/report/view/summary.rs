//! The summary: each variant in a few numbers, and whether its checks hold.

use super::{Cell, Table, nothing, number};
use crate::checks::Verdict;
use crate::checks::measures::Measure;
use crate::experiment::result::{Comparison, Figure, Pair, Statistic, VariantResult};
use crate::report::human;
use crate::report::sentence::GROUPS;
use crate::report::sentence::shown::Shown;

/// The table of one number of each group of measures that sentences tell, and what the checks say
/// of each variant.
///
/// Of a group, such as the availability and the share of useful operations, the first is shown in
/// which any two variants are shown to differ or, if there is none, the first that is known. Of a
/// measure with many values a run the 99 % quantile is taken.
pub fn summary(comparison: &Comparison) -> Table {
    let shown = Shown::of(comparison);
    let figures = figures(&shown);
    let heads = figures.iter().map(|figure| match figure.of {
        Statistic::Value => figure.key.measure.head.to_owned(),
        of => format!("{} {}", figure.key.measure.head, of.name()),
    });
    let row = |variant: &VariantResult| {
        let cells = figures.iter().map(|figure| cell(&shown, figure, variant));
        (variant.name.clone(), cells.chain([checks(comparison, variant)]).collect())
    };
    let note = "*: no other variant is shown to be better, and one is shown to be worse. !: a \
                check fails.";
    Table {
        title: "Summary".into(),
        note: note.into(),
        heads: [String::from("variant")]
            .into_iter()
            .chain(heads)
            .chain(["checks".into()])
            .collect(),
        rows: comparison.variants.iter().map(row).collect(),
    }
}

/// The number of each group that is shown; none of a group that no variant has.
fn figures(shown: &Shown<'_>) -> Vec<Figure> {
    let of = |measure: &Measure| if measure.is_many() { Statistic::P99 } else { Statistic::Value };
    let is_known = |it: &Figure| shown.comparison.variants.iter().any(|v| it.estimate(v).is_some());
    let differs = |figure: &Figure| {
        let pairs = shown.comparison.pairs.iter();
        pairs.filter(|it| it.key == figure.key && it.of == figure.of).any(|it| shown.differ(it))
    };
    let groups = GROUPS.into_iter().filter_map(|group| {
        let figures = group.map(|measure| Figure { key: measure.into(), of: of(measure) });
        let known = || figures.iter().filter(|figure| is_known(figure));
        known().find(|figure| differs(figure)).or_else(|| known().next()).cloned()
    });
    groups.collect()
}

/// A number of a variant, marked if it is among the best.
fn cell(shown: &Shown<'_>, figure: &Figure, variant: &VariantResult) -> Cell {
    let Some(found) = variant.measures.get(&figure.key) else { return nothing() };
    let (_, apart) = shown.split(variant, &figure.key, figure.of);
    let best = apart.iter().any(Pair::is_better) && !apart.iter().any(Pair::is_worse);
    Cell { best, ..number(variant, found, figure.of) }
}

/// How many of the checks of a variant fail or are undecided.
fn checks(comparison: &Comparison, variant: &VariantResult) -> Cell {
    let own = || comparison.checks.iter().filter(|it| it.variant == variant.name && it.counts());
    let of = |verdict| own().filter(|check| check.claim() == verdict).count();
    let (failed, open) = (of(Verdict::Violated), of(Verdict::Undecided));
    let main = match (failed, open) {
        _ if own().next().is_none() => return nothing(),
        (0, 0) => "all hold".into(),
        (0, open) => format!("{} undecided", human::count(open as u64)),
        (1, _) => "1 fails".into(),
        (failed, _) => format!("{} fail", human::count(failed as u64)),
    };
    Cell { main, bad: failed > 0, ..Cell::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::measures::catalogue::{BLOCKED, IN_DOUBT, LAG};
    use crate::experiment::result::MeasureResult;
    use crate::tests::comparison;

    #[test]
    fn the_best_is_marked_and_so_is_who_is_not_shown_to_differ_from_it() {
        let comparison = comparison::comparison(10);
        let table = summary(&comparison);
        assert_eq!(table.heads.len(), GROUPS.len() + 2);
        let lag = table.heads.iter().position(|head| head.starts_with(LAG.head)).unwrap() - 1;
        let best: Vec<bool> = table.rows.iter().map(|(_, cells)| cells[lag].best).collect();
        assert_eq!(best.iter().filter(|best| **best).count(), 1, "{best:?}");
        assert!(best[0], "two-phase commit has the shortest lag");
        let twin = VariantResult { name: "twin".into(), ..comparison.variants[0].clone() };
        let variants = comparison.variants.iter().cloned().chain([twin]).collect();
        let table = summary(&Comparison { variants, ..comparison }.paired());
        assert!(table.rows[0].1[lag].best && table.rows[5].1[lag].best);
    }

    #[test]
    fn of_two_measures_of_a_group_the_one_is_shown_that_differs() {
        let mut comparison = comparison::comparison(10);
        for (at, variant) in comparison.variants.iter_mut().enumerate() {
            let apart = (0..10).map(|seed| Some((at * 10 + seed) as f64)).collect();
            variant.insert(MeasureResult::mean(IN_DOUBT, vec![Some(1e9); 10]));
            variant.insert(MeasureResult::mean(BLOCKED, apart));
        }
        let heads = summary(&comparison.paired()).heads;
        assert!(heads.iter().any(|head| head == BLOCKED.head), "{heads:?}");
        assert!(!heads.iter().any(|head| head == IN_DOUBT.head), "{heads:?}");
    }

    #[test]
    fn nobody_is_best_alone() {
        let mut comparison = comparison::comparison(10);
        comparison.variants.truncate(1);
        let table = summary(&comparison.paired());
        assert!(table.rows[0].1.iter().all(|cell| !cell.best));
    }

    #[test]
    fn too_few_seeds_show_numbers_and_no_best() {
        let comparison = comparison::comparison(2);
        let table = summary(&comparison);
        assert_eq!(table.heads.len(), GROUPS.len() + 2);
        assert!(table.rows.iter().all(|(_, cells)| cells.iter().all(|cell| !cell.best)));
    }

    #[test]
    fn a_failing_check_is_in_the_row_of_its_variant() {
        let table = summary(&comparison::comparison(10));
        let last = |at: usize| table.rows[at].1.last().unwrap();
        assert_eq!((&*last(0).main, last(0).bad), ("all hold", false));
        assert_eq!((&*last(1).main, last(1).bad), ("1 fails", true));
        assert_eq!(&*last(2).main, "–");
    }
}

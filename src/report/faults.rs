//! The effect of faults: what each struck, and runs against their fault-free twins.

use super::human;
use super::view::{Cell, Table, mark, nothing, number};
use crate::checks::measures::Key;
use crate::checks::measures::catalogue::RECOVERY;
use crate::checks::measures::recovery::NO_EFFECT;
use crate::experiment::result::{
    Comparison, MeasureResult, NeverBack, Pair, Statistic, VariantResult,
};

/// The table, if any variant was compared with its twins.
pub fn table(comparison: &Comparison) -> Option<Table> {
    let mut columns: Vec<(&Key, Statistic)> = Vec::new();
    for pair in comparison.variants.iter().flat_map(|variant| &variant.faults_cost) {
        if !columns.contains(&(&pair.key, pair.of)) {
            columns.push((&pair.key, pair.of));
        }
    }
    let row = |variant: &VariantResult| {
        let pair = |(key, of): &(&Key, Statistic)| {
            variant.faults_cost.iter().find(|pair| pair.key == **key && pair.of == *of)
        };
        let costs = columns
            .iter()
            .map(|column| pair(column).map_or_else(nothing, |pair| cost(variant, pair)));
        (variant.name.clone(), recovery(variant).into_iter().chain(costs).collect())
    };
    let heads = columns.iter().map(|(key, of)| match of {
        Statistic::Value => key.measure.head.to_owned(),
        of => format!("{} {}", key.measure.head, of.name()),
    });
    let heads = ["variant", "recovery", "never"].into_iter().map(String::from).chain(heads);
    (!columns.is_empty()).then(|| Table {
        title: "What the faults cost".into(),
        note: "Each run against its fault-free twin, the same seed without the faults. Recovery: \
               from the heal until all that is measured every 5 s stays as in the twin; never: in \
               so many seeds. The rest are differences to the twin, the median over seeds and its \
               95 % interval."
            .into(),
        heads: heads.collect(),
        rows: comparison.variants.iter().map(row).collect(),
    })
}

/// The recovery time, and the number of seeds without recovery.
fn recovery(variant: &VariantResult) -> [Cell; 2] {
    let Some(found) = variant.measure(RECOVERY) else { return [nothing(), nothing()] };
    if found.why() == Some(NO_EFFECT) {
        return [Cell { main: "no effect".into(), ..Cell::default() }, nothing()];
    }
    [number(variant, found, Statistic::P50), never(found).unwrap_or_else(nothing)]
}

fn never(found: &MeasureResult) -> Option<Cell> {
    let found = found.as_quantiles()?;
    let note = format!("of {}", human::some(found.per_seed.len(), "seed"));
    Some(Cell { main: human::count(found.never), note, bad: found.never > 0 })
}

fn cost(variant: &VariantResult, pair: &Pair) -> Cell {
    let text = |difference| human::difference(pair.key.measure.unit, difference);
    let note = match pair.interval {
        Some((low, high)) if text(low) == text(high) => text(low),
        Some((low, high)) => format!("{} to {}", text(low), text(high)),
        None => String::new(),
    };
    Cell {
        main: format!("{}{}", mark(variant, pair.key.measure), text(pair.difference)),
        note,
        bad: pair.is_worse() && pair.difference.is_infinite(),
    }
}

/// A sentence for each variant of which a run never came back, as (name, the rest of it).
pub fn sentences(comparison: &Comparison) -> Vec<(String, String)> {
    let seeds = comparison.seeds.len();
    let told = comparison.variants.iter().filter_map(|variant| {
        let never = variant.never_back.as_ref()?;
        Some((variant.name.clone(), never_back(never, seeds)))
    });
    told.collect()
}

fn never_back(never: &NeverBack, seeds: usize) -> String {
    let many = match seeds {
        1 => String::new(),
        _ => format!(" in {} of {}", never.seeds, human::some(seeds, "seed")),
    };
    let apart = match &never.apart[..] {
        [] => String::new(),
        apart => format!(", apart from it in {} to the end of the load", human::list(apart)),
    };
    let full = match &never.full[..] {
        [] => "; no worker, core or connection is full".into(),
        full => format!("; {} stay full", human::list(full)),
    };
    format!("never came back to its fault-free twin{many}{apart}{full}.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::result::Summary;
    use crate::tests::comparison;

    #[test]
    fn runs_without_a_twin_have_no_such_table() {
        let mut comparison = comparison::comparison(6);
        assert!(table(&comparison).is_some());
        for variant in &mut comparison.variants {
            variant.faults_cost.clear();
        }
        assert!(table(&comparison).is_none());
    }

    #[test]
    fn no_effect_is_a_word_and_never_a_number_of_seeds() {
        let mut comparison = comparison::comparison(6);
        let variant = &mut comparison.variants[0];
        variant.insert(MeasureResult { measure: RECOVERY, value: Summary::Missing(NO_EFFECT) });
        assert_eq!(recovery(variant)[0].main, "no effect");
    }

    #[test]
    fn what_stayed_full_is_named() {
        let never = NeverBack {
            seeds: 3,
            apart: vec!["answers".into(), "latency".into()],
            full: vec!["the workers of `web`".into()],
        };
        assert_eq!(
            never_back(&never, 10),
            "never came back to its fault-free twin in 3 of 10 seeds, apart from it in answers and \
             latency to the end of the load; the workers of `web` stay full."
        );
        let never = NeverBack { full: vec![], ..never };
        assert!(never_back(&never, 1).ends_with("; no worker, core or connection is full."));
    }
}

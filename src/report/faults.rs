//! The effect of faults: what each struck, and runs against their fault-free twins.

use super::human;
use super::view::{Cell, Table, mark, nothing, number};
use crate::checks::measures::catalogue::{AVAILABILITY, COMPENSATED, RECOVERY, RETRIES, WRONG};
use crate::checks::measures::recovery::NO_EFFECT;
use crate::checks::measures::{Key, Measure};
use crate::experiment::result::{
    Comparison, FaultWindow, MeasureResult, NeverBack, Pair, Statistic, VariantResult,
};

/// The numbers that say what was done about the faults, and what they left behind.
const AFTERMATH: [&Measure; 4] = [RETRIES, COMPENSATED, AVAILABILITY, WRONG];

/// The table of all that the faults cost, if any variant was compared with its twins.
pub fn table(comparison: &Comparison) -> Option<Table> {
    let note = "Each run against its fault-free twin, the same seed without the faults. Recovery: \
                from the heal until all that is measured every 5 s stays as in the twin; never: in \
                so many seeds. The rest are differences to the twin, the median over seeds and its \
                95 % interval.";
    against_twins(comparison, "What the faults cost", note, |_| true)
}

/// The table of the few numbers that say what was done about the faults: recovery, retries,
/// compensations, the share of operations that were turned away, and wrong outcomes that stayed.
pub fn aftermath(comparison: &Comparison) -> Option<Table> {
    let note = "Each run against the same seed without the faults: until it was back to what that \
                does, and the differences in the rest; retries per operation.";
    against_twins(comparison, "What the faults did", note, |key| AFTERMATH.contains(&key.measure))
}

fn against_twins(
    comparison: &Comparison,
    title: &'static str,
    note: &str,
    is_shown: fn(&Key) -> bool,
) -> Option<Table> {
    let mut columns: Vec<(&Key, Statistic)> = Vec::new();
    for pair in comparison.variants.iter().flat_map(|variant| &variant.faults_cost) {
        if is_shown(&pair.key) && !columns.contains(&(&pair.key, pair.of)) {
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
        title: title.into(),
        note: note.into(),
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
    Some(Cell { main: human::count(found.never), note, bad: found.never > 0, best: false })
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
        best: false,
    }
}

/// The most faults that are told one by one.
const MOST_FAULTS: usize = 6;

/// The most variants that are told by name; of more it is said how many they are.
const MOST_NAMES: usize = 3;

/// A line for each fault, as (the fault, what it did): when it lasted, under which variants it hit
/// work, and how many services it touched.
pub fn lines(comparison: &Comparison) -> Vec<(String, String)> {
    let mut lines: Vec<(String, String)> = (0..)
        .zip(&comparison.faults)
        .take(MOST_FAULTS)
        .map(|(at, window)| {
            let mut said = vec![lasted(window)];
            said.extend(window.remark.clone());
            said.extend(struck(comparison, at));
            said.extend(touched(comparison, at));
            (format!("{} {}", window.name, window.target).trim_end().into(), said.join("; ") + ".")
        })
        .collect();
    let more = comparison.faults.len().saturating_sub(MOST_FAULTS);
    if more > 0 {
        let said = format!("and {} more, with their times on the page.", human::count(more as u64));
        lines.push((String::new(), said));
    }
    lines
}

fn lasted(window: &FaultWindow) -> String {
    let [from, to] = [window.from, window.to].map(|at| human::nanos(at as f64));
    if from == to { format!("at {from}") } else { format!("from {from} to {to}") }
}

/// Under which variants a fault hit work; none for what is drawn anew in every run.
fn struck(comparison: &Comparison, at: usize) -> Option<String> {
    let said = by(comparison, |variant| {
        let touched = variant.touched.get(at)?;
        Some(match (touched.struck, touched.hit) {
            (0, _) => "struck nothing",
            (_, 0) => "overlapped no work",
            (_, hit) if hit < variant.settled.len() as u64 => "hit work in some seeds",
            _ => "hit work",
        })
    });
    let said = said.into_iter().map(|(what, whom)| format!("{what} {whom}"));
    Some(said.collect::<Vec<_>>().join("; ")).filter(|said| !said.is_empty())
}

/// How many services a fault touched in most seeds of each variant.
fn touched(comparison: &Comparison, at: usize) -> Option<String> {
    let said = by(comparison, |variant| {
        let (touched, seeds) = (variant.touched.get(at)?, variant.settled.len() as u64);
        Some(touched.services.iter().filter(|(_, runs)| 2 * runs > seeds).count())
    });
    let said = said.into_iter().map(|(count, whom)| match count {
        0 => format!("no service {whom}"),
        _ => format!("{} {whom}", human::some(count, "service")),
    });
    let said = said.collect::<Vec<_>>();
    (!said.is_empty()).then(|| format!("touched {}", said.join(", ")))
}

/// The variants by something that is known of them, in the order in which each kind comes first:
/// (what it is, `under a and b`).
fn by<T: PartialEq>(
    comparison: &Comparison,
    of: impl Fn(&VariantResult) -> Option<T>,
) -> Vec<(T, String)> {
    let mut kinds: Vec<(T, Vec<&str>)> = Vec::new();
    for variant in &comparison.variants {
        let Some(kind) = of(variant) else { continue };
        match kinds.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, names)) => names.push(&variant.name),
            None => kinds.push((kind, vec![&variant.name])),
        }
    }
    let all = comparison.variants.len();
    let whom = |names: Vec<&str>| match names.len() {
        count if count == all && all > 1 => "under every variant".into(),
        ..=MOST_NAMES => format!("under {}", human::list(&names)),
        count => format!("under {}", human::some(count, "variant")),
    };
    kinds.into_iter().map(|(kind, names)| (kind, whom(names))).collect()
}

/// A sentence for each variant that did not recover in some run, as (name, the rest of the
/// sentence).
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
    fn a_fault_that_overlapped_no_work_is_said_to_and_where() {
        let comparison = comparison::comparison(10);
        let lines = lines(&comparison);
        assert_eq!(lines.len(), comparison.faults.len());
        let (name, said) = &lines[0];
        assert_eq!(name, "crash customer");
        let hit = "; hit work under two-phase-commit and orchestrated; overlapped no work under \
                   sync-30s, events-polling and events-dual-write; ";
        assert!(said.contains(hit), "{said}");
        assert!(said.ends_with("; touched 1 service under every variant."), "{said}");
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

//! The sentences about coupling, M13: the dependence of services on each other.
//!
//! Facts of a layout are certain, and are reported wherever variants differ in them: the most and
//! the least. Numbers of runs follow the rule of all sentences: only differences that are shown by
//! pairs.

use super::shown::Shown;
use super::{Standing, standing};
use crate::checks::coupling::Ownership;
use crate::checks::measures::catalogue::{SLOWDOWN, TOUCHED};
use crate::checks::measures::{Key, Measure};
use crate::experiment::result::{Comparison, Contended, Statistic, Touched, VariantResult};
use crate::report::human;

/// The most names that a sentence lists; of more it gives the number.
const MOST_NAMES: usize = 4;

/// The numbers of runs that sentences are about.
pub fn told() -> impl Iterator<Item = (Key, Statistic)> {
    [TOUCHED, SLOWDOWN].into_iter().map(|measure| (measure.into(), Statistic::Value))
}

/// A sentence for each fact in which variants differ, as (the fact, the rest of the sentence).
pub fn sentences(differences: &Shown<'_>) -> Vec<(String, String)> {
    let comparison = differences.comparison;
    let mut all = Vec::new();
    if comparison.variants.len() < 2 {
        return all;
    }
    for (lead, unit, facts) in LAYOUT {
        all.extend(extremes(comparison, unit, facts).map(|text| (lead.to_owned(), text)));
    }
    let runs: [(_, _, Cause); 2] = [
        ("Touched by one fault:", TOUCHED, reach),
        ("Waited for another service:", SLOWDOWN, blame),
    ];
    for (lead, measure, cause) in runs {
        all.extend(shown(differences, measure, cause).map(|text| (lead.to_owned(), text)));
    }
    all
}

/// A count of a layout: the number, and the names of what is counted.
type Facts = fn(&VariantResult) -> (usize, Vec<String>);

/// The counts of layouts: the beginning of a sentence, a unit, and the function that counts.
const LAYOUT: [(&str, &str, Facts); 3] = [
    ("Written by several services:", "table", |variant| {
        let tables = variant.coupling.tables.iter();
        let joint = tables.filter(|table| table.ownership == Ownership::Joint);
        let names: Vec<String> = joint.map(|table| table.name.clone()).collect();
        (names.len(), names)
    }),
    ("Deployed together:", "service", |variant| {
        let groups = variant.coupling.together.iter();
        let largest =
            groups.reduce(|most, group| if group.len() > most.len() { group } else { most });
        let names = largest.cloned().unwrap_or_default();
        (names.len(), names)
    }),
    ("Must be up for a yes, at most:", "node", |variant| {
        let longest = variant.coupling.longest();
        let names = longest.map_or(vec![], |chain| chain.needs.clone());
        (names.len(), names)
    }),
];

/// The variants that have the most of a fact and those that have the least, if they differ: `2
/// tables in shared (stock and order), none in split and delegate, the others between.`
fn extremes(comparison: &Comparison, unit: &str, facts: Facts) -> Option<String> {
    let found: Vec<(&str, usize, Vec<String>)> = (comparison.variants.iter())
        .filter(|variant| !variant.coupling.tables.is_empty())
        .map(|variant| (&*variant.name, facts(variant)))
        .map(|(variant, (count, names))| (variant, count, names))
        .collect();
    let most = found.iter().map(|(_, count, _)| *count).max()?;
    let least = found.iter().map(|(_, count, _)| *count).min()?;
    if most == least {
        return None;
    }
    let side = |wanted: usize| {
        let at = || found.iter().filter(|(_, count, _)| *count == wanted);
        let variants: Vec<&str> = at().map(|(variant, ..)| *variant).collect();
        let names = at().map(|(.., names)| names).next().filter(|first| {
            !first.is_empty()
                && first.len() <= MOST_NAMES
                && at().all(|(.., names)| names == *first)
        });
        let names = names.map_or_else(String::new, |names| format!(" ({})", human::list(names)));
        let count = match wanted {
            0 => "none".to_owned(),
            count => human::some(count, unit),
        };
        format!("{count} in {}{names}", human::list(&variants))
    };
    let between = found.iter().any(|(_, count, _)| *count != most && *count != least);
    let rest = if between { ", the others between" } else { "" };
    Some(format!("{}, {}{rest}.", side(most), side(least)))
}

/// A function that returns the cause in a variant, in words.
type Cause = fn(&VariantResult) -> Option<String>;

/// The variants that are shown to have the least and the most of a measure, with the cause of the
/// most.
fn shown(differences: &Shown<'_>, measure: &'static Measure, cause: Cause) -> Option<String> {
    let comparison = differences.comparison;
    let (mut least, mut most) = (None, None);
    for variant in &comparison.variants {
        let found = standing(differences, variant, &measure.into(), Statistic::Value);
        let Some(Standing { is_best, sharing, numbers, .. }) = found else { continue };
        if is_best && !sharing.is_empty() {
            continue; // Who has the most says it.
        }
        let all = human::list(&[vec![variant.name.clone()], sharing].concat());
        if is_best {
            least.get_or_insert(format!("the least in {all} ({numbers})"));
        } else {
            let why = cause(variant).map_or_else(String::new, |why| format!("; {why}"));
            most.get_or_insert(format!("the most in {all} ({numbers}{why})"));
        }
    }
    // Of two variants, one has the least because the other has the most: one of the two is enough.
    let least = least.filter(|_| comparison.variants.len() > 2 || most.is_none());
    let said: Vec<String> = [most, least].into_iter().flatten().collect();
    (!said.is_empty()).then(|| format!("{}.", said.join(", ")))
}

/// The fault that touched the most services, in most seeds.
fn reach(variant: &VariantResult) -> Option<String> {
    let often = |touched: &Touched| -> Vec<String> {
        let seeds = variant.settled.len() as u64;
        let often = touched.services.iter().filter(|(_, runs)| 2 * runs > seeds);
        often.map(|(service, _)| service.clone()).collect()
    };
    let found = variant.touched.iter().map(|touched| (&touched.fault, often(touched)));
    let worst = found.reduce(|most, it| if it.1.len() > most.1.len() { it } else { most });
    let (fault, services) = worst.filter(|(_, services)| !services.is_empty())?;
    Some(match services.len() {
        ..=MOST_NAMES => format!("`{fault}` touched {}", human::list(&services)),
        count => format!("`{fault}` touched {count}"),
    })
}

/// The service that was slowed down the most, by which other service, and where.
fn blame(variant: &VariantResult) -> Option<String> {
    let foreign = variant.contended.iter().filter(|row| row.is_foreign());
    let rows = foreign.filter_map(|row: &Contended| Some((row, row.slowdown()?)));
    let (row, _) = rows.reduce(|most, row| if row.1 > most.1 { row } else { most })?;
    Some(format!("{} for {} in {}", row.service, row.holder(), row.database))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::result::MeasureResult;
    use crate::tests::comparison;

    fn said(comparison: &Comparison) -> Vec<String> {
        sentences(&Shown::of(comparison))
            .into_iter()
            .map(|(lead, rest)| format!("{lead} {rest}"))
            .collect()
    }

    /// Two variants of the fixture in which the same is coupled in the same way.
    fn pair() -> Comparison {
        let mut comparison = comparison::comparison(6);
        comparison.variants.truncate(2);
        let first = comparison.variants[0].clone();
        comparison.variants[1] = VariantResult { name: "other".into(), ..first };
        comparison.paired()
    }

    #[test]
    fn where_variants_agree_nothing_is_said() {
        assert_eq!(said(&pair()), [""; 0]);
        let mut alone = pair();
        alone.variants.truncate(1);
        assert_eq!(said(&alone), [""; 0]);
    }

    #[test]
    fn layouts_are_told_apart_by_their_extremes() {
        let mut comparison = pair();
        let first = comparison.variants[0].name.clone();
        let other = &mut comparison.variants[1].coupling;
        other.tables[1].ownership = Ownership::Single;
        other.together.clear();
        other.chains[0].needs.truncate(1);
        assert_eq!(
            said(&comparison),
            [
                format!(
                    "Written by several services: 1 table in {first} (customer), none in other."
                ),
                format!(
                    "Deployed together: 2 services in {first} (customer and ticket), none in other."
                ),
                format!(
                    "Must be up for a yes, at most: 4 nodes in {first} (ticket, ticket-db, \
                     customer and customer-db), 1 node in other (ticket)."
                ),
            ]
        );
    }

    #[test]
    fn variants_between_the_extremes_are_not_passed_over_in_silence() {
        let mut comparison = pair();
        let first = comparison.variants[0].name.clone();
        comparison.variants[1].coupling.chains[0].needs.truncate(1);
        let mut third = comparison.variants[0].clone();
        third.name = "third".into();
        third.coupling.chains[0].needs.truncate(2);
        comparison.variants.push(third);
        assert_eq!(
            said(&comparison),
            [format!(
                "Must be up for a yes, at most: 4 nodes in {first} (ticket, ticket-db, customer \
                 and customer-db), 1 node in other (ticket), the others between."
            )]
        );
    }

    #[test]
    fn what_runs_say_needs_an_interval_that_excludes_zero() {
        let set = |comparison: &mut Comparison, at: usize, measure, seeds: &[f64]| {
            let seeds = seeds.iter().copied().map(Some).collect();
            comparison.variants[at].insert(MeasureResult::mean(measure, seeds));
        };
        let mut comparison = pair();
        let first = comparison.variants[0].name.clone();
        set(&mut comparison, 0, TOUCHED, &[2.0; 6]);
        set(&mut comparison, 1, TOUCHED, &[2.0, 1.0, 2.0, 3.0, 2.0, 2.0]);
        assert_eq!(said(&comparison), [""; 0], "no difference shown");
        set(&mut comparison, 0, TOUCHED, &[3.0; 6]);
        set(&mut comparison, 1, TOUCHED, &[1.0; 6]);
        set(&mut comparison, 0, SLOWDOWN, &[0.25; 6]);
        set(&mut comparison, 1, SLOWDOWN, &[0.125; 6]);
        assert_eq!(
            said(&comparison),
            [
                format!(
                    "Touched by one fault: the most in {first} (3; next other with 1; `crash \
                     customer` touched customer)."
                ),
                format!(
                    "Waited for another service: the most in {first} (25.0 %; next other with \
                     12.5 %; customer for ticket in customer-db)."
                ),
            ]
        );
        let third = VariantResult { name: "third".into(), ..comparison.variants[1].clone() };
        comparison.variants.push(third);
        set(&mut comparison, 2, TOUCHED, &[2.0; 6]);
        set(&mut comparison, 2, SLOWDOWN, &[0.125; 6]);
        assert_eq!(
            said(&comparison),
            [
                format!(
                    "Touched by one fault: the most in {first} (3; next third with 2; `crash \
                     customer` touched customer), the least in other (1; next third with 2)."
                ),
                format!(
                    "Waited for another service: the most in {first} (25.0 %; all others 12.5 %; \
                     customer for ticket in customer-db)."
                ),
            ],
            "the least only where it is one"
        );
    }
}

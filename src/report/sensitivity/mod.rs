//! The sensitivity of a comparison, to bytes: tornado charts, tables, a page and JSON.

mod chart;
mod csv;
mod json;
mod page;
mod tell;
#[cfg(test)]
mod tests;

pub use csv::table;
pub use json::json;
pub use tell::render;

use super::chart::Chart;
use super::export::File;
use super::human;
use crate::experiment::result::{Comparison, Figure, Matter, Pair};
use crate::experiment::sensitivity::{Effect, Fate, Moved, Sensitivity};

/// The files that stand beside those of the comparison: they are to be written all or none.
pub fn files(found: &Sensitivity, comparison: &Comparison) -> Vec<File> {
    let charts = charts(found);
    let mut files = vec![
        File::new(csv::NAME, table(found)),
        File::new(json::NAME, json(found, comparison)),
        File::new(page::NAME, page::page(found, comparison, &charts)),
    ];
    for (name, chart) in names(found).iter().zip(&charts) {
        files.push(File::new(format!("charts/{name}.svg"), chart.picture.svg()));
        files.push(File::new(format!("charts/{name}.png"), chart.picture.png()));
    }
    files
}

/// The tornado of each stated difference that anything moves.
fn charts(found: &Sensitivity) -> Vec<Chart<'_>> {
    moving(found).map(|at| chart::tornado(found, at)).collect()
}

/// The names of their files.
fn names(found: &Sensitivity) -> Vec<String> {
    moving(found).map(|at| format!("tornado-{}", at + 1)).collect()
}

/// The positions of the stated differences that any assumption moves.
fn moving(found: &Sensitivity) -> impl Iterator<Item = usize> {
    let is_moved = |at: &usize| found.effects.iter().any(|effect| effect.ranks[*at].is_some());
    (0..found.stated.len()).filter(is_moved)
}

/// The effects that move a stated difference, the greatest first.
fn order(found: &Sensitivity, at: usize) -> Vec<&Effect> {
    let rank = |effect: &&Effect| effect.ranks[at].map(|rank| rank.rank);
    let mut order: Vec<&Effect> = found.effects.iter().filter(|it| rank(it).is_some()).collect();
    order.sort_by_key(rank);
    order
}

/// `consistency lag p99: saga minus events`.
fn heading(pair: &Pair) -> String {
    let figure = Figure { key: pair.key.clone(), of: pair.of };
    format!("{}: {} minus {}", figure.title(), pair.variant, pair.baseline)
}

/// `+41 ms (+37 ms to +46 ms)`.
fn difference(pair: &Pair) -> String {
    let unit = pair.key.measure.unit;
    let interval = pair.interval.map(|(low, high)| {
        format!(" ({} to {})", human::difference(unit, low), human::difference(unit, high))
    });
    format!("{}{}", human::difference(unit, pair.difference), interval.unwrap_or_default())
}

/// A difference under a move, and what became of it.
fn under(moved: &Option<Moved>, at: usize, stated: &Pair) -> [String; 2] {
    let Some(moved) = moved else { return [String::new(), String::new()] };
    let pair = moved.pairs[at].as_ref();
    let text = pair.map(|pair| human::difference(pair.key.measure.unit, pair.difference));
    [text.unwrap_or_else(|| "no number".into()), Fate::of(stated, pair).name().into()]
}

/// `12 % of all that moves the stated differences; 1 of 9 flips, 2 vanish`.
pub fn matter(matter: &Matter) -> String {
    let Matter { name, share, flips, vanishes, stated, .. } = matter;
    let fates = match (flips, vanishes) {
        (0, 0) => format!("all {stated} hold"),
        (flips, 0) => format!("{flips} of {stated} can flip"),
        (0, vanishes) => format!("{vanishes} of {stated} can vanish"),
        (flips, vanishes) => format!("of {stated}, {flips} can flip and {vanishes} vanish"),
    };
    format!("{name} ({} of what moves; {fates})", human::share(*share))
}

/// The sentence of the assumptions that matter most, if they were measured.
pub fn matters(comparison: &Comparison) -> Option<String> {
    let all: Vec<String> = comparison.matters.iter().map(matter).collect();
    (!all.is_empty()).then(|| format!("What matters most, measured: {}.", all.join("; ")))
}

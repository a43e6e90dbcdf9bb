//! The report of a sweep for the terminal: a table of each figure over the swept value, and the
//! values at which variants change their order.

use super::{about, labels};
use crate::checks::measures::Better;
use crate::experiment::result::{Comparison, Figure};
use crate::experiment::sweep::Swept;
use crate::report::crossing;
use crate::report::human;
use crate::report::terminal::{OPEN, grids, header, indented, labelled, rests_on, title};
use crate::report::text::Terminal;
use crate::report::view::{Cell, Table, about as about_operations, nothing, number};
use crate::stats::Verdict;

/// The most figures that the terminal shows; the page has all of them.
const MOST: usize = 4;

/// The text that a user sees after a sweep.
pub fn render(swept: &Swept, terminal: Terminal) -> String {
    let Some(first) = swept.first() else { return String::new() };
    if !swept.searches.is_empty() {
        return crossing::render(&swept.searches, terminal);
    }
    let mut text = header(first, terminal);
    text += &rests_on(first, terminal);
    for said in about_operations(first) {
        text += &indented(terminal, &said);
    }
    text += &indented(terminal, &format!("{}.", about(swept)));
    for warning in &swept.warnings {
        text += &labelled(terminal, &terminal.paint(OPEN, "note"), warning);
    }
    for figure in swept.figures.iter().take(MOST) {
        for table in tables(swept, figure) {
            text += &title(terminal, &table.title);
            text += &grids(&table, terminal);
        }
        for line in places(swept, figure) {
            text += &indented(terminal, &line);
        }
    }
    let more = swept.figures.len().saturating_sub(MOST);
    if more > 0 {
        let more = human::some(more, "more figure");
        text += &format!("\n  {more} on the page; --measure chooses others\n");
    }
    text
}

/// The tables of a figure: over one value a column for each variant, over two a table for each.
pub fn tables(swept: &Swept, figure: &Figure) -> Vec<Table> {
    let cell = |point: Option<&Comparison>, variant: usize| -> Cell {
        let found = point.and_then(|point| {
            let variant = point.variants.get(variant)?;
            Some(number(variant, variant.measures.get(&figure.key)?, figure.of))
        });
        found.unwrap_or_else(nothing)
    };
    let names = swept.variants();
    match &swept.axes[..] {
        [over] => {
            let row = |(at, label): (usize, String)| {
                let point = swept.point(&[at]);
                (label, (0..names.len()).map(|variant| cell(point, variant)).collect())
            };
            vec![Table {
                title: figure.title().into(),
                note: String::new(),
                heads: heads(&over.key, names.iter().map(|name| (*name).to_owned())),
                rows: labels(over).into_iter().enumerate().map(row).collect(),
            }]
        }
        [down, across] => {
            let table = |(variant, name): (usize, &&str)| {
                let row = |(y, label): (usize, String)| {
                    let cells =
                        (0..across.values.len()).map(|x| cell(swept.point(&[y, x]), variant));
                    (label, cells.collect())
                };
                Table {
                    title: format!("{}: {name}, across: {}", figure.title(), across.key).into(),
                    note: String::new(),
                    heads: heads(&down.key, labels(across).into_iter()),
                    rows: labels(down).into_iter().enumerate().map(row).collect(),
                }
            };
            names.iter().enumerate().map(table).collect()
        }
        _ => Vec::new(),
    }
}

fn heads(first: &str, others: impl Iterator<Item = String>) -> Vec<String> {
    std::iter::once(first.to_owned()).chain(others).collect()
}

/// The order of two variants in a figure over one value, a line for each pair of which any
/// difference is shown: ranges of points with the same verdict of the paired difference.
pub fn places(swept: &Swept, figure: &Figure) -> Vec<String> {
    let [over] = &swept.axes[..] else { return Vec::new() };
    let (names, labels) = (swept.variants(), labels(over));
    let mut lines = Vec::new();
    for (at, name) in names.iter().enumerate() {
        for baseline in &names[..at] {
            let verdicts: Vec<(usize, Verdict)> = (swept.points.iter())
                .filter_map(|point| {
                    let pair = figure.pair(&point.comparison, name, baseline)?;
                    Some((point.at[0], pair.verdict))
                })
                .collect();
            if verdicts.iter().all(|(_, verdict)| *verdict == Verdict::NoDifferenceShown) {
                continue;
            }
            let stretches = verdicts.chunk_by(|(_, one), (_, next)| one == next);
            let stretches = stretches.map(|stretch| said(stretch, figure, &labels));
            let stretches: Vec<String> = stretches.collect();
            lines.push(format!("{name} against {baseline}: {}.", stretches.join(", ")));
        }
    }
    lines
}

/// A range of points with one verdict, in words: `lower (better) from 10 to 100`.
fn said(stretch: &[(usize, Verdict)], figure: &Figure, labels: &[String]) -> String {
    let (first, verdict) = stretch[0];
    let (last, _) = stretch[stretch.len() - 1];
    let worth = |is_better| if is_better { " (better)" } else { " (worse)" };
    let word = match (verdict, figure.key.measure.better) {
        (Verdict::NoDifferenceShown, _) => "no difference shown".to_owned(),
        (Verdict::Higher, Better::Neither) => "higher".into(),
        (Verdict::Lower, Better::Neither) => "lower".into(),
        (Verdict::Higher, better) => format!("higher{}", worth(better == Better::Higher)),
        (Verdict::Lower, better) => format!("lower{}", worth(better == Better::Lower)),
    };
    match (first == 0, last + 1 == labels.len()) {
        (true, true) => format!("{word} at every point"),
        _ if first == last => format!("{word} at {}", labels[first]),
        (true, false) => format!("{word} up to {}", labels[last]),
        (false, true) => format!("{word} from {} on", labels[first]),
        (false, false) => format!("{word} from {} to {}", labels[first], labels[last]),
    }
}

//! The tables that are printed, as Markdown.

use std::collections::BTreeMap;

use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{CellAlignment, ContentArrangement, Table};

use crate::baseline::{Aim, Baseline, Recorded};
use crate::measure::{Samples, Value, median};
use crate::rows::{Curve, Row};

/// A table whose first column is text and the others are numbers.
pub struct Grid(Table);

impl Grid {
    pub fn new<const N: usize>(heads: [&str; N]) -> Self {
        let mut table = Table::new();
        table
            .load_style(ASCII_MARKDOWN)
            .set_content_arrangement(ContentArrangement::Disabled)
            .set_header(heads);
        Self(table)
    }

    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.0.add_row(cells);
    }

    pub fn text(mut self) -> String {
        for column in self.0.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        format!("{}\n", self.0)
    }
}

/// Three digits that count, and thousands apart.
fn number(value: f64) -> String {
    if value.abs() < 99.95 {
        return format!("{value:.*}", if value.abs() < 10.0 { 2 } else { 1 });
    }
    apart(&format!("{value:.0}"))
}

/// Puts a comma before every three digits.
pub fn apart(digits: &str) -> String {
    let comma = |at: usize| at > 0 && (digits.len() - at).is_multiple_of(3);
    let apart = |(at, digit)| [comma(at).then_some(','), Some(digit)].into_iter().flatten();
    digits.chars().enumerate().flat_map(apart).collect()
}

/// A factor as its difference from one.
pub fn percent(factor: f64) -> String {
    format!("{:+.1} %", 100.0 * (factor - 1.0))
}

/// How much the time of the same work differs between programs whose code lies elsewhere.
const LAYOUT: f64 = 0.03;

/// How much more a row costs than the baseline, and the word for it where that is more than the
/// noise of both.
fn change(row: &Row, now: Value, before: &Recorded) -> String {
    let cost = if row.is_rate { before.scaled / now.scaled } else { now.scaled / before.scaled };
    let noise = (now.noise + before.noise).max(LAYOUT);
    let word = match cost {
        cost if cost > 1.0 + noise => " **slower**",
        cost if cost < 1.0 / (1.0 + noise) => " better",
        _ => "",
    };
    percent(cost) + word
}

/// The rows with their aims and what was recorded, and the reasons of those that miss their aim.
pub fn rows(
    rows: &[(&Row, Value)],
    aims: &BTreeMap<String, Aim>,
    baseline: &Baseline,
) -> (String, String) {
    let mut grid = Grid::new(["", "unit", "before", "aim", "reached", "noise", "to baseline"]);
    let mut misses = String::new();
    for &(row, now) in rows {
        let aim = aims.get(&row.name);
        let is_missed = aim
            .is_some_and(|it| if row.is_rate { now.median < it.aim } else { now.median > it.aim });
        let mark = if is_missed { "*" } else { "" };
        let recorded = baseline.rows.get(&row.name);
        grid.row([
            row.name.clone(),
            row.unit.into(),
            aim.map_or_else(String::new, |aim| aim.before.clone()),
            aim.map_or_else(String::new, |aim| number(aim.aim)),
            number(now.median) + mark,
            format!("{:.0} %", 100.0 * now.noise),
            recorded.map_or_else(String::new, |before| change(row, now, before)),
        ]);
        if let Some(aim) = aim.filter(|_| is_missed) {
            misses += &format!("- {}: {}\n", row.name, aim.miss);
        }
    }
    (grid.text(), misses)
}

/// Every point of the growth curves.
pub fn curves(curves: &[&Curve], samples: &Samples) -> String {
    let heads = ["growth of", "size", "CPU us each", "to the first", "peak MB"];
    let mut grid = Grid::new(heads);
    for curve in curves {
        let each = |job| median(samples, std::slice::from_ref(job), |it| it[0].nanos / it[0].count);
        let first = each(&curve.points[0].1);
        for (size, job) in &curve.points {
            let own = each(job);
            let peak = median(samples, std::slice::from_ref(job), |it| it[0].peak);
            grid.row([
                curve.name.clone(),
                apart(&size.to_string()),
                number(own.median / 1e3),
                format!("{:.2} x", own.scaled / first.scaled),
                number(peak.median / 1e6),
            ]);
        }
    }
    grid.text()
}

//! A comparison for the terminal: header, tables of at most 120 columns, sentences.

use std::ops::Range;

use anstyle::{AnsiColor, Style};
use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table as Grid, TableStyle};

use super::sentence;
use super::view::{self, Table};
use crate::experiment::result::{CheckVerdict, Comparison};

/// The width that every terminal is assumed to have.
pub const WIDTH: usize = 120;

const UNDERLINE: LineStyle = LineStyle::none().fill('─').junction('─');
const TITLE: Style = Style::new().bold();
const QUIET: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default();
const OPEN: Style = AnsiColor::Yellow.on_default();

/// Everything that a user sees after a comparison; with colours if `colour`.
pub fn render(comparison: &Comparison, colour: bool) -> String {
    let paint = Paint(colour);
    let mut text = header(comparison, paint);
    for warning in &comparison.warnings {
        text += &wrapped(&paint.with(OPEN, "note"), "note", warning);
    }
    for table in view::tables(comparison) {
        text += &format!(
            "
{}
",
            paint.with(TITLE, table.title)
        );
        text += &grids(&table, paint);
        text += &wrapped("", "", &table.note);
    }
    text += &format!("\n{}\n", paint.with(TITLE, "What stands out"));
    for (name, said) in sentence::sentences(comparison) {
        text += &wrapped(&paint.with(TITLE, &name), &name, &said);
    }
    let open = sentence::not_shown(comparison);
    if !open.is_empty() {
        text += &format!(
            "
{}
",
            paint.with(TITLE, "No difference shown")
        );
    }
    for line in open {
        text += &wrapped("", "", &line);
    }
    text + &checks(comparison, paint)
}

/// What was simulated; the first thing that is printed.
pub fn header(comparison: &Comparison, colour: impl Into<Paint>) -> String {
    let paint = colour.into();
    let scenario = &comparison.scenario;
    let mut text = format!(
        "{}  {}\n",
        paint.with(TITLE, &scenario.name),
        paint.with(
            QUIET,
            &format!(
                "{} · profile {} · {} · scenario {}",
                seeds(&comparison.seeds),
                scenario.profile,
                comparison.engine,
                scenario.hash
            )
        )
    );
    if !comparison.rests_on.is_empty() {
        text +=
            &wrapped("", "", &format!("The ranking rests on: {}.", comparison.rests_on.join(", ")));
    }
    text
}

/// `seed 1`, `seeds 1 to 10`, `seeds 3, 9, 4`.
pub fn seeds(seeds: &[u64]) -> String {
    let consecutive = seeds.windows(2).all(|pair| pair[1] == pair[0].wrapping_add(1));
    match seeds {
        [] => "no seed".into(),
        [only] => format!("seed {only}"),
        [first, .., last] if consecutive => format!("seeds {first} to {last}"),
        _ => format!("seeds {}", seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")),
    }
}

/// Whether to colour.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Paint(bool);

impl From<bool> for Paint {
    fn from(colour: bool) -> Self {
        Self(colour)
    }
}

impl Paint {
    fn with(self, style: Style, text: &str) -> String {
        if self.0 { format!("{style}{text}{style:#}") } else { text.into() }
    }
}

/// A table as as many grids as it takes to stay within the width, each with the variants' names.
fn grids(table: &Table, paint: Paint) -> String {
    let names = table.rows.iter().map(|(name, _)| width(name)).max().unwrap_or(0);
    let names = names.max(width(&table.heads[0])) + PADDING;
    let widths: Vec<usize> = (1..table.heads.len()).map(|at| column_width(table, at)).collect();
    let least = parts(&widths, names, widths.len()).len().max(1);
    let mut text = String::new();
    for columns in parts(&widths, names, widths.len().div_ceil(least)) {
        if columns.start > 0 {
            text.push('\n');
        }
        text += &grid(table, columns, paint);
    }
    text
}

/// Columns cut into as few ranges as fit the width, each of at most `most` columns.
fn parts(widths: &[usize], names: usize, most: usize) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut first = 0;
    while first < widths.len() {
        let mut used = names;
        let fits = widths[first..].iter().take(most).take_while(|&&width| {
            used += width;
            used <= WIDTH
        });
        let last = first + fits.count().max(1);
        parts.push(first..last);
        first = last;
    }
    parts
}

/// The columns of a range, with a line under the heads and intervals, quietly, under the numbers.
fn grid(table: &Table, columns: Range<usize>, paint: Paint) -> String {
    let mut grid = Grid::new();
    let heads = table.heads[1..][columns.clone()].iter().map(|head| narrow(head));
    grid.load_style(TableStyle::new().header_separator(UNDERLINE))
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(std::iter::once(table.heads[0].clone()).chain(heads));
    for (name, cells) in &table.rows {
        let cells = cells[columns.clone()].iter().map(|cell| {
            let mark = if cell.bad { "!" } else { "" };
            format!("{mark}{}\n{}", cell.main, cell.note)
        });
        grid.add_row(std::iter::once(format!("{name}\n")).chain(cells));
    }
    for column in grid.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let mut text = String::new();
    for line in grid.lines().map(|line| line.trim_end().to_string()) {
        // A line of intervals starts with the empty half of the variant's cell.
        let quiet = line.starts_with("  ");
        text += &if quiet { paint.with(QUIET, &line) } else { line };
        text.push('\n');
    }
    text
}

/// Blanks on either side of what a column holds, and one between columns.
const PADDING: usize = 3;

fn column_width(table: &Table, at: usize) -> usize {
    let head = narrow(&table.heads[at]);
    let cells = table.rows.iter().map(|(_, cells)| &cells[at - 1]);
    let cells = cells.map(|cell| width(&cell.note).max(width(&cell.main) + usize::from(cell.bad)));
    cells.chain(head.lines().map(width)).max().unwrap_or(0) + PADDING
}

/// The width of a head's lines where its words allow it.
const HEAD: usize = 9;

/// A head on as many lines as it takes; a quantile stays with what it belongs to.
fn narrow(head: &str) -> String {
    let mut lines = String::new();
    let mut used = 0;
    for word in head.split(' ') {
        let fits = used + 1 + width(word) <= HEAD;
        if used > 0 {
            lines.push(if fits { ' ' } else { '\n' });
        }
        used = if fits && used > 0 { used + 1 } else { 0 } + width(word);
        lines += word;
    }
    lines
}

fn width(text: &str) -> usize {
    text.chars().count()
}

fn checks(comparison: &Comparison, paint: Paint) -> String {
    if comparison.checks.is_empty() {
        return String::new();
    }
    let mut text = format!("\n{}\n", paint.with(TITLE, "Checks"));
    for check in &comparison.checks_in_short() {
        let style = match check.verdict {
            CheckVerdict::Held => GOOD,
            CheckVerdict::Violated => BAD,
            CheckVerdict::Undecided => OPEN,
        };
        let verdict = format!("{:<9}", check.verdict.name());
        let said = format!("{}: {} ({})", check.variant, check.name, check.why);
        text += &wrapped(&paint.with(style, &verdict), &verdict, &said);
    }
    text
}

/// A label and a text, broken at spaces and indented a little.
/// A text in lines that fit.
pub fn filled(text: &str) -> String {
    wrapped("", "", text)
}

fn wrapped(label: &str, plain_label: &str, said: &str) -> String {
    let mut text = format!(" {label}");
    let mut used = 1 + plain_label.chars().count();
    for word in said.split(' ') {
        let width = word.chars().count() + 1;
        if used + width > WIDTH {
            text += "\n   ";
            used = 3;
        }
        text.push(' ');
        text += word;
        used += width;
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::comparison;

    #[test]
    fn a_comparison_reads_well_in_120_columns() {
        let text = render(&comparison::comparison(10), false);
        for line in text.lines() {
            assert!(line.chars().count() <= WIDTH, "{line}");
        }
        insta::assert_snapshot!(text);
    }

    #[test]
    fn wide_tables_are_cut_into_even_parts() {
        let ends = |widths: &[usize], most| {
            parts(widths, 20, most).into_iter().map(|part| part.end).collect::<Vec<_>>()
        };
        assert_eq!(ends(&[30; 7], 7), [3, 6, 7]);
        assert_eq!(ends(&[14; 7], 7), [7]);
        assert_eq!(ends(&[500], 1), [1], "what never fits is shown nevertheless");
    }

    #[test]
    fn colours_change_nothing_but_colours() {
        let comparison = comparison::comparison(6);
        let (plain, coloured) = (render(&comparison, false), render(&comparison, true));
        assert!(coloured.contains("\u{1b}[1m") && !plain.contains('\u{1b}'));
        assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), plain);
    }

    #[test]
    fn seeds_are_named_briefly() {
        assert_eq!(seeds(&[7]), "seed 7");
        assert_eq!(seeds(&[1, 2, 3]), "seeds 1 to 3");
        assert_eq!(seeds(&[1, 5]), "seeds 1, 5");
    }
}

//! The report of a comparison for the terminal: header, tables cut to its width, sentences.

use std::ops::Range;

use anstyle::{AnsiColor, Style};
use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table as Grid, TableStyle};

use super::text::{self, Terminal, width};
use super::view::{self, Table};
use super::{faults, human, sensitivity, sentence};
use crate::checks::Verdict;
use crate::experiment::result::Comparison;

const UNDERLINE: LineStyle = LineStyle::none().fill('─').junction('─');
const TITLE: Style = Style::new().bold();
const QUIET: Style = Style::new().dimmed();
const BAD: Style = AnsiColor::Red.on_default();
pub(super) const OPEN: Style = AnsiColor::Yellow.on_default();

/// The most rows of the table of operations: about as many as a terminal has lines.
const MOST_ROWS: usize = 24;

/// The sentences of the answer; the rest are details.
pub(super) const ANSWER: usize = 5;

/// The text of a comparison: the question, the answer, a summary, what each fault did,
/// and the checks; behind them, if they are asked for, all tables and sentences.
pub fn render(comparison: &Comparison, terminal: Terminal, details: bool) -> String {
    let mut text = header(comparison, terminal);
    for line in question(comparison) {
        text += &indented(terminal, &line);
    }
    for answer in &comparison.answers {
        text += &labelled(terminal, &terminal.paint(TITLE, "answer"), answer);
    }
    for warning in &comparison.warnings {
        text += &labelled(terminal, &terminal.paint(OPEN, "note"), warning);
    }
    let said = sentence::sentences(comparison);
    let (answer, rest) = said.split_at(said.len().min(ANSWER));
    text += &title(terminal, "What stands out");
    text += &sentences(answer, terminal);
    text += &rests_on(comparison, terminal);
    text += &titled(&view::summary(comparison), terminal);
    text += &faults(comparison, terminal);
    text += &checks(comparison, terminal);
    let tables = view::tables(comparison, MOST_ROWS);
    if !details {
        let tables = human::some(tables.len(), "table");
        let more = match rest.len() {
            0 => tables,
            rest => format!("{tables} and {}", human::some(rest, "sentence")),
        };
        let said = format!("Not shown: {more}. --details prints them; the page has them, too.");
        return text + "\n" + &indented(terminal, &said);
    }
    for table in tables {
        text += &titled(&table, terminal);
    }
    if !rest.is_empty() {
        text += &title(terminal, "What else stands out");
        text += &sentences(rest, terminal);
    }
    let open = sentence::not_shown(comparison);
    if !open.is_empty() {
        text += &title(terminal, "No difference shown");
    }
    open.iter().fold(text, |text, line| text + &indented(terminal, line))
}

/// The question that a comparison answers: which variants, under which faults.
pub(super) fn question(comparison: &Comparison) -> Vec<String> {
    let about = &comparison.scenario.about;
    let variants: Vec<&str> = comparison.variants.iter().map(|it| &*it.name).collect();
    let about = [about].into_iter().filter(|about| !about.is_empty()).cloned();
    let variants = match variants.len() {
        ..=MOST_VARIANTS => format!("Variants: {}.", human::list(&variants)),
        count => format!("{} variants.", human::count(count as u64)),
    };
    let faults = match comparison.faults.len() {
        0 => Some("Faults: none.".into()),
        _ => None, // They are told one by one.
    };
    about.chain([variants]).chain(faults).chain(view::about(comparison)).collect()
}

/// The most variants that the question names.
const MOST_VARIANTS: usize = 12;

fn sentences(said: &[(String, String)], terminal: Terminal) -> String {
    said.iter().map(|(name, said)| labelled(terminal, &terminal.paint(TITLE, name), said)).collect()
}

/// The settings on which the ranking rests, and those that were found to matter most.
pub(super) fn rests_on(comparison: &Comparison, terminal: Terminal) -> String {
    let said = view::rests_on(comparison).into_iter().chain(sensitivity::matters(comparison));
    said.map(|said| indented(terminal, &said)).collect()
}

/// A table with its title and the text that says how to read it.
fn titled(table: &Table, terminal: Terminal) -> String {
    title(terminal, &table.title) + &grids(table, terminal) + &indented(terminal, &table.note)
}

/// The lines that say what each fault did, if there are any.
fn faults(comparison: &Comparison, terminal: Terminal) -> String {
    let lines = faults::lines(comparison);
    if lines.is_empty() {
        return String::new();
    }
    let mut text = title(terminal, "Faults");
    text += &sentences(&lines, terminal);
    text + &faults::aftermath(comparison).map_or_else(String::new, |it| titled(&it, terminal))
}

/// The scenario that was simulated; the first thing that is printed.
pub(super) fn header(comparison: &Comparison, terminal: Terminal) -> String {
    let scenario = &comparison.scenario;
    let seeds = seeds(&comparison.seeds);
    let (profile, hash, engine) = (&scenario.profile, &scenario.hash, &comparison.engine);
    let said = format!("{seeds} · profile {profile} · {engine} · scenario {hash}");
    let (name, said) = (terminal.paint(TITLE, &scenario.name), terminal.paint(QUIET, &said));
    format!("{name}  {said}\n")
}

pub(super) fn title(terminal: Terminal, title: &str) -> String {
    format!("\n{}\n", terminal.paint(TITLE, title))
}

/// A label and a text.
pub(super) fn labelled(terminal: Terminal, label: &str, text: &str) -> String {
    terminal.fill(&format!(" {label} "), "    ", text)
}

/// A text below a title.
pub(super) fn indented(terminal: Terminal, text: &str) -> String {
    terminal.fill("  ", "    ", text)
}

/// The seeds in words: `seed 1`, `seeds 1 to 10`, `seeds 3, 9, 4`.
pub fn seeds(seeds: &[u64]) -> String {
    let consecutive = seeds.windows(2).all(|pair| pair[1] == pair[0].wrapping_add(1));
    match seeds {
        [] => "no seed".into(),
        [only] => format!("seed {only}"),
        [first, .., last] if consecutive => format!("seeds {first} to {last}"),
        _ => format!("seeds {}", seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")),
    }
}

/// A table as one grid or several, each within the width and with the variants' names.
pub(super) fn grids(table: &Table, terminal: Terminal) -> String {
    let names = table.rows.iter().map(|(name, _)| width(name)).max().unwrap_or(0);
    let names = names.max(width(&table.heads[0])) + PADDING;
    let widths: Vec<usize> = (1..table.heads.len()).map(|at| column_width(table, at)).collect();
    let parts = |most| parts(&widths, names, most, terminal.columns);
    let least = parts(widths.len()).len().max(1);
    let mut text = String::new();
    for columns in parts(widths.len().div_ceil(least)) {
        if columns.start > 0 {
            text.push('\n');
        }
        text += &grid(table, columns, terminal);
    }
    text
}

/// Columns cut into as few ranges as fit into the width, each of at most `most` columns.
fn parts(widths: &[usize], names: usize, most: usize, room: usize) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut first = 0;
    while first < widths.len() {
        let mut used = names;
        let fits = widths[first..].iter().take(most).take_while(|&&width| {
            used += width;
            used <= room
        });
        let last = first + fits.count().max(1);
        parts.push(first..last);
        first = last;
    }
    parts
}

/// A range of columns as a grid: heads underlined, and intervals in a quiet style under the
/// numbers.
fn grid(table: &Table, columns: Range<usize>, terminal: Terminal) -> String {
    let mut grid = Grid::new();
    let heads = table.heads[1..][columns.clone()].iter().map(|head| narrow(head));
    grid.load_style(TableStyle::new().header_separator(UNDERLINE))
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(std::iter::once(table.heads[0].clone()).chain(heads));
    let notes = table.rows.iter().any(|(_, cells)| cells.iter().any(|cell| !cell.note.is_empty()));
    let second = |note: &str| if notes { format!("\n{note}") } else { String::new() };
    for (name, cells) in &table.rows {
        let cells = cells[columns.clone()].iter().map(|cell| {
            let [bad, best] = [(cell.bad, "!"), (cell.best, "*")];
            let mark = |(is, mark)| if is { mark } else { "" };
            format!("{}{}{}{}", mark(bad), mark(best), cell.main, second(&cell.note))
        });
        grid.add_row(std::iter::once(format!("{name}{}", second(""))).chain(cells));
    }
    for column in grid.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let mut text = String::new();
    for line in grid.lines().map(|line| line.trim_end().to_string()) {
        // A line of intervals is recognized by the empty cell of the variant's name at its start.
        let quiet = line.starts_with("  ");
        text += &if quiet { terminal.paint(QUIET, &line) } else { line };
        text.push('\n');
    }
    text
}

/// The blanks around the text of a column, and one between columns.
const PADDING: usize = 3;

fn column_width(table: &Table, at: usize) -> usize {
    let head = narrow(&table.heads[at]);
    let cells = table.rows.iter().map(|(_, cells)| &cells[at - 1]);
    let cells = cells
        .map(|cell| width(&cell.note).max(width(&cell.main) + usize::from(cell.bad || cell.best)));
    cells.chain(head.lines().map(width)).max().unwrap_or(0) + PADDING
}

/// The width of a head's lines where its words allow it.
const HEAD: usize = 9;

/// A head broken into lines; a quantile stays with the word before it.
fn narrow(head: &str) -> String {
    text::fill("", "", head, HEAD).trim_end().to_owned()
}

/// The matrix of the checks, and why those fail or are undecided that do not hold.
fn checks(comparison: &Comparison, terminal: Terminal) -> String {
    let Some(table) = view::checks(comparison) else { return String::new() };
    let mut text = titled(&table, terminal);
    for check in view::failed(comparison) {
        let style = if check.claim() == Verdict::Violated { BAD } else { OPEN };
        let said = format!("{}: {} ({})", check.variant, check.name, check.why);
        text += &labelled(terminal, &terminal.paint(style, check.words()), &said);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::comparison;

    #[test]
    fn a_comparison_reads_well_in_120_columns() {
        let text = render(&comparison::comparison(10), Terminal::default(), true);
        for line in text.lines() {
            assert!(width(line) <= Terminal::default().columns, "{line}");
        }
        insta::assert_snapshot!(text);
    }

    #[test]
    fn every_line_fits_a_narrow_terminal() {
        for columns in [60, 80] {
            let narrow = Terminal { columns, colour: true };
            for line in render(&comparison::comparison(10), narrow, true).lines().skip(1) {
                assert!(width(line) <= narrow.columns, "{line}");
            }
        }
    }

    #[test]
    fn wide_tables_are_cut_into_even_parts() {
        let ends = |widths: &[usize], most| {
            parts(widths, 20, most, 120).into_iter().map(|part| part.end).collect::<Vec<_>>()
        };
        assert_eq!(ends(&[30; 7], 7), [3, 6, 7]);
        assert_eq!(ends(&[14; 7], 7), [7]);
        assert_eq!(ends(&[500], 1), [1], "what never fits is shown nevertheless");
    }

    #[test]
    fn colours_change_nothing_but_colours() {
        let comparison = comparison::comparison(6);
        let plain = render(&comparison, Terminal::default(), true);
        let coloured = render(&comparison, Terminal { colour: true, ..Terminal::default() }, true);
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

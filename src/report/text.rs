//! Text for a terminal: paragraphs filled to its width, and rows whose columns line up.

use anstyle::Style;
use comfy_table::{CellAlignment, ContentArrangement, Table, TableStyle};
use textwrap::{Options, WordSplitter};

/// The terminal that a text is written for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Terminal {
    /// The number of columns that a line may take.
    pub columns: usize,
    /// True if the text is coloured.
    pub colour: bool,
}

/// The terminal that is assumed if there is none, so that files do not depend on the terminal.
impl Default for Terminal {
    fn default() -> Self {
        Self { columns: 120, colour: false }
    }
}

impl Terminal {
    /// A text in a style, if this terminal is coloured.
    pub fn paint(self, style: Style, text: &str) -> String {
        if self.colour { format!("{style}{text}{style:#}") } else { text.into() }
    }

    /// A paragraph as wide as this terminal, up to a width that is still easy to read.
    pub fn fill(self, first: &str, rest: &str, text: &str) -> String {
        fill(first, rest, text, self.columns.min(Self::default().columns))
    }
}

/// Breaks a paragraph into lines of at most this many columns; the first line starts with `first`,
/// the others with `rest`. Lines are broken at blanks only, so that names and commands with a
/// hyphen can be copied. Escape sequences for colours have no width.
pub fn fill(first: &str, rest: &str, text: &str, columns: usize) -> String {
    let options = Options::new(columns)
        .initial_indent(first)
        .subsequent_indent(rest)
        .break_words(false)
        .word_splitter(WordSplitter::NoHyphenation);
    textwrap::fill(text, options) + "\n"
}

/// Rows with aligned columns, two blanks apart, each line behind `indent`; `is_right` tells which
/// columns, counted from zero, are aligned to the right.
pub fn align<'a, R>(indent: &str, rows: &'a [R], is_right: impl Fn(usize) -> bool) -> String
where
    &'a R: IntoIterator<Item = &'a String>,
{
    let mut table = Table::new();
    table
        .load_style(TableStyle::new())
        .set_content_arrangement(ContentArrangement::Disabled)
        .add_rows(rows.iter().map(IntoIterator::into_iter));
    for (number, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if is_right(number) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.lines().map(|line| format!("{indent}{}\n", line.trim_end())).collect()
}

/// The number of columns that a text takes on a terminal, without escape sequences for colours.
pub fn width(text: &str) -> usize {
    textwrap::core::display_width(text)
}

#[cfg(test)]
mod tests {
    use anstyle::AnsiColor;

    use super::*;

    #[test]
    fn paragraphs_are_broken_at_blanks_only() {
        let text = "background-sync is late, and events-without-outbox loses some";
        let filled = fill("note  ", "  ", text, 30);
        assert_eq!(
            filled,
            "note  background-sync is late,\n  and events-without-outbox\n  loses some\n"
        );
        assert_eq!(fill("", "", "two-phase-commit", 5), "two-phase-commit\n");
    }

    #[test]
    fn colours_take_no_room_and_wide_characters_take_two_columns() {
        let coloured = Terminal { columns: 10, colour: true };
        let head = coloured.paint(AnsiColor::Red.on_default(), "bad");
        assert_eq!(coloured.fill(&head, "", " 六 七 八"), format!("{head} 六 七\n八\n"));
    }

    #[test]
    fn columns_line_up_by_what_is_seen() {
        let rows = [["六", "1", "a"], ["seven", "10", ""]].map(|row| row.map(str::to_owned));
        assert_eq!(align(" ", &rows, |column| column == 1), " 六      1  a\n seven  10\n");
    }
}

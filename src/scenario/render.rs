//! Rendering of problems as text, in the manner of rustc.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Patch, Renderer, Snippet};

use super::Source;
use super::data::{SHOWN, excerpt};
use super::problem::{Place, Problem, Severity};
use super::values::is_unseen;

/// The most problems of a file that are shown.
pub const MOST_SHOWN: usize = 50;

/// The room for the number of a line before what is shown of it.
const GUTTER: usize = 4;

/// The first problems as text, each with an excerpt of the source, and how many there are if there
/// are more; empty if there are none.
pub fn render(source: &Source, problems: &[Problem], colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii).term_width(SHOWN + GUTTER);
    // Whoever mends the first ones has most others mended, and each costs a look at all lines.
    let shown = problems.iter().take(MOST_SHOWN).map(|problem| one(&renderer, source, problem));
    let mut texts: Vec<String> = shown.map(|text| format!("{}\n", text.trim_end())).collect();
    if problems.len() > MOST_SHOWN {
        let (all, name) = (problems.len(), visible(&source.name));
        texts.push(format!("{all} problems in `{name}`; these are the first {MOST_SHOWN}\n"));
    }
    texts.join("\n")
}

fn one(renderer: &Renderer, source: &Source, problem: &Problem) -> String {
    let level = match problem.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let snippet = Snippet::source(source.text.as_str()).path(source.name.as_str());
    let marks = problem.labels.iter().map(|label| {
        let kind = if label.primary { AnnotationKind::Primary } else { AnnotationKind::Context };
        let text = (!label.text.is_empty()).then(|| visible(&label.text));
        kind.span(within(&source.text, &label.span)).label(text)
    });
    let title = level.primary_title(visible(&problem.message)).id(problem.code.name());
    let main = title.element(snippet.annotations(marks));
    let help = visible(problem.help.as_deref().unwrap_or("write this instead"));
    let patch = problem.patch.as_ref().map(|(place, text)| (within(&source.text, place), text));
    match (patch, &problem.help) {
        (Some((place, text)), _) if is_short(&source.text, &place) => {
            let patch = Patch::new(place, visible(text));
            let snippet = Snippet::source(source.text.as_str()).path(source.name.as_str());
            let advice: Group<'_> = Level::HELP.secondary_title(help).element(snippet.patch(patch));
            renderer.render(&[main, advice])
        }
        // The renderer shows lines that are patched as a whole.
        (Some((_, text)), _) => {
            let help = format!("{help}: `{}`", visible(text));
            renderer.render(&[main.element(Level::HELP.message(help))])
        }
        (None, Some(_)) => renderer.render(&[main.element(Level::HELP.message(help))]),
        (None, None) => renderer.render(&[main]),
    }
}

/// The longest line that is shown as a whole with what to write in it.
const LONGEST_LINE: usize = 120;

/// Returns whether the lines of a place are short enough to be shown as a whole.
fn is_short(text: &str, place: &Place) -> bool {
    let start = text[..place.start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[place.end..].find('\n').map_or(text.len(), |at| place.end + at);
    end - start <= LONGEST_LINE
}

/// The text with what cannot be seen as escapes, and as much of each name in it as an error shows:
/// it may hold what a terminal would obey, and be as long as the file.
fn visible(text: &str) -> String {
    let shown = |letter: char| match letter {
        '\n' => letter.to_string(),
        _ if is_unseen(letter) => letter.escape_default().to_string(),
        _ => letter.to_string(),
    };
    let pieces = text.split('`').enumerate().map(|(at, piece)| {
        let is_long = at % 2 == 1 && piece.chars().nth(SHOWN).is_some();
        if is_long { excerpt(piece) } else { piece.chars().map(shown).collect() }
    });
    pieces.collect::<Vec<String>>().join("`")
}

/// The place, moved to a position where the text can be cut: inside the source and between
/// characters.
fn within(text: &str, place: &Place) -> Place {
    let cut = |at: usize| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    let start = cut(place.start).unwrap_or(0);
    start..cut(place.end).unwrap_or(0).max(start)
}

#[cfg(test)]
mod tests;

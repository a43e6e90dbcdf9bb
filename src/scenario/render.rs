//! Rendering of problems as text, in the manner of rustc.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Patch, Renderer, Snippet};

use super::Source;
use super::problem::{Place, Problem, Severity};
use super::values::is_unseen;

/// The most problems of a file that are shown.
pub const MOST_SHOWN: usize = 50;

/// The first problems as text, each with an excerpt of the source, and how many there are if there
/// are more; empty if there are none.
pub fn render(source: &Source, problems: &[Problem], colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii);
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
    match (&problem.patch, &problem.help) {
        (Some((place, text)), _) => {
            let patch = Patch::new(within(&source.text, place), visible(text));
            let snippet = Snippet::source(source.text.as_str()).path(source.name.as_str());
            let advice: Group<'_> = Level::HELP.secondary_title(help).element(snippet.patch(patch));
            renderer.render(&[main, advice])
        }
        (None, Some(_)) => renderer.render(&[main.element(Level::HELP.message(help))]),
        (None, None) => renderer.render(&[main]),
    }
}

/// The text with what cannot be seen as escapes: a name of the file may hold what a terminal would
/// obey.
fn visible(text: &str) -> String {
    let shown = |letter: char| match letter {
        '\n' => letter.to_string(),
        _ if is_unseen(letter) => letter.escape_default().to_string(),
        _ => letter.to_string(),
    };
    text.chars().map(shown).collect()
}

/// The place, moved to a position where the text can be cut: inside the source and between
/// characters.
fn within(text: &str, place: &Place) -> Place {
    let cut = |at: usize| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    let start = cut(place.start).unwrap_or(0);
    start..cut(place.end).unwrap_or(0).max(start)
}

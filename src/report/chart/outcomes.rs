//! The chart of the outcomes of operations: all outcomes and, if there are wrong ones, those again
//! on a scale of their own.

use plotters::style::RGBColor;

use super::bars::{self, Panel, Row};
use super::words::{name, subtitle};
use super::{Chart, chart, ink};
use crate::checks::census::Headline;
use crate::experiment::result::{Census, Comparison};
use crate::report::{human, view};

const CAPTION: &str = "How operations ended, judged from what the stores hold and what the clients \
    were told.";
/// The caption if there are wrong outcomes.
const WITH_WRONG: &str = "How operations ended, judged from what the stores hold and what the \
    clients were told. Wrong outcomes are repeated below on a scale of their own. Duplicated: an \
    effect twice. Mixed: applied here and refused there. Stranded: unfinished, and something still \
    holds it. Lost: answered yes, but not all there. Phantom: answered no, but there. Retracted: \
    done, then undone. Not wrong is what is withdrawn: accepted, then undone, as patterns that \
    answer early document.";
const SUBTITLE: &str = "Share of the offered operations of all seeds, by what the stores hold and \
    the clients were told.";

/// The outcomes that are correct, in the order in which they are drawn.
const RIGHT: [(RGBColor, Headline); 8] = [
    (ink::series(0), Headline::Committed),
    (ink::series(3), Headline::Withdrawn),
    (ink::series(5), Headline::Compensated),
    (ink::PALE, Headline::Refused),
    (ink::SHADE, Headline::Moot),
    (ink::series(2), Headline::TooEarly),
    (ink::series(4), Headline::Rejected),
    (ink::QUIET, Headline::AbortedCleanly),
];

/// The outcomes that no pattern should have.
const WRONG: [(RGBColor, Headline); 6] = [
    (ink::wrong(0), Headline::Duplicated),
    (ink::wrong(1), Headline::Mixed),
    (ink::wrong(2), Headline::Stranded),
    (ink::wrong(3), Headline::Lost),
    (ink::wrong(4), Headline::Phantom),
    (ink::wrong(5), Headline::Retracted),
];

/// The chart.
pub fn outcomes(comparison: &Comparison) -> Chart<'_> {
    let any_wrong = comparison.variants.iter().any(|variant| variant.census.wrong() > 0);
    let mut panels = vec![right(comparison)];
    panels.extend(any_wrong.then(|| wrong(comparison)));
    let caption = if any_wrong { WITH_WRONG } else { CAPTION };
    let height = bars::height(&panels);
    chart(
        "outcomes",
        caption,
        title(comparison),
        &subtitle(comparison, SUBTITLE),
        height,
        move |area| bars::draw(area, &panels),
    )
}

fn title(comparison: &Comparison) -> String {
    let worst = comparison.variants.iter().max_by_key(|variant| variant.census.wrong());
    match worst.map(|variant| (variant.census.wrong(), variant)) {
        Some((0, _)) | None => "No operation ended wrong in any variant".into(),
        Some((count, variant)) => format!(
            "Wrong outcomes: at most {} of {} ({})",
            human::count(count),
            human::count(variant.census.total()),
            variant.name
        ),
    }
}

/// The panel of every outcome that occurs, with the wrong ones as one part, last.
fn right(comparison: &Comparison) -> Panel {
    let mut kinds = RIGHT.to_vec();
    kinds.retain(|(_, headline)| view::headlines_present(comparison).contains(headline));
    let any_committed = kinds.iter().any(|(_, headline)| *headline == Headline::Committed);
    let rows = comparison.variants.iter().map(|variant| {
        let census = &variant.census;
        let counts = kinds.iter().map(|(_, headline)| census.of(*headline));
        let values = counts.chain([census.wrong()]).map(|count| share(count, census)).collect();
        let committed = human::share(share(census.of(Headline::Committed), census));
        let label = if any_committed { format!("{committed} committed") } else { String::new() };
        Row { name: name(variant), values, label }
    });
    let rows = rows.collect();
    let parts = kinds.iter().map(|(colour, headline)| (*colour, headline.name().to_owned()));
    let parts = parts.chain([(ink::BAD, "wrong".into())]).collect();
    Panel { title: "All", parts, rows, tick: percent }
}

/// The panel of the outcomes that no pattern should have, each as a part.
fn wrong(comparison: &Comparison) -> Panel {
    let mut kinds = WRONG.to_vec();
    kinds.retain(|(_, headline)| view::headlines_present(comparison).contains(headline));
    let rows = comparison.variants.iter().map(|variant| {
        let census = &variant.census;
        let counts = kinds.iter().map(|(_, headline)| (headline.name(), census.of(*headline)));
        let listed = counts.clone().filter(|(_, count)| *count > 0);
        let listed = listed.map(|(name, count)| format!("{} {name}", human::count(count)));
        let listed: Vec<String> = listed.collect();
        let label = match census.wrong() {
            0 => "none".into(),
            all => format!("{}: {}", human::share(share(all, census)), listed.join(", ")),
        };
        let values = counts.map(|(_, count)| share(count, census)).collect();
        Row { name: name(variant), values, label }
    });
    let rows = rows.collect();
    let parts = kinds.iter().map(|(colour, headline)| (*colour, headline.name().to_owned()));
    Panel { title: "Wrong", parts: parts.collect(), rows, tick: percent }
}

fn percent(share: f64) -> String {
    format!("{} %", human::number(share * 100.0))
}

fn share(count: u64, census: &Census) -> f64 {
    match census.total() {
        0 => 0.0,
        total => count as f64 / total as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How far two colours are apart, by the weighted distance of their components that is close to
    /// what eyes see ("redmean"); black and white are 765 apart.
    fn distance(a: RGBColor, b: RGBColor) -> f64 {
        let [red, green, blue] = [(a.0, b.0), (a.1, b.1), (a.2, b.2)]
            .map(|(a, b)| (f64::from(a) - f64::from(b)) * (f64::from(a) - f64::from(b)));
        let mean = (f64::from(a.0) + f64::from(b.0)) / 2.0 / 256.0;
        (red * (2.0 + mean) + 4.0 * green + blue * (3.0 - mean)).sqrt()
    }

    #[test]
    fn a_colour_stands_for_one_outcome_in_the_whole_figure() {
        let all = RIGHT.iter().chain(&WRONG).map(|(colour, headline)| (*colour, headline.name()));
        let all: Vec<_> = all.chain([(ink::BAD, "wrong")]).collect();
        for (at, (colour, name)) in all.iter().enumerate() {
            for (other, also) in &all[..at] {
                let apart = distance(*colour, *other);
                assert!(apart > 60.0, "{name} and {also} are {apart:.0} apart");
            }
        }
    }
}

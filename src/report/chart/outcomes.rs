//! The chart of how operations ended: all of them, and, if there are any, those that ended wrong on
//! a scale of their own.

use plotters::style::RGBColor;

use super::bars::{self, Panel, Row};
use super::{Chart, chart, ink};
use crate::checks::census::Headline;
use crate::experiment::result::{Census, Comparison};
use crate::report::{human, view};

const CAPTION: &str = "How operations ended, judged from what the stores hold and what the clients \
    were told.";
/// The caption where there are wrong outcomes.
const WITH_WRONG: &str = "How operations ended, judged from what the stores hold and what the \
    clients were told. Wrong outcomes are repeated below on a scale of their own. Duplicated: an \
    effect twice. Mixed: applied here and refused there. Stranded: unfinished, and something still \
    holds it. Lost: answered yes, but not all there. Phantom: answered no, but there. Retracted: \
    done, then undone. Not wrong is what is withdrawn: accepted, then undone, as patterns that \
    answer early document.";
const SUBTITLE: &str = "Share of the offered operations of all seeds, by what the stores hold and \
    the clients were told.";

/// The outcomes that are as they should be, in the order in which they are drawn.
const RIGHT: [(RGBColor, Headline); 8] = [
    (ink::series(0), Headline::Committed),
    (ink::series(3), Headline::Withdrawn),
    (ink::series(5), Headline::Compensated),
    (ink::PALE, Headline::Refused),
    (ink::GRID, Headline::Moot),
    (ink::series(2), Headline::TooEarly),
    (ink::series(4), Headline::Rejected),
    (ink::QUIET, Headline::AbortedCleanly),
];

/// The outcomes that no pattern should have.
const WRONG: [(RGBColor, Headline); 6] = [
    (ink::series(3), Headline::Duplicated),
    (ink::TEXT, Headline::Mixed),
    (ink::series(4), Headline::Stranded),
    (ink::BAD, Headline::Lost),
    (ink::series(2), Headline::Phantom),
    (ink::series(5), Headline::Retracted),
];

/// The chart.
pub fn outcomes(comparison: &Comparison) -> Chart<'_> {
    let any_wrong = comparison.variants.iter().any(|variant| variant.census.wrong() > 0);
    let mut panels = vec![right(comparison)];
    panels.extend(any_wrong.then(|| wrong(comparison)));
    let caption = if any_wrong { WITH_WRONG } else { CAPTION };
    let height = bars::height(&panels);
    chart("outcomes", caption, title(comparison), SUBTITLE, height, move |area| {
        bars::draw(area, &panels)
    })
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

/// Every outcome that occurs; the wrong ones together, last.
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
        Row { name: variant.name.clone(), values, label }
    });
    let rows = rows.collect();
    let parts = kinds.iter().map(|(colour, headline)| (*colour, headline.name().to_owned()));
    let parts = parts.chain([(ink::BAD, "wrong".into())]).collect();
    Panel { title: "All", parts, rows, tick: percent }
}

/// The outcomes that no pattern should have, each by itself.
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
        Row { name: variant.name.clone(), values, label }
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

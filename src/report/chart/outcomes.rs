//! The chart of how operations ended: all of them, and, if there are any, those that ended wrong on
//! a scale of their own.

use plotters::style::RGBColor;

use super::bars::{self, Panel, Row};
use super::{Chart, chart, ink};
use crate::checks::census::Headline;
use crate::experiment::result::{Census, Comparison};
use crate::report::{human, view};

const RIGHT: &str = "How operations ended, judged from what the stores hold and what the clients \
    were told.";
/// The explanation of wrong outcomes, added where there are any.
const WRONG: &str = "How operations ended, judged from what the stores hold and what the clients \
    were told. Wrong outcomes are repeated below on a scale of their own. Duplicated: an effect \
    twice. Mixed: applied here and refused there. Stranded: unfinished, and something still holds \
    it. Lost: answered yes, but not all there. Phantom: answered no, but there. Retracted: \
    answered yes, then undone.";
const SUBTITLE: &str = "Share of the offered operations of all seeds, by what the stores hold and \
    the clients were told.";

/// The chart.
pub fn outcomes(comparison: &Comparison) -> Chart<'_> {
    let any_wrong = comparison.variants.iter().any(|variant| variant.census.wrong() > 0);
    let mut panels = vec![all_outcomes(comparison)];
    panels.extend(any_wrong.then(|| wrong_outcomes(comparison)));
    let caption = if any_wrong { WRONG } else { RIGHT };
    let height = bars::height(&panels);
    chart("outcomes", caption, (title(comparison), SUBTITLE), height, move |area| {
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

/// The outcomes that are as they should be, in the order in which they are drawn.
const AS_INTENDED: [(Headline, RGBColor); 5] = [
    (Headline::Committed, ink::series(0)),
    (Headline::Compensated, ink::series(5)),
    (Headline::Refused, ink::PALE),
    (Headline::Rejected, ink::series(4)),
    (Headline::AbortedCleanly, ink::QUIET),
];

/// The outcomes that no pattern should have.
const WRONG_ONES: [(Headline, RGBColor); 6] = [
    (Headline::Duplicated, ink::series(3)),
    (Headline::Mixed, ink::TEXT),
    (Headline::Stranded, ink::series(4)),
    (Headline::Lost, ink::BAD),
    (Headline::Phantom, ink::series(2)),
    (Headline::Retracted, ink::series(5)),
];

/// The outcomes of a list that any variant has.
fn present(
    comparison: &Comparison,
    of: impl IntoIterator<Item = (Headline, RGBColor)>,
) -> Vec<(Headline, RGBColor)> {
    let present = view::headlines_present(comparison);
    of.into_iter().filter(|(headline, _)| present.contains(headline)).collect()
}

/// Every outcome that occurs; the wrong ones together, last.
fn all_outcomes(comparison: &Comparison) -> Panel {
    let shown = present(comparison, AS_INTENDED);
    let rows = comparison.variants.iter().map(|variant| {
        let census = &variant.census;
        let counts = shown.iter().map(|(headline, _)| census.of(*headline)).chain([census.wrong()]);
        let committed = share(census.of(Headline::Committed), census);
        let label = match shown.iter().any(|(headline, _)| *headline == Headline::Committed) {
            true => format!("{} committed", human::share(committed)),
            false => String::new(),
        };
        let values = counts.map(|count| share(count, census)).collect();
        Row { name: variant.name.clone(), values, label }
    });
    let rows = rows.collect();
    let parts = shown.iter().map(|(headline, colour)| (*colour, headline.name().to_owned()));
    let parts = parts.chain([(ink::BAD, "wrong".into())]).collect();
    Panel { title: "All", parts, rows, tick: percent }
}

/// The outcomes that no pattern should have, each by itself.
fn wrong_outcomes(comparison: &Comparison) -> Panel {
    let kinds = present(comparison, WRONG_ONES);
    let rows = comparison.variants.iter().map(|variant| {
        let census = &variant.census;
        let counts = kinds.iter().map(|(headline, _)| (headline.name(), census.of(*headline)));
        let listed: Vec<String> = counts
            .clone()
            .filter(|(_, count)| *count > 0)
            .map(|(name, count)| format!("{} {name}", human::count(count)))
            .collect();
        let label = if listed.is_empty() {
            "none".into()
        } else {
            format!("{}: {}", human::share(share(census.wrong(), census)), listed.join(", "))
        };
        let values = counts.map(|(_, count)| share(count, census)).collect();
        Row { name: variant.name.clone(), values, label }
    });
    let rows = rows.collect();
    let parts =
        kinds.iter().map(|(headline, colour)| (*colour, headline.name().to_owned())).collect();
    Panel { title: "Wrong", parts, rows, tick: percent }
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

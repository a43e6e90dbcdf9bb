//! Reports of a failure on the terminal and as a page.
//!
//! Both have the same parts in the same order: the violated property with the reason, the necessary
//! faults, the outcomes of the operations, the rows that disagree and since when, the moment from
//! which the violation was inevitable, the events, and the command that shows the report again. The
//! page has the [diagram](super::diagram) as a picture and as text for wikis; it is one file that
//! opens from disk, needs no script and fetches nothing.

mod chart;
mod page;
mod terminal;

pub use page::page;
pub use terminal::terminal;

use super::chart::picture::Picture;
use super::diagram::{offset, picture};
use super::human;
use crate::kernel::Time;
use crate::search::explanation::curve::{Curve, Moment};
use crate::search::explanation::{Explanation, Involved, Planned, RowState};

/// The diagram of a failure.
pub fn diagram(explanation: &Explanation) -> Picture<'_> {
    let names: Vec<&str> = explanation.operations.iter().map(|it| it.name.as_str()).collect();
    let subtitle = format!(
        "{}, {}, seed {}: what happened to {}",
        explanation.scenario,
        explanation.variant,
        explanation.seed,
        human::list(&names)
    );
    let title = format!("{} is violated", explanation.violation.property);
    picture(&explanation.space_time, &title, &subtitle)
}

/// The event that made the violation inevitable, in a sentence or two, if it was searched for.
pub fn cause(explanation: &Explanation) -> Option<String> {
    explanation.curve.as_ref().map(|curve| verdict(explanation, curve))
}

/// A time, counted from the arrival of the first operation that is shown.
fn at(explanation: &Explanation, time: Time) -> String {
    offset(explanation.space_time.origin, time)
}

/// The time at which a fault of the plan began, in words.
fn struck(explanation: &Explanation, planned: &Planned) -> String {
    match planned.struck {
        None => "its moment never came".into(),
        Some((from, None)) => format!("struck at {}", at(explanation, from)),
        Some((from, Some(to))) if to == from => format!("struck at {}", at(explanation, from)),
        Some((from, Some(to))) => {
            format!("struck at {}, over at {}", at(explanation, from), at(explanation, to))
        }
    }
}

/// The keys of an operation: `order its own, product #0`.
fn keys(involved: &Involved) -> String {
    let keys: Vec<String> =
        involved.keys.iter().map(|(name, key)| format!("{name} {key}")).collect();
    keys.join(", ")
}

/// The answer that the client of an operation received, and when.
fn answer(involved: &Involved) -> String {
    match involved.answered_after {
        Some(after) => format!("{} after {after}", involved.answer.name()),
        None => involved.answer.name().into(),
    }
}

/// The effect of a step that its store shows, in words.
pub fn shows(row: &RowState) -> String {
    match row.shows {
        0 if row.undone => "taken back".into(),
        0 => "missing".into(),
        1 => "there".into(),
        more if more > 1 => format!("there {more} times"),
        less => format!("taken back {} times too often", -less),
    }
}

/// The time since which a row is in this state.
fn since(explanation: &Explanation, row: &RowState) -> String {
    row.since.map_or_else(|| "from the start".into(), |time| at(explanation, time))
}

/// The number of continuations from a moment on that violate the property, with the interval of the
/// true share.
fn share(curve: &Curve, moment: &Moment) -> String {
    let percent = |share: f64| (share * 100.0 + 0.5) as u64;
    let (low, high) = (percent(moment.share.low), percent(moment.share.high));
    let open = match moment.undecided {
        0 => String::new(),
        undecided => format!(", {undecided} undecided"),
    };
    format!("{} of {} ({low}–{high} %{open})", moment.violated, curve.runs)
}

/// The curve in a sentence or two.
fn verdict(explanation: &Explanation, curve: &Curve) -> String {
    let runs = curve.runs;
    let Some(jump) = &curve.jump else {
        let all = curve.moments.iter().all(|moment| moment.violated == runs);
        return match all {
            true => "Every continuation violates it, from the first moment on: nothing has to go \
                     wrong, and other random numbers do not avoid it."
                .into(),
            false => "It is never more likely later than it was at first: it takes the very \
                      random numbers of this run."
                .into(),
        };
    };
    let (before, after) = (&curve.moments[jump.before], &curve.moments[jump.after]);
    let counts = format!(
        "Before it {} of {runs} continuations violate the property, from there on {}.",
        before.violated, after.violated
    );
    match (jump.is_clear, jump.is_sharp) {
        (true, true) => {
            format!("What did it, at {}: {}. {counts}", at(explanation, after.at), after.what)
        }
        (true, false) => format!(
            "It was decided behind {} ({}) and no later than {} ({}). {counts}",
            at(explanation, before.at),
            before.what,
            at(explanation, after.at),
            after.what
        ),
        (false, _) => format!(
            "No single moment stands out. It rises most at {} ({}), from {} to {} of {runs}, and \
             the intervals overlap.",
            at(explanation, after.at),
            after.what,
            before.violated,
            after.violated
        ),
    }
}

/// The conditions that continuations hold fixed, said wherever their counts are shown.
const FIXED: &str = "Up to each moment everything is as it was, with the faults that had struck \
    by then; from there on every draw is a new one, and the faults that had not struck are left \
    out.";

#[cfg(test)]
mod tests;

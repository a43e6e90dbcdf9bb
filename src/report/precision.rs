//! How many seeds there are, why no more, and which variant is the best, in sentences.

use super::human;
use crate::experiment::precision::select::{Other, Selected};
use crate::experiment::precision::{LOOK_AHEAD, Rule, Target, Wanted, Wide, Worth, wide};
use crate::experiment::result::Comparison;

/// The answer that a rule gives to a comparison over the seeds at which it stopped, or over as many
/// as it could have.
pub fn answer(rule: &Rule, comparison: &Comparison) -> Vec<String> {
    match &rule.wanted {
        Wanted::Until(targets) => vec![until(rule, targets, comparison)],
        Wanted::Worth(worth) => match worth.selection(comparison, rule.first) {
            Err(why) => vec![format!("Nothing is selected: {why}.")],
            Ok(None) => vec![undecided(worth, comparison, rule.first)],
            Ok(Some(found)) => selected(worth, comparison, found),
        },
    }
}

/// The sentence about the widths of intervals.
fn until(rule: &Rule, targets: &[Target], comparison: &Comparison) -> String {
    let seeds = comparison.seeds.len();
    if rule.enough(comparison) == Ok(Some(seeds)) {
        return format!(
            "Stopped at {seeds} seeds: every interval reaches at most {} to each side, and has \
             stayed so for {LOOK_AHEAD} seeds.",
            widths(targets)
        );
    }
    let open = wide(comparison, targets, seeds);
    let Some(widest) = open.first() else {
        return format!(
            "Stopped at {seeds} seeds, the most that were allowed: intervals are narrow enough, \
             but have not stayed so for {LOOK_AHEAD} seeds."
        );
    };
    let needed = widest.needed(seeds).map_or_else(
        || "it has no end with any number of seeds".to_owned(),
        |needed| format!("about {} seeds would do", human::count(needed as u64)),
    );
    let others = match open.len() - 1 {
        0 => String::new(),
        others => format!(" {others} more are too wide."),
    };
    let said = width(widest);
    format!("Stopped at {seeds} seeds, the most that were allowed: {said}; {needed}.{others}")
}

/// `5 % of its number`, or what is asked of each figure.
fn widths(targets: &[Target]) -> String {
    let first = targets.first().map_or(0.0, |target| target.width);
    if targets.iter().all(|target| target.width == first) {
        return format!("{} of its number", human::share(first));
    }
    let each = |it: &Target| format!("{} ({})", human::share(it.width), it.figure);
    format!("{} of its number", human::list(&targets.iter().map(each).collect::<Vec<_>>()))
}

/// `the interval of m1.p99 of saga reaches 8 % to each side`.
fn width(wide: &Wide) -> String {
    let Wide { figure, variant, reach, width } = wide;
    let reach = match reach.is_finite() {
        true => format!("reaches {} to each side", human::share(*reach)),
        false => "has no end".into(),
    };
    format!(
        "the interval of {figure} of {variant} {reach}, and {} were asked for",
        human::share(*width)
    )
}

/// The estimate that the first seeds give of a rule.
pub fn expected(rule: &Rule, comparison: &Comparison, most: usize) -> String {
    let seeds = comparison.seeds.len();
    let why = match &rule.wanted {
        Wanted::Until(targets) => wide(comparison, targets, seeds).first().map(width),
        Wanted::Worth(_) => None,
    };
    let lead = match &rule.wanted {
        Wanted::Until(_) => "about",
        Wanted::Worth(_) => "at most",
    };
    let needed = rule.estimate(comparison).map_or_else(
        || "no number of seeds that is in sight".into(),
        |needed| format!("{lead} {} seeds", human::count(needed.max(seeds) as u64)),
    );
    let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
    format!("after {seeds} seeds: it will take {needed}{why}; no more than {most} are run\n")
}

/// The difference that matters, with its unit.
fn matters(worth: &Worth) -> String {
    human::difference(worth.figure.unit(), worth.difference).trim_start_matches('+').to_owned()
}

fn undecided(worth: &Worth, comparison: &Comparison, first: usize) -> String {
    let seeds = comparison.seeds.len();
    let most = match worth.most(comparison, first) {
        Some(most) if seeds >= first => format!("; it takes at most {}", human::count(most as u64)),
        _ => String::new(),
    };
    let (figure, matters) = (worth.figure.title(), matters(worth));
    format!(
        "Which is best in {figure}, up to {matters}, is not decided with {seeds} seeds, the most \
         that were allowed{most}."
    )
}

fn selected(worth: &Worth, comparison: &Comparison, found: Selected) -> Vec<String> {
    let best = &comparison.variants[found.best].name;
    let others = worth.others(comparison, found.best).unwrap_or_default();
    let (figure, matters) = (worth.figure.title(), matters(worth));
    let equal: Vec<&Other> = others.iter().filter(|it| it.is_equal).collect();
    let confidence = human::number(worth.confidence);
    let seeds = comparison.seeds.len();
    let first = if equal.len() == others.len() {
        format!(
            "No difference worth {matters} in {figure}, by its mean over {seeds} seeds ({best} is \
             the best of them)."
        )
    } else {
        format!(
            "{best}, with probability {confidence} of being within {matters} of the best in \
             {figure}, by its mean over {seeds} seeds."
        )
    };
    let unit = worth.figure.unit();
    let apart = |it: &&Other| {
        let interval = it.interval.map_or_else(String::new, |(low, high)| {
            format!(" ({} to {})", human::difference(unit, low), human::difference(unit, high))
        });
        format!("{} {}{interval}", it.name, human::difference(unit, it.difference))
    };
    let list = |lead: String, of: Vec<&Other>| {
        let all: Vec<String> = of.iter().map(apart).collect();
        (!all.is_empty()).then(|| format!("{lead}: {}.", all.join(", ")))
    };
    let different = others.iter().filter(|it| !it.is_equal).collect();
    let against = list(format!("Against {best}"), different);
    let alike = list(format!("No difference worth {matters} to {best}"), equal);
    [Some(first), against, alike].into_iter().flatten().collect()
}

//! The sensitivity of a comparison, for the terminal.

use super::{difference, heading, moving, order, under};
use crate::experiment::result::{Comparison, Pair};
use crate::experiment::sensitivity::morris::Screened;
use crate::experiment::sensitivity::{Effect, Fate, Moved, Rank, Sensitivity};
use crate::report::human;
use crate::report::terminal::{OPEN, grids, header, indented, labelled, rests_on, title};
use crate::report::text::Terminal;
use crate::report::view::{Cell, Table, about as about_operations};
use crate::scenario::sweep::shown;

/// How many assumptions the terminal shows over all differences, how many in each, and how many
/// differences; the page has all of them.
const MOST: usize = 12;
const MOST_EACH: usize = 5;
const DIFFERENCES: usize = 6;

/// Everything that a user sees after the assumptions of a comparison were moved.
pub fn render(found: &Sensitivity, comparison: &Comparison, terminal: Terminal) -> String {
    let mut text = header(comparison, terminal);
    text += &rests_on(comparison, terminal);
    for said in about_operations(comparison) {
        text += &indented(terminal, &said);
    }
    text += &indented(terminal, &format!("{}.", about(found)));
    for warning in &comparison.warnings {
        text += &labelled(terminal, &terminal.paint(OPEN, "note"), warning);
    }
    if found.stated.is_empty() {
        return text + &indented(terminal, "Nothing stands out that could hang on anything.");
    }
    let shown = std::iter::once(all(found, MOST));
    let each = moving(found).take(DIFFERENCES).map(|at| of_difference(found, at, MOST_EACH));
    for table in shown.chain(each) {
        text += &title(terminal, &table.title);
        text += &grids(&table, terminal);
        if !table.note.is_empty() {
            text += &indented(terminal, &table.note);
        }
    }
    for table in screened(found, MOST_EACH).into_iter().take(DIFFERENCES) {
        text += &title(terminal, &table.title);
        text += &grids(&table, terminal);
    }
    let more = moving(found).count().saturating_sub(DIFFERENCES);
    if more > 0 {
        let more = human::some(more, "more stated difference");
        text += &indented(terminal, &format!("{more} on the page."));
    }
    for line in left(found) {
        text += &indented(terminal, &line);
    }
    text
}

/// `12 assumptions, divided and multiplied by 2, one at a time; 5 stated differences`.
pub fn about(found: &Sensitivity) -> String {
    let assumptions = human::some(found.effects.len(), "assumption");
    let stated = human::some(found.stated.len(), "stated difference");
    let factor = found.factor;
    format!("{assumptions}, divided and multiplied by {factor}, one at a time; {stated}")
}

/// The assumptions over all differences, at most so many.
pub fn all(found: &Sensitivity, most: usize) -> Table {
    let heads = ["assumption", "value", "share", "rank", "flips", "vanish"];
    let moving = found.effects.iter().filter(|effect| effect.rank.is_some());
    let row = |effect: &Effect| {
        let flips = effect.count(&found.stated, Fate::Flips);
        let cells = vec![
            plain(short(&effect.assumption.value)),
            plain(human::share(effect.share)),
            ranked(effect.rank),
            Cell { bad: flips > 0, ..plain(flips.to_string()) },
            plain(effect.count(&found.stated, Fate::Vanishes).to_string()),
        ];
        (effect.assumption.name.clone(), cells)
    };
    Table {
        title: "What matters most".into(),
        note: "Share: of all that moves a stated difference, averaged over them. Rank: below it, \
               how often it is the same when seeds are drawn anew. Flips, vanish: of how many \
               stated differences the opposite, or none, is shown when it is moved."
            .into(),
        heads: heads.map(String::from).to_vec(),
        rows: moving.take(most).map(row).collect(),
    }
}

/// The assumptions that move one stated difference, at most so many.
pub fn of_difference(found: &Sensitivity, at: usize, most: usize) -> Table {
    let stated = &found.stated[at];
    let row = |effect: &&Effect| {
        let moved = |moved: &Option<Moved>| {
            let [main, fate] = under(moved, at, stated);
            let bad = fate == Fate::Flips.name();
            Cell { main, note: fate, bad, best: false }
        };
        let cells =
            vec![moved(&effect.moved[0]), moved(&effect.moved[1]), ranked(effect.ranks[at])];
        (effect.assumption.name.clone(), cells)
    };
    Table {
        title: format!("{} = {}", heading(stated), difference(stated)).into(),
        note: String::new(),
        heads: ["assumption", "down", "up", "rank"].map(String::from).to_vec(),
        rows: order(found, at).iter().take(most).map(row).collect(),
    }
}

/// The elementary effects on each stated difference, of at most so many assumptions, the greatest
/// first; nothing without a screening.
pub fn screened(found: &Sensitivity, most: usize) -> Vec<Table> {
    let Some(screened) = &found.screened else { return Vec::new() };
    let table = |(stated, effects): (&Pair, &Vec<Screened>)| {
        let mut order: Vec<(&String, &Screened)> = screened.names.iter().zip(effects).collect();
        order.sort_by(|(_, one), (_, other)| other.mu_star.total_cmp(&one.mu_star));
        let unit = stated.key.measure.unit;
        let row = |(name, effect): &(&String, &Screened)| {
            let cell = |value: f64| match value.is_finite() {
                true => plain(human::difference(unit, value)),
                false => plain("no number".into()),
            };
            let Screened { mu_star, mu, sigma } = **effect;
            ((*name).clone(), [mu_star, mu, sigma].map(cell).to_vec())
        };
        let moves = |it: &&(&String, &Screened)| it.1.mu_star != 0.0;
        Table {
            title: format!("Screened: {}", heading(stated)).into(),
            note: String::new(),
            heads: ["assumption", "mu*", "mu", "sigma"].map(String::from).to_vec(),
            rows: order.iter().filter(moves).take(most).map(row).collect(),
        }
    };
    let tables = found.stated.iter().zip(&screened.effects).map(table);
    tables.filter(|table| !table.rows.is_empty()).collect()
}

/// Assumptions that move nothing, and those that cannot be moved.
pub fn left(found: &Sensitivity) -> Vec<String> {
    let still = found.effects.iter().filter(|effect| effect.rank.is_none());
    let still: Vec<&str> = still.map(|effect| &*effect.assumption.name).collect();
    let still = (!still.is_empty() && !found.stated.is_empty())
        .then(|| format!("Moves nothing that is stated: {}.", still.join(", ")));
    let mut refused: Vec<(&str, &str, Vec<&str>)> = Vec::new();
    for it in &found.refused {
        match refused.last_mut().filter(|(name, why, _)| *name == it.name && *why == it.why) {
            Some((_, _, ways)) => ways.push(it.way.name()),
            None => refused.push((&it.name, &it.why, vec![it.way.name()])),
        }
    }
    let refused: Vec<String> = refused
        .into_iter()
        .map(|(name, why, ways)| format!("{name} {} ({why})", ways.join(" and ")))
        .collect();
    let refused =
        (!refused.is_empty()).then(|| format!("Cannot be moved: {}.", refused.join("; ")));
    let screened = found.screened.as_ref().map(|screened| {
        let left_out = match &screened.left_out[..] {
            [] => String::new(),
            names => {
                let names = names.join(", ");
                format!(" Left out, because not all values are possible: {names}.")
            }
        };
        format!(
            "Screened: elementary effects over {} random trajectories (Morris 1991), each as if an \
             assumption went from divided to multiplied by the factor: mu* is the mean of their \
             amounts, mu their mean, sigma their standard deviation, large where an effect depends \
             on the others.{left_out}",
            human::count(screened.trajectories as u64)
        )
    });
    still.into_iter().chain(refused).chain(screened).collect()
}

/// A value in short: of a distribution its name and its first duration.
fn short(value: &toml::Value) -> String {
    let toml::Value::Table(shape) = value else { return shown(value) };
    let first = |(name, value): (&String, &toml::Value)| {
        let inner = value.as_table().and_then(|inner| inner.values().find(|it| it.is_str()));
        let first = inner.or(Some(value).filter(|it| it.is_str()));
        first.map_or_else(|| name.clone(), |first| format!("{name} {}", shown(first)))
    };
    shape.iter().map(first).collect()
}

fn plain(main: String) -> Cell {
    Cell { main, ..Cell::default() }
}

/// A rank, and how often it holds.
fn ranked(rank: Option<Rank>) -> Cell {
    rank.map_or_else(Cell::default, |rank| Cell {
        main: rank.rank.to_string(),
        note: human::share(rank.holds),
        bad: false,
        ..Cell::default()
    })
}

//! The long table: a row for each assumption, direction and stated difference.

use crate::experiment::result::{Figure, Pair};
use crate::experiment::sensitivity::{Effect, Fate, Moved, Rank, Sensitivity, Way};
use crate::report::csv::{interval, scalar, write};
use crate::scenario::sweep::shown;

/// The name of the file.
pub const NAME: &str = "sensitivity.csv";

const HEADS: [&str; 19] = [
    "rank",
    "rank_holds",
    "share",
    "assumption",
    "places",
    "value",
    "way",
    "moved_to",
    "measure",
    "unit",
    "variant",
    "baseline",
    "stated",
    "difference",
    "low",
    "high",
    "fate",
    "difference_rank",
    "difference_rank_holds",
];

/// The bytes of the table. What could not be moved has a row whose `fate` says why.
pub fn table(found: &Sensitivity) -> Vec<u8> {
    let rows = found.effects.iter().flat_map(|effect| {
        let ways = Way::ALL.into_iter().zip(&effect.moved);
        ways.flat_map(move |(way, moved)| {
            let moved = moved.as_ref();
            let stated = found.stated.iter().enumerate();
            stated.filter_map(move |it| Some(row(effect, (way, moved?), it)))
        })
    });
    let refused = found.refused.iter().map(|refused| {
        let mut row = vec![String::new(); HEADS.len()];
        row[3] = refused.name.clone();
        row[6] = refused.way.name().into();
        row[16] = format!("not moved: {}", refused.why);
        row
    });
    let mut bytes = Vec::new();
    write(&mut bytes, &HEADS, rows.chain(refused)).expect("memory does not fail");
    bytes
}

fn row(effect: &Effect, (way, moved): (Way, &Moved), (at, stated): (usize, &Pair)) -> Vec<String> {
    let pair = moved.pairs[at].as_ref();
    let unit = stated.key.measure.unit;
    let [low, high] = interval(unit, pair.and_then(|pair| pair.interval));
    let figure = Figure { key: stated.key.clone(), of: stated.of };
    let [rank, holds] = ranked(effect.rank);
    let [own_rank, own_holds] = ranked(effect.ranks[at]);
    vec![
        rank,
        holds,
        effect.share.to_string(),
        effect.assumption.name.clone(),
        effect.assumption.keys.join(" "),
        shown(&effect.assumption.value),
        way.name().into(),
        moved.value.clone(),
        figure.to_string(),
        unit.name().into(),
        stated.variant.clone(),
        stated.baseline.clone(),
        scalar(unit, stated.difference),
        pair.map(|pair| scalar(unit, pair.difference)).unwrap_or_default(),
        low,
        high,
        Fate::of(stated, pair).name().into(),
        own_rank,
        own_holds,
    ]
}

fn ranked(rank: Option<Rank>) -> [String; 2] {
    rank.map(|rank| [rank.rank.to_string(), rank.holds.to_string()]).unwrap_or_default()
}

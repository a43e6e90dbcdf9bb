//! Ranks of assumptions by what they move, and how often each rank holds when seeds are drawn anew.

use rand::RngExt;
use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_64;

use crate::kernel::{Purpose, RandomStreams};
use crate::stats::median;

/// How often seeds are drawn anew.
pub const RESAMPLES: u64 = 1_000;

/// A rank, the first one being 1.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Rank {
    /// The rank.
    pub rank: usize,
    /// In which share of the resamples it is the same.
    pub holds: f64,
}

/// The place of an assumption among all.
#[derive(Clone, PartialEq, Debug)]
pub struct Ranked {
    /// Its share in all that moves the differences.
    pub share: f64,
    /// Its rank over all differences; none if it moves nothing.
    pub rank: Option<Rank>,
    /// Its rank in each difference.
    pub ranks: Vec<Option<Rank>>,
}

/// The differences of each seed, by stated difference.
pub type Differences = Vec<Vec<Option<f64>>>;

/// The differences under both moves of an assumption, if it can be moved there.
pub type Moves = [Option<Differences>; 2];

/// Ranks assumptions by what they move of the differences that are `base` when nothing is moved.
pub fn ranked(base: &Differences, moves: &[Moves], seed: u64) -> Vec<Ranked> {
    let seeds = base.first().map_or(0, Vec::len);
    let whole: Vec<usize> = (0..seeds).collect();
    let found = Standing::of(base, moves, &whole);
    let wide = base.len() + 1;
    let held = (0..RESAMPLES)
        .into_par_iter()
        .map(|number| {
            let again = Standing::of(base, moves, &draw(seed, number, seeds));
            let same = again.ranks.iter().zip(&found.ranks).map(|(one, other)| one == other);
            same.map(u64::from).collect::<Vec<u64>>()
        })
        .reduce(
            || vec![0; moves.len() * wide],
            |one, other| one.iter().zip(other).map(|(one, other)| one + other).collect(),
        );
    let rank = |at: usize| {
        let holds = held[at] as f64 / RESAMPLES as f64;
        (found.ranks[at] > 0).then_some(Rank { rank: found.ranks[at], holds })
    };
    let of = |(assumption, share): (usize, &f64)| {
        let first = assumption * wide;
        let ranks = (1..wide).map(|at| rank(first + at)).collect();
        Ranked { share: *share, rank: rank(first), ranks }
    };
    found.shares.iter().enumerate().map(of).collect()
}

/// As many seeds as there are, drawn with replacement.
fn draw(seed: u64, number: u64, seeds: usize) -> Vec<usize> {
    let streams = RandomStreams::new(seed);
    let mut draw = streams.draw(Purpose::Resample, xxh3_64(b"sensitivity"), number, 0, 0);
    let mut one = || draw.random_range(0..seeds as u64) as usize;
    (0..seeds).map(|_| one()).collect()
}

/// The standing of all assumptions in some seeds.
struct Standing {
    /// The share of each.
    shares: Vec<f64>,
    /// The rank of each over all differences, then in each difference; zero if it moves nothing.
    ranks: Vec<usize>,
}

impl Standing {
    fn of(base: &Differences, moves: &[Moves], chosen: &[usize]) -> Self {
        let at = |differences: &[Option<f64>]| {
            let found = chosen.iter().filter_map(|seed| *differences.get(*seed)?);
            median(&found.collect::<Vec<f64>>())
        };
        // A row a difference, a column an assumption.
        let rows: Vec<Vec<f64>> = base
            .iter()
            .enumerate()
            .map(|(row, differences)| {
                let before = at(differences);
                let moved = |moves: &Moves| {
                    let both = moves.iter().flatten();
                    both.map(|moved| distance(before, at(&moved[row]))).fold(0.0, f64::max)
                };
                shares(&moves.iter().map(moved).collect::<Vec<f64>>())
            })
            .collect();
        let mean = |column: usize| {
            rows.iter().map(|row| row[column]).sum::<f64>() / rows.len().max(1) as f64
        };
        let all: Vec<f64> = (0..moves.len()).map(mean).collect();
        let by_row: Vec<Vec<usize>> =
            std::iter::once(&all).chain(&rows).map(|it| ranks(it)).collect();
        let of = |column: usize| by_row.iter().map(move |row| row[column]);
        let ranks = (0..moves.len()).flat_map(of).collect();
        Self { shares: all, ranks }
    }
}

/// How far a median difference has moved; infinitely far if it is, or was, "never" or no number.
fn distance(before: Option<f64>, now: Option<f64>) -> f64 {
    match (before, now) {
        (None, None) => 0.0,
        (Some(before), Some(now)) if before == now => 0.0,
        (Some(before), Some(now)) => (now - before).abs(),
        _ => f64::INFINITY,
    }
}

/// The share of each of these distances in their sum.
fn shares(distances: &[f64]) -> Vec<f64> {
    let never = distances.iter().filter(|it| it.is_infinite()).count();
    let sum: f64 = distances.iter().sum();
    let share = |distance: &f64| match (never > 0, distance.is_infinite()) {
        (true, true) => 1.0 / never as f64,
        (true, false) => 0.0,
        _ if sum == 0.0 => 0.0,
        _ => distance / sum,
    };
    distances.iter().map(share).collect()
}

/// The rank of each share, the greatest first; zero if it is nothing. Equal ones go by position.
fn ranks(shares: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..shares.len()).collect();
    order.sort_by(|one, other| shares[*other].total_cmp(&shares[*one]));
    let mut ranks = vec![0; shares.len()];
    for (rank, at) in order.into_iter().enumerate().filter(|(_, at)| shares[*at] > 0.0) {
        ranks[at] = rank + 1;
    }
    ranks
}

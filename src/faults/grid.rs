//! Grids of values for drawn settings: short lists of round values, so that every drawn fault is
//! easy to read; and the smaller values of a grid, which shrinking tries.
//!
//! A value that is not on a grid came from a scenario file; the values below it on the grid are
//! rounder, too.

use rand::Rng;
use rand::seq::IndexedRandom;

use crate::kernel::Span;
use crate::model::reason::Reason;
use crate::reason;

/// Shares of messages.
pub const SHARES: [f64; 7] = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0];

/// Lengths of time: from the added latency of a busy network to more than any deadline.
pub const SPANS: [Span; 14] = [
    Span::from_millis(1),
    Span::from_millis(2),
    Span::from_millis(5),
    Span::from_millis(10),
    Span::from_millis(20),
    Span::from_millis(50),
    Span::from_millis(100),
    Span::from_millis(200),
    Span::from_millis(500),
    Span::from_secs(1),
    Span::from_secs(2),
    Span::from_secs(5),
    Span::from_secs(10),
    Span::from_secs(20),
];

/// Draws one value of a grid, each equally likely.
pub fn draw<T: Copy>(grid: &[T], rng: &mut dyn Rng) -> T {
    *grid.choose(rng).expect("a grid has rungs")
}

/// The lowest value of a grid, one half way, and the next one below a value, in this order.
pub fn below<T: Copy + PartialOrd>(grid: &[T], value: T) -> Vec<T> {
    let count = grid.iter().take_while(|rung| **rung < value).count();
    some_of(&grid[..count])
}

/// The same above a value, for settings of which a larger value is milder: the highest, one half
/// way, and the next one.
pub fn above<T: Copy + PartialOrd>(grid: &[T], value: T) -> Vec<T> {
    let mut higher: Vec<T> = grid.iter().copied().filter(|rung| *rung > value).collect();
    higher.reverse();
    some_of(&higher)
}

/// The first, the middle and the last of several values, each once.
fn some_of<T: Copy>(rungs: &[T]) -> Vec<T> {
    let Some(last) = rungs.len().checked_sub(1) else { return Vec::new() };
    let mut wanted = vec![0, last / 2, last];
    wanted.dedup();
    wanted.into_iter().map(|at| rungs[at]).collect()
}

/// Checks that a number lies between two others.
pub fn check_range<T>(key: &str, value: T, least: T, most: T) -> Vec<Reason>
where
    T: PartialOrd + std::fmt::Display,
{
    if least <= value && value <= most {
        return Vec::new();
    }
    vec![reason!("`{}` must lie between {least} and {most}, not be {value}", key)]
}

/// Checks that a length of time is not zero.
pub fn check_positive(key: &str, value: Span) -> Vec<Reason> {
    if value > Span::ZERO {
        Vec::new()
    } else {
        vec![reason!("`{}` must be longer than zero", key)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_of_a_grid_lead_down_or_up() {
        let grid = [1, 2, 5, 10, 20];
        assert_eq!(below(&grid, 20), [1, 2, 10]);
        assert_eq!(below(&grid, 7), [1, 2, 5]);
        assert_eq!(below(&grid, 2), [1]);
        assert!(below(&grid, 1).is_empty());
        assert_eq!(above(&grid, 1), [20, 10, 2]);
        assert!(above(&grid, 20).is_empty());
    }
}

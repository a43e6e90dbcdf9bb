//! The crossings on an axis: the places where the sign of a paired difference changes, so that two
//! variants change places in a figure, or one variant passes a limit.
//!
//! First every value of the axis is evaluated, then each pair of neighbours with opposite signs is
//! bisected until no other value lies between. The interval is the inversion of the paired test: it
//! ends at the nearest values on either side at which the difference is significant, with the sign
//! of that side, so that a crossing beyond has a difference that its own 95 % interval excludes.
//! All values have the same seeds, hence the same random numbers.

use std::cmp::Ordering;

use crate::scenario::sweep::{Axis, number};
use crate::stats::{Paired, Verdict};

/// The most steps of each bisection.
const MOST_STEPS: u32 = 10;

/// A value of the axis with the paired difference there; none if no seed has a number.
#[derive(Clone, PartialEq, Debug)]
pub struct Look {
    /// The value.
    pub value: toml::Value,
    /// The difference.
    pub found: Option<Paired>,
}

/// A place where the sign of the difference changes.
#[derive(Clone, PartialEq, Debug)]
pub struct Crossing {
    /// The last evaluated value before the change.
    pub before: toml::Value,
    /// The first evaluated value after the change.
    pub behind: toml::Value,
    /// The nearest value below at which a difference of the earlier sign is significant; none if
    /// there is none up to the previous crossing, or to the end of the axis.
    pub from: Option<toml::Value>,
    /// The nearest value above at which a difference of the later sign is significant.
    pub to: Option<toml::Value>,
    /// True if the difference changes from positive to negative.
    pub falls: bool,
}

/// The outcome of a search.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Crossings {
    /// Every evaluated value, in ascending order.
    pub looks: Vec<Look>,
    /// The crossings, in ascending order.
    pub crossings: Vec<Crossing>,
}

/// Searches an axis of numbers for crossings. `look` returns the paired difference at a value, or
/// an error that ends the search.
///
/// # Errors
///
/// That of `look`.
pub fn crossings<E>(
    axis: &Axis,
    look: &mut dyn FnMut(&toml::Value) -> Result<Option<Paired>, E>,
) -> Result<Crossings, E> {
    let mut search = Search { axis, look, looks: Vec::new() };
    for value in &axis.values {
        search.at(value)?;
    }
    let mut crossings = Vec::new();
    let changes: Vec<(toml::Value, toml::Value)> = search.changes();
    let mut least = None;
    for (number, (before, behind)) in changes.iter().enumerate() {
        let next = changes.get(number + 1).map(|(before, _)| before.clone());
        let crossing = search.crossing(before, behind, (least, next))?;
        least = Some(behind.clone());
        crossings.push(crossing);
    }
    Ok(Crossings { looks: search.looks, crossings })
}

/// A search with the values evaluated so far.
struct Search<'a, E> {
    axis: &'a Axis,
    look: &'a mut dyn FnMut(&toml::Value) -> Result<Option<Paired>, E>,
    /// The evaluated values, in ascending order.
    looks: Vec<Look>,
}

/// The values between which the ends of an interval lie; without one, those of the axis.
type Bounds = (Option<toml::Value>, Option<toml::Value>);

impl<E> Search<'_, E> {
    /// The difference at a value, evaluated once.
    fn at(&mut self, value: &toml::Value) -> Result<Option<Paired>, E> {
        match self.looks.binary_search_by(|look| order(&look.value, value)) {
            Ok(known) => Ok(self.looks[known].found),
            Err(place) => {
                let found = (self.look)(value)?;
                self.looks.insert(place, Look { value: value.clone(), found });
                Ok(found)
            }
        }
    }

    /// Neighbours with opposite signs. Values without a number or without a difference are skipped.
    fn changes(&self) -> Vec<(toml::Value, toml::Value)> {
        let signed = self.looks.iter().filter(|look| sign(look.found) != 0);
        let signed: Vec<&Look> = signed.collect();
        let changed = signed.windows(2).filter(|pair| sign(pair[0].found) != sign(pair[1].found));
        changed.map(|pair| (pair[0].value.clone(), pair[1].value.clone())).collect()
    }

    /// The crossing between two values with opposite signs.
    fn crossing(
        &mut self,
        before: &toml::Value,
        behind: &toml::Value,
        (least, most): Bounds,
    ) -> Result<Crossing, E> {
        let (first, last) = (sign(self.at(before)?), sign(self.at(behind)?));
        let (before, behind) = self.halve(before, behind, |found| sign(found) == first)?;
        let below = |look: &&Look| {
            let is_inside = least.as_ref().is_none_or(|it| order(it, &look.value).is_le());
            is_inside && order(&look.value, &before).is_le() && shown(look.found) == first
        };
        let above = |look: &&Look| {
            let is_inside = most.as_ref().is_none_or(|it| order(&look.value, it).is_le());
            is_inside && order(&behind, &look.value).is_le() && shown(look.found) == last
        };
        let value = |look: &Look| look.value.clone();
        let known = self.looks.iter().rev().find(below).map(value);
        let from = match known {
            Some(known) => Some(self.halve(&known, &before, |it| shown(it) == first)?.0),
            None => None,
        };
        let known = self.looks.iter().find(above).map(value);
        let to = match known {
            Some(known) => Some(self.halve(&behind, &known, |it| shown(it) != last)?.1),
            None => None,
        };
        Ok(Crossing { before, behind, from, to, falls: first > 0 })
    }

    /// Bisects between two values: returns two values with none between them, of which `is` holds
    /// for the first, and does not hold for the second, or the second is the end of the search.
    fn halve(
        &mut self,
        low: &toml::Value,
        high: &toml::Value,
        is: impl Fn(Option<Paired>) -> bool,
    ) -> Result<(toml::Value, toml::Value), E> {
        let (mut low, mut high) = (low.clone(), high.clone());
        for _ in 0..MOST_STEPS {
            let Some(middle) = self.axis.between(&low, &high) else { break };
            match is(self.at(&middle)?) {
                true => low = middle,
                false => high = middle,
            }
        }
        Ok((low, high))
    }
}

/// The order of two values of an axis.
fn order(one: &toml::Value, other: &toml::Value) -> Ordering {
    let number = |value| number(value).unwrap_or(0.0);
    number(one).total_cmp(&number(other))
}

/// The sign of the median difference; zero without one.
fn sign(found: Option<Paired>) -> i8 {
    found.map_or(0, |found| (found.difference > 0.0) as i8 - (found.difference < 0.0) as i8)
}

/// The sign of a significant difference; zero without one.
fn shown(found: Option<Paired>) -> i8 {
    match found.map(|found| found.verdict) {
        Some(Verdict::Higher) => 1,
        Some(Verdict::Lower) => -1,
        Some(Verdict::NoDifferenceShown) | None => 0,
    }
}

#[cfg(test)]
mod tests;

//! The inevitability of a violation, moment by moment.
//!
//! A run cannot be copied in the middle, but it can be run again and *branched*: up to a moment
//! everything happens as it did, and after it every draw is a new one. The share of such
//! continuations that violate the same property says how inevitable the violation already was.
//! Where the share rises most, the cause lies between the two moments.
//!
//! **Held fixed**, up to and including the moment: the operations, every draw, and every fault that
//! has begun by then, with its full length, since its end is part of it. **Not held fixed**: faults
//! of the plan that had not begun yet are left out of the continuation. So the curve answers: if
//! nothing else fails from here on, how likely is the violation still? A fault that causes it shows
//! as a jump between the same instant without it and with it.
//!
//! Arrivals are listed in a case and do not change. If a scenario draws only constants, all
//! continuations of a moment are equal, and the share is 0 or 1.

use rayon::prelude::*;

use super::space_time::{End, Place, Sort, SpaceTime, Tick};
use crate::checks::Verdict;
use crate::kernel::{Span, Time};
use crate::stats::wilson;

/// The number of continuations of each moment.
pub const RUNS: u64 = 20;
/// The greatest number of moments.
pub const MOMENTS: usize = 24;

/// The share of continuations of several moments that end in the violation again.
#[derive(Clone, PartialEq, Debug)]
pub struct Curve {
    /// Continuations from each moment.
    pub runs: u64,
    /// The moments, in order.
    pub moments: Vec<Moment>,
    /// The number of moments to choose from.
    pub candidates: usize,
    /// The steepest rise, if there is any.
    pub jump: Option<Jump>,
}

/// A moment, with the results of its continuations.
#[derive(Clone, PartialEq, Debug)]
pub struct Moment {
    /// The time up to which everything is as it was.
    pub at: Time,
    /// The text of the events at that time.
    pub what: String,
    /// The fault that began at this moment, by its position in the plan.
    pub fault: Option<usize>,
    /// For each fault of the plan, whether it had begun and is kept.
    pub kept: Vec<bool>,
    /// Continuations that violate the same property.
    pub violated: u64,
    /// Continuations that are undecided; they count as not violated.
    pub undecided: u64,
    /// The share that violates.
    pub share: Share,
}

/// A share of all continuations, and its 95 % interval (Wilson).
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Share {
    /// The share itself, from 0 to 1.
    pub value: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end of the interval.
    pub high: f64,
}

/// The steepest rise of a curve.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Jump {
    /// The last moment before it, as a position in [`Curve::moments`].
    pub before: usize,
    /// The first moment behind it.
    pub after: usize,
    /// True if the intervals of the two do not overlap.
    pub is_clear: bool,
    /// True if no other event is known between the two.
    pub is_sharp: bool,
}

/// A continuation of a run: everything as it was up to a time, then with other random numbers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Continuation {
    /// For each fault of the plan, whether it still begins.
    pub kept: Vec<bool>,
    /// The time from which the random numbers differ.
    pub from: Time,
    /// The branch seed of these random numbers; never 0.
    pub branch_seed: u64,
}

/// A moment at which a run could be branched.
struct Candidate {
    at: Time,
    kept: Vec<bool>,
    fault: Option<usize>,
    what: Vec<String>,
}

/// The numbers of continuations that violate the property and that are undecided.
#[derive(Clone, Copy)]
struct Count {
    violated: u64,
    undecided: u64,
}

/// The curve of a violation: `again` runs a continuation and judges the same property. None if the
/// diagram shows no event.
pub fn curve(
    space_time: &SpaceTime,
    faults: usize,
    again: &(dyn Fn(&Continuation) -> Verdict + Sync),
) -> Option<Curve> {
    let candidates = candidates(space_time, faults);
    if candidates.is_empty() {
        return None;
    }
    let mut found: Vec<Option<Count>> = vec![None; candidates.len()];
    for at in first_choice(&candidates) {
        found[at] = Some(measure(&candidates[at], again));
    }
    while found.iter().flatten().count() < MOMENTS
        && let Some(at) = steepest_gap(&found)
    {
        found[at] = Some(measure(&candidates[at], again));
    }
    let total = candidates.len();
    let measured: Vec<(usize, Candidate, Count)> = candidates
        .into_iter()
        .enumerate()
        .zip(found)
        .filter_map(|((at, candidate), found)| Some((at, candidate, found?)))
        .collect();
    let places: Vec<usize> = measured.iter().map(|(at, _, _)| *at).collect();
    let moments: Vec<Moment> =
        measured.into_iter().map(|(_, it, found)| moment(it, found)).collect();
    let jump = jump(&moments, &places);
    Some(Curve { runs: RUNS, moments, candidates: total, jump })
}

fn moment(candidate: Candidate, Count { violated, undecided }: Count) -> Moment {
    let Candidate { at, kept, fault, what } = candidate;
    let (low, high) = wilson(violated, RUNS).unwrap_or((0.0, 1.0));
    let share = Share { value: violated as f64 / RUNS as f64, low, high };
    Moment { at, what: what.join("; "), fault, kept, violated, undecided, share }
}

/// Runs the continuations of a candidate.
fn measure(candidate: &Candidate, again: &(dyn Fn(&Continuation) -> Verdict + Sync)) -> Count {
    // Events at the instant itself are kept, so the other random numbers begin right after it.
    let from = candidate.at + Span::from_nanos(1);
    let verdicts: Vec<Verdict> = (1..=RUNS)
        .into_par_iter()
        .map(|branch_seed| again(&Continuation { kept: candidate.kept.clone(), from, branch_seed }))
        .collect();
    let count = |verdict| verdicts.iter().filter(|found| **found == verdict).count() as u64;
    Count { violated: count(Verdict::Violated), undecided: count(Verdict::Undecided) }
}

/// Every instant with an event of the operations, once for each set of faults that had begun by
/// then.
fn candidates(space_time: &SpaceTime, faults: usize) -> Vec<Candidate> {
    let mut happened = happenings(space_time);
    happened.sort_by_key(|(tick, _, _)| *tick);
    let mut kept = vec![false; faults];
    let mut candidates: Vec<Candidate> = Vec::new();
    for (tick, fault, what) in happened {
        if let Some(fault) = fault {
            kept[fault] = true;
        }
        match candidates.last_mut() {
            Some(last) if last.at == tick.time && last.kept == kept => {
                // A fault stands for all its effects at the same instant.
                if last.what.len() < 3 && last.fault.is_none() {
                    last.what.push(what);
                }
            }
            _ => {
                let (at, kept) = (tick.time, kept.clone());
                candidates.push(Candidate { at, kept, fault, what: vec![what] });
            }
        }
    }
    candidates
}

/// Every event of the diagram, as text.
fn happenings(space_time: &SpaceTime) -> Vec<(Tick, Option<usize>, String)> {
    let lane = |at: usize| &*space_time.lanes[at].name;
    let names = |lanes: &[usize]| lanes.iter().map(|at| lane(*at)).collect::<Vec<_>>().join(", ");
    let mut happened: Vec<(Tick, Option<usize>, String)> = Vec::new();
    for message in &space_time.messages {
        let (from, to, text) = (lane(message.from), lane(message.to), &message.text);
        let from = match space_time.lanes[message.from].sort {
            Sort::Clients => "a client",
            _ => from,
        };
        happened.push((message.sent, None, format!("{from} sends {text} to {to}")));
        match message.end {
            End::Arrived(tick) => happened.push((tick, None, format!("{text} reaches {to}"))),
            End::Lost(tick) => happened.push((tick, None, format!("{text} to {to} is lost"))),
            End::Travelling => {}
        }
    }
    for mark in space_time.marks.iter().filter(|mark| !mark.text.is_empty()) {
        let what = match space_time.lanes[mark.lane].sort {
            Sort::Clients => format!("the client {}", mark.text),
            _ => format!("{}: {}", lane(mark.lane), mark.text),
        };
        happened.push((mark.at, None, what));
    }
    for outage in &space_time.outages {
        happened
            .extend(outage.to.map(|tick| (tick, None, format!("{} restarts", lane(outage.lane)))));
    }
    for strike in &space_time.strikes {
        let whom = match &strike.place {
            Place::Nodes(lanes) => names(lanes),
            Place::Links(parts) => {
                let parts: Vec<String> = parts
                    .iter()
                    .filter(|part| !part.is_empty())
                    .map(|lanes| names(lanes))
                    .collect();
                parts.join(" | ")
            }
            Place::Message(at) => {
                at.map_or_else(String::new, |at| space_time.messages[at].text.clone())
            }
        };
        let what = format!("fault {}: {} {whom}", strike.fault + 1, strike.kind);
        happened.push((strike.from, Some(strike.fault), what.trim_end().to_owned()));
    }
    happened
}

/// The first and the last moment, each fault and the moment before it, and a few evenly between.
fn first_choice(candidates: &[Candidate]) -> Vec<usize> {
    const EVENLY: usize = 6;
    let last = candidates.len() - 1;
    let mut chosen: Vec<usize> = (0..=EVENLY).map(|part| last * part / EVENLY).collect();
    for (at, candidate) in candidates.iter().enumerate() {
        if candidate.fault.is_some() {
            chosen.extend([at.saturating_sub(1), at]);
        }
    }
    chosen.sort_unstable();
    chosen.dedup();
    chosen.truncate(MOMENTS);
    chosen
}

/// The middle of those neighbours that differ most and have something between them.
fn steepest_gap(found: &[Option<Count>]) -> Option<usize> {
    let known: Vec<(usize, u64)> = found
        .iter()
        .enumerate()
        .filter_map(|(at, found)| Some((at, found.as_ref()?.violated)))
        .collect();
    let gaps = known.windows(2).filter(|pair| pair[1].0 > pair[0].0 + 1);
    let steep = gaps.map(|pair| (pair[0].1.abs_diff(pair[1].1), pair[0].0.midpoint(pair[1].0)));
    let (rise, middle) = steep.max_by_key(|(rise, at)| (*rise, std::cmp::Reverse(*at)))?;
    (rise > 0).then_some(middle)
}

/// The steepest rise between neighbours, the first one of several.
fn jump(moments: &[Moment], places: &[usize]) -> Option<Jump> {
    let rise = |at: &usize| moments[at + 1].violated.saturating_sub(moments[*at].violated);
    let before = (0..moments.len().saturating_sub(1))
        .max_by_key(|at| (rise(at), std::cmp::Reverse(*at)))
        .filter(|at| rise(at) > 0)?;
    let after = before + 1;
    Some(Jump {
        before,
        after,
        is_clear: moments[before].share.high < moments[after].share.low,
        is_sharp: places[after] == places[before] + 1,
    })
}

#[cfg(test)]
mod tests {
    use super::super::space_time::{Lane, LeftOut, Mark, Message, Tone};
    use super::*;

    fn tick(millis: u64, turn: u32) -> Tick {
        Tick { time: Time::ZERO + Span::from_millis(millis), turn }
    }

    /// A hundred events on one node, a millisecond apart.
    fn space_time() -> SpaceTime {
        let mark = |at: u32| Mark {
            lane: 0,
            since: None,
            at: tick(u64::from(at), at),
            text: format!("event {at}"),
            tone: Tone::Plain,
            op: None,
        };
        SpaceTime {
            origin: Time::ZERO,
            until: Time::ZERO + Span::from_secs(1),
            settled: true,
            lanes: vec![Lane { name: "node".into(), sort: Sort::Service }],
            operations: Vec::new(),
            messages: Vec::<Message>::new(),
            marks: (0..100).map(mark).collect(),
            outages: Vec::new(),
            strikes: Vec::new(),
            left_out: LeftOut::default(),
        }
    }

    /// From event 37 on it is certain; before, one future in ten goes wrong.
    #[test]
    fn bisection_finds_the_event_behind_a_jump() {
        let decided = tick(37, 0).time;
        let again = |it: &Continuation| match it.from > decided || it.branch_seed.is_multiple_of(10)
        {
            true => Verdict::Violated,
            false => Verdict::Held,
        };
        let curve = curve(&space_time(), 0, &again).expect("there are events");
        assert_eq!(curve.candidates, 100);
        assert!(curve.moments.len() <= MOMENTS, "{}", curve.moments.len());
        let jump = curve.jump.expect("it rises");
        assert!(jump.is_clear && jump.is_sharp);
        assert_eq!(curve.moments[jump.after].what, "node: event 37");
        assert_eq!(curve.moments[jump.before].violated, 2);
        assert_eq!(curve.moments[jump.after].violated, RUNS);
    }

    /// Three futures of twenty more prove nothing.
    #[test]
    fn a_rise_that_chance_explains_is_not_called_clear() {
        let again = |it: &Continuation| {
            let bound = if it.from > tick(50, 0).time { 6 } else { 3 };
            if it.branch_seed <= bound { Verdict::Violated } else { Verdict::Held }
        };
        let jump = curve(&space_time(), 0, &again).and_then(|curve| curve.jump).expect("it rises");
        assert!(!jump.is_clear && jump.is_sharp);
    }

    #[test]
    fn what_nobody_can_say_is_counted_apart() {
        let again = |it: &Continuation| match it.branch_seed {
            1..=5 => Verdict::Undecided,
            _ => Verdict::Violated,
        };
        let curve = curve(&space_time(), 0, &again).expect("there are events");
        assert!(curve.moments.iter().all(|it| (it.violated, it.undecided) == (15, 5)));
        assert_eq!(curve.jump, None);
    }

    #[test]
    fn nothing_can_be_continued_where_nothing_happened() {
        let empty = SpaceTime { marks: Vec::new(), ..space_time() };
        assert_eq!(curve(&empty, 0, &|_| Verdict::Held), None);
    }
}

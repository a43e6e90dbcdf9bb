//! The candidate faults of one run, and the pruning of those that would only repeat another.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::facts::Facts;
use super::injection::Injection;
use crate::kernel::{NodeId, Time};
use crate::model::point::{Hook, When};
use crate::model::record::LabelId;
use crate::search::points::Passed;

/// A fault that is injected at a point.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Strike {
    /// The point.
    pub passed: Arc<Passed>,
    /// The injected fault.
    pub injection: Injection,
}

impl Strike {
    /// The text of the injected fault. A message names both its ends; a database does not name its
    /// client.
    pub fn name(&self) -> String {
        match (&self.passed.session, self.injection) {
            (Some((_, far)), Injection::Partition) => format!("partition from {far}"),
            (_, injection) => injection.name().to_owned(),
        }
    }
}

/// The reason why a plan need not be run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum PruneReason {
    /// Since an earlier point with the same fault nothing happened that the fault could
    /// distinguish.
    SameState,
    /// Every record was forced, so a crash that loses the others equals a plain one.
    NothingUnforced,
    /// The run was quiescent, as at an earlier point with the same fault.
    AtRest,
    /// The message never arrived anyway.
    LostAnyway,
    /// The second point comes before the first: it is the same pair in the other order.
    OtherOrder,
    /// Both faults are at one point, where only one of them can have an effect.
    OneOfTwo,
    /// The faults affect nodes and operations that never interact.
    Apart,
    /// The same pair was tried at another operation that went the same way.
    Symmetric,
}

impl PruneReason {
    /// All reasons, in the order in which they are checked.
    pub const ALL: [Self; 8] = [
        Self::SameState,
        Self::NothingUnforced,
        Self::AtRest,
        Self::LostAnyway,
        Self::OtherOrder,
        Self::OneOfTwo,
        Self::Apart,
        Self::Symmetric,
    ];

    /// The text in reports: so many plans were pruned because ...
    pub const fn why(self) -> &'static str {
        match self {
            Self::SameState => "nothing happened since an earlier point with the same fault",
            Self::NothingUnforced => "there was no unforced write that a crash could lose",
            Self::AtRest => "the run was at rest, as at an earlier point with the same fault",
            Self::LostAnyway => "the message was lost anyway",
            Self::OtherOrder => "it is the same pair in the other order",
            Self::OneOfTwo => "both strike at one point, where only one can have an effect",
            Self::Apart => "the two strike nodes that never interact",
            Self::Symmetric => "the same was tried on an equal operation",
        }
    }

    /// The name in tables and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SameState => "same-state",
            Self::NothingUnforced => "nothing-unforced",
            Self::AtRest => "at-rest",
            Self::LostAnyway => "lost-anyway",
            Self::OtherOrder => "other-order",
            Self::OneOfTwo => "one-of-two",
            Self::Apart => "apart",
            Self::Symmetric => "symmetric",
        }
    }
}

/// The numbers of pruned plans, by reason.
pub type Pruned = BTreeMap<PruneReason, u64>;

/// Adds up what was pruned.
pub fn add(into: &mut Pruned, other: &Pruned) {
    for (reason, count) in other {
        *into.entry(*reason).or_default() += count;
    }
}

/// The parts of a run that the choice of faults needs.
pub struct RunFacts<'a> {
    /// The points of the run.
    pub passed: &'a [Arc<Passed>],
    /// The facts of its history.
    pub facts: &'a Facts,
    /// The time at which everything heals, and after which no fault begins.
    pub heals: Time,
}

/// The faults that may be injected into a run.
#[derive(Default)]
pub struct Found {
    /// The faults that are to be tried.
    pub strikes: Vec<Strike>,
    /// The counts of faults that were pruned.
    pub pruned: Pruned,
    /// The faults that another one represents, with the position of that one.
    pub repeated: Vec<(Strike, usize)>,
}

/// Every fault that may be injected into a run at or after the point number `from`. `first` is the
/// fault that was injected there, if any.
pub fn candidates(run: &RunFacts, from: usize, first: Option<Injection>) -> Found {
    let mut seen = Seen::default();
    let mut found = Found::default();
    for (number, passed) in run.passed.iter().enumerate() {
        if passed.at >= run.heals {
            break;
        }
        for injection in Injection::ALL.into_iter().filter(|injection| injection.applies(passed)) {
            let redundant = match number.cmp(&from) {
                Ordering::Less => Some(PruneReason::OtherOrder),
                Ordering::Equal => first.and_then(|first| at_one_point(first, injection)),
                Ordering::Greater => None,
            };
            let strike = Strike { passed: Arc::clone(passed), injection };
            if let Some(reason) = redundant {
                *found.pruned.entry(reason).or_default() += 1;
                continue;
            }
            match seen.repeats(run, passed, injection) {
                Some((reason, None)) => *found.pruned.entry(reason).or_default() += 1,
                Some((reason, Some(by))) => {
                    *found.pruned.entry(reason).or_default() += 1;
                    seen.stands(run, passed, injection, by);
                    found.repeated.push((strike, by));
                }
                None => {
                    seen.stands(run, passed, injection, found.strikes.len());
                    found.strikes.push(strike);
                }
            }
        }
    }
    found
}

/// Returns why the second of two faults at one point need not be tried, if so. A node that crashes
/// there sends nothing, and a message that is cut off or already changed cannot be changed again;
/// so only a crash and a partition combine.
fn at_one_point(first: Injection, second: Injection) -> Option<PruneReason> {
    match (first, second) {
        (first, Injection::Partition) if first.is_crash() => None,
        (Injection::Partition, second) if second.is_crash() => Some(PruneReason::OtherOrder),
        _ => Some(PruneReason::OneOfTwo),
    }
}

/// The faults seen so far, by the situation that would be repeated: with the position of the fault
/// that was tried there or represents it.
#[derive(Default)]
struct Seen {
    last: BTreeMap<(Injection, NodeId, NodeId), (Place, usize)>,
    rest: BTreeMap<Rest, usize>,
}

/// A time, and the number of records before it.
type Place = (Time, u64);

/// A fault in a quiescent run: its kind, its ends, the label of its message, and the number of
/// unforced records.
type Rest = (Injection, NodeId, NodeId, Option<LabelId>, i64);

/// The reason why a fault only repeats another one, and which one, if any.
type Repeats = Option<(PruneReason, Option<usize>)>;

impl Seen {
    /// Returns whether an earlier point represents this one, and why.
    fn repeats(&mut self, run: &RunFacts, passed: &Passed, injection: Injection) -> Repeats {
        let point = &passed.point;
        let same = match injection {
            Injection::Crash => self.same_crash(passed, injection),
            Injection::CrashAndLose => self.same_crash(passed, injection).or_else(|| {
                let all_forced = run.facts.unforced(point.node, passed.records) == 0;
                let plain = self.last.get(&(Injection::Crash, point.node, point.node));
                let plain = plain.map(|(_, by)| *by).filter(|_| all_forced)?;
                Some((PruneReason::NothingUnforced, Some(plain)))
            }),
            Injection::Partition => self.same_cut(run, passed),
            Injection::Lose => {
                let lost = run.facts.is_lost_anyway(point.node, passed.records);
                lost.then_some((PruneReason::LostAnyway, None))
            }
            Injection::Duplicate | Injection::Delay => None,
        };
        same.or_else(|| {
            let by = self.rest.get(&rest(run, passed, injection)?)?;
            Some((PruneReason::AtRest, Some(*by)))
        })
    }

    /// Notes that a fault was tried, or that the one at this position represents it.
    fn stands(&mut self, run: &RunFacts, passed: &Passed, injection: Injection, by: usize) {
        let place = (passed.at, passed.records);
        self.last.insert(key(passed, injection), (place, by));
        if let Some(rest) = rest(run, passed, injection) {
            self.rest.entry(rest).or_insert(by);
        }
    }

    /// A node has neither sent, received nor stored anything between two points of one instant
    /// without a record between them, so its durable state is the same. Only the start of a request
    /// makes a difference without a record: before it the request is refused, after it there is no
    /// answer.
    fn same_crash(&self, passed: &Passed, injection: Injection) -> Repeats {
        let (before, by) = self.last.get(&key(passed, injection))?;
        let takes_up = passed.point.hook == Hook::Receive && passed.point.when == When::After;
        let same = *before == (passed.at, passed.records) && !takes_up;
        same.then_some((PruneReason::SameState, Some(*by)))
    }

    /// A cut lasts until everything heals. As long as no message has arrived between the two ends,
    /// its start makes no difference: messages in flight are also lost with the later one.
    fn same_cut(&self, run: &RunFacts, passed: &Passed) -> Repeats {
        let key = key(passed, Injection::Partition);
        let ((_, before), by) = self.last.get(&key)?;
        let arrived = run.facts.has_landed((key.1, key.2), *before, passed.records);
        (!arrived).then_some((PruneReason::SameState, Some(*by)))
    }
}

/// The key of a fault: its kind and a node, or two ends in the order of their numbers.
fn key(passed: &Passed, injection: Injection) -> (Injection, NodeId, NodeId) {
    let node = passed.point.node;
    let far = passed.far().filter(|_| !injection.is_crash()).map_or(node, |(far, _)| far);
    (injection, node.min(far), node.max(far))
}

/// When every operation is done and nothing is under way or held, a node or link is in the same
/// state as at its last quiescent point, despite polls and timers in between.
fn rest(run: &RunFacts, passed: &Passed, injection: Injection) -> Option<Rest> {
    if !passed.quiet || !run.facts.is_at_rest(passed.records) {
        return None;
    }
    let point = &passed.point;
    let (peer, label) = match injection {
        crash if crash.is_crash() => (point.node, None),
        _ => (passed.far().map_or(point.peer, |(far, _)| far), Some(point.label)),
    };
    let unforced = run.facts.unforced(point.node, passed.records);
    Some((injection, point.node, peer, label, unforced))
}

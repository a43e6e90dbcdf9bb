//! Which faults are worth trying in one run, and which of them would only repeat another.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::facts::Facts;
use super::injection::Injection;
use crate::kernel::{NodeId, Time};
use crate::model::point::{Hook, When};
use crate::model::record::LabelId;
use crate::search::points::Passed;

/// Something done at a point.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Strike {
    /// Where.
    pub passed: Arc<Passed>,
    /// The injected fault.
    pub injection: Injection,
}

impl Strike {
    /// The injected fault in a few words. A message names both its ends, a database that works does
    /// not say for whom.
    pub fn name(&self) -> String {
        match (&self.passed.session, self.injection) {
            (Some((_, far)), Injection::Partition) => format!("partition from {far}"),
            (_, injection) => injection.name().to_owned(),
        }
    }
}

/// Why a plan need not be run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum PruneReason {
    /// Since an earlier point with the same fault nothing happened that the fault could tell apart.
    SameState,
    /// All was forced, so a crash that loses the rest is a plain one.
    NothingUnforced,
    /// The run was at rest, as it was at an earlier point with the same fault.
    AtRest,
    /// The message never arrived anyway.
    LostAnyway,
    /// The second point comes before the first: the same pair in the other order.
    OtherOrder,
    /// Both strike at one point, where only one of them can do anything.
    OneOfTwo,
    /// The faults strike nodes and operations that never have to do with each other.
    Apart,
    /// The same pair at another operation that went the same way.
    Symmetric,
}

impl PruneReason {
    /// All, in the order in which they are run.
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

    /// As reports write it: so many plans were pruned because ...
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

    /// In tables and JSON.
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

/// How many plans were pruned, by reason.
pub type Pruned = BTreeMap<PruneReason, u64>;

/// Adds up what was pruned.
pub fn add(into: &mut Pruned, other: &Pruned) {
    for (reason, count) in other {
        *into.entry(*reason).or_default() += count;
    }
}

/// A run, as far as the choice of faults needs it.
pub struct RunFacts<'a> {
    /// Its points.
    pub passed: &'a [Arc<Passed>],
    /// Its history.
    pub facts: &'a Facts,
    /// When everything heals: from then on nothing strikes any more.
    pub heals: Time,
}

/// The faults that may strike a run.
#[derive(Default)]
pub struct Found {
    /// Each fault that is worth trying.
    pub strikes: Vec<Strike>,
    /// The counts of faults that were pruned.
    pub pruned: Pruned,
    /// Those of them for which another one stands, by its position.
    pub repeated: Vec<(Strike, usize)>,
}

/// Every fault that may strike a run at or behind the point number `from`. `first` is what was done
/// there, if anything was.
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

/// Of two things done at one point, whether the second is worth trying. A node that crashes there
/// sends nothing, and what is cut off or ordered already takes no second order; so only a crash and
/// a partition add up.
fn at_one_point(first: Injection, second: Injection) -> Option<PruneReason> {
    match (first, second) {
        (first, Injection::Partition) if first.is_crash() => None,
        (Injection::Partition, second) if second.is_crash() => Some(PruneReason::OtherOrder),
        _ => Some(PruneReason::OneOfTwo),
    }
}

/// The faults met before, by what would repeat them: where, and the position of the fault that was
/// tried there or stands for it.
#[derive(Default)]
struct Seen {
    last: BTreeMap<(Injection, NodeId, NodeId), (Place, usize)>,
    rest: BTreeMap<Rest, usize>,
}

/// When, and behind how many records.
type Place = (Time, u64);

/// A fault at rest: its kind, its ends, the label of its message, and how much was unforced.
type Rest = (Injection, NodeId, NodeId, Option<LabelId>, i64);

/// Why a fault only repeats another, and which one, if any.
type Repeats = Option<(PruneReason, Option<usize>)>;

impl Seen {
    /// Returns whether an earlier point stands for this one, and why.
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

    /// A fault was tried, or the one with this position stands for it.
    fn stands(&mut self, run: &RunFacts, passed: &Passed, injection: Injection, by: usize) {
        let place = (passed.at, passed.records);
        self.last.insert(key(passed, injection), (place, by));
        if let Some(rest) = rest(run, passed, injection) {
            self.rest.entry(rest).or_insert(by);
        }
    }

    /// At one instant, without a record between the two, a node has neither sent, nor received, nor
    /// stored anything: whatever lasts is the same. Only a request that it takes up makes a
    /// difference without a record: before, it is refused; behind, nobody answers.
    fn same_crash(&self, passed: &Passed, injection: Injection) -> Repeats {
        let (before, by) = self.last.get(&key(passed, injection))?;
        let takes_up = passed.point.hook == Hook::Receive && passed.point.when == When::After;
        let same = *before == (passed.at, passed.records) && !takes_up;
        same.then_some((PruneReason::SameState, Some(*by)))
    }

    /// A cut lasts until everything heals. As long as nothing has arrived between the two ends it
    /// makes no difference since when: what is under way is lost with the later one, too.
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
/// state as at its last point at rest, whatever polls and timers went by.
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

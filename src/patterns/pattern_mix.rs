//! Several patterns in one run: each operation is carried out by the pattern that was chosen for
//! its kind, which may change at a given time.
//!
//! The pattern of an operation is decided when the operation arrives and never changes: what began
//! under the old pattern ends under it, however late, and a client that asks again is answered by
//! the same one. Patterns share the driver nodes that have the same name in all of them, such as
//! the broker's, and beyond that nothing but the services and their stores.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use serde_json::Value;

use super::pattern::{Demand, Prepared};
use super::share::Share;
use super::{isolation, promise};
use crate::kernel::{NodeId, Span, Time};
use crate::model::contract::{Allowance, Budget, Driver, Promises, Waits, WaitsFor};
use crate::model::path::Paths;
use crate::model::process::ProcessCtx;
use crate::model::protocol::{Execution, Protocol};
use crate::model::reason::Reason;
use crate::model::record::OpId;
use crate::model::registry::Choice;
use crate::model::system::{Effect, OperationKind, StepSpec, System, TableId};
use crate::model::world::World;

/// A period of a run with the pattern of each kind of operation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Era {
    /// The start of the period, since the start of the run: operations that arrive from then on
    /// belong to it.
    pub from: Span,
    /// The position of the pattern, by kind of operation. A kind that is not offered in the period
    /// has the pattern that it has first or had last.
    pub patterns: Vec<usize>,
}

/// A combination of patterns, each with its share of the operations.
struct PatternMix {
    name: String,
    summary: String,
    parts: Vec<Part>,
    eras: Arc<[Era]>,
}

struct Part {
    pattern: Arc<dyn Prepared>,
    kinds: Vec<OperationKind>,
}

impl Part {
    fn share(&self) -> Share {
        Share::these(self.kinds.iter().copied())
    }

    /// The key of a setting of this part among those of the other parts.
    fn key(&self, key: &str) -> String {
        format!("{}.{key}", self.pattern.name())
    }

    /// The system with the operations of this part only.
    fn own(&self, system: &System) -> System {
        self.share().own(system)
    }

    fn steps<'s>(&self, system: &'s System) -> impl Iterator<Item = &'s StepSpec> {
        let specs: Vec<_> = self.share().of(system).collect();
        specs.into_iter().flat_map(|operation| &operation.steps)
    }
}

/// A combination of patterns for these eras, the first of which begins with the run, each later
/// than the one before. If the same pattern always carries out all operations, the result is that
/// pattern.
pub fn pattern_mix(
    patterns: &[Arc<dyn Prepared>],
    eras: Vec<Era>,
    system: &System,
) -> Arc<dyn Prepared> {
    let used: BTreeSet<usize> = eras.iter().flat_map(|era| &era.patterns).copied().collect();
    if let [only] = used.iter().copied().collect::<Vec<_>>()[..] {
        return Arc::clone(&patterns[only]);
    }
    let place = |of: usize| used.iter().position(|known| *known == of).unwrap_or_default();
    let renumbered = eras.into_iter().map(|era| {
        let patterns = era.patterns.into_iter().map(place).collect();
        Era { patterns, ..era }
    });
    let eras: Arc<[Era]> = renumbered.collect();
    let parts = used.iter().enumerate().map(|(number, at)| {
        let has = |kind: &OperationKind| {
            eras.iter().any(|era| era.patterns.get(kind.index()) == Some(&number))
        };
        Part { pattern: Arc::clone(&patterns[*at]), kinds: system.kinds().filter(has).collect() }
    });
    let parts: Vec<Part> = parts.collect();
    let names: Vec<&str> = parts.iter().map(|part| part.pattern.name()).collect();
    let name = names.join(" + ");
    let summary = eras.iter().map(|era| said(era, &names, system)).collect::<Vec<_>>().join("; ");
    Arc::new(PatternMix { name, summary, parts, eras })
}

/// The text that describes an era.
fn said(era: &Era, names: &[&str], system: &System) -> String {
    let from = match era.from {
        Span::ZERO => String::new(),
        from => format!("from {from} on "),
    };
    let at = Time::ZERO + era.from;
    let offered = || system.kinds().filter(move |kind| system.offered(*kind).contains(&at));
    let parts = names.iter().enumerate().filter_map(|(number, name)| {
        let (own, others): (Vec<OperationKind>, Vec<OperationKind>) =
            offered().partition(|kind| era.patterns[kind.index()] == number);
        let own = own.iter().map(|kind| &*system.operation(*kind).name.shown);
        let own: Vec<&str> = own.collect();
        match (own.is_empty(), others.is_empty()) {
            (true, _) => None,
            (false, true) => Some((*name).to_owned()),
            (false, false) => Some(format!("{name} for {}", own.join(", "))),
        }
    });
    from + &parts.collect::<Vec<_>>().join(", ")
}

impl PatternMix {
    /// The operations that a part carries out from the start on.
    fn own(&self, part: usize, offered: &[(OperationKind, f64)]) -> Vec<(OperationKind, f64)> {
        let patterns = &self.eras[0].patterns;
        let own = offered.iter().filter(|(kind, _)| patterns.get(kind.index()) == Some(&part));
        own.copied().collect()
    }

    /// The guarantees of all parts, each for its own operations, within a budget that is inside
    /// that of every part. A part that works on rows carries on changes of another one where both
    /// write the same cells; then no guarantee about the end of operations is possible.
    fn together(
        &self,
        system: &System,
        of: impl Fn(&dyn Prepared, &System) -> Promises,
    ) -> Promises {
        let all = self.parts.iter().map(|part| of(&*part.pattern, &part.own(system)));
        let mut together = all.reduce(meet).unwrap_or_default();
        if self.is_meddled_with(system) {
            let given_up = |name: &&str| promise::ENDS.contains(name) || *name == "at-most-once";
            together.guarantees.retain(|name| !given_up(name));
        }
        if self.is_overtaken(system) {
            together.guarantees.retain(|name| *name != "client-contract");
        }
        if isolation::is_missed(system, true) {
            together.guarantees.retain(|name| *name != "convergence");
        }
        if isolation::is_overwritten(system, true) {
            together.guarantees.retain(|name| !promise::OF_EFFECTS.contains(name));
        }
        together
    }

    /// Returns whether a step that runs after an early answer may precede the creation of its row
    /// by another part: each part orders only its own operations. What was accepted is then taken
    /// back.
    fn is_overtaken(&self, system: &System) -> bool {
        let makes = |part: &Part, table: TableId| {
            part.steps(system)
                .any(|step| step.table == table && matches!(step.effect, Effect::Insert(_)))
        };
        self.parts.iter().enumerate().any(|(at, part)| {
            let others = || self.parts.iter().enumerate().filter(move |(other, _)| *other != at);
            let answers_early =
                |kind: &&OperationKind| part.pattern.waits(**kind).steps == WaitsFor::First;
            let early = part.kinds.iter().filter(answers_early);
            let mut later = early.flat_map(|kind| system.operation(*kind).steps.iter().skip(1));
            later.any(|step| {
                !matches!(step.effect, Effect::Insert(_))
                    && others().any(|(_, other)| makes(other, step.table))
            })
        })
    }

    fn is_meddled_with(&self, system: &System) -> bool {
        self.parts.iter().enumerate().any(|(at, part)| {
            let others = || self.parts.iter().enumerate().filter(move |(other, _)| *other != at);
            let derived = part.steps(system).filter(|step| step.derive.is_some());
            part.pattern.works_on_rows()
                && derived.into_iter().any(|derived| {
                    let mut written = others().flat_map(|(_, other)| other.steps(system));
                    written.any(|step| derived.writes_where(step))
                })
        })
    }
}

/// The guarantees that both give, within the budget of both, with the longer bound.
fn meet(one: Promises, other: Promises) -> Promises {
    let guarantees =
        one.guarantees.into_iter().filter(|name| other.guarantees.contains(name)).collect();
    let within = one.within.zip(other.within).map(|(one, other)| one.max(other));
    Promises { guarantees, budget: tighter(&one.budget, &other.budget), within }
}

/// The largest budget that is inside both. One may allow more faults of a kind on certain targets,
/// and the other may have an allowance for all targets, which limits that, too.
pub(super) fn tighter(one: &Budget, other: &Budget) -> Budget {
    let parts = |budget: &Budget| budget.0.iter().filter(|it| !it.targets.is_empty()).count();
    let (finer, coarser) = if parts(one) < parts(other) { (other, one) } else { (one, other) };
    let bounded = finer.0.iter().filter_map(|allowance| {
        let of_kind = || coarser.0.iter().filter(|it| it.fault == allowance.fault);
        let alike = of_kind().find(|it| it.targets == allowance.targets);
        let bound = alike.or_else(|| of_kind().find(|it| it.targets.is_empty()))?;
        Some(Allowance {
            count: allowance.count.min(bound.count),
            longest: allowance.longest.min(bound.longest),
            ..allowance.clone()
        })
    });
    Budget(bounded.collect())
}

impl Prepared for PatternMix {
    fn name(&self) -> &str {
        &self.name
    }

    fn summary(&self) -> &str {
        &self.summary
    }

    fn settings(&self) -> Value {
        let settings = self.parts.iter().flat_map(|part| {
            let own = part.pattern.settings();
            let own = own.as_object().cloned().unwrap_or_default();
            own.into_iter().map(|(key, value)| (part.key(&key), value))
        });
        settings.collect()
    }

    fn choices(&self) -> Vec<Choice> {
        let choices = self.parts.iter().flat_map(|part| {
            let own = part.pattern.choices().into_iter();
            own.map(|choice| Choice { name: part.key(&choice.name), ..choice })
        });
        let mut choices: Vec<Choice> = choices.collect();
        choices.sort_by(|one, other| one.name.cmp(&other.name));
        choices
    }

    /// The problems of the parts: each must be able to carry out its own operations.
    fn check(&self, system: &System) -> Vec<Reason> {
        self.parts.iter().flat_map(|part| part.pattern.check(&part.own(system))).collect()
    }

    fn promises(&self, system: &System) -> Promises {
        self.together(system, |pattern, system| pattern.promises(system))
    }

    fn promises_by_default(&self, system: &System) -> Promises {
        self.together(system, |pattern, system| pattern.promises_by_default(system))
    }

    fn paths(&self, system: &System) -> Paths {
        self.parts.iter().flat_map(|part| part.pattern.paths(&part.own(system))).collect()
    }

    fn drivers(&self) -> Vec<Driver> {
        let mut drivers: Vec<Driver> = Vec::new();
        for driver in self.parts.iter().flat_map(|part| part.pattern.drivers()) {
            if !drivers.contains(&driver) {
                drivers.push(driver);
            }
        }
        drivers
    }

    fn demands(&self, system: &System, offered: &[(OperationKind, f64)]) -> Vec<Demand> {
        let of = |(at, part): (usize, &Part)| part.pattern.demands(system, &self.own(at, offered));
        self.parts.iter().enumerate().flat_map(of).collect()
    }

    fn unused(&self, system: &System) -> Vec<String> {
        let of = |part: &Part| {
            let own = part.pattern.unused(system).into_iter();
            own.map(|name| part.key(&name)).collect::<Vec<_>>()
        };
        self.parts.iter().flat_map(of).collect()
    }

    fn requests(&self, system: &System, offered: &[(OperationKind, f64)]) -> Vec<(TableId, f64)> {
        let of = |(at, part): (usize, &Part)| part.pattern.requests(system, &self.own(at, offered));
        self.parts.iter().enumerate().flat_map(of).collect()
    }

    /// The nodes that must be up under the first pattern that carries out this kind, if the pattern
    /// is switched.
    fn waits(&self, kind: OperationKind) -> Waits {
        self.parts[self.eras[0].patterns[kind.index()]].pattern.waits(kind)
    }

    fn waits_in_turn(&self, kind: OperationKind) -> Vec<(Time, Waits)> {
        let parts = self.eras.iter().map(|era| (era.from, era.patterns[kind.index()]));
        let mut turns: Vec<(Span, usize)> = parts.collect();
        turns.dedup_by_key(|(_, part)| *part);
        let waits = |part: usize| self.parts[part].pattern.waits(kind);
        turns.into_iter().map(|(from, part)| (Time::ZERO + from, waits(part))).collect()
    }

    fn at_work(&self, world: &Rc<World>) -> Rc<dyn Protocol> {
        self.beside(world, &Share::all())
    }

    fn beside(&self, world: &Rc<World>, share: &Share) -> Rc<dyn Protocol> {
        let parts = (0..).zip(&self.parts).map(|(number, part)| {
            let own = part.kinds.iter().copied().filter(|kind| share.has(*kind));
            part.pattern.beside(world, &Share::these(own).of_part(number))
        });
        Rc::new(AtWork { parts: parts.collect(), eras: Arc::clone(&self.eras) })
    }

    fn dormant(&self, system: &System) -> Span {
        self.parts.iter().map(|part| part.pattern.dormant(system)).max().unwrap_or_default()
    }

    fn works_on_rows(&self) -> bool {
        self.parts.iter().any(|part| part.pattern.works_on_rows())
    }
}

struct AtWork {
    parts: Vec<Rc<dyn Protocol>>,
    eras: Arc<[Era]>,
}

impl AtWork {
    /// The pattern of an operation: that of its kind when it arrived.
    fn part(&self, kind: OperationKind, arrived: Time) -> &Rc<dyn Protocol> {
        let begun = |era: &&Era| Time::ZERO + era.from <= arrived;
        let era = self.eras.iter().rev().find(begun).unwrap_or(&self.eras[0]);
        &self.parts[era.patterns[kind.index()]]
    }
}

impl Protocol for AtWork {
    fn entry(&self, world: &World, kind: OperationKind, op: OpId, attempt: u16) -> NodeId {
        let arrived = world.env().operation(op).arrived;
        self.part(kind, arrived).entry(world, kind, op, attempt)
    }

    fn admits(&self, here: &ProcessCtx) -> bool {
        let info = here.env().operation(here.ctx().op);
        self.part(info.kind, info.arrived).admits(here)
    }

    fn at_entry(&self, world: &World, op: OpId) -> u32 {
        let info = world.env().operation(op);
        self.part(info.kind, info.arrived).at_entry(world, op)
    }

    fn execute(self: Rc<Self>, here: ProcessCtx, op: OpId) -> Execution {
        let info = here.env().operation(op);
        Rc::clone(self.part(info.kind, info.arrived)).execute(here, op)
    }

    fn start(self: Rc<Self>, here: ProcessCtx) {
        self.parts.iter().for_each(|part| Rc::clone(part).start(here.clone()));
    }

    fn period(&self) -> Span {
        self.parts.iter().map(|part| part.period()).max().unwrap_or_default()
    }

    fn shortest_period(&self) -> Span {
        let periods = self.parts.iter().map(|part| part.shortest_period());
        periods.filter(|period| *period > Span::ZERO).min().unwrap_or_default()
    }
}

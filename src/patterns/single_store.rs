//! Operations of one store beside those that span several: each of them is one local transaction of
//! its service, whatever pattern carries out the others.
//!
//! A transaction manager commits a transaction with one participant in one phase, and a workflow
//! engine is not used to write one row: a local write would otherwise depend on nodes that it does
//! not need.

use std::rc::Rc;
use std::sync::Arc;

use serde_json::Value;

use super::local_transaction::{LocalTransaction, Settings};
use super::pattern::{self, Demand, Pattern, Prepared};
use super::pattern_mix::tighter;
use super::share::Share;
use crate::kernel::{NodeId, Span, Time};
use crate::model::contract::{Driver, Promises, Waits};
use crate::model::path::Paths;
use crate::model::process::ProcessCtx;
use crate::model::protocol::{Execution, Protocol};
use crate::model::reason::Reason;
use crate::model::record::OpId;
use crate::model::registry::Choice;
use crate::model::system::{OperationKind, System, TableId};
use crate::model::world::World;

/// A pattern with the operations that it carries out, and those that are local transactions.
struct SingleStore {
    pattern: Arc<dyn Prepared>,
    /// The operations that touch one store.
    local: Share,
    /// The operations that `pattern` carries out.
    spanning: Share,
    summary: String,
}

/// A pattern for the operations of a system that span several stores or services, with local
/// transactions for all others.
pub fn locally(pattern: Arc<dyn Prepared>, system: &System) -> Arc<dyn Prepared> {
    let is_local = |kind: &OperationKind| system.operation(*kind).is_local(system);
    let (local, spanning): (Vec<_>, Vec<_>) = system.kinds().partition(is_local);
    if local.is_empty() || pattern.name() == LocalTransaction::NAME {
        return pattern;
    }
    let name = |kind: &OperationKind| &*system.operation(*kind).name.shown;
    let names = local.iter().map(name).collect::<Vec<_>>().join(", ");
    let summary = format!("{}; of one store, and so local: {names}", pattern.summary());
    let (local, spanning) = (Share::these(local), Share::these(spanning));
    Arc::new(SingleStore { pattern, local, spanning, summary })
}

impl SingleStore {
    /// The rates of the operations that span several stores.
    fn spanning_of(&self, offered: &[(OperationKind, f64)]) -> Vec<(OperationKind, f64)> {
        offered.iter().filter(|(kind, _)| self.spanning.has(*kind)).copied().collect()
    }

    /// The promises of the pattern, on the whole system: a local transaction keeps at least as
    /// much. Faults that the local transaction does not tolerate are outside the common budget.
    fn together(&self, promises: Promises, system: &System) -> Promises {
        let local = LocalTransaction::promises(&Settings {}, &self.local.own(system));
        let within = promises.within.map(|within| within.max(local.within.unwrap_or_default()));
        let budget = tighter(&promises.budget, &local.budget);
        Promises { budget, within, ..promises }
    }
}

impl Prepared for SingleStore {
    fn name(&self) -> &str {
        self.pattern.name()
    }

    fn summary(&self) -> &str {
        &self.summary
    }

    fn settings(&self) -> Value {
        self.pattern.settings()
    }

    fn choices(&self) -> Vec<Choice> {
        self.pattern.choices()
    }

    fn check(&self, system: &System) -> Vec<Reason> {
        self.pattern.check(&self.spanning.own(system))
    }

    fn promises(&self, system: &System) -> Promises {
        self.together(self.pattern.promises(system), system)
    }

    fn promises_by_default(&self, system: &System) -> Promises {
        self.together(self.pattern.promises_by_default(system), system)
    }

    fn paths(&self, system: &System) -> Paths {
        self.pattern.paths(&self.spanning.own(system))
    }

    fn demands(&self, system: &System, offered: &[(OperationKind, f64)]) -> Vec<Demand> {
        self.pattern.demands(system, &self.spanning_of(offered))
    }

    fn unused(&self, system: &System) -> Vec<String> {
        self.pattern.unused(system)
    }

    fn requests(&self, system: &System, offered: &[(OperationKind, f64)]) -> Vec<(TableId, f64)> {
        self.pattern.requests(system, &self.spanning_of(offered))
    }

    fn dormant(&self, system: &System) -> Span {
        self.pattern.dormant(&self.spanning.own(system))
    }

    fn drivers(&self) -> Vec<Driver> {
        self.pattern.drivers()
    }

    fn waits(&self, kind: OperationKind) -> Waits {
        match self.local.has(kind) {
            true => LocalTransaction::waits(&Settings {}),
            false => self.pattern.waits(kind),
        }
    }

    fn waits_in_turn(&self, kind: OperationKind) -> Vec<(Time, Waits)> {
        match self.local.has(kind) {
            true => vec![(Time::ZERO, self.waits(kind))],
            false => self.pattern.waits_in_turn(kind),
        }
    }

    fn at_work(&self, world: &Rc<World>) -> Rc<dyn Protocol> {
        self.beside(world, &Share::all())
    }

    fn beside(&self, world: &Rc<World>, share: &Share) -> Rc<dyn Protocol> {
        Rc::new(AtWork {
            pattern: self.pattern.beside(world, &self.spanning.and(share)),
            transaction: pattern::at_work(Rc::new(LocalTransaction)),
            local: self.local.clone(),
        })
    }

    fn works_on_rows(&self) -> bool {
        self.pattern.works_on_rows()
    }
}

struct AtWork {
    pattern: Rc<dyn Protocol>,
    transaction: Rc<dyn Protocol>,
    local: Share,
}

impl AtWork {
    fn of(&self, kind: OperationKind) -> &Rc<dyn Protocol> {
        if self.local.has(kind) { &self.transaction } else { &self.pattern }
    }
}

impl Protocol for AtWork {
    fn entry(&self, world: &World, kind: OperationKind, op: OpId, attempt: u16) -> NodeId {
        self.of(kind).entry(world, kind, op, attempt)
    }

    fn at_entry(&self, world: &World, op: OpId) -> u32 {
        self.of(world.env().operation(op).kind).at_entry(world, op)
    }

    fn admits(&self, here: &ProcessCtx) -> bool {
        self.of(here.env().operation(here.ctx().op).kind).admits(here)
    }

    fn execute(self: Rc<Self>, here: ProcessCtx, op: OpId) -> Execution {
        let kind = here.env().operation(op).kind;
        Rc::clone(self.of(kind)).execute(here, op)
    }

    fn start(self: Rc<Self>, here: ProcessCtx) {
        Rc::clone(&self.pattern).start(here);
    }

    fn period(&self) -> Span {
        self.pattern.period()
    }

    fn shortest_period(&self) -> Span {
        self.pattern.shortest_period()
    }
}

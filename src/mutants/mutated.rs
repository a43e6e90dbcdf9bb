//! A pattern that is mutated from outside: it keeps its name, its settings and its promises, and
//! works differently.

use std::rc::Rc;
use std::sync::Arc;

use serde_json::Value;

use crate::kernel::{NodeId, Span};
use crate::model::contract::{Driver, Promises, Waits};
use crate::model::lapse::Lapse;
use crate::model::path::Paths;
use crate::model::point::{Action, Hook, Point, Watcher, When};
use crate::model::process::ProcessCtx;
use crate::model::protocol::{Execution, Protocol};
use crate::model::reason::Reason;
use crate::model::record::{LabelId, OpId};
use crate::model::registry::Choice;
use crate::model::system::{OperationKind, System, TableId};
use crate::model::world::World;
use crate::patterns::pattern::{Demand, Prepared};
use crate::patterns::share::Share;

/// Puts a pattern to work in a world, for its share of the operations.
pub(super) type PutToWork = Box<dyn Fn(&Rc<World>, &Share) -> Rc<dyn Protocol> + Send + Sync>;

/// A pattern that is put to work in another way.
pub(super) struct Mutated {
    pub original: Arc<dyn Prepared>,
    pub put_to_work: PutToWork,
}

impl Prepared for Mutated {
    fn name(&self) -> &str {
        self.original.name()
    }

    fn summary(&self) -> &str {
        self.original.summary()
    }

    fn settings(&self) -> Value {
        self.original.settings()
    }

    fn choices(&self) -> Vec<Choice> {
        self.original.choices()
    }

    fn check(&self, system: &System) -> Vec<Reason> {
        self.original.check(system)
    }

    fn promises(&self, system: &System) -> Promises {
        self.original.promises(system)
    }

    fn promises_by_default(&self, system: &System) -> Promises {
        self.original.promises_by_default(system)
    }

    fn demands(&self, system: &System, offered: &[(OperationKind, f64)]) -> Vec<Demand> {
        self.original.demands(system, offered)
    }

    fn unused(&self, system: &System) -> Vec<String> {
        self.original.unused(system)
    }

    fn requests(&self, system: &System, offered: &[(OperationKind, f64)]) -> Vec<(TableId, f64)> {
        self.original.requests(system, offered)
    }

    fn paths(&self, system: &System) -> Paths {
        self.original.paths(system)
    }

    fn drivers(&self) -> Vec<Driver> {
        self.original.drivers()
    }

    fn dormant(&self, system: &System) -> Span {
        self.original.dormant(system)
    }

    fn waits(&self, kind: OperationKind) -> Waits {
        self.original.waits(kind)
    }

    fn at_work(&self, world: &Rc<World>) -> Rc<dyn Protocol> {
        self.beside(world, &Share::all())
    }

    fn beside(&self, world: &Rc<World>, share: &Share) -> Rc<dyn Protocol> {
        (self.put_to_work)(world, share)
    }

    fn works_on_rows(&self) -> bool {
        self.original.works_on_rows()
    }
}

/// A pattern at work, of whose own nodes one starts something else than the pattern does.
pub(super) struct OtherDriver<F> {
    pub original: Rc<dyn Protocol>,
    pub driver: &'static str,
    pub start: F,
}

impl<F: Fn(ProcessCtx)> Protocol for OtherDriver<F> {
    fn entry(&self, world: &World, kind: OperationKind, op: OpId, attempt: u16) -> NodeId {
        self.original.entry(world, kind, op, attempt)
    }

    fn execute(self: Rc<Self>, here: ProcessCtx, op: OpId) -> Execution {
        Rc::clone(&self.original).execute(here, op)
    }

    fn start(self: Rc<Self>, here: ProcessCtx) {
        if here.driver() == Some(self.driver) {
            (self.start)(here);
        } else {
            Rc::clone(&self.original).start(here);
        }
    }

    fn period(&self) -> Span {
        self.original.period()
    }
}

/// A pattern on logs that answer early: forced writes with this label are answered before anything
/// is durable. The pattern knows nothing of that; the write is intercepted at its semantic point.
pub(super) fn answering_early(original: Arc<dyn Prepared>, label: &'static str) -> Mutated {
    let inner = Arc::clone(&original);
    let put_to_work: PutToWork = Box::new(move |world, share| {
        let label = world.env().label(label);
        world.env().watch(Rc::new(AnswersEarly { label }));
        inner.beside(world, share)
    });
    Mutated { original, put_to_work }
}

/// A pattern on primitives one of which has a lapse.
pub(super) fn lapsing(original: Arc<dyn Prepared>, lapse: Lapse) -> Mutated {
    let inner = Arc::clone(&original);
    let put_to_work: PutToWork = Box::new(move |world, share| {
        world.env().lapse(lapse);
        inner.beside(world, share)
    });
    Mutated { original, put_to_work }
}

struct AnswersEarly {
    label: LabelId,
}

impl Watcher for AnswersEarly {
    fn reach(&self, point: &Point) -> Action {
        let early =
            point.hook == Hook::Force && point.when == When::Before && point.label == self.label;
        if early { Action::Skip } else { Action::Go }
    }
}

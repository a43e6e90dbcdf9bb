//! Patterns some of whose forced writes are answered before anything is durable.

use std::rc::Rc;
use std::sync::Arc;

use serde_json::Value;

use crate::model::contract::{Promises, Waits};
use crate::model::point::{Action, Hook, Point, Watcher, When};
use crate::model::protocol::Protocol;
use crate::model::record::LabelId;
use crate::model::system::{OperationKind, System};
use crate::model::world::World;
use crate::patterns::pattern::Prepared;
use crate::patterns::share::Share;

/// A pattern some of whose forced writes are answered early. It knows nothing of that: the write is
/// intercepted at the semantic point before it.
pub(super) struct Weakened {
    inner: Arc<dyn Prepared>,
    label: &'static str,
}

impl Weakened {
    /// This pattern; forced writes with this label are answered early.
    pub fn new(inner: Arc<dyn Prepared>, label: &'static str) -> Self {
        Self { inner, label }
    }
}

impl Prepared for Weakened {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn summary(&self) -> &str {
        self.inner.summary()
    }

    fn defaults(&self) -> Value {
        self.inner.defaults()
    }

    fn settings(&self) -> Value {
        self.inner.settings()
    }

    fn check(&self, system: &System) -> Vec<String> {
        self.inner.check(system)
    }

    fn promises(&self, system: &System) -> Promises {
        self.inner.promises(system)
    }

    fn promises_by_default(&self, system: &System) -> Promises {
        self.inner.promises_by_default(system)
    }

    fn drivers(&self) -> Vec<&'static str> {
        self.inner.drivers()
    }

    fn waits(&self, kind: OperationKind) -> Waits {
        self.inner.waits(kind)
    }

    fn at_work(&self, world: &Rc<World>) -> Rc<dyn Protocol> {
        self.beside(world, &Share::all())
    }

    fn beside(&self, world: &Rc<World>, share: &Share) -> Rc<dyn Protocol> {
        let label = world.env().label(self.label);
        world.env().watch(Rc::new(AnswersEarly { label }));
        self.inner.beside(world, share)
    }

    fn goes_by_rows(&self) -> bool {
        self.inner.goes_by_rows()
    }
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

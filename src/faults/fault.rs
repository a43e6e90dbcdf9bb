//! The interface of a kind of fault.

use std::rc::Rc;
use std::sync::Arc;

use super::targets::Targets;
use crate::kernel::{Span, Words};
use crate::model::point::Action;
use crate::model::registry::{Configurable, Entry, Register, Registry, decode, json};
use crate::model::world::World;

pub use crate::model::registry::Settings;

/// Something that goes wrong: one type, one file, one word in the registry.
pub trait Fault: Sized + 'static {
    /// What scenarios call it, in kebab case.
    const NAME: &'static str;
    /// One line for lists.
    const SUMMARY: &'static str;
    /// Its own file (`include_str!`), whose leading `//!` lines are its manual page.
    const MANUAL: &'static str;
    /// What can be chosen about it, beside when it happens.
    type Settings: Settings;

    /// What it strikes: names of services, databases, `broker`, or roles such as `role:driver`.
    fn targets(settings: &Self::Settings) -> Vec<String>;

    /// Strikes, and says how the world is healed of it.
    fn strike(settings: &Self::Settings, world: &Rc<World>) -> Heal;

    /// What of the tables it is about.
    fn parts(settings: &Self::Settings) -> Vec<Part> {
        let _ = settings;
        Vec::new()
    }

    /// What makes no sense about settings that decode.
    fn check(settings: &Self::Settings) -> Vec<String> {
        let _ = settings;
        Vec::new()
    }

    /// The stages of a fault that comes over its target in several: each as a fault of its own that
    /// lasts as long, and how long after the first it begins.
    fn stages(settings: &Self::Settings, world: &World) -> Vec<(Span, Self::Settings)> {
        let _ = world;
        vec![(Span::ZERO, settings.clone())]
    }

    /// How many outages in a row it comes to, for the budget; `nodes` says for how many a name
    /// stands.
    fn outages(settings: &Self::Settings, nodes: &dyn Fn(&str) -> u32) -> u32 {
        let _ = (settings, nodes);
        1
    }

    /// What becomes of the message at whose point it is triggered.
    fn action(settings: &Self::Settings) -> Action {
        let _ = settings;
        Action::Go
    }

    /// Random settings for something among the targets; `None` if it has nothing that this can
    /// strike.
    fn draw(targets: &Targets, words: &mut dyn Words) -> Option<Self::Settings> {
        let _ = (targets, words);
        None
    }

    /// Settings that do less, or the same more plainly; the plainest first.
    fn simpler(settings: &Self::Settings) -> Vec<Self::Settings> {
        let _ = settings;
        Vec::new()
    }
}

/// A part of a table that settings name: whether there is such a one, a scenario says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Part {
    /// A column of a table.
    Column {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// A copy of a table, which not every layout has.
    Copy {
        /// The table.
        table: String,
        /// The service that keeps it; any, if it is not said.
        reader: Option<String>,
    },
}

/// Heals the world of one fault.
pub type Heal = Box<dyn FnOnce()>;

/// A kind of fault with its settings, ready to strike.
pub trait PreparedFault: Send + Sync {
    /// The name of its kind.
    fn name(&self) -> &'static str;
    /// Its settings, defaults included.
    fn settings(&self) -> serde_json::Value;
    /// What it strikes, by name.
    fn targets(&self) -> Vec<String>;
    /// Strikes, and says how the world is healed of it.
    fn strike(&self, world: &Rc<World>) -> Heal;
    /// What of the tables it is about, by name.
    fn parts(&self) -> Vec<Part>;
    /// What makes no sense about its settings.
    fn check(&self) -> Vec<String>;
    /// The stages in which it comes, and how long after the first each begins.
    fn stages(&self, world: &World) -> Vec<(Span, Arc<dyn PreparedFault>)>;
    /// How many outages in a row it comes to; `nodes` says for how many a name stands.
    fn outages(&self, nodes: &dyn Fn(&str) -> u32) -> u32;
    /// What becomes of the message at whose point it is triggered.
    fn action(&self) -> Action;
    /// One of the same kind with random settings; `None` if there is nothing that it can strike.
    fn draw(&self, targets: &Targets, words: &mut dyn Words) -> Option<Arc<dyn PreparedFault>>;
    /// Those of the same kind that do less, or the same more plainly; the plainest first.
    fn simpler(&self) -> Vec<Arc<dyn PreparedFault>>;
}

struct With<F: Fault>(F::Settings);

impl<F: Fault> PreparedFault for With<F> {
    fn name(&self) -> &'static str {
        F::NAME
    }

    fn settings(&self) -> serde_json::Value {
        json(&self.0)
    }

    fn targets(&self) -> Vec<String> {
        F::targets(&self.0)
    }

    fn strike(&self, world: &Rc<World>) -> Heal {
        F::strike(&self.0, world)
    }

    fn parts(&self) -> Vec<Part> {
        F::parts(&self.0)
    }

    fn check(&self) -> Vec<String> {
        F::check(&self.0)
    }

    fn stages(&self, world: &World) -> Vec<(Span, Arc<dyn PreparedFault>)> {
        let stages = F::stages(&self.0, world).into_iter();
        stages.map(|(after, settings)| (after, Arc::new(Self(settings)) as _)).collect()
    }

    fn outages(&self, nodes: &dyn Fn(&str) -> u32) -> u32 {
        F::outages(&self.0, nodes)
    }

    fn action(&self) -> Action {
        F::action(&self.0)
    }

    fn draw(&self, targets: &Targets, words: &mut dyn Words) -> Option<Arc<dyn PreparedFault>> {
        Some(Arc::new(Self(F::draw(targets, words)?)))
    }

    fn simpler(&self) -> Vec<Arc<dyn PreparedFault>> {
        let simpler = F::simpler(&self.0).into_iter();
        simpler.map(|settings| Arc::new(Self(settings)) as Arc<dyn PreparedFault>).collect()
    }
}

impl<F: Fault> Register<Configurable<dyn PreparedFault>> for F {
    fn entry() -> FaultEntry {
        Entry {
            name: F::NAME,
            summary: F::SUMMARY,
            manual: F::MANUAL,
            kind: Configurable::new::<F::Settings>(
                |tree| Ok(Arc::new(With::<F>(decode(tree)?))),
                || Arc::new(With::<F>(F::Settings::default())),
            ),
        }
    }
}

/// A registered kind of fault.
pub type FaultEntry = Entry<Configurable<dyn PreparedFault>>;

/// The kinds of fault that a scenario may name.
pub type Faults = Registry<Configurable<dyn PreparedFault>>;

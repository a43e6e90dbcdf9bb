//! The interface of a kind of fault.

use std::rc::Rc;
use std::sync::Arc;

use rand::Rng;

use super::reach::Reach;
use super::target::Site;
use super::targets::Targets;
use crate::kernel::Span;
use crate::model::point::Action;
use crate::model::reason::Reason;
use crate::model::registry::{Configurable, Entry, Register, Registry, decode};
use crate::model::world::World;

pub use crate::model::registry::Settings;

/// A kind of fault: one type, one file, one line in the registry.
pub trait Fault: Sized + 'static {
    /// The name in scenarios, in kebab case.
    const NAME: &'static str;
    /// One line for lists.
    const SUMMARY: &'static str;
    /// Its own file (`include_str!`), whose leading `//!` lines are its manual page.
    const MANUAL: &'static str;
    /// The settings of the fault, beside its time.
    type Settings: FaultSettings;

    /// Injects the fault, and returns the closure that heals it. A fault of one message does
    /// nothing here: it has only an [`action`](Fault::action).
    fn strike(settings: &Self::Settings, world: &Rc<World>) -> Heal {
        let _ = (settings, world);
        Box::new(|| ())
    }

    /// The action on the message whose point triggers the fault.
    fn action(settings: &Self::Settings) -> Action {
        let _ = settings;
        Action::Go
    }

    /// The stages of a fault that affects its target step by step: each is a fault of its own that
    /// lasts as long, with the delay after the first at which it begins.
    fn stages(settings: &Self::Settings, world: &World) -> Vec<(Span, Self::Settings)> {
        let _ = world;
        vec![(Span::ZERO, settings.clone())]
    }

    /// The number of successive outages that the fault causes, for the budget.
    fn outages(settings: &Self::Settings, site: &Site<'_>) -> u32 {
        let _ = (settings, site);
        1
    }
}

/// The settings of a kind of fault, and what follows from them before it is injected. Kinds with
/// the same settings share one type.
pub trait FaultSettings: Settings {
    /// The nodes, links, load or message that a fault with these settings reaches.
    fn reach(&self) -> Reach;

    /// The parts of tables that the fault refers to.
    fn parts(&self) -> Vec<Part> {
        Vec::new()
    }

    /// The settings that do not belong to the reach, in a few words each: `share 0.5`.
    fn details(&self) -> Vec<String> {
        Vec::new()
    }

    /// The setting with the period at which the fault repeats something while it lasts, if it does.
    fn recurs(&self) -> Option<(&'static str, Span)> {
        None
    }

    /// The target whose load the fault multiplies, and the factor, if it does.
    fn surge(&self) -> Option<(&str, f64)> {
        None
    }

    /// The problems of settings that decode and are not valid.
    fn check(&self) -> Vec<Reason> {
        Vec::new()
    }

    /// Draws random settings for one of the targets; `None` if the fault can affect none of them.
    fn draw(targets: &Targets, rng: &mut dyn Rng) -> Option<Self> {
        let _ = (targets, rng);
        None
    }

    /// Settings of milder or simpler faults, the simplest first.
    fn simpler(&self) -> Vec<Self> {
        Vec::new()
    }
}

/// A part of a table that settings name; only a scenario knows whether it exists.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Part {
    /// A column of a table.
    Column {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// A copy of a table, which exists only in some layouts.
    Copy {
        /// The table.
        table: String,
        /// The service that keeps it; any, if there is none.
        reader: Option<String>,
    },
}

/// The closure that heals one fault.
pub type Heal = Box<dyn FnOnce()>;

/// A kind of fault with its settings, ready to be injected.
pub trait PreparedFault: Send + Sync {
    /// The name of its kind.
    fn name(&self) -> &'static str;
    /// Its settings, defaults included, as a scenario writes them.
    fn settings(&self) -> toml::Table;
    /// The nodes, links, load or message that it reaches.
    fn reach(&self) -> Reach;
    /// The parts of tables that it refers to.
    fn parts(&self) -> Vec<Part>;
    /// Its settings that do not belong to the reach, in a few words each.
    fn details(&self) -> Vec<String>;
    /// The setting with the period at which it repeats something while it lasts, if it does.
    fn recurs(&self) -> Option<(&'static str, Span)>;
    /// The target whose load it multiplies, and the factor, if it does.
    fn surge(&self) -> Option<(&str, f64)>;
    /// The problems of its settings.
    fn check(&self) -> Vec<Reason>;
    /// Injects the fault, and returns the closure that heals it.
    fn strike(&self, world: &Rc<World>) -> Heal;
    /// The action on the message whose point triggers it.
    fn action(&self) -> Action;
    /// Its stages, with the delay after the first at which each begins.
    fn stages(&self, world: &World) -> Vec<(Span, Arc<dyn PreparedFault>)>;
    /// The number of successive outages that it causes.
    fn outages(&self, site: &Site<'_>) -> u32;
    /// Draws a fault of this kind with random settings; `None` if it can affect none of the
    /// targets.
    fn draw(&self, targets: &Targets, rng: &mut dyn Rng) -> Option<Arc<dyn PreparedFault>>;
    /// Milder or simpler faults of this kind, the simplest first.
    fn simpler(&self) -> Vec<Arc<dyn PreparedFault>>;
}

struct With<F: Fault>(F::Settings);

impl<F: Fault> PreparedFault for With<F> {
    fn name(&self) -> &'static str {
        F::NAME
    }

    fn settings(&self) -> toml::Table {
        toml::Table::try_from(&self.0).unwrap_or_default()
    }

    fn reach(&self) -> Reach {
        self.0.reach()
    }

    fn parts(&self) -> Vec<Part> {
        self.0.parts()
    }

    fn details(&self) -> Vec<String> {
        self.0.details()
    }

    fn recurs(&self) -> Option<(&'static str, Span)> {
        self.0.recurs()
    }

    fn surge(&self) -> Option<(&str, f64)> {
        self.0.surge()
    }

    fn check(&self) -> Vec<Reason> {
        self.0.reach().check().into_iter().chain(self.0.check()).collect()
    }

    fn strike(&self, world: &Rc<World>) -> Heal {
        F::strike(&self.0, world)
    }

    fn action(&self) -> Action {
        F::action(&self.0)
    }

    fn stages(&self, world: &World) -> Vec<(Span, Arc<dyn PreparedFault>)> {
        let stages = F::stages(&self.0, world).into_iter();
        stages.map(|(after, settings)| (after, Arc::new(Self(settings)) as _)).collect()
    }

    fn outages(&self, site: &Site<'_>) -> u32 {
        F::outages(&self.0, site)
    }

    fn draw(&self, targets: &Targets, rng: &mut dyn Rng) -> Option<Arc<dyn PreparedFault>> {
        Some(Arc::new(Self(F::Settings::draw(targets, rng)?)))
    }

    fn simpler(&self) -> Vec<Arc<dyn PreparedFault>> {
        let simpler = self.0.simpler().into_iter();
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

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

/// Something that goes wrong: one type, one file, one word in the registry.
pub trait Fault: Sized + 'static {
    /// The name that scenarios call it by, in kebab case.
    const NAME: &'static str;
    /// One line for lists.
    const SUMMARY: &'static str;
    /// Its own file (`include_str!`), whose leading `//!` lines are its manual page.
    const MANUAL: &'static str;
    /// The choices that a scenario has about it, beside when it happens.
    type Settings: FaultSettings;

    /// Strikes, and returns how the world is healed of it. A fault of one message does nothing
    /// here: its [`action`](Fault::action) is all.
    fn strike(settings: &Self::Settings, world: &Rc<World>) -> Heal {
        let _ = (settings, world);
        Box::new(|| ())
    }

    /// The fate of the message at whose point it is triggered.
    fn action(settings: &Self::Settings) -> Action {
        let _ = settings;
        Action::Go
    }

    /// The stages of a fault that comes over its target in several: each as a fault of its own that
    /// lasts as long, and how long after the first it begins.
    fn stages(settings: &Self::Settings, world: &World) -> Vec<(Span, Self::Settings)> {
        let _ = world;
        vec![(Span::ZERO, settings.clone())]
    }

    /// The number of outages in a row that it comes to, for the budget.
    fn outages(settings: &Self::Settings, site: &Site<'_>) -> u32 {
        let _ = (settings, site);
        1
    }
}

/// The choices about a kind of fault, and what follows from them before it strikes. Kinds about
/// which the same is chosen share one type.
pub trait FaultSettings: Settings {
    /// The nodes, links, load or message that a fault with these settings reaches.
    fn reach(&self) -> Reach;

    /// The parts of tables that it is about.
    fn parts(&self) -> Vec<Part> {
        Vec::new()
    }

    /// The settings beside those that say what it reaches, in a few words each: `share 0.5`.
    fn details(&self) -> Vec<String> {
        Vec::new()
    }

    /// The setting that says how often it does something as long as it lasts, if it does.
    fn recurs(&self) -> Option<(&'static str, Span)> {
        None
    }

    /// The target whose operations it makes more of, and how many times as many, if it does.
    fn surge(&self) -> Option<(&str, f64)> {
        None
    }

    /// The problems of settings that decode and make no sense.
    fn check(&self) -> Vec<Reason> {
        Vec::new()
    }

    /// Random settings for something among the targets; `None` if there is nothing that this can
    /// strike.
    fn draw(targets: &Targets, rng: &mut dyn Rng) -> Option<Self> {
        let _ = (targets, rng);
        None
    }

    /// Settings that do less, or the same more plainly; the plainest first.
    fn simpler(&self) -> Vec<Self> {
        Vec::new()
    }
}

/// A part of a table that settings name: only a scenario knows whether it is there.
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
    /// Its settings, defaults included, as a scenario writes them.
    fn settings(&self) -> toml::Table;
    /// The nodes, links, load or message that it reaches.
    fn reach(&self) -> Reach;
    /// The parts of tables that it is about.
    fn parts(&self) -> Vec<Part>;
    /// Its settings beside those that say what it reaches, in a few words each.
    fn details(&self) -> Vec<String>;
    /// The setting that says how often it does something as long as it lasts, if it does.
    fn recurs(&self) -> Option<(&'static str, Span)>;
    /// The target whose operations it makes more of, and how many times as many, if it does.
    fn surge(&self) -> Option<(&str, f64)>;
    /// The problems of its settings.
    fn check(&self) -> Vec<Reason>;
    /// Strikes, and returns how the world is healed of it.
    fn strike(&self, world: &Rc<World>) -> Heal;
    /// The fate of the message at whose point it is triggered.
    fn action(&self) -> Action;
    /// The stages in which it comes, and how long after the first each begins.
    fn stages(&self, world: &World) -> Vec<(Span, Arc<dyn PreparedFault>)>;
    /// The number of outages in a row that it comes to.
    fn outages(&self, site: &Site<'_>) -> u32;
    /// One of the same kind with random settings; `None` if there is nothing that it can strike.
    fn draw(&self, targets: &Targets, rng: &mut dyn Rng) -> Option<Arc<dyn PreparedFault>>;
    /// Those of the same kind that do less, or the same more plainly; the plainest first.
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

//! What a fault is to the rest of driftlab, and the list of the kinds that exist.

use std::rc::Rc;
use std::sync::Arc;

use super::targets::Targets;
use crate::kernel::{Span, Words};
use crate::model::point::Action;
use crate::model::registry::{Entry, Registry, decode, json};
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

/// A registered kind of fault.
pub type FaultEntry = Entry<dyn PreparedFault>;

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

/// The kinds of fault that a scenario may name.
#[derive(Default)]
pub struct Faults(Registry<dyn PreparedFault>);

impl Faults {
    /// The kinds that driftlab brings.
    pub fn builtin() -> Self {
        Self::default()
            .with::<super::crash::Crash>()
            .with::<super::pause::Pause>()
            .with::<super::slow_down::SlowDown>()
            .with::<super::clock_offset::ClockOffset>()
            .with::<super::clock_drift::ClockDrift>()
            .with::<super::clock_jump::ClockJump>()
            .with::<super::partition::Partition>()
            .with::<super::flapping::Flapping>()
            .with::<super::delay::Delay>()
            .with::<super::bandwidth::Bandwidth>()
            .with::<super::reordering::Reordering>()
            .with::<super::loss::Loss>()
            .with::<super::corruption::Corruption>()
            .with::<super::duplication::Duplication>()
            .with::<super::lose_message::LoseMessage>()
            .with::<super::duplicate_message::DuplicateMessage>()
            .with::<super::delay_message::DelayMessage>()
            .with::<super::disk_stall::DiskStall>()
            .with::<super::disk_full::DiskFull>()
            .with::<super::lying_force::LyingForce>()
            .with::<super::torn_tail::TornTail>()
            .with::<super::pool_exhaustion::PoolExhaustion>()
            .with::<super::deadlock_victim::DeadlockVictim>()
            .with::<super::serialization_failure::SerializationFailure>()
            .with::<super::commit_unknown::CommitUnknown>()
            .with::<super::broker_redelivery::BrokerRedelivery>()
            .with::<super::broker_rebalance::BrokerRebalance>()
            .with::<super::broker_loss::BrokerLoss>()
            .with::<super::poison_message::PoisonMessage>()
            .with::<super::job_skip::JobSkip>()
            .with::<super::job_overlap::JobOverlap>()
            .with::<super::replica_lag::ReplicaLag>()
            .with::<super::load_burst::LoadBurst>()
            .with::<super::expensive_query::ExpensiveQuery>()
            .with::<super::deployment::Deployment>()
            .with::<super::schema_change::SchemaChange>()
            .with::<super::random::Random>()
    }

    /// These and one more.
    pub fn with<F: Fault>(self) -> Self {
        Self(self.0.with_entry(Entry::new::<F::Settings>(
            (F::NAME, F::SUMMARY, F::MANUAL),
            |tree| Ok(Arc::new(With::<F>(decode(tree)?))),
            || Arc::new(With::<F>(F::Settings::default())),
        )))
    }

    /// The kind with this name.
    pub fn find(&self, name: &str) -> Option<&FaultEntry> {
        self.0.find(name)
    }

    /// All names, in order.
    pub fn names(&self) -> Vec<&'static str> {
        self.0.names()
    }

    /// All kinds, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, FaultEntry> {
        self.0.iter()
    }
}

//! The common part of faults of databases, brokers and jobs: a local fault at some places while it
//! lasts, and the choice of random ones.

use std::rc::Rc;

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fault::{FaultSettings, Heal};
use super::grid::{SHARES, below, check_range, draw};
use super::reach::Reach;
use super::target::{ROLE, databases, nodes};
use super::targets::Targets;
use crate::model::contract::role;
use crate::model::local_fault::LocalFault;
use crate::model::point::Action;
use crate::model::reason::Reason;
use crate::model::world::World;

/// Settings of a fault that affects a share of the transactions of a database.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DatabaseShare {
    /// The database.
    target: String,
    /// Share that is affected while the fault lasts, 0 to 1; without it, only the transaction whose
    /// point triggers the fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    share: Option<f64>,
}

impl DatabaseShare {
    /// Injects a local fault at the database.
    pub fn strike(&self, world: &Rc<World>, fault: LocalFault) -> Heal {
        let specs = &world.env().system().databases;
        let databases = databases(world, &self.target).into_iter();
        let places = databases.map(|database| specs[database.id().index()].name.stream);
        local_fault(world, fault, places, Dose::share(self.share))
    }

    /// The action on the transaction that triggers the fault, if there is no share.
    pub const fn action(&self, of_one: Action) -> Action {
        if self.share.is_none() { of_one } else { Action::Go }
    }
}

impl FaultSettings for DatabaseShare {
    fn reach(&self) -> Reach {
        Reach::node(&self.target)
    }

    fn details(&self) -> Vec<String> {
        share_in_words(self.share)
    }

    fn check(&self) -> Vec<Reason> {
        check_share(self.share)
    }

    fn draw(targets: &Targets, rng: &mut dyn Rng) -> Option<Self> {
        let target = Targets::pick(&targets.databases, rng)?;
        Some(Self { target, share: Some(draw(&SHARES, rng)) })
    }

    fn simpler(&self) -> Vec<Self> {
        smaller(self.share).map(|share| Self { share: Some(share), ..self.clone() }).collect()
    }
}

/// The broker by the name of its node.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct Broker(String);

impl Default for Broker {
    fn default() -> Self {
        Self(role::BROKER.into())
    }
}

impl Broker {
    /// The broker of a variant, if it has one.
    pub fn draw(targets: &Targets) -> Option<Self> {
        targets.playing(role::BROKER).map(Self)
    }

    /// The node of the broker.
    pub fn reach(&self) -> Reach {
        Reach::node(&self.0)
    }

    /// Injects a local fault at the broker.
    pub fn strike(&self, world: &Rc<World>, fault: LocalFault, dose: Dose) -> Heal {
        at_nodes(world, &self.0, fault, dose)
    }
}

/// Settings of a fault of the synchronization job.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct JobSettings {
    /// The job's node or role.
    target: String,
}

impl Default for JobSettings {
    fn default() -> Self {
        Self { target: format!("{ROLE}{}", role::JOB) }
    }
}

impl JobSettings {
    /// Injects a local fault that affects every run of the job.
    pub fn strike(&self, world: &Rc<World>, fault: LocalFault) -> Heal {
        at_nodes(world, &self.target, fault, Dose::ALL)
    }
}

impl FaultSettings for JobSettings {
    fn reach(&self) -> Reach {
        Reach::node(&self.target)
    }

    fn draw(targets: &Targets, _: &mut dyn Rng) -> Option<Self> {
        Some(Self { target: targets.playing(role::JOB)? })
    }
}

/// The share and the number of events that a local fault affects.
#[derive(Clone, Copy)]
pub struct Dose {
    /// The share, 0 to 1; without one only a trigger selects an event.
    pub share: Option<f64>,
    /// The most events at each place.
    pub most: u64,
}

impl Dose {
    /// All events.
    pub const ALL: Self = Self::share(Some(1.0));

    /// A share of the events.
    pub const fn share(share: Option<f64>) -> Self {
        Self { share, most: u64::MAX }
    }
}

/// Injects a local fault at the nodes of a name.
fn at_nodes(world: &Rc<World>, name: &str, fault: LocalFault, dose: Dose) -> Heal {
    let places = nodes(world, name).into_iter().map(|node| world.name(node).stream);
    local_fault(world, fault, places, dose)
}

/// Injects a local fault at these places, which are given by their stream names.
fn local_fault(
    world: &Rc<World>,
    fault: LocalFault,
    places: impl Iterator<Item = u64>,
    Dose { share, most }: Dose,
) -> Heal {
    let Some(share) = share else { return Box::new(|| ()) };
    let begun: Vec<_> =
        places.map(|place| world.env().local_fault(fault, place, share, most)).collect();
    let world = Rc::clone(world);
    Box::new(move || begun.into_iter().for_each(|id| world.env().end_local_fault(id)))
}

/// Checks a share that may be absent.
pub fn check_share(share: Option<f64>) -> Vec<Reason> {
    check_range("share", share.unwrap_or(0.0), 0.0, 1.0)
}

/// The text of a share that may be absent.
pub fn share_in_words(share: Option<f64>) -> Vec<String> {
    share.into_iter().map(|share| format!("share {share}")).collect()
}

/// Smaller shares, if there is a share.
pub fn smaller(share: Option<f64>) -> impl Iterator<Item = f64> {
    share.into_iter().flat_map(|share| below(&SHARES, share))
}

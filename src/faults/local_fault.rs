//! The shared part of faults of databases, brokers and jobs: a local fault at some places, as long
//! as it lasts, and how random ones are chosen.

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

/// Settings of a fault that a share of the transactions of a database meets with.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DatabaseShare {
    /// The database.
    target: String,
    /// Which share is struck while the fault lasts, 0 to 1; if it is left out, only the one whose
    /// point triggers it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    share: Option<f64>,
}

impl DatabaseShare {
    /// The share of what happens at the database meets with a trouble.
    pub fn strike(&self, world: &Rc<World>, fault: LocalFault) -> Heal {
        let specs = &world.env().system().databases;
        let databases = databases(world, &self.target).into_iter();
        let places = databases.map(|database| specs[database.id().index()].name.stream);
        local_fault(world, fault, places, Dose::share(self.share))
    }

    /// The fate of the one that triggers it, where no share is struck.
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
    /// The one of a variant, if it has one.
    pub fn draw(targets: &Targets) -> Option<Self> {
        targets.playing(role::BROKER).map(Self)
    }

    /// Its node.
    pub fn reach(&self) -> Reach {
        Reach::node(&self.0)
    }

    /// Some of what it does meets with a trouble.
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
    /// Every run of the job meets with a trouble.
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

/// How much of what happens at a place meets with a trouble.
#[derive(Clone, Copy)]
pub struct Dose {
    /// The share, 0 to 1; without one it is left to a trigger to say what does.
    pub share: Option<f64>,
    /// How many times at each place, at most.
    pub most: u64,
}

impl Dose {
    /// Everything.
    pub const ALL: Self = Self::share(Some(1.0));

    /// A share.
    pub const fn share(share: Option<f64>) -> Self {
        Self { share, most: u64::MAX }
    }
}

/// Something that happens at the nodes of a name meets with a trouble.
fn at_nodes(world: &Rc<World>, name: &str, fault: LocalFault, dose: Dose) -> Heal {
    let places = nodes(world, name).into_iter().map(|node| world.name(node).stream);
    local_fault(world, fault, places, dose)
}

/// Something that happens at these places, given by their stream names, meets with a trouble.
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
    Box::new(move || begun.into_iter().for_each(|id| world.env().relieve(id)))
}

/// Checks a share that may be left out.
pub fn check_share(share: Option<f64>) -> Vec<Reason> {
    check_range("share", share.unwrap_or(0.0), 0.0, 1.0)
}

/// A share that may be left out, in words.
pub fn share_in_words(share: Option<f64>) -> Vec<String> {
    share.into_iter().map(|share| format!("share {share}")).collect()
}

/// Smaller shares, if there is one.
pub fn smaller(share: Option<f64>) -> impl Iterator<Item = f64> {
    share.into_iter().flat_map(|share| below(&SHARES, share))
}

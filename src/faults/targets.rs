//! The targets of random faults: the names of one variant of a scenario.

use rand::Rng;
use rand::seq::IteratorRandom;

use crate::model::contract::Driver;
use crate::model::system::{Name, System};

/// The names of everything that faults can affect, as stream names.
#[derive(Clone, Debug)]
pub struct Targets {
    /// Instances of services, each a node.
    pub services: Vec<String>,
    /// Databases.
    pub databases: Vec<String>,
    /// Driver nodes of the pattern: coordinator, job, relay, broker ...
    pub drivers: Vec<Driver>,
    /// Zones, as targets (`zone:NAME`).
    pub zones: Vec<String>,
    /// Loads.
    pub loads: Vec<String>,
    /// Tables of which services keep copies, each with that service.
    pub copies: Vec<(String, String)>,
    /// Tables, each with one of its columns.
    pub tables: Vec<(String, String)>,
}

impl Targets {
    /// The targets of a system under a pattern that has these driver nodes.
    pub fn of(system: &System, drivers: &[Driver]) -> Self {
        let text = |name: &Name| name.stream_name.to_string();
        let instances = |service: &crate::model::system::ServiceSpec| {
            (0..service.instances).map(|number| text(&service.instance_name(number))).collect()
        };
        Self {
            services: system
                .services
                .iter()
                .flat_map(|it| -> Vec<String> { instances(it) })
                .collect(),
            databases: system.databases.iter().map(|it| text(&it.name)).collect(),
            drivers: drivers.to_vec(),
            zones: system.zones().into_iter().map(|zone| format!("zone:{zone}")).collect(),
            tables: system
                .tables
                .iter()
                .filter_map(|it| Some((text(&it.name), it.columns.first()?.name.to_string())))
                .collect(),
            copies: system
                .replicas
                .iter()
                .map(|it| (system.table(it.of), system.table(it.copy).owner))
                .map(|(of, by)| (text(&of.name), text(&system.services[by.index()].name)))
                .collect(),
            loads: system.loads.iter().map(|it| text(&it.name)).collect(),
        }
    }

    /// Every node: services, databases and drivers.
    pub fn nodes(&self) -> impl Iterator<Item = &str> {
        let databases = self.databases.iter().map(String::as_str);
        self.instances().chain(databases).chain(self.driver_names())
    }

    /// Every node that exchanges messages with others: services and drivers.
    pub fn speakers(&self) -> impl Iterator<Item = &str> {
        self.instances().chain(self.driver_names())
    }

    /// The services that have one instance, which therefore has their name.
    pub fn single_services(&self) -> impl Iterator<Item = &str> {
        self.instances().filter(|name| !name.contains('#'))
    }

    /// One node, or all of a zone, as the target of a fault of machines.
    pub fn machines(&self, rng: &mut dyn Rng) -> Option<String> {
        Self::pick(self.nodes().chain(self.zones.iter().map(String::as_str)), rng)
    }

    /// A node that keeps a log: a database or a driver.
    pub fn log_holders(&self, rng: &mut dyn Rng) -> Option<String> {
        let databases = self.databases.iter().map(String::as_str);
        Self::pick(databases.chain(self.driver_names()), rng)
    }

    /// The first driver with a role, if the pattern has one.
    pub fn playing(&self, role: &str) -> Option<String> {
        let mut playing = self.drivers.iter().filter(|driver| driver.role == role);
        playing.next().map(|driver| driver.name.to_owned())
    }

    /// Draws one of several names, each equally likely.
    pub fn pick<N: AsRef<str>>(
        names: impl IntoIterator<Item = N>,
        rng: &mut dyn Rng,
    ) -> Option<String> {
        names.into_iter().choose_stable(rng).map(|name| name.as_ref().to_owned())
    }

    fn instances(&self) -> impl Iterator<Item = &str> {
        self.services.iter().map(String::as_str)
    }

    fn driver_names(&self) -> impl Iterator<Item = &str> {
        self.drivers.iter().map(|driver| driver.name)
    }
}

//! What a random fault can strike: the names of one variant of a scenario.

use crate::kernel::Words;
use crate::model::system::{Name, System};

/// The names of everything that there is to strike, as they last (stream names).
#[derive(Clone, Debug)]
pub struct Targets {
    /// Instances of services, each a node.
    pub services: Vec<String>,
    /// Databases.
    pub databases: Vec<String>,
    /// Driver nodes of the pattern: coordinator, job, relay, broker ...
    pub drivers: Vec<String>,
    /// Zones, as targets (`zone:NAME`).
    pub zones: Vec<String>,
    /// Loads.
    pub loads: Vec<String>,
    /// Tables of which services keep copies, each with the service that does.
    pub copies: Vec<(String, String)>,
    /// Tables, each with one of its columns.
    pub tables: Vec<(String, String)>,
}

impl Targets {
    /// The targets of a system under a pattern that has these driver nodes.
    pub fn of(system: &System, drivers: &[&str]) -> Self {
        let text = |name: &Name| name.lasting.to_string();
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
            drivers: drivers.iter().map(|&name| name.to_owned()).collect(),
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
    pub fn nodes(&self) -> impl Iterator<Item = &String> {
        self.services.iter().chain(&self.databases).chain(&self.drivers)
    }

    /// Every node that exchanges messages with others of its kind: services and drivers.
    pub fn speakers(&self) -> impl Iterator<Item = &String> {
        self.services.iter().chain(&self.drivers)
    }

    /// One node, or all of a zone: what a fault of machines strikes.
    pub fn machines(&self, words: &mut dyn Words) -> Option<String> {
        Self::pick(self.nodes().chain(&self.zones), words)
    }

    /// A database or a driver: whoever keeps a log.
    pub fn log_keepers(&self, words: &mut dyn Words) -> Option<String> {
        Self::pick(self.databases.iter().chain(&self.drivers), words)
    }

    /// The driver of a variant whose name contains a word, if it has one.
    pub fn driver(&self, word: &str) -> Option<String> {
        self.drivers.iter().find(|name| name.contains(word)).cloned()
    }

    /// One of several names, all alike.
    pub fn pick<'a>(
        names: impl Iterator<Item = &'a String>,
        words: &mut dyn Words,
    ) -> Option<String> {
        let names: Vec<&String> = names.collect();
        let count = names.len() as u64;
        (count > 0).then(|| names[words.below(count) as usize].clone())
    }
}

//! The capacity of driver nodes, and the names of instances.

use super::{BrokerSpec, Name, ServiceSpec, System};
use crate::kernel::Dist;
use crate::model::contract::role;

/// The capacity of the driver nodes of a role.
#[derive(Clone, Debug)]
pub struct DriverSpec {
    /// Number of nodes that share the operations (a coordinator, an orchestrator), the events and
    /// rows (a relay, a job) or the partitions (a broker).
    pub instances: u16,
    /// Steps that are processed at once, per instance.
    pub workers: u32,
    /// Requests that may wait, per instance; further ones are rejected.
    pub queue: u32,
    /// Own work for one step: a request that it receives, or a round of requests that it sends.
    pub work: Dist,
}

impl System {
    /// The capacity of the nodes of a driver with this role; none if it is unlimited.
    pub fn driver(&self, role: &str) -> Option<DriverSpec> {
        if role == role::BROKER {
            let BrokerSpec { workers, instances, ref work, .. } = self.broker;
            let (queue, work) = (u32::MAX, work.clone());
            return Some(DriverSpec { instances, workers, queue, work });
        }
        self.drivers.get(role).cloned()
    }

    /// The number of nodes of a driver with this role.
    pub fn driver_instances(&self, role: &str) -> u16 {
        self.driver(role).map_or(1, |spec| spec.instances)
    }
}

impl Name {
    /// The name of one instance: its own for the first, `name#2` for the second.
    #[must_use]
    pub fn instance(&self, number: u16) -> Self {
        if number == 0 {
            return self.clone();
        }
        let suffix = number + 1;
        let stream = self.stream ^ u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Self {
            shown: format!("{}#{suffix}", self.shown).into(),
            stream_name: format!("{}#{suffix}", self.stream_name).into(),
            stream,
        }
    }
}

impl ServiceSpec {
    /// The name of one instance.
    pub fn instance_name(&self, number: u16) -> Name {
        self.name.instance(number)
    }
}

//! Seeded bugs of quorum replication, under an orchestrated saga.

use super::PutToWork;
use super::orchestrated::recovering;
use crate::model::database::versions::Rules;
use crate::model::system::QuorumSpec;
use crate::patterns::orchestrated::backward::ReverseOrder;

struct CountsItselfAsACopy;

impl Rules for CountsItselfAsACopy {
    fn acknowledgements(&self, spec: &QuorumSpec) -> usize {
        usize::from(spec.write) - 1
    }
}

/// A coordinator that waits for one copy less than W, since it has the write itself.
pub(super) fn counting_itself(settings: &toml::Table) -> PutToWork {
    let original = recovering(settings, &ReverseOrder);
    Box::new(move |world, share| {
        for quorum in &world.env().system().quorums {
            let database = world.env().system().table(quorum.of).database;
            world.database(database).versions().follow(&CountsItselfAsACopy);
        }
        original(world, share)
    })
}

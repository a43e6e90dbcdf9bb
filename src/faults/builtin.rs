//! The list of the kinds of fault that driftlab brings.

use super::fault::Faults;

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
}

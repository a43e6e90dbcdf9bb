//! The catalogue of all measures, each under the name of its constant.
//!
//! A new measure is a constant beside the fold that computes it, and a line here.

use super::Measure;

/// Lists the measures, and re-exports each under its name.
macro_rules! catalogue {
    ($($($path:ident)::+,)+) => {
        $(pub use $($path)::+;)+

        /// All measures, in the order in which reports show them.
        pub const CATALOGUE: &[&Measure] = &[$($($path)::+),+];
    };
}

catalogue! {
    super::lag::LAG,
    super::lag::HIDDEN,
    super::lag::RELAPSES,
    super::lag::PARTIAL,
    super::lag::PARTIAL_MAX,
    super::lag::AFTER_ANSWER,
    crate::checks::invariants::VIOLATION,
    crate::checks::invariants::VIOLATED,
    super::probes::RIGHT_50MS,
    super::probes::WRONG_50MS,
    super::probes::BLOCKED_50MS,
    super::probes::RIGHT_500MS,
    super::probes::WRONG_500MS,
    super::probes::BLOCKED_500MS,
    super::probes::RIGHT_5S,
    super::probes::WRONG_5S,
    super::probes::BLOCKED_5S,
    super::probes::READ_ERRORS,
    super::probes::USEFUL,
    super::probes::STALE,
    super::probes::TORN,
    super::probes::STALE_AGE,
    super::probes::VERSIONS_BEHIND,
    super::in_doubt::IN_DOUBT_EACH,
    super::in_doubt::IN_DOUBT,
    super::in_doubt::IN_DOUBT_MAX,
    super::in_doubt::BLOCKED_EACH,
    super::in_doubt::BLOCKED,
    super::in_doubt::BLOCKED_MAX,
    super::in_doubt::HEURISTIC,
    crate::checks::census::DUPLICATED,
    crate::checks::census::MIXED,
    crate::checks::census::STRANDED,
    crate::checks::census::LOST,
    crate::checks::census::PHANTOM,
    crate::checks::census::RETRACTED,
    crate::checks::census::WITHDRAWN,
    crate::checks::census::MOOT,
    crate::checks::census::COMPENSATED,
    crate::checks::census::COMMITTED,
    crate::checks::census::REFUSED,
    crate::checks::census::TOO_EARLY,
    crate::checks::census::REJECTED,
    crate::checks::census::ABORTED_CLEANLY,
    crate::checks::census::WRONG,
    super::answers::AVAILABILITY,
    super::answers::COMPARED_AVAILABILITY,
    super::answers::AVAILABILITY_OF_ALL,
    super::answers::ANSWERED_TOO_EARLY,
    super::answers::TECHNICAL_NO,
    super::answers::UNKNOWN,
    super::answers::DONE,
    super::answers::ACCEPTED,
    super::answers::ANSWERED_NO,
    super::answers::THROUGHPUT,
    super::in_flight::IN_FLIGHT,
    super::recovery::RECOVERY,
    super::cost::MESSAGES,
    super::cost::MESSAGES_COMMITTED,
    super::cost::CLIENT_MESSAGES,
    super::cost::SERVICE_MESSAGES,
    super::cost::BROKER_MESSAGES,
    super::cost::DATABASE_MESSAGES,
    super::cost::PROBE_MESSAGES,
    super::cost::FORCED_WRITES,
    super::cost::FORCED_WRITES_COMMITTED,
    super::cost::LOG_RECORDS,
    super::cost::LOG_RECORDS_COMMITTED,
    super::cost::BUSY,
    super::cost::BUSY_COMMITTED,
    super::cost::LOCKS,
    super::cost::LOCKS_COMMITTED,
    super::cost::RETRIES,
    super::cost::RETRIES_COMMITTED,
    super::counters::DELIVERIES,
    super::counters::DEAD_LETTERS,
    super::counters::OPENINGS,
    super::counters::OPEN_TIME,
    super::counters::DEADLOCKS,
    super::lock_waits::LOCK_WAITS,
    super::lock_waits::DISTRIBUTED_DEADLOCKS,
    super::counters::INTERVENTIONS,
    super::counters::ALERTS,
    super::capacity::WORKERS,
    super::capacity::WORKERS_USED,
    super::capacity::UTILISATION,
    super::capacity::BUSIEST,
    super::anomalies::LOST_UPDATES,
    super::anomalies::BLIND_WRITES,
    super::anomalies::DIRTY_READS,
    super::anomalies::OUT_OF_ORDER,
    super::anomalies::DELIVERED_AGAIN,
    super::anomalies::APPLIED_AGAIN,
    super::anomalies::ORPHANS,
    super::anomalies::ORPHAN_TIME,
    super::anomalies::OVERSELLS,
    super::contention::WAITED,
    super::contention::WAITED_SHARE,
    super::contention::SLOWDOWN,
    super::blast_radius::TOUCHED,
    super::schema_breaks::BROKEN,
    super::schema_breaks::SCHEMA_BREAKS,
    super::schema_breaks::NOTICED,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_definitions_are_sentences() {
        let ids: BTreeSet<&str> = CATALOGUE.iter().map(|measure| measure.id).collect();
        assert_eq!(ids.len(), CATALOGUE.len());
        for measure in CATALOGUE {
            assert!(measure.what.ends_with('.'), "{measure}");
            assert!(!measure.what.contains("  "), "{measure}");
        }
    }
}

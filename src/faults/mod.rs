//! The faults: what goes wrong, when, and where. One file per kind; the plan says when.

mod afflict;
mod bandwidth;
mod broker_loss;
mod broker_rebalance;
mod broker_redelivery;
pub mod budget;
mod clock_drift;
mod clock_jump;
mod clock_offset;
mod commit_unknown;
mod corruption;
mod crash;
mod deadlock_victim;
mod delay;
mod delay_message;
mod disk;
mod disk_full;
mod disk_stall;
mod duplicate_message;
mod duplication;
mod expensive_query;
mod flapping;
mod job_overlap;
mod job_skip;
mod ladder;
mod links;
mod load_burst;
mod lose_message;
mod loss;
mod lying_force;
pub mod menu;
mod offset;
mod partition;
mod pause;
pub mod plan;
mod poison_message;
mod pool_exhaustion;
pub mod registry;
mod reordering;
mod serialization_failure;
mod slow_down;
pub mod target;
mod torn_tail;
pub mod trigger;

#[cfg(test)]
mod tests;

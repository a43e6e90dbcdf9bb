//! driftlab: a deterministic lab for the data that drifts apart between services.

#![forbid(unsafe_code)]

pub mod checks;
pub mod experiment;
pub mod kernel;
pub mod model;
pub mod report;
pub mod stats;

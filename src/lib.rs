//! driftlab: a deterministic lab for the data that drifts apart between services.

#![forbid(unsafe_code)]

pub mod checks;
pub mod cli;
pub mod experiment;
pub mod faults;
pub mod kernel;
pub mod model;
pub mod patterns;
pub mod report;
pub mod scenario;
pub mod stats;

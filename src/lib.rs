//! driftlab: a deterministic lab for the data that drifts apart between services.

#![forbid(unsafe_code)]

pub mod kernel;
pub mod model;

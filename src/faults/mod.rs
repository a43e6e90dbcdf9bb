//! The faults: what goes wrong, when, and where. One file per kind; the plan says when.

mod crash;
mod delay;
mod duplication;
mod links;
mod loss;
mod partition;
pub mod plan;
pub mod registry;
pub mod target;

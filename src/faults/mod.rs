//! The faults: what goes wrong, when, and where. One file per kind; the plan says when.

pub mod budget;
mod crash;
mod delay;
mod delay_message;
mod duplicate_message;
mod duplication;
mod links;
mod lose_message;
mod loss;
pub mod menu;
mod partition;
pub mod plan;
pub mod registry;
pub mod target;
pub mod trigger;

#[cfg(test)]
mod tests;

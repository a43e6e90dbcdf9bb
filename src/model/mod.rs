//! The world: what exists in every scenario, whatever the pattern.

pub mod breaker;
pub mod broker;
pub mod call;
pub mod client;
pub mod contract;
pub mod database;
pub mod disk;
pub mod env;
pub mod lapse;
pub mod local_fault;
pub mod log;
pub mod network;
pub mod offered;
pub mod once;
pub mod path;
pub mod point;
pub mod probe;
pub mod process;
pub mod protocol;
pub mod proxied;
pub mod reason;
pub mod record;
pub mod registry;
pub mod replica;
pub mod schema;
pub mod service;
pub mod system;
pub mod workload;
pub mod world;

#[cfg(test)]
mod tests;

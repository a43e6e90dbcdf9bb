//! The world: what exists in every scenario, whatever the pattern.

pub mod database;
pub mod env;
pub mod log;
pub mod network;
pub mod record;
pub mod registry;
pub mod service;
pub mod system;

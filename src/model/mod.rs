//! The world: what exists in every scenario, whatever the pattern.

pub mod record;
pub mod system;

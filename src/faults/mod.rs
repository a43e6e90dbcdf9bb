//! The faults: what goes wrong, when, and where.

pub mod registry;

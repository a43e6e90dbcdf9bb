//! The patterns: different ways to carry out the same operations.

pub mod registry;

//! The ownership techniques: which service owns which table, where it is stored, and how others
//! access it. Each has a file of its own.
//!
//! A scenario file says which services write and read which tables. A technique is a pure function
//! from such a layout to another one: it moves tables between databases and owners, grants rights,
//! changes the services of steps and reads, and appends what it needs. Everything that the file
//! names keeps its number, so that variants with different techniques run the same operations with
//! the same random numbers. The patterns then carry out the operations on the resulting layout.

mod audit_sink;
mod builtin;
pub(crate) mod consolidation;
mod data_domain;
mod delegate;
pub mod layout;
mod microlith;
mod monolith;
mod quorum;
mod reference_service;
mod replicate;
mod rows_api;
mod same_schema;
mod schema_per_owner;
mod shared_database;
mod shared_schema;
pub(crate) mod table_split;
pub mod technique;
#[cfg(test)]
mod tests;

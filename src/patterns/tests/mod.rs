//! Tests that concern several patterns alike.

mod breakers;
mod chain;
mod consolidation;
mod delegation;
mod driver_instances;
mod in_process;
mod isolation;
mod patience;
mod side_by_side;
mod single_store;

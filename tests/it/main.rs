//! Whole runs, seen from outside: what a reader of the results relies on.

mod cases;
mod closed_forms;
mod determinism;
mod estimates;
mod faults;
mod metamorphic;
mod null;
mod ownership;
mod passing;
mod patience;
mod promises;
mod queueing;
mod tour;
mod whole;

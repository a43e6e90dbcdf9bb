//! Searching for counterexamples: fuzzing, exploring, shrinking, replay and explanation.
//!
//! Everything here runs a scenario many times with faults of its own choice and judges each run by
//! what its pattern promises. What is found is shrunk, written to a file that replays it, and
//! explained step by step.

pub mod coverage;
pub mod explanation;
pub mod explore;
pub mod fuzz;
pub mod points;
pub mod replay;
pub mod shrink;
pub mod trial;

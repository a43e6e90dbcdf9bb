//! The search for counterexamples: fuzzing, exploration, shrinking, replay and explanation.
//!
//! All of them run a scenario many times with faults of their own choice and judge each run by the
//! guarantees of its pattern. A counterexample is shrunk, written to a file that replays it, and
//! explained step by step.

pub mod coverage;
pub mod explanation;
pub mod explore;
pub mod fuzz;
pub mod points;
pub mod replay;
pub mod shrink;
pub mod trial;

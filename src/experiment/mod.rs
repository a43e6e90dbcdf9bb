//! Many runs: variants and seeds, and what comes out of them.

pub mod compare;
pub mod explanation;
pub mod explore;
pub mod fuzz;
pub mod points;
pub mod replay;
pub mod result;
pub mod run;
pub mod shrink;
mod summarise;
pub mod trace;
pub mod trial;
mod verdicts;

#[cfg(test)]
pub mod testbed;

//! Many runs: variants and seeds, and what comes out of them.

pub mod compare;
pub mod explanation;
pub mod points;
pub mod result;
pub mod run;
mod summarise;
pub mod trace;
mod verdicts;
pub mod trial;

#[cfg(test)]
pub mod testbed;

//! Results to bytes: tables, CSV, JSON, charts and a page.
//!
//! Nothing here simulates, reads a file or a clock, or prints: every function is given a
//! [`Comparison`](crate::experiment::result::Comparison) and returns text or bytes, the same ones
//! on every rerun and platform.

pub mod chart;
pub mod csv;
#[cfg(test)]
mod fixture;
pub mod human;
pub mod json;
pub mod readme;
pub mod sentence;
pub mod terminal;
pub mod trace;
pub mod view;

/// Temporary.
pub fn files(comparison: &crate::experiment::result::Comparison) -> Vec<(String, Vec<u8>)> {
    vec![("summary.json".into(), json::summary(comparison))]
}

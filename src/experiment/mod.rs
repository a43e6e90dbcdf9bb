//! Experiments: many runs of variants on seeds, and their results.

pub mod compare;
pub mod crossing;
pub mod forms;
pub mod lock_waits;
pub mod precision;
pub mod result;
pub mod run;
pub mod sensitivity;
pub mod sought;
pub mod stop;
mod summarise;
pub mod sweep;
pub mod trace;
pub mod twin;
mod verdicts;

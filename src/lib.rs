//! driftlab: a deterministic lab for the data that drifts apart between services.
//!
//! A business operation touches several services, each with a database of its own. How long do they
//! contradict each other, which readers see it, and what remains after a crash? driftlab runs the
//! same operations under different consistency patterns, with the same random numbers and the same
//! faults, and measures the results. Nothing real is started: a run is a simulation.
//!
//! # The map
//!
//! ```text
//! scenario ──► world (kernel + model) ──► run under one pattern, with faults ──► history
//!                                                                                   │
//!              many runs (variants x seeds) ◄── experiment ◄── checks, measures ◄───┘
//!                                │
//!                                └──► report: tables, CSV, JSON, charts, pages, traces
//! ```
//!
//! Each module uses only those above it:
//!
//! | module | contents | does not depend on |
//! |---|---|---|
//! | `kernel` | time, event queue, executor, waiting, random streams, history | databases |
//! | `stats` | quantiles that keep "never", intervals, paired comparison | simulation |
//! | `model` | nodes, calls, services, databases, brokers, clients, operations | patterns |
//! | `patterns` | one file for each way to keep data consistent, and their registry | faults |
//! | `techniques` | one file for each way to own data, and their registry | patterns |
//! | `faults` | one file for each kind of fault, and their registry | patterns |
//! | `checks` | measures, census, invariants: readers of the history | live state |
//! | `scenario` | text to typed values with positions, problems as data, schema | running |
//! | `experiment` | many runs: variants on the same seeds, folded into one result | drawing |
//! | `search` | fuzzing, exploring, shrinking, replay, explanation | drawing |
//! | `walks` | operations that walkthroughs tell, chosen and run | drawing |
//! | `verification` | small systems with closed forms, compared with runs | drawing |
//! | `report` | results to bytes: tables, CSV, JSON, charts, pages | simulating, files |
//! | `cli` | arguments, progress, colours, files, exit codes | |
//!
//! # Laws of the implementation
//!
//! 1. **A run is a pure function** of scenario, variant, seed and plan of faults. No clock, file,
//!    environment, thread, global or hash order takes part.
//! 2. **Time is whole nanoseconds.** Events are ordered by time, then by the order in which they
//!    were scheduled.
//! 3. **Random streams are named.** A draw hashes its purpose, not its position in time, so one
//!    more entity, fault or draw changes no other; variants of one scenario share their random
//!    numbers (common random numbers).
//! 4. **Samplers give the same values** on every platform, in debug and release, with any number
//!    of threads. `rand`, pinned exactly, draws bounded integers, Bernoulli trials and choices; the
//!    samplers of continuous distributions are our own, on `libm`.
//! 5. **A crash drops a node's processes and memory.** What was forced to a log, a database or a
//!    durable broker stays, and nothing leaves a node that is down.
//! 6. **Patterns do not report on themselves.** Stores, network, clients, brokers and crashes write
//!    the history; measures and checks read that and nothing else. The provenance of a stored value
//!    says which effects it contains.
//! 7. **The library never prints, exits or reads arguments**; only `cli` does.
//! 8. **Every run has a fingerprint**, a hash of its history. If that of a scenario that ships
//!    changes, the changelog has an entry under "Values changed".
//!
//! `tests/tidy.rs`, `.clippy.toml` and the types enforce them.
//!
//! # A program of one's own
//!
//! The command line is one user of this library. [`prelude`] is the manual for others: programs
//! that run scenarios and read the results, or that add a pattern, a technique, a fault, a check, a
//! measure or an export of their own. Nothing else is public. The feature `internals` makes every
//! module visible to benches and integration tests, without any promise of stability.
#![doc = ""]
#![doc = include_str!("glossary.md")]
#![forbid(unsafe_code)]

pub mod prelude;

mod lab;

// The modules are private unless the feature `internals` is on. A macro would avoid the repetition,
// but `cargo fmt` does not follow modules that a macro declares.
#[cfg(not(feature = "internals"))]
mod checks;
#[cfg(not(feature = "internals"))]
mod claims;
#[cfg(not(feature = "internals"))]
mod cli;
#[cfg(not(feature = "internals"))]
mod experiment;
#[cfg(not(feature = "internals"))]
mod faults;
#[cfg(not(feature = "internals"))]
mod kernel;
#[cfg(not(feature = "internals"))]
mod model;
#[cfg(not(feature = "internals"))]
mod patterns;
#[cfg(not(feature = "internals"))]
mod report;
#[cfg(not(feature = "internals"))]
mod scenario;
#[cfg(not(feature = "internals"))]
mod search;
#[cfg(not(feature = "internals"))]
mod stats;
#[cfg(not(feature = "internals"))]
mod techniques;
#[cfg(not(feature = "internals"))]
mod verification;
#[cfg(not(feature = "internals"))]
mod walks;

#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod checks;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod claims;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod cli;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod experiment;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod faults;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod kernel;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod model;
#[cfg(feature = "mutants")]
#[doc(hidden)]
pub mod mutants;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod patterns;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod report;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod scenario;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod search;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod stats;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod techniques;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod verification;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod walks;

#[cfg(test)]
mod tests;

pub use lab::Lab;
#[doc(hidden)]
pub use model::reason::Reason; // for the macro `reason!`, in other crates, too

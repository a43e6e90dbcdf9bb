//! driftlab: a deterministic lab for the data that drifts apart between services.
//!
//! A business operation touches several services, each with a database of its own. How long do they
//! contradict each other, who sees it, and what is left behind when something crashes? driftlab
//! runs the same operations under different consistency patterns, with the same random numbers and
//! the same faults, and measures what happened. Nothing real is started: a run is a simulation.
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
//! | module | what lives there | what it does not know |
//! |---|---|---|
//! | [`kernel`] | time, event queue, executor, waiting, random streams, history | databases |
//! | [`stats`] | quantiles that keep "never", intervals, paired comparison | simulation |
//! | [`model`] | nodes, calls, services, databases, brokers, clients, operations | patterns |
//! | [`patterns`] | one file for each way to keep data consistent, and their registry | faults |
//! | [`techniques`] | one file for each way to own data, and their registry | patterns |
//! | [`faults`] | one file for each thing that goes wrong, and their registry | patterns |
//! | [`checks`] | what reads the history: measures, census, invariants | live state |
//! | [`scenario`] | text to typed values with positions, problems as data, schema | running |
//! | [`experiment`] | many runs: variants on the same seeds, folded into one result | drawing |
//! | [`search`] | fuzzing, exploring, shrinking, replay, explanation | drawing |
//! | [`report`] | results to bytes: tables, CSV, JSON, charts, pages | simulating, files |
//! | [`cli`] | arguments, progress, colours, files, exit codes | |
//!
//! # The laws
//!
//! 1. **A run is a pure function** of scenario, variant, seed and plan of faults. No clock, file,
//!    environment, thread, global or hash order takes part.
//! 2. **Time is whole nanoseconds.** Events are ordered by time, then by the order in which they
//!    were scheduled.
//! 3. **Random streams are named.** A draw hashes what it is for, not when it is asked for, so one
//!    more entity, fault or draw changes no other; variants of one scenario share their random
//!    numbers (common random numbers).
//! 4. **Samplers are our own**, on raw words and `libm`: the same values on every platform, in
//!    debug and release, with any number of threads.
//! 5. **A crash drops a node's processes and memory.** What was forced to a log, a database or a
//!    durable broker stays, and nothing leaves a node that is down.
//! 6. **Patterns do not report on themselves.** Stores, network, clients, brokers and crashes write
//!    the history; measures and checks read that and nothing else. The provenance of a stored value
//!    says which effects it contains.
//! 7. **The library never prints, exits or reads arguments**; only [`cli`] does.
//! 8. **Every run has a fingerprint**, a hash of what happened in it. Where that of a scenario that
//!    ships changes, the changelog says so under "Values changed".
//!
//! `tests/tidy.rs`, `.clippy.toml` and the types enforce them.
//!
//! # Without the command line
//!
//! A scenario from text, two variants on six seeds, and one number of each:
//!
//! ```
//! use driftlab::checks::measures::catalogue::LAG;
//! use driftlab::experiment::compare::Study;
//! use driftlab::experiment::result::Statistic;
//! use driftlab::report::human;
//! use driftlab::scenario::{Registries, Scenario};
//!
//! let text = r#"
//!     [scenario]
//!     name = "shop"
//!     load = "30s"
//!
//!     [services]
//!     order = {}
//!     stock = {}
//!
//!     [databases]
//!     order-db = {}
//!     stock-db = {}
//!
//!     [tables]
//!     order = { owner = "order", database = "order-db", columns = { product = 0 } }
//!     product = { owner = "stock", database = "stock-db", columns = { left = 100 }, rows = 500 }
//!
//!     [operations.buy]
//!     keys = { order = "new", product = { rows-of = "product" } }
//!     steps = [
//!         { name = "place", by = "order", table = "order", key = "order",
//!           effect = { insert = { product = "{product}" } } },
//!         { name = "take", by = "stock", table = "product", key = "product",
//!           effect = { add = { left = -1 } } },
//!     ]
//!
//!     [load.shoppers]
//!     operation = "buy"
//!     poisson = 5.0
//!
//!     [variants.saga]
//!     pattern = "orchestrated"
//!
//!     [variants.events]
//!     pattern = "event-based"
//!     settings = { poll-interval = "500ms" }
//! "#;
//! let scenario = Scenario::from_text(text, &Registries::builtin())?;
//! let comparison = Study::of(&scenario, 1..=6).compare().expect("two variants, six seeds");
//! let lag = |variant: &str| {
//!     let variant = comparison.variant(variant).expect("it was compared");
//!     let lag = variant.measure(LAG).expect("every run has it");
//!     lag.estimate(Statistic::P99).expect("operations took effect").value
//! };
//! println!("p99 lag: saga {}, events {}", human::nanos(lag("saga")), human::nanos(lag("events")));
//! assert!(lag("saga") < 0.1e9, "an orchestrator goes straight on to the next step");
//! assert!(lag("events") > 0.5e9, "a polling relay lets up to 500 ms pass first");
//! # Ok::<(), String>(())
//! ```
//!
//! # A pattern of one's own
//!
//! A pattern is one type in one file: a name, a manual page, settings, and what runs on which node,
//! written top to bottom. This one commits the first step and sends a message for each of the
//! others, without looking back:
//!
//! ```
//! use std::rc::Rc;
//!
//! use driftlab::checks::census::Headline;
//! use driftlab::cli::{self, Exit};
//! use driftlab::experiment::compare::Study;
//! use driftlab::model::call::Message;
//! use driftlab::model::process::ProcessCtx;
//! use driftlab::model::record::{Answer, OpId};
//! use driftlab::model::system::StepId;
//! use driftlab::model::world::World;
//! use driftlab::patterns::pattern::{Pattern, Patterns};
//! use driftlab::patterns::step::{self, ApplyOptions, Failure};
//! use driftlab::scenario::{Registries, Scenario};
//!
//! /// A local commit, and a message to everybody else.
//! struct FireAndForget {
//!     copies: u8,
//! }
//!
//! /// What a scenario can choose; checked, listed in the schema, shown by `driftlab explain`.
//! #[derive(Clone, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
//! #[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
//! struct Settings {
//!     /// How often each message is sent.
//!     copies: u8,
//! }
//!
//! impl Default for Settings {
//!     fn default() -> Self {
//!         Self { copies: 1 }
//!     }
//! }
//!
//! impl Pattern for FireAndForget {
//!     const NAME: &'static str = "fire-and-forget";
//!     const SUMMARY: &'static str = "a local commit; one message to each other service";
//!     // In a file of its own: `include_str!("fire_and_forget.rs")`.
//!     const MANUAL: &'static str = "//! # Fire and forget\n//!\n//! Fast, and that is all.\n";
//!     type Settings = Settings;
//!
//!     fn new(settings: &Settings, _: &Rc<World>) -> Self {
//!         Self { copies: settings.copies }
//!     }
//!
//!     async fn execute(self: Rc<Self>, here: ProcessCtx, op: OpId) -> Answer {
//!         let once = ApplyOptions { once: true, ..ApplyOptions::default() };
//!         match step::apply(&here, StepId(0), once).await {
//!             Ok(()) => {}
//!             Err(Failure::Refused) => return Answer::RefusedByRule,
//!             Err(_) => return Answer::TechnicalNo,
//!         }
//!         let kind = here.env().operation(op).kind;
//!         let steps = &here.system().operation(kind).steps;
//!         let request = Message::request("apply", here.system().retry.step_deadline);
//!         for (step, spec) in (0..).map(StepId).zip(steps).skip(1) {
//!             let there = here.world().instance(spec.by, op);
//!             for copy in 0..self.copies {
//!                 let here = here.at_step(step, copy.into());
//!                 here.tell(there, request, move |there| async move {
//!                     // Whatever becomes of it, nobody is told.
//!                     let _ = step::apply(&there, step, once).await;
//!                 });
//!             }
//!         }
//!         Answer::Accepted
//!     }
//! }
//!
//! fn registries() -> Registries {
//!     let patterns = Patterns::builtin().with::<FireAndForget>();
//!     Registries { patterns, ..Registries::builtin() }
//! }
//!
//! /// The `main` of a program of one's own: all of `driftlab`, and one pattern more.
//! # #[allow(dead_code)]
//! fn program() -> Exit {
//!     cli::main_with(registries())
//! }
//!
//! let text = r#"
//!     [scenario]
//!     name = "lossy"
//!     load = "60s"
//!     settle = "30s"
//!
//!     [services]
//!     order = {}
//!     stock = {}
//!
//!     [databases]
//!     order-db = {}
//!     stock-db = {}
//!
//!     [links]
//!     default = { loss = 0.1 } # a tenth of the messages between services
//!
//!     [tables]
//!     order = { owner = "order", database = "order-db", columns = { product = 0 } }
//!     product = { owner = "stock", database = "stock-db", columns = { left = 100 }, rows = 500 }
//!
//!     [operations.buy]
//!     keys = { order = "new", product = { rows-of = "product" } }
//!     steps = [
//!         { name = "place", by = "order", table = "order", key = "order",
//!           effect = { insert = { product = "{product}" } } },
//!         { name = "take", by = "stock", table = "product", key = "product",
//!           effect = { add = { left = -1 } } },
//!     ]
//!
//!     [load.shoppers]
//!     operation = "buy"
//!     constant = "100ms" # 500 operations between warm-up and the end of the load
//!
//!     [variants.once]
//!     pattern = "fire-and-forget"
//!
//!     [variants.thrice]
//!     pattern = "fire-and-forget"
//!     settings = { copies = 3 }
//! "#;
//! let scenario = Scenario::from_text(text, &registries())?;
//! let comparison = Study::of(&scenario, [1]).compare().expect("two variants, one seed");
//! let count = |variant: &str, headline: Headline| {
//!     comparison.variant(variant).expect("it was compared").census.of(headline)
//! };
//! for variant in ["once", "thrice"] {
//!     // Accepted, half done, and nothing left that would ever finish it: lost.
//!     assert_eq!(count(variant, Headline::Committed) + count(variant, Headline::Lost), 500);
//! }
//! assert!((30..70).contains(&count("once", Headline::Lost)), "about one in ten");
//! assert!(count("thrice", Headline::Lost) < 5, "about one in a thousand");
//! # Ok::<(), String>(())
//! ```
#![doc = ""]
#![doc = include_str!("glossary.md")]
#![forbid(unsafe_code)]

pub mod checks;
pub mod cli;
pub mod experiment;
pub mod faults;
pub mod kernel;
pub mod model;
#[cfg(feature = "mutants")]
pub mod mutants;
pub mod patterns;
pub mod report;
pub mod scenario;
pub mod search;
pub mod stats;
pub mod techniques;
#[cfg(test)]
mod tests;

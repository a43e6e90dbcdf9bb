//! The public surface of the library, in one import: `use driftlab::prelude::*`.
//!
//! A program builds on driftlab in two ways. It runs scenarios and reads the results, or it adds
//! parts: a pattern, a technique, a fault, a check, a meter, an export. Both begin with a [`Lab`],
//! which is driftlab with the parts that it brings and those that are added. `tests/own_parts.rs`
//! in the repository is one program that does all of it.
//!
//! # Running scenarios
//!
//! [`Lab::scenario`] reads a text, [`Lab::compare`] runs all its variants, and a [`Comparison`]
//! holds the results. Two variants on six seeds, and one number of each:
//!
//! ```
//! use driftlab::prelude::*;
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
//! let lab = Lab::new();
//! let scenario = lab.scenario(text)?;
//! let comparison = lab.compare(&scenario, 1..=6);
//! let lag = |variant: &str| {
//!     let variant = comparison.variant(variant).expect("it was compared");
//!     let lag = variant.measure(measures::LAG).expect("every run has it");
//!     lag.estimate(Statistic::P99).expect("operations took effect").value
//! };
//! println!("p99 lag: saga {}, events {}", human::nanos(lag("saga")), human::nanos(lag("events")));
//! assert!(lag("saga") < 0.1e9, "an orchestrator goes straight on to the next step");
//! assert!(lag("events") > 0.5e9, "a polling relay lets up to 500 ms pass first");
//! # Ok::<(), Invalid>(())
//! ```
//!
//! # Adding parts
//!
//! Each part is one type that implements one trait. Its documentation is the manual page that
//! `driftlab explain` shows, its settings are a struct whose doc comments describe them in the
//! schema of scenario files.
//!
//! - A way to keep data consistent is a [`Pattern`]. A [`ProcessCtx`] gives it the node on which it
//!   runs, its databases and its log, and carries messages to others.
//! - A way to own data is a [`Technique`]: a function from one [`System`] to another.
//! - A kind of fault is a [`Fault`] with [`FaultSettings`], which strikes the [`World`] of nodes,
//!   links and databases.
//! - A check is a [`Property`]: it sees the history, one [`Record`] at a time, and at the
//!   [end](Ended) what became of the operations.
//! - A [`Meter`] sees the same and takes measures.
//! - An [`Export`] makes files of the [`Results`] of a comparison.
//!
//! Checks and meters see what stores committed, what clients heard and what the network carried.
//! A pattern has no way to report on itself.
//!
//! # A pattern
//!
//! A pattern is written as its protocol reads: what each node does, top to bottom, as `async` code
//! on virtual time. This one commits the first step and sends a message for each of the others,
//! without looking back:
//!
//! ```
//! use std::rc::Rc;
//!
//! use driftlab::prelude::*;
//!
//! /// A local commit, and a message to all others.
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
//!         let request = Message::request("apply", here.retry().step_deadline);
//!         for (step, spec) in (0..).map(StepId).zip(steps).skip(1) {
//!             let there = here.instance(spec.by);
//!             for copy in 0..self.copies {
//!                 let here = here.at_step(step, copy.into());
//!                 here.tell(there, request, move |there| async move {
//!                     // The result is dropped: no caller waits for it.
//!                     let _ = step::apply(&there, step, once).await;
//!                 });
//!             }
//!         }
//!         Answer::Accepted
//!     }
//! }
//!
//! /// The `main` of a program of one's own: all of `driftlab`, and one pattern more.
//! # #[allow(dead_code)]
//! fn program() -> Exit {
//!     Lab::new().pattern::<FireAndForget>().main()
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
//! let lab = Lab::new().pattern::<FireAndForget>();
//! let scenario = lab.scenario(text)?;
//! let comparison = lab.compare(&scenario, [1]);
//! let count = |variant: &str, headline: Headline| {
//!     comparison.variant(variant).expect("it was compared").census.of(headline)
//! };
//! for variant in ["once", "thrice"] {
//!     // Accepted, half done, and nothing left that would ever finish it: lost.
//!     assert_eq!(count(variant, Headline::Committed) + count(variant, Headline::Lost), 500);
//! }
//! assert!((30..70).contains(&count("once", Headline::Lost)), "about one in ten");
//! assert!(count("thrice", Headline::Lost) < 5, "about one in a thousand");
//! # Ok::<(), Invalid>(())
//! ```

pub use crate::{Lab, reason};

/// Reading results.
pub use crate::{
    checks::RunReport,
    checks::Verdict,
    checks::census::{Headline, State},
    checks::measures::catalogue as measures,
    cli::Exit,
    experiment::result::{self as results, Comparison, Estimate, Statistic, VariantResult},
    report::human,
    scenario::{Code, Invalid, Label, Place, Problem, Scenario, Severity, Variant},
    stats::Quantile,
};

/// Everything that has a name, a time or a place in a run.
pub use crate::{
    kernel::{Dist, NodeId, Span, Time},
    model::reason::Reason,
    model::record::{Answer, Event, Kind, MessageClass, OpId, Record},
    model::registry::Settings,
    model::system::{self, StepId, System},
    model::world::World,
};

/// Writing a pattern.
pub use crate::{
    model::call::{Call, Message, Reply},
    model::contract::{Allowance, Budget, Driver, Promises, Waits, WaitsFor},
    model::database::{
        Branch, Database, DbError, Direction, Event as OutboxEvent, Provenance, Resolution, Txn,
        Vote,
    },
    model::process::{Local, NodeLog, ProcessCtx},
    patterns::pattern::Pattern,
    patterns::share::Share,
    patterns::step::{self, ApplyOptions, Failure},
};

/// Waiting, within a node.
pub use crate::kernel::{
    Acquire, Either, JoinAll, Mailbox, Permit, Pop, Promise, Race, Semaphore, Signal, Sleep,
    Timeout, Wait, Waiting, join_all, promise, race,
};

/// Writing a technique.
pub use crate::techniques::{layout, technique::Technique};

/// Writing a fault.
pub use crate::{
    faults::fault::{Fault, FaultSettings, Heal, Part},
    faults::grid,
    faults::reach::{Reach, Sides},
    faults::target::{self, Site},
    faults::targets::Targets,
    model::point::Action,
};

/// Drawing the settings of a fault at random, in the version of `rand` that this library has.
pub use rand::{Rng, RngExt};

/// Writing a check or a measure.
pub use crate::checks::{
    measures::meter::Meter,
    measures::{
        Better, Covers, Distribution, Key, Measure, Measured, Quantity, Scope, Unit, Values,
    },
    properties::{Case, Ended, Finding, Property, When},
    verdict::Judgement,
};

/// Writing an export.
pub use crate::report::export::{Export, File, Results};

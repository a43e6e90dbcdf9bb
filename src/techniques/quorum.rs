//! # Quorum replication
//!
//! N services each keep a copy of a table. A write goes to all of them and is acknowledged once W
//! have it; a read asks all of them and returns the newest version among the first R answers, as in
//! Dynamo-style stores (DeCandia and others 2007).
//!
//! ```toml
//! technique = { name = "quorum", tables = ["price"], on = ["a", "b", "c"], write = 2, read = 1 }
//! ```
//!
//! The owner of the table **coordinates the writes**: it commits in its own store, which gives
//! versions their order (Dynamo forwards a key's writes to one node for that), and one of its
//! instances sends each version to the copies. That store is no copy, and readers never see it.
//! **Reads** are coordinated by the service that is asked: the owner, or the service that reads for
//! a client (`by`). A look-up of a step asks the owner, as without this technique. If fewer than W
//! copies acknowledge within the step deadline, the outcome of the commit is unknown: the write may
//! become visible, or already is.
//!
//! **Sizes**: `write` and `read` are majorities by default, as Riak's are with its three copies
//! (two and two); Cassandra's were one and one when that model was made.
//!
//! **Delays**: `write-request`, `acknowledgement`, `read-request` and `response` are the one-way
//! delays of the four legs (W, A, R and S of the WARS model of Bailis and others,
//! *Probabilistically Bounded Staleness for Practical Partial Quorums*, VLDB 2012); without them
//! messages take what their link takes. What a copy's service and database take comes on top, and
//! a message is lost as its link loses it.
//!
//! **Repair** is off by default, as in that model. `read-repair` sends the newest version that a
//! read has found to the copies that lack it, once all have answered. With `hinted-handoff` the
//! coordinator keeps what a copy has not acknowledged, over its own crashes, and sends it again
//! under the pauses of the retry policy until it has. There is no anti-entropy in the background.
//! Without either, a copy that misses a write lacks it until the row is written again.
//!
//! **Gains**: with `R + W > N` a read that begins after the acknowledgement of a write sees it or a
//! newer one, whichever copies answer, and the loss of `N - W` copies stops no write, of `N - R` no
//! read.
//!
//! **Costs**: N messages and their acknowledgements a write, N and their responses a read. With
//! `R + W <= N` reads are stale with some probability. If every copy is as likely as another to be
//! among the first R, and W copies have the write, it is `C(N - W, R) / C(N, R)`; it falls with the
//! time since the acknowledgement, as the write reaches the others. `driftlab verify-model` holds
//! both against closed forms, and the fits of that paper against its figures. Under patterns that
//! answer before a step has committed (two-phase commit answers at its decision, dual write and
//! events at the first commit) the answer is not the acknowledgement of the copies, and `R + W > N`
//! says nothing about it.
//!
//! **Fails as**: stale reads with partial quorums; writes without a known outcome and reads with an
//! error while too few copies can be reached; readers that wait behind such writes, each of which
//! holds a worker of its service until W copies have it; a version that no copy has until its row
//! is written again, if the coordinator dies between its commit and the copies.
//!
//! **Not modelled**: more than one coordinator a key, and with it conflicting versions; sloppy
//! quorums, in which other nodes stand in for copies; readers of a column, whose answer says
//! nothing about the writes that it lacks.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::layout;
use super::technique::Technique;
use crate::kernel::{Dist, Span};
use crate::model::reason::Reason;
use crate::model::system::{QuorumLegs, QuorumSpec, ReadWhat, ServiceId, System, TableId};
use crate::reason;

/// Copies of tables that are written and read by quorums.
pub struct Quorum;

/// The tables, the services that keep copies, and the quorums.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {
    /// The tables of which copies are kept.
    tables: Vec<String>,
    /// The services that keep the copies, one each.
    on: Vec<String>,
    /// Number of copies that must acknowledge a write; by default a majority.
    #[serde(default)]
    write: Option<u16>,
    /// Number of copies that must answer a read; by default a majority.
    #[serde(default)]
    read: Option<u16>,
    /// One-way delay of a version to a copy; by default that of the link.
    #[serde(default)]
    write_request: Option<LegDelay>,
    /// One-way delay of an acknowledgement; by default that of the link.
    #[serde(default)]
    acknowledgement: Option<LegDelay>,
    /// One-way delay of a read to a copy; by default that of the link.
    #[serde(default)]
    read_request: Option<LegDelay>,
    /// One-way delay of the answer to a read; by default that of the link.
    #[serde(default)]
    response: Option<LegDelay>,
    /// True if readers send the newest version to the copies that lacked it.
    #[serde(default)]
    read_repair: bool,
    /// True if the coordinator sends a version again until it is acknowledged.
    #[serde(default)]
    hinted_handoff: bool,
}

/// A delay: a duration, or a distribution of durations.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a duration or one of exponential, uniform, pareto and mixture")]
pub enum LegDelay {
    /// A fixed duration.
    Constant(Span),
    /// Drawn for each message.
    Drawn(Drawn),
}

/// A distribution of delays, as scenarios write it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Drawn {
    /// Exponential, with this mean.
    Exponential(Span),
    /// Uniform between two durations.
    Uniform(Span, Span),
    /// Pareto, with a heavy tail.
    Pareto {
        /// Least value.
        least: Span,
        /// Tail index.
        alpha: f64,
    },
    /// One of several, chosen by weight.
    Mixture(Vec<Part>),
}

/// One part of a mixture.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Part {
    /// The weight of this part, relative to the others.
    weight: f64,
    /// The distribution of this part.
    dist: LegDelay,
}

impl LegDelay {
    /// The distribution, if its parameters are valid.
    fn dist(&self) -> Result<Dist, Reason> {
        Ok(match self {
            Self::Constant(delay) => Dist::Constant(*delay),
            Self::Drawn(Drawn::Exponential(mean)) => Dist::Exponential { mean: *mean },
            Self::Drawn(Drawn::Uniform(low, high)) if low <= high => {
                Dist::Uniform { low: *low, high: *high }
            }
            Self::Drawn(Drawn::Uniform(low, high)) => {
                return Err(reason!("`{}` begins with {low}, beyond {high}", "uniform"));
            }
            Self::Drawn(Drawn::Pareto { least, alpha }) if *alpha > 0.0 && *least > Span::ZERO => {
                Dist::Pareto { least: *least, alpha: *alpha }
            }
            Self::Drawn(Drawn::Pareto { .. }) => {
                return Err(reason!("the numbers of `{}` must be above 0", "pareto"));
            }
            Self::Drawn(Drawn::Mixture(parts)) => {
                let is_weight = |part: &Part| part.weight.is_finite() && part.weight > 0.0;
                if parts.is_empty() || !parts.iter().all(is_weight) {
                    return Err(reason!("`{}` needs parts with weights above 0", "mixture"));
                }
                let part = |part: &Part| Ok((part.weight, part.dist.dist()?));
                Dist::Mixture(parts.iter().map(part).collect::<Result<_, Reason>>()?)
            }
        })
    }
}

impl Settings {
    fn legs(&self) -> Result<QuorumLegs, Reason> {
        let dist = |delay: &Option<LegDelay>| delay.as_ref().map(LegDelay::dist).transpose();
        Ok(QuorumLegs {
            write_request: dist(&self.write_request)?,
            acknowledgement: dist(&self.acknowledgement)?,
            read_request: dist(&self.read_request)?,
            response: dist(&self.response)?,
        })
    }

    /// The size of a quorum among so many copies: a majority, if none is given.
    fn size(given: Option<u16>, key: &str, copies: usize) -> Result<u16, Reason> {
        let size = given.unwrap_or(copies as u16 / 2 + 1);
        if (1..=copies).contains(&usize::from(size)) {
            return Ok(size);
        }
        Err(reason!("`{}` must be between 1 and the {copies} copies, not {size}", key))
    }
}

impl Technique for Quorum {
    const NAME: &'static str = "quorum";
    const SUMMARY: &'static str = "N copies, W acknowledge a write, R answer a read";
    const MANUAL: &'static str = include_str!("quorum.rs");
    type Settings = Settings;

    fn apply(settings: &Settings, mut system: System) -> Result<System, Vec<Reason>> {
        let holders = layout::services(&system, &settings.on)?;
        if holders.is_empty() {
            return Err(vec![reason!("`{}` must name the services that keep copies", "on")]);
        }
        let one = |problem| vec![problem];
        let legs = settings.legs().map_err(one)?;
        let write = Settings::size(settings.write, "write", holders.len()).map_err(one)?;
        let read = Settings::size(settings.read, "read", holders.len()).map_err(one)?;
        for of in layout::some_tables(&system, &settings.tables)? {
            check(&system, of).map_err(one)?;
            let copies: Result<Vec<TableId>, Reason> =
                holders.iter().map(|holder| copy(&mut system, of, *holder)).collect();
            system.quorums.push(QuorumSpec {
                of,
                copies: copies.map_err(one)?,
                write,
                read,
                legs: legs.clone(),
                read_repair: settings.read_repair,
                hinted_handoff: settings.hinted_handoff,
            });
        }
        Ok(system)
    }
}

/// The reason why a table cannot be replicated by quorums, if there is one.
fn check(system: &System, of: TableId) -> Result<(), Reason> {
    let name = &system.table(of).name.shown;
    if system.replicas.iter().any(|replica| replica.of == of) || system.quorum_of(of).is_some() {
        return Err(reason!("`{}` is copied already", name));
    }
    let is_reader =
        |what: &ReadWhat| matches!(what, ReadWhat::Column { column, .. } if column.table == of);
    match system.reads.iter().find(|read| is_reader(&read.what)) {
        None => Ok(()),
        Some(read) => Err(reason!(
            "`{}` reads a column of `{}`, and what a quorum answers to that says nothing about the \
             writes that it lacks: let it read an operation",
            read.name.shown,
            name
        )),
    }
}

/// Appends one copy.
fn copy(system: &mut System, of: TableId, holder: ServiceId) -> Result<TableId, Reason> {
    let columns = system.table(of).columns.clone();
    layout::append(system, of, holder, columns)
}

#[cfg(test)]
mod tests;

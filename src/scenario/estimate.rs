//! Estimates of the cost of a run before it begins: events, memory and time.
//!
//! An estimate goes by means: rates times phases, periods, the rows that tables begin with, and
//! what recurring faults do. It is a sum over causes, each with the key in the scenario file from
//! which it follows, so that a run that is too expensive is refused at the place of its main cause.
//! The machine is not asked: the same scenario has the same estimate everywhere. A run that makes
//! [`TOLERANCE`] times as many events as estimated is ended.

use std::fmt;

use toml::de::{DeTable, DeValue};

use super::problem::{Code, Place, Problem};
use super::{Scenario, Variant};
use crate::faults::fault::Fault;
use crate::faults::plan::{PlannedFault, Start};
use crate::faults::random::Random;
use crate::kernel::Span;
use crate::model::system::{Arrivals, Feed, LoadSpec, OperationKind, ReadWhat, System, TableId};
use crate::patterns::pattern::Prepared;
use crate::reason;

/// The multiple of its estimated number of events at which a run is ended.
pub const TOLERANCE: u64 = 10;

/// The events of an operation and of each of its steps.
const OPERATION: f64 = 15.0;
const STEP: f64 = 40.0;

/// The events of a write to one copy of a quorum-replicated table.
const COPY: f64 = 25.0;

/// The events of a read, of a read of one copy, and of each time that something recurs.
const READ: f64 = 15.0;
const TICK: f64 = 10.0;

/// The events of a run that depend on nothing of that.
const REST: f64 = 1e4;

/// The bytes that a run keeps of an operation, of each of its steps, of a read, and of an initial
/// row.
const BYTES_OF_OPERATION: f64 = 600.0;
const BYTES_OF_STEP: f64 = 300.0;
const BYTES_OF_READ: f64 = 100.0;
const BYTES_OF_ROW: f64 = 10.0;

/// The bytes of a run that depend on nothing of that.
const BYTES_OF_REST: f64 = 20e6;

/// The bytes that results keep of an operation until all runs are over.
const BYTES_OF_LISTED: f64 = 150.0;

/// The events that a core makes in a second: with all checks, on a machine that is not new.
const EVENTS_A_SECOND: f64 = 1e6;

/// The estimated cost of a run.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Estimate {
    /// The causes that it is the sum of.
    pub causes: Vec<Cause>,
    /// The shortest period of what recurs under the pattern.
    pub period: Span,
}

/// A part of the scenario that makes events and takes memory.
#[derive(Clone, PartialEq, Debug)]
pub struct Cause {
    /// The keys under which it stands in the scenario file, from the outermost.
    key: Vec<Key>,
    /// The cause in words, such as `about 1200 operations of the load`.
    what: String,
    /// The advice for lowering it.
    advice: &'static str,
    /// The events that it makes.
    events: f64,
    /// The bytes that a run keeps of it.
    bytes: f64,
    /// The bytes that results keep of it until all runs are over.
    kept: f64,
}

/// A key of a scenario file.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Key {
    /// A name.
    Name(String),
    /// The written fault with this number; random faults are not counted.
    Fault(usize),
}

/// The limits to the cost of runs. The defaults are the same on every machine.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Bounds {
    /// The most events of a run.
    pub events: u64,
    /// The most bytes: of one run, and of the results of all.
    pub memory: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { events: 1_000_000_000, memory: 4_000_000_000 }
    }
}

/// The operations that a run offers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Offered<'a> {
    /// The operations that its loads draw.
    Drawn,
    /// One operation of each of these kinds.
    Listed(&'a [OperationKind]),
}

impl Estimate {
    /// Estimates a run of the variant with this name: its pattern, in which something recurs with
    /// this period, on its system, with these faults.
    pub fn of(
        variant: &str,
        (pattern, period): (&dyn Prepared, Span),
        system: &System,
        faults: &[PlannedFault],
        offered: Offered<'_>,
    ) -> Self {
        let mut estimate = Self { period, ..Self::default() };
        estimate.operations(system, faults, offered);
        estimate.reads(system, offered);
        estimate.rows(system);
        estimate.recurring(variant, (pattern, period), system);
        estimate.faults(system, faults);
        estimate
    }

    /// The events of a run.
    pub fn events(&self) -> u64 {
        (self.causes.iter().map(|cause| cause.events).sum::<f64>() + REST) as u64
    }

    /// The bytes that this many runs, one after the other, take at most.
    pub fn bytes(&self, runs: u64) -> u64 {
        let kept = |cause: &Cause| cause.bytes + cause.kept * runs as f64;
        (self.causes.iter().map(kept).sum::<f64>() + BYTES_OF_REST) as u64
    }

    /// The time that a core needs for a run.
    pub fn time(&self) -> Span {
        Span::from_secs_f64(self.events() as f64 / EVENTS_A_SECOND)
    }

    /// The number of events at which a run is ended.
    pub fn most_events(&self) -> u64 {
        self.events().saturating_mul(TOLERANCE).max(1_000_000)
    }

    fn add(&mut self, cause: Cause) {
        if cause.events + cause.bytes + cause.kept > 0.0 {
            self.causes.push(cause);
        }
    }

    fn operations(&mut self, system: &System, faults: &[PlannedFault], offered: Offered<'_>) {
        if let Offered::Listed(kinds) = offered {
            let what = format!("{} operations", kinds.len());
            kinds.iter().for_each(|kind| self.add(operations(system, *kind, 1.0, &[], &what)));
            return;
        }
        for load in &system.loads {
            let surge: f64 = faults.iter().map(|fault| surge(fault, load, system)).sum();
            let count = count(system, load) * (1.0 + surge);
            let what = format!("about {} operations of the load", number(count));
            let key = ["load", &load.name.shown, arrivals(&load.arrivals)];
            self.add(operations(system, load.operation, count, &key, &what));
        }
    }

    fn reads(&mut self, system: &System, offered: Offered<'_>) {
        for read in &system.reads {
            let (count, copies, key) = match &read.what {
                ReadWhat::Operation { kind, steps, at, share, .. } => {
                    let of = |load: &&LoadSpec| load.operation == *kind;
                    let arrive = match offered {
                        Offered::Drawn => {
                            system.loads.iter().filter(of).map(|load| count(system, load)).sum()
                        }
                        Offered::Listed(kinds) => {
                            kinds.iter().filter(|of| *of == kind).count() as f64
                        }
                    };
                    let specs = &system.operation(*kind).steps;
                    let copies = steps.iter().map(|step| copies(system, specs[step.index()].table));
                    let times = arrive * share * at.len() as f64;
                    (times * steps.len() as f64, times * copies.sum::<f64>(), "at")
                }
                ReadWhat::Column { rate, .. } => {
                    (rate * system.phases.load.as_secs_f64(), 0.0, "rate")
                }
            };
            self.add(Cause {
                key: names(&["reads", &read.name.shown, key]),
                what: format!("about {} reads", number(count)),
                advice: "read less often, or shorten the load",
                events: (count + copies) * READ,
                bytes: count * BYTES_OF_READ,
                kept: 0.0,
            });
        }
    }

    fn rows(&mut self, system: &System) {
        for (at, table) in (0..).map(TableId).zip(&system.tables) {
            let rows = table.rows as f64;
            // A copy begins with the rows of its table.
            let copied = system.replicas.iter().find(|copy| copy.copy == at).map(|copy| copy.of);
            let kept = system.quorums.iter().find(|quorum| quorum.copies.contains(&at));
            let table =
                copied.or(kept.map(|quorum| quorum.of)).map_or(table, |it| system.table(it));
            self.add(Cause {
                key: names(&["tables", &table.name.shown, "rows"]),
                what: format!("about {} rows to begin with", number(rows)),
                advice: "let the table begin with fewer rows",
                events: 0.0,
                bytes: rows * BYTES_OF_ROW,
                kept: 0.0,
            });
        }
    }

    fn recurring(
        &mut self,
        variant: &str,
        (pattern, period): (&dyn Prepared, Span),
        system: &System,
    ) {
        let whole = system.phases.load + system.phases.settle;
        let mut recurs = |key: &str, what: &str, every: Span, events: f64| {
            let times = times(whole, every);
            self.add(Cause {
                key: names(&["variants", variant, key]),
                what: format!("about {} {what}", number(times)),
                advice: "let it recur less often, or shorten the load",
                events: times * events,
                bytes: 0.0,
                kept: 0.0,
            });
        };
        let nodes =
            system.services.iter().map(|service| usize::from(service.instances)).sum::<usize>();
        let nodes = nodes + pattern.drivers().len();
        let offered: Vec<(OperationKind, f64)> = system
            .loads
            .iter()
            .map(|load| (load.operation, system.rate(load).unwrap_or_default()))
            .collect();
        let requests: f64 = pattern.requests(system, &offered).iter().map(|(_, rate)| rate).sum();
        recurs("settings", "periods of what recurs", period, nodes as f64 * TICK);
        recurs(
            "settings",
            "requests of drivers",
            Span::from_secs_f64(1.0 / requests.max(1e-9)),
            READ,
        );
        for copy in &system.replicas {
            if let Feed::Periodic(every) = copy.feed {
                recurs("technique", "deliveries to a copy", every, READ);
            }
        }
    }

    fn faults(&mut self, system: &System, faults: &[PlannedFault]) {
        for (at, planned) in faults.iter().enumerate() {
            let Some((name, every)) = planned.fault.recurs() else { continue };
            let times = times(lasts(planned, system), every);
            self.add(Cause {
                key: vec![Key::Name("faults".into()), Key::Fault(at), Key::Name(name.into())],
                what: format!("a fault that strikes about {} times", number(times)),
                advice: "let it strike less often, or end earlier",
                events: times * READ,
                bytes: 0.0,
                kept: 0.0,
            });
        }
    }
}

/// Adds this many operations of a kind.
fn operations(system: &System, kind: OperationKind, count: f64, key: &[&str], what: &str) -> Cause {
    let specs = &system.operation(kind).steps;
    let steps = specs.len() as f64;
    let copies: f64 = specs.iter().map(|step| copies(system, step.table)).sum();
    Cause {
        key: names(key),
        what: what.into(),
        advice: "lower the rate, or shorten the load",
        events: count * (OPERATION + STEP * steps + COPY * copies),
        bytes: count * (BYTES_OF_OPERATION + BYTES_OF_STEP * steps),
        kept: count * BYTES_OF_LISTED,
    }
}

/// The number of copies of a table that are written and read with it: those of its quorum.
fn copies(system: &System, table: TableId) -> f64 {
    system.quorum_of(table).map_or(0.0, |number| system.quorums[number].copies.len() as f64)
}

/// The mean number of operations that a load offers.
fn count(system: &System, load: &LoadSpec) -> f64 {
    let seconds = (load.until - load.from).as_secs_f64();
    let rate = match &load.arrivals {
        Arrivals::Closed { clients, think } => {
            // A closed-loop client gets no answer faster than the work of the steps and a round
            // trip.
            let steps = &system.operation(load.operation).steps;
            let works =
                steps.iter().filter_map(|step| system.services[step.by.index()].work.mean());
            let pause = think.mean().unwrap_or_default() + works.sum::<f64>() + 1e-3;
            f64::from(*clients) / pause
        }
        _ => system.rate(load).unwrap_or_default(),
    };
    rate * seconds
}

/// The factor by which a fault raises the number of operations of a load, over the whole of it.
fn surge(planned: &PlannedFault, load: &LoadSpec, system: &System) -> f64 {
    let Some((name, factor)) = planned.fault.surge() else { return 0.0 };
    let seconds = (load.until - load.from).as_secs_f64();
    let is_it = name.rsplit(':').next() == Some(&*load.name.shown) && seconds > 0.0;
    if is_it { (factor - 1.0) * lasts(planned, system).as_secs_f64() / seconds } else { 0.0 }
}

/// The longest time that a fault lasts.
fn lasts(planned: &PlannedFault, system: &System) -> Span {
    let from = match planned.start {
        Start::At(at) => at,
        Start::On(_) => Span::ZERO,
    };
    let whole = system.phases.load.saturating_sub(from);
    planned.length.map_or(whole, |length| length.min(whole))
}

/// The number of times that something recurs; 0 if it does not recur.
fn times(length: Span, every: Span) -> f64 {
    match every {
        Span::ZERO => 0.0,
        every => length.as_secs_f64() / every.as_secs_f64(),
    }
}

/// The key that says when the operations of a load arrive.
const fn arrivals(arrivals: &Arrivals) -> &'static str {
    match arrivals {
        Arrivals::Poisson(_) => "poisson",
        Arrivals::Constant(_) => "constant",
        Arrivals::Bursts { .. } => "bursts",
        Arrivals::Trace(_) | Arrivals::Counted { .. } => "trace",
        Arrivals::Follows { .. } => "follows",
        Arrivals::Closed { .. } => "closed",
    }
}

fn names(keys: &[&str]) -> Vec<Key> {
    keys.iter().map(|key| Key::Name((*key).to_owned())).collect()
}

impl Bounds {
    /// Returns the problem of a variant for which this many runs exceed the bounds, if they do.
    pub fn refuse(&self, scenario: &Scenario, variant: &Variant, runs: u64) -> Option<Problem> {
        let estimate = &variant.estimate;
        self.exceeded(estimate, runs).map(|excess| {
            let text = scenario.inputs.text();
            let cause = excess.cause(estimate, runs);
            let place = cause.map_or(0..0, |cause| place(text, &cause.key));
            let (name, label) = (&variant.name.shown, cause.map_or("", |cause| &*cause.what));
            let message = reason!("`{}` comes to {excess}", name);
            let advice = cause.map_or("", |cause| cause.advice);
            let help = format!("{advice}; or allow more with {}", excess.option());
            Problem::error(Code::TooMuch, &place, message, label).help(help)
        })
    }

    /// Returns which of these bounds this many runs exceed, if they do.
    pub fn exceeded(&self, estimate: &Estimate, runs: u64) -> Option<Excess> {
        let (events, bytes) = (estimate.events(), estimate.bytes(runs));
        if events > self.events {
            return Some(Excess::Events { events, most: self.events });
        }
        (bytes > self.memory).then_some(Excess::Memory { bytes, most: self.memory, runs })
    }
}

/// The bound that an estimate exceeds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Excess {
    /// A run makes too many events.
    Events {
        /// The estimated number of events of a run.
        events: u64,
        /// The number of events that is allowed.
        most: u64,
    },
    /// The runs take too much memory.
    Memory {
        /// The bytes that the runs take.
        bytes: u64,
        /// The number of bytes that is allowed.
        most: u64,
        /// The number of runs.
        runs: u64,
    },
}

impl Excess {
    fn cause(self, estimate: &Estimate, runs: u64) -> Option<&Cause> {
        let weight = |cause: &Cause| match self {
            Self::Events { .. } => cause.events,
            Self::Memory { .. } => cause.bytes + cause.kept * runs as f64,
        };
        estimate.causes.iter().max_by(|a, b| weight(a).total_cmp(&weight(b)))
    }

    /// The command-line option that raises the bound enough.
    pub fn option(self) -> String {
        match self {
            Self::Events { events, .. } => format!("--limit-events {events}"),
            Self::Memory { bytes, .. } => format!("--limit-memory {}MB", bytes.div_ceil(1_000_000)),
        }
    }
}

impl fmt::Display for Excess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Events { events, most } => {
                let [events, most] = [events, most].map(|count| number(count as f64));
                write!(f, "about {events} events in a run, and may come to {most}")
            }
            Self::Memory { bytes, most, runs } => {
                let [bytes, most] = [bytes, most].map(size);
                let runs = if runs == 1 { "1 run".into() } else { format!("{runs} runs") };
                write!(f, "about {bytes} of memory in {runs}, and may come to {most}")
            }
        }
    }
}

/// The place of a key in a scenario file, or of the nearest table around it.
fn place(text: &str, key: &[Key]) -> Place {
    let (tree, _) = DeTable::parse_recoverable(text);
    let mut found = 0..0;
    let root = DeValue::Table(tree.into_inner());
    let mut value = &root;
    for part in key {
        let next = match (part, value) {
            (Key::Name(name), DeValue::Table(table)) => {
                table.get_key_value(name.as_str()).map(|(key, value)| (key.span(), value))
            }
            (Key::Fault(at), DeValue::Array(all)) => {
                let written = all.iter().filter(|fault| !is_drawn(fault.get_ref()));
                written.clone().nth(*at).map(|fault| (fault.span(), fault))
            }
            _ => None,
        };
        let Some((span, inner)) = next else { break };
        found = span;
        value = inner.get_ref();
        if !matches!(value, DeValue::Table(_) | DeValue::Array(_)) {
            found = inner.span();
        }
    }
    found
}

/// A number in few characters: `96 million`.
pub fn number(number: f64) -> String {
    match number {
        n if n >= 999.5e6 => format!("{:.1} billion", n / 1e9),
        n if n >= 999.5e3 => format!("{:.1} million", n / 1e6),
        n if n >= 9.5 => format!("{n:.0}"),
        n => format!("{n:.1}"),
    }
}

/// A number of bytes in few characters.
pub fn size(bytes: u64) -> String {
    match bytes as f64 {
        n if n >= 999.5e6 => format!("{:.1} GB", n / 1e9),
        n => format!("{:.1} MB", n / 1e6),
    }
}

fn is_drawn(fault: &DeValue<'_>) -> bool {
    let kind = fault.as_table().and_then(|fault| fault.get("kind"));
    kind.and_then(|kind| kind.get_ref().as_str()) == Some(Random::NAME)
}

#[cfg(test)]
mod tests;

//! The declaration of a measure. Each is declared once, as a constant beside the fold that computes
//! it, and named in the [catalogue](super::catalogue); tables, charts, sentences, expectations and
//! files take everything else from that declaration.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{capacity, catalogue::CATALOGUE, counters::OF_GROUP, reads};
use crate::checks::serial::span;
use crate::kernel::Span;
use crate::model::system::{Anchor, OperationKind, ReadSpec, ReadWhat, System};

/// A measure: the meaning of its numbers, the better direction, and its texts in reports.
#[derive(Clone, Copy, Debug)]
pub struct Measure {
    /// The identifier in files and scenarios, such as `m1`.
    pub id: &'static str,
    /// The name for people.
    pub name: &'static str,
    /// The head of its column.
    pub head: &'static str,
    /// The unit of its numbers.
    pub unit: Unit,
    /// The better direction.
    pub better: Better,
    /// The number of values in a run.
    pub values: Values,
    /// The operations that the number of a whole run covers.
    pub covers: Covers,
    /// The exact definition.
    pub what: &'static str,
    /// The phrases with which a sentence describes the variant with the best number and the one
    /// with the worst: `the shortest consistency lag`. Empty if no sentence mentions it.
    pub told: [&'static str; 2],
    /// True if its number is final only once a run has settled.
    pub at_rest: bool,
}

/// The unit of a measure.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Unit {
    /// Nanoseconds of virtual time.
    Nanoseconds,
    /// A share, 0 to 1.
    Share,
    /// A number per operation.
    PerOperation,
    /// A number per transaction of a database.
    PerTransaction,
    /// A plain number.
    Count,
    /// A number per second of virtual time.
    PerSecond,
}

/// The better direction of a measure.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Better {
    /// Less is better.
    Lower,
    /// More is better.
    Higher,
    /// Neither direction is better by itself.
    Neither,
}

/// The number of values of a measure in a run, which decides how runs are summarized.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Values {
    /// One number; over several runs its mean.
    One,
    /// One number, the greatest of several in the run; over several runs the greatest of all.
    Greatest,
    /// One time, which may be infinite; over several runs a distribution.
    Once,
    /// Many values. Those that the end of an unsettled run cuts off are censored.
    Many,
    /// Many values. Those that a deadline cuts off count as infinite.
    ManyUntilDeadline,
}

/// The operations that the number of a whole run covers, and whether each operation has a number of
/// its own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Covers {
    /// The operations that headlines pool, see [`System::pooled_kinds`]; each operation has its own
    /// number.
    Pooled,
    /// All operations, and what no operation caused; each operation has its own number.
    All,
    /// The system as a whole; no operation has its own number.
    System,
}

impl Measure {
    /// A measure with one number in each run.
    pub const fn number(
        id: &'static str,
        name: &'static str,
        unit: Unit,
        better: Better,
        what: &'static str,
    ) -> Self {
        let values = Values::One;
        let (covers, at_rest, told) = (Covers::System, false, ["", ""]);
        Self { id, name, head: name, unit, better, values, covers, what, told, at_rest }
    }

    /// A measure with many values in each run.
    pub const fn many(
        id: &'static str,
        name: &'static str,
        unit: Unit,
        better: Better,
        what: &'static str,
    ) -> Self {
        Self::number(id, name, unit, better, what).values(Values::Many)
    }

    /// This measure with another number of values.
    #[must_use]
    pub const fn values(self, values: Values) -> Self {
        Self { values, ..self }
    }

    /// This measure for the operations that headlines pool, and for each operation.
    #[must_use]
    pub const fn by_operation(self) -> Self {
        Self { covers: Covers::Pooled, ..self }
    }

    /// This measure for all that happened, and for what each operation caused.
    #[must_use]
    pub const fn of_each(self) -> Self {
        Self { covers: Covers::All, ..self }
    }

    /// Returns whether each operation has a number of its own.
    pub fn is_by_operation(&self) -> bool {
        self.covers != Covers::System
    }

    /// This measure with another column head.
    #[must_use]
    pub const fn head(self, head: &'static str) -> Self {
        Self { head, ..self }
    }

    /// This measure with phrases for sentences: `best` for the best number, `worst` for the worst.
    #[must_use]
    pub const fn told(self, best: &'static str, worst: &'static str) -> Self {
        Self { told: [best, worst], ..self }
    }

    /// This measure with a number that is final only once a run has settled.
    #[must_use]
    pub const fn at_rest(self) -> Self {
        Self { at_rest: true, ..self }
    }

    /// Returns whether a run has many values of the measure.
    pub const fn is_many(&self) -> bool {
        matches!(self.values, Values::Many | Values::ManyUntilDeadline)
    }

    /// This measure of a part of the run.
    pub fn of(&'static self, scope: &Scope) -> Key {
        Key { scope: scope.clone(), measure: self }
    }

    /// This measure of one read of the scenario.
    pub fn of_read(&'static self, read: &str) -> Key {
        self.of(&Scope::Read(read.into()))
    }

    /// This measure of one operation of a scenario that has several.
    pub fn of_operation(&'static self, operation: &str) -> Key {
        self.of(&Scope::Operation(operation.into()))
    }
}

impl Measure {
    /// This measure of one pool.
    pub fn of_pool(&'static self, pool: &Arc<str>) -> Key {
        Key { scope: Scope::Pool(Arc::clone(pool)), measure: self }
    }
}

impl PartialEq for Measure {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Measure {}

impl PartialOrd for Measure {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Measure {
    fn cmp(&self, other: &Self) -> Ordering {
        self.id.cmp(other.id)
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id)
    }
}

impl Serialize for Measure {
    fn serialize<S: Serializer>(&self, into: S) -> Result<S::Ok, S::Error> {
        into.serialize_str(self.id)
    }
}

impl<'de> Deserialize<'de> for &'static Measure {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let id = Cow::<str>::deserialize(from)?;
        let parts = reads::ALL.iter().chain(capacity::ALL).chain(OF_GROUP);
        let found = CATALOGUE.iter().chain(parts).find(|measure| measure.id == id);
        found.copied().ok_or_else(|| Error::custom("no such measure"))
    }
}

impl Unit {
    /// All units.
    const ALL: [Self; 6] = [
        Self::Nanoseconds,
        Self::Share,
        Self::PerOperation,
        Self::PerTransaction,
        Self::Count,
        Self::PerSecond,
    ];

    /// The unit with this name in files.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|unit| unit.name() == name)
    }

    /// The name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nanoseconds => "ns",
            Self::Share => "share",
            Self::PerOperation => "per operation",
            Self::PerTransaction => "per transaction",
            Self::Count => "count",
            Self::PerSecond => "per second",
        }
    }
}

impl Better {
    /// The direction with this name in files.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Lower, Self::Higher, Self::Neither].into_iter().find(|it| it.name() == name)
    }

    /// The name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lower => "lower",
            Self::Higher => "higher",
            Self::Neither => "neither",
        }
    }
}

/// A measure of a run, or of a part of it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Key {
    /// The part that is measured.
    pub scope: Scope,
    /// The measure that is taken.
    pub measure: &'static Measure,
}

/// The part of a run that a measure covers.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Scope {
    /// The whole run; for measures per operation, the operations that headlines pool, see
    /// [`System::pooled_kinds`].
    Run,
    /// One operation of the scenario, by its name.
    Operation(Arc<str>),
    /// One read of the scenario, by its name, at all of its times.
    Read(Arc<str>),
    /// One read of the scenario at one of its times after this moment of the operation that it
    /// looks at.
    ReadAt(Arc<str>, #[serde(with = "span")] Span, Anchor),
    /// One consumer group of a broker, by the name of its service.
    Group(Arc<str>),
    /// One pool: the workers of a service or of a kind of driver, or the cores of a database.
    Pool(Arc<str>),
}

impl Scope {
    /// The scope of one declared operation; the whole run if the scenario has only one.
    pub fn of_operation(system: &System, kind: OperationKind) -> Self {
        match system.declared_kinds().nth(1) {
            None => Self::Run,
            Some(_) => Self::Operation(Arc::clone(&system.operation(kind).name.shown)),
        }
    }

    /// The scope of each declared operation that has one of its own, with its kind.
    pub fn of_operations(system: &System) -> impl Iterator<Item = (Self, OperationKind)> {
        let scope = |kind| (Self::of_operation(system, kind), kind);
        system.declared_kinds().map(scope).filter(|(scope, _)| *scope != Self::Run)
    }

    /// The scopes of one read: the read as a whole and, if it looks at operations, each of its
    /// times.
    pub fn of_read(read: &ReadSpec) -> Vec<Self> {
        let name = &read.name.shown;
        let (times, after) = match &read.what {
            ReadWhat::Operation { at, after, .. } => (&at[..], *after),
            ReadWhat::Column { .. } => (&[][..], Anchor::Arrival),
        };
        let times = times.iter().map(|at| Self::ReadAt(Arc::clone(name), *at, after));
        std::iter::once(Self::Read(Arc::clone(name))).chain(times).collect()
    }

    /// The text of the part; empty for the whole run.
    pub fn title(&self) -> String {
        match self {
            Self::Run => String::new(),
            Self::Operation(name) | Self::Read(name) | Self::Group(name) | Self::Pool(name) => {
                name.to_string()
            }
            Self::ReadAt(name, at, Anchor::Arrival) => format!("{name} @ {at}"),
            Self::ReadAt(name, at, Anchor::Answer) => format!("{name} @ {at} after the answer"),
        }
    }
}

impl From<&'static Measure> for Key {
    fn from(measure: &'static Measure) -> Self {
        Self { scope: Scope::Run, measure }
    }
}

/// The prefix of the names of measures of single reads, before the name of the read.
pub const READS: &str = "reads";
/// The prefix of the names of measures of single pools, before the name of the pool.
pub const POOLS: &str = "pools";

/// The prefix of the names of measures of single operations, before the name of the operation.
pub const OPERATIONS: &str = "operations";

/// The prefix of the names of measures of consumer groups, before the name of the service.
pub const GROUPS: &str = "groups";

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.scope {
            Scope::Run => write!(f, "{}", self.measure),
            Scope::Operation(name) => write!(f, "{OPERATIONS}.{name}.{}", self.measure),
            Scope::Read(name) => write!(f, "{READS}.{name}.{}", self.measure),
            Scope::Group(name) => write!(f, "{GROUPS}.{name}.{}", self.measure),
            Scope::ReadAt(name, at, _) => write!(f, "{READS}.{name}@{at}.{}", self.measure),
            Scope::Pool(name) => write!(f, "{POOLS}.{name}.{}", self.measure),
        }
    }
}

impl Key {
    /// The name for people.
    pub fn title(&self) -> String {
        match &self.scope {
            Scope::Run => self.measure.name.into(),
            part => format!("{}: {}", part.title(), self.measure.name),
        }
    }
}

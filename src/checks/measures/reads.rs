//! The numbers of a single read of the scenario, which only scenarios with that read have:
//! `reads.NAME.right`, `reads.NAME.latency` and so on.

use super::probes::{ProbeTally, ReadTally};
use super::{Distribution, Unit};

/// With what the names of these numbers begin, before the name of the read.
pub const READS: &str = "reads";

/// One of the numbers of a read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReadNumber {
    /// How often it was to be made.
    Count,
    /// The share with the right answer, however late.
    Right,
    /// The share that missed an effect whose client had heard yes, or what a replica's source
    /// held by then.
    Stale,
    /// The share that saw some effects and not others.
    Torn,
    /// The share that was answered with an error.
    Error,
    /// The share that nobody answered.
    TimedOut,
    /// How long it took; without an answer it never ends.
    Latency,
    /// Since when a stale one could have known better.
    Age,
}

impl ReadNumber {
    /// All of them, in the order in which reports show them.
    pub const ALL: [Self; 8] = [
        Self::Count,
        Self::Right,
        Self::Stale,
        Self::Torn,
        Self::Error,
        Self::TimedOut,
        Self::Latency,
        Self::Age,
    ];

    /// As scenarios and files write it, behind the name of the read.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Right => "right",
            Self::Stale => "stale",
            Self::Torn => "torn",
            Self::Error => "error",
            Self::TimedOut => "timed-out",
            Self::Latency => "latency",
            Self::Age => "age",
        }
    }

    /// Its name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Count => "reads",
            Self::Error => "errors",
            Self::TimedOut => "timed out",
            Self::Age => "age of stale reads",
            Self::Right | Self::Stale | Self::Torn | Self::Latency => self.key(),
        }
    }

    /// In what it is counted.
    pub const fn unit(self) -> Unit {
        match self {
            Self::Count => Unit::Count,
            Self::Latency | Self::Age => Unit::Nanoseconds,
            _ => Unit::Share,
        }
    }

    /// Returns whether it has many values in a run.
    pub const fn is_distribution(self) -> bool {
        matches!(self, Self::Latency | Self::Age)
    }

    /// Its values in a run, if it has many.
    pub const fn values(self, read: &ReadTally) -> Option<&Distribution> {
        match self {
            Self::Latency => Some(&read.took),
            Self::Age => Some(&read.ages),
            _ => None,
        }
    }

    /// How many of the reads of a run it counts; all of them, if it has many values. The shares
    /// add up to one.
    pub fn count(self, read: &ReadTally) -> u64 {
        let ended: &ProbeTally = &read.ended;
        let [.., within] = &ended.within;
        match self {
            Self::Count | Self::Latency | Self::Age => ended.scheduled,
            Self::Right => within.right,
            Self::Stale => within.stale,
            Self::Torn => within.torn,
            Self::Error => ended.error,
            Self::TimedOut => read.timed_out(),
        }
    }
}

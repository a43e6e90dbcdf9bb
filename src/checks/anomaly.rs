//! The anomalies of single operations: which of them an operation met, so that lists and traces
//! find it. Measures count the same events, each as often as it occurred.

use serde::{Deserialize, Serialize};

/// A kind of anomaly that an operation can meet.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Anomaly {
    /// A read saw an effect of it that was compensated later.
    DirtyRead,
    /// A write destroyed its version, which was newer than the one that the write derives from.
    LostUpdate,
    /// A write of it that read nothing overwrote what another operation had left.
    BlindWrite,
    /// A further step of it took effect behind that of a newer operation.
    OutOfOrder,
    /// A message for it was delivered again, or copied by the network.
    DeliveredAgain,
    /// A store came to show an effect of it once more.
    AppliedAgain,
    /// A read of it came back stale, torn or with an error, or did not come back.
    WrongRead,
}

impl Anomaly {
    /// All anomalies, in the order of lists.
    pub const ALL: [Self; 7] = [
        Self::DirtyRead,
        Self::LostUpdate,
        Self::BlindWrite,
        Self::OutOfOrder,
        Self::DeliveredAgain,
        Self::AppliedAgain,
        Self::WrongRead,
    ];

    /// The name in lists and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DirtyRead => "dirty-read",
            Self::LostUpdate => "lost-update",
            Self::BlindWrite => "blind-write",
            Self::OutOfOrder => "out-of-order",
            Self::DeliveredAgain => "delivered-again",
            Self::AppliedAgain => "applied-again",
            Self::WrongRead => "wrong-read",
        }
    }
}

/// The anomalies that one operation met.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct AnomalySet(u8);

const _: () = assert!(Anomaly::ALL.len() <= 8, "a set has a bit for each anomaly");

impl AnomalySet {
    /// Adds an anomaly.
    pub const fn insert(&mut self, anomaly: Anomaly) {
        self.0 |= 1 << anomaly as u8;
    }

    /// Returns whether an anomaly is in the set.
    pub const fn contains(self, anomaly: Anomaly) -> bool {
        self.0 & 1 << anomaly as u8 != 0
    }

    /// The anomalies of both sets.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The anomalies in the set, in the order of lists.
    pub fn iter(self) -> impl Iterator<Item = Anomaly> {
        Anomaly::ALL.into_iter().filter(move |anomaly| self.contains(*anomaly))
    }
}

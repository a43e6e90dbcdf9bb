//! Who depends on whom, and who waited for whom: M13 of one variant.

pub use crate::checks::coupling::{Chain, Coupling, Ownership, TableCoupling};

/// What one service waited for another in one database, all seeds together, ns.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Contended {
    /// The database.
    pub database: String,
    /// Who waited.
    pub service: String,
    /// Who held what it waited for: a service, which may be the same, or `nobody` for what a fault
    /// took.
    pub holder: String,
    /// How long it waited for a core.
    pub core: u64,
    /// For a connection.
    pub connection: u64,
    /// For a row lock.
    pub lock: u64,
    /// How long the service's sessions waited for anybody in this database.
    pub waits: u64,
    /// How long they waited or had a core.
    pub took: u64,
}

impl Contended {
    /// How long it waited, for whatever.
    pub const fn waited(&self) -> u64 {
        self.core + self.connection + self.lock
    }

    /// Returns whether it waited for another service.
    pub fn is_foreign(&self) -> bool {
        self.holder != self.service && self.holder != NOBODY
    }

    /// The part of the service's waits that goes to this holder's account.
    pub fn share(&self) -> Option<f64> {
        super::ratio(self.waited(), self.waits)
    }

    /// The part of the service's time in the database that it spent waiting for this holder.
    pub fn slowdown(&self) -> Option<f64> {
        super::ratio(self.waited(), self.took)
    }
}

/// Who holds what no service holds.
pub const NOBODY: &str = "nobody";

/// Which services one fault touched.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Touched {
    /// The fault and whom it struck.
    pub fault: String,
    /// Services, and in how many seeds it touched them.
    pub services: Vec<(String, u64)>,
}

//! The coupling of one variant, M13: who depends on whom, and who waited for whom.

pub use crate::checks::coupling::{Chain, Coupling, Ownership, TableCoupling};

/// The time that one service waited for another in one database, all seeds together, ns.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Contended {
    /// The database.
    pub database: String,
    /// The service that waited.
    pub service: String,
    /// The holder of what it waited for: a service, which may be the same; none for what a fault
    /// took.
    pub holder: Option<String>,
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
        self.holder.as_ref().is_some_and(|holder| *holder != self.service)
    }

    /// The holder as reports write it.
    pub fn holder(&self) -> &str {
        self.holder.as_deref().unwrap_or("nobody")
    }

    /// The part of the service's waits that goes to this holder's account.
    pub fn share(&self) -> Option<f64> {
        ratio(self.waited(), self.waits)
    }

    /// The part of the service's time in the database that it spent waiting for this holder.
    pub fn slowdown(&self) -> Option<f64> {
        ratio(self.waited(), self.took)
    }
}

/// Which services one fault touched.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Touched {
    /// The fault and whom it struck.
    pub fault: String,
    /// Services, and in how many seeds it touched them.
    pub services: Vec<(String, u64)>,
}

/// `part / whole`; `None` if there is no whole.
fn ratio(part: u64, whole: u64) -> Option<f64> {
    if whole == 0 { None } else { Some(part as f64 / whole as f64) }
}

//! The coupling of one variant, M13: dependencies, and waits between services.

pub use crate::checks::coupling::{Chain, Coupling, Ownership, TableCoupling};

/// The time that one service waited for another in one database, all seeds together, ns.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Contended {
    /// The database.
    pub database: String,
    /// The service that waited.
    pub service: String,
    /// The holder of the resource: a service, which may be the same; none if a fault held it.
    pub holder: Option<String>,
    /// The time for which it waited for a core.
    pub core: u64,
    /// The time for which it waited for a connection.
    pub connection: u64,
    /// The time for which it waited for a row lock.
    pub lock: u64,
    /// The time for which the service's sessions waited in this database, for any holder.
    pub waits: u64,
    /// The time for which they waited or had a core.
    pub took: u64,
}

impl Contended {
    /// The time for which it waited, for any resource.
    pub const fn waited(&self) -> u64 {
        self.core + self.connection + self.lock
    }

    /// Returns whether it waited for another service.
    pub fn is_foreign(&self) -> bool {
        self.holder.as_ref().is_some_and(|holder| *holder != self.service)
    }

    /// The text of the holder in reports.
    pub fn holder(&self) -> &str {
        self.holder.as_deref().unwrap_or("nobody")
    }

    /// The share of the service's waits that this holder caused.
    pub fn share(&self) -> Option<f64> {
        ratio(self.waited(), self.waits)
    }

    /// The share of the service's time in the database that it spent waiting for this holder.
    pub fn slowdown(&self) -> Option<f64> {
        ratio(self.waited(), self.took)
    }
}

/// The effect of one fault: in how many seeds it struck, and which services it touched.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Touched {
    /// The text of the fault and its target.
    pub fault: String,
    /// In how many seeds it struck: it began, and the variant has a node that it strikes.
    pub struck: u64,
    /// In how many seeds operations were under way while it lasted.
    pub hit: u64,
    /// The services, with the number of seeds in which the fault touched them.
    pub services: Vec<(String, u64)>,
}

/// `part / whole`; `None` if there is no whole.
fn ratio(part: u64, whole: u64) -> Option<f64> {
    if whole == 0 { None } else { Some(part as f64 / whole as f64) }
}

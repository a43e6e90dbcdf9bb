//! The errors of a database.

use crate::model::record::AbortCause;

/// Why a database did not do what it was asked for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, thiserror::Error)]
pub enum DbError {
    /// A business rule refused it, or there is no such row, or there is one already. The
    /// transaction goes on.
    #[error("refused by a rule")]
    Refused,
    /// The row is not at the version that was expected. The transaction goes on.
    #[error("the row has changed")]
    Conflict,
    /// The service does not own the table. The transaction goes on.
    #[error("the table belongs to another service")]
    Denied,
    /// The service speaks another schema of the table. The transaction goes on.
    #[error("the statement does not fit the table's schema")]
    SchemaBreak,
    /// A row lock was not granted in time. The transaction was rolled back.
    #[error("lock timeout")]
    LockTimeout,
    /// The request would have closed a circle of waiting. The transaction was rolled back.
    #[error("deadlock")]
    Deadlock,
    /// The session broke, or the transaction was rolled back already. Nothing stays.
    #[error("the session is broken")]
    Broken,
    /// The database does not serve. Nothing was done.
    #[error("the database is not available")]
    Unavailable,
    /// The session broke behind a submitted commit or prepare: it may have happened.
    #[error("the outcome is unknown")]
    Unknown,
    /// A transaction with a higher fencing token has been here. The transaction was rolled back.
    #[error("the fencing token is out of date")]
    Fenced,
    /// The transaction could not be serialized with others. It was rolled back.
    #[error("serialization failure")]
    Serialization,
    /// There is no room for what would have to be logged. The transaction was rolled back.
    #[error("the disk is full")]
    DiskFull,
    /// The database cannot take part in two-phase commit. The transaction was rolled back.
    #[error("the database has no XA support")]
    NoXa,
}

impl DbError {
    /// Why a transaction rolled back that met with this error.
    pub(super) const fn cause(self) -> AbortCause {
        match self {
            Self::LockTimeout => AbortCause::LockTimeout,
            Self::Deadlock => AbortCause::Deadlock,
            Self::Serialization => AbortCause::Serialization,
            Self::DiskFull => AbortCause::DiskFull,
            Self::Fenced => AbortCause::Fenced,
            Self::Broken => AbortCause::Broken,
            _ => AbortCause::Requested,
        }
    }
}

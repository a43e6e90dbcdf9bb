//! The errors of a database.

use crate::model::record::AbortCause;

/// The reason why a database refused or failed a request.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, thiserror::Error)]
pub enum DbError {
    /// A business rule refused it, the row does not exist, or the row exists already. The
    /// transaction continues.
    #[error("refused by a rule")]
    Refused,
    /// The row is not at the expected version. The transaction continues.
    #[error("the row has changed")]
    Conflict,
    /// The service does not own the table. The transaction continues.
    #[error("the table belongs to another service")]
    Denied,
    /// The service uses another schema of the table. The transaction continues.
    #[error("the statement does not fit the table's schema")]
    SchemaBreak,
    /// A row lock was not granted in time. The transaction was rolled back.
    #[error("lock timeout")]
    LockTimeout,
    /// The request would have closed a cycle of waits. The transaction was rolled back.
    #[error("deadlock")]
    Deadlock,
    /// The session broke, or the transaction was rolled back already. It has no effect.
    #[error("the session is broken")]
    Broken,
    /// The database does not serve. Nothing was done.
    #[error("the database is not available")]
    Unavailable,
    /// The session broke after a commit or prepare was submitted: it may have taken effect.
    #[error("the outcome is unknown")]
    Unknown,
    /// A transaction with a higher fencing token has committed. The transaction was rolled back.
    #[error("the fencing token is out of date")]
    Fenced,
    /// The transaction could not be serialized with others. It was rolled back.
    #[error("serialization failure")]
    Serialization,
    /// The disk has no room for the log record. The transaction was rolled back.
    #[error("the disk is full")]
    DiskFull,
    /// The database cannot take part in two-phase commit. The transaction was rolled back.
    #[error("the database has no XA support")]
    NoXa,
}

impl DbError {
    /// The cause of the rollback of a transaction that met with this error.
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

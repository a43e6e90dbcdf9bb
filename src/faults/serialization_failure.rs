//! # Serialization failure
//!
//! A database refuses a share of the commits (and prepares) that have something to log, because the
//! transactions cannot be serialized with others, as snapshot isolation does at its own time. Such
//! a transaction has no effect, and a retry may succeed.
//!
//! For a single one leave `share` out and give it a trigger on `force commit` or `force prepare` of
//! the database; on `work` it affects a statement instead:
//!
//! ```toml
//! [[faults]]
//! kind = "serialization-failure"
//! target = "stock-db"
//! on = { who = "stock-db", what = "force commit" }
//! ```

use std::rc::Rc;

use super::fault::{Fault, Heal};
use super::local_fault::DatabaseShare;
use crate::model::database::DbError;
use crate::model::local_fault::LocalFault;
use crate::model::point::Action;
use crate::model::world::World;

/// Commits that are refused because they cannot be serialized.
pub struct SerializationFailure;

impl Fault for SerializationFailure {
    const NAME: &'static str = "serialization-failure";
    const SUMMARY: &'static str = "commits are refused: nothing stays, another try may help";
    const MANUAL: &'static str = include_str!("serialization_failure.rs");
    type Settings = DatabaseShare;

    fn strike(settings: &DatabaseShare, world: &Rc<World>) -> Heal {
        settings.strike(world, LocalFault::Serialization)
    }

    fn action(settings: &DatabaseShare) -> Action {
        settings.action(Action::Refuse(DbError::Serialization))
    }
}

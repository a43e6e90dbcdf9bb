//! # Deadlock victim
//!
//! The deadlock detection of a database chooses a share of the transactions as victims when they
//! ask for their first lock, whether or not there is a cycle of waits. Such a transaction is rolled
//! back at once, and a retry may succeed.
//!
//! For a single one leave `share` out and give it a trigger on a statement (`work` or `compensate`)
//! of the database:
//!
//! ```toml
//! [[faults]]
//! kind = "deadlock-victim"
//! target = "stock-db"
//! on = { who = "stock-db", what = "work", nth = 2 }
//! ```

use std::rc::Rc;

use super::fault::{Fault, Heal};
use super::local_fault::DatabaseShare;
use crate::model::database::DbError;
use crate::model::local_fault::LocalFault;
use crate::model::point::Action;
use crate::model::world::World;

/// Transactions that are rolled back as victims of a deadlock.
pub struct DeadlockVictim;

impl Fault for DeadlockVictim {
    const NAME: &'static str = "deadlock-victim";
    const SUMMARY: &'static str = "transactions are chosen as deadlock victims";
    const MANUAL: &'static str = include_str!("deadlock_victim.rs");
    type Settings = DatabaseShare;

    fn strike(settings: &DatabaseShare, world: &Rc<World>) -> Heal {
        settings.strike(world, LocalFault::Deadlock)
    }

    fn action(settings: &DatabaseShare) -> Action {
        settings.action(Action::Refuse(DbError::Deadlock))
    }
}

//! # Commit with an unknown outcome
//!
//! The sessions of a share of the commits break after the submission: the commit takes effect, and
//! its caller never learns of it. A caller that takes that for a failure and retries does the work
//! twice, unless the first attempt stored an idempotency key. The fault affects local commits and,
//! under two-phase commit, the outcome that is sent to a prepared branch.
//!
//! For a single one leave `share` out and give it a trigger on `force commit` or `apply commit` of
//! the database:
//!
//! ```toml
//! [[faults]]
//! kind = "commit-unknown"
//! target = "stock-db"
//! on = { who = "stock-db", what = "force commit" }
//! ```

use std::rc::Rc;

use super::fault::{Fault, Heal};
use super::local_fault::DatabaseShare;
use crate::model::local_fault::LocalFault;
use crate::model::point::Action;
use crate::model::world::World;

/// Commits whose answer is lost.
pub struct CommitUnknown;

impl Fault for CommitUnknown {
    const NAME: &'static str = "commit-unknown";
    const SUMMARY: &'static str = "sessions break behind a commit, which stands";
    const MANUAL: &'static str = include_str!("commit_unknown.rs");
    type Settings = DatabaseShare;

    fn strike(settings: &DatabaseShare, world: &Rc<World>) -> Heal {
        settings.strike(world, LocalFault::CommitUnknown)
    }

    fn action(settings: &DatabaseShare) -> Action {
        settings.action(Action::Mute)
    }
}

//! # Deadlock victim
//!
//! The deadlock detection of a database chooses a share of the transactions as victims when they
//! ask for their first lock, whether or not there is a circle. Such a transaction is rolled back at
//! once, nothing of it stays, and another try may help.
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

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fault::{Fault, Heal};
use super::grid::{SHARES, below, check_range, draw};
use super::local_fault::{at_databases, local_fault};
use super::targets::Targets;
use crate::kernel::Words;
use crate::model::database::DbError;
use crate::model::local_fault::LocalFault;
use crate::model::point::Action;
use crate::model::world::World;

/// Transactions that are rolled back as victims of a deadlock.
pub struct DeadlockVictim;

/// Settings of deadlock victims.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {
    /// The database.
    target: String,
    /// Which share is struck while the fault lasts, 0 to 1; if it is left out, only the one whose
    /// point triggers it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    share: Option<f64>,
}

impl Fault for DeadlockVictim {
    const NAME: &'static str = "deadlock-victim";
    const SUMMARY: &'static str = "transactions are chosen as deadlock victims";
    const MANUAL: &'static str = include_str!("deadlock_victim.rs");
    type Settings = Settings;

    fn targets(settings: &Settings) -> Vec<String> {
        vec![settings.target.clone()]
    }

    fn check(settings: &Settings) -> Vec<String> {
        check_range("share", settings.share.unwrap_or(0.0), 0.0, 1.0)
    }

    fn strike(settings: &Settings, world: &Rc<World>) -> Heal {
        let places = at_databases(world, &settings.target);
        local_fault(world, LocalFault::Deadlock, &places, settings.share, u64::MAX)
    }

    fn action(settings: &Settings) -> Action {
        if settings.share.is_none() { Action::Refuse(DbError::Deadlock) } else { Action::Go }
    }

    fn draw(targets: &Targets, words: &mut dyn Words) -> Option<Settings> {
        let target = Targets::pick(targets.databases.iter(), words)?;
        Some(Settings { target, share: Some(draw(&SHARES, words)) })
    }

    fn simpler(settings: &Settings) -> Vec<Settings> {
        let less = settings.share.into_iter().flat_map(|share| below(&SHARES, share));
        less.map(|share| Settings { share: Some(share), ..settings.clone() }).collect()
    }
}

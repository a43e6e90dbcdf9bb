//! # Commit with an unknown outcome
//!
//! The sessions of a share of the commits break behind the submission: the work stands, and its
//! caller never hears so. Whoever takes that for a failure and tries again does it twice, unless
//! the first try left a key behind. It strikes local commits and, under two-phase commit, the
//! outcome that is told to a prepared branch.
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

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fault::{Fault, Heal};
use super::grid::{SHARES, below, check_range, draw};
use super::local_fault::{at_databases, local_fault};
use super::targets::Targets;
use crate::kernel::Words;
use crate::model::local_fault::LocalFault;
use crate::model::point::Action;
use crate::model::world::World;

/// Commits whose answer is lost.
pub struct CommitUnknown;

/// Settings of commits with an unknown outcome.
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

impl Fault for CommitUnknown {
    const NAME: &'static str = "commit-unknown";
    const SUMMARY: &'static str = "sessions break behind a commit, which stands";
    const MANUAL: &'static str = include_str!("commit_unknown.rs");
    type Settings = Settings;

    fn targets(settings: &Settings) -> Vec<String> {
        vec![settings.target.clone()]
    }

    fn check(settings: &Settings) -> Vec<String> {
        check_range("share", settings.share.unwrap_or(0.0), 0.0, 1.0)
    }

    fn strike(settings: &Settings, world: &Rc<World>) -> Heal {
        let places = at_databases(world, &settings.target);
        local_fault(world, LocalFault::CommitUnknown, &places, settings.share, u64::MAX)
    }

    fn action(settings: &Settings) -> Action {
        if settings.share.is_none() { Action::Mute } else { Action::Go }
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

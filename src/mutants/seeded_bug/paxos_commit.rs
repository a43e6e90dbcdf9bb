//! Seeded bugs of Paxos Commit: a leader that proposes by other rules.

use std::rc::Rc;

use super::{PutToWork, decode};
use crate::patterns::pattern::at_work;
use crate::patterns::paxos_commit::PaxosCommit;
use crate::patterns::paxos_commit::rules::{Accepted, Rules};
use crate::patterns::paxos_commit::settings::Settings;

struct TakesAcceptedForFree;

impl Rules for TakesAcceptedForFree {
    fn propose(&self, _: &[Accepted]) -> Accepted {
        Accepted::default()
    }
}

/// Paxos Commit whose new leaders propose to abort, always.
pub(super) fn taking_accepted_for_free(settings: &toml::Table) -> PutToWork {
    let settings: Settings = decode(settings);
    let pattern = move || PaxosCommit::proposing(settings.clone(), &TakesAcceptedForFree);
    Box::new(move |_, _| at_work(Rc::new(pattern())))
}

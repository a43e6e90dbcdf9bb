//! Seeded bugs of two-phase commit: a coordinator that decides by other rules.

use std::rc::Rc;

use super::{PutToWork, decode};
use crate::model::call::Reply;
use crate::model::record::Decision;
use crate::patterns::atomic_commit::participant::Vote;
use crate::patterns::pattern::at_work;
use crate::patterns::two_phase_commit::TwoPhaseCommit;
use crate::patterns::two_phase_commit::coordinator::Entry;
use crate::patterns::two_phase_commit::decisions::{Decisions, Known, Outcomes, is_yes};
use crate::patterns::two_phase_commit::settings::{Presumption, Settings};

/// Two-phase commit whose coordinator decides by these rules.
pub(super) fn deciding(settings: &toml::Table, rules: &'static dyn Decisions) -> PutToWork {
    let settings: Settings = decode(settings);
    Box::new(move |_, _| at_work(Rc::new(TwoPhaseCommit::deciding(settings.clone(), rules))))
}

pub(super) struct OneVoteShort;

impl Decisions for OneVoteShort {
    fn on_votes(&self, replies: &[Reply<Vote>]) -> Decision {
        let noes = replies.iter().filter(|reply| !is_yes(reply)).count();
        if noes <= 1 { Decision::Commit } else { Decision::Abort }
    }
}

pub(super) struct NeverPresumes;

impl Decisions for NeverPresumes {
    fn on_inquiry(&self, known: Known, _: Presumption) -> Option<Decision> {
        match known {
            Known::Decided(decision) => Some(decision),
            Known::Voting | Known::Nothing => None,
        }
    }
}

pub(super) struct PresumesCommit;

impl Decisions for PresumesCommit {
    fn on_inquiry(&self, known: Known, _: Presumption) -> Option<Decision> {
        match known {
            Known::Voting => None,
            Known::Decided(decision) => Some(decision),
            Known::Nothing => Some(Decision::Commit),
        }
    }
}

pub(super) struct ForgetsWhomToTell;

impl Decisions for ForgetsWhomToTell {
    fn on_restart(&self, _: &[Entry]) -> Outcomes {
        Outcomes::new()
    }
}

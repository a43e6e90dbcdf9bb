//! The paths of two-phase commit.

use std::collections::BTreeMap;

use super::TwoPhaseCommit;
use super::coordinator::{Entry, What};
use super::decisions::Known;
use super::settings::{Presumption, Settings};
use crate::model::path::{Paths, all_but, paths};
use crate::model::process::ProcessCtx;
use crate::model::record::Decision;
use crate::model::system::System;
use crate::patterns::atomic_commit::{Transaction, participant};

paths! {
    /// The kinds of log records that a coordinator finds after a restart.
    pub(super) enum Recovered {
        Collecting = "recovery of a collecting record",
        Commit = "recovery of a commit record",
        Abort = "recovery of an abort record",
        End = "recovery of an end record",
    }
}

impl From<What> for Recovered {
    fn from(what: What) -> Self {
        match what {
            What::Collecting(_) => Self::Collecting,
            What::Decided(Decision::Commit, _) => Self::Commit,
            What::Decided(Decision::Abort, _) => Self::Abort,
            What::End => Self::End,
        }
    }
}

paths! {
    /// The states in which an inquiry finds its transaction at the coordinator.
    pub(super) enum Inquired {
        Voting = "inquiry while votes are out",
        Commit = "inquiry about a commit",
        Abort = "inquiry about an abort",
        Nothing = "inquiry about a transaction of which nothing is known",
    }
}

impl From<Known> for Inquired {
    fn from(known: Known) -> Self {
        match known {
            Known::Voting => Self::Voting,
            Known::Decided(Decision::Commit) => Self::Commit,
            Known::Decided(Decision::Abort) => Self::Abort,
            Known::Nothing => Self::Nothing,
        }
    }
}

paths! {
    /// The answers of a peer to a participant in doubt.
    pub(super) enum PeerAnswer {
        Decision = "a peer knows the decision",
        Nothing = "a peer knows nothing",
    }
}

/// All paths with these settings.
pub(super) fn paths(settings: &Settings, system: &System) -> Paths {
    let Settings { presumption, abort_records, cooperative_termination, .. } = settings;
    let aborts = match presumption {
        Presumption::Nothing => true,
        Presumption::Abort => *abort_records,
        Presumption::Commit => false,
    };
    let mut paths = participant::paths(system, settings.read_only_vote);
    paths.extend(all_but(
        Recovered::ALL,
        [(*presumption != Presumption::Commit, Recovered::Collecting), (!aborts, Recovered::Abort)],
    ));
    let kept = |decision| presumption.is_acknowledged(decision);
    paths.extend(all_but(
        Inquired::ALL,
        [(!kept(Decision::Commit), Inquired::Commit), (!kept(Decision::Abort), Inquired::Abort)],
    ));
    if *cooperative_termination {
        paths.extend(all_but(PeerAnswer::ALL, []));
    }
    paths
}

impl TwoPhaseCommit {
    /// Notes which kinds of log records the recovery of the coordinator has used: a record counts
    /// if the outcomes to be delivered differ with it from those without it.
    pub(super) fn note_recovered(&self, here: &ProcessCtx, log: &[Entry]) {
        if !here.env().is_covered() {
            return;
        }
        let mut before: BTreeMap<Transaction, Vec<Entry>> = BTreeMap::new();
        for entry in log {
            let known = before.entry(entry.transaction).or_default();
            let mut outcomes = self.decisions.on_restart(known);
            known.push(*entry);
            here.replays(Recovered::from(entry.what), &mut outcomes, |outcomes| {
                *outcomes = self.decisions.on_restart(known);
            });
        }
    }
}

//! The paths of Paxos Commit.

use super::settings::Settings;
use crate::model::path::{Paths, all_but, paths};
use crate::model::record::Decision;
use crate::model::system::System;
use crate::patterns::atomic_commit::participant;

paths! {
    /// The kinds of log records that an acceptor finds after a restart.
    pub(super) enum Recovered {
        State = "recovery of an acceptor's state",
        End = "recovery of an end record",
    }
}

paths! {
    /// The states in which an inquiry finds its transaction.
    pub(super) enum Inquired {
        Voting = "inquiry while votes are out",
        Decided = "inquiry about a decision",
        Nothing = "inquiry at an acceptor that has to take over",
    }
}

impl From<Option<Option<Decision>>> for Inquired {
    fn from(known: Option<Option<Decision>>) -> Self {
        match known {
            Some(None) => Self::Voting,
            Some(Some(_)) => Self::Decided,
            None => Self::Nothing,
        }
    }
}

paths! {
    /// The outcomes of a ballot of a leader that takes over.
    pub(super) enum Ballots {
        Commits = "a later ballot commits",
        Aborts = "a later ballot aborts",
        Fails = "a later ballot finds no majority",
    }
}

impl From<Option<Decision>> for Ballots {
    fn from(decision: Option<Decision>) -> Self {
        match decision {
            Some(Decision::Commit) => Self::Commits,
            Some(Decision::Abort) => Self::Aborts,
            None => Self::Fails,
        }
    }
}

paths! {
    /// The requests that an acceptor refuses because it has promised a later ballot.
    pub(super) enum Refused {
        Vote = "an acceptor refuses a vote that comes too late",
        Promise = "an acceptor refuses to promise a lower ballot",
        Proposal = "an acceptor refuses the proposal of a lower ballot",
    }
}

/// All paths with these settings: a single acceptor has no competitor.
pub(super) fn paths(settings: &Settings, system: &System) -> Paths {
    let alone = settings.tolerated_faults == 0;
    let mut paths = participant::paths(system, settings.read_only_vote);
    paths.extend(all_but(Recovered::ALL, []));
    paths.extend(all_but(Inquired::ALL, []));
    paths.extend(all_but(Ballots::ALL, [(alone, Ballots::Fails)]));
    paths.extend(all_but(Refused::ALL, Refused::ALL.iter().map(|path| (alone, *path))));
    paths
}

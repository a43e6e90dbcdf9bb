//! The paths of background synchronization.

use super::owner::Corrected;
use super::rules::{self, Compared};
use super::{Find, OnRefusal, Settings, Write};
use crate::model::path::{Paths, all_but, paths};
use crate::model::system::System;
use crate::patterns::share::Share;
use crate::patterns::step;

paths! {
    /// The states in which the job finds a target row.
    pub(super) enum Found {
        Silent = "nothing follows for a row",
        Absent = "the row is not there yet for which something follows",
        Wrong = "a row differs from what follows",
        Right = "a row holds what follows",
    }
}

impl From<&Compared> for Found {
    fn from(compared: &Compared) -> Self {
        match compared {
            Compared::Silent => Self::Silent,
            Compared::Absent => Self::Absent,
            Compared::Wrong(_) => Self::Wrong,
            Compared::Right(..) => Self::Right,
        }
    }
}

paths! {
    /// The events in a run of the job.
    pub(super) enum Run {
        Resumed = "a restarted job goes on from its watermark",
        NextPage = "the job reads a further page of changes",
        NextBatch = "the job corrects a further batch",
        Unreachable = "a run gives a rule up because a store is away",
        TookBack = "the job takes back what it cannot carry on",
        StoodIn = "the standby runs because the job does not answer",
    }
}

/// All paths with these settings.
pub(super) fn paths(settings: &Settings, system: &System) -> Paths {
    let rules = rules::of(system, &Share::all());
    if rules.is_empty() {
        return Paths::new();
    }
    let derived = system.steps().filter(|step| step.derive.is_some());
    let refuses = derived.into_iter().any(step::may_be_refused);
    let takes_back = refuses && settings.on_refusal == OnRefusal::Compensate;
    // A difference is added whatever value the cell has.
    let blind = match settings.write {
        Write::Blind => true,
        Write::Delta => rules.iter().all(|rule| rule.aggregate().is_some()),
        Write::CompareAndSet => false,
    };
    let mut paths =
        all_but(Corrected::ALL, [(!refuses, Corrected::Refused), (blind, Corrected::Conflict)]);
    let silent = rules.iter().any(|rule| rule.may_be_silent(system));
    let early = rules.iter().any(|rule| rule.may_be_early(system));
    paths.extend(all_but(Found::ALL, [(!silent, Found::Silent), (!early, Found::Absent)]));
    paths.extend(all_but(
        Run::ALL,
        [
            (settings.find == Find::Scan, Run::Resumed),
            (!takes_back, Run::TookBack),
            (!settings.standby, Run::StoodIn),
        ],
    ));
    paths
}

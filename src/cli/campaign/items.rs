//! The items of a job: what the shards of a campaign make one after the other, each kept as bytes.

use std::path::Path;

use xxhash_rust::xxh3::xxh3_64;

use crate::cli::args::Limits;
use crate::cli::job::Job;
use crate::cli::{Error, Session, fuzz, source, unfinished};
use crate::experiment::compare::Study;
use crate::experiment::stop::Stop;
use crate::search::fuzz::Fuzz;

/// The items of a job, in their order.
pub enum Items<'a> {
    /// The runs of a comparison, or of a sweep point by point.
    Runs(Vec<Study<'a>>),
    /// The batches of a fuzz with so many runs of each variant.
    Batches(Fuzz<'a>, u64),
}

impl<'a> Items<'a> {
    /// The items of a job, which end once they are stopped.
    pub fn of(session: &'a Session, job: &'a Job, stop: &Stop) -> Self {
        match job.fuzz() {
            None => Self::Runs(job.studies()),
            Some((fuzz, variants)) => {
                let search = fuzz.hunted.fuzz(session, &job.scenario, &variants, stop);
                Self::Batches(search, fuzz.runs)
            }
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        match self {
            Self::Runs(studies) => studies.iter().map(|study| study.ids().count()).sum(),
            Self::Batches(fuzz, runs) => usize::try_from(fuzz.lots(*runs)).unwrap_or(usize::MAX),
        }
    }

    /// How many runs there are in all of them.
    pub fn all_runs(&self) -> usize {
        match self {
            Self::Runs(_) => self.count(),
            Self::Batches(fuzz, runs) => *runs as usize * fuzz.trials.len(),
        }
    }

    /// How many runs an item is.
    pub fn runs(&self, at: usize) -> usize {
        match self {
            Self::Runs(_) => 1,
            Self::Batches(fuzz, runs) => {
                let lot = fuzz.lot(at as u64, *runs);
                (lot.to - lot.from) as usize
            }
        }
    }

    /// The name of the file in which an item is kept until its shard is whole.
    pub fn name(&self, at: usize) -> String {
        match self {
            Self::Runs(studies) => {
                let (study, at) = place(studies, at);
                unfinished::name(study.id(at))
            }
            Self::Batches(fuzz, runs) => {
                let lot = fuzz.lot(at as u64, *runs);
                let variant = &fuzz.trials[lot.trial].variant().name.shown;
                format!("{:016x}-{:016x}.json", xxh3_64(variant.as_bytes()), lot.from)
            }
        }
    }

    /// An item in words.
    pub fn told(&self, at: usize) -> String {
        match self {
            Self::Runs(studies) => {
                let (study, at) = place(studies, at);
                let id = study.id(at);
                format!("{} on seed {}", id.variant, id.seed)
            }
            Self::Batches(fuzz, runs) => {
                let lot = fuzz.lot(at as u64, *runs);
                let variant = &fuzz.trials[lot.trial].variant().name.shown;
                format!("runs {} to {} of {variant}", lot.from, lot.to - 1)
            }
        }
    }

    /// Makes an item; nothing if it was stopped.
    pub fn make(&self, at: usize, stop: &Stop) -> Option<Vec<u8>> {
        match self {
            Self::Runs(studies) => {
                let (study, at) = place(studies, at);
                serde_json::to_vec(&study.run_one(study.id(at), stop)?).ok()
            }
            Self::Batches(fuzz, runs) => fuzz.make(&fuzz.lot(at as u64, *runs)),
        }
    }

    /// Refuses runs that come to more than the limits.
    pub fn bound(&self, session: &Session, path: &Path, limits: &Limits) -> Result<(), Error> {
        match self {
            Self::Runs(studies) => {
                studies.iter().try_for_each(|study| source::refuse(session, path, study, limits))
            }
            Self::Batches(fuzz, _) => fuzz::bound(fuzz, limits),
        }
    }
}

/// The study of a run, all of which have as many, and its position there.
fn place<'s, 'a>(studies: &'s [Study<'a>], at: usize) -> (&'s Study<'a>, usize) {
    let each = studies[0].ids().count();
    (&studies[at / each], at % each)
}

//! The work of comparisons and sweeps: the runs that are missing are made, with progress, on
//! several threads.

use super::args::Workers;
use super::compare::pool;
use super::progress::Progress;
use super::unfinished::{Count, Unfinished};
use super::{Error, Session, remark};
use crate::experiment::compare::Study;
use crate::report::human;

/// Makes the runs that earlier attempts at these studies have not finished. `run` gets a function
/// that it has to call after each run.
pub fn work<T: Send>(
    session: &Session,
    studies: &[Study<'_>],
    kept: &Unfinished,
    workers: &Workers,
    run: impl FnOnce(&(dyn Fn() + Sync)) -> T + Send,
) -> Result<T, Error> {
    let threads = pool(workers.threads())?;
    let (mut there, mut unusable) = (0, 0);
    for study in studies {
        let Count { whole, damaged } = kept.count(study);
        there += whole as u64 * study.runs_each();
        unusable += damaged;
    }
    let runs = studies.iter().map(Study::runs).sum();
    if unusable > 0 {
        let damaged = human::some(unusable, "kept run");
        remark(session, &format!("{damaged} cannot be used (damaged) and will be run again\n"));
    }
    if there > 0 && there < runs {
        remark(session, &format!("resuming: {there} of {runs} runs were finished before\n"));
    }
    let progress = Progress::new(runs, session.quiet || there == runs);
    let done = threads.install(|| run(&|| progress.advance()));
    progress.finish();
    Ok(done)
}

/// The remark on how to continue interrupted work.
pub fn again(kept: &Unfinished) -> &'static str {
    if kept.has_failed() {
        "interrupted; not all finished runs could be saved: run the same command to repeat them\n"
    } else {
        "interrupted; run the same command to continue\n"
    }
}
